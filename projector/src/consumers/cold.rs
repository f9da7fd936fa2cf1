//! The consumer behind the Parquet files: a segment of the events log that is
//! complete is exported whole, one file a day of receipt.
//!
//! Resuming: the files' names tell which segment was the last one. Whether all days
//! of it were written is checked against the log (heads only); if not, all of them
//! are written again under the same names.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use event_log::{Entry, LogReader, SegmentSpan};
use event_model::{Position, StoredEvent};
use grouping::Grouper;
use read_model::{
    cold::{ColdFile, ColdFileWriter, ColdRow, ColdStore},
    search::schema::day_of,
};

use super::{Consumer, Stop, records::Records};
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
    store: ColdStore,
    position: Position,
    tripwire: Tripwire,
}

impl ColdConsumer {
    /// Goes on where the files in `store` end.
    pub(crate) fn open(
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
        Ok(Self {
            store,
            position,
            tripwire,
        })
    }

    fn next_segment(&self, reader: &LogReader) -> Option<SegmentSpan> {
        let next = self.position.sequence() + 1;
        let next = Position(next.max(reader.first().sequence()));
        reader.segment_of(next).filter(|segment| segment.complete)
    }
}

impl Consumer for ColdConsumer {
    const NAME: &'static str = "cold";

    fn position(&self) -> Position {
        self.position
    }

    fn wait(&mut self, reader: &LogReader, stop: &Stop) -> bool {
        if self.next_segment(reader).is_some() {
            return true;
        }
        stop.sleep(LOOK_EVERY);
        false
    }

    fn step(&mut self, reader: &LogReader, stop: &Stop) -> Result<u64, ProjectorError> {
        let Some(segment) = self.next_segment(reader) else {
            return Ok(0);
        };
        if self.position.0 > 0 && segment.first.0 > self.position.0 + 1 {
            // Only if retention was told not to wait.
            let (from, to) = (self.position.0 + 1, segment.first.0);
            tracing::error!(from, to, "dropped from the log before they were exported");
        }
        let last = Position(segment.end.0 - 1);
        let before = Position(segment.first.0 - 1);
        let mut files: BTreeMap<String, ColdFileWriter<'_>> = BTreeMap::new();
        let mut taken = 0;
        for record in Records::after(reader, before, Self::NAME) {
            let (position, entry) = record?;
            if position > last || stop.is_set() {
                break;
            }
            taken += 1;
            let Some(Entry::Event(event)) = entry else {
                continue;
            };
            let date = day_of(event.head().received_ns.to_native());
            let file = match files.entry(date) {
                std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
                std::collections::btree_map::Entry::Vacant(vacant) => {
                    let file = ColdFile {
                        last,
                        first: segment.first,
                        date: vacant.key().clone(),
                    };
                    vacant.insert(self.store.create(&file)?)
                }
            };
            push(file, reader, position, &event, &self.tripwire)?;
        }
        if stop.is_set() {
            // Half a segment: its temporary files go at the next start.
            return Ok(0);
        }
        for file in files.into_values() {
            file.finish()?;
        }
        self.position = last;
        Ok(taken)
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
    position: Position,
    event: &StoredEvent,
    tripwire: &Tripwire,
) -> Result<(), ProjectorError> {
    let head = event.head();
    let body = match reader.body(position, event) {
        Ok(body) => body,
        Err(error) => {
            // The head is sound: better a row without its body than none, or than a
            // projection that stands still.
            let error: &dyn std::error::Error = &error;
            tracing::error!(%position, error, "body passed over");
            "{}".into()
        }
    };
    let about = caught(|| {
        tripwire.pass(position);
        Grouper::new().group(head)
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
        head,
        fingerprint: group.fingerprint,
        headline: &headline::of(head, group.headline),
        body: &body,
    })?;
    Ok(())
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
