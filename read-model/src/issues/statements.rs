//! The statements of one batch, each prepared once and run once for a changed row,
//! in the order of the tables' keys so that neighbouring rows share a page.

mod counts;

use std::collections::HashMap;

use event_model::{IssueId, ProjectId};
use rusqlite::{Connection, Result, Statement, Transaction, params};

use super::{
    batch::{Activity, IssueBatch, IssueDelta, IssueEvents, ProjectDelta, Transition},
    notes,
    numbers::{delivery_number, level_number, status_number, transition_number},
};
use crate::fold::folded_headline;

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
    write_names(&transaction, batch)?;
    counts::write(&transaction, &events)?;
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
    let mut insert = transaction.prepare_cached(INSERT_ISSUE)?;
    let mut update = transaction.prepare_cached(UPDATE_ISSUE)?;
    let mut triage = transaction.prepare_cached(
        "UPDATE issue SET status = ?2, assignee = ?3, resolved_at_ns = ?4, regressed_at = ?5,
             regressed_in = ?6
         WHERE id = ?1",
    )?;
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
                let regression = issue.regression.as_ref();
                triage.execute(params![
                    id,
                    status_number(issue.status),
                    issue.assignee.map(|user| user.0),
                    issue.resolved_at_ns,
                    regression.map(|regression| regression.at_ms),
                    regression.map(|regression| &regression.release),
                ])?;
            }
        }
        for print in &issue.fingerprints {
            fingerprint.execute(params![issue.project_id.0, print.0, id])?;
        }
        change.execute(params![id, issue.changed.0 as i64])?;
    }
    Ok(())
}

/// Both take the same values.
const INSERT_ISSUE: &str = "
    INSERT INTO issue (id, project_id, status, assignee, users,
        title, culprit, type, value, level, platform, handled,
        count, first_seen, last_seen, first_position, last_position,
        first_event_id, last_event_id, first_release, last_release,
        first_release_at, last_release_at, opened, folded,
        resolved_at_ns, regressed_at, regressed_in)
    VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
        ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)";

/// Columns of the first and the last event change only if the batch has an earlier
/// or a later one; every right side reads the row as it was.
const UPDATE_ISSUE: &str = "
    UPDATE issue SET status = ?3, assignee = ?4,
        title = iif(?14 >= last_seen, ?5, title), culprit = iif(?14 >= last_seen, ?6, culprit),
        type = iif(?14 >= last_seen, ?7, type), value = iif(?14 >= last_seen, ?8, value),
        level = iif(?14 >= last_seen, ?9, level),
        platform = iif(?14 >= last_seen, ?10, platform),
        handled = iif(?14 >= last_seen, ?11, handled),
        folded = iif(?14 >= last_seen, ?24, folded),
        count = count + ?12,
        first_seen = min(first_seen, ?13), last_seen = max(last_seen, ?14),
        first_position = iif(?13 < first_seen, ?15, first_position),
        last_position = iif(?14 >= last_seen, ?16, last_position),
        first_event_id = iif(?13 < first_seen, ?17, first_event_id),
        last_event_id = iif(?14 >= last_seen, ?18, last_event_id),
        first_release =
            iif(?19 <> '' AND (first_release = '' OR ?21 < first_release_at), ?19, first_release),
        first_release_at =
            iif(?19 <> '' AND (first_release = '' OR ?21 < first_release_at), ?21, first_release_at),
        last_release =
            iif(?20 <> '' AND (last_release = '' OR ?22 >= last_release_at), ?20, last_release),
        last_release_at =
            iif(?20 <> '' AND (last_release = '' OR ?22 >= last_release_at), ?22, last_release_at),
        resolved_at_ns = ?25, regressed_at = ?26, regressed_in = ?27
    WHERE id = ?1";

fn write_issue(
    statement: &mut Statement<'_>,
    issue: &IssueDelta,
    events: &IssueEvents,
) -> Result<()> {
    let headline = &events.headline;
    let none = (0, String::new());
    let first_release = events.first_release.as_ref().unwrap_or(&none);
    let last_release = events.last_release.as_ref().unwrap_or(&none);
    let regression = issue.regression.as_ref();
    statement.execute(params![
        issue.id.0 as i64,
        issue.project_id.0,
        status_number(issue.status),
        issue.assignee.map(|user| user.0),
        headline.title,
        headline.culprit,
        headline.ty,
        headline.value,
        level_number(headline.level),
        headline.platform,
        headline.handled,
        events.count as i64,
        events.first_seen_ms,
        events.last_seen_ms,
        events.first.0.0 as i64,
        events.last.0.0 as i64,
        events.first.1.0,
        events.last.1.0,
        first_release.1,
        last_release.1,
        first_release.0,
        last_release.0,
        events.opened.0 as i64,
        folded_headline(&headline.title, &headline.culprit),
        issue.resolved_at_ns,
        regression.map(|regression| regression.at_ms),
        regression.map(|regression| &regression.release),
    ])?;
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
    let mut turned_away = transaction.prepare_cached(
        "INSERT INTO turned_away (issue_id, count) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (id, count) in &batch.turned_away {
        turned_away.execute(params![id.0 as i64, *count as i64])?;
    }
    Ok(())
}

fn write_names(transaction: &Transaction<'_>, batch: &IssueBatch) -> Result<()> {
    let mut name = transaction.prepare_cached("INSERT INTO name (id, name) VALUES (?1, ?2)")?;
    for (id, text) in &batch.names {
        name.execute(params![id, text])?;
    }
    let mut scene = transaction
        .prepare_cached("INSERT INTO scene (id, environment, release) VALUES (?1, ?2, ?3)")?;
    for new in &batch.scenes {
        scene.execute([new.id, new.environment, new.release])?;
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
        "INSERT INTO project_minute (project_id, minute, level, scene, count)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((at, level, scene), count) in &delta.minutes {
        if delta.minutes_from.is_none_or(|from| *at >= from) {
            minute.execute(params![id, at, level_number(*level), scene, *count as i64])?;
        }
    }
    if let Some(from) = delta.minutes_from {
        let sql = "DELETE FROM project_minute WHERE project_id = ?1 AND minute < ?2";
        transaction
            .prepare_cached(sql)?
            .execute(params![id, from])?;
    }
    let mut hour = transaction.prepare_cached(
        "INSERT INTO project_hour (project_id, hour, level, scene, count)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((at, level, scene), count) in &delta.hours {
        hour.execute(params![id, at, level_number(*level), scene, *count as i64])?;
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
        "INSERT INTO transition (position, issue_id, kind, at_ns, seen, event_id, release,
             environment)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for transition in transitions {
        insert.execute(params![
            transition.position.0 as i64,
            id_number(transition.issue_id),
            transition_number(transition.kind),
            transition.at_ns,
            transition.seen_ms,
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
            delivery_number(step.state),
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
    if let Some(command) = batch.command {
        set.execute(params!["command", command as i64])?;
    }
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
