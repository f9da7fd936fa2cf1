//! Events that only the cold files still have, for an index that is built anew: the log begins
//! behind them.
//!
//! They are taken in as their files tell them: which issue they belong to was last decided
//! while the log had them. Invariant: the files of a segment are taken in whole or not at all,
//! for those of two days have places that mix.

use event_log::{Entry, LogReader};
use event_model::Position;
use read_model::{
    ReadModelError,
    cold::{ColdFile, ColdHome, ColdReader, Place, WRITING},
    search::{SearchWriter, schema::day_of},
};

use super::{Consumer, Known, SearchConsumer};
use crate::{ProjectorError, consumers::records::Records};

/// Records looked at for the log's first event.
const LOOKED_AT_MAX: usize = 10_000;
/// Events stored at the same time came within less.
const SKEW_NS: i64 = 3_600_000_000_000;

/// The way to the cold files, opened when it is first needed.
#[derive(Debug)]
pub(crate) struct Old {
    place: Place,
    reader: Option<ColdReader>,
}

/// What was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    /// Everything up to here was.
    pub(crate) end: Position,
    /// Events.
    pub(crate) events: u64,
}

impl Old {
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            place: place.clone(),
            reader: None,
        }
    }

    fn reader(&mut self) -> Result<&ColdReader, ReadModelError> {
        if self.reader.is_none() {
            let reader = ColdReader::new(ColdHome::open(&self.place, WRITING)?);
            reader.look(Position(u64::MAX))?;
            self.reader = Some(reader);
        }
        let reader = self.reader.as_ref();
        Ok(reader.expect("it was opened above"))
    }
}

/// The days of an index of which no event is left, neither in the log nor in a cold file.
pub(crate) fn days_without_events(
    days: &[String],
    old: &mut Old,
    log: &LogReader,
) -> Result<Vec<String>, ProjectorError> {
    let Some(log_day) = first_day(log)? else {
        return Ok(Vec::new());
    };
    let before_log: Vec<&String> = days.iter().filter(|day| **day < log_day).collect();
    if before_log.is_empty() {
        return Ok(Vec::new());
    }
    let kept = old.reader()?.home().day_names()?;
    let lacks = |day: &&&String| kept.binary_search(day).is_err();
    Ok(before_log
        .iter()
        .filter(lacks)
        .map(|day| (*day).clone())
        .collect())
}

/// The day on which the oldest event came that the log has; none if it has none, or none for
/// so long that it costs too much to look further.
fn first_day(log: &LogReader) -> Result<Option<String>, ProjectorError> {
    let before = Position(log.first().0 - 1);
    for record in Records::after(log, before, SearchConsumer::NAME).take(LOOKED_AT_MAX) {
        if let (_, Some(Entry::Event(event))) = record? {
            // Of those that came at the same time some may have been stored first.
            let received_ns = event.head().received_ns.to_native() - SKEW_NS;
            return Ok(Some(day_of(received_ns)));
        }
    }
    Ok(None)
}

/// Takes in the events of the next segment behind `after`, of which the log, that begins at
/// `log_first`, has not all; the end of what is missing in the log if there is none. None if it
/// is over before it is done, then the writer has half of it and must not commit.
pub(crate) fn index_old(
    writer: &mut SearchWriter,
    old: &mut Old,
    (after, log_first): (Position, Position),
    is_over: impl Fn() -> bool,
) -> Result<Option<Read>, ProjectorError> {
    let before_log = Position(log_first.0 - 1);
    let cold = old.reader()?;
    let files = cold.files();
    let files = files.iter().map(|listed| &listed.file);
    let is_missing = |file: &&ColdFile| file.last > after && file.first < log_first;
    let missing: Vec<&ColdFile> = files.filter(is_missing).collect();
    let Some(next) = missing.first() else {
        return Ok(Some(Read {
            end: before_log,
            events: 0,
        }));
    };
    let mut events = 0;
    for file in missing.iter().filter(|file| file.last == next.last) {
        let mut is_whole = true;
        let walked = cold.walk(file, after, |found| {
            for fault in &found.faults {
                let error: &dyn std::error::Error = fault;
                tracing::error!(error, "row of a cold file passed over");
            }
            let mut found: Vec<_> = found.events.into_values().collect();
            found.sort_unstable_by_key(|event| event.position);
            for event in found.iter().filter(|event| event.position < log_first) {
                let known = Known {
                    position: event.position,
                    event: &event.event,
                    body: &event.body,
                    fingerprint: event.fingerprint,
                    title: &event.headline.title,
                };
                known.put(writer, SearchWriter::add)?;
                events += 1;
            }
            is_whole = !is_over();
            Ok(is_whole)
        });
        match walked {
            // A file that cannot be read costs its events, not the index.
            Err(ProjectorError::ReadModel(error)) if !error.is_of_store() && !error.may_pass() => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "cold file passed over");
            }
            Err(ProjectorError::ReadModel(error)) if error.is_missing_object() => {}
            walked => walked?,
        }
        if !is_whole {
            return Ok(None);
        }
    }
    Ok(Some(Read {
        end: next.last.min(before_log),
        events,
    }))
}
