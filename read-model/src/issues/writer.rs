//! The writer side of the issue database: applies [`IssueBatch`]es, one
//! transaction each, and answers the few questions a projector has about what is
//! there.
//!
//! Invariant: `meta.position` moves in the transaction that brings the rows there;
//! a batch that does not follow it is refused, so nothing is counted twice.
//!
//! Durability: WAL with `synchronous = NORMAL`. A power cut may undo the newest
//! transactions, never tear one; rows and position go back together, and the
//! projector applies the same records of the log again. Syncing every commit would
//! buy nothing but latency.

use std::path::{Path, PathBuf};

use event_model::{Fingerprint, IssueId, Position, ProjectId, UserId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use super::{
    batch::{IssueBatch, NameOf, OTHER_NAME, Regression, Stand},
    numbers::status_of,
    schema::{SCHEMA, SCHEMA_VERSION},
    statements,
};
use crate::{ReadModelError, layout::sync_dir};

/// Page cache, KiB: enough for the upper levels of every B-tree with 100,000
/// issues, and a tenth of the memory budget.
const CACHE_KIB: i64 = 32 * 1024;
/// Size of the WAL above which a commit checkpoints it, pages of 4 KiB: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4096;
/// What a checkpointed WAL file is cut back to, bytes.
const WAL_BYTES_MAX: i64 = 64 * 1024 * 1024;
/// Prepared statements kept; more than there are.
const STATEMENT_CACHE: usize = 128;

/// How the database is going to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Published: a crash loses at most the newest transactions.
    Live,
    /// Unpublished: a crash throws it away, [`IssueWriter::seal`] makes it durable.
    Build,
}

/// What the projector must know of an issue to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueState {
    /// Whose.
    pub project_id: ProjectId,
    /// Position of the record that made it.
    pub opened: Position,
    /// Whether it has more than one fingerprint.
    pub is_merged: bool,
    /// How it stands.
    pub stand: Stand,
}

/// What the projector must know of a fingerprint to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerprintState {
    /// Of the issue that it opened.
    pub id: IssueId,
    /// The issue it belongs to.
    pub issue: IssueId,
    /// Its latest event time, Unix milliseconds.
    pub last_seen_ms: i64,
}

/// A fingerprint of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Of the issue that it opened.
    pub id: IssueId,
    /// Which.
    pub fingerprint: Fingerprint,
    /// Position of its first event.
    pub opened: Position,
}

/// The one writer.
#[derive(Debug)]
pub struct IssueWriter {
    connection: Connection,
    path: PathBuf,
    position: Position,
    command: u64,
    alert_cursor: Position,
}

impl IssueWriter {
    /// An empty database at position 0.
    pub fn create(path: &Path, durability: Durability) -> Result<Self, ReadModelError> {
        Self::create_at(path, durability, Position(0), 0)
    }

