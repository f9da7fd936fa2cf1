//! Merges issues and takes fingerprints out of one: the mapping, and the rows of issues
//! made anew of those of their fingerprints.
//!
//! Invariant: no row of an event is touched, and what is written of an issue is what
//! [`super::issues`] would have written, had its fingerprints been its own ever since. The
//! time goes by the fingerprints, their scenes and, for distinct users, the users of all
//! of them but the largest.

use std::collections::HashSet;

use event_model::{EventId, IssueId, Position};
use rusqlite::{Result, Row, Transaction, params};

use super::{
    columns::COLUMNS,
    id_number,
    issues::{CHANGE, Insert},
    kept,
};
use crate::issues::{
    batch::{Counts, Headline, Regroup, Stand, Whole},
    numbers::{level_of, status_number},
};

pub(super) fn write(transaction: &Transaction<'_>, regroup: &Regroup) -> Result<()> {
    let ids = regroup.gone.iter().map(|(id, _)| *id);
    for id in ids.chain(regroup.wholes.iter().map(|whole| whole.id)) {
        for table in ["issue_environment", "issue_release", "issue_scene"] {
            let sql = format!("DELETE FROM {table} WHERE issue_id = ?1");
            transaction.prepare_cached(&sql)?.execute([id_number(id)])?;
        }
        let mut row = transaction.prepare_cached("DELETE FROM issue WHERE id = ?1")?;
        row.execute([id_number(id)])?;
    }
    let mut moved =
        transaction.prepare_cached("UPDATE fingerprint SET issue_id = ?2 WHERE id = ?1")?;
    for whole in &regroup.wholes {
        for print in &whole.fingerprints {
            moved.execute([id_number(*print), id_number(whole.id)])?;
        }
        // It stands by itself, as its own row says.
        keep(transaction, whole.id, &Stand::default())?;
    }
    for (id, stand) in &regroup.gone {
        keep(transaction, *id, stand)?;
    }
    regroup
        .wholes
        .iter()
        .try_for_each(|whole| make(transaction, whole))?;
    kept::stand_as(transaction, &regroup.stands, regroup.changed.0 as i64)?;
    let mut change = transaction.prepare_cached(CHANGE)?;
    let gone = regroup.gone.iter().map(|(id, _)| *id);
    for id in gone.chain(regroup.wholes.iter().map(|whole| whole.id)) {
        change.execute([id_number(id), regroup.changed.0 as i64])?;
    }
    Ok(())
}

/// Keeps how an issue stood with the fingerprint of its id.
fn keep(transaction: &Transaction<'_>, id: IssueId, stand: &Stand) -> Result<()> {
    let regression = stand.regression.as_ref();
    let mut statement = transaction.prepare_cached(
        "UPDATE fingerprint SET status = ?2, assignee = ?3, resolved_at_ns = ?4,
             regressed_at = ?5, regressed_in = ?6
         WHERE id = ?1",
    )?;
    statement.execute(params![
        id_number(id),
        status_number(stand.status),
        stand.assignee.map(|user| user.0),
        stand.resolved_at_ns,
        regression.map(|regression| regression.at_ms),
        regression.map(|regression| &regression.release),
    ])?;
    Ok(())
}

