//! The bytes of format version 1, all little-endian. Pure: no I/O, no clock, no allocation policy.
//!
//! A segment is a 4 KiB [`SegmentHeader`] followed by frames. A frame is a 48-byte [`FrameHeader`] and its
//! payload, padded to 16 bytes, so that every payload starts 16-byte aligned in a page-aligned mapping.
//! Padding is written as zeros and never read.
//!
//! Invariant: the header CRC of a frame covers the segment's random salt and the frame's own offset, so a
//! `length` is trusted before the jump, and bytes that were copied from anywhere else (another segment inside a
//! payload, a duplicated or swapped page) never parse.
//!
//! Units: offsets and lengths in bytes from the start of the segment, times in nanoseconds since the Unix epoch,
//! sequence numbers dense from 1.

use std::ops::Range;

use crate::fixed::{array_at, u32_at, u64_at};

/// Version of the layout below, stored in every segment header.
pub const FORMAT_VERSION: u32 = 1;
/// Bytes of the segment header: one page, so that the first frame is page-aligned.
pub const SEGMENT_HEADER_BYTES: usize = 4096;
/// Bytes of a frame header.
pub const FRAME_HEADER_BYTES: usize = 48;
/// Every frame, and so every payload, starts at a multiple of this many bytes (rkyv's largest alignment).
pub const FRAME_ALIGN_BYTES: usize = 16;
/// Largest payload of one frame, in bytes: bounds what a reader must hold for one record.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Payload of every control frame, in bytes. Not 0: a length of 0 says "nothing here yet".
pub const CONTROL_PAYLOAD_BYTES: usize = 16;
/// A control frame as a whole, in bytes.
pub const CONTROL_FRAME_BYTES: usize = FRAME_HEADER_BYTES + CONTROL_PAYLOAD_BYTES;
/// Payload of a seal, in bytes: the two numbers of a control frame and the seal hash.
pub const SEAL_PAYLOAD_BYTES: usize = CONTROL_PAYLOAD_BYTES + SEAL_HASH_BYTES;
/// Bytes of a seal hash (SHA-256).
pub const SEAL_HASH_BYTES: usize = 32;
/// A seal frame as a whole, in bytes.
pub const SEAL_FRAME_BYTES: usize = FRAME_HEADER_BYTES + SEAL_PAYLOAD_BYTES;
/// Smallest segment that can be configured: its header, one small batch and its seal.
pub const SEGMENT_BYTES_MIN: u64 = 2 * SEGMENT_HEADER_BYTES as u64;
/// Largest segment that can be configured, in bytes (the sparse index keeps offsets as `u32`).
pub const SEGMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// First bytes of every segment.
pub const MAGIC: [u8; 8] = *b"ERRATLOG";

/// The frame belongs to a batch that counts only once its batch end frame is there.
pub const FLAG_BATCH: u8 = 0x01;
/// Reserved: the payload is encrypted with the key that `key_id` names.
pub const FLAG_ENCRYPTED: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A record of the caller.
    Data = 1,
    /// Closes a batch; payload: its first sequence number and its number of records.
    BatchEnd = 2,
    /// The last frame of a complete segment; payload: the next segment's first sequence number, its own offset, the
    /// seal hash.
    Seal = 3,
    /// A writer opened the log; payload: its epoch, its process id, the first sequence number it will write.
    Epoch = 4,
    /// Only carries `durable_to`; payload: zeros.
    Watermark = 5,
    /// A record whose payload was replaced at somebody's request; keeps its sequence number.
    Redacted = 6,
    /// Stands for records that a repair gave up; payload: their first sequence number, their count.
    Lost = 7,
}

impl Kind {
    /// Every kind with the byte that is stored.
    pub const ALL: [Self; 7] = [
        Self::Data,
        Self::BatchEnd,
        Self::Seal,
        Self::Epoch,
        Self::Watermark,
        Self::Redacted,
        Self::Lost,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    /// Whether a frame of this kind is a record, that is, consumes a sequence number.
    pub fn is_record(self) -> bool {
        matches!(self, Self::Data | Self::Redacted)
    }
}

/// First page of a segment. Field order is storage order; see [`SegmentHeader::encode`] for offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Version of the segment's bytes.
    pub version: u32,
    /// Random identity of the log, equal in all of its segments.
    pub log_id: [u8; 16],
    /// Number of this segment, from 1, without gaps.
    pub number: u64,
    /// Sequence number of its first record.
    pub base: u64,
    /// When it was created, nanoseconds since the Unix epoch.
    pub created_ns: i64,
    /// Epoch of the writer that created it.
    pub epoch: u32,
    /// Random; part of every frame header's CRC.
    pub salt: u64,
    /// Offset of the seal frame in the previous segment; 0 in the first segment.
    pub previous_seal_offset: u64,
    /// Seal hash of the previous segment: the chain. Zeros in the first segment.
    pub previous_seal_hash: [u8; 32],
    /// Preallocated size of the file in bytes, this header included.
    pub segment_bytes: u64,
}

