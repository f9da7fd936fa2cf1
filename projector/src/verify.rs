//! The search index and the cold files beside the log: event by event.
//!
//! Of each event that is kept the index has one document, of its project and with its
//! fingerprint by the rules that hold there; and of each event of an exported segment one row of
//! one file has the same, and the log's body byte by byte. Beside a running projector the index
//! is compared as far as it was when the comparison began. What is compared at once is bounded;
//! nothing is changed.

mod files;

use std::{fmt, path::Path};

use event_log::{Entry, LogReader, control_at, number_at};
use event_model::{Fingerprint, Position, ProjectId};
use read_model::{
    cold::{ColdHome, ColdReader, Kept, Place, READING},
    search::reader::Reader,
};

use self::files::each_old;
pub use self::files::verify_cold;
use crate::{
    ProjectorError,
    careful::caught,
    consumers::{grouped::Grouped, records::Records},
};

/// Events compared at once.
const SPAN: u64 = 200_000;

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How far was looked.
    pub position: Position,
    /// Events that were compared.
    pub events: u64,
    /// Of them those that differ, and what there should not be.
    pub different: u64,
    /// The first of them, in words.
    pub differences: Vec<String>,
    most: usize,
}

impl Verified {
    fn new(position: Position, most: usize) -> Self {
        Self {
            position,
            events: 0,
            different: 0,
            differences: Vec::new(),
            most,
        }
    }

    fn differs(&mut self, what: impl fmt::Display) {
        self.different += 1;
        if self.differences.len() < self.most {
            self.differences.push(what.to_string());
        }
    }
}

/// An event as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Expected {
    position: Position,
    project: ProjectId,
    fingerprint: Fingerprint,
}

/// Compares the index in `search_dir` with log and cold files, and names `most` differences.
pub fn verify_search(
    search_dir: &Path,
    cold: &Place,
    reader: &LogReader,
    most: usize,
) -> Result<Verified, ProjectorError> {
    let index = Reader::open(search_dir)?;
    let position = index.refresh()?.min(reader.end());
    let mut found = Verified::new(position, most);
    let files = ColdReader::new(ColdHome::open(cold, READING)?);
    let first = reader.first();
    files.look(first)?;
    let kept = files.kept(first);
    let mut waiting = Waiting::new(&index, &kept, &mut found);
    each_old(&files, first, |expected, segment_ends| {
        waiting.take(expected, segment_ends)
    })?;
    waiting.go_to(Position(first.0 - 1))?;
    each_of_log(reader, position, |expected| waiting.take([expected], true))?;
    waiting.go_to(position)?;
    Ok(found)
}

/// Each event that the log has up to `end`, with its fingerprint as it is there.
fn each_of_log(
    reader: &LogReader,
    end: Position,
    mut each: impl FnMut(Expected) -> Result<(), ProjectorError>,
) -> Result<(), ProjectorError> {
    let before = Position(reader.first().0 - 1);
    let mut grouped = Grouped::new("verify");
    grouped.follow(control_at(reader, number_at(reader, end)?)?);
    grouped.bring_to(reader, before)?;
    for record in Records::after(reader, before, "verify") {
        let (position, entry) = record?;
        if position > end {
            break;
        }
        grouped.pass(position, entry.as_ref());
        if let Some(Entry::Event(event)) = entry
            // What makes grouping panic is in no projection.
            && let Ok(group) = caught(|| grouped.group(position, &event))
        {
            each(Expected {
                position,
                project: ProjectId(event.head().project_id.to_native()),
                fingerprint: group.fingerprint,
            })?;
        }
    }
    Ok(())
}

/// What is expected of a span of positions, until the index is asked for it.
struct Waiting<'a> {
    index: &'a Reader,
    kept: &'a Kept,
    found: &'a mut Verified,
    expected: Vec<Expected>,
    /// Everything up to here was compared.
    done: Position,
}

impl<'a> Waiting<'a> {
    fn new(index: &'a Reader, kept: &'a Kept, found: &'a mut Verified) -> Self {
        Self {
            index,
            kept,
            found,
            expected: Vec::new(),
            done: Position(0),
        }
    }

    /// Takes in events that follow, all up to the last one of them if `is_whole`.
    fn take(
        &mut self,
        expected: impl IntoIterator<Item = Expected>,
        is_whole: bool,
    ) -> Result<(), ProjectorError> {
        self.expected.extend(expected);
        if is_whole && self.expected.len() as u64 >= SPAN {
            let last = self.expected.iter().map(|expected| expected.position).max();
            self.go_to(last.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Compares everything up to `end`.
    fn go_to(&mut self, end: Position) -> Result<(), ProjectorError> {
        if end <= self.done {
            return Ok(());
        }
        let mut expected = std::mem::take(&mut self.expected);
        expected.sort_unstable_by_key(|expected| expected.position);
        let mut hits = self.index.placed(Position(self.done.0 + 1), end)?;
        // The index of a day goes later than its events.
        hits.retain(|hit| self.kept.has(hit.position, hit.received_ns));
        self.done = end;
        let mut hits = hits.into_iter().peekable();
        for expected in expected {
            self.found.events += 1;
            let at = expected.position;
            while let Some(hit) = hits.next_if(|hit| hit.position < at) {
                self.found.differs(format_args!(
                    "position {}: only the index has it",
                    hit.position
                ));
            }
            let Some(hit) = hits.next_if(|hit| hit.position == at) else {
                self.found
                    .differs(format_args!("position {at}: the index lacks it"));
                continue;
            };
            let indexed = Expected {
                position: at,
                project: hit.project_id,
                fingerprint: hit.fingerprint,
            };
            if indexed != expected {
                self.found.differs(format_args!(
                    "position {at}: the index has project {} and fingerprint {}, the log {} and {}",
                    indexed.project, indexed.fingerprint, expected.project, expected.fingerprint
                ));
            }
            while hits.next_if(|hit| hit.position == at).is_some() {
                self.found.differs(format_args!(
                    "position {at}: the index has it more than once"
                ));
            }
        }
        for hit in hits {
            self.found.differs(format_args!(
                "position {}: only the index has it",
                hit.position
            ));
        }
        Ok(())
    }
}