    /// An empty database that says it has all records up to `position`, the commands up
    /// to the number `command` among them: what they made is lost.
    pub fn create_at(
        path: &Path,
        durability: Durability,
        position: Position,
        command: u64,
    ) -> Result<Self, ReadModelError> {
        let connection = Connection::open(path).map_err(ReadModelError::sqlite("create"))?;
        configure(&connection, durability)?;
        let version = format!(
            "BEGIN; {SCHEMA}
             INSERT INTO meta (key, value) VALUES
                 ('schema_version', {SCHEMA_VERSION}), ('position', {position}),
                 ('command', {command}), ('alert_cursor', {position});
             COMMIT;",
            position = position.0 as i64,
            command = command as i64,
        );
        connection
            .execute_batch(&version)
            .and_then(|()| statements::kept::create(&connection))
            .map_err(ReadModelError::sqlite("create the tables"))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            position,
            command,
            alert_cursor: position,
        })
    }

    /// The database as it was left. A missing file, another schema version and
    /// damage are errors that [`ReadModelError::is_mended_by_rebuild`].
    pub fn open(path: &Path) -> Result<Self, ReadModelError> {
        Self::open_for(path, Durability::Live)
    }

    /// The same, to be written in this way.
    pub fn open_for(path: &Path, durability: Durability) -> Result<Self, ReadModelError> {
        // Not `exists`: what cannot be looked at for the moment is not missing.
        if !path
            .try_exists()
            .map_err(ReadModelError::io("look at", path))?
        {
            return Err(ReadModelError::Damaged {
                path: path.to_owned(),
                what: "it is missing".to_owned(),
            });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(ReadModelError::sqlite("open"))?;
        configure(&connection, durability)?;
        let found = meta(&connection, "schema_version")
            .map_err(|error| as_damage(path, error))?
            .unwrap_or(0);
        if found != SCHEMA_VERSION {
            return Err(ReadModelError::SchemaVersion {
                path: path.to_owned(),
                found,
                expected: SCHEMA_VERSION,
            });
        }
        let number = |key: &str| -> Result<u64, ReadModelError> {
            let value = meta(&connection, key)?.ok_or_else(|| ReadModelError::Damaged {
                path: path.to_owned(),
                what: format!("meta.{key} is missing"),
            })?;
            Ok(value as u64)
        };
        Ok(Self {
            position: Position(number("position")?),
            command: number("command")?,
            alert_cursor: Position(number("alert_cursor")?),
            connection,
            path: path.to_owned(),
        })
    }

    /// The position of the last record applied.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The number of the last command applied; 0: none.
    pub fn command(&self) -> u64 {
        self.command
    }

    /// All transitions up to here are dealt with.
    pub fn alert_cursor(&self) -> Position {
        self.alert_cursor
    }

    /// A fingerprint's state; none: it has no event yet.
    pub fn fingerprint(
        &self,
        project_id: ProjectId,
        fingerprint: Fingerprint,
    ) -> Result<Option<FingerprintState>, ReadModelError> {
        self.one(
            "look up a fingerprint",
            "SELECT id, issue_id, last_seen FROM fingerprint
             WHERE project_id = ?1 AND fingerprint = ?2",
            params![project_id.0, fingerprint.0],
            |row| {
                Ok(FingerprintState {
                    id: issue_id(row, 0)?,
                    issue: issue_id(row, 1)?,
                    last_seen_ms: row.get(2)?,
                })
            },
        )
    }

    /// The fingerprint of a kind of events, and the Unix minute of the newest event that
    /// was kept for it; none: not known.
    pub fn kind(
        &self,
        project_id: ProjectId,
        kind: u64,
    ) -> Result<Option<(Fingerprint, i64)>, ReadModelError> {
        self.one(
            "look up a kind of events",
            "SELECT fingerprint, minute FROM kind WHERE project_id = ?1 AND kind = ?2",
            params![project_id.0, kind as i64],
            |row| Ok((Fingerprint(row.get(0)?), row.get(1)?)),
        )
    }

    /// The newest minute of those; none: the project has none.
    pub fn newest_kind(&self, project_id: ProjectId) -> Result<Option<i64>, ReadModelError> {
        let sql = "SELECT max(minute) FROM kind WHERE project_id = ?1 HAVING count(*) > 0";
        let what = "look up the newest kind of events";
        self.one(what, sql, [project_id.0], |row| row.get(0))
    }

    /// The issue that an id leads to: its own, or the one it was merged into; none: there
    /// was never one of this id.
    pub fn lead(&self, id: IssueId) -> Result<Option<IssueId>, ReadModelError> {
        let sql = "SELECT issue_id FROM fingerprint WHERE id = ?1
            UNION ALL SELECT issue_id FROM moved CROSS JOIN fingerprint ON fingerprint.id = to_id
                WHERE moved.id = ?1";
        let what = "follow an issue's id";
        self.one(what, sql, [id.0 as i64], |row| issue_id(row, 0))
    }

    /// An issue's state; none: there is no such issue.
    pub fn issue(&self, id: IssueId) -> Result<Option<IssueState>, ReadModelError> {
        let sql = "SELECT status, assignee, resolved_at_ns, regressed_at, regressed_in,
                project_id, opened,
                (SELECT count(*) FROM (SELECT 1 FROM fingerprint WHERE issue_id = ?1 LIMIT 2))
            FROM issue WHERE id = ?1";
        self.one("look up an issue", sql, [id.0 as i64], |row| {
            Ok(IssueState {
                stand: stand(row)?,
                project_id: ProjectId(row.get(5)?),
                opened: Position(row.get::<_, i64>(6)? as u64),
                is_merged: row.get::<_, i64>(7)? > 1,
            })
        })
    }

    /// How the issue of this id stood when it was merged into another one.
    pub fn kept_stand(&self, id: IssueId) -> Result<Option<Stand>, ReadModelError> {
        let sql = "SELECT status, assignee, resolved_at_ns, regressed_at, regressed_in
            FROM fingerprint WHERE id = ?1";
        self.one("look up how an issue stood", sql, [id.0 as i64], stand)
    }

    /// The fingerprints of an issue, the one whose first event is the oldest first; at
    /// most `limit`.
    pub fn members(&self, issue: IssueId, limit: usize) -> Result<Vec<Member>, ReadModelError> {
        let sql = "SELECT id, fingerprint, opened FROM fingerprint WHERE issue_id = ?1
            ORDER BY opened LIMIT ?2";
        let member = |row: &Row<'_>| {
            Ok(Member {
                id: issue_id(row, 0)?,
                fingerprint: Fingerprint(row.get(1)?),
                opened: Position(row.get::<_, i64>(2)? as u64),
            })
        };
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_map(params![issue.0 as i64, limit as i64], member)?
                    .collect()
            })
            .map_err(ReadModelError::sqlite("read an issue's fingerprints"))
    }

    /// The tag keys and values a fingerprint has rows for.
    pub fn tag_values(&self, id: IssueId) -> Result<Vec<(String, String)>, ReadModelError> {
        let sql = "SELECT key, value FROM fingerprint_tag WHERE fingerprint_id = ?1";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_map([id.0 as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .map_err(ReadModelError::sqlite("read a fingerprint's tags"))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn one<T>(
        &self,
        what: &'static str,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, ReadModelError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, read).optional())
            .map_err(ReadModelError::sqlite(what))
    }

    /// The newest minute a project has a row for.
    pub fn newest_minute(&self, project_id: ProjectId) -> Result<Option<i64>, ReadModelError> {
        let sql = "SELECT max(minute) FROM project_minute WHERE project_id = ?1";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([project_id.0], |row| row.get(0)))
            .map_err(ReadModelError::sqlite("look up a project's minutes"))
    }

    /// The number of a name of an environment or a release.
    pub fn name_id(&self, name: &str) -> Result<Option<i64>, ReadModelError> {
        self.number("SELECT id FROM name WHERE name = ?1", [name])
    }

    /// Whether a project has an environment or a release of this name.
    pub fn has_name(
        &self,
        project: ProjectId,
        of: NameOf,
        name: &str,
    ) -> Result<bool, ReadModelError> {
        let sql = match of {
            NameOf::Environment => "SELECT 1 FROM environment WHERE project_id = ?1 AND name = ?2",
            NameOf::Release => "SELECT 1 FROM release WHERE project_id = ?1 AND version = ?2",
        };
        let found = self.number(sql, rusqlite::params![project.0, name])?;
        Ok(found.is_some())
    }

    /// How many environments or releases a project has, [`OTHER_NAME`] aside.
    pub fn names_of(&self, project: ProjectId, of: NameOf) -> Result<u64, ReadModelError> {
        let sql = match of {
            NameOf::Environment => {
                "SELECT count(*) FROM environment WHERE project_id = ?1 AND name <> ?2"
            }
            NameOf::Release => {
                "SELECT count(*) FROM release WHERE project_id = ?1 AND version <> ?2"
            }
        };
        let count = self.number(sql, rusqlite::params![project.0, OTHER_NAME])?;
        Ok(count.unwrap_or_default() as u64)
    }

    /// The number of a scene.
    pub fn scene_id(&self, environment: i64, release: i64) -> Result<Option<i64>, ReadModelError> {
        self.number(
            "SELECT id FROM scene WHERE environment = ?1 AND release = ?2",
            [environment, release],
        )
    }

    /// The highest numbers that names and scenes have; 0: none.
    pub fn numbers_given(&self) -> Result<(i64, i64), ReadModelError> {
        let newest = |sql| self.number(sql, []).map(Option::unwrap_or_default);
        Ok((
            newest("SELECT max(id) FROM name HAVING max(id) > 0")?,
            newest("SELECT max(id) FROM scene HAVING max(id) > 0")?,
        ))
    }

    fn number(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Option<i64>, ReadModelError> {
        self.one("look up a number", sql, values, |row| row.get(0))
    }

    /// Applies a batch: all of it, or nothing.
    pub fn apply(&mut self, batch: &IssueBatch) -> Result<(), ReadModelError> {
        if batch.after != self.position || batch.position < batch.after {
            return Err(ReadModelError::Gap {
                at: self.position,
                after: batch.after,
                position: batch.position,
            });
        }
        statements::apply(&mut self.connection, batch)
            .map_err(ReadModelError::sqlite("apply a batch"))?;
        self.passed(batch);
        Ok(())
    }

    /// A batch was applied by [`super::moves::Move::finish`].
    pub fn passed(&mut self, batch: &IssueBatch) {
        self.position = batch.position;
        self.command = batch.command.unwrap_or(self.command);
        if let Some(cursor) = batch.alert_cursor {
            self.alert_cursor = self.alert_cursor.max(cursor);
        }
    }

    /// Cuts the WAL back to nothing, for a disk that has little room left: it is up to
    /// [`WAL_BYTES_MAX`] of it. Does not wait for a reader that needs it: then some of it stays
    /// until the next time.
    pub fn give_back_wal(&mut self) -> Result<(), ReadModelError> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(ReadModelError::sqlite("checkpoint"))
    }

    /// Makes a database of [`Durability::Build`] durable, to be published next.
    pub fn seal(self) -> Result<(), ReadModelError> {
        // Busy (0 = no) and two page counts; nobody else has it open.
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(ReadModelError::sqlite("checkpoint"))?;
        self.connection
            .close()
            .map_err(|(_, source)| ReadModelError::sqlite("close")(source))?;
        std::fs::File::open(&self.path)
            .and_then(|file| file.sync_all())
            .map_err(ReadModelError::io("sync", &self.path))?;
        self.path.parent().map_or(Ok(()), sync_dir)
    }
}

fn issue_id(row: &Row<'_>, at: usize) -> rusqlite::Result<IssueId> {
    Ok(IssueId(row.get::<_, i64>(at)? as u64))
}

/// How an issue stands, or stood: the first five columns.
pub(super) fn stand(row: &Row<'_>) -> rusqlite::Result<Stand> {
    Ok(Stand {
        status: status_of(row.get(0)?),
        assignee: row.get::<_, Option<u32>>(1)?.map(UserId),
        resolved_at_ns: row.get(2)?,
        regression: match row.get(3)? {
            Some(at_ms) => Some(Regression {
                at_ms,
                release: row.get(4)?,
            }),
            None => None,
        },
    })
}

fn configure(connection: &Connection, durability: Durability) -> Result<(), ReadModelError> {
    let synchronous = match durability {
        Durability::Live => "NORMAL",
        Durability::Build => "OFF",
    };
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = {synchronous};
             PRAGMA cache_size = -{CACHE_KIB};
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
             PRAGMA journal_size_limit = {WAL_BYTES_MAX};
             PRAGMA temp_store = MEMORY;"
        ))
        .map_err(ReadModelError::sqlite("configure the connection"))
}

/// A value of the table `meta`.
pub(crate) fn meta(connection: &Connection, key: &str) -> Result<Option<i64>, ReadModelError> {
    connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
            row.get(0)
        })
        .optional()
        .map_err(ReadModelError::sqlite("read meta"))
}

/// A database without our tables is not ours, whatever SQLite calls the error.
fn as_damage(path: &Path, error: ReadModelError) -> ReadModelError {
    match &error {
        ReadModelError::Sqlite { source, .. }
            if source.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) =>
        {
            ReadModelError::Damaged {
                path: path.to_owned(),
                what: source.to_string(),
            }
        }
        _ => error,
    }
}
