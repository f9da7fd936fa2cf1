//! What events add to the rows of their fingerprint: the row itself, times, users, tags,
//! scenes.

use rusqlite::{Result, Transaction, params};

use super::{
    columns::{self, COLUMNS, PLACES, UPDATES},
    id_number,
};
use crate::issues::batch::FingerprintDelta;

/// Writes fingerprints in the order of their ids as SQLite has them. What is new in each,
/// of users: by fingerprint in that order, for the fingerprint and for its issue.
pub(super) fn write(
    transaction: &Transaction<'_>,
    prints: &[&FingerprintDelta],
    is_merged: impl Fn(&FingerprintDelta) -> bool,
) -> Result<Vec<NewUsers>> {
    write_times(transaction, prints)?;
    let new_users = write_users(transaction, prints, is_merged)?;
    write_user_hours(transaction, prints)?;
    write_tags(transaction, prints)?;
    write_scenes(transaction, prints)?;
    let mut insert = transaction.prepare_cached(&format!(
        "INSERT INTO fingerprint (id, {COLUMNS}, project_id, fingerprint, issue_id)
         VALUES (?1, {PLACES}, ?25, ?26, ?27)"
    ))?;
    let mut update =
        transaction.prepare_cached(&format!("UPDATE fingerprint SET {UPDATES} WHERE id = ?1"))?;
    for (print, new) in prints.iter().zip(&new_users) {
        let (id, users) = (id_number(print.id), new.of_fingerprint);
        if print.is_new {
            let issue = id_number(print.issue);
            let more = params![print.project_id.0, print.fingerprint.0, issue];
            columns::execute(&mut insert, id, &print.counts, users, more)?;
        } else {
            columns::execute(&mut update, id, &print.counts, users, &[])?;
        }
    }
    Ok(new_users)
}

/// Users seen for the first time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NewUsers {
    of_fingerprint: i64,
    /// In no other fingerprint of the issue either.
    pub(super) of_issue: i64,
}

fn write_times(transaction: &Transaction<'_>, prints: &[&FingerprintDelta]) -> Result<()> {
    let mut minute = transaction.prepare_cached(
        "INSERT INTO fingerprint_minute (fingerprint_id, minute, scene, count)
         VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    let mut prune = transaction.prepare_cached(
        "DELETE FROM fingerprint_minute WHERE fingerprint_id = ?1 AND minute < ?2",
    )?;
    let mut hour = transaction.prepare_cached(
        "INSERT INTO fingerprint_hour (fingerprint_id, hour, scene, count)
         VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for print in prints {
        let id = id_number(print.id);
        for ((at, scene), count) in print.counts.minutes() {
            if print.minutes_from.is_none_or(|from| at >= from) {
                minute.execute(params![id, at, scene, count as i64])?;
            }
        }
        if let Some(from) = print.minutes_from {
            prune.execute(params![id, from])?;
        }
    }
    for print in prints {
        for ((at, scene), count) in print.counts.hours() {
            hour.execute(params![id_number(print.id), at, scene, count as i64])?;
        }
    }
    Ok(())
}

fn write_users(
    transaction: &Transaction<'_>,
    prints: &[&FingerprintDelta],
    is_merged: impl Fn(&FingerprintDelta) -> bool,
) -> Result<Vec<NewUsers>> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO fingerprint_user (fingerprint_id, user_hash) VALUES (?1, ?2)",
    )?;
    let mut elsewhere = transaction.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM fingerprint AS f
             CROSS JOIN fingerprint_user AS u ON u.fingerprint_id = f.id AND u.user_hash = ?3
             WHERE f.issue_id = ?1 AND f.id <> ?2)",
    )?;
    let mut all = Vec::with_capacity(prints.len());
    for print in prints {
        let (id, issue) = (id_number(print.id), id_number(print.issue));
        let users = print.counts.user_hours.keys();
        let mut users: Vec<i64> = users.map(|(_, _, hash)| *hash as i64).collect();
        users.sort_unstable();
        users.dedup();
        let mut new = NewUsers::default();
        for hash in users {
            if insert.execute([id, hash])? == 0 {
                continue;
            }
            new.of_fingerprint += 1;
            // Those written before count, those to come find this one.
            let is_known = is_merged(print)
                && elsewhere.query_row([issue, id, hash], |row| row.get::<_, bool>(0))?;
            new.of_issue += i64::from(!is_known);
        }
        all.push(new);
    }
    Ok(all)
}

fn write_user_hours(transaction: &Transaction<'_>, prints: &[&FingerprintDelta]) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO fingerprint_user_hour (fingerprint_id, hour, scene, user_hash, minutes)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET minutes = minutes | excluded.minutes",
    )?;
    for print in prints {
        let mut users: Vec<(i64, i64, i64, i64)> = print
            .counts
            .user_hours
            .iter()
            .map(|((hour, scene, hash), minutes)| (*hour, *scene, *hash as i64, *minutes as i64))
            .collect();
        users.sort_unstable();
        for (hour, scene, hash, minutes) in users {
            upsert.execute([id_number(print.id), hour, scene, hash, minutes])?;
        }
    }
    Ok(())
}

fn write_tags(transaction: &Transaction<'_>, prints: &[&FingerprintDelta]) -> Result<()> {
    let mut tag = transaction.prepare_cached(
        "INSERT INTO fingerprint_tag (fingerprint_id, key, value, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for print in prints {
        for (key, values) in &print.counts.tags {
            for (value, count) in values {
                tag.execute(params![id_number(print.id), key, value, *count as i64])?;
            }
        }
    }
    Ok(())
}

fn write_scenes(transaction: &Transaction<'_>, prints: &[&FingerprintDelta]) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO fingerprint_scene (fingerprint_id, scene, count, first_seen, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count,
             first_seen = min(first_seen, excluded.first_seen),
             last_seen = max(last_seen, excluded.last_seen)",
    )?;
    for print in prints {
        for (scene, part) in print.counts.parts(|scene| scene) {
            let (first, last) = (part.first_seen_ms, part.last_seen_ms);
            upsert.execute(params![
                id_number(print.id),
                scene,
                part.count as i64,
                first,
                last
            ])?;
        }
    }
    Ok(())
}