/// Why a segment header cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// Fewer bytes than a header.
    #[error("it holds {0} bytes, fewer than the 4096 of a segment header")]
    Short(usize),
    /// Not a segment of this log format.
    #[error("it does not start with the magic bytes of a segment")]
    Magic,
    /// Its CRC does not match.
    #[error("its header fails its checksum")]
    Checksum,
    /// Written by a later release.
    #[error(
        "its format version is {0}, this release reads {FORMAT_VERSION}; use the release that wrote it"
    )]
    Version(u32),
}

impl SegmentHeader {
    /// The header as the first page of a segment.
    pub fn encode(&self) -> Vec<u8> {
        let mut page = vec![0; SEGMENT_HEADER_BYTES];
        page[0..8].copy_from_slice(&MAGIC);
        page[8..12].copy_from_slice(&self.version.to_le_bytes());
        page[16..32].copy_from_slice(&self.log_id);
        page[32..40].copy_from_slice(&self.number.to_le_bytes());
        page[40..48].copy_from_slice(&self.base.to_le_bytes());
        page[48..56].copy_from_slice(&self.created_ns.to_le_bytes());
        page[56..60].copy_from_slice(&self.epoch.to_le_bytes());
        page[64..72].copy_from_slice(&self.salt.to_le_bytes());
        page[72..80].copy_from_slice(&self.previous_seal_offset.to_le_bytes());
        page[80..112].copy_from_slice(&self.previous_seal_hash);
        page[112..120].copy_from_slice(&self.segment_bytes.to_le_bytes());
        let crc = crc32fast::hash(&page[..SEGMENT_HEADER_BYTES - 4]);
        page[SEGMENT_HEADER_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
        page
    }

    /// Reads a header back; the checksum is verified before the version is believed.
    pub fn decode(page: &[u8]) -> Result<Self, HeaderFault> {
        if page.len() < SEGMENT_HEADER_BYTES {
            return Err(HeaderFault::Short(page.len()));
        }
        if page[0..8] != MAGIC {
            return Err(HeaderFault::Magic);
        }
        if crc32fast::hash(&page[..SEGMENT_HEADER_BYTES - 4])
            != u32_at(page, SEGMENT_HEADER_BYTES - 4)
        {
            return Err(HeaderFault::Checksum);
        }
        let version = u32_at(page, 8);
        if version != FORMAT_VERSION {
            return Err(HeaderFault::Version(version));
        }
        Ok(Self {
            version,
            log_id: array_at(page, 16),
            number: u64_at(page, 32),
            base: u64_at(page, 40),
            created_ns: i64::from_le_bytes(array_at(page, 48)),
            epoch: u32_at(page, 56),
            salt: u64_at(page, 64),
            previous_seal_offset: u64_at(page, 72),
            previous_seal_hash: array_at(page, 80),
            segment_bytes: u64_at(page, 112),
        })
    }
}

/// Header of one frame. Field order is storage order, with the CRC at bytes 4 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of the payload, 1 to [`PAYLOAD_BYTES_MAX`].
    pub length: u32,
    /// Sequence number of a record; of a control frame, that of the next record.
    pub sequence: u64,
    /// When its group was written, nanoseconds since the Unix epoch.
    pub time_ns: i64,
    /// All sequence numbers below this one were durable when this frame's group was written.
    pub durable_to: u64,
    /// CRC-32 of the payload.
    pub payload_crc: u32,
    /// The caller's kind and version of the record, opaque here; 0 in control frames.
    pub schema: u16,
    /// What the frame is.
    pub kind: Kind,
    /// [`FLAG_BATCH`], [`FLAG_ENCRYPTED`].
    pub flags: u8,
    /// Epoch of the writer.
    pub epoch: u32,
    /// Reserved: the key of an encrypted payload, else 0.
    pub key_id: u32,
}

/// What stands at an offset of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// 48 zero bytes, or less than a header's room: nothing was written here.
    Empty,
    /// A header whose CRC holds.
    Frame(FrameHeader),
    /// Bytes that are no header of this segment at this offset.
    Bad,
}

impl FrameHeader {
    /// Bytes of the whole frame, padding included.
    pub fn frame_bytes(&self) -> usize {
        frame_bytes(self.length as usize)
    }

    /// Where the payload lies when the frame starts at `offset`.
    pub fn payload_range(&self, offset: usize) -> Range<usize> {
        let start = offset + FRAME_HEADER_BYTES;
        start..start + self.length as usize
    }

