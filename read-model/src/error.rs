//! Why a part of the read model cannot be read or written.

use std::path::PathBuf;

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
    /// Parquet's own.
    #[error("cannot {action} the Parquet file {path}")]
    Parquet {
        /// Which step.
        action: &'static str,
        /// The object's path.
        path: String,
        /// Parquet's words.
        source: parquet::errors::ParquetError,
    },
    /// The object store's own.
    #[error("cannot {action} {path} in the object store")]
    ObjectStore {
        /// Which step.
        action: &'static str,
        /// The object's path.
        path: String,
        /// The store's words.
        source: object_store::Error,
    },
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
    /// full, or fails. SQLite says so in several ways, since it needs room for the index of
    /// its journal before it reads anything.
    pub fn may_pass(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, SystemIoFailure};
        use tantivy::TantivyError;
        match self {
            Self::Sqlite { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(DiskFull | SystemIoFailure | CannotOpen)
            ),
            Self::Search { source, .. } => matches!(
                source,
                TantivyError::IoError(_)
                    | TantivyError::OpenDirectoryError(_)
                    | TantivyError::OpenWriteError(_)
                    | TantivyError::LockFailure(..)
            ),
            Self::Io { .. } | Self::Parquet { .. } | Self::ObjectStore { .. } => {
                is_caused_by_full_disk(self)
            }
            _ => false,
        }
    }

    /// Whether throwing the part away and rebuilding it mends this: damage and
    /// foreign schemas, but not a full disk or a missing right.
    pub fn is_mended_by_rebuild(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            Self::SchemaVersion { .. } | Self::Damaged { .. } | Self::Position(_) => true,
            Self::Sqlite { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(DatabaseCorrupt | NotADatabase)
            ),
            Self::Search { source, .. } => matches!(
                source,
                tantivy::TantivyError::DataCorruption(_)
                    | tantivy::TantivyError::SchemaError(_)
                    | tantivy::TantivyError::OpenReadError(_)
                    | tantivy::TantivyError::IncompatibleIndex(_)
            ),
            _ => false,
        }
    }
}

fn is_caused_by_full_disk(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && matches!(error.kind(), StorageFull | QuotaExceeded)
        {
            return true;
        }
        cause = error.source();
    }
    false
}
