//! The hash that seals a segment, and the payload digests it is made of. Pure.
//!
//! Each seal hash covers the one before it, so the newest one vouches for every header and payload of the log. It
//! is made so that a payload can be erased later: it covers a digest of each payload, not the payload, and when a
//! record is redacted its digest is kept.
//!
//! **Payload digest**, 16 bytes: the first half of SHA-256(tag ‖ log id ‖ payload), the tag being the 16 bytes of
//! [`PAYLOAD_TAG`]. The salt is the log id alone, not the segment's: so whoever appends can compute the digest
//! beside the CRC, on its own thread, before the writer knows which segment the record will go to; and a digest
//! stays right when records are copied. Nothing is lost by that: the chain ties each digest to its segment, place
//! and sequence number. The salt keeps tables made for one log from serving for another. It does not hide a
//! payload that can be guessed as a whole: who holds the log can test a guess against a kept digest.
//!
//! **Seal hash**, 32 bytes: SHA-256 over, in this order,
//! 1. the tag [`SEAL_TAG`] (16 bytes) and the previous segment's seal hash (32; zeros in the first segment),
//! 2. the segment's identity, 52 bytes: log id (16), number (u64), base (u64), creation time (i64), epoch (u32),
//!    salt (u64),
//! 3. 56 bytes for every frame before the seal, control frames too: length (u32), sequence number (u64), time
//!    (i64), `durable_to` (u64), schema (u16), kind (u8), flags (u8), epoch (u32), key id (u32), payload digest (16).
//!
//! All numbers are little-endian. The kind `Redacted` counts as `Data`, and the CRCs of header and payload are left
//! out: these are what redaction changes, everything else it keeps. All parts have a fixed size, so no two
//! different segments hash the same input. The seal frame itself is not covered: what it says (the next sequence
//! number, its own offset) follows from the frames before it.
//!
//! Fails only on bytes that are no sealed segment, or when the digest of a redacted record is not given.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::error::Fault;
use crate::format::{FrameHeader, Kind, Parsed, SEGMENT_HEADER_BYTES, SegmentHeader};

/// Bytes of a payload digest.
pub(crate) const DIGEST_BYTES: usize = 16;
/// First bytes of what a payload digest hashes, so that it is a digest of nothing else.
pub(crate) const PAYLOAD_TAG: [u8; 16] = *b"errata payload 1";
/// First bytes of what a seal hash hashes.
pub(crate) const SEAL_TAG: [u8; 16] = *b"errata segment 1";

const FRAME_ENTRY_BYTES: usize = 40 + DIGEST_BYTES;

/// Vouches for one segment and all before it.
pub(crate) type SealHash = [u8; 32];

/// Digests that were kept of records whose payload is gone, by sequence number.
pub(crate) type Redacted = BTreeMap<u64, PayloadDigest>;

/// Stands for a payload in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadDigest(pub(crate) [u8; DIGEST_BYTES]);

impl PayloadDigest {
    /// The digest of a payload in the log `log_id`.
    pub(crate) fn of(log_id: &[u8; 16], payload: &[u8]) -> Self {
        let mut hasher = PayloadHasher::new(log_id);
        hasher.update(payload);
        hasher.finish()
    }
}

/// Computes a payload's digest from its pieces.
#[derive(Clone, Debug)]
pub(crate) struct PayloadHasher(Sha256);

impl PayloadHasher {
    /// For a payload in the log `log_id`.
    pub(crate) fn new(log_id: &[u8; 16]) -> Self {
        let mut sha = Sha256::new();
        sha.update(PAYLOAD_TAG);
        sha.update(log_id);
        Self(sha)
    }

    /// The next piece.
    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    pub(crate) fn finish(self) -> PayloadDigest {
        let whole: [u8; 32] = self.0.finalize().into();
        let mut half = [0; DIGEST_BYTES];
        half.copy_from_slice(&whole[..DIGEST_BYTES]);
        PayloadDigest(half)
    }
}

/// A seal hash in the making: one for the open segment of a writer, fed with each frame.
#[derive(Clone, Debug)]
pub(crate) struct Chain(Sha256);

