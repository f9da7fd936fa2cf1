//! What is done to an open log, and what must be true of every answer.

use std::path::Path;

use super::model::{Violation, record};
use super::world::{CURSORS, DIR, World, note};
use crate::disk::{Counts, Faults};
use log_core::AppendError;
use log_core::Cursor;
use log_core::WriterState;
use log_core::{Entry, Iter, Reader};
use log_core::{Log, Preface, Stepper};

/// Turns after which a log that has space again must have healed.
const HEAL_TURNS_MAX: u32 = 3;

/// A log that is open.
pub(super) struct Life {
    pub(super) log: Log,
    pub(super) stepper: Stepper,
    /// A reader that goes on from life's begin to its end.
    pub(super) tail: Iter,
    /// What another process sees that follows the log.
    pub(super) follower: Option<Reader>,
    pub(super) cursor: Option<(&'static str, Cursor)>,
    /// What the disk had been through when the log was opened.
    pub(super) born: Counts,
}

impl World {
    /// Does something by chance.
    pub(super) fn act(&mut self, life: &mut Life) -> Result<(), Violation> {
        if self.faults.scarce > 0 && self.rng.below(12) == 0 {
            return self.run_out(life);
        }
        match self.rng.below(38) {
            0..=9 => self.append(life, 1),
            10..=14 => {
                let count = 1 + self.rng.below(5);
                self.append(life, count)
            }
            15..=24 => self.step(life),
            25 if self.is_listable() => self.follow(life),
            25 | 26 => self.look(life),
            27..=29 => self.use_cursor(life),
            30..=35 => self.upkeep(life),
            36 => {
                let free = self.rng.below(3) * self.config.segment_bytes;
                note!(self, "{free} bytes are free");
                self.disk.set_free(Some(free));
                Ok(())
            }
            _ => {
                note!(self, "space is freed");
                self.disk.set_free(None);
                self.heal(life)
            }
        }
    }

    /// Queues a record, or several as a batch.
    pub(super) fn append(&mut self, life: &mut Life, count: u64) -> Result<(), Violation> {
        let ids = self.model.ids(count);
        let mut records: Vec<_> = ids.iter().map(|&id| record(id)).collect();
        let before = life.log.state();
        let taken = match records.pop() {
            Some(only) if count == 1 => life.log.append(only),
            last => {
                records.extend(last);
                if count > 3 && self.rng.below(2) == 0 {
                    // Records that stand in no segment yet, and so go in before the others.
                    let rest = records.split_off(1 + self.rng.below(count - 2) as usize);
                    let preface = Preface {
                        segment_base: 0,
                        records,
                    };
                    life.log.append_batch_after(preface, rest)
                } else {
                    life.log.append_batch(records)
                }
            }
        };
        note!(self, "append {ids:?}: {:?}", taken.as_ref().map(|_| ()));
        match (taken, before) {
            (Ok(ticket), WriterState::Running) => {
                self.model.taken(ids, ticket);
                Ok(())
            }
            (Err(AppendError::Poisoned { .. }), WriterState::Poisoned { .. })
            | (Err(AppendError::NoSpace), WriterState::NoSpace { .. })
            | (Err(AppendError::TooLarge { .. }), _) => Ok(()),
            (taken, before) => Err(format!("a {before:?} log answers an append with {taken:?}")),
        }
    }

    /// One turn of the writer.
    pub(super) fn step(&mut self, life: &mut Life) -> Result<(), Violation> {
        let (before, faults) = (life.log.state(), self.disk.counts());
        let end = life.log.durable_end();
        let goes_on = life.stepper.step();
        self.model.poll()?;
        let after = life.log.state();
        note!(
            self,
            "step: {after:?}, durable end {}",
            life.log.durable_end()
        );
        if matches!(before, WriterState::Poisoned { .. })
            && (after != before || end != life.log.durable_end())
        {
            return Err(format!(
                "a poisoned log went on: {before:?}, then {after:?}"
            ));
        }
        let poisoned = matches!(after, WriterState::Poisoned { .. });
        if poisoned == goes_on || self.model.has_unknown() && !poisoned {
            return Err(format!(
                "the outcome of an append is unknown, but the log is {after:?}"
            ));
        }
        if poisoned && before != after {
            self.report.poisoned += 1;
            // What passes by itself is no reason to give a log up.
            if !self.disk.is_cut() && self.disk.counts().lasting() == faults.lasting() {
                return Err(format!("no write or sync failed, but: {after:?}"));
            }
        }
        if matches!(after, WriterState::NoSpace { .. }) && before != after {
            // The next segment was perhaps prepared, and found no room, some turns ago.
            self.excuse(&life.born, &after)?;
        }
        if life.log.durable_end() != self.model.len() + 1 {
            return Err(format!(
                "{} records are acknowledged, but the durable end is {}",
                self.model.len(),
                life.log.durable_end()
            ));
        }
        Ok(())
    }

