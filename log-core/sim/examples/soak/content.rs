//! What the records hold: payloads that are a function of the append they belong to, so that whoever reads one knows
//! what it must be, acknowledged or not.
//!
//! Payload, little-endian: id of the append u64, index in its batch u32, records of the batch u32, then bytes drawn
//! from both. An id is used for one append only.

use log_core::Entry;

use super::random::Random;

const HEADER_BYTES: usize = 16;

/// Which record of which append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) id: u64,
    pub(crate) index: u32,
    pub(crate) count: u32,
}

/// The payload of this record.
pub(crate) fn payload(tag: Tag) -> Vec<u8> {
    let mut random = Random::new(tag.id ^ (u64::from(tag.index) << 40));
    let length = HEADER_BYTES + body_bytes(&mut random, tag.count);
    let mut bytes = Vec::with_capacity(length + 8);
    bytes.extend_from_slice(&tag.id.to_le_bytes());
    bytes.extend_from_slice(&tag.index.to_le_bytes());
    bytes.extend_from_slice(&tag.count.to_le_bytes());
    while bytes.len() < length {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Mostly small, like events; now and then over many pages. A batch of 20 stays below 64 KiB.
fn body_bytes(random: &mut Random, count: u32) -> usize {
    let most = match (count, random.below(100)) {
        (2.., _) | (_, 0..70) => 600,
        (_, 70..97) => 6_000,
        _ => 60_000,
    };
    random.below(most) as usize
}

/// What stands in its place once it is redacted: who it was, and zeros.
pub(crate) fn blank(payload: &[u8]) -> Vec<u8> {
    let mut blank = payload.to_vec();
    blank[HEADER_BYTES..].fill(0);
    blank
}

/// Which record this is, if its payload is what it must be.
pub(crate) fn read(entry: &Entry) -> Option<Tag> {
    let bytes = &entry.payload;
    let tag = Tag {
        id: u64::from_le_bytes(bytes.get(0..8)?.try_into().ok()?),
        index: u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?),
        count: u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?),
    };
    let mut expected = payload(tag);
    if entry.redacted {
        expected = blank(&expected);
    }
    (tag.index < tag.count && expected == *bytes).then_some(tag)
}
