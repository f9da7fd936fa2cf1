//! The statements of one batch, each prepared once and run once for a changed row,
//! in the order of the tables' keys so that neighbouring rows share a page.

use std::collections::HashMap;

use event_model::{IssueId, ProjectId};
use rusqlite::{Connection, Result, Statement, Transaction, params};

use super::{
    batch::{
        Activity, IssueBatch, IssueDelta, IssueEvents, ProjectDelta, Transition, status_number,
    },
    notes,
    reader::delivery_state_number,
};

/// Runs all of a batch in one transaction.
pub(super) fn apply(connection: &mut Connection, batch: &IssueBatch) -> Result<()> {
    // Immediate: the lock is taken at the start or not at all, never half-way.
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut issues: Vec<&IssueDelta> = batch.issues.iter().collect();
    issues.sort_unstable_by_key(|issue| issue.id.0 as i64);
    write_issues(&transaction, &issues)?;
    let events: Vec<(i64, &IssueEvents)> = issues
        .iter()
        .filter_map(|issue| Some((issue.id.0 as i64, issue.events.as_ref()?)))
        .collect();
    write_times(&transaction, &events)?;
    write_users(&transaction, &events)?;
    write_values(&transaction, &events)?;
    write_projects(&transaction, &batch.projects)?;
    write_transitions(&transaction, &batch.transitions)?;
    write_activities(&transaction, &batch.activities)?;
    write_deliveries(&transaction, batch)?;
    write_discarded(&transaction, batch)?;
    notes::write(&transaction, &batch.notes)?;
    write_meta(&transaction, batch)?;
    transaction.commit()
}

fn write_issues(transaction: &Transaction<'_>, issues: &[&IssueDelta]) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO issue (id, project_id, status, assignee, users,
             title, culprit, type, value, level, platform, handled,
             count, first_seen, last_seen, first_position, last_position,
             first_event_id, last_event_id, first_release, last_release)
         VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
             ?18, ?19, ?20)",
    )?;
    let mut update = transaction.prepare_cached(
        "UPDATE issue SET title = ?5, culprit = ?6, type = ?7, value = ?8, level = ?9,
             platform = ?10, handled = ?11, count = count + ?12,
             first_seen = min(first_seen, ?13), last_seen = max(last_seen, ?14),
             last_position = ?16, last_event_id = ?18,
             first_release = iif(first_release = '', ?19, first_release),
             last_release = iif(?20 = '', last_release, ?20),
             status = ?3, assignee = ?4
         WHERE id = ?1",
    )?;
    let mut triage =
        transaction.prepare_cached("UPDATE issue SET status = ?2, assignee = ?3 WHERE id = ?1")?;
    let mut fingerprint = transaction.prepare_cached(
        "INSERT INTO fingerprint (project_id, fingerprint, issue_id) VALUES (?1, ?2, ?3)",
    )?;
    let mut change = transaction.prepare_cached(
        "INSERT INTO change (issue_id, position) VALUES (?1, ?2)
         ON CONFLICT (issue_id) DO UPDATE SET position = excluded.position",
    )?;
    for issue in issues {
        let id = issue.id.0 as i64;
        match &issue.events {
            Some(events) if issue.is_new => write_issue(&mut insert, issue, events)?,
            Some(events) => write_issue(&mut update, issue, events)?,
            None => {
                let assignee = issue.assignee.map(|user| user.0);
                triage.execute(params![id, status_number(issue.status), assignee])?;
            }
        }
        for print in &issue.fingerprints {
            fingerprint.execute(params![issue.project_id.0, print.0, id])?;
        }
        change.execute(params![id, issue.changed.0 as i64])?;
    }
    Ok(())
}

fn write_discarded(transaction: &Transaction<'_>, batch: &IssueBatch) -> Result<()> {
    let mut discard =
        transaction.prepare_cached("INSERT OR IGNORE INTO discarded (issue_id) VALUES (?1)")?;
    let mut keep = transaction.prepare_cached("DELETE FROM discarded WHERE issue_id = ?1")?;
    for (id, is_discarded) in &batch.discarded {
        let statement = if *is_discarded {
            &mut discard
        } else {
            &mut keep
        };
        statement.execute([id.0 as i64])?;
    }
    Ok(())
}

