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

use event_model::{Fingerprint, IssueId, IssueStatus, Position, ProjectId, UserId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{
    batch::{IssueBatch, Regression},
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
const STATEMENT_CACHE: usize = 64;

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
    /// Where it stands.
    pub status: IssueStatus,
    /// Who has it.
    pub assignee: Option<UserId>,
    /// Its latest event time, Unix milliseconds.
    pub last_seen_ms: i64,
    /// While resolved, when it was.
    pub resolved_at_ns: Option<i64>,
    /// That it came back, until resolved again.
    pub regression: Option<Regression>,
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

    /// The issue a fingerprint belongs to.
    pub fn issue_of(
        &self,
        project_id: ProjectId,
        fingerprint: Fingerprint,
    ) -> Result<Option<IssueId>, ReadModelError> {
        let sql = "SELECT issue_id FROM fingerprint WHERE project_id = ?1 AND fingerprint = ?2";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_row(params![project_id.0, fingerprint.0], |row| {
                        Ok(IssueId(row.get::<_, i64>(0)? as u64))
                    })
                    .optional()
            })
            .map_err(ReadModelError::sqlite("look up a fingerprint"))
    }

    /// An issue's state; none: there is no such issue.
    pub fn issue(&self, id: IssueId) -> Result<Option<IssueState>, ReadModelError> {
        let sql = "SELECT project_id, status, assignee, last_seen,
                resolved_at_ns, regressed_at, regressed_in
            FROM issue WHERE id = ?1";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_row([id.0 as i64], |row| {
                        Ok(IssueState {
                            project_id: ProjectId(row.get(0)?),
                            status: status_of(row.get(1)?),
                            assignee: row.get::<_, Option<u32>>(2)?.map(UserId),
                            last_seen_ms: row.get(3)?,
                            resolved_at_ns: row.get(4)?,
                            regression: match row.get(5)? {
                                Some(at_ms) => Some(Regression {
                                    at_ms,
                                    release: row.get(6)?,
                                }),
                                None => None,
                            },
                        })
                    })
                    .optional()
            })
            .map_err(ReadModelError::sqlite("look up an issue"))
    }

    /// The tag keys and values an issue has rows for.
    pub fn tag_values(&self, id: IssueId) -> Result<Vec<(String, String)>, ReadModelError> {
        let sql = "SELECT key, value FROM issue_tag WHERE issue_id = ?1";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_map([id.0 as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .map_err(ReadModelError::sqlite("read an issue's tags"))
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
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)).optional())
            .map_err(ReadModelError::sqlite("look up a number"))
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
        self.position = batch.position;
        self.command = batch.command.unwrap_or(self.command);
        if let Some(cursor) = batch.alert_cursor {
            self.alert_cursor = self.alert_cursor.max(cursor);
        }
        Ok(())
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
