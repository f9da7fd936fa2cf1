//! The issue projection over its database: records in, transactions out.
//!
//! A batch that panics is void; its records are taken in one by one then, a transaction
//! each, up to the one that panics, which is passed over ([`crate::careful`]).

use std::path::PathBuf;

use event_log::{Entry, LogReader, control_at};
use event_model::Position;
use read_model::{
    ReadModelError,
    issues::{IssueWriter, writer::Durability},
};

use super::Projection;
use crate::{
    ProjectorError,
    careful::{Tripwire, caught, passed_over},
    consumers::records::Records,
    history::History,
};

/// The name that metrics and logs know it by.
const NAME: &str = "issues";

/// Where a batch ends at the latest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchEnd {
    /// The last record.
    pub(crate) position: Position,
    /// This many records.
    pub(crate) records: u64,
}

/// What a batch took in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// All of them.
    pub(crate) records: u64,
    /// Events among them.
    pub(crate) events: u64,
    /// Commands among them.
    pub(crate) commands: u64,
    /// Passed over, notes included.
    pub(crate) others: u64,
}

impl Taken {
    /// Counts another batch, too.
    pub(crate) fn add(&mut self, other: Self) {
        self.records += other.records;
        self.events += other.events;
        self.commands += other.commands;
        self.others += other.others;
    }

