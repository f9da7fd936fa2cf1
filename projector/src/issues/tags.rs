//! Which tag values of an issue have a row of their own.
//!
//! Invariant: the first [`VALUES_MAX`] distinct values of a key, in log order, have
//! one; all later ones count under '' (other). Since a value once let in stays in,
//! the result does not depend on where batches end.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

/// Distinct values of a key that are counted one by one; bounds the rows that a
/// careless tag (a request's id) can make.
pub(super) const VALUES_MAX: usize = 1000;

/// The values of one issue that are in, by hash.
#[derive(Debug, Default)]
pub(super) struct TagValues {
    keys: HashMap<String, HashSet<u64>>,
    len: usize,
}

impl TagValues {
    /// As the database has them.
    pub(super) fn of(rows: Vec<(String, String)>) -> Self {
        let mut values = Self::default();
        for (key, value) in rows {
            values.admit(&key, &value);
        }
        values
    }

    /// The value to count under: itself, or '' once the key is full.
    pub(super) fn admit<'v>(&mut self, key: &str, value: &'v str) -> &'v str {
        if value.is_empty() {
            return value;
        }
        let hash = xxh3_64(value.as_bytes());
        if let Some(known) = self.keys.get_mut(key) {
            if known.contains(&hash) {
                return value;
            }
            if known.len() >= VALUES_MAX {
                return "";
            }
            known.insert(hash);
        } else {
            self.keys.insert(key.to_owned(), HashSet::from([hash]));
        }
        self.len += 1;
        value
    }

    /// Values held, all keys together: what the memory goes with.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}
