//! Where the markers stand: found from the end of the events log, on open.
//!
//! Invariant: a marker that stands in the log is never written again. The last one
//! is searched for backwards; after a long time without a command that would read
//! gigabytes, so the place of the last marker is noted in a file. The file is a hint:
//! it counts only if its marker is where it says, and if the control log has nothing
//! behind that one's command. A wrong or missing hint costs time, nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
};

use event_model::{
    Decision,
    record::{SCHEMA_MARKER_V1, decode_marker},
};
use log_core::{Entry, Reader};

use crate::{
    error::{ReadError, WhichLog, read_error},
    reader::LogReader,
};

/// Beside the segments of the events log, so that both are copied together.
const HINT_NAME: &str = "last-marker";

/// The file that tells where the last marker stands: its number and its place.
#[derive(Debug)]
pub(crate) struct MarkerHint {
    path: PathBuf,
}

impl MarkerHint {
    /// The hint of the events log in this folder.
    pub(crate) fn of(events_dir: &Path) -> Self {
        Self {
            path: events_dir.join(HINT_NAME),
        }
    }

    /// Notes the last marker. Not synced: an older hint, or none, is as true.
    pub(crate) fn note(&self, number: u64, sequence: u64) {
        let new = self.path.with_extension("new");
        let noted = fs::write(&new, format!("{number} {sequence}\n"))
            .and_then(|()| fs::rename(&new, &self.path));
        if let Err(error) = noted {
            tracing::warn!(%error, path = %self.path.display(), "the last marker's place is not noted");
        }
    }

    fn read(&self) -> Option<(u64, u64)> {
        let text = fs::read_to_string(&self.path).ok()?;
        let (number, sequence) = text.trim_end().split_once(' ')?;
        Some((number.parse().ok()?, sequence.parse().ok()?))
    }

    /// The number of the marker it names, if that marker is there.
    fn verified(&self, events: &Reader) -> Option<u64> {
        let (number, sequence) = self.read()?;
        let entry = events.get(sequence).ok()??;
        let is_there = entry.schema == SCHEMA_MARKER_V1
            && decode_marker(&entry.payload).is_ok_and(|found| found == number);
        is_there.then_some(number)
    }
}

/// What the search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastMarker {
    /// The marker's number; 0: there is none.
    pub(crate) number: u64,
    /// Records that were looked at.
    pub(crate) records: u64,
}

/// The last command that has a marker. Walks the segments from the last one back,
/// each forward, and ends with the first that holds a marker; behind the last segment
/// the hint spares the walk.
///
/// Of a log whose oldest records were dropped, commands below the first retained
/// marker have theirs too. If no marker at all is retained (some repair cut the last
/// one out), those up to the newest drop count as marked: a drop is recorded first.
pub(crate) fn last_marker(
    events: &Reader,
    control: &LogReader,
    hint: &MarkerHint,
) -> Result<LastMarker, ReadError> {
    let first = events.first();
    let mut end = events.durable_end();
    let mut records = 0;
    let mut is_tail = true;
    while end > first {
        let start = events
            .segment_of(end - 1)
            .map_or(first, |segment| segment.base.max(first));
        let (number, looked_at) = last_marker_of(events, start, end)?;
        records += looked_at;
        if number > 0 {
            return Ok(LastMarker { number, records });
        }
        if std::mem::take(&mut is_tail)
            && let Some(number) = hint.verified(events)
            && number == control.commands_end()
        {
            return Ok(LastMarker { number, records });
        }
        end = start;
    }
    let number = if first > 1 { newest_drop(control)? } else { 0 };
    Ok(LastMarker { number, records })
}

/// The last marker's number among these records, 0: none; and how many they are.
fn last_marker_of(events: &Reader, start: u64, end: u64) -> Result<(u64, u64), ReadError> {
    let mut last = 0;
    let mut records = 0;
    for entry in events.read(start) {
        let entry = entry.map_err(read_error(WhichLog::Events))?;
        if entry.sequence >= end {
            break;
        }
        records += 1;
        if entry.schema == SCHEMA_MARKER_V1 {
            last = number_of(&entry)?;
        }
    }
    Ok((last, records))
}

fn number_of(entry: &Entry) -> Result<u64, ReadError> {
    decode_marker(&entry.payload).map_err(|source| ReadError::Record {
        log: WhichLog::Events,
        sequence: entry.sequence,
        source,
    })
}

/// The number of the newest command that dropped a range; 0: none.
fn newest_drop(control: &LogReader) -> Result<u64, ReadError> {
    let mut newest = 0;
    for record in control.commands_after(0) {
        let (number, command) = record?;
        if matches!(command.decision, Decision::RangeDropped { .. }) {
            newest = number;
        }
    }
    tracing::warn!(newest, "no marker is retained in the events log");
    Ok(newest)
}

#[cfg(test)]
mod tests;
