//! The consumer behind the issue list.
//!
//! When idle it applies a record as soon as it is durable. Under load batches form
//! by themselves, since records gather while the last transaction commits, and at
//! least [`PACE`] passes between two transactions, so that a steady trickle does
//! not cost a transaction an event.

use std::time::{Duration, Instant};

use event_log::LogReader;
use event_model::Position;
use read_model::{
    Generation,
    issues::{IssueWriter, writer::Durability},
};

use super::{Consumer, Stop, WAIT};
use crate::{
    ProjectorError,
    careful::Tripwire,
    issues::fold::{BatchEnd, IssueFold},
};

/// Least time between the starts of two transactions.
const PACE: Duration = Duration::from_millis(20);
/// Most records of a transaction: bounds its memory and its time.
const BATCH_RECORDS_MAX: u64 = 50_000;
/// Longest time a transaction gathers records.
const BATCH_TIME_MAX: Duration = Duration::from_millis(250);
/// Records between two looks at the clock.
const CLOCK_EVERY: u64 = 256;

/// See the module.
#[derive(Debug)]
pub(crate) struct IssueConsumer {
    generation: Generation,
    fold: IssueFold,
    last_step: Option<Instant>,
    is_damaged: bool,
}

impl IssueConsumer {
    pub(crate) fn new(generation: Generation, writer: IssueWriter, tripwire: Tripwire) -> Self {
        let path = generation.issues_path();
        Self {
            generation,
            fold: IssueFold::new(path, Durability::Live, writer, tripwire),
            last_step: None,
            is_damaged: false,
        }
    }
}

impl Consumer for IssueConsumer {
    const NAME: &'static str = "issues";

    fn position(&self) -> Position {
        self.fold.position()
    }

    fn wait(&mut self, reader: &LogReader, stop: &Stop) -> bool {
        if self.is_damaged {
            stop.sleep(WAIT);
            return false;
        }
        if let Some(last) = self.last_step {
            stop.sleep(PACE.saturating_sub(last.elapsed()));
        }
        reader.wait_past(self.position(), WAIT)
    }

    fn step(&mut self, reader: &LogReader, _stop: &Stop) -> Result<u64, ProjectorError> {
        let started = Instant::now();
        self.last_step = Some(started);
        let (position, first) = (self.position(), reader.first());
        if position.sequence() + 1 < first.sequence() {
            // Only if retention was told not to wait.
            return Err(ProjectorError::RecordsDropped {
                name: Self::NAME,
                position,
                first,
            });
        }
        let end = BatchEnd {
            position: Position(u64::MAX),
            records: BATCH_RECORDS_MAX,
        };
        let is_late =
            |taken: u64| taken.is_multiple_of(CLOCK_EVERY) && started.elapsed() >= BATCH_TIME_MAX;
        Ok(self.fold.take(reader, end, is_late)?.records)
    }

    fn recover(&mut self, error: &ProjectorError) -> Result<(), ProjectorError> {
        if error.is_mended_by_rebuild() {
            // Readers hold this database open, so it cannot be replaced under them.
            tracing::error!(
                "the issue database is of no use any more: it is rebuilt at the next start"
            );
            self.is_damaged = true;
            self.generation.mark_damaged()?;
            return Ok(());
        }
        self.fold.reopen()
    }

    fn close(self) -> Result<(), ProjectorError> {
        Ok(())
    }
}
