//! Fingerprints renamed, joined and taken apart.
//!
//! Invariant: what is joined counts what both counted, and what one of them had would have
//! counted alone; users, tags and minutes within what a fingerprint may have.

use event_model::{Fingerprint, IssueId, Position, ProjectId};
use rusqlite::{OptionalExtension, Result, Transaction, params};

use super::{
    columns::{self, COLUMNS, PLACES},
    id_number,
    regroup::{counts, counts_of},
};
use crate::issues::{
    batch::{Counts, FingerprintDelta, Headline},
    moves::Caps,
};

/// Tables of what a fingerprint counts, with what their rows are known by beside it and
/// how two of a row are one.
const PARTS: [(&str, &str, &str); 6] = [
    (
        "hour",
        "hour, scene, count",
        "count = count + excluded.count",
    ),
    (
        "minute",
        "minute, scene, count",
        "count = count + excluded.count",
    ),
    ("tag", "key, value, count", "count = count + excluded.count"),
    ("user", "user_hash", ""),
    (
        "user_hour",
        "hour, scene, user_hash, minutes",
        "minutes = minutes | excluded.minutes",
    ),
    (
        "scene",
        "scene, count, first_seen, last_seen",
        "count = count + excluded.count, first_seen = min(first_seen, excluded.first_seen),
         last_seen = max(last_seen, excluded.last_seen)",
    ),
];

pub(in crate::issues) fn clear(transaction: &Transaction<'_>, id: IssueId) -> Result<()> {
    for (part, ..) in PARTS {
        let sql = format!("DELETE FROM fingerprint_{part} WHERE fingerprint_id = ?1");
        transaction.prepare_cached(&sql)?.execute([id_number(id)])?;
    }
    let opened = opened(transaction, id)?;
    set(transaction, id, &Counts::none(opened), 0)
}

pub(in crate::issues) fn unname(
    transaction: &Transaction<'_>,
    project: ProjectId,
    ids: &[(IssueId, Fingerprint)],
) -> Result<()> {
    let mut former = transaction.prepare_cached(
        "INSERT OR REPLACE INTO former (project_id, fingerprint, fingerprint_id)
         VALUES (?1, ?2, ?3)",
    )?;
    // Its own, and none that an event could have.
    let mut rename = transaction
        .prepare_cached("UPDATE fingerprint SET fingerprint = CAST(id AS BLOB) WHERE id = ?1")?;
    for (id, print) in ids {
        former.execute(params![project.0, print.0, id_number(*id)])?;
        rename.execute([id_number(*id)])?;
    }
    Ok(())
}

pub(in crate::issues) fn name(
    transaction: &Transaction<'_>,
    project: ProjectId,
    id: IssueId,
    print: Fingerprint,
) -> Result<()> {
    let mut rename =
        transaction.prepare_cached("UPDATE fingerprint SET fingerprint = ?2 WHERE id = ?1")?;
    rename.execute(params![id_number(id), print.0])?;
    // Nothing else was called so.
    let mut former = transaction
        .prepare_cached("DELETE FROM former WHERE project_id = ?1 AND fingerprint = ?2")?;
    former.execute(params![project.0, print.0])?;
    Ok(())
}

pub(in crate::issues) fn fold(
    transaction: &Transaction<'_>,
    project: ProjectId,
    others: &[IssueId],
    into: IssueId,
    caps: &Caps,
) -> Result<()> {
    let mut sum = one(transaction, into)?.unwrap_or_else(|| Counts::none(Position(0)));
    for other in others {
        if let Some(counts) = one(transaction, *other)? {
            sum.add_sums(&counts);
        }
        for (part, columns, both) in PARTS {
            let both = if both.is_empty() {
                "NOTHING".to_owned()
            } else {
                format!("UPDATE SET {both}")
            };
            let sql = format!(
                "INSERT INTO fingerprint_{part} (fingerprint_id, {columns})
                 SELECT ?2, {columns} FROM fingerprint_{part} WHERE fingerprint_id = ?1
                 ON CONFLICT DO {both}"
            );
            let ids = [id_number(*other), id_number(into)];
            transaction.prepare_cached(&sql)?.execute(ids)?;
        }
        lead_on(transaction, project, *other, into)?;
    }
    cap_tags(transaction, into, caps)?;
    let oldest = sum.last_seen_ms.div_euclid(60_000) - caps.minutes;
    let mut prune = transaction.prepare_cached(
        "DELETE FROM fingerprint_minute WHERE fingerprint_id = ?1 AND minute < ?2",
    )?;
    prune.execute([id_number(into), oldest])?;
    let users = transaction
        .prepare_cached("SELECT count(*) FROM fingerprint_user WHERE fingerprint_id = ?1")?
        .query_row([id_number(into)], |row| row.get(0))?;
    set(transaction, into, &sum, users)
}

