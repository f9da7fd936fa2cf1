//! Why a part of the read model cannot be read or written.

use std::path::PathBuf;

use tantivy::directory::error::OpenReadError;

/// Every error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum ReadModelError {
    /// The operating system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// "open", "create", "rename", …
        action: &'static str,
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process writes this read model.
    #[error("{path} is locked by process {pid}: another projector writes this read model")]
    Locked {
        /// The lock.
        path: PathBuf,
        /// The holder as it wrote it; 0 when it had not yet.
        pid: u32,
    },
    /// Nothing has been published yet.
    #[error("{0} holds no published generation yet")]
    Unpublished(PathBuf),
    /// Written by another release (or not by Errata): to be rebuilt.
    #[error("{path} has schema version {found}, this release reads {expected}")]
    SchemaVersion {
        /// The database or index.
        path: PathBuf,
        /// What it says.
        found: i64,
        /// What this release knows.
        expected: i64,
    },
    /// Content that no release wrote: to be rebuilt.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The database or index.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A position that is no number.
    #[error("{0:?} is not a position")]
    Position(String),
    /// A batch that does not follow what was applied before.
    #[error("a batch of the records after {after} up to {position} does not follow position {at}")]
    Gap {
        /// Where the database is.
        at: event_model::Position,
        /// Where the batch begins.
        after: event_model::Position,
        /// Where it ends.
        position: event_model::Position,
    },
    /// SQLite's own.
    #[error("cannot {action} in the issue database")]
    Sqlite {
        /// Which step.
        action: &'static str,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// tantivy's own.
    #[error("cannot {action} in the search index")]
    Search {
        /// Which step.
        action: &'static str,
        /// tantivy's words.
        source: tantivy::TantivyError,
    },
    /// A wildcard stands for too much.
    #[error("more than {most} values match: make the wildcard narrower")]
    TooBroad {
        /// Most values.
        most: usize,
    },
    /// Statistics have too many values to be split by.
    #[error("more than {most} values: narrow the query, or the range")]
    TooManyGroups {
        /// Most values.
        most: usize,
    },
    /// Statistics took too long.
    #[error("not counted within {seconds} seconds: narrow the query, or the range")]
    OutOfTime {
        /// How long it was tried.
        seconds: u64,
    },
    /// Parquet's own.
    #[error("cannot {action} the Parquet file {path}{}", refused(in_parquet(.source)))]
    Parquet {
        /// Which step.
        action: &'static str,
        /// The object's path.
        path: String,
        /// Parquet's words.
        source: parquet::errors::ParquetError,
    },
    /// All reads of cold files that may be under way are.
    #[error("too many reads of old events at once")]
    ColdBusy,
    /// The address of the cold files leads nowhere.
    #[error(transparent)]
    Place(#[from] object_place::PlaceError),
    /// The object store's own.
    #[error("cannot {action} {path} in the object store{}", refused(Some(.source)))]
    ObjectStore {
        /// Which step.
        action: &'static str,
        /// The object's path.
        path: String,
        /// The store's words.
        source: object_store::Error,
    },
}

fn in_parquet(error: &parquet::errors::ParquetError) -> Option<&object_store::Error> {
    match error {
        parquet::errors::ParquetError::External(source) => source.downcast_ref(),
        _ => None,
    }
}

fn is_refusal(error: &object_store::Error) -> bool {
    match error {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => true,
        // Of a list only the words tell the status.
        object_store::Error::Generic { source, .. } => {
            let said = source.to_string();
            ["401", "403"]
                .iter()
                .any(|status| said.contains(&format!("status code: {status}")))
        }
        _ => false,
    }
}

/// What to mend, if that is what a store says.
fn refused(error: Option<&object_store::Error>) -> &'static str {
    if error.is_some_and(is_refusal) {
        ": it refuses the credentials of cold.url, which are AWS_…, GOOGLE_… or AZURE_… in the \
         environment of this process, or they lack the right to read, write, list and delete there"
    } else {
        ""
    }
}

