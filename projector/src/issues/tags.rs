//! Which tags of a fingerprint have rows of their own.
//!
//! Invariant: the first [`KEYS_MAX`] keys of a fingerprint, in log order, have rows; the
//! events of all later ones count under the key '' (other). Likewise the first
//! [`VALUES_MAX`] distinct values of a key. Since what was once let in stays in, the
//! result does not depend on where batches end.
//!
//! Within a batch the tags of an event are one entry: most events of a fingerprint carry
//! tags that came before ([`TagSets`]). Keys and values are let in at its end, in the
//! order in which they came.

use std::collections::{BTreeMap, HashMap, HashSet};

use event_model::head::ArchivedHead;
use read_model::issues::batch::FastState;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Distinct keys of a fingerprint that are counted one by one; bounds what names that
/// clients make up can cost.
pub(super) const KEYS_MAX: usize = 200;
/// Distinct values of a key that are counted one by one; bounds the rows that a
/// careless tag (a request's id) can make.
pub(super) const VALUES_MAX: usize = 1000;
/// What a value costs, bytes: its hash in a set that is at most seven eighths and at
/// least seven sixteenths full, with a byte of control each.
const VALUE_BYTES: usize = 21;
/// What a key costs beside its text, bytes: the string, the set, their allocations.
const KEY_BYTES: usize = 160;

/// The keys and values of one fingerprint that are in, values by hash.
#[derive(Debug, Default)]
pub(super) struct TagValues {
    keys: HashMap<String, HashSet<u64>>,
    bytes: usize,
}

impl TagValues {
    /// As the database has them, '' included.
    pub(super) fn of(rows: Vec<(String, String)>) -> Self {
        let mut values = Self::default();
        for (key, value) in rows {
            values.admit(&key, &value);
        }
        values
    }

    /// What to count under: key and value, the value '' once the key is full, key and
    /// value '' once the fingerprint is.
    pub(super) fn admit<'t>(&mut self, key: &'t str, value: &'t str) -> (&'t str, &'t str) {
        if key.is_empty() {
            return ("", "");
        }
        if !self.keys.contains_key(key) {
            if self.keys.len() >= KEYS_MAX {
                return ("", "");
            }
            self.bytes += key.len() + KEY_BYTES;
            self.keys.insert(key.to_owned(), HashSet::new());
        }
        if value.is_empty() {
            return (key, value);
        }
        let Some(known) = self.keys.get_mut(key) else {
            unreachable!("inserted above")
        };
        let hash = xxh3_64(value.as_bytes());
        if known.contains(&hash) {
            return (key, value);
        }
        if known.len() >= VALUES_MAX {
            return (key, "");
        }
        known.insert(hash);
        self.bytes += VALUE_BYTES;
        (key, value)
    }

    /// Bytes held, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Pairs of key and value of a batch, each once, by number.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    numbers: HashMap<u64, u32, FastState>,
    texts: Vec<(Box<str>, Box<str>)>,
}

impl Pairs {
    fn number(&mut self, seed: u64, key: &str, value: &str) -> u32 {
        let hash = pair_hash(seed, key, value);
        let known = self.numbers.get(&hash).copied();
        // Compared, for others' tags are in here, too.
        if let Some(number) = known
            && self.text(number) == (key, value)
        {
            return number;
        }
        let number = self.texts.len() as u32;
        self.texts.push((key.into(), value.into()));
        self.numbers.entry(hash).or_insert(number);
        number
    }

    fn text(&self, number: u32) -> (&str, &str) {
        let (key, value) = &self.texts[number as usize];
        (key, value)
    }

    /// For the next batch.
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.texts.clear();
    }
}

fn pair_hash(seed: u64, key: &str, value: &str) -> u64 {
    let hash = xxh3_64_with_seed(key.as_bytes(), seed);
    xxh3_64_with_seed(value.as_bytes(), hash)
}

/// The tags that events of one fingerprint carry together, in the order they came.
#[derive(Debug, Default)]
pub(super) struct TagSets {
    places: HashMap<u64, usize, FastState>,
    /// Sum of weights, numbers of the pairs.
    sets: Vec<(u64, Box<[u32]>)>,
}

impl TagSets {
    /// Counts an event's tags. The seed is a secret of the process: whoever sends events
    /// cannot make sets that are taken for another.
    pub(super) fn add(&mut self, pairs: &mut Pairs, seed: u64, head: &ArchivedHead, weight: u64) {
        if head.tags.is_empty() {
            return;
        }
        let tags = || head.tags.iter().map(|pair| (&*pair.0, &*pair.1));
        let hash = tags().fold(seed, |hash, (key, value)| pair_hash(hash, key, value));
        if let Some(place) = self.places.get(&hash) {
            self.sets[*place].0 += weight;
            return;
        }
        self.places.insert(hash, self.sets.len());
        let numbers = tags().map(|(key, value)| pairs.number(seed, key, value));
        self.sets.push((weight, numbers.collect()));
    }

    /// Events by key and value, as they are let in.
    pub(super) fn counted(
        &self,
        pairs: &Pairs,
        values: &mut TagValues,
    ) -> BTreeMap<String, BTreeMap<String, u64>> {
        // A pair that was let in once is let in again, so each is asked for once.
        let mut weights: HashMap<u32, u64, FastState> = HashMap::default();
        let mut order = Vec::new();
        for (weight, numbers) in &self.sets {
            for number in numbers {
                let sum = weights.entry(*number).or_insert_with(|| {
                    order.push(*number);
                    0
                });
                *sum += weight;
            }
        }
        let mut counted: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for number in order {
            let (key, value) = pairs.text(number);
            let (key, value) = values.admit(key, value);
            if !counted.contains_key(key) {
                counted.insert(key.to_owned(), BTreeMap::new());
            }
            let Some(own) = counted.get_mut(key) else {
                unreachable!("inserted above")
            };
            let weight = weights.get(&number).copied().unwrap_or_default();
            if let Some(count) = own.get_mut(value) {
                *count += weight;
            } else {
                own.insert(value.to_owned(), weight);
            }
        }
        counted
    }
}