/// Its row goes, with all that counts in it.
pub(in crate::issues) fn lead_on(
    transaction: &Transaction<'_>,
    project: ProjectId,
    id: IssueId,
    into: IssueId,
) -> Result<()> {
    let tables = PARTS.map(|(part, ..)| part).into_iter();
    for part in tables.chain(["sketch"]) {
        let sql = format!("DELETE FROM fingerprint_{part} WHERE fingerprint_id = ?1");
        transaction.prepare_cached(&sql)?.execute([id_number(id)])?;
    }
    for sql in [
        "DELETE FROM fingerprint_band WHERE fingerprint_id = ?1",
        "DELETE FROM fingerprint WHERE id = ?1",
    ] {
        transaction.prepare_cached(sql)?.execute([id_number(id)])?;
    }
    let mut moved = transaction.prepare_cached(
        "INSERT OR REPLACE INTO moved (id, project_id, to_id) VALUES (?1, ?2, ?3)",
    )?;
    moved.execute([id_number(id), project.0.into(), id_number(into)])?;
    for sql in [
        "UPDATE moved SET to_id = ?2 WHERE to_id = ?1",
        "UPDATE former SET fingerprint_id = ?2 WHERE fingerprint_id = ?1",
    ] {
        let ids = [id_number(id), id_number(into)];
        transaction.prepare_cached(sql)?.execute(ids)?;
    }
    Ok(())
}

