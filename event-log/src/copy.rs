//! Both logs copied away while they are written to, and brought back as of a position.
//!
//! Invariant: what [`LogReader::copies`] of both logs gives belongs together: each command that the events log names is
//! in the control log. After [`cut`] the control log ends with the last command whose marker is kept, so that none
//! takes effect later than it did. Fails with [`CopyError`].

use std::path::{Path, PathBuf};

use event_model::Position;
pub use log_core::{AdoptError, Placed, SegmentCopy};

use crate::{
    control::number_at,
    error::{OpenError, ReadError, WhichLog, read_error},
    folders::log_dir,
    markers::{MarkerHint, last_marker},
    reader::{Entry, LogReader},
};

/// Why a copy could not be brought back.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The files are no log, or cannot be cut there.
    #[error("the {log} log in {} cannot be brought back", dir.display())]
    Adopt {
        /// Which.
        log: WhichLog,
        /// Its folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: AdoptError,
    },
    /// No decision is left in the events log up to the cut.
    #[error(
        "the logs cannot be cut at position {position}: the events log begins at {first}, and the first decision in it is at {earliest}, the earliest position to cut at"
    )]
    NoMarker {
        /// The cut.
        position: Position,
        /// The first record.
        first: Position,
        /// The first marker.
        earliest: Position,
    },
    /// The logs do not open.
    #[error("the logs that were brought back do not open")]
    Open(#[from] OpenError),
    /// Where the control log ends cannot be found out.
    #[error("the commands up to the cut cannot be read")]
    Read(#[from] ReadError),
    /// A segment's bytes were damaged before they were copied.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Bytes and records.
        what: String,
    },
}

impl LogReader {
    /// The segments of one of the logs, oldest first, open if `is_wanted`; see [`log_core::Reader::copies`].
    pub fn copies(
        &self,
        log: WhichLog,
        is_wanted: impl Fn(&SegmentCopy) -> bool,
    ) -> Result<Vec<SegmentCopy>, OpenError> {
        let reader = match log {
            WhichLog::Events => &self.0.events,
            WhichLog::Control => &self.0.control,
        };
        reader.copies(is_wanted).map_err(|source| OpenError::Log {
            log,
            dir: log_dir(&self.0.dir, log),
            source,
        })
    }

    /// The number of the last command in force at the end: that of the last marker.
    pub fn last_command(&self) -> Result<u64, ReadError> {
        let hint = MarkerHint::of(&log_dir(&self.0.dir, WhichLog::Events));
        Ok(last_marker(&self.0.events, self, &hint)?.number)
    }

    /// The last position that was written before `time_ns`, Unix nanoseconds by the server's clock; the one before the
    /// first that is kept if none was.
    pub fn before_time(&self, time_ns: i64) -> Result<Position, ReadError> {
        let first_after = self.0.events.at_time(time_ns);
        let first_after = first_after.map_err(read_error(WhichLog::Events))?;
        Ok(Position(first_after - 1))
    }

    /// When the record at a position was written, Unix nanoseconds; none: there is none that is kept.
    pub fn written_ns(&self, position: Position) -> Result<Option<i64>, ReadError> {
        let found = self.0.events.get(position.sequence());
        let found = found.map_err(read_error(WhichLog::Events))?;
        Ok(found.map(|found| found.time_ns))
    }

    /// When the last record was written, Unix nanoseconds; 0 if there is none.
    pub fn last_written_ns(&self) -> Result<i64, ReadError> {
        let end = self.0.events.durable_end();
        if end <= self.0.events.first() {
            return Ok(0);
        }
        let last = self.0.events.get(end - 1);
        let last = last.map_err(read_error(WhichLog::Events))?;
        Ok(last.map_or(0, |last| last.time_ns))
    }
}

/// Whether a read failed because a segment was sealed or dropped since the reader was opened.
pub fn is_gone(error: &ReadError) -> bool {
    matches!(error, ReadError::Log { source, .. } if source.is_gone())
}

