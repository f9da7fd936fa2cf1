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

use std::sync::atomic::Ordering;

use event_model::{
    ControlState, Decision, Position,
    command::{DropReason, OverruledCursor},
    control::DroppedRange,
};
use log_core::retention::{self as core, SegmentFacts};

pub use log_core::{
    CursorError,
    retention::{Claim, Plan, Reason, Retention},
};

use crate::{
    control::number_at,
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

/// What the control state says that a drop goes by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The newest drop.
    pub dropped: Option<DroppedRange>,
    /// The number of the newest command that groups events anew; 0: none did.
    pub regrouped: u64,
}

impl From<&ControlState> for Recorded {
    fn from(state: &ControlState) -> Self {
        let newest = state.regroups.values().filter_map(|all| all.back());
        Self {
            dropped: state.dropped,
            regrouped: newest.map(|regroup| regroup.number).max().unwrap_or(0),
        }
    }
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

impl LogReader {
    /// Bytes on disk of the events log.
    pub fn disk_bytes(&self) -> Result<u64, OpenError> {
        let bytes = self.0.events.disk_bytes();
        bytes.map_err(|source| OpenError::Log {
            log: WhichLog::Events,
            dir: log_dir(&self.0.dir, WhichLog::Events),
            source,
        })
    }

    /// Bytes on disk of what one of these cursors has not passed.
    pub(crate) fn unread_bytes(&self, cursors: &[&str]) -> Result<u64, OpenError> {
        let unread = self.0.events.unread_bytes(cursors);
        unread.map_err(|source| OpenError::Log {
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
    /// Drops what `retention` says; `record` appends a command and answers when its control
    /// record is durable. A command that groups events anew needs them until a checkpoint has
    /// what it made, and nothing goes for age or size before.
    pub fn retain<E>(
        &self,
        retention: &Retention,
        recorded: Recorded,
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
        let dropped = recorded.dropped;
        if let Some(range) = dropped.filter(|range| range.below > reader.first()) {
            drop_below(range.below)?;
        }
        let mut plan = reader
            .retention_plan(retention, now_ns)
            .map_err(RetainError::Plan)?;
        if plan.reason.is_some_and(|reason| reason != Reason::Space)
            && let Some(claim) = self
                .wanted_again(recorded.regrouped, retention)
                .map_err(RetainError::Plan)?
        {
            plan = Plan {
                below: reader.first().sequence(),
                wanted: plan.wanted,
                segments: 0,
                bytes: 0,
                reason: None,
                held_by: vec![claim],
                overruled: Vec::new(),
            };
        }
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

impl LogWriter {
    /// The checkpoint's claim, if it has not passed the newest command that groups events anew.
    fn wanted_again(
        &self,
        regrouped: u64,
        retention: &Retention,
    ) -> Result<Option<Claim>, OpenError> {
        let covered = &self.0.regroups_covered;
        let is_required = retention
            .cursors_required
            .iter()
            .any(|name| name == CHECKPOINT);
        if !is_required || regrouped <= covered.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let failed = |source| OpenError::Log {
            log: WhichLog::Events,
            dir: log_dir(&self.reader().0.dir, WhichLog::Events),
            source,
        };
        let position = self.0.events.reader().settled(CHECKPOINT).map_err(failed)?;
        let position = position.unwrap_or(0);
        let done = Position(position.saturating_sub(1));
        // A record that cannot be read now can be later: nothing goes meanwhile.
        if number_at(&self.reader(), done).is_ok_and(|number| number >= regrouped) {
            covered.store(regrouped, Ordering::Relaxed);
            return Ok(None);
        }
        Ok(Some(Claim {
            cursor: CHECKPOINT.to_owned(),
            position,
        }))
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
            Reason::Space => DropReason::Space,
        },
        segments: plan.segments,
        bytes: plan.bytes,
        overruled: overruled.collect(),
    })
}
