//! Every way in which the log can refuse, one type a call. Messages name the path, the offset and the number.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use crate::format::HeaderFault;
use crate::io::may_pass;
pub use crate::manifest::check::Problem as ManifestProblem;
pub use crate::manifest::file::ManifestError;
pub use crate::sealed::SealedError;

/// Why a log, or a reader of one, could not be opened. Nothing was changed on disk unless stated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process (or another `Log` of this one) writes to it.
    #[error("the log {} is locked by process {pid}", dir.display())]
    Locked {
        /// The log's directory.
        dir: PathBuf,
        /// The holder's process id as it wrote it; 0 when it had not yet.
        pid: u32,
    },
    /// A setting is outside of its range.
    #[error("{setting} is {value}, allowed are {allowed}")]
    Config {
        /// Field of `Config`.
        setting: &'static str,
        /// What it was.
        value: u64,
        /// The allowed range.
        allowed: &'static str,
    },
    /// The operating system failed. Never a sign of damaged data.
    #[error("cannot {step} {}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A directory without a segment was opened for reading.
    #[error("{} holds no log segment", dir.display())]
    Empty {
        /// The log's directory.
        dir: PathBuf,
    },
    /// A segment's first page cannot be used.
    #[error("segment {} cannot be used", path.display())]
    Header {
        /// The segment.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: HeaderFault,
    },
    /// A segment belongs elsewhere: another log, or another number than its name says.
    #[error("segment {} does not belong here: {reason}", path.display())]
    Foreign {
        /// The segment.
        path: PathBuf,
        /// What differs.
        reason: &'static str,
    },
    /// A segment between two others is missing.
    #[error("segment {number} is missing in {}", dir.display())]
    Missing {
        /// The log's directory.
        dir: PathBuf,
        /// Number of the missing segment.
        number: u64,
    },
    /// Records between two segments are missing.
    #[error("segment {} starts at record {found}, but the one before it ends before record {expected}", path.display())]
    Hole {
        /// The later segment.
        path: PathBuf,
        /// Where it should start.
        expected: u64,
        /// Where it starts.
        found: u64,
    },
    /// Two segments claim the same records.
    #[error("segment {} starts at record {found}, but the one before it ends at record {expected}", path.display())]
    Overlap {
        /// The later segment.
        path: PathBuf,
        /// Where it should start.
        expected: u64,
        /// Where it starts.
        found: u64,
    },
    /// A segment was not written behind the one before it.
    #[error("segment {} does not continue {}: its header holds another seal hash", path.display(), before.display())]
    Chain {
        /// The later segment.
        path: PathBuf,
        /// The earlier one.
        before: PathBuf,
    },
    /// The manifest and the directory contradict each other.
    #[error("the segments in {} are not those of its manifest; see `errata log repair`", dir.display())]
    Manifest {
        /// The log's directory.
        dir: PathBuf,
        /// What does not fit.
        #[source]
        problem: ManifestProblem,
    },
    /// The manifest could not be read or stored.
    #[error("the manifest cannot be used")]
    ManifestFile(#[source] ManifestError),
    /// A sealed segment cannot be used.
    #[error("a sealed segment cannot be used")]
    Sealed(#[from] SealedError),
    /// The publication page could not be made.
    #[error("the publication page cannot be used")]
    Page(#[from] PageError),
    /// Acknowledged records have rotted. The bytes are kept; the log can still be opened for reading.
    #[error("segment {} is damaged in bytes {}..{}, acknowledged records {}..{} cannot be read", path.display(), bytes.start, bytes.end, sequences.start, sequences.end)]
    Rot {
        /// The segment.
        path: PathBuf,
        /// Damaged bytes, from the start of the file.
        bytes: Range<u64>,
        /// Records in them.
        sequences: Range<u64>,
    },
    /// A cursor points beyond the last durable record: this is not the log it was made for.
    #[error("cursor {name} is at record {position}, beyond the log's end {durable_end}")]
    CursorBeyondEnd {
        /// The cursor.
        name: String,
        /// Where it stands.
        position: u64,
        /// First sequence number that is not durable.
        durable_end: u64,
    },
    /// A cursor could not be read.
    #[error("cursor cannot be read")]
    Cursor(#[source] CursorError),
}

impl From<ManifestError> for OpenError {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::Io { step, path, source }
            | ManifestError::Passing { step, path, source } => Self::Io { step, path, source },
            ManifestError::NoRoom { path, source, .. } => Self::Io {
                step: "reserve room for",
                path,
                source,
            },
            error => Self::ManifestFile(error),
        }
    }
}

/// Why a record was not taken. It is certain that it is not, and never will be, in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// `queue_bytes_max` bytes wait already; try again later.
    #[error("the log's queue is full: {queued_bytes} of {limit_bytes} bytes wait")]
    QueueFull {
        /// Bytes that wait.
        queued_bytes: usize,
        /// `Config::queue_bytes_max`.
        limit_bytes: usize,
    },
    /// No room for the next segment, or no descriptor or memory to begin it with; try again later, the log heals by
    /// itself. [`crate::Log::state`] has the system's words.
    #[error("the log has no space for its next segment")]
    NoSpace,
    /// A write or sync has failed for good; see [`crate::Log::state`].
    #[error("the log is poisoned by a failed {stage}: {error}")]
    Poisoned {
        /// What failed.
        stage: &'static str,
        /// The first system error.
        error: String,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// The record, or the batch as a whole, is larger than a frame or segment can hold.
    #[error("the append takes {bytes} bytes, allowed are {limit_bytes}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// A record without a byte, or a batch without a record: a length of 0 means "nothing here yet" on disk.
    #[error("an empty record or batch cannot be stored")]
    Empty,
}

/// What became of an append that was taken, when it is not known to be durable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The write or its sync failed: the records may or may not be there after the next start.
    #[error("the outcome is unknown, {stage} failed: {error}")]
    OutcomeUnknown {
        /// What failed.
        stage: &'static str,
        /// The first system error.
        error: String,
    },
    /// There was no room for the next segment. The records were not written.
    #[error("the log has no space for its next segment")]
    NoSpace,
}

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system failed.
    #[error("cannot {step} {}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The bytes of the record, or of its neighbours, have rotted.
    #[error("record {sequence} in segment {} is damaged at byte {offset}: {fault}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the damage begins, from the start of the file.
        offset: u64,
        /// The record that was wanted.
        sequence: u64,
        /// What is wrong.
        fault: Fault,
    },
    /// A sealed segment could not be read.
    #[error("record cannot be read from its sealed segment")]
    Sealed(#[from] SealedError),
    /// The record was acknowledged, and given up by a repair after its bytes had rotted.
    #[error("record {sequence} was lost: a repair gave it up")]
    Lost {
        /// The record that was wanted.
        sequence: u64,
    },
    /// The segments that another process writes could not be listed.
    #[error("the log cannot be followed")]
    Follow(#[source] Box<OpenError>),
    /// The record was there once, but its segment is not retained.
    #[error("record {sequence} is no longer kept, the first one is {first}")]
    NotRetained {
        /// The record that was wanted.
        sequence: u64,
        /// First retained record.
        first: u64,
    },
}

impl ReadError {
    /// Whether a file was not there: it was replaced or dropped after it had been listed.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// What is wrong with the bytes at some place of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing was written where a frame should be.
    #[error("a frame is missing")]
    Missing,
    /// No frame header of this segment at this offset.
    #[error("the frame header fails its checksum")]
    Header,
    /// The payload's CRC does not match.
    #[error("the payload fails its checksum")]
    Payload,
    /// The frame reaches beyond the end of the segment.
    #[error("the frame ends beyond its segment")]
    Length,
    /// The frame is not the one that belongs here.
    #[error("the sequence number is not the next one")]
    Sequence,
    /// A batch without its end.
    #[error("a batch has no end")]
    Batch,
    /// Every frame is whole, and yet the segment is not the one that was sealed.
    #[error("the frames are not those that were sealed")]
    Chain,
    /// A frame kind or flag that is reserved.
    #[error("the frame kind is reserved")]
    Reserved,
}

/// Why a cursor could not be opened, moved or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// Names are 1 to 64 of `a-z`, `0-9`, `-`, `_`.
    #[error("cursor name {0:?} is not 1 to 64 of a-z, 0-9, '-', '_'")]
    Name(String),
    /// Another holder has it open.
    #[error("cursor {0} is held by another reader")]
    Held(String),
    /// Both of its slots are unreadable.
    #[error("cursor {name} in {} has no valid slot", path.display())]
    Damaged {
        /// The cursor.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// It points beyond the last durable record.
    #[error("cursor {name} would be at record {position}, beyond the log's end {durable_end}")]
    BeyondEnd {
        /// The cursor.
        name: String,
        /// Where it would stand.
        position: u64,
        /// First sequence number that is not durable.
        durable_end: u64,
    },
    /// A commit may not go back; rewinding is a call of its own.
    #[error("cursor {name} cannot go back from record {from} to {to} by a commit")]
    Backwards {
        /// The cursor.
        name: String,
        /// Where it stands.
        from: u64,
        /// Where it was asked to go.
        to: u64,
    },
    /// A rewind needs a reason of 1 to 200 bytes, and a target that is not ahead.
    #[error("cursor {name} cannot rewind: {reason}")]
    Rewind {
        /// The cursor.
        name: String,
        /// What is missing.
        reason: &'static str,
    },
    /// The operating system failed.
    #[error("cannot {step} {}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

/// Why complete segments could not be sealed, redacted, dropped or looked at. The log is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaintainError {
    /// The directory or a file of it cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A segment cannot be sealed, or its sealed file not be read.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// Records cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The manifest cannot be stored.
    #[error("the manifest cannot be stored")]
    Manifest(#[from] ManifestError),
    /// Nothing to redact under this number.
    #[error("record {sequence} is not in the log")]
    NoSuchRecord {
        /// The record.
        sequence: u64,
    },
    /// The segment is still written to.
    #[error(
        "record {sequence} is in the segment that is still written to; complete it first (`Log::roll`)"
    )]
    StillOpen {
        /// The record.
        sequence: u64,
    },
    /// A replacement must fit exactly.
    #[error("the replacement for record {sequence} has {found} bytes, it must have {expected}")]
    Length {
        /// The record.
        sequence: u64,
        /// Bytes of its payload.
        expected: usize,
        /// Bytes of the replacement.
        found: usize,
    },
}