    fn count(&mut self, entry: Option<&Entry>) {
        self.records += 1;
        match entry {
            Some(Entry::Event(_)) => self.events += 1,
            Some(Entry::Command { .. }) => self.commands += 1,
            _ => self.others += 1,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct IssueFold {
    path: PathBuf,
    durability: Durability,
    /// None while it cannot be opened again.
    writer: Option<IssueWriter>,
    position: Position,
    /// None until the control state of the position was read.
    projection: Option<Projection>,
    tripwire: Tripwire,
}

impl IssueFold {
    /// Goes on with the database at `path`, which `writer` has open.
    pub(crate) fn new(
        path: PathBuf,
        durability: Durability,
        writer: IssueWriter,
        tripwire: Tripwire,
    ) -> Self {
        let position = writer.position();
        Self {
            path,
            durability,
            position,
            projection: None,
            writer: Some(writer),
            tripwire,
        }
    }

    /// The last record applied.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The database, at its end.
    pub(crate) fn into_writer(self) -> Option<IssueWriter> {
        self.writer
    }

    /// Takes in the next batch; `history` is where records are read again; `is_late` is asked now and then whether it took long
    /// enough.
    pub(crate) fn take(
        &mut self,
        (reader, history): (&LogReader, &dyn History),
        end: BatchEnd,
        is_late: impl Fn(u64) -> bool,
    ) -> Result<Taken, ProjectorError> {
        self.prepare(reader)?;
        match caught(|| self.batch((reader, history), end, &is_late)) {
            Ok(taken) => taken,
            Err(panic) => {
                let position = self.position;
                tracing::error!(%position, panic = panic.0, "a batch after this position panicked: its records are taken one by one");
                self.reopen()?;
                self.prepare(reader)?;
                self.one_by_one((reader, history), end)
            }
        }
    }

    /// Gives back the room that the database's WAL takes.
    pub(crate) fn give_back_wal(&mut self) -> Result<(), ProjectorError> {
        self.writer
            .as_mut()
            .map_or(Ok(()), |writer| Ok(writer.give_back_wal()?))
    }

    /// Goes back to what is stored.
    pub(crate) fn reopen(&mut self) -> Result<(), ProjectorError> {
        self.writer = None;
        let writer = IssueWriter::open_for(&self.path, self.durability)?;
        self.position = writer.position();
        self.projection = None;
        self.writer = Some(writer);
        Ok(())
    }

    /// Makes sure that there is a database, and a projection that knows the control
    /// state of its position.
    fn prepare(&mut self, reader: &LogReader) -> Result<(), ProjectorError> {
        if self.writer.is_none() {
            self.reopen()?;
        }
        if let (Some(writer), None) = (&self.writer, &self.projection) {
            let control = control_at(reader, writer.command())?;
            self.projection = Some(Projection::new(self.position, control));
        }
        Ok(())
    }

    fn batch(
        &mut self,
        (reader, history): (&LogReader, &dyn History),
        end: BatchEnd,
        is_late: &impl Fn(u64) -> bool,
    ) -> Result<Taken, ProjectorError> {
        let mut taken = Taken::default();
        for record in Records::after(reader, self.position, NAME) {
            let (position, entry) = record?;
            if position > end.position {
                break;
            }
            self.take_in(history, position, entry.as_ref())?;
            taken.count(entry.as_ref());
            if taken.records >= end.records || is_late(taken.records) {
                break;
            }
        }
        self.apply()?;
        Ok(taken)
    }

    /// Up to the record that panics, and no further: the fast way goes on behind it.
    fn one_by_one(
        &mut self,
        (reader, history): (&LogReader, &dyn History),
        end: BatchEnd,
    ) -> Result<Taken, ProjectorError> {
        let mut taken = Taken::default();
        for record in Records::after(reader, self.position, NAME) {
            let (position, entry) = record?;
            if position > end.position {
                break;
            }
            let one = caught(|| {
                self.take_in(history, position, entry.as_ref())?;
                self.apply()?;
                Ok::<_, ProjectorError>(())
            });
            let is_passed_over = match one {
                Ok(applied) => {
                    applied?;
                    false
                }
                Err(panic) => {
                    self.reopen()?;
                    self.prepare(reader)?;
                    self.pass_over(position, entry.as_ref());
                    self.apply()?;
                    passed_over(NAME, position, &panic);
                    true
                }
            };
            taken.count(entry.as_ref().filter(|_| !is_passed_over));
            if is_passed_over || taken.records >= end.records {
                break;
            }
        }
        Ok(taken)
    }

    fn take_in(
        &mut self,
        history: &dyn History,
        position: Position,
        entry: Option<&Entry>,
    ) -> Result<(), ProjectorError> {
        let (Some(writer), Some(projection)) = (&mut self.writer, &mut self.projection) else {
            unreachable!("`take` has prepared both")
        };
        self.tripwire.pass(position);
        take_in(projection, writer, history, position, entry)
    }

    fn pass_over(&mut self, position: Position, entry: Option<&Entry>) {
        let command = match entry {
            Some(Entry::Command { number, command }) => Some((*number, command)),
            _ => None,
        };
        if let Some(projection) = &mut self.projection {
            projection.pass_over(position, command);
        }
    }

    fn apply(&mut self) -> Result<(), ReadModelError> {
        if let (Some(writer), Some(projection)) = (&mut self.writer, &mut self.projection) {
            flush(projection, writer)?;
            self.position = writer.position();
        }
        Ok(())
    }
}

/// Writes the batch at hand and begins the next.
pub(crate) fn flush(
    projection: &mut Projection,
    writer: &mut IssueWriter,
) -> Result<(), ReadModelError> {
    writer.apply(projection.finish(writer)?)?;
    projection.begin_next();
    Ok(())
}

/// Hands one record to the projection.
pub(crate) fn take_in(
    projection: &mut Projection,
    writer: &mut IssueWriter,
    history: &dyn History,
    position: Position,
    entry: Option<&Entry>,
) -> Result<(), ProjectorError> {
    match entry {
        Some(Entry::Event(event)) => projection.event(writer, position, event)?,
        Some(Entry::Command { number, command }) if command.decision.regroups() => {
            // Of all before it the database knows the sums, and of nothing before it
            // anybody remembers whose it was.
            flush(projection, writer)?;
            if command.decision.groups_anew() {
                projection.group_anew(writer, history, position, (*number, command))?;
                projection.begin_next();
            } else {
                projection.command(writer, position, *number, command)?;
                flush(projection, writer)?;
            }
            projection.forget();
        }
        Some(Entry::Command { number, command }) => {
            projection.command(writer, position, *number, command)?;
        }
        Some(Entry::Note(note)) => projection.note(writer, position, note)?,
        Some(Entry::Opaque { .. }) | None => projection.skip(position),
    }
    Ok(())
}
