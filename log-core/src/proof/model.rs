//! The oracle: what was offered to the log, what was promised, what was shown, and whether what is there now fits.
//!
//! Pure, and plain on purpose: a list of record ids. A record's payload follows from its id alone, so that a record
//! that was never appended, or has other bytes, is told at once.

use crate::commit::Ticket;
use crate::error::CommitError;
use crate::queue::Record;
use crate::read::Entry;
use crate::sim::Rng;

/// What is wrong, in words.
pub(super) type Violation = String;

/// An append that is not known to be durable.
#[derive(Debug)]
struct Pending {
    ids: Vec<u64>,
    /// `None` in the model of a forked disk, where nobody will complete it.
    ticket: Option<Ticket>,
    unknown: bool,
}

/// The log as it must be.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Ids of the acknowledged records: the one at `at` has sequence number `at + 1`.
    acked: Vec<u64>,
    pending: Vec<Pending>,
    /// Records that a reader was shown: none of them may ever be gone.
    shown: usize,
    next_id: u64,
    /// Appends that got each answer.
    pub(super) unknown: u64,
    pub(super) refused: u64,
}

impl Model {
    /// Acknowledged records.
    pub(super) fn len(&self) -> u64 {
        self.acked.len() as u64
    }

    /// Ids for `count` records to append.
    pub(super) fn ids(&mut self, count: u64) -> Vec<u64> {
        let first = self.next_id;
        self.next_id += count;
        (first..self.next_id).collect()
    }

    /// An append was taken.
    pub(super) fn taken(&mut self, ids: Vec<u64>, ticket: Ticket) {
        let ticket = Some(ticket);
        self.pending.push(Pending {
            ids,
            ticket,
            unknown: false,
        });
    }

    /// Looks at the tickets. Acknowledgements come in order, under the sequence numbers that are next.
    pub(super) fn poll(&mut self) -> Result<(), Violation> {
        let mut open = Vec::new();
        for mut append in std::mem::take(&mut self.pending) {
            let outcome = append.ticket.as_ref().and_then(Ticket::outcome);
            match outcome {
                Some(Ok(range)) => {
                    let first = self.len() + 1;
                    let wanted = first..first + append.ids.len() as u64;
                    if !open.is_empty() {
                        return Err(format!(
                            "{range:?} was acknowledged before one queued earlier"
                        ));
                    }
                    if range != wanted {
                        return Err(format!("acknowledged as {range:?} instead of {wanted:?}"));
                    }
                    self.acked.extend(append.ids);
                }
                Some(Err(CommitError::NoSpace)) => self.refused += 1,
                Some(Err(CommitError::OutcomeUnknown { .. })) => {
                    self.unknown += u64::from(!append.unknown);
                    append.unknown = true;
                    open.push(append);
                }
                None => open.push(append),
            }
        }
        self.pending = open;
        Ok(())
    }

    /// Whether any append was told that its outcome is unknown.
    pub(super) fn has_unknown(&self) -> bool {
        self.pending.iter().any(|append| append.unknown)
    }

    /// Whether all appends have their answer.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.iter().all(|append| append.unknown)
    }

    /// Holds that `entries` are records `from..`, with their own bytes, and that they are acknowledged.
    pub(super) fn check_read(&self, from: u64, entries: &[Entry]) -> Result<(), Violation> {
        for (entry, sequence) in entries.iter().zip(from..) {
            let Some(&id) = self.acked.get(sequence as usize - 1) else {
                return Err(format!(
                    "record {sequence} was read before it was acknowledged"
                ));
            };
            check_entry(entry, sequence, id)?;
        }
        Ok(())
    }

    /// Holds that `entries`, all records of a log after a crash, are a prefix of what was appended, batches whole,
    /// with everything that was acknowledged or shown. From now on they are shown, unless `shown` says otherwise.
    pub(super) fn check_all(&mut self, entries: &[Entry], shown: bool) -> Result<(), Violation> {
        let found = entries.len();
        if found < self.acked.len() {
            return Err(format!(
                "{} records were acknowledged, {found} are there",
                self.acked.len()
            ));
        }
        if found < self.shown {
            return Err(format!(
                "{} records were shown to a reader, {found} are there",
                self.shown
            ));
        }
        let pending = self.pending.iter().flat_map(|append| &append.ids);
        let mut wanted = self.acked.iter().chain(pending);
        for (entry, sequence) in entries.iter().zip(1..) {
            let Some(&id) = wanted.next() else {
                return Err(format!("record {sequence} was never appended"));
            };
            check_entry(entry, sequence, id)?;
        }
        let mut end = self.acked.len();
        for append in &self.pending {
            if end >= found {
                break;
            }
            end += append.ids.len();
        }
        if end != found {
            return Err(format!(
                "a batch was torn: {found} records are there, the batch ends at {end}"
            ));
        }
        if shown {
            self.shown = found;
        }
        Ok(())
    }

    /// The log was opened for writing with what [`Model::check_all`] saw: that is durable now, and the rest of what
    /// was appended must never come back.
    pub(super) fn recovered(&mut self) {
        let pending = self.pending.drain(..).flat_map(|append| append.ids);
        self.acked.extend(pending);
        self.acked.truncate(self.shown);
    }

    /// The same expectations for a fork of the disk, on which nothing more is acknowledged.
    pub(super) fn fork(&self) -> Self {
        let pending = self.pending.iter().map(|append| Pending {
            ids: append.ids.clone(),
            ticket: None,
            unknown: append.unknown,
        });
        Self {
            acked: self.acked.clone(),
            pending: pending.collect(),
            ..*self
        }
    }
}

/// A record that tells its id by its bytes.
pub(super) fn record(id: u64) -> Record {
    Record {
        schema: id as u16,
        payload: payload(id).into(),
    }
}

fn payload(id: u64) -> Vec<u8> {
    let mut rng = Rng::new(id);
    let length = match rng.below(16) {
        0 => rng.below(3000),
        1..=4 => rng.below(700),
        _ => rng.below(120),
    };
    let mut bytes = id.to_le_bytes().to_vec();
    let words = length.div_ceil(8);
    bytes.extend((0..words).flat_map(|_| rng.word().to_le_bytes()));
    bytes.truncate(8 + length as usize);
    bytes
}

fn check_entry(entry: &Entry, sequence: u64, id: u64) -> Result<(), Violation> {
    if entry.sequence != sequence {
        return Err(format!(
            "record {} stands where {sequence} belongs",
            entry.sequence
        ));
    }
    if entry.payload != payload(id) || entry.schema != id as u16 {
        let found = entry
            .payload
            .first_chunk()
            .map(|word| u64::from_le_bytes(*word));
        return Err(format!(
            "record {sequence} should be append {id}, but is {found:?}, or other bytes"
        ));
    }
    Ok(())
}
