//! A table of bounded size: what was not asked for since half of it was filled anew goes.
//!
//! Invariant: two generations, of half the bytes each but for one entry. What is found in
//! the old one moves to the young one; when that is full, it is the old one, and what was
//! the old one is dropped. Entries of one hash take each other's place: what is found was
//! compared whole.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Weak,
};

use event_model::Fingerprint;

use crate::{Headline, Rules, title::Shown};

/// What an entry takes besides what it points to: a table may be half empty.
const ENTRY_BYTES: usize = 2 * size_of::<(u64, Known)>();

/// What is remembered of events.
#[derive(Debug)]
pub(super) struct Known {
    /// By which.
    pub(super) key: Box<[u8]>,
    /// The rules whose address is in the key: no others come to stand there meanwhile.
    #[expect(dead_code, reason = "held, never asked")]
    pub(super) rules: Option<Weak<Rules>>,
    /// The place of the fingerprint rule that holds.
    pub(super) rule: Option<usize>,
    /// None: texts count that are not in the key.
    pub(super) fingerprint: Option<Fingerprint>,
    /// None: not asked for yet.
    pub(super) shows: Option<Box<Shows>>,
}

/// What is remembered of a headline.
#[derive(Debug)]
pub(super) enum Shows {
    /// What the stack says of it.
    Words(Shown),
    All(Headline),
}

impl Shows {
    fn bytes(&self) -> usize {
        let inner = match self {
            Self::Words(shown) => shown.bytes(),
            Self::All(all) => all.title.len() + all.culprit.len() + all.ty.len() + all.value.len(),
        };
        size_of::<Self>() + inner
    }
}

impl Known {
    fn bytes(&self) -> usize {
        let shows = self.shows.as_ref().map_or(0, |shows| shows.bytes());
        ENTRY_BYTES + self.key.len() + shows
    }
}

/// Keys are hashes already.
#[derive(Debug, Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers")
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type Entries = HashMap<u64, Known, BuildHasherDefault<Same>>;

/// See the module.
#[derive(Debug)]
pub(super) struct Table {
    generation_bytes_max: usize,
    young: Entries,
    young_bytes: usize,
    old: Entries,
    old_bytes: usize,
}

impl Table {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            generation_bytes_max: bytes_max / 2,
            young: Entries::default(),
            young_bytes: 0,
            old: Entries::default(),
            old_bytes: 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.young_bytes + self.old_bytes
    }

    /// What is remembered by this key.
    pub(super) fn get(&mut self, hash: u64, key: &[u8]) -> Option<&Known> {
        let is_young = self
            .young
            .get(&hash)
            .is_some_and(|known| *known.key == *key);
        if !is_young {
            let known = self.old.remove(&hash)?;
            self.old_bytes -= known.bytes();
            if *known.key != *key {
                return None;
            }
            self.put(hash, known);
        }
        self.at(hash)
    }

    /// What [`Table::get`] found or [`Table::put`] put there, nothing else having been put
    /// since.
    pub(super) fn at(&self, hash: u64) -> Option<&Known> {
        self.young.get(&hash)
    }

    /// Remembers something.
    pub(super) fn put(&mut self, hash: u64, known: Known) {
        let bytes = known.bytes();
        if self.young_bytes + bytes > self.generation_bytes_max {
            self.old = std::mem::take(&mut self.young);
            self.old_bytes = std::mem::take(&mut self.young_bytes);
        }
        self.young_bytes += bytes;
        if let Some(before) = self.young.insert(hash, known) {
            self.young_bytes -= before.bytes();
        }
    }

    /// Remembers what is shown, too, of what was found or put just now.
    pub(super) fn show(&mut self, hash: u64, shows: Shows) {
        if let Some(known) = self.young.get_mut(&hash) {
            self.young_bytes += shows.bytes();
            known.shows = Some(Box::new(shows));
        }
    }
}
