//! What must be in the log, kept outside of it, and the check of a log against it.
//!
//! Invariant: an entry, once in the ledger, stays for good: it was acknowledged, or a reader was shown it after a
//! crash. So a number that is given out twice, or a record that comes and goes, shows in a later check.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use log_core::{OpenError, Reader};

use super::channel::Message;
use super::content;
use super::follower::Shown;
use super::writer::CURSOR_NAME;

/// Appends by their first sequence number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    appends: BTreeMap<u64, Append>,
    cursor: u64,
    /// Nothing at or above it may be gone; everything below the other must be.
    dropping_below: u64,
    dropped_below: u64,
    /// Records that may be redacted, and of these the ones that must.
    redacting: HashSet<u64>,
    redacted: HashSet<u64>,
    /// Records that were acknowledged, and those that were only found.
    pub(crate) acknowledged: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Append {
    id: u64,
    count: u64,
}

/// A promise that was not kept: what was promised and what is there.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Violation(pub(crate) String);

/// Makes a violation of this text.
macro_rules! violation {
    ($($text:tt)*) => { Violation(format!($($text)*)) };
}
pub(crate) use violation;

impl Ledger {
    /// Notes what the child said.
    pub(crate) fn note(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Acknowledged { first, id, count } => {
                self.acknowledged += count;
                self.enter(first, Append { id, count })
            }
            Message::Cursor { position } => {
                self.cursor = self.cursor.max(position);
                Ok(())
            }
            Message::Dropping { below } => {
                self.dropping_below = self.dropping_below.max(below);
                Ok(())
            }
            Message::Dropped { first } => {
                self.dropped_below = self.dropped_below.max(first);
                Ok(())
            }
            Message::Redacting { sequence } => {
                self.redacting.insert(sequence);
                Ok(())
            }
            Message::Redacted { sequence } => {
                self.redacted.insert(sequence);
                Ok(())
            }
            Message::Opening | Message::Opened { .. } => Ok(()),
        }
    }

    fn enter(&mut self, first: u64, append: Append) -> Result<(), Violation> {
        match self.appends.insert(first, append) {
            Some(before) if before != append => Err(violation!(
                "number {first} was given to append {before:?}, and is now that of {append:?}"
            )),
            _ => Ok(()),
        }
    }

    /// Holds the log in `dir` against the ledger, as any reader sees it; the number of records read.
    pub(crate) fn check(&mut self, dir: &Path) -> Result<u64, Violation> {
        let reader = match Reader::open_read_only(dir) {
            Ok(reader) => reader,
            // The first writer of all came to an end before it had made the log.
            Err(OpenError::Empty { .. }) if self.appends.is_empty() => return Ok(0),
            Err(_) if self.appends.is_empty() && !dir.exists() => return Ok(0),
            Err(error) => return Err(violation!("a reader cannot open the log: {error:?}")),
        };
        let (first, end) = (reader.first(), reader.durable_end());
        if first < self.dropped_below || first > self.dropping_below.max(1) {
            return Err(violation!(
                "the log begins at record {first}; dropped was below {}, and nothing from {} on",
                self.dropped_below,
                self.dropping_below.max(1)
            ));
        }
        let appends = self.check_records(&reader, end)?;
        if let Some((lost, append)) = self
            .appends
            .range(first..)
            .find(|(number, _)| !appends.contains(number))
        {
            return Err(violation!(
                "record {lost} of {append:?} is promised and not there; the log ends at {end}"
            ));
        }
        self.check_cursor(&reader, end)?;
        // What was seen stays so.
        self.dropped_below = self.dropped_below.max(first);
        Ok(end - first)
    }

    /// Notes what a follower was shown: each of these appends must be there from now on.
    pub(crate) fn shown(&mut self, records: &Shown) -> Result<(), Violation> {
        for &(sequence, tag) in records {
            let (id, count) = (tag.id, u64::from(tag.count));
            self.enter(sequence - u64::from(tag.index), Append { id, count })?;
        }
        Ok(())
    }

    /// Every record is what it must be, in whole appends, each of them once; their first numbers.
    fn check_records(&mut self, reader: &Reader, end: u64) -> Result<HashSet<u64>, Violation> {
        let mut starts = HashSet::new();
        let mut ids = HashSet::new();
        let mut expected = reader.first();
        // What is left of the batch that is being read.
        let mut open: Option<(u64, u32, u32)> = None;
        for entry in reader.read(0) {
            let entry = entry.map_err(|error| violation!("record {expected}: {error:?}"))?;
            if entry.sequence != expected {
                return Err(violation!(
                    "record {} where {expected} belongs",
                    entry.sequence
                ));
            }
            if !entry.redacted && self.redacted.contains(&expected)
                || entry.redacted && !self.redacting.contains(&expected)
            {
                return Err(violation!(
                    "record {expected} is redacted: {}, and should not be so",
                    entry.redacted
                ));
            }
            if entry.redacted {
                self.redacted.insert(expected);
            }
            let tag = content::read(&entry)
                .ok_or_else(|| violation!("record {expected} is not what was appended"))?;
            match open {
                None if tag.index == 0 => {
                    let count = u64::from(tag.count);
                    self.enter(expected, Append { id: tag.id, count })?;
                    starts.insert(expected);
                    if !ids.insert(tag.id) {
                        return Err(violation!("append {} is there twice", tag.id));
                    }
                }
                Some(next) if next == (tag.id, tag.index, tag.count) => {}
                _ => return Err(violation!("record {expected} is {tag:?}, after {open:?}")),
            }
            open = (tag.index + 1 < tag.count).then_some((tag.id, tag.index + 1, tag.count));
            expected += 1;
        }
        if let Some(open) = open {
            return Err(violation!(
                "the log ends within a batch, at {expected}: {open:?}"
            ));
        }
        if expected != end {
            return Err(violation!("reading ends at {expected}, the log at {end}"));
        }
        Ok(starts)
    }

    fn check_cursor(&self, reader: &Reader, end: u64) -> Result<(), Violation> {
        if self.cursor == 0 {
            return Ok(());
        }
        let position = reader
            .cursor(CURSOR_NAME)
            .map_err(|error| violation!("the cursor cannot be opened: {error:?}"))?
            .position();
        if position < self.cursor || position > end {
            return Err(violation!(
                "the cursor stands at {position}; committed was {}, the log ends at {end}",
                self.cursor
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use log_core::Log;

    use super::super::writer::config;
    use super::*;

    fn log_of(dir: &Path, tags: &[(u64, u32, u32)]) {
        let log = Log::open(config(dir)).unwrap();
        for &(id, index, count) in tags {
            let payload = content::payload(content::Tag { id, index, count }).into();
            let record = log_core::Record { schema: 7, payload };
            log.append(record).unwrap().wait().unwrap();
        }
    }

    fn acknowledged(first: u64, id: u64, count: u64) -> Message {
        Message::Acknowledged { first, id, count }
    }

    /// The check that proves everything else must itself be able to fail, for each of its reasons.
    #[test]
    fn each_broken_promise_is_seen() {
        type Case<'a> = (&'a [(u64, u32, u32)], &'a [Message], &'a str);
        let cases: [Case; 9] = [
            (&[(9, 0, 1)], &[acknowledged(1, 9, 1)], ""),
            (&[(9, 0, 1)], &[acknowledged(1, 8, 1)], "number 1 was given"),
            (&[(9, 0, 1)], &[acknowledged(2, 8, 1)], "record 2 of"),
            (&[(9, 0, 1), (9, 0, 1)], &[], "is there twice"),
            (&[(9, 0, 2)], &[], "ends within a batch"),
            (&[(9, 0, 2), (8, 0, 1)], &[], "record 2 is"),
            (
                &[(9, 0, 1)],
                &[Message::Cursor { position: 2 }],
                "the cursor stands at 1",
            ),
            (
                &[(9, 0, 1)],
                &[Message::Dropped { first: 2 }],
                "the log begins at record 1",
            ),
            (
                &[(9, 0, 1)],
                &[Message::Redacted { sequence: 1 }],
                "record 1 is redacted: false",
            ),
        ];
        for (tags, messages, expected) in cases {
            let dir = tempfile::tempdir().unwrap();
            log_of(dir.path(), tags);
            let mut ledger = Ledger::default();
            for &message in messages {
                ledger.note(message).unwrap();
            }
            let found = ledger
                .check(dir.path())
                .map_or_else(|violation| violation.0, |_| String::new());
            assert!(
                found.contains(expected) && found.is_empty() == expected.is_empty(),
                "{tags:?}, {messages:?}: {found:?}"
            );
        }
    }

    #[test]
    fn a_number_that_was_acknowledged_twice_is_seen_at_once() {
        let mut ledger = Ledger::default();
        ledger.note(acknowledged(1, 9, 1)).unwrap();
        assert!(ledger.note(acknowledged(1, 8, 1)).is_err());
    }
}