/// The rows of an issue out of those of its fingerprints.
fn make(transaction: &Transaction<'_>, whole: &Whole) -> Result<()> {
    let id = id_number(whole.id);
    let mut statement = transaction.prepare_cached(&counts_of("issue_id = ?1 ORDER BY id"))?;
    let prints = statement.query_map([id], counts)?;
    let prints: Vec<(i64, i64, Counts)> = prints.collect::<Result<_>>()?;
    let mut sum = Counts::none(Position(u64::MAX));
    for (_, _, counts) in &prints {
        sum.add_sums(counts);
    }
    let users = distinct_users(transaction, &prints)?;
    let mut insert = Insert::prepare(transaction)?;
    insert.execute(id, whole.project_id.0, &sum, users, &whole.stand)?;
    transaction
        .prepare_cached(
            "INSERT INTO issue_scene (issue_id, scene, count, first_seen, last_seen)
             SELECT ?1, scene, sum(s.count), min(s.first_seen), max(s.last_seen)
             FROM fingerprint AS f CROSS JOIN fingerprint_scene AS s ON s.fingerprint_id = f.id
             WHERE f.issue_id = ?1 GROUP BY scene",
        )?
        .execute([id])?;
    for part in ["environment", "release"] {
        let sql = format!(
            "INSERT INTO issue_{part} (issue_id, {part}, count, first_seen, last_seen)
             SELECT ?1, scene.{part}, sum(s.count), min(s.first_seen), max(s.last_seen)
             FROM issue_scene AS s CROSS JOIN scene ON scene.id = s.scene
             WHERE s.issue_id = ?1 AND scene.{part} <> 0 GROUP BY scene.{part}"
        );
        transaction.prepare_cached(&sql)?.execute([id])?;
    }
    Ok(())
}

/// Those of the largest fingerprint, and of the others' those that it has not.
fn distinct_users(transaction: &Transaction<'_>, prints: &[(i64, i64, Counts)]) -> Result<i64> {
    let Some((largest, users, _)) = prints.iter().max_by_key(|(id, users, _)| (*users, *id)) else {
        return Ok(0);
    };
    let mut others: HashSet<i64> = HashSet::new();
    let mut all = transaction
        .prepare_cached("SELECT user_hash FROM fingerprint_user WHERE fingerprint_id = ?1")?;
    for (id, _, _) in prints.iter().filter(|(id, _, _)| id != largest) {
        let hashes = all.query_map([id], |row| row.get(0))?;
        for hash in hashes {
            others.insert(hash?);
        }
    }
    let mut others: Vec<i64> = others.into_iter().collect();
    others.sort_unstable();
    let mut has = transaction.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM fingerprint_user
             WHERE fingerprint_id = ?1 AND user_hash = ?2)",
    )?;
    let mut count = *users;
    for hash in others {
        let is_known: bool = has.query_row([*largest, hash], |row| row.get(0))?;
        count += i64::from(!is_known);
    }
    Ok(count)
}

/// The question that [`counts`] reads the answer to.
pub(super) fn counts_of(which: &str) -> String {
    format!("SELECT id, {COLUMNS} FROM fingerprint WHERE {which}")
}

/// Id, users, and the rest of what the events of a fingerprint say, without times.
pub(super) fn counts(row: &Row<'_>) -> Result<(i64, i64, Counts)> {
    let position = |at| row.get::<_, i64>(at).map(|number| Position(number as u64));
    let event = |at| row.get(at).map(EventId);
    // Of two releases of one millisecond the log's order is not known any more: the one
    // whose fingerprint is the older, or the newer.
    let opened = position(20)?;
    let release = |name: usize, at: usize| -> Result<_> {
        let name: String = row.get(name)?;
        let seen = (row.get(at)?, opened, name);
        Ok(Some(seen).filter(|(_, _, name)| !name.is_empty()))
    };
    let counts = Counts {
        count: row.get::<_, i64>(8)? as u64,
        first_seen_ms: row.get(10)?,
        last_seen_ms: row.get(11)?,
        first: (position(12)?, event(14)?),
        last: (position(13)?, event(15)?),
        headline: Headline {
            title: row.get(1)?,
            culprit: row.get(2)?,
            ty: row.get(3)?,
            value: row.get(4)?,
            level: level_of(row.get(5)?),
            platform: row.get(6)?,
            handled: row.get(7)?,
        },
        first_release: release(16, 18)?,
        last_release: release(17, 19)?,
        sampled: row.get::<_, i64>(21)? as u64,
        first_at_ms: row.get(22)?,
        last_at_ms: row.get(23)?,
        ..Counts::none(opened)
    };
    Ok((row.get(0)?, row.get(9)?, counts))
}
