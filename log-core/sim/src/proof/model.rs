//! The oracle: what was offered to the log, what was promised, what was shown, and whether what is there now fits.
//!
//! Pure, and plain on purpose: a list of record ids. A record's payload follows from its id alone, so that a record
//! that was never appended, or has other bytes, is told at once.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::disk::Rng;
use log_core::CommitError;
use log_core::Entry;
use log_core::Record;
use log_core::Ticket;

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
#[derive(Debug)]
pub(super) struct Model {
    /// Ids of the acknowledged records: the one at `at` has sequence number `at + 1`.
    acked: Vec<u64>,
    pending: Vec<Pending>,
    /// Records that a reader was shown: none of them may ever be gone, but by retention.
    shown: usize,
    /// Records below `dropped.start` are dropped, those below its end may be.
    dropped: Range<u64>,
    /// By sequence number: which payloads a record may have. One that is not here has its first.
    versions: BTreeMap<u64, Vec<u8>>,
    next_id: u64,
    /// Appends that got each answer.
    pub(super) unknown: u64,
    pub(super) refused: u64,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            acked: Vec::new(),
            pending: Vec::new(),
            shown: 0,
            dropped: 1..1,
            versions: BTreeMap::new(),
            next_id: 0,
            unknown: 0,
            refused: 0,
        }
    }

    /// Acknowledged records, those that were dropped included.
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
                Some(Err(error)) => return Err(format!("an outcome without a rule: {error}")),
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

    /// First sequence number that is certainly not kept any more, and the first that certainly is.
    pub(super) fn dropped(&self) -> Range<u64> {
        self.dropped.clone()
    }

    /// Everything below `sequence` was asked to go; `first` is what the log says is left, if it was done.
    pub(super) fn drop_below(
        &mut self,
        sequence: u64,
        first: Option<u64>,
    ) -> Result<(), Violation> {
        let may = self.dropped.end.max(sequence);
        match first {
            Some(first) if (self.dropped.start..=may).contains(&first) => {
                self.dropped = first..first;
            }
            Some(first) => {
                return Err(format!(
                    "{first} is the first record after dropping below {sequence}"
                ));
            }
            None => self.dropped.end = may,
        }
        Ok(())
    }

    /// A replacement for record `sequence`, and its version.
    pub(super) fn replacement(&self, sequence: u64) -> Option<(u8, Vec<u8>)> {
        let id = *self.acked.get(sequence as usize - 1)?;
        let newest = self.versions(sequence).last().copied().unwrap_or(0);
        let version = newest.checked_add(1)?;
        Some((version, payload(id, version)))
    }

    /// Record `sequence` was given that version; when it is not certain, it may have that or another.
    pub(super) fn replaced(&mut self, sequence: u64, version: u8, done: bool) {
        let versions = self.versions.entry(sequence).or_insert_with(|| vec![0]);
        if done {
            versions.clear();
        }
        versions.push(version);
    }

    fn versions(&self, sequence: u64) -> &[u8] {
        self.versions.get(&sequence).map_or(&[0], Vec::as_slice)
    }

    /// Holds that `entries` are records `from..`, with bytes of their own, and that they are acknowledged.
    pub(super) fn check_read(&self, from: u64, entries: &[Entry]) -> Result<(), Violation> {
        for (entry, sequence) in entries.iter().zip(from..) {
            let Some(&id) = self.acked.get(sequence as usize - 1) else {
                return Err(format!(
                    "record {sequence} was read before it was acknowledged"
                ));
            };
            self.check_entry(entry, sequence, id)?;
        }
        Ok(())
    }

    /// Holds that `entries`, all records of a log after a crash from `first` on, are a prefix of what was appended,
    /// batches whole, with everything that was acknowledged or shown and not dropped. From now on they are shown,
    /// unless `shown` says otherwise.
    pub(super) fn check_all(
        &mut self,
        first: u64,
        entries: &[Entry],
        shown: bool,
    ) -> Result<(), Violation> {
        if !(self.dropped.start..=self.dropped.end).contains(&first) {
            return Err(format!(
                "the log starts at record {first} instead of {:?}",
                self.dropped
            ));
        }
        let found = self.check_prefix(first, entries)?;
        if found < self.acked.len() {
            let acked = self.acked.len();
            return Err(format!(
                "{acked} records were acknowledged, {found} are there"
            ));
        }
        if found < self.shown {
            let shown = self.shown;
            return Err(format!(
                "{shown} records were shown to a reader, {found} are there"
            ));
        }
        self.check_batches(found)?;
        if shown {
            self.shown = found;
        }
        Ok(())
    }

    /// Holds that a follower, which shows only what is proven or published, sees a prefix. It is shown from now on.
    pub(super) fn check_followed(
        &mut self,
        first: u64,
        entries: &[Entry],
    ) -> Result<(), Violation> {
        let found = self.check_prefix(first, entries)?;
        self.shown = self.shown.max(found);
        Ok(())
    }

    /// The number of the last record.
    fn check_prefix(&self, first: u64, entries: &[Entry]) -> Result<usize, Violation> {
        let gone = first as usize - 1;
        let pending = self.pending.iter().flat_map(|append| &append.ids);
        let mut wanted = self.acked.iter().chain(pending).skip(gone);
        for (entry, sequence) in entries.iter().zip(first..) {
            let Some(&id) = wanted.next() else {
                return Err(format!("record {sequence} was never appended"));
            };
            self.check_entry(entry, sequence, id)?;
        }
        Ok(gone + entries.len())
    }

    fn check_batches(&self, found: usize) -> Result<(), Violation> {
        let mut end = self.acked.len();
        for append in &self.pending {
            if end >= found {
                break;
            }
            end += append.ids.len();
        }
        if end == found {
            return Ok(());
        }
        Err(format!(
            "a batch was torn: {found} records are there, the batch ends at {end}"
        ))
    }

    fn check_entry(&self, entry: &Entry, sequence: u64, id: u64) -> Result<(), Violation> {
        if entry.sequence != sequence {
            return Err(format!(
                "record {} stands where {sequence} belongs",
                entry.sequence
            ));
        }
        if entry.schema == id as u16
            && self.versions(sequence).iter().any(|&version| {
                entry.payload == payload(id, version) && entry.redacted == (version > 0)
            })
        {
            return Ok(());
        }
        let found = entry.payload.first_chunk();
        let found = found.map(|word| u64::from_le_bytes(*word));
        let versions = self.versions(sequence);
        Err(format!(
            "record {sequence} should be append {id} in version {versions:?}, but is of {found:?}, or has other bytes"
        ))
    }

    /// The log was opened for writing with what [`Model::check_all`] saw: that is durable now, and the rest of what
    /// was appended must never come back.
    pub(super) fn recovered(&mut self, first: u64, entries: &[Entry]) {
        let pending = self.pending.drain(..).flat_map(|append| append.ids);
        self.acked.extend(pending);
        self.acked.truncate(self.shown);
        self.dropped = first..first;
        let unsure = self
            .versions
            .iter_mut()
            .filter(|(_, versions)| versions.len() > 1);
        for (&sequence, versions) in unsure {
            let entry = sequence
                .checked_sub(first)
                .and_then(|at| entries.get(at as usize));
            let (Some(entry), Some(&id)) = (entry, self.acked.get(sequence as usize - 1)) else {
                continue;
            };
            versions.retain(|&version| entry.payload == payload(id, version));
        }
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
            dropped: self.dropped.clone(),
            versions: self.versions.clone(),
            ..*self
        }
    }
}

/// A record that tells its id by its bytes.
pub(super) fn record(id: u64) -> Record {
    Record {
        schema: id as u16,
        payload: payload(id, 0).into(),
    }
}

/// Its length follows from the id, its bytes from the version too.
fn payload(id: u64, version: u8) -> Vec<u8> {
    let mut rng = Rng::new(id);
    let length = match rng.below(16) {
        0 => rng.below(3000),
        1..=4 => rng.below(700),
        _ => rng.below(120),
    };
    let mut rng = Rng::new(rng.word() ^ u64::from(version));
    let mut bytes = id.to_le_bytes().to_vec();
    let words = length.div_ceil(8);
    bytes.extend((0..words).flat_map(|_| rng.word().to_le_bytes()));
    bytes.truncate(8 + length as usize);
    bytes
}
