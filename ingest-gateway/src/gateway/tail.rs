//! What a start reads of the events log's tail: the ids of the newest events, to tell
//! duplicates, and what was stored in the running hour, for the quotas.
//!
//! Invariant: what the running hour holds is counted whole, however much it is: the place at
//! which it begins is searched for, by the times in the records, and read on from there.
//! Fails with [`StartError::Read`] where the log cannot be read; a record that is damaged
//! costs one id and one count.

use std::sync::Arc;

use event_log::{Entry, LogReader, LogWriter, ReadError};
use event_model::{EventId, Note, Position, ProjectId};
use ground::Clock;

use super::StartError;
use crate::{
    limits::{Category, Usage, hour_of, usage::HOUR_NS},
    recent::Recent,
};

/// Records stand in the order of their appends, which is that of receipt but for what took
/// long to read: a stream of messages lasts 5 minutes by default, so twice that.
const LATE_NS: i64 = 600_000_000_000;
/// Records that are looked at to find one that tells its time: markers stand between.
const PROBE_MAX: usize = 64;

/// What was found.
pub(super) struct Tail {
    pub(super) recent: Arc<Recent>,
    pub(super) usage: Usage,
}

/// Reads the newest `count` records at least, and the running hour.
pub(super) async fn read(log: &LogWriter, count: usize, clock: &Clock) -> Result<Tail, StartError> {
    let (reader, now_ns) = (log.reader(), clock.now_ns());
    let reading = tokio::task::spawn_blocking(move || read_with(&reader, count, now_ns));
    let read = reading.await.map_err(|_| StartError::Panicked)?;
    read.map_err(|source| StartError::Read {
        what: "tail of the events log",
        source,
    })
}

fn read_with(reader: &LogReader, count: usize, now_ns: i64) -> Result<Tail, ReadError> {
    let tail = Tail {
        recent: Recent::new(count),
        usage: Usage::default(),
    };
    let end = reader.end();
    let first = reader.first().sequence().saturating_sub(1);
    let newest = end.sequence().saturating_sub(count as u64).max(first);
    let hour = hour_of(now_ns);
    let of_hour = begin_of(reader, (first, end.sequence()), hour * HOUR_NS - LATE_NS)?;
    for item in reader.read_after(Position::new(end.partition(), newest.min(of_hour))) {
        let item = match item {
            Ok(item) => item,
            // One damaged record costs one id, not the start.
            Err(error @ ReadError::Log { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "a record of the log's tail is passed over");
                continue;
            }
        };
        match &item.entry {
            Entry::Event(event) => {
                let head = event.head();
                let project = ProjectId(head.project_id.to_native());
                if item.position.sequence() > newest {
                    tail.recent.note(project, EventId(head.event_id));
                }
                let received = hour_of(head.received_ns.to_native());
                if received >= hour - 1 {
                    tail.usage.note(project, Category::Error, received, 1);
                }
            }
            Entry::Note(note) => {
                let of = (note.project_id(), Category::of_note(note));
                if let (Some(project), Some((category, items))) = of {
                    let received = hour_of(time_of(note));
                    if received >= hour - 1 {
                        let project = ProjectId(project);
                        tail.usage.note(project, category, received, items);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(tail)
}

/// A place before the first record that was received at this time or later; the end, if
/// there is none.
fn begin_of(
    reader: &LogReader,
    (mut from, mut until): (u64, u64),
    at_ns: i64,
) -> Result<u64, ReadError> {
    let partition = reader.end().partition();
    // Halves what is left each time: at most 48 rounds.
    while from < until {
        let middle = from + (until - from) / 2;
        let mut received = None;
        for item in reader
            .read_after(Position::new(partition, middle))
            .take(PROBE_MAX)
        {
            match item.map(|item| item.entry) {
                Ok(Entry::Event(event)) => received = Some(event.head().received_ns.to_native()),
                Ok(Entry::Note(note)) => received = Some(time_of(&note)),
                Err(error @ ReadError::Log { .. }) => return Err(error),
                Ok(_) | Err(_) => {}
            }
            if received.is_some() {
                break;
            }
        }
        match received {
            Some(received) if received < at_ns => from = middle + 1,
            // Nothing there tells its time: earlier is safe.
            _ => until = middle,
        }
    }
    Ok(from)
}

fn time_of(note: &Note) -> i64 {
    match note {
        Note::Attachments(note) => note.received_ns,
        Note::Feedback(note) => note.received_ns,
        Note::Sessions(note) => note.received_ns,
        Note::CheckIn(note) => note.received_ns,
        Note::ClientReport(note) => note.received_ns,
        Note::Sampled(note) => note.received_ns,
        Note::Tally(note) => note.until_ns,
    }
}
