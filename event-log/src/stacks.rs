//! Stacks on their way to the log and back: each is stored once a segment.
//!
//! [`StackBook`] is the appender's: it knows which stacks stand in the segment that is
//! written to, and decides for a batch which ones go in before it. [`StackCache`] is the
//! readers': stacks that were read, checked and copied out of the log, by their hash.
//!
//! Invariants:
//! - An event's stack stands before it in its own segment: what the book only believes to
//!   be in the segment goes along as the batch's preface, which the log writes if the
//!   batch comes into another one.
//! - An event names only stacks of its own batch or of batches that are durable.
//! - Both forget: above [`BOOK_BYTES_MAX`] the book begins anew, and a stack is stored
//!   again. So a million distinct stacks cost what they would without a book.

use std::collections::HashMap;

use bytes::Bytes;
use event_model::{
    StackHash, StoredStack,
    record::{SCHEMA_STACK_V1, StackPlace},
};
use log_core::{Preface, Record};
use parking_lot::Mutex;
use xxhash_rust::xxh3::xxh3_128;

use crate::blocks::Packed;

/// Stacks that the appender knows, bytes: some thousand of them.
const BOOK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a known stack takes beside its bytes.
const KNOWN_OVERHEAD_BYTES: usize = 128;
/// Stacks that readers keep, bytes; twice as much for a moment.
const CACHE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What the appender finds a stack by: a fast hash, as the bytes are compared, too.
type Key = u128;
/// Which stack it is for certain: somebody may make two with the same key.
type Name = (Key, StackHash);

/// A stack of the book.
struct Known {
    hash: StackHash,
    archive: Bytes,
    /// Where it stands in the segment [`StackBook::base`]; 0: nowhere for certain.
    sequence: u64,
}

/// The stacks of the segment that is written to.
#[derive(Default)]
pub(crate) struct StackBook {
    known: HashMap<Key, Known>,
    bytes: usize,
    /// First sequence number of that segment; 0: not known yet.
    base: u64,
}

/// The stacks of one batch.
#[derive(Default)]
pub(crate) struct Stacks {
    /// Those that the segment should have already.
    preface: Vec<(Name, Record)>,
    /// Those that go in with the batch.
    new: Vec<(Name, Record)>,
    base: u64,
}

/// Which stacks went into which segment.
pub(crate) struct Landed {
    base: u64,
    /// Where the first of them stands; the others follow.
    first: u64,
    stacks: Vec<Name>,
}

/// What is left to be learned from a batch when it is durable.
pub(crate) struct Sent {
    preface: Vec<Name>,
    new: Vec<Name>,
}

/// Where the stack of an event of a batch is among the batch's stacks.
#[derive(Clone, Copy)]
enum Slot {
    Preface(usize),
    New(usize),
}

impl StackBook {
    /// Learns where stacks stand, batch by batch in the log's order.
    pub(crate) fn learn(&mut self, landed: impl IntoIterator<Item = Landed>) {
        for landed in landed {
            if landed.base > self.base {
                self.base = landed.base;
                for known in self.known.values_mut() {
                    known.sequence = 0;
                }
            }
            if landed.base < self.base {
                continue;
            }
            for ((key, hash), sequence) in landed.stacks.iter().zip(landed.first..) {
                let known = self.known.get_mut(key);
                if let Some(known) = known.filter(|known| known.hash == *hash) {
                    known.sequence = sequence;
                }
            }
        }
    }