/// Makes logs of the segments that were put into `dir` (`data/log`), oldest first.
pub fn adopt(dir: &Path, events: &[Placed], control: &[Placed]) -> Result<(), CopyError> {
    for (log, placed) in [(WhichLog::Events, events), (WhichLog::Control, control)] {
        let dir = log_dir(dir, log);
        log_core::adopt(&dir, placed).map_err(|source| CopyError::Adopt { log, dir, source })?;
    }
    Ok(())
}

/// Takes away what came after `position` from the logs in `dir`, which no writer has opened: events, and the commands
/// that took effect later. Answers the number of the last command that is left: that is `commands` if it is known.
pub fn cut(dir: &Path, position: Position, commands: Option<u64>) -> Result<u64, CopyError> {
    let number = if let Some(number) = commands {
        number
    } else {
        let reader = LogReader::open_read_only(dir)?;
        let number = number_at(&reader, position)?;
        refuse_without_marker(&reader, position, number)?;
        number
    };
    let ends = [
        (WhichLog::Control, number + 1),
        (WhichLog::Events, position.sequence() + 1),
    ];
    for (log, end) in ends {
        let dir = log_dir(dir, log);
        log_core::cut(&dir, end).map_err(|source| CopyError::Adopt { log, dir, source })?;
    }
    Ok(number)
}

/// Of a log whose oldest records were dropped, the last marker that is left tells a start which commands took effect.
fn refuse_without_marker(
    reader: &LogReader,
    position: Position,
    number: u64,
) -> Result<(), CopyError> {
    let first = reader.first();
    if number == 0 || first.sequence() <= 1 {
        return Ok(());
    }
    for item in reader.read_after(Position(0)) {
        let item = item?;
        if matches!(item.entry, Entry::Command { .. }) {
            let earliest = item.position;
            if earliest <= position {
                return Ok(());
            }
            return Err(CopyError::NoMarker {
                position,
                first,
                earliest,
            });
        }
    }
    Ok(())
}

/// What comparing two pairs of logs came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Same {
    /// Records of the events log that both have, and that are equal byte for byte.
    pub records: u64,
    /// Commands, likewise.
    pub commands: u64,
    /// The first one that is not.
    pub different: Option<String>,
}

/// Compares what both have of the records up to `position` and of the commands up to `number`, byte for byte.
pub fn same_records(
    one: &LogReader,
    other: &LogReader,
    position: Position,
    number: u64,
) -> Result<Same, ReadError> {
    let mut same = Same::default();
    let pairs = [
        (
            WhichLog::Events,
            &one.0.events,
            &other.0.events,
            position.sequence(),
        ),
        (WhichLog::Control, &one.0.control, &other.0.control, number),
    ];
    for (log, one, other, last) in pairs {
        let from = one.first().max(other.first());
        let mut others = other.read(from);
        for entry in one.read(from) {
            let entry = entry.map_err(read_error(log))?;
            if entry.sequence > last {
                break;
            }
            let found = others.next().transpose().map_err(read_error(log))?;
            if found.as_ref() != Some(&entry) {
                same.different = Some(format!("record {} of the {log} log", entry.sequence));
                return Ok(same);
            }
            match log {
                WhichLog::Events => same.records += 1,
                WhichLog::Control => same.commands += 1,
            }
        }
    }
    Ok(same)
}

/// Reads every byte of both logs in `dir` and checks it; damage is named.
pub fn verify(dir: &Path) -> Result<(), CopyError> {
    for log in [WhichLog::Events, WhichLog::Control] {
        let dir = log_dir(dir, log);
        let found = log_core::verify(&dir);
        let found = found.map_err(|source| OpenError::Log { log, dir, source })?;
        let damaged = found
            .segments
            .iter()
            .find(|segment| segment.verdict == log_core::SegmentVerdict::Damaged);
        if let Some(segment) = damaged {
            let what = segment.damage.first().map_or(String::new(), |damage| {
                format!(
                    "bytes {} to {}, records {} to {} (ends exclusive)",
                    damage.bytes.start,
                    damage.bytes.end,
                    damage.sequences.start,
                    damage.sequences.end
                )
            });
            let path = segment.path.clone();
            return Err(CopyError::Damaged { path, what });
        }
    }
    Ok(())
}