    /// Appends the frame to `buffer`, which will be written so that its next byte lands at `offset`.
    pub fn encode(&self, payload: &[u8], salt: u64, offset: u64, buffer: &mut Vec<u8>) {
        debug_assert_eq!(
            payload.len(),
            self.length as usize,
            "length names the payload"
        );
        debug_assert_eq!(offset % FRAME_ALIGN_BYTES as u64, 0, "frames are aligned");
        let mut head = [0; FRAME_HEADER_BYTES];
        head[0..4].copy_from_slice(&self.length.to_le_bytes());
        head[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        head[16..24].copy_from_slice(&self.time_ns.to_le_bytes());
        head[24..32].copy_from_slice(&self.durable_to.to_le_bytes());
        head[32..36].copy_from_slice(&self.payload_crc.to_le_bytes());
        head[36..38].copy_from_slice(&self.schema.to_le_bytes());
        head[38] = self.kind as u8;
        head[39] = self.flags;
        head[40..44].copy_from_slice(&self.epoch.to_le_bytes());
        head[44..48].copy_from_slice(&self.key_id.to_le_bytes());
        let crc = header_crc(&head, salt, offset);
        head[4..8].copy_from_slice(&crc.to_le_bytes());
        buffer.extend_from_slice(&head);
        buffer.extend_from_slice(payload);
        buffer.resize(
            buffer.len() + self.frame_bytes() - FRAME_HEADER_BYTES - payload.len(),
            0,
        );
    }

    /// Reads what stands at `offset`; `head` starts there. The payload is not looked at.
    pub fn parse(head: &[u8], salt: u64, offset: u64) -> Parsed {
        let Some(head) = head.first_chunk::<FRAME_HEADER_BYTES>() else {
            return Parsed::Empty;
        };
        let length = u32_at(head, 0);
        if length == 0 {
            return if head.iter().all(|&byte| byte == 0) {
                Parsed::Empty
            } else {
                Parsed::Bad
            };
        }
        if length as usize > PAYLOAD_BYTES_MAX || header_crc(head, salt, offset) != u32_at(head, 4)
        {
            return Parsed::Bad;
        }
        let Some(kind) = Kind::from_byte(head[38]) else {
            return Parsed::Bad;
        };
        Parsed::Frame(Self {
            length,
            sequence: u64_at(head, 8),
            time_ns: i64::from_le_bytes(array_at(head, 16)),
            durable_to: u64_at(head, 24),
            payload_crc: u32_at(head, 32),
            schema: u16::from_le_bytes(array_at(head, 36)),
            kind,
            flags: head[39],
            epoch: u32_at(head, 40),
            key_id: u32_at(head, 44),
        })
    }
}

/// Bytes of a frame with a payload of `length` bytes, padding included.
pub fn frame_bytes(length: usize) -> usize {
    FRAME_HEADER_BYTES + length.next_multiple_of(FRAME_ALIGN_BYTES)
}

/// The payload of a seal at `offset`, with the next segment's first sequence number.
pub fn seal_payload(
    next: u64,
    offset: u64,
    hash: &[u8; SEAL_HASH_BYTES],
) -> [u8; SEAL_PAYLOAD_BYTES] {
    let mut payload = [0; SEAL_PAYLOAD_BYTES];
    payload[..CONTROL_PAYLOAD_BYTES].copy_from_slice(&control_payload(next, offset));
    payload[CONTROL_PAYLOAD_BYTES..].copy_from_slice(hash);
    payload
}

/// The hash in the payload of a seal; `None` when it is shorter than a seal's.
pub fn read_seal_hash(payload: &[u8]) -> Option<[u8; SEAL_HASH_BYTES]> {
    (payload.len() >= SEAL_PAYLOAD_BYTES).then(|| array_at(payload, CONTROL_PAYLOAD_BYTES))
}

/// The 16-byte payload of a control frame: two numbers.
pub fn control_payload(first: u64, second: u64) -> [u8; CONTROL_PAYLOAD_BYTES] {
    let mut payload = [0; CONTROL_PAYLOAD_BYTES];
    payload[..8].copy_from_slice(&first.to_le_bytes());
    payload[8..].copy_from_slice(&second.to_le_bytes());
    payload
}

/// Reads a control payload back; `None` when it is shorter than 16 bytes.
pub fn read_control(payload: &[u8]) -> Option<(u64, u64)> {
    (payload.len() >= CONTROL_PAYLOAD_BYTES).then(|| (u64_at(payload, 0), u64_at(payload, 8)))
}

/// The records that a lost frame stands for; none if only control frames were lost. `None` when its payload is bad.
pub fn lost_range(payload: &[u8]) -> Option<Range<u64>> {
    let (first, count) = read_control(payload)?;
    Some(first..first.checked_add(count)?)
}

fn header_crc(head: &[u8; FRAME_HEADER_BYTES], salt: u64, offset: u64) -> u32 {
    let mut bytes = [0; FRAME_HEADER_BYTES + 12];
    bytes[..8].copy_from_slice(&salt.to_le_bytes());
    bytes[8..16].copy_from_slice(&offset.to_le_bytes());
    bytes[16..20].copy_from_slice(&head[..4]);
    bytes[20..].copy_from_slice(&head[8..]);
    crc32fast::hash(&bytes)
}
