//! The tags of an issue.
//!
//! Invariant: an answer is bounded in keys, values and bytes whatever clients sent;
//! rows are bounded by the projection (200 keys of 1,000 values a fingerprint).

use event_model::IssueId;

use super::{ReadError, Snapshot, ValueCount};

/// Most values of one key.
const VALUES_MAX: usize = 10;
/// Most rows read of an issue: above what the projection lets in of one fingerprint.
const ROWS_MAX: u32 = 250_000;
/// Most bytes of keys and values of an answer; the keys with most events go first.
const BYTES_MAX: usize = 256 * 1024;

/// A tag key of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagKey {
    /// Its name; empty: all keys beyond the first 200.
    pub key: String,
    /// Events that carry it.
    pub count: u64,
    /// Most frequent first, at most 10.
    pub values: Vec<ValueCount>,
    /// Distinct values, exact up to 1,000.
    pub distinct: u32,
}

impl TagKey {
    fn bytes(&self) -> usize {
        let values = self.values.iter().map(|value| value.value.len());
        self.key.len() + values.sum::<usize>()
    }

    /// Keeps the values with most events; of equal ones the first by name, and '' last.
    fn add(&mut self, value: &str, count: u64) {
        self.count += count;
        self.distinct += u32::from(!value.is_empty());
        let is_before = |other: &ValueCount| {
            (other.value.is_empty(), count, other.value.as_str())
                < (value.is_empty(), other.count, value)
        };
        let place = self.values.iter().position(|other| !is_before(other));
        let place = place.unwrap_or(self.values.len());
        if place < VALUES_MAX {
            self.values.truncate(VALUES_MAX - 1);
            let value = value.to_owned();
            self.values.insert(place, ValueCount { value, count });
        }
    }
}

impl Snapshot<'_> {
    /// Tag keys of an issue, most events first, '' last.
    pub fn tags(&self, issue: IssueId) -> Result<Vec<TagKey>, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT tag.key, tag.value, sum(tag.count) FROM fingerprint AS of
             CROSS JOIN fingerprint_tag AS tag ON tag.fingerprint_id = of.id
             WHERE of.issue_id = ?1 GROUP BY tag.key, tag.value
             ORDER BY tag.key, tag.value LIMIT ?2",
        )?;
        let mut rows = statement.query([issue.0 as i64, i64::from(ROWS_MAX)])?;
        let mut keys: Vec<TagKey> = Vec::new();
        while let Some(row) = rows.next()? {
            let key = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let value = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let count = row.get::<_, i64>(2)? as u64;
            if let Some(last) = keys.last_mut().filter(|last| last.key == key) {
                last.add(value, count);
                continue;
            }
            let mut first = TagKey {
                key: key.to_owned(),
                count: 0,
                values: Vec::new(),
                distinct: 0,
            };
            first.add(value, count);
            keys.push(first);
        }
        keys.sort_by(|a, b| {
            let order = |key: &TagKey| (key.key.is_empty(), std::cmp::Reverse(key.count));
            order(a).cmp(&order(b)).then_with(|| a.key.cmp(&b.key))
        });
        let mut bytes = 0;
        keys.retain(|key| {
            bytes += key.bytes();
            bytes <= BYTES_MAX
        });
        Ok(keys)
    }
}