    /// There is no descriptor or memory for a while: whatever is done meanwhile, the log heals when there is again.
    fn run_out(&mut self, life: &mut Life) -> Result<(), Violation> {
        note!(self, "descriptors run out");
        self.disk.set_faults(Faults {
            scarce: 1,
            ..self.faults
        });
        for _ in 0..=self.rng.below(4) {
            match self.rng.below(3) {
                0 => self.append(life, 3)?,
                1 => self.upkeep(life)?,
                _ => self.step(life)?,
            }
        }
        note!(self, "there are descriptors again");
        self.disk.set_faults(self.faults);
        self.heal(life)
    }

    /// There is space again: unless something else fails, the log heals by itself.
    fn heal(&mut self, life: &mut Life) -> Result<(), Violation> {
        let faults = self.disk.counts();
        for _ in 0..HEAL_TURNS_MAX {
            if !matches!(life.log.state(), WriterState::NoSpace { .. }) {
                return Ok(());
            }
            self.step(life)?;
        }
        match life.log.state() {
            state @ WriterState::NoSpace { .. } => self.excuse(&faults, &state),
            _ => Ok(()),
        }
    }

    /// Reads on with the life's own iterator, and somewhere at random.
    pub(super) fn look(&mut self, life: &mut Life) -> Result<(), Violation> {
        let faults = self.disk.counts();
        let from = life.tail.position();
        let mut found = Vec::new();
        for entry in &mut life.tail {
            match entry {
                Ok(entry) => found.push(entry),
                Err(error) => {
                    let at = from + found.len() as u64;
                    self.excuse_read(&faults, &error, at)?;
                    // After an error an iterator is done with.
                    let reader = life.log.reader();
                    life.tail = reader.read(at.max(reader.first()));
                    break;
                }
            }
        }
        note!(self, "read {} records from {from}", found.len());
        self.model.check_read(from, &found)?;
        let from = 1 + self.rng.below(self.model.len() + 1);
        let found: Result<Vec<Entry>, _> = life.log.reader().read(from).take(5).collect();
        match found {
            Ok(found) => self.model.check_read(from, &found),
            Err(error) => self.excuse_read(&faults, &error, from),
        }
    }

    /// Looks at the log as another process does that follows it: it sees what is durable, at once.
    fn follow(&mut self, life: &mut Life) -> Result<(), Violation> {
        let faults = self.disk.counts();
        if life.follower.is_none() {
            match Reader::follow_on(&self.io(), Path::new(DIR)) {
                Ok(reader) => life.follower = Some(reader),
                Err(error) => return self.excuse_open(&faults, &error),
            }
        }
        let Some(reader) = &life.follower else {
            return Ok(());
        };
        let (end, wanted) = (reader.durable_end(), life.log.durable_end());
        if end != wanted && self.disk.counts() == faults && !self.disk.is_cut() {
            return Err(format!(
                "a follower sees records to {end}, durable are those to {wanted}"
            ));
        }
        let from = end
            .saturating_sub(1 + self.rng.below(20))
            .max(reader.first());
        let found: Result<Vec<Entry>, _> = reader.read(from).collect();
        note!(
            self,
            "follow: {:?} from {from}",
            found.as_ref().map(Vec::len)
        );
        match found {
            Ok(found) => self.model.check_read(from, &found),
            Err(error) => {
                life.follower = None;
                self.excuse_read(&faults, &error, from)
            }
        }
    }

    pub(super) fn open_cursor(
        &mut self,
        life: &mut Life,
        name: &'static str,
    ) -> Result<(), Violation> {
        life.cursor = None;
        let (faults, first) = (self.disk.counts(), life.log.reader().first());
        let expected = self.cursors.entry(name).or_default();
        match life.log.reader().cursor(name) {
            Ok(cursor) => {
                note!(self, "cursor {name} stands at {}", cursor.position());
                expected.opened(cursor.position(), first)?;
                life.cursor = Some((name, cursor));
                Ok(())
            }
            Err(error) => {
                note!(self, "cursor {name}: {error}");
                expected.not_made(first);
                self.excuse_cursor(&faults, &error)
            }
        }
    }

    fn use_cursor(&mut self, life: &mut Life) -> Result<(), Violation> {
        let Some((name, cursor)) = &mut life.cursor else {
            let name = CURSORS[self.rng.below(CURSORS.len() as u64) as usize];
            return self.open_cursor(life, name);
        };
        let (name, faults) = (*name, self.disk.counts());
        let (first, end) = (life.log.reader().first(), life.log.durable_end());
        let position = first + self.rng.below(end - first + 1);
        let (back, same) = (position < cursor.position(), position == cursor.position());
        let moved = if back {
            cursor.rewind(position, "the proof wants it")
        } else {
            cursor.commit(position)
        };
        note!(self, "cursor {name} to {position}: {moved:?}");
        let expected = self.cursors.entry(name).or_default();
        if !same {
            expected.moved(position, moved.is_ok());
        }
        match moved {
            Ok(()) => Ok(()),
            Err(error) => {
                life.cursor = None;
                self.excuse_cursor(&faults, &error)
            }
        }
    }
}