impl Chain {
    /// Begins a segment behind the one that was sealed with `previous` (zeros if there is none).
    pub(crate) fn start(previous: &SealHash, header: &SegmentHeader) -> Self {
        let mut sha = Sha256::new();
        sha.update(SEAL_TAG);
        sha.update(previous);
        sha.update(header.log_id);
        sha.update(header.number.to_le_bytes());
        sha.update(header.base.to_le_bytes());
        sha.update(header.created_ns.to_le_bytes());
        sha.update(header.epoch.to_le_bytes());
        sha.update(header.salt.to_le_bytes());
        Self(sha)
    }

    /// Adds the next frame; `digest` is that of its payload, or of the one it had before it was redacted.
    pub(crate) fn frame(&mut self, frame: &FrameHeader, digest: PayloadDigest) {
        let kind = match frame.kind {
            Kind::Redacted => Kind::Data,
            kind => kind,
        };
        let mut entry = [0; FRAME_ENTRY_BYTES];
        entry[0..4].copy_from_slice(&frame.length.to_le_bytes());
        entry[4..12].copy_from_slice(&frame.sequence.to_le_bytes());
        entry[12..20].copy_from_slice(&frame.time_ns.to_le_bytes());
        entry[20..28].copy_from_slice(&frame.durable_to.to_le_bytes());
        entry[28..30].copy_from_slice(&frame.schema.to_le_bytes());
        entry[30] = kind as u8;
        entry[31] = frame.flags;
        entry[32..36].copy_from_slice(&frame.epoch.to_le_bytes());
        entry[36..40].copy_from_slice(&frame.key_id.to_le_bytes());
        entry[40..].copy_from_slice(&digest.0);
        self.0.update(entry);
    }

    /// The hash, when the next frame is the seal.
    pub(crate) fn seal(self) -> SealHash {
        self.0.finalize().into()
    }
}

/// The hash of the frames below `end`, so that a writer can go on behind them. They are whole: a scan has seen them.
pub(crate) fn chain_to(header: &SegmentHeader, bytes: &[u8], end: u64) -> Chain {
    let mut chain = Chain::start(&header.previous_seal_hash, header);
    let mut at = SEGMENT_HEADER_BYTES;
    while (at as u64) < end {
        let Parsed::Frame(frame) = FrameHeader::parse(&bytes[at..], header.salt, at as u64) else {
            break;
        };
        let digest = PayloadDigest::of(&header.log_id, &bytes[frame.payload_range(at)]);
        chain.frame(&frame, digest);
        at += frame.frame_bytes();
    }
    chain
}

/// Why the seal hash of some bytes cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChainFault {
    /// Not a frame, or the end of the bytes, where a frame should be.
    #[error("byte {offset}: {fault}")]
    Frame {
        /// From the start of the segment.
        offset: u64,
        /// What is wrong.
        fault: Fault,
    },
    /// A redacted record of which no digest was kept.
    #[error(
        "byte {offset}: record {sequence} is redacted and the digest of its payload was not kept"
    )]
    Digest {
        /// From the start of the segment.
        offset: u64,
        /// The record.
        sequence: u64,
    },
}

/// The seal hash of a whole segment from its raw bytes, which reach at least to its seal frame.
///
/// It trusts header checksums and computes the rest: a payload that has rotted shows as another hash.
pub(crate) fn segment_seal_hash(
    bytes: &[u8],
    header: &SegmentHeader,
    redacted: &Redacted,
) -> Result<SealHash, ChainFault> {
    let mut chain = Chain::start(&header.previous_seal_hash, header);
    let mut at = SEGMENT_HEADER_BYTES;
    loop {
        let offset = at as u64;
        let faulty = |fault| ChainFault::Frame { offset, fault };
        let head = bytes.get(at..).unwrap_or_default();
        let frame = match FrameHeader::parse(head, header.salt, offset) {
            Parsed::Frame(frame) => frame,
            Parsed::Empty => return Err(faulty(Fault::Missing)),
            Parsed::Bad => return Err(faulty(Fault::Header)),
        };
        if frame.kind == Kind::Seal {
            return Ok(chain.seal());
        }
        let digest = if frame.kind == Kind::Redacted {
            let sequence = frame.sequence;
            *redacted
                .get(&sequence)
                .ok_or(ChainFault::Digest { offset, sequence })?
        } else {
            let payload = bytes
                .get(frame.payload_range(at))
                .ok_or(faulty(Fault::Length))?;
            PayloadDigest::of(&header.log_id, payload)
        };
        chain.frame(&frame, digest);
        at += frame.frame_bytes();
    }
}

#[cfg(test)]
mod tests;
