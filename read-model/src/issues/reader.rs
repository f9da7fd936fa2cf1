//! The reading side of `issues.sqlite3`: a few read-only connections and the
//! questions that lists, details, statistics and live streams ask.
//!
//! Invariant: everything asked of one [`Snapshot`] is of one moment (a read
//! transaction of SQLite's WAL) and of the projects that it was opened for: each question
//! holds itself to that [`Sight`], so that no caller can forget it, and an issue of another
//! project is answered like one that there is not. Nothing here can write. Units: times in Unix
//! milliseconds unless the name says otherwise. Fails with [`ReadError`]: `Busy`
//! when every connection is taken for [`CHECKOUT_WAIT`], else SQLite's own error.
//! Blocking: call it from a thread that may wait.

mod alike;
mod asked;
mod common;
mod detail;
mod facets;
mod feed;
mod health;
mod list;
mod narrow;
mod notes;
mod report;
mod row;
mod scope;
mod stats;
mod summary;
pub mod tables;
mod tags;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use event_model::{IssueId, Position, access::Sight};
use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

pub use alike::{Alike, Alikes, NewestEvent};
pub use asked::OfProjects;
pub use common::Common;
pub use detail::{Activity, Facets, FingerprintRow, ReleaseCount, ValueCount};
pub use facets::{IssueFacet, IssueFacets};
pub use feed::{Change, ChangeCursor, Delivery, DeliveryFilter, Transition};
pub use health::{MonitorRow, ReleaseFilter, ReleaseRow, SessionTotals};
pub use list::{Direction, IssueCursor, IssueFilter, IssuePage, IssueSort, ScopedIssue};
pub use notes::{ArrivalCount, FeedbackAbout, UsageCount};
pub use report::{Report, resolved_range};
pub use row::IssueRow;
pub use scope::{Range, Scope, Unit};
pub use stats::{CountOf, IssueState, ProjectBytes, ProjectTotal, SeriesBy, SeriesCounts, Window};
pub use summary::{ReleaseMark, Summary};
pub use tags::TagKey;

pub use super::batch::TransitionKind;
use super::schema::SCHEMA_VERSION;

/// Most connections open at once. Reads take well under a millisecond and the
/// machine has few cores: more would only add page caches.
const CONNECTIONS_MAX: usize = 4;
/// Longest wait for a free connection; beyond it the caller is told to come back.
pub const CHECKOUT_WAIT: Duration = Duration::from_secs(2);
/// Statements kept prepared by each connection: every fixed question and the
/// usual shapes of list filters.
const STATEMENTS_CACHED: usize = 96;
/// Page cache of each connection, KiB. The file's pages are in the system's cache
/// too, so this only saves system calls.
const PAGE_CACHE_KIB: u32 = 4096;
/// How long SQLite waits for a lock that readers of a WAL hardly ever meet
/// (recovery after a crash of the writer).
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is missing or is no database.
    #[error("issue database {path} cannot be opened")]
    Open {
        /// Which file.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// Written by another release; a replay rebuilds it.
    #[error(
        "issue database {path} has schema version {found}, this release reads {SCHEMA_VERSION}"
    )]
    SchemaVersion {
        /// Which file.
        path: PathBuf,
        /// Its version; 0: none.
        found: i64,
    },
    /// All connections were taken for [`CHECKOUT_WAIT`].
    #[error("all {CONNECTIONS_MAX} connections to the issue database are busy")]
    Busy,
    /// SQLite failed.
    #[error("issue database cannot be read")]
    Sqlite(#[from] rusqlite::Error),
    /// Rows did not make columns.
    #[error("rows of the issue database cannot be told in columns")]
    Columns(#[from] arrow::error::ArrowError),
}

/// The reader of one database file. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    pool: Mutex<Pool>,
    freed: Condvar,
}

#[derive(Debug)]
struct Pool {
    idle: Vec<Connection>,
    open: usize,
}

impl Reader {
    /// Opens the database file at `path` and checks its schema version.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let connection = connect(path)?;
        let found = connection
            .query_row(
                "SELECT value FROM meta WHERE key = 'schema_version'",
                [],
                |row| row.get::<_, i64>(0),
            )
            .optional()
            .map_err(|source| ReadError::Open {
                path: path.to_owned(),
                source,
            })?
            .unwrap_or(0);
        if found != SCHEMA_VERSION {
            return Err(ReadError::SchemaVersion {
                path: path.to_owned(),
                found,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            pool: Mutex::new(Pool {
                idle: vec![connection],
                open: 1,
            }),
            freed: Condvar::new(),
        })
    }

