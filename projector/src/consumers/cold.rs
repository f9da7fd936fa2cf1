//! The consumer behind the Parquet files: a segment of the events log that is
//! complete is exported whole, one file a day of receipt.
//!
//! Resuming: the files' names tell which segment was the last one. Whether all days
//! of it were written is checked against the log (heads only); if not, all of them
//! are written again under the same names. So are those with events that were grouped anew,
//! as far as the log still has their segments.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map},
    time::Duration,
};

use event_log::{Entry, LogReader, SegmentSpan, control_at};
use event_model::{Position, ProjectId, StoredEvent};
use read_model::{
    cold::{ColdFile, ColdFileWriter, ColdRow, ColdStore, Place},
    search::schema::day_of,
};

use super::{
    Consumer, Stop,
    grouped::{Grouped, regrouped},
    records::{Records, body_or_none},
};
use crate::{
    ProjectorError,
    careful::{Tripwire, caught, passed_over},
    headline,
};

/// How often to look for a segment that has become complete.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(crate) struct ColdConsumer {
    place: Place,
    /// None until it could be asked what it has.
    open: Option<Open>,
    tripwire: Tripwire,
}

/// With what the files told.
#[derive(Debug)]
struct Open {
    store: ColdStore,
    position: Position,
    grouped: Grouped,
    tripwire: Tripwire,
    /// Commands that were looked at.
    looked: u64,
    /// Those that group events anew of which the files do not know.
    pending: VecDeque<Pending>,
}

/// A command that groups events anew.
#[derive(Debug, Clone, Copy)]
struct Pending {
    number: u64,
    project: ProjectId,
    from: Position,
}

impl ColdConsumer {
    /// Asks nothing yet: a bucket that is away keeps nothing else from its work.
    pub(crate) fn new(place: &Place, tripwire: Tripwire) -> Self {
        Self {
            place: place.clone(),
            open: None,
            tripwire,
        }
    }

    fn open(&mut self, reader: &LogReader) -> Result<&mut Open, ProjectorError> {
        if self.open.is_none() {
            let store = ColdStore::open(&self.place)?;
            self.open = Some(Open::new(store, reader, self.tripwire.clone())?);
        }
        let open = self.open.as_mut();
        Ok(open.expect("it was opened above"))
    }
}

impl Open {
    /// Goes on where the files in `store` end.
    fn new(
        store: ColdStore,
        reader: &LogReader,
        tripwire: Tripwire,
    ) -> Result<Self, ProjectorError> {
        let files = store.files()?;
        let mut position = Position(0);
        if let Some(newest) = files.last() {
            let of_segment = files.iter().filter(|file| file.last == newest.last);
            let present: BTreeSet<String> = of_segment.map(|file| file.date.clone()).collect();
            let expected = days(reader, newest.first, newest.last)?;
            position = if expected.is_subset(&present) {
                newest.last
            } else {
                Position::new(newest.first.partition(), newest.first.sequence() - 1)
            };
        }
        let looked = store.regrouped()?;
        let mut grouped = Grouped::new(ColdConsumer::NAME);
        if looked > 0 {
            grouped.follow(control_at(reader, looked)?);
        }
        Ok(Self {
            store,
            position,
            grouped,
            tripwire,
            looked,
            pending: VecDeque::new(),
        })
    }

    /// Looks at the commands that came since.
    fn look(&mut self, reader: &LogReader) -> Result<(), ProjectorError> {
        if self.looked >= reader.commands_end() {
            return Ok(());
        }
        for record in reader.commands_after(self.looked) {
            let (number, command) = record?;
            self.looked = number;
            if command.decision.groups_anew() {
                let state = control_at(reader, number)?;
                if let Some((project, from)) = regrouped(&state, &command, number) {
                    self.pending.push_back(Pending {
                        number,
                        project,
                        from,
                    });
                }
            }
        }
        Ok(())
    }

    /// Writes the files anew that have events of the project and of which the log still has
    /// the segments; whether all of them.
    fn group_anew(
        &mut self,
        reader: &LogReader,
        stop: &Stop,
        pending: Pending,
    ) -> Result<bool, ProjectorError> {
        self.grouped.follow(control_at(reader, pending.number)?);
        let mut files: BTreeMap<Position, BTreeSet<String>> = BTreeMap::new();
        for file in self.store.files()? {
            files.entry(file.last).or_default().insert(file.date);
        }
        let mut next = pending.from.max(reader.first());
        while next <= self.position
            && let Some(segment) = reader.segment_of(next)
        {
            let last = Position(segment.end.0 - 1);
            if let Some(days) = files.get(&last)
                && has_events_of(reader, &segment, pending.project)?
                && self.export(reader, stop, &segment, Some(days))?.is_none()
            {
                return Ok(false);
            }
            next = segment.end;
        }
        self.store.set_regrouped(pending.number)?;
        Ok(true)
    }

    fn has_work(&self, reader: &LogReader) -> bool {
        let is_looked = self.pending.is_empty() && self.looked >= reader.commands_end();
        !is_looked || self.next_segment(reader).is_some()
    }

