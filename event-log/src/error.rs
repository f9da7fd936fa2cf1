//! How the logs fail. Every error names the log, the step and the place; the cause
//! is its `source`.

use std::path::PathBuf;

use event_model::{Position, RecordError};

/// Which of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichLog {
    /// Events and markers.
    Events,
    /// Commands.
    Control,
}

impl std::fmt::Display for WhichLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Events => "events",
            Self::Control => "control",
        })
    }
}

/// Why the logs cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A log's own reason: locked, damaged, unreadable.
    #[error("the {log} log in {} cannot be opened", dir.display())]
    Log {
        /// Which.
        log: WhichLog,
        /// Its folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: log_core::OpenError,
    },
    /// The events log has a marker of a command that the control log has not: the
    /// control log lost acknowledged records, or belongs to other events.
    #[error(
        "the events log has the marker of command {marker}, but the control log ends at {control_end}"
    )]
    ControlBehind {
        /// The highest marker.
        marker: u64,
        /// The last command; 0: none.
        control_end: u64,
    },
    /// The search for the last marker failed.
    #[error("the last marker cannot be read")]
    Read(#[from] ReadError),
    /// The markers that a crash left out could not be written.
    #[error("the markers of commands {first} to {last} cannot be written: {reason}")]
    Markers {
        /// The first command without a marker.
        first: u64,
        /// The last one.
        last: u64,
        /// Why.
        reason: CommitError,
    },
    /// How much room there is cannot be found out.
    #[error("the disk that holds {} cannot be asked for its free space", dir.display())]
    Space {
        /// The folder of the logs.
        dir: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A thread could not be started.
    #[error("the thread {name} cannot be started")]
    Thread {
        /// Its name.
        name: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl OpenError {
    /// Whether no writer has made the logs yet: a follower waits.
    pub fn is_not_there_yet(&self) -> bool {
        match self {
            Self::Log { source, .. } => match source {
                log_core::OpenError::Empty { .. } => true,
                log_core::OpenError::Io { source, .. } => {
                    source.kind() == std::io::ErrorKind::NotFound
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// Why an event was not taken. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The queue is full; try again soon.
    #[error("the queue of events is full: {queued_bytes} of {queued_bytes_max} bytes")]
    Overloaded {
        /// Bytes on the way to the disk.
        queued_bytes: u64,
        /// The bound.
        queued_bytes_max: u64,
    },
    /// The disk is full; heals by itself when there is space again.
    #[error("no space for the log on its disk")]
    NoSpace,
    /// A sync or write failed; the process must end and open the log anew.
    #[error("the log is poisoned by a failed write or sync")]
    Poisoned,
    /// The writer was closed.
    #[error("the log is closed")]
    Closed,
    /// The event can never be stored.
    #[error("an event of {bytes} bytes is larger than the {max} bytes of a record")]
    TooLarge {
        /// Head and body, bytes.
        bytes: usize,
        /// The bound.
        max: usize,
    },
}

/// Why an event or marker that was taken is not durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The disk was full; nothing was stored. Heals by itself.
    #[error("no space for the log on its disk, nothing was stored")]
    NoSpace,
    /// The log could not take the batch, nothing was stored; try again soon.
    #[error("the log's own queue was full, nothing was stored")]
    Overloaded,
    /// The log was poisoned before, nothing was stored.
    #[error("the log is poisoned by a failed write or sync, nothing was stored")]
    Poisoned,
    /// The log was closed before the record was stored.
    #[error("the log was closed before the record was stored")]
    Closed,
    /// The batch is larger than a segment; nothing was stored.
    #[error("a batch of {0} bytes is larger than a segment of the log")]
    TooLarge(u64),
    /// A write or sync failed: whether the record survives is not known.
    #[error("a write or sync failed, whether the record is stored is not known")]
    OutcomeUnknown,
}

impl From<log_core::AppendError> for CommitError {
    fn from(error: log_core::AppendError) -> Self {
        use log_core::AppendError as E;
        match error {
            E::QueueFull { .. } => Self::Overloaded,
            E::NoSpace => Self::NoSpace,
            E::Poisoned { .. } => Self::Poisoned,
            E::TooLarge { bytes, .. } => Self::TooLarge(bytes),
            // `Empty` cannot happen: no batch and no record of ours is empty.
            _ => Self::Closed,
        }
    }
}

impl From<log_core::CommitError> for CommitError {
    fn from(error: log_core::CommitError) -> Self {
        match error {
            log_core::CommitError::NoSpace => Self::NoSpace,
            _ => Self::OutcomeUnknown,
        }
    }
}

/// Why a command was not answered with a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Too many commands are waiting; nothing was stored.
    #[error("{0} commands are waiting already")]
    Overloaded(usize),
    /// The command can never be stored.
    #[error("a command of {bytes} bytes is larger than the {max} bytes of a record")]
    TooLarge {
        /// Its archive, bytes.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// The control record was not stored, nothing happens.
    #[error("the command is not stored")]
    NotStored(#[source] CommitError),
    /// Whether the control record survives is not known.
    #[error("whether the command is stored is not known")]
    OutcomeUnknown,
    /// The command is stored and will take effect when its marker can be written,
    /// at the latest when the log opens next. It must not be sent again.
    #[error("command {number} is stored, but its marker is not yet: it takes effect later")]
    Unmarked {
        /// Its number.
        number: u64,
        /// Why its marker could not be written.
        #[source]
        reason: CommitError,
    },
    /// The writer was closed; nothing was stored.
    #[error("the log is closed")]
    Closed,
}

/// Why the writer did not end in order.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// A log's own reason.
    #[error("the {log} log did not close in order")]
    Log {
        /// Which.
        log: WhichLog,
        /// Why.
        #[source]
        source: log_core::CommitError,
    },
    /// A thread of the writer ended by a panic: a defect.
    #[error("the thread {0} panicked")]
    Thread(&'static str),
}

/// Why a record or a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log's own reason.
    #[error("the {log} log cannot be read")]
    Log {
        /// Which.
        log: WhichLog,
        /// Why.
        #[source]
        source: log_core::ReadError,
    },
    /// Retention dropped the record.
    #[error("record {sequence} of the {log} log is no longer kept: the log begins at {first}")]
    NotRetained {
        /// Which.
        log: WhichLog,
        /// Its sequence number.
        sequence: u64,
        /// The first one kept.
        first: u64,
    },
    /// The bytes passed the log's checksum, but are no sound record.
    #[error("record {sequence} of the {log} log is damaged")]
    Record {
        /// Which.
        log: WhichLog,
        /// Its sequence number.
        sequence: u64,
        /// What is wrong.
        #[source]
        source: RecordError,
    },
    /// A marker names a command that the control log has not.
    #[error("the marker at {position} names command {number}, which the control log has not")]
    CommandMissing {
        /// The marker's place.
        position: Position,
        /// The command's number.
        number: u64,
    },
    /// A body cannot be unpacked.
    #[error("the body of the event at {position} cannot be unpacked: {reason}")]
    Body {
        /// The event's place.
        position: Position,
        /// Why.
        reason: String,
    },
}

/// Maps a log-core read error.
pub(crate) fn read_error(log: WhichLog) -> impl Fn(log_core::ReadError) -> ReadError + Copy {
    move |source| match source {
        log_core::ReadError::NotRetained { sequence, first } => ReadError::NotRetained {
            log,
            sequence,
            first,
        },
        source => ReadError::Log { log, source },
    }
}