impl ReadModelError {
    /// An [`ReadModelError::Io`] for `map_err`.
    pub fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// An [`ReadModelError::Sqlite`] for `map_err`.
    pub fn sqlite(action: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { action, source }
    }

    /// An [`ReadModelError::Search`] for `map_err`.
    pub fn search(action: &'static str) -> impl FnOnce(tantivy::TantivyError) -> Self {
        move |source| Self::Search { action, source }
    }

    /// Whether it may pass by itself, so that the same is worth another try: a disk that is
    /// full, or fails, a process without descriptors or memory. SQLite says so in several
    /// ways, since it needs room for the index of its journal before it reads anything.
    pub fn may_pass(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, OutOfMemory, SystemIoFailure};
        use tantivy::TantivyError;
        match self {
            Self::Sqlite { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(DiskFull | SystemIoFailure | CannotOpen | OutOfMemory)
            ),
            Self::Search { source, .. } => match source {
                TantivyError::OpenReadError(error) => !is_missing_or_foreign(error),
                source => matches!(
                    source,
                    TantivyError::IoError(_)
                        | TantivyError::OpenDirectoryError(_)
                        | TantivyError::OpenWriteError(_)
                        | TantivyError::LockFailure(..)
                ),
            },
            Self::Io { .. } | Self::Parquet { .. } | Self::ObjectStore { .. } => {
                is_caused_by_what_passes(self)
            }
            _ => false,
        }
    }

    /// Whether the object store has no object of that name.
    pub fn is_missing_object(&self) -> bool {
        matches!(self.of_store(), Some(object_store::Error::NotFound { .. }))
    }

    /// Whether an object is another one than was expected.
    pub fn is_changed_object(&self) -> bool {
        matches!(
            self.of_store(),
            Some(object_store::Error::Precondition { .. })
        )
    }

    /// Whether an object store failed, or could not be reached, rather than what is in it.
    pub fn is_of_store(&self) -> bool {
        self.of_store().is_some()
    }

    fn of_store(&self) -> Option<&object_store::Error> {
        match self {
            Self::ObjectStore { source, .. } => Some(source),
            Self::Parquet { source, .. } => in_parquet(source),
            _ => None,
        }
    }

    /// Whether an object store lets nobody in with the credentials that it was given.
    pub fn is_refused(&self) -> bool {
        self.of_store().is_some_and(is_refusal)
    }

    /// Whether throwing the part away and rebuilding it mends this: damage and
    /// foreign schemas, but not a full disk, a missing right or a lack of descriptors: a
    /// file that cannot be opened at the moment is no damage.
    pub fn is_mended_by_rebuild(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            Self::SchemaVersion { .. } | Self::Damaged { .. } | Self::Position(_) => true,
            Self::Sqlite { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(DatabaseCorrupt | NotADatabase)
            ),
            Self::Search { source, .. } => match source {
                tantivy::TantivyError::OpenReadError(error) => is_missing_or_foreign(error),
                source => matches!(
                    source,
                    tantivy::TantivyError::DataCorruption(_)
                        | tantivy::TantivyError::SchemaError(_)
                        | tantivy::TantivyError::IncompatibleIndex(_)
                ),
            },
            _ => false,
        }
    }
}

/// A file of the index that is not there, or that no release of ours wrote.
fn is_missing_or_foreign(error: &OpenReadError) -> bool {
    match error {
        OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_) => true,
        OpenReadError::IoError { io_error, .. } => io_error.kind() == std::io::ErrorKind::NotFound,
    }
}

