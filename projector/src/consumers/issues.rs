//! The consumer behind the issue list.
//!
//! When idle it applies a record as soon as it is durable. Under load batches form
//! by themselves, since records gather while the last transaction commits, and at
//! least [`PACE`] passes between two transactions, so that a steady trickle does
//! not cost a transaction an event.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{Floor, LogReader};
use event_model::{ControlState, Position};
use read_model::{
    Generation,
    issues::{IssueWriter, writer::Durability},
};

use super::{Consumer, Progress, Stop, WAIT};
use crate::{
    ProjectorError,
    careful::Tripwire,
    history::{History, Span},
    issues::fold::{BatchEnd, IssueFold},
};

/// Least time between the starts of two transactions.
const PACE: Duration = Duration::from_millis(20);
/// Most records of a transaction: bounds its memory and its time.
const BATCH_RECORDS_MAX: u64 = 50_000;
/// Longest time a transaction gathers records.
const BATCH_TIME_MAX: Duration = Duration::from_millis(250);
/// Longest wait for search where events are grouped anew: others wait meanwhile, and a
/// hundred thousand events take it some seconds.
const MEET_MAX: Duration = Duration::from_secs(5);
/// How often to look whether it has come.
const MEET_EVERY: Duration = Duration::from_millis(2);
/// Between two looks whether the disk has little room left.
const ROOM_EVERY: Duration = Duration::from_secs(1);
/// Records between two looks at the clock.
const CLOCK_EVERY: u64 = 256;

/// See the module.
#[derive(Debug)]
pub(crate) struct IssueConsumer {
    generation: Generation,
    fold: IssueFold,
    /// How far search is.
    search: Arc<Progress>,
    last_step: Option<Instant>,
    /// What is to stay free of the disk.
    floor: Floor,
    last_look: Instant,
    is_damaged: bool,
}

impl IssueConsumer {
    pub(crate) fn new(
        generation: Generation,
        writer: IssueWriter,
        search: Arc<Progress>,
        tripwire: Tripwire,
    ) -> Self {
        let path = generation.issues_path();
        Self {
            generation,
            fold: IssueFold::new(path, Durability::Live, writer, tripwire),
            search,
            last_step: None,
            floor: Floor::default(),
            last_look: Instant::now(),
            is_damaged: false,
        }
    }

    /// With so much of the disk to stay free.
    pub(crate) fn on_disk(self, floor: Floor) -> Self {
        Self { floor, ..self }
    }

    /// Now and then, while the disk has little room left, gives back what the WAL takes of it: events
    /// would be refused for want of it. Not done is tried again.
    fn give_back_room(&mut self, reader: &LogReader) {
        if self.last_look.elapsed() < ROOM_EVERY {
            return;
        }
        self.last_look = Instant::now();
        // A disk that cannot be asked is the gateway's to report.
        if !reader
            .room(&self.floor)
            .is_ok_and(|room| room.shed_bytes() > 0)
        {
            return;
        }
        if let Err(error) = self.fold.give_back_wal() {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                error,
                "the WAL of the issue database could not be cut back on a disk that is nearly full"
            );
        }
    }
}

/// The log, and the wait for search where events are grouped anew: a list of events and the
/// issues that they are of should change together. Of many events the list comes after: what
/// went as a whole is found meanwhile by what it was called, and what came apart where it was.
struct Meeting<'a> {
    reader: &'a LogReader,
    search: &'a Progress,
    stop: &'a Stop,
}

impl History for Meeting<'_> {
    fn span(&self, from: Position, before: Position) -> Span<'_> {
        self.reader.span(from, before)
    }

    fn control_before(&self, position: Position) -> Result<ControlState, ProjectorError> {
        self.reader.control_before(position)
    }

    fn meet(&self, position: Position) {
        let began = Instant::now();
        let is_coming = || began.elapsed() < MEET_MAX && self.search.error().is_none();
        while self.search.position() < position && is_coming() && !self.stop.is_set() {
            self.stop.sleep(MEET_EVERY);
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
        self.give_back_room(reader);
        if let Some(last) = self.last_step {
            stop.sleep(PACE.saturating_sub(last.elapsed()));
        }
        reader.wait_past(self.position(), WAIT)
    }

    fn step(&mut self, reader: &LogReader, stop: &Stop) -> Result<u64, ProjectorError> {
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
        let meeting = Meeting {
            reader,
            search: &self.search,
            stop,
        };
        Ok(self.fold.take((reader, &meeting), end, is_late)?.records)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::consumers::tests::World;

    /// Bytes of the WAL before and after the next look, with so much to stay free.
    fn wal_bytes(free_bytes_min: u64) -> (u64, u64) {
        let world = World::new();
        world.append(0..200);
        let lock = read_model::WriterLock::acquire(&world.dir.path().join("read-model")).unwrap();
        let generation = Generation::create_new(&lock).unwrap();
        let path = generation.issues_path();
        let writer = IssueWriter::create(&path, Durability::Live).unwrap();
        let floor = Floor {
            free_bytes_min: Some(free_bytes_min),
            ..Floor::default()
        };
        let mut issues =
            IssueConsumer::new(generation, writer, Arc::default(), Tripwire::default())
                .on_disk(floor);
        let (reader, stop) = (world.reader(), Stop::default());
        assert_eq!(issues.step(&reader, &stop).unwrap(), 200);
        let wal = || {
            let name = format!("{}-wal", path.display());
            std::fs::metadata(name).unwrap().len()
        };
        let before = wal();
        issues.last_look = Instant::now().checked_sub(ROOM_EVERY).unwrap();
        assert!(!issues.wait(&reader, &stop));
        (before, wal())
    }

    #[test]
    fn on_a_full_disk_the_wal_gives_back_what_it_takes() {
        let (before, after) = wal_bytes(u64::MAX / 4);
        assert!(before > 0);
        assert_eq!(after, 0);
        let (before, after) = wal_bytes(0);
        assert_eq!(after, before, "there is room");
    }

    #[test]
    fn issues_wait_for_search_and_for_no_end() {
        let world = World::new();
        let (reader, stop, search) = (world.reader(), Stop::default(), Progress::default());
        let meeting = Meeting {
            reader: &reader,
            search: &search,
            stop: &stop,
        };
        std::thread::scope(|scope| {
            let met = scope.spawn(|| meeting.meet(Position(7)));
            search.set_position(Position(6));
            std::thread::sleep(Duration::from_millis(20));
            assert!(!met.is_finished());
            search.set_position(Position(7));
            met.join().unwrap();
        });
        stop.set();
        meeting.meet(Position(8));
    }
}