    fn step(&mut self, reader: &LogReader, stop: &Stop) -> Result<u64, ProjectorError> {
        self.look(reader)?;
        while let Some(pending) = self.pending.front().copied() {
            if !self.group_anew(reader, stop, pending)? {
                return Ok(0);
            }
            self.pending.pop_front();
        }
        let Some(segment) = self.next_segment(reader) else {
            return Ok(0);
        };
        if self.position.0 > 0 && segment.first.0 > self.position.0 + 1 {
            // Only if retention was told not to wait.
            let (from, to) = (self.position.0 + 1, segment.first.0);
            tracing::error!(from, to, "dropped from the log before they were exported");
        }
        let Some(taken) = self.export(reader, stop, &segment, None)? else {
            // Half a segment: its temporary files go at the next start.
            return Ok(0);
        };
        self.position = Position(segment.end.0 - 1);
        Ok(taken)
    }

    fn next_segment(&self, reader: &LogReader) -> Option<SegmentSpan> {
        let next = self.position.sequence() + 1;
        let next = Position(next.max(reader.first().sequence()));
        reader.segment_of(next).filter(|segment| segment.complete)
    }
}

impl Open {
    /// Writes the files of a segment, of these days or of all; how many records it has. None
    /// if it was stopped.
    fn export(
        &mut self,
        reader: &LogReader,
        stop: &Stop,
        segment: &SegmentSpan,
        days: Option<&BTreeSet<String>>,
    ) -> Result<Option<u64>, ProjectorError> {
        let last = Position(segment.end.0 - 1);
        let before = Position(segment.first.0 - 1);
        self.grouped.bring_to(reader, before)?;
        let mut files: BTreeMap<String, ColdFileWriter<'_>> = BTreeMap::new();
        let mut taken = 0;
        for record in Records::after(reader, before, ColdConsumer::NAME) {
            let (position, entry) = record?;
            if position > last || stop.is_set() {
                break;
            }
            taken += 1;
            self.grouped.pass(position, entry.as_ref());
            let Some(Entry::Event(event)) = entry else {
                continue;
            };
            let date = day_of(event.head().received_ns.to_native());
            if days.is_some_and(|days| !days.contains(&date)) {
                // It was shed.
                continue;
            }
            let file = match files.entry(date) {
                btree_map::Entry::Occupied(open) => open.into_mut(),
                btree_map::Entry::Vacant(vacant) => {
                    let file = ColdFile {
                        last,
                        first: segment.first,
                        date: vacant.key().clone(),
                    };
                    vacant.insert(self.store.create(&file)?)
                }
            };
            let grouped = &mut self.grouped;
            push(file, reader, grouped, position, &event, &self.tripwire)?;
        }
        self.grouped.tell();
        if stop.is_set() {
            return Ok(None);
        }
        for file in files.into_values() {
            file.finish()?;
        }
        Ok(Some(taken))
    }
}

impl Consumer for ColdConsumer {
    const NAME: &'static str = "cold";

    fn position(&self) -> Position {
        self.open.as_ref().map_or(Position(0), |open| open.position)
    }

    fn is_open(&self) -> bool {
        self.open.is_some()
    }

    fn wait(&mut self, reader: &LogReader, stop: &Stop) -> bool {
        if self.open.as_ref().is_none_or(|open| open.has_work(reader)) {
            return true;
        }
        stop.sleep(LOOK_EVERY);
        false
    }

    fn step(&mut self, reader: &LogReader, stop: &Stop) -> Result<u64, ProjectorError> {
        self.open(reader)?.step(reader, stop)
    }

    fn recover(&mut self, _error: &ProjectorError) -> Result<(), ProjectorError> {
        // Nothing under a final name is ever half written; the next step begins the
        // segment anew.
        Ok(())
    }

    fn close(self) -> Result<(), ProjectorError> {
        Ok(())
    }
}

fn push(
    file: &mut ColdFileWriter<'_>,
    reader: &LogReader,
    grouped: &mut Grouped,
    position: Position,
    event: &StoredEvent,
    tripwire: &Tripwire,
) -> Result<(), ProjectorError> {
    let head = event.head();
    let body = body_or_none(reader, position, event);
    let about = caught(|| {
        tripwire.pass(position);
        grouped.group(position, event)
    });
    let group = match about {
        Ok(about) => about,
        Err(panic) => {
            passed_over(ColdConsumer::NAME, position, &panic);
            return Ok(());
        }
    };
    file.push(&ColdRow {
        position,
        head: event.whole(),
        fingerprint: group.fingerprint,
        headline: &headline::of(head, group.headline),
        body: &body,
    })?;
    Ok(())
}

/// Whether a segment has an event of a project.
fn has_events_of(
    reader: &LogReader,
    segment: &SegmentSpan,
    project: ProjectId,
) -> Result<bool, ProjectorError> {
    let before = Position(segment.first.0 - 1);
    for record in Records::after(reader, before, ColdConsumer::NAME) {
        let (position, entry) = record?;
        if position >= segment.end {
            break;
        }
        if let Some(Entry::Event(event)) = entry
            && event.head().project_id.to_native() == project.0
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The days of receipt of the events from `first` to `last`.
fn days(
    reader: &LogReader,
    first: Position,
    last: Position,
) -> Result<BTreeSet<String>, ProjectorError> {
    let before = Position::new(first.partition(), first.sequence() - 1);
    let mut days = BTreeSet::new();
    let mut last_day = i64::MIN;
    for record in Records::after(reader, before, ColdConsumer::NAME) {
        let (position, entry) = record?;
        if position > last {
            break;
        }
        if let Some(Entry::Event(event)) = entry {
            let received_ns = event.head().received_ns.to_native();
            let day = received_ns.div_euclid(86_400_000_000_000);
            if day != last_day {
                last_day = day;
                days.insert(day_of(received_ns));
            }
        }
    }
    Ok(days)
}
