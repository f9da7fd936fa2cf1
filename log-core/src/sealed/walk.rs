//! Walks the raw bytes of a complete segment as a stream, and believes nothing on the way.
//!
//! Owns the checks that make a segment fit to be sealed, and a sealed one sound: the header, every frame's header
//! and payload checksum, the order of sequence numbers and epochs, the seal at the very end, the seal hash.
//! One frame is never in memory whole: it comes in pieces, so a segment costs a buffer, not its size.
//!
//! Offsets are bytes from the start of the raw segment. Fails on the first fault with its offset; then the walk
//! is over.

use std::io::{self, BufReader, Read};

use crate::chain::{Chain, PayloadHasher, Redacted, SealHash};
use crate::error::Fault;
use crate::format::{
    FLAG_BATCH, FRAME_HEADER_BYTES, FrameHeader, HeaderFault, Kind, Parsed, SEGMENT_HEADER_BYTES,
    SegmentHeader, read_control, read_seal_hash,
};

/// What is read from the source at a time, in bytes.
const READ_BYTES: usize = 256 * 1024;
/// Largest piece of a frame that is handed out, in bytes: stays in the processor's cache between its checksum, its
/// digest and its copy.
const PIECE_BYTES: usize = 16 * 1024;
/// Payload of a seal frame that carries its hash: next sequence number, own offset, hash.
const SEAL_PAYLOAD_BYTES: usize = 48;

/// Why the bytes are not a sound, complete segment.
#[derive(Debug, thiserror::Error)]
pub enum WalkFault {
    /// The source failed, or ended early.
    #[error("byte {offset} cannot be read")]
    Read {
        /// Where.
        offset: u64,
        /// The source's answer.
        #[source]
        source: io::Error,
    },
    /// Its first page is no segment header.
    #[error("its header cannot be used")]
    Header(#[source] HeaderFault),
    /// A frame that is broken, missing, or not the one that belongs there.
    #[error("byte {offset}: {fault}")]
    Frame {
        /// Where the frame starts.
        offset: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A redacted record of which no digest was kept.
    #[error(
        "byte {offset}: record {sequence} is redacted and the digest of its payload was not kept"
    )]
    Digest {
        /// Where its frame starts.
        offset: u64,
        /// The record.
        sequence: u64,
    },
    /// The seal says other things than the frames before it.
    #[error("byte {offset}: the seal does not fit the frames before it: {reason}")]
    Seal {
        /// Where the seal frame starts.
        offset: u64,
        /// What differs.
        reason: &'static str,
    },
}

/// What the end of a walk has proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Where the seal frame starts.
    pub seal_offset: u64,
    /// One past the last record.
    pub end: u64,
    /// Computed from all frames before the seal; equal to what the seal says, if it says one.
    pub hash: SealHash,
}

/// A walk over the bytes `0..end` of a segment.
pub(crate) struct Walk<'a> {
    input: BufReader<&'a mut dyn Read>,
    redacted: &'a Redacted,
    /// From the segment's first page.
    pub(crate) header: SegmentHeader,
    /// Where the next unread byte stands.
    at: u64,
    end: u64,
    /// Sequence number that belongs here.
    next: u64,
    /// Records were given up just before: the sequence number may jump.
    gap: bool,
    epoch: u32,
    chain: Chain,
    frame: Option<Open>,
    piece: Vec<u8>,
    proven: Option<Proven>,
}

/// The frame that is being read.
struct Open {
    head: FrameHeader,
    offset: u64,
    payload_left: usize,
    padding_left: usize,
    crc: crc32fast::Hasher,
    digest: PayloadHasher,
    /// First bytes of the payload: all of what a control frame says.
    start: Vec<u8>,
}

impl<'a> Walk<'a> {
    /// Reads the segment's header; its first page is handed back beside the walk.
    pub(crate) fn start(
        input: &'a mut dyn Read,
        end: u64,
        redacted: &'a Redacted,
    ) -> Result<(Self, Vec<u8>), WalkFault> {
        let mut input = BufReader::with_capacity(READ_BYTES, input);
        let mut page = vec![0; SEGMENT_HEADER_BYTES];
        input
            .read_exact(&mut page)
            .map_err(|source| WalkFault::Read { offset: 0, source })?;
        let header = SegmentHeader::decode(&page).map_err(WalkFault::Header)?;
        let walk = Self {
            input,
            redacted,
            at: SEGMENT_HEADER_BYTES as u64,
            end,
            next: header.base,
            gap: false,
            epoch: header.epoch,
            chain: Chain::start(&header.previous_seal_hash, &header),
            frame: None,
            piece: vec![0; PIECE_BYTES],
            proven: None,
            header,
        };
        Ok((walk, page))
    }