    /// The file this reads.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Asks several things of one moment, of the projects in `sight` alone.
    pub fn read<T>(
        &self,
        sight: &Sight,
        ask: impl FnOnce(&Snapshot<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let lease = self.checkout()?;
        let transaction = lease.connection().unchecked_transaction()?;
        ask(&Snapshot {
            connection: &transaction,
            sight,
        })
    }

    /// The last command that grouped events anew; 0: none did.
    pub fn regrouped(&self) -> Result<Position, ReadError> {
        self.read(&Sight::NOTHING, |snapshot| snapshot.meta("regrouped"))
    }

    /// The position the projection has reached; 0 before the first record.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method as a path is not general over both lifetimes"
    )]
    pub fn position(&self) -> Result<Position, ReadError> {
        self.read(&Sight::NOTHING, |snapshot| snapshot.position())
    }

    fn checkout(&self) -> Result<Lease<'_>, ReadError> {
        let mut pool = self.pool.lock();
        loop {
            if let Some(connection) = pool.idle.pop() {
                return Ok(Lease {
                    reader: self,
                    connection: Some(connection),
                });
            }
            if pool.open < CONNECTIONS_MAX {
                pool.open += 1;
                drop(pool);
                // The lease exists before the connection does, so that a failure
                // gives the slot back.
                let mut lease = Lease {
                    reader: self,
                    connection: None,
                };
                lease.connection = Some(connect(&self.path)?);
                return Ok(lease);
            }
            if self.freed.wait_for(&mut pool, CHECKOUT_WAIT).timed_out() {
                return Err(ReadError::Busy);
            }
        }
    }
}

/// A connection on loan; returns by itself, also when a question panics.
struct Lease<'a> {
    reader: &'a Reader,
    connection: Option<Connection>,
}

impl Lease<'_> {
    fn connection(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("`checkout` hands out leases with a connection only")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut pool = self.reader.pool.lock();
        match self.connection.take() {
            Some(connection) => pool.idle.push(connection),
            None => pool.open -= 1,
        }
        drop(pool);
        self.reader.freed.notify_one();
    }
}

fn connect(path: &Path) -> Result<Connection, ReadError> {
    let open = || -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(LOCK_WAIT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        connection.execute_batch(&format!(
            "PRAGMA query_only = 1; PRAGMA cache_size = -{PAGE_CACHE_KIB}; PRAGMA temp_store = MEMORY;"
        ))?;
        Ok(connection)
    };
    open().map_err(|source| ReadError::Open {
        path: path.to_owned(),
        source,
    })
}

/// One moment of the database, as far as its asker sees.
pub struct Snapshot<'a> {
    connection: &'a Connection,
    sight: &'a Sight,
}

/// Whether the row of `issue` is of a project in sight, the list of [`Snapshot::seen`]
/// being the named value.
macro_rules! issue_seen {
    ($value:literal) => {
        concat!(
            "(",
            $value,
            " IS NULL OR issue.project_id IN (SELECT value FROM json_each(",
            $value,
            ")))"
        )
    };
}
use issue_seen;

impl Snapshot<'_> {
    /// The position the projection had reached; 0 before the first record.
    pub fn position(&self) -> Result<Position, ReadError> {
        self.meta("position")
    }

    /// All transitions up to here are dealt with by the alerter.
    pub fn alert_cursor(&self) -> Result<Position, ReadError> {
        self.meta("alert_cursor")
    }

    fn meta(&self, key: &str) -> Result<Position, ReadError> {
        let value: Option<i64> = self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        Ok(Position(value.unwrap_or(0) as u64))
    }

    /// What is asked for, as far as it is in sight.
    fn within(&self, projects: &Sight) -> Sight {
        self.sight.and(projects)
    }

    /// The projects in sight as a JSON list; none: all.
    fn seen(&self) -> Option<String> {
        match self.sight {
            Sight::All => None,
            Sight::Only(projects) => Some(json_list(projects.iter().map(|id| i64::from(id.0)))),
        }
    }

    /// Those of `issues` that are of a project in sight.
    fn seen_issues(&self, issues: &[IssueId]) -> Result<Vec<IssueId>, ReadError> {
        let Some(seen) = self.seen() else {
            return Ok(issues.to_vec());
        };
        let sql = concat!(
            "SELECT issue.id FROM json_each(?1) AS wanted JOIN issue ON issue.id = wanted.value
             WHERE ",
            issue_seen!("?2")
        );
        let ids = json_list(issues.iter().map(|id| id.0 as i64));
        self.rows(sql, params![ids, seen], |row| {
            Ok(IssueId(row.get::<_, i64>(0)? as u64))
        })
    }

    fn sees_issue(&self, issue: IssueId) -> Result<bool, ReadError> {
        Ok(!self.seen_issues(&[issue])?.is_empty())
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, ReadError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The issue that an id leads to: its own, the one it was merged into, or that of the
/// fingerprint that carried it on.
fn lead(id: &str) -> String {
    format!(
        "coalesce((SELECT issue_id FROM fingerprint WHERE id = {id}),
             (SELECT issue_id FROM moved CROSS JOIN fingerprint ON fingerprint.id = to_id
              WHERE moved.id = {id}))"
    )
}

/// Ids as the JSON list that `json_each` reads: the statement stays the same
/// whatever their number.
fn json_list(ids: impl IntoIterator<Item = i64>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    format!("[{}]", ids.join(","))
}