    /// The stacks that must stand before these events, and the place of each event's.
    pub(crate) fn plan(&mut self, events: &[Packed]) -> (Stacks, Vec<StackPlace>) {
        if self.bytes > BOOK_BYTES_MAX {
            self.known.clear();
            self.bytes = 0;
        }
        let mut stacks = Stacks {
            base: self.base,
            ..Stacks::default()
        };
        let mut slots: HashMap<StackHash, (Slot, u64)> = HashMap::new();
        let mut found = Vec::with_capacity(events.len());
        for event in events {
            if event.stack.is_empty() {
                found.push(None);
                continue;
            }
            let (key, hash) = self.known_of(&event.stack);
            let known = &self.known[&key];
            let (slot, sequence) = *slots.entry(hash).or_insert_with(|| {
                let record = Record {
                    schema: SCHEMA_STACK_V1,
                    payload: known.archive.clone(),
                };
                if known.sequence > 0 {
                    stacks.preface.push(((key, hash), record));
                    (Slot::Preface(stacks.preface.len() - 1), known.sequence)
                } else {
                    stacks.new.push(((key, hash), record));
                    (Slot::New(stacks.new.len() - 1), 0)
                }
            });
            found.push(Some((hash, slot, sequence)));
        }
        let (before, new) = (stacks.preface.len(), stacks.new.len());
        let places = found.into_iter().enumerate();
        let place = |(at, found): (usize, Option<(StackHash, Slot, u64)>)| {
            let Some((hash, slot, sequence)) = found else {
                return StackPlace::default();
            };
            let back = match slot {
                Slot::Preface(place) => before + new + at - place,
                Slot::New(place) => new + at - place,
            };
            StackPlace {
                hash,
                sequence,
                back: back as u32,
            }
        };
        let places = places.map(place).collect();
        (stacks, places)
    }

    /// The book's entry of a stack, made if there is none.
    fn known_of(&mut self, archive: &Bytes) -> (Key, StackHash) {
        let key = xxh3_128(archive);
        if let Some(known) = self.known.get(&key)
            && known.archive == archive
        {
            return (key, known.hash);
        }
        let known = Known {
            hash: StackHash::of(archive),
            archive: archive.clone(),
            sequence: 0,
        };
        let hash = known.hash;
        self.bytes += archive.len() + KNOWN_OVERHEAD_BYTES;
        if let Some(other) = self.known.insert(key, known) {
            self.bytes -= other.archive.len() + KNOWN_OVERHEAD_BYTES;
        }
        (key, hash)
    }
}

impl Stacks {
    /// The records that go in with the batch, those that go in if need be, and what is to
    /// be learned from both.
    pub(crate) fn send(self) -> (Vec<Record>, Option<Preface>, Sent) {
        let (preface_names, preface): (Vec<Name>, Vec<Record>) = self.preface.into_iter().unzip();
        let (new_names, new) = self.new.into_iter().unzip();
        let preface = (!preface.is_empty()).then_some(Preface {
            segment_base: self.base,
            records: preface,
        });
        let sent = Sent {
            preface: preface_names,
            new: new_names,
        };
        (new, preface, sent)
    }
}

impl Sent {
    /// Whether a segment holds stacks of the batch that it may not have held before, when
    /// so many of the batch's records are stacks.
    pub(crate) fn landed(self, first: u64, stacks: usize, base: u64) -> Option<Landed> {
        let mut landed = self.preface;
        // Written or not, as a whole.
        if stacks <= self.new.len() {
            landed.clear();
        }
        landed.extend(self.new);
        (!landed.is_empty()).then_some(Landed {
            base,
            first,
            stacks: landed,
        })
    }
}

/// Stacks that were read, by their hash.
#[derive(Default)]
pub(crate) struct StackCache(Mutex<Generations>);

/// Those used of late, and those before them.
#[derive(Default)]
struct Generations {
    young: HashMap<StackHash, StoredStack>,
    young_bytes: usize,
    old: HashMap<StackHash, StoredStack>,
}

impl StackCache {
    /// The stack, if it was read before.
    pub(crate) fn get(&self, hash: StackHash) -> Option<StoredStack> {
        let mut cache = self.0.lock();
        if let Some(stack) = cache.young.get(&hash) {
            return Some(stack.clone());
        }
        let stack = cache.old.remove(&hash)?;
        cache.add(stack.clone());
        Some(stack)
    }

    /// Keeps a stack.
    pub(crate) fn add(&self, stack: StoredStack) {
        self.0.lock().add(stack);
    }
}

impl Generations {
    fn add(&mut self, stack: StoredStack) {
        if self.young_bytes > CACHE_BYTES_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += stack.len() + KNOWN_OVERHEAD_BYTES;
        self.young.insert(stack.hash(), stack);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