    /// The next frame's header, parsed and as it stands; `None` behind the seal. Its rest must then be taken with
    /// [`Walk::piece`].
    pub(crate) fn head(
        &mut self,
    ) -> Result<Option<(FrameHeader, [u8; FRAME_HEADER_BYTES])>, WalkFault> {
        debug_assert!(self.frame.is_none(), "the frame before was taken whole");
        if self.proven.is_some() {
            return Ok(None);
        }
        let offset = self.at;
        let faulty = |fault| WalkFault::Frame { offset, fault };
        let mut bytes = [0; FRAME_HEADER_BYTES];
        if self.end - self.at < FRAME_HEADER_BYTES as u64 {
            return Err(faulty(Fault::Missing));
        }
        self.input
            .read_exact(&mut bytes)
            .map_err(|source| WalkFault::Read { offset, source })?;
        let head = match FrameHeader::parse(&bytes, self.header.salt, offset) {
            Parsed::Frame(head) => head,
            Parsed::Empty => return Err(faulty(Fault::Missing)),
            Parsed::Bad => return Err(faulty(Fault::Header)),
        };
        if offset + head.frame_bytes() as u64 > self.end {
            return Err(faulty(Fault::Length));
        }
        let in_order = head.sequence == self.next || (self.gap && head.sequence > self.next);
        if !in_order || head.epoch < self.epoch || head.durable_to > head.sequence {
            return Err(faulty(Fault::Sequence));
        }
        if head.flags & !FLAG_BATCH != 0 || head.key_id != 0 {
            return Err(faulty(Fault::Reserved));
        }
        self.at += FRAME_HEADER_BYTES as u64;
        self.frame = Some(Open {
            head,
            offset,
            payload_left: head.length as usize,
            padding_left: head.frame_bytes() - FRAME_HEADER_BYTES - head.length as usize,
            crc: crc32fast::Hasher::new(),
            digest: PayloadHasher::new(&self.header.log_id),
            start: Vec::with_capacity(SEAL_PAYLOAD_BYTES),
        });
        Ok(Some((head, bytes)))
    }

    /// Up to `limit` more bytes of the frame's payload and padding; `None` when it is whole and has been checked.
    pub(crate) fn piece(&mut self, limit: usize) -> Result<Option<&[u8]>, WalkFault> {
        let Some(frame) = self.frame.as_mut() else {
            return Ok(None);
        };
        let left = match frame.payload_left {
            0 => frame.padding_left,
            payload => payload,
        };
        if left == 0 {
            self.close()?;
            return Ok(None);
        }
        let count = left.min(limit).min(PIECE_BYTES);
        let piece = &mut self.piece[..count];
        let offset = self.at;
        self.input
            .read_exact(piece)
            .map_err(|source| WalkFault::Read { offset, source })?;
        self.at += count as u64;
        if frame.payload_left == 0 {
            frame.padding_left -= count;
        } else {
            frame.payload_left -= count;
            frame.crc.update(piece);
            frame.digest.update(piece);
            let wanted = SEAL_PAYLOAD_BYTES - frame.start.len();
            frame.start.extend_from_slice(&piece[..count.min(wanted)]);
        }
        Ok(Some(piece))
    }

    /// What the walk has proven; `None` before its end.
    pub(crate) fn proven(&self) -> Option<Proven> {
        self.proven
    }

    /// Checks the frame that was taken whole, and adds it to the chain.
    fn close(&mut self) -> Result<(), WalkFault> {
        let Some(frame) = self.frame.take() else {
            return Ok(());
        };
        let (head, offset) = (frame.head, frame.offset);
        if frame.crc.finalize() != head.payload_crc {
            return Err(WalkFault::Frame {
                offset,
                fault: Fault::Payload,
            });
        }
        self.epoch = head.epoch;
        self.next = head.sequence + u64::from(head.kind.is_record());
        self.gap = head.kind == Kind::Lost;
        if head.kind == Kind::Seal {
            return self.close_seal(offset, &frame.start);
        }
        let digest = if head.kind == Kind::Redacted {
            let sequence = head.sequence;
            *self
                .redacted
                .get(&sequence)
                .ok_or(WalkFault::Digest { offset, sequence })?
        } else {
            frame.digest.finish()
        };
        self.chain.frame(&head, digest);
        Ok(())
    }

    fn close_seal(&mut self, offset: u64, payload: &[u8]) -> Result<(), WalkFault> {
        let differs = |reason| WalkFault::Seal { offset, reason };
        let hash = self.chain.clone().seal();
        if read_control(payload) != Some((self.next, offset)) {
            return Err(differs("it names another end"));
        }
        if read_seal_hash(payload) != Some(hash) {
            return Err(differs("it carries another hash"));
        }
        if self.at != self.end {
            return Err(differs("bytes follow it"));
        }
        self.proven = Some(Proven {
            seal_offset: offset,
            end: self.next,
            hash,
        });
        Ok(())
    }
}

/// Takes the whole walk; for checks that need no bytes.
pub(crate) fn prove(
    input: &mut dyn Read,
    end: u64,
    redacted: &Redacted,
) -> Result<Proven, WalkFault> {
    let (mut walk, _) = Walk::start(input, end, redacted)?;
    while walk.head()?.is_some() {
        while walk.piece(PIECE_BYTES)?.is_some() {}
    }
    Ok(walk.proven().expect("a walk ends behind its seal only"))
}