fn write_issue(
    statement: &mut Statement<'_>,
    issue: &IssueDelta,
    events: &IssueEvents,
) -> Result<()> {
    let face = &events.face;
    statement.execute(params![
        issue.id.0 as i64,
        issue.project_id.0,
        status_number(issue.status),
        issue.assignee.map(|user| user.0),
        face.title,
        face.culprit,
        face.ty,
        face.value,
        face.level as u8,
        face.platform,
        face.handled,
        events.count as i64,
        events.first_seen_ms,
        events.last_seen_ms,
        events.first.0.0 as i64,
        events.last.0.0 as i64,
        events.first.1.0,
        events.last.1.0,
        events.first_release,
        events.last_release,
    ])?;
    Ok(())
}

fn write_times(transaction: &Transaction<'_>, issues: &[(i64, &IssueEvents)]) -> Result<()> {
    let mut minute = transaction.prepare_cached(
        "INSERT INTO issue_minute (issue_id, minute, count) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    let mut prune = transaction
        .prepare_cached("DELETE FROM issue_minute WHERE issue_id = ?1 AND minute < ?2")?;
    let mut hour = transaction.prepare_cached(
        "INSERT INTO issue_hour (issue_id, hour, count) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (id, events) in issues {
        for (at, count) in &events.minutes {
            if events.minutes_from.is_none_or(|from| *at >= from) {
                minute.execute(params![id, at, *count as i64])?;
            }
        }
        if let Some(from) = events.minutes_from {
            prune.execute(params![id, from])?;
        }
    }
    for (id, events) in issues {
        for (at, count) in &events.hours {
            hour.execute(params![id, at, *count as i64])?;
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

fn write_values(transaction: &Transaction<'_>, issues: &[(i64, &IssueEvents)]) -> Result<()> {
    let mut tag = transaction.prepare_cached(
        "INSERT INTO issue_tag (issue_id, key, value, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    let mut environment = transaction.prepare_cached(
        "INSERT INTO issue_environment (issue_id, environment, count) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    let mut release = transaction.prepare_cached(
        "INSERT INTO issue_release (issue_id, release, count, first_seen, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count,
             first_seen = min(first_seen, excluded.first_seen),
             last_seen = max(last_seen, excluded.last_seen)",
    )?;
    for (id, events) in issues {
        for (key, values) in sorted(&events.tags) {
            for (value, count) in sorted(values) {
                tag.execute(params![id, key, value, *count as i64])?;
            }
        }
    }
    for (id, events) in issues {
        for (name, count) in sorted(&events.environments) {
            environment.execute(params![id, name, *count as i64])?;
        }
        for (name, delta) in sorted(&events.releases) {
            let (first, last) = (delta.first_seen_ms, delta.last_seen_ms);
            release.execute(params![id, name, delta.count as i64, first, last])?;
        }
    }
    Ok(())
}

fn write_projects(
    transaction: &Transaction<'_>,
    projects: &HashMap<ProjectId, ProjectDelta>,
) -> Result<()> {
    let mut total = transaction.prepare_cached(
        "INSERT INTO project_total (project_id, events, last_received) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET events = events + excluded.events,
             last_received = max(last_received, excluded.last_received)",
    )?;
    for (project_id, delta) in projects {
        let id = project_id.0;
        total.execute(params![id, delta.events as i64, delta.last_received_ms])?;
        write_project_times(transaction, id, delta)?;
        write_project_names(transaction, id, delta)?;
    }
    Ok(())
}

fn write_project_times(transaction: &Transaction<'_>, id: u32, delta: &ProjectDelta) -> Result<()> {
    let mut minute = transaction.prepare_cached(
        "INSERT INTO project_minute (project_id, minute, level, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((at, level), count) in &delta.minutes {
        if delta.minutes_from.is_none_or(|from| *at >= from) {
            minute.execute(params![id, at, *level as u8, *count as i64])?;
        }
    }
    if let Some(from) = delta.minutes_from {
        let sql = "DELETE FROM project_minute WHERE project_id = ?1 AND minute < ?2";
        transaction
            .prepare_cached(sql)?
            .execute(params![id, from])?;
    }
    let mut hour = transaction.prepare_cached(
        "INSERT INTO project_hour (project_id, hour, level, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((at, level), count) in &delta.hours {
        hour.execute(params![id, at, *level as u8, *count as i64])?;
    }
    let mut arrived = transaction.prepare_cached(
        "INSERT INTO arrival_hour (project_id, hour, source, category, reason, count)
         VALUES (?1, ?2, 1, 'error', '', ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (at, count) in &delta.received_hours {
        arrived.execute(params![id, at, *count as i64])?;
    }
    Ok(())
}

fn write_project_names(transaction: &Transaction<'_>, id: u32, delta: &ProjectDelta) -> Result<()> {
    let mut release = transaction.prepare_cached(
        "INSERT INTO release (project_id, version, count, first_seen, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count,
             first_seen = min(first_seen, excluded.first_seen),
             last_seen = max(last_seen, excluded.last_seen)",
    )?;
    for (name, delta) in sorted(&delta.releases) {
        let (first, last) = (delta.first_seen_ms, delta.last_seen_ms);
        release.execute(params![id, name, delta.count as i64, first, last])?;
    }
    let mut environment = transaction.prepare_cached(
        "INSERT INTO environment (project_id, name, count) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (name, count) in sorted(&delta.environments) {
        environment.execute(params![id, name, *count as i64])?;
    }
    Ok(())
}

fn write_transitions(transaction: &Transaction<'_>, transitions: &[Transition]) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO transition (position, issue_id, kind, at_ns, event_id, release, environment)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for transition in transitions {
        insert.execute(params![
            transition.position.0 as i64,
            id_number(transition.issue_id),
            transition.kind as u8,
            transition.at_ns,
            transition.event_id.map(|id| id.0),
            transition.release,
            transition.environment,
        ])?;
    }
    Ok(())
}

fn write_activities(transaction: &Transaction<'_>, activities: &[Activity]) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO activity (issue_id, position, kind, at_ns, actor, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for activity in activities {
        insert.execute(params![
            id_number(activity.issue_id),
            activity.position.0 as i64,
            activity.kind,
            activity.at_ns,
            activity.actor,
            activity.detail,
        ])?;
    }
    Ok(())
}

fn write_deliveries(transaction: &Transaction<'_>, batch: &IssueBatch) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO delivery (notification_id, position, transition_position,
             issue_id, rule, channel, target, state, attempts, error, at_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for (position, step) in &batch.deliveries {
        upsert.execute(params![
            step.notification_id,
            position.0 as i64,
            step.transition_position as i64,
            id_number(step.issue_id),
            step.rule,
            step.channel,
            step.target,
            delivery_state_number(step.state),
            step.attempts,
            step.error,
            step.at_ns,
        ])?;
    }
    Ok(())
}

fn write_meta(transaction: &Transaction<'_>, batch: &IssueBatch) -> Result<()> {
    let mut set =
        transaction.prepare_cached("UPDATE meta SET value = max(value, ?2) WHERE key = ?1")?;
    set.execute(params!["position", batch.position.0 as i64])?;
    if let Some(cursor) = batch.alert_cursor {
        set.execute(params!["alert_cursor", cursor.0 as i64])?;
    }
    for position in &batch.passed_over {
        let name = format!("passed_over.{}", position.0);
        let sql = "INSERT OR IGNORE INTO meta (key, value) VALUES (?1, ?2)";
        transaction.execute(sql, params![name, position.0 as i64])?;
    }
    Ok(())
}

fn id_number(id: IssueId) -> i64 {
    id.0 as i64
}

fn sorted<V>(map: &HashMap<String, V>) -> Vec<(&String, &V)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}
