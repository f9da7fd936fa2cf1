//! The statements of one batch, each prepared once and run once for a changed row,
//! in the order of the tables' keys so that neighbouring rows share a page.

mod columns;
mod fingerprints;
mod issues;
pub(super) mod kept;
pub(super) mod moves;
mod projects;
mod regroup;
mod scenes;
mod sketches;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use event_model::{Fingerprint, IssueId, ProjectId};
use rusqlite::{Connection, Result, Transaction, params};

use self::{issues::CHANGE, scenes::Scenes};
use super::{
    batch::{Activity, FingerprintDelta, IssueBatch, IssueDelta, KIND_MINUTES_KEPT, Transition},
    health, notes,
    numbers::{delivery_number, transition_number},
};

/// Runs all of a batch in one transaction.
pub(super) fn apply(connection: &mut Connection, batch: &IssueBatch) -> Result<()> {
    // Immediate: the lock is taken at the start or not at all, never half-way.
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut issues: Vec<&IssueDelta> = batch.issues.iter().collect();
    issues.sort_unstable_by_key(|issue| id_number(issue.id));
    let mut prints: Vec<&FingerprintDelta> = batch.fingerprints.iter().collect();
    prints.sort_unstable_by_key(|print| id_number(print.id));
    write_names(&transaction, batch)?;
    let mut scenes = Scenes::of_transaction(&transaction);
    let merged: HashMap<IssueId, bool> = issues
        .iter()
        .map(|issue| (issue.id, issue.is_merged))
        .collect();
    let is_merged = |print: &FingerprintDelta| merged.get(&print.issue).is_some_and(|is| *is);
    sketches::write(&transaction, &prints)?;
    let new_users = fingerprints::write(&transaction, &prints, is_merged)?;
    let sums = issues::sums(&prints, &new_users);
    issues::write(&transaction, &issues, &sums, &mut scenes)?;
    projects::write(&transaction, &prints, &batch.minutes_from, &mut scenes)?;
    if let Some(regroup) = &batch.regroup {
        regroup::write(&transaction, regroup)?;
    }
    write_transitions(&transaction, &batch.transitions)?;
    write_activities(&transaction, &batch.activities)?;
    write_deliveries(&transaction, batch)?;
    write_discarded(&transaction, batch)?;
    write_kinds(&transaction, &batch.kinds)?;
    notes::write(&transaction, &batch.notes)?;
    health::write(&transaction, &batch.health)?;
    write_meta(&transaction, batch)?;
    transaction.commit()
}

/// Adds to what fingerprints count, and to nothing else.
pub(super) fn add(transaction: &Transaction<'_>, prints: &[FingerprintDelta]) -> Result<()> {
    let mut prints: Vec<&FingerprintDelta> = prints.iter().collect();
    prints.sort_unstable_by_key(|print| id_number(print.id));
    sketches::write(transaction, &prints)?;
    fingerprints::write(transaction, &prints, |_| false)?;
    Ok(())
}

/// What is left of a batch whose events were added already.
pub(super) fn finish(transaction: &Transaction<'_>, batch: &IssueBatch) -> Result<()> {
    write_names(transaction, batch)?;
    if let Some(regroup) = &batch.regroup {
        regroup::write(transaction, regroup)?;
    }
    write_activities(transaction, &batch.activities)?;
    write_kinds(transaction, &batch.kinds)?;
    let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES ('regrouped', ?1)";
    transaction.execute(sql, [batch.position.0 as i64])?;
    write_meta(transaction, batch)
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

/// What is older than is kept goes, of the projects that have something newer.
fn write_kinds(
    transaction: &Transaction<'_>,
    kinds: &BTreeMap<(ProjectId, u64), (Fingerprint, i64)>,
) -> Result<()> {
    let mut set = transaction.prepare_cached(
        "INSERT OR REPLACE INTO kind (project_id, kind, fingerprint, minute)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut prune = transaction.prepare_cached(
        "DELETE FROM kind WHERE project_id = ?1 AND minute <
             (SELECT max(minute) FROM kind WHERE project_id = ?1) - ?2",
    )?;
    for ((project, kind), (fingerprint, minute)) in kinds {
        set.execute(params![project.0, *kind as i64, fingerprint.0, minute])?;
    }
    let projects: BTreeSet<ProjectId> = kinds.keys().map(|(project, _)| *project).collect();
    for project in projects {
        prune.execute(params![project.0, KIND_MINUTES_KEPT])?;
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

/// An issue's or a fingerprint's id as SQLite has it.
fn id_number(id: IssueId) -> i64 {
    id.0 as i64
}
