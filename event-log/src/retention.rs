//! Retention of the events log: what may go, and the cursors that hold it back.
//!
//! Units: bytes on disk, Unix nanoseconds.

use event_model::Position;
use log_core::retention::{self as core, SegmentFacts};

pub use log_core::{
    CursorError,
    retention::{Claim, Plan, Reason, Retention},
};

use crate::{
    error::{OpenError, WhichLog},
    reader::LogReader,
    writer::log_dir,
};

/// Cursor of the checkpoint that a rebuild of the issues starts from.
pub const CHECKPOINT: &str = "checkpoint";
/// Cursors that every drop waits for: what is behind them is in no other place yet.
pub const REQUIRED: [&str; 3] = [CHECKPOINT, "search", "cold"];

/// The log's own cursor: what its owner has done with. Retention waits for those it
/// is told to; each is held by one owner until dropped.
#[derive(Debug)]
pub struct LogCursor {
    cursor: log_core::Cursor,
    reader: LogReader,
}

impl LogCursor {
    /// Everything up to here is done.
    pub fn position(&self) -> Position {
        Position(self.cursor.position().saturating_sub(1))
    }

    /// Says that everything up to `done` is done: durable when it returns. Goes back if
    /// that is behind, as far as the log is kept: what was built was lost, and the
    /// records are wanted again.
    pub fn set(&mut self, done: Position) -> Result<(), CursorError> {
        let wanted = (done.sequence() + 1).max(self.reader.first().sequence());
        if wanted < self.cursor.position() {
            return self.cursor.rewind(wanted, "its owner is built anew");
        }
        self.cursor.commit(wanted)
    }
}

impl LogReader {
    /// Opens the events log's cursor of this name, or makes it at the first record
    /// kept.
    pub fn cursor(&self, name: &str) -> Result<LogCursor, CursorError> {
        Ok(LogCursor {
            cursor: self.0.events.cursor(name)?,
            reader: self.clone(),
        })
    }

    /// The events log's random identity.
    pub fn log_id(&self) -> Result<[u8; 16], OpenError> {
        Ok(self.events_stat()?.log_id)
    }

    /// What may be dropped from the events log at `now_ns`.
    pub fn retention_plan(&self, retention: &Retention, now_ns: i64) -> Result<Plan, OpenError> {
        Ok(plan(&self.events_stat()?, retention, now_ns))
    }

    fn events_stat(&self) -> Result<log_core::Stat, OpenError> {
        let (log, dir) = (WhichLog::Events, log_dir(&self.0.dir, WhichLog::Events));
        log_core::stat(&dir).map_err(|source| OpenError::Log { log, dir, source })
    }
}

/// What may be dropped of a log that looks like this.
pub fn plan(stat: &log_core::Stat, retention: &Retention, now_ns: i64) -> Plan {
    let ends = stat.segments.iter().skip(1).map(|next| next.created_ns);
    let facts: Vec<SegmentFacts> = stat
        .segments
        .iter()
        .zip(ends.chain([i64::MAX]))
        .map(|(segment, last_ns)| SegmentFacts {
            number: segment.number,
            base: segment.base,
            end: segment.end,
            last_ns,
            disk_bytes: segment.disk_bytes,
            complete: segment.complete,
        })
        .collect();
    let cursors: Vec<(String, u64)> = stat
        .cursors
        .iter()
        .map(|cursor| (cursor.name.clone(), cursor.position))
        .collect();
    core::plan(&facts, &cursors, retention, now_ns)
}
