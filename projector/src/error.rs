//! Why a projection cannot go on. Consumers log it and try again; starting and
//! replaying hand it out.

use std::path::PathBuf;

use event_log::ReadError;
use event_model::Position;
use read_model::ReadModelError;

/// Every error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The log could not be read.
    #[error("cannot read the log")]
    Log(#[from] ReadError),
    /// The read model could not be read or written.
    #[error("cannot go on with the read model")]
    ReadModel(#[from] ReadModelError),
    /// What was stored of the issues could not be looked at.
    #[error("cannot look at the issues")]
    Issues(#[from] read_model::issues::reader::ReadError),
    /// The log, its cursors or its identity could not be looked at.
    #[error("cannot look at the events log")]
    LogState(#[from] event_log::OpenError),
    /// A cursor of the log could not be moved.
    #[error("cannot store how far a projection is in the log's cursor {name}")]
    Cursor {
        /// Its name.
        name: &'static str,
        /// Why.
        source: event_log::retention::CursorError,
    },
    /// Records that the projection has not seen were dropped from the log.
    #[error(
        "{name} ends at position {position}, but the log begins at {first}: the records between were dropped"
    )]
    RecordsDropped {
        /// "issues".
        name: &'static str,
        /// The last record it has.
        position: Position,
        /// The first one kept.
        first: Position,
    },
    /// The oldest events were dropped, and no checkpoint says what they made.
    #[error(
        "the issues cannot be rebuilt: the log begins at position {first}, and no checkpoint in {} reaches that \
         far and is sound ({tried}). What the events before {first} made (issues, counts, triage) is in no other \
         place: put a checkpoint back from a backup, or go on without it by `errata replay --accept-loss`",
        dir.display()
    )]
    NoCheckpoint {
        /// The first position kept.
        first: Position,
        /// Where checkpoints are.
        dir: PathBuf,
        /// What each was refused for.
        tried: String,
    },
    /// Somebody gave it up, or the process ends.
    #[error("the replay was cancelled")]
    ReplayCancelled,
    /// A replay needs a read model that is open, or one that is not being replayed.
    #[error("no replay can begin: {0}")]
    ReplayRefused(String),
    /// A thread could not be started.
    #[error("cannot start the thread {name}")]
    Thread {
        /// Its name.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A step panicked: a defect. It is tried again.
    #[error("a step of {name} panicked: {panic}")]
    Stumbled {
        /// "issues", "search", "cold".
        name: &'static str,
        /// What the panic said.
        panic: String,
    },
    /// A thread ended by a panic: a defect.
    #[error("the thread of {0} panicked")]
    Panicked(&'static str),
}

impl ProjectorError {
    /// Whether it may pass by itself: see [`ReadModelError::may_pass`].
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::ReadModel(error) if error.may_pass())
    }

    /// Whether throwing the projection away and rebuilding it mends this.
    pub(crate) fn is_mended_by_rebuild(&self) -> bool {
        match self {
            Self::ReadModel(error) => error.is_mended_by_rebuild(),
            Self::RecordsDropped { .. } => true,
            _ => false,
        }
    }
}
