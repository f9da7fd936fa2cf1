//! What a project had before events were grouped otherwise, put aside and brought back.
//!
//! Invariant: a table that is kept is copied row by row, whatever its columns are, so that
//! what comes back is what there was.

use event_model::{IssueId, Position, ProjectId};
use rusqlite::{Connection, OptionalExtension, Result, Transaction, params};

use super::{CHANGE, id_number};
use crate::issues::{batch::Stand, numbers::status_number, writer::stand};

/// Which rows of a table are a project's: ?1.
const KEPT: [(&str, &str); 14] = [
    ("fingerprint_minute", OF_PRINTS),
    ("fingerprint_hour", OF_PRINTS),
    ("fingerprint_user_hour", OF_PRINTS),
    ("fingerprint_user", OF_PRINTS),
    ("fingerprint_tag", OF_PRINTS),
    ("fingerprint_scene", OF_PRINTS),
    ("fingerprint_sketch", OF_PRINTS),
    ("fingerprint_band", "project_id = ?1"),
    ("issue_environment", OF_ISSUES),
    ("issue_release", OF_ISSUES),
    ("issue_scene", OF_ISSUES),
    ("kind", "project_id = ?1"),
    ("moved", "project_id = ?1"),
    // As the last two, for the others ask them.
    ("issue", "project_id = ?1"),
];
const OF_PRINTS: &str = "fingerprint_id IN (SELECT id FROM fingerprint WHERE project_id = ?1)";
const OF_ISSUES: &str = "issue_id IN (SELECT id FROM issue WHERE project_id = ?1)";
const PRINTS: (&str, &str) = ("fingerprint", "project_id = ?1");

fn tables() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEPT.into_iter().chain([PRINTS])
}

/// Makes the tables that keep, of the columns that there are.
pub(in crate::issues) fn create(connection: &Connection) -> Result<()> {
    for (table, _) in tables() {
        connection.execute_batch(&format!(
            "CREATE TABLE kept_{table} AS SELECT 0 AS regroup, * FROM {table} LIMIT 0;
             CREATE INDEX kept_{table}_regroup ON kept_{table} (regroup);"
        ))?;
    }
    Ok(())
}

pub(in crate::issues) fn keep(
    transaction: &Transaction<'_>,
    project: ProjectId,
    (number, at): (u64, Position),
) -> Result<()> {
    forget(transaction, project)?;
    for (table, of) in tables() {
        let sql = format!("INSERT INTO kept_{table} SELECT ?2, * FROM {table} WHERE {of}");
        transaction.execute(&sql, params![project.0, number as i64])?;
    }
    let sql = "INSERT INTO kept (regroup, project_id, position) VALUES (?1, ?2, ?3)";
    transaction.execute(sql, params![number as i64, project.0, at.0 as i64])?;
    Ok(())
}

/// What is kept of a project goes.
fn forget(transaction: &Transaction<'_>, project: ProjectId) -> Result<()> {
    for (table, _) in tables() {
        let sql = format!(
            "DELETE FROM kept_{table}
             WHERE regroup IN (SELECT regroup FROM kept WHERE project_id = ?1)"
        );
        transaction.execute(&sql, [project.0])?;
    }
    transaction.execute("DELETE FROM kept WHERE project_id = ?1", [project.0])?;
    Ok(())
}

pub(in crate::issues) fn restore(
    transaction: &Transaction<'_>,
    project: ProjectId,
    number: u64,
) -> Result<Option<Position>> {
    let sql = "SELECT position FROM kept WHERE regroup = ?1 AND project_id = ?2";
    let at: Option<i64> = transaction
        .query_row(sql, params![number as i64, project.0], |row| row.get(0))
        .optional()?;
    let Some(at) = at else {
        return Ok(None);
    };
    // What events that come are still called, until search has moved, too.
    transaction.execute("DELETE FROM former WHERE project_id = ?1", [project.0])?;
    transaction.execute(
        "INSERT INTO former (project_id, fingerprint, fingerprint_id)
         SELECT project_id, fingerprint, id FROM fingerprint WHERE project_id = ?1",
        [project.0],
    )?;
    for (table, of) in tables() {
        transaction.execute(&format!("DELETE FROM {table} WHERE {of}"), [project.0])?;
    }
    for (table, _) in tables() {
        let columns = columns(transaction, table)?;
        let sql = format!(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table} WHERE regroup = ?1"
        );
        transaction.execute(&sql, [number as i64])?;
    }
    transaction.execute(
        "DELETE FROM former WHERE project_id = ?1 AND (fingerprint IN
             (SELECT fingerprint FROM fingerprint WHERE project_id = ?1)
             OR fingerprint_id NOT IN (SELECT id FROM fingerprint WHERE project_id = ?1))",
        [project.0],
    )?;
    forget(transaction, project)?;
    Ok(Some(Position(at as u64)))
}

fn columns(transaction: &Transaction<'_>, table: &str) -> Result<String> {
    let mut statement = transaction.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names: Vec<String> = statement
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_>>()?;
    Ok(names.join(", "))
}

/// All issues of a project, and how each stands.
pub(in crate::issues) fn stands(
    connection: &Connection,
    project: ProjectId,
) -> Result<Vec<(IssueId, Stand)>> {
    let mut statement = connection.prepare_cached(
        "SELECT status, assignee, resolved_at_ns, regressed_at, regressed_in, id FROM issue
         WHERE project_id = ?1 ORDER BY id",
    )?;
    statement
        .query_map([project.0], |row| {
            let id = IssueId(row.get::<_, i64>(5)? as u64);
            Ok((id, stand(row)?))
        })?
        .collect()
}

/// How issues stand, and that something became of them.
pub(in crate::issues) fn stand_as(
    transaction: &Transaction<'_>,
    stands: &[(IssueId, Stand)],
    changed: i64,
) -> Result<()> {
    let mut set = transaction.prepare_cached(
        "UPDATE issue SET status = ?2, assignee = ?3, resolved_at_ns = ?4, regressed_at = ?5,
             regressed_in = ?6
         WHERE id = ?1",
    )?;
    let mut change = transaction.prepare_cached(CHANGE)?;
    for (id, stand) in stands {
        let regression = stand.regression.as_ref();
        set.execute(params![
            id_number(*id),
            status_number(stand.status),
            stand.assignee.map(|user| user.0),
            stand.resolved_at_ns,
            regression.map(|regression| regression.at_ms),
            regression.map(|regression| &regression.release),
        ])?;
        change.execute([id_number(*id), changed])?;
    }
    Ok(())
}