fn is_caused_by_what_passes(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{Interrupted, OutOfMemory, QuotaExceeded, StorageFull, WouldBlock};
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && (matches!(
                error.kind(),
                StorageFull | QuotaExceeded | OutOfMemory | Interrupted | WouldBlock
            ) || error
                .raw_os_error()
                .is_some_and(|number| NO_DESCRIPTORS.contains(&number)))
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// `ENFILE` and `EMFILE`, for which the standard library has no word.
const NO_DESCRIPTORS: [i32; 2] = [23, 24];

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use tantivy::TantivyError;

    use super::*;

    fn failing_to_read(number: i32) -> ReadModelError {
        let error = OpenReadError::IoError {
            io_error: Arc::new(io::Error::from_raw_os_error(number)),
            filepath: "search/2026-01-01/meta.json".into(),
        };
        ReadModelError::search("open")(TantivyError::OpenReadError(error))
    }

    fn sqlite(code: i32) -> ReadModelError {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        ReadModelError::sqlite("open")(error)
    }

    fn file(number: i32) -> ReadModelError {
        ReadModelError::io("open", "position")(io::Error::from_raw_os_error(number))
    }

    fn parquet(number: i32) -> ReadModelError {
        let error = io::Error::from_raw_os_error(number);
        ReadModelError::Parquet {
            action: "write",
            path: "a.parquet".to_owned(),
            source: parquet::errors::ParquetError::External(error.into()),
        }
    }

    fn object(number: i32) -> ReadModelError {
        ReadModelError::ObjectStore {
            action: "list",
            path: "cold".to_owned(),
            source: object_store::Error::Generic {
                store: "local",
                source: io::Error::from_raw_os_error(number).into(),
            },
        }
    }

    #[test]
    fn a_store_that_refuses_credentials_is_told_from_one_that_fails() {
        let generic = |said: &str| object_store::Error::Generic {
            store: "S3",
            source: said.to_owned().into(),
        };
        let denied = object_store::Error::PermissionDenied {
            path: "a".to_owned(),
            source: "403".into(),
        };
        for (source, is_refused) in [
            (denied, true),
            (generic("returned non-2xx status code: 403 Forbidden"), true),
            (
                generic("returned non-2xx status code: 401 Unauthorized"),
                true,
            ),
            (
                generic("returned non-2xx status code: 503 of 403 tries"),
                false,
            ),
        ] {
            let listed = ReadModelError::ObjectStore {
                action: "list",
                path: "events".to_owned(),
                source,
            };
            assert_eq!(listed.is_refused(), is_refused, "{listed}");
            assert_eq!(
                listed.to_string().contains("cold.url"),
                is_refused,
                "{listed}"
            );
        }
        let written = ReadModelError::Parquet {
            action: "write",
            path: "a.parquet".to_owned(),
            source: parquet::errors::ParquetError::External(
                object_store::Error::Unauthenticated {
                    path: "a".to_owned(),
                    source: "401".into(),
                }
                .into(),
            ),
        };
        assert!(written.is_refused() && written.to_string().contains("AWS_"));
    }

    /// Nothing is thrown away for an error of the moment.
    #[test]
    fn what_the_system_lacks_for_a_moment_passes_and_is_no_damage() {
        // ENOMEM, ENFILE, EMFILE, ENOSPC, EAGAIN, EINTR.
        for number in [12, 23, 24, 28, 11, 4] {
            for error in [
                failing_to_read(number),
                file(number),
                parquet(number),
                object(number),
            ] {
                assert!(error.may_pass(), "{error:?}");
                assert!(!error.is_mended_by_rebuild(), "{error:?}");
            }
        }
        // SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_NOMEM, with details too.
        for code in [10, 14, 13, 7, 266, 526] {
            assert!(sqlite(code).may_pass(), "{code}");
            assert!(!sqlite(code).is_mended_by_rebuild(), "{code}");
        }
    }

    #[test]
    fn damage_and_what_is_missing_are_rebuilt() {
        let missing = TantivyError::OpenReadError(OpenReadError::FileDoesNotExist("x".into()));
        let missing = ReadModelError::search("open")(missing);
        // ENOENT; SQLITE_CORRUPT, SQLITE_NOTADB.
        for error in [missing, failing_to_read(2), sqlite(11), sqlite(26)] {
            assert!(error.is_mended_by_rebuild(), "{error:?}");
            assert!(!error.may_pass(), "{error:?}");
        }
    }
}
