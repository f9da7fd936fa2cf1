//! What events add to the counts of their issue: times, users, values, parts.

use std::collections::BTreeMap;

use rusqlite::{Result, Transaction, params};

use super::sorted;
use crate::issues::batch::{IssueEvents, PartDelta};

/// Issues in the order of their ids as SQLite has them.
pub(super) fn write(transaction: &Transaction<'_>, issues: &[(i64, &IssueEvents)]) -> Result<()> {
    write_times(transaction, issues)?;
    write_users(transaction, issues)?;
    write_user_hours(transaction, issues)?;
    write_tags(transaction, issues)?;
    write_parts(transaction, issues, "environment", |events| {
        &events.environments
    })?;
    write_parts(transaction, issues, "release", |events| &events.releases)?;
    write_parts(transaction, issues, "scene", |events| &events.scenes)
}

fn write_times(transaction: &Transaction<'_>, issues: &[(i64, &IssueEvents)]) -> Result<()> {
    let mut minute = transaction.prepare_cached(
        "INSERT INTO issue_minute (issue_id, minute, scene, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    let mut prune = transaction
        .prepare_cached("DELETE FROM issue_minute WHERE issue_id = ?1 AND minute < ?2")?;
    let mut hour = transaction.prepare_cached(
        "INSERT INTO issue_hour (issue_id, hour, scene, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (id, events) in issues {
        for ((at, scene), count) in &events.minutes {
            if events.minutes_from.is_none_or(|from| *at >= from) {
                minute.execute(params![id, at, scene, *count as i64])?;
            }
        }
        if let Some(from) = events.minutes_from {
            prune.execute(params![id, from])?;
        }
    }
    for (id, events) in issues {
        for ((at, scene), count) in &events.hours {
            hour.execute(params![id, at, scene, *count as i64])?;
        }
    }
    Ok(())
}

fn write_users(transaction: &Transaction<'_>, issues: &[(i64, &IssueEvents)]) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO issue_user (issue_id, user_hash, count) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count
         RETURNING count",
    )?;
    let mut total =
        transaction.prepare_cached("UPDATE issue SET users = users + ?2 WHERE id = ?1")?;
    for (id, events) in issues {
        let mut users: Vec<(i64, i64)> = events
            .users
            .iter()
            .map(|(hash, count)| (*hash as i64, *count as i64))
            .collect();
        users.sort_unstable();
        let mut new = 0i64;
        for (hash, count) in users {
            let now: i64 = upsert.query_row(params![id, hash, count], |row| row.get(0))?;
            // Counts are at least 1, so only a new row holds exactly what was added.
            new += i64::from(now == count);
        }
        if new > 0 {
            total.execute(params![id, new])?;
        }
    }
    Ok(())
}

fn write_user_hours(transaction: &Transaction<'_>, issues: &[(i64, &IssueEvents)]) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO issue_user_hour (issue_id, hour, scene, user_hash, minutes)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET minutes = minutes | excluded.minutes",
    )?;
    for (id, events) in issues {
        let mut users: Vec<(i64, i64, i64, i64)> = events
            .user_hours
            .iter()
            .map(|((hour, scene, hash), minutes)| (*hour, *scene, *hash as i64, *minutes as i64))
            .collect();
        users.sort_unstable();
        for (hour, scene, hash, minutes) in users {
            upsert.execute(params![id, hour, scene, hash, minutes])?;
        }
    }
    Ok(())
}

fn write_tags(transaction: &Transaction<'_>, issues: &[(i64, &IssueEvents)]) -> Result<()> {
    let mut tag = transaction.prepare_cached(
        "INSERT INTO issue_tag (issue_id, key, value, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (id, events) in issues {
        for (key, values) in sorted(&events.tags) {
            for (value, count) in sorted(values) {
                tag.execute(params![id, key, value, *count as i64])?;
            }
        }
    }
    Ok(())
}

fn write_parts<'e>(
    transaction: &Transaction<'_>,
    issues: &[(i64, &'e IssueEvents)],
    part: &str,
    parts: impl Fn(&'e IssueEvents) -> &'e BTreeMap<i64, PartDelta>,
) -> Result<()> {
    let mut upsert = transaction.prepare_cached(&format!(
        "INSERT INTO issue_{part} (issue_id, {part}, count, first_seen, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count,
             first_seen = min(first_seen, excluded.first_seen),
             last_seen = max(last_seen, excluded.last_seen)"
    ))?;
    for (id, events) in issues {
        for (number, delta) in parts(events) {
            let (first, last) = (delta.first_seen_ms, delta.last_seen_ms);
            upsert.execute(params![id, number, delta.count as i64, first, last])?;
        }
    }
    Ok(())
}