impl MaintainError {
    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Open(OpenError::Io { source, .. })
            | Self::Sealed(SealedError::Io { source, .. })
            | Self::Read(ReadError::Io { source, .. }) => Some(source),
            _ => None,
        }
    }

    /// Whether there was no room on the disk, or no descriptor or memory, at the moment.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Manifest(error) => error.may_pass(),
            _ => self.io().is_some_and(may_pass),
        }
    }

    /// Whether a file was not there any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.io()
            .is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
    }
}

/// Why a publication page could not be opened. The writer replaces a page that it cannot use, but for `Io`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// No writer of a release that publishes has opened the log yet; start one, or read the log offline.
    #[error("{} is not there: no writer has published yet", path.display())]
    Missing {
        /// The page.
        path: PathBuf,
    },
    /// It is not one page long.
    #[error("publication page {} is {bytes} bytes long, expected are 4096; restart the writer to replace it", path.display())]
    Length {
        /// The page.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// Its first bytes are not a publication page's, or fail their checksum.
    #[error("publication page {} is damaged in bytes 0..36; restart the writer to replace it", path.display())]
    Damaged {
        /// The page.
        path: PathBuf,
    },
    /// Written by another release.
    #[error("publication page {} is of version {found}, this release reads version 1; run the writer's release", path.display())]
    Version {
        /// The page.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// It is another log's.
    #[error("publication page {} belongs to another log; restart the writer to replace it", path.display())]
    Foreign {
        /// The page.
        path: PathBuf,
    },
    /// The operating system failed.
    #[error("cannot {step} {}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}
