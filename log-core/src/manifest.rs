//! The manifest: which segments a log consists of, so that a lost segment is told from one that retention dropped.
//!
//! Two files, `manifest.0` and `manifest.1`, in the log's directory. Generation g stands in file g mod 2, so a write
//! always replaces the older of the two and the newer one outlives any crash. Invariant: a manifest is durable
//! before anything is done that only it explains (unlinking a dropped segment, or the raw file of a sealed one), and
//! a segment's file is durable before a manifest lists it.
//!
//! This module is pure: the bytes. [`check`] decides what manifest and directory mean together, [`file`](mod@file)
//! reads and writes. Any bytes decode to a manifest or a [`ManifestFault`]; nothing is allocated by an unchecked
//! count.
//!
//! Layout, little-endian; offsets and lengths in bytes:
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | magic `ERRATMAN` |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 | CRC-32 of bytes 0..12 and of 16 to the end of the list |
//! | 16 | 8 | generation, from 1 |
//! | 24 | 16 | log id |
//! | 40 | 4 | epoch of the writer |
//! | 44 | 4 | number of segments, at least 1 |
//! | 48 | 8 | first retained sequence number |
//! | 56 | 8 | number of the first retained segment |
//! | 64 | 24 each | segments, ascending without gaps: number 8, first sequence number 8, redaction generation 4, form 1 (0 raw, 1 sealed), zeros 3 |
//!
//! Zeros follow to the end of the file.

pub(crate) mod check;
pub(crate) mod file;

use crate::fixed::{array_at, u32_at, u64_at};

/// Name of the file that holds generation `generation`.
pub(crate) fn name_of(generation: u64) -> &'static str {
    NAMES[(generation % 2) as usize]
}

/// Both files' names, by generation mod 2.
pub(crate) const NAMES: [&str; 2] = ["manifest.0", "manifest.1"];
/// First bytes of a manifest.
pub const MAGIC: [u8; 8] = *b"ERRATMAN";
/// Version of the layout above.
pub(crate) const VERSION: u32 = 1;
/// Bytes before the list.
pub const HEADER_BYTES: usize = 64;
/// Bytes of one listed segment.
pub const ENTRY_BYTES: usize = 24;
/// Most segments of a log: 8 TiB at the smallest sensible 8 MiB, and a bound on what a reader must hold (24 MiB).
pub(crate) const SEGMENTS_MAX: usize = 1 << 20;
const CRC_AT: usize = 12;

/// How a segment is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Form {
    /// As it was written: `{number:010}.log`.
    Raw = 0,
    /// Compressed: `{number:010}.log.zst`.
    Sealed = 1,
}

/// A segment of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its number.
    pub(crate) number: u64,
    /// Its first sequence number.
    pub(crate) base: u64,
    /// How it is stored: the truth when a crash left both files.
    pub(crate) form: Form,
    /// How often it was rewritten by a redaction.
    pub(crate) redaction: u32,
}

/// A log's segments at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// One more with every write, from 1.
    pub(crate) generation: u64,
    /// Identity of the log.
    pub(crate) log_id: [u8; 16],
    /// Epoch of the writer that wrote it.
    pub(crate) epoch: u32,
    /// First retained sequence number; in the first listed segment.
    pub(crate) first_sequence: u64,
    /// Ascending without gaps, from the first retained to the active one; never empty.
    pub(crate) segments: Vec<Listed>,
}

/// Why bytes are no manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// Zeros only: space was reserved, nothing was written yet.
    #[error("it was never written")]
    Blank,
    /// Shorter than its header or its list.
    #[error("it holds {found} bytes, {expected} are needed")]
    Short {
        /// Bytes there are.
        found: usize,
        /// Bytes that its header or list takes.
        expected: usize,
    },
    /// Longer than the longest list.
    #[error("it holds {0} bytes, more than any manifest")]
    Long(u64),
    /// Other first bytes.
    #[error("it does not start with the magic bytes of a manifest")]
    Magic,
    /// More segments than a log can have.
    #[error("it claims {0} segments, allowed are 1 to {SEGMENTS_MAX}")]
    Count(u32),
    /// The CRC does not match.
    #[error("it fails its checksum")]
    Checksum,
    /// Written by a later release; its checksum holds.
    #[error("its version is {0}, this release reads version {VERSION}")]
    Version(u32),
    /// Bytes behind the list that are not zero.
    #[error("byte {0} behind its list is not zero")]
    Padding(usize),
    /// The checksum holds but the content cannot be.
    #[error("its content contradicts itself: {0}")]
    Content(&'static str),
}