/// What is more than a fingerprint may have counts under '': of the keys those with the
/// fewest events, of a key's values likewise.
fn cap_tags(transaction: &Transaction<'_>, id: IssueId, caps: &Caps) -> Result<()> {
    let id = id_number(id);
    let surplus_keys: Vec<String> = transaction
        .prepare_cached(
            "SELECT key FROM fingerprint_tag WHERE fingerprint_id = ?1 AND key <> ''
             GROUP BY key ORDER BY sum(count) DESC, key LIMIT -1 OFFSET ?2",
        )?
        .query_map(params![id, caps.keys as i64], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for key in surplus_keys {
        to_rest(transaction, id, (&key, ""), None)?;
    }
    let surplus_values: Vec<(String, String)> = transaction
        .prepare_cached(
            "SELECT key, value FROM (SELECT key, value,
                 row_number() OVER (PARTITION BY key ORDER BY count DESC, value) AS place
                 FROM fingerprint_tag WHERE fingerprint_id = ?1 AND value <> '')
             WHERE place > ?2 ORDER BY key, value",
        )?
        .query_map(params![id, caps.values as i64], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_>>()?;
    for (key, value) in surplus_values {
        to_rest(transaction, id, (&key, &key), Some(&value))?;
    }
    Ok(())
}

/// Counts what a key, or one value of it, has under '' of another key.
fn to_rest(
    transaction: &Transaction<'_>,
    id: i64,
    (key, rest): (&str, &str),
    value: Option<&str>,
) -> Result<()> {
    let of = "fingerprint_id = ?1 AND key = ?2 AND (?3 IS NULL OR value = ?3)";
    let sql = format!("SELECT sum(count) FROM fingerprint_tag WHERE {of}");
    let count: i64 = transaction
        .prepare_cached(&sql)?
        .query_row(params![id, key, value], |row| row.get(0))?;
    let sql = format!("DELETE FROM fingerprint_tag WHERE {of}");
    let mut delete = transaction.prepare_cached(&sql)?;
    delete.execute(params![id, key, value])?;
    let mut add = transaction.prepare_cached(
        "INSERT INTO fingerprint_tag (fingerprint_id, key, value, count) VALUES (?1, ?2, '', ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    add.execute(params![id, rest, count])?;
    Ok(())
}

pub(in crate::issues) fn subtract(
    transaction: &Transaction<'_>,
    print: &FingerprintDelta,
) -> Result<()> {
    let (id, counts) = (id_number(print.id), &print.counts);
    for (unit, times) in [("hour", counts.hours()), ("minute", counts.minutes())] {
        let sql = format!(
            "UPDATE fingerprint_{unit} SET count = count - ?4
             WHERE fingerprint_id = ?1 AND {unit} = ?2 AND scene = ?3"
        );
        let mut take = transaction.prepare_cached(&sql)?;
        for ((at, scene), count) in times {
            take.execute(params![id, at, scene, count as i64])?;
        }
    }
    let mut take = transaction.prepare_cached(
        "UPDATE fingerprint_tag SET count = count - ?4
         WHERE fingerprint_id = ?1 AND key = ?2 AND value = ?3",
    )?;
    for (key, values) in &counts.tags {
        for (value, count) in values {
            take.execute(params![id, key, value, *count as i64])?;
        }
    }
    let mut take = transaction.prepare_cached(
        "UPDATE fingerprint_scene SET count = count - ?3
         WHERE fingerprint_id = ?1 AND scene = ?2",
    )?;
    for (scene, part) in counts.parts(|scene| scene) {
        take.execute(params![id, scene, part.count as i64])?;
    }
    for part in ["hour", "minute", "tag", "scene"] {
        let sql =
            format!("DELETE FROM fingerprint_{part} WHERE fingerprint_id = ?1 AND count <= 0");
        transaction.prepare_cached(&sql)?.execute([id])?;
    }
    let mut take = transaction.prepare_cached(
        "UPDATE fingerprint SET count = max(count - ?2, 0), sampled = max(sampled - ?3, 0)
         WHERE id = ?1",
    )?;
    take.execute(params![id, counts.count as i64, counts.sampled as i64])?;
    Ok(())
}

/// What is shown of the newest and the oldest event, where that is one of the log's, is of
/// those that stayed.
pub(in crate::issues) fn show(
    transaction: &Transaction<'_>,
    print: &FingerprintDelta,
    from: Position,
) -> Result<()> {
    let Some(mut counts) = one(transaction, print.id)? else {
        return Ok(());
    };
    let stayed = &print.counts;
    counts.headline.clone_from(&stayed.headline);
    (counts.last_seen_ms, counts.last_at_ms) = (stayed.last_seen_ms, stayed.last_at_ms);
    counts.last = stayed.last;
    counts.last_release.clone_from(&stayed.last_release);
    if counts.first.0 >= from {
        (counts.first_seen_ms, counts.first_at_ms) = (stayed.first_seen_ms, stayed.first_at_ms);
        counts.first = stayed.first;
        counts.first_release.clone_from(&stayed.first_release);
    }
    let users = transaction
        .prepare_cached("SELECT users FROM fingerprint WHERE id = ?1")?
        .query_row([id_number(print.id)], |row| row.get(0))?;
    set(transaction, print.id, &counts, users)
}

pub(in crate::issues) fn headline(
    transaction: &Transaction<'_>,
    (id, of): (IssueId, Position),
    shown: &Headline,
) -> Result<bool> {
    let mut show = transaction.prepare_cached(
        "UPDATE fingerprint SET title = ?3, culprit = ?4, type = ?5, value = ?6
         WHERE id = ?1 AND last_position = ?2
             AND (title, culprit, type, value) <> (?3, ?4, ?5, ?6)",
    )?;
    let changed = show.execute(params![
        id_number(id),
        of.0 as i64,
        shown.title,
        shown.culprit,
        shown.ty,
        shown.value
    ])?;
    Ok(changed > 0)
}

fn one(transaction: &Transaction<'_>, id: IssueId) -> Result<Option<Counts>> {
    let found = transaction
        .prepare_cached(&counts_of("id = ?1"))?
        .query_row([id_number(id)], counts)
        .optional()?;
    Ok(found.map(|(_, _, counts)| counts))
}

fn opened(transaction: &Transaction<'_>, id: IssueId) -> Result<Position> {
    let sql = "SELECT opened FROM fingerprint WHERE id = ?1";
    let opened: i64 = transaction
        .prepare_cached(sql)?
        .query_row([id_number(id)], |row| row.get(0))?;
    Ok(Position(opened as u64))
}

/// Sets all that is said of a fingerprint's events.
fn set(transaction: &Transaction<'_>, id: IssueId, counts: &Counts, users: i64) -> Result<()> {
    let sql = format!("UPDATE fingerprint SET ({COLUMNS}) = ({PLACES}) WHERE id = ?1");
    let mut set = transaction.prepare_cached(&sql)?;
    columns::execute(&mut set, id_number(id), counts, users, &[])?;
    Ok(())
}
