//! Why a projection cannot go on. Consumers log it and try again; starting and
//! replaying hand it out.

use event_log::ReadError;
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
    /// A thread could not be started.
    #[error("cannot start the thread {name}")]
    Thread {
        /// Its name.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A thread ended by a panic: a defect.
    #[error("the thread of {0} panicked")]
    Panicked(&'static str),
}

impl ProjectorError {
    /// Whether throwing the projection away and rebuilding it mends this.
    pub(crate) fn is_mended_by_rebuild(&self) -> bool {
        matches!(self, Self::ReadModel(error) if error.is_mended_by_rebuild())
    }
}