impl Manifest {
    /// Number of the first retained segment.
    pub(crate) fn first_segment(&self) -> u64 {
        self.segments.first().map_or(1, |segment| segment.number)
    }

    /// Number of the newest listed segment.
    pub(crate) fn last_segment(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.number)
    }

    /// Bytes that [`Self::encode`] gives.
    pub fn encoded_bytes(&self) -> usize {
        HEADER_BYTES + self.segments.len() * ENTRY_BYTES
    }

    /// The bytes of the file, without the zeros behind them.
    pub fn encode(&self) -> Vec<u8> {
        debug_assert_eq!(self.contradiction(), None, "what is written can be read");
        let mut bytes = vec![0; self.encoded_bytes()];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.generation.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.log_id);
        bytes[40..44].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[44..48].copy_from_slice(&(self.segments.len() as u32).to_le_bytes());
        bytes[48..56].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.first_segment().to_le_bytes());
        let entries = bytes[HEADER_BYTES..].chunks_exact_mut(ENTRY_BYTES);
        for (entry, segment) in entries.zip(&self.segments) {
            entry[0..8].copy_from_slice(&segment.number.to_le_bytes());
            entry[8..16].copy_from_slice(&segment.base.to_le_bytes());
            entry[16..20].copy_from_slice(&segment.redaction.to_le_bytes());
            entry[20] = segment.form as u8;
        }
        let crc = crc(&bytes);
        bytes[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a whole file back. The checksum is verified before the version and the content are believed.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestFault> {
        if bytes.iter().all(|&byte| byte == 0) {
            return Err(ManifestFault::Blank);
        }
        let found = bytes.len();
        let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else {
            let expected = HEADER_BYTES;
            return Err(ManifestFault::Short { found, expected });
        };
        if head[0..8] != MAGIC {
            return Err(ManifestFault::Magic);
        }
        let count = u32_at(head, 44);
        if count == 0 || count as usize > SEGMENTS_MAX {
            return Err(ManifestFault::Count(count));
        }
        let expected = HEADER_BYTES + count as usize * ENTRY_BYTES;
        let Some(listed) = bytes.get(..expected) else {
            return Err(ManifestFault::Short { found, expected });
        };
        if crc(listed) != u32_at(head, CRC_AT) {
            return Err(ManifestFault::Checksum);
        }
        let version = u32_at(head, 8);
        if version != VERSION {
            return Err(ManifestFault::Version(version));
        }
        if let Some(at) = bytes[expected..].iter().position(|&byte| byte != 0) {
            return Err(ManifestFault::Padding(expected + at));
        }
        let segments = listed[HEADER_BYTES..]
            .chunks_exact(ENTRY_BYTES)
            .map(entry)
            .collect::<Result<Vec<_>, _>>()?;
        let manifest = Self {
            generation: u64_at(head, 16),
            log_id: array_at(head, 24),
            epoch: u32_at(head, 40),
            first_sequence: u64_at(head, 48),
            segments,
        };
        let foreign = u64_at(head, 56) != manifest.first_segment();
        let first = foreign.then_some("the first retained segment is not the first listed");
        match first.or(manifest.contradiction()) {
            Some(reason) => Err(ManifestFault::Content(reason)),
            None => Ok(manifest),
        }
    }

    /// What a checksum cannot hold.
    fn contradiction(&self) -> Option<&'static str> {
        let (Some(first), Some(last)) = (self.segments.first(), self.segments.last()) else {
            return Some("no segment is listed");
        };
        let mut pairs = self.segments.windows(2);
        if self.generation == 0 {
            return Some("generation 0 is never written");
        }
        if first.number == 0 || last.number == u64::MAX {
            return Some("segment numbers are out of range");
        }
        if pairs.any(|pair| {
            pair[0].number.checked_add(1) != Some(pair[1].number) || pair[0].base > pair[1].base
        }) {
            return Some("the segments do not ascend without gaps");
        }
        if first.base == 0 || self.first_sequence < first.base {
            return Some("the first retained record lies before the first segment");
        }
        None
    }
}

fn entry(bytes: &[u8]) -> Result<Listed, ManifestFault> {
    let form = match bytes[20] {
        0 => Form::Raw,
        1 => Form::Sealed,
        _ => return Err(ManifestFault::Content("a segment has an unknown form")),
    };
    Ok(Listed {
        number: u64_at(bytes, 0),
        base: u64_at(bytes, 8),
        form,
        redaction: u32_at(bytes, 16),
    })
}

/// Over everything but the CRC itself.
fn crc(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..CRC_AT]);
    hasher.update(&bytes[CRC_AT + 4..]);
    hasher.finalize()
}

#[cfg(test)]
mod tests;
