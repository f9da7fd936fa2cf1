//! Retention of the events log: what may go, the cursors that hold it back, and the
//! drop itself.
//!
//! A drop is a command like any other: first the control record, then its marker,
//! then the segments go. Invariants: the control log says of every dropped range that
//! it went, and why; a crash between any two steps is finished by the next
//! [`LogWriter::retain`], which drops again up to what is recorded and records
//! nothing twice. The control log itself is kept for good.
//!
//! Units: bytes on disk, Unix nanoseconds. Fails with [`RetainError`]; nothing is lost
//! by trying again.

use event_model::{
    Decision, Position,
    command::{DropReason, OverruledCursor},
    control::DroppedRange,
};
use log_core::retention::{self as core, SegmentFacts};

pub use log_core::{
    CursorError,
    retention::{Claim, Plan, Reason, Retention},
};

use crate::{
    error::{OpenError, WhichLog},
    folders::log_dir,
    reader::LogReader,
    writer::LogWriter,
};

/// Why a range could not be dropped.
#[derive(Debug, thiserror::Error)]
pub enum RetainError<E> {
    /// Segments or cursors cannot be looked at.
    #[error("what may be dropped from the events log cannot be found out")]
    Plan(#[source] OpenError),
    /// The drop could not be recorded, so nothing was dropped.
    #[error("that events are dropped could not be recorded")]
    Record(#[source] E),
    /// Recorded, but not (wholly) done; the next time goes on.
    #[error("the events below {below} could not be dropped")]
    Drop {
        /// The first one to be kept.
        below: Position,
        /// Why.
        #[source]
        source: log_core::MaintainError,
    },
}

/// What [`LogWriter::retain`] found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    /// The first position kept.
    pub first: Position,
    /// Segments dropped, those included that a crash had left.
    pub segments: u64,
    /// Bytes on disk that they took.
    pub bytes: u64,
    /// What was decided, and who holds back more.
    pub plan: Plan,
}

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
    pub fn log_id(&self) -> [u8; 16] {
        self.0.events.log_id()
    }

    /// What may be dropped from the events log at `now_ns`.
    pub fn retention_plan(&self, retention: &Retention, now_ns: i64) -> Result<Plan, OpenError> {
        let plan = self.0.events.retention_plan(retention, now_ns);
        plan.map_err(|source| OpenError::Log {
            log: WhichLog::Events,
            dir: log_dir(&self.0.dir, WhichLog::Events),
            source,
        })
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
        .map(|cursor| (cursor.name.clone(), cursor.settled))
        .collect();
    core::plan(&facts, &cursors, retention, now_ns)
}

impl LogWriter {
    /// Drops what `retention` says. `recorded` is the newest drop of the control state;
    /// `record` appends a command and answers when its control record is durable.
    pub fn retain<E>(
        &self,
        retention: &Retention,
        recorded: Option<DroppedRange>,
        now_ns: i64,
        record: impl FnOnce(Decision) -> Result<(), E>,
    ) -> Result<Retained, RetainError<E>> {
        let reader = self.reader();
        let (mut segments, mut bytes) = (0, 0);
        let mut drop_below = |below: Position| -> Result<(), RetainError<E>> {
            let dropped = self.0.events.drop_below(below.sequence());
            let dropped = dropped.map_err(|source| RetainError::Drop { below, source })?;
            segments += dropped.segments;
            bytes += dropped.bytes;
            Ok(())
        };
        // A crash came between the record and the drop.
        if let Some(range) = recorded.filter(|range| range.below > reader.first()) {
            drop_below(range.below)?;
        }
        let plan = reader
            .retention_plan(retention, now_ns)
            .map_err(RetainError::Plan)?;
        if let Some(decision) = decision(&plan) {
            record(decision).map_err(RetainError::Record)?;
            drop_below(Position(plan.below))?;
        }
        Ok(Retained {
            first: reader.first(),
            segments,
            bytes,
            plan,
        })
    }
}

/// The command that says what goes; none if nothing does.
fn decision(plan: &Plan) -> Option<Decision> {
    let overruled = plan.overruled.iter().map(|claim| OverruledCursor {
        cursor: claim.cursor.clone(),
        position: claim.position,
    });
    Some(Decision::RangeDropped {
        below: plan.below,
        reason: match plan.reason? {
            Reason::Age => DropReason::Age,
            Reason::Size => DropReason::Size,
        },
        segments: plan.segments,
        bytes: plan.bytes,
        overruled: overruled.collect(),
    })
}
