//! Opaque cursors of lists.
//!
//! Form: base64url of kind (1 byte), hash of what was asked (8), key (8), id (8), the
//! range that is counted (unit 1, from 8, to 8), hash of the bytes before (4),
//! big-endian. A range is part of the cursor and not of the hash: a list that ends
//! now means the same now on its last page as on its first. The hashes are no secrets: a forged
//! cursor can only name a place in a list the caller may read anyway; they catch
//! cursors that were cut, altered, or carried over to another list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use read_model::issues::reader::{Range, Unit};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::ApiError;

/// A place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Which kind of list.
    pub(crate) kind: u8,
    /// Hash of filter and sort.
    pub(crate) asked: u64,
    /// The sort key of the last row.
    pub(crate) key: i64,
    /// The last row.
    pub(crate) id: u64,
    /// What is counted; none: no range.
    pub(crate) range: Option<Range>,
}

/// Before the hash.
const CONTENT_BYTES: usize = 42;
const BYTES: usize = CONTENT_BYTES + 4;

/// A list of issues.
pub(crate) const ISSUES: u8 = 1;
/// A list of feedback.
pub(crate) const FEEDBACK: u8 = 3;
/// A list of deliveries.
pub(crate) const DELIVERIES: u8 = 4;
/// A list of events.
pub(crate) const EVENTS: u8 = 2;

impl Cursor {
    pub(crate) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(self.kind);
        bytes.extend(self.asked.to_be_bytes());
        bytes.extend(self.key.to_be_bytes());
        bytes.extend(self.id.to_be_bytes());
        let (unit, from, to) = match self.range {
            None => (0, 0, 0),
            Some(range) => match range.unit {
                Unit::Minute => (1, range.from, range.to),
                Unit::Hour => (2, range.from, range.to),
            },
        };
        bytes.push(unit);
        bytes.extend(from.to_be_bytes());
        bytes.extend(to.to_be_bytes());
        let check = hash(&bytes) as u32;
        bytes.extend(check.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor `text` of a list of this kind and question; none if it is empty.
    pub(crate) fn decode(text: &str, kind: u8, asked: u64) -> Result<Option<Self>, ApiError> {
        if text.is_empty() {
            return Ok(None);
        }
        let malformed = || ApiError::invalid("cursor", "no cursor of this server");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
        let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| malformed())?;
        let word = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(eight)
        };
        let cursor = Self {
            kind: bytes[0],
            asked: word(1),
            key: word(9) as i64,
            id: word(17),
            range: match bytes[25] {
                0 => None,
                unit => Some(Range {
                    unit: if unit == 1 { Unit::Minute } else { Unit::Hour },
                    from: word(26) as i64,
                    to: word(34) as i64,
                }),
            },
        };
        if bytes[CONTENT_BYTES..] != (hash(&bytes[..CONTENT_BYTES]) as u32).to_be_bytes()
            || cursor.kind != kind
        {
            return Err(malformed());
        }
        if cursor.asked != asked {
            return Err(ApiError::invalid(
                "cursor",
                "the cursor belongs to a list with another filter or sort",
            ));
        }
        Ok(Some(cursor))
    }
}

/// Of what was asked.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CURSOR: Cursor = Cursor {
        kind: ISSUES,
        asked: 7,
        key: -3,
        id: u64::MAX,
        range: Some(Range {
            unit: Unit::Hour,
            from: -1,
            to: i64::MAX,
        }),
    };

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let text = CURSOR.encode();
        assert_eq!(Cursor::decode(&text, ISSUES, 7), Ok(Some(CURSOR)));
        assert_eq!(Cursor::decode("", ISSUES, 7), Ok(None));
    }

    #[test]
    fn forged_cut_and_foreign_cursors_are_refused_by_name() {
        let good = CURSOR.encode();
        let mut altered = URL_SAFE_NO_PAD.decode(&good).unwrap();
        altered[10] ^= 1;
        for (text, kind, asked) in [
            ("x", ISSUES, 7),
            ("!!!", ISSUES, 7),
            (&good[..good.len() - 2], ISSUES, 7),
            (&URL_SAFE_NO_PAD.encode(altered), ISSUES, 7),
            (&good, EVENTS, 7),
            (&good, ISSUES, 8),
        ] {
            let error = Cursor::decode(text, kind, asked).unwrap_err();
            assert_eq!(error.field, "cursor", "{text} {kind} {asked}");
        }
    }
}
