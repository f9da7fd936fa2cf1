//! Which tags of an issue have rows of their own.
//!
//! Invariant: the first [`KEYS_MAX`] keys of an issue, in log order, have rows; the
//! events of all later ones count under the key '' (other). Likewise the first
//! [`VALUES_MAX`] distinct values of a key. Since what was once let in stays in, the
//! result does not depend on where batches end.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

/// Distinct keys of an issue that are counted one by one; bounds what names that
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

/// The keys and values of one issue that are in, values by hash.
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
    /// value '' once the issue is.
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
