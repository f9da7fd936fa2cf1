//! The block table at the end of a sealed file. Pure: bytes in, bytes out.
//!
//! It is one zstd skippable frame, so that every zstd decoder passes over it. All numbers little-endian, offsets
//! within the frame:
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 4 | [`SKIPPABLE_MAGIC`], of the zstd format |
//! | 4 | 4 | bytes of the frame behind this number |
//! | 8 | 8 | [`TABLE_MAGIC`] |
//! | 16 | 4 | version of this layout, [`TABLE_VERSION`] |
//! | 20 | 4 | number of blocks, B |
//! | 24 | 4 | number of redacted records, R |
//! | 28 | 4 | zero |
//! | 32 | 8 | raw length: bytes of the segment from its start to the end of its seal frame |
//! | 40 | 8 | end: one past the segment's last sequence number |
//! | 48 | 8 | redaction generation: 0, and one more each time the file is re-written with records redacted |
//! | 56 | 8 | raw offset of the seal frame |
//! | 64 | 8 | number of frames, of all kinds |
//! | 72 | 8 | bytes of all records' payloads |
//! | 80 | 32 | seal hash |
//! | 112 | 128 | the first 128 bytes of the segment's header page; what follows them there is zeros and the page's CRC |
//! | 240 | 56 × B | blocks |
//! | 240 + 56 B | 24 × R | redacted records, ascending: sequence number (8), digest of the payload it had (16) |
//! | 240 + 56 B + 24 R | 8 | [`TRAILER_MAGIC`] |
//! | … + 8 | 4 | CRC-32 of the frame up to here |
//! | … + 12 | 4 | bytes of the whole frame: the last bytes of the file, by which it is found |
//!
//! A block:
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | file offset of its zstd frame |
//! | 8 | 8 | raw offset of its first byte |
//! | 16 | 4 | bytes of its zstd frame |
//! | 20 | 4 | raw bytes |
//! | 24 | 4 | where in it (raw) the first log frame starts; its raw bytes if none does |
//! | 28 | 4 | CRC-32 of its raw bytes |
//! | 32 | 8 | sequence number in the header of that first frame; if there is none, the next block's |
//! | 40 | 8 | lowest time of the records that start in it, ns; the greatest i64 if there are none |
//! | 48 | 8 | highest time of them, ns; the least i64 if there are none |
//!
//! Invariant of a decoded table: blocks adjoin, in the file and in the segment, without a gap; together they are
//! the whole segment and everything in the file but the table; raw offsets are multiples of 16; no length is above
//! its limit. So whoever uses a table need not doubt a number in it again.
//!
//! Fails with what does not fit. Nothing is allocated for a count before the bytes it counts are known to be there.

use crate::chain::{DIGEST_BYTES, PayloadDigest, Redacted, SealHash};
use crate::fixed::{array_at, u32_at, u64_at};
use crate::format::{
    FRAME_ALIGN_BYTES, HeaderFault, SEGMENT_BYTES_MAX, SEGMENT_HEADER_BYTES, SegmentHeader,
};

/// One of the sixteen magic numbers that zstd decoders pass over.
pub(crate) const SKIPPABLE_MAGIC: u32 = 0x184D_2A5A;
/// First bytes of the table.
pub(crate) const TABLE_MAGIC: [u8; 8] = *b"ERRABLKS";
/// Version of the layout above.
pub(crate) const TABLE_VERSION: u32 = 1;
/// Close to the end of the file, before the table's CRC and length.
pub(crate) const TRAILER_MAGIC: [u8; 8] = *b"ERRASEAL";
/// Bytes from [`TRAILER_MAGIC`] to the end of the file.
pub(crate) const TRAILER_BYTES: usize = 16;
/// Raw bytes of a block, at most.
pub(crate) const BLOCK_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a block's zstd frame, at most: what zstd needs in the worst case, rounded up.
pub(crate) const BLOCK_FILE_BYTES_MAX: usize = BLOCK_BYTES_MAX + BLOCK_BYTES_MAX / 128;
/// Blocks of one file, at most: any two neighbours hold more than one block's bytes together.
pub(crate) const BLOCKS_MAX: usize = 2 * (SEGMENT_BYTES_MAX as usize / BLOCK_BYTES_MAX) + 2;
/// Redacted records of one file, at most (24 MB of table).
pub(crate) const REDACTED_MAX: usize = 1_000_000;
/// Bytes of the segment's header page that are kept in the table.
pub(crate) const HEADER_IMAGE_BYTES: usize = 128;

const FIXED_BYTES: usize = 240;
const BLOCK_ENTRY_BYTES: usize = 56;
const REDACTED_ENTRY_BYTES: usize = 8 + DIGEST_BYTES;
/// A table without a block.
pub(crate) const TABLE_BYTES_MIN: usize = FIXED_BYTES + TRAILER_BYTES;
/// The largest table.
pub(crate) const TABLE_BYTES_MAX: usize =
    TABLE_BYTES_MIN + BLOCKS_MAX * BLOCK_ENTRY_BYTES + REDACTED_MAX * REDACTED_ENTRY_BYTES;

/// What a sealed file holds, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The segment's header.
    pub header: SegmentHeader,
    /// The bytes it was read from.
    pub image: [u8; HEADER_IMAGE_BYTES],
    /// Bytes of the segment, to the end of its seal frame.
    pub raw_bytes: u64,
    /// One past the last record.
    pub end: u64,
    /// How often records of it were redacted since it was sealed.
    pub generation: u64,
    /// Where the seal frame starts, in raw bytes.
    pub seal_offset: u64,
    /// Frames of all kinds.
    pub frames: u64,
    /// Bytes of all records' payloads.
    pub payload_bytes: u64,
    /// Vouches for the segment and all before it.
    pub seal_hash: SealHash,
    /// Ascending; at least one.
    pub blocks: Vec<Block>,
    /// Digests of the payloads that redacted records had.
    pub redacted: Redacted,
}

/// One independent zstd frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where its zstd frame starts in the file.
    pub file_offset: u64,
    /// Where its first byte belongs in the segment.
    pub raw_offset: u64,
    /// Bytes of its zstd frame.
    pub file_bytes: u32,
    /// Bytes of the segment in it.
    pub raw_bytes: u32,
    /// Where in it the first log frame starts; `raw_bytes` if none does.
    pub first_frame: u32,
    /// CRC-32 of its raw bytes.
    pub crc: u32,
    /// Sequence number of the first frame that starts in it, or behind it if none does.
    pub first_sequence: u64,
    /// Lowest time of the records that start in it; `i64::MAX` without any.
    pub lowest_ns: i64,
    /// Highest time of them; `i64::MIN` without any.
    pub highest_ns: i64,
}

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    /// The file is too short to hold a table, or shorter than its table says.
    #[error("the file holds {found} bytes, its block table needs {needed}")]
    Short {
        /// What there is.
        found: u64,
        /// What there should be.
        needed: u64,
    },
    /// Its last bytes are no trailer: it was cut off, or is no sealed segment.
    #[error("the file does not end with the trailer of a sealed segment")]
    Trailer,
    /// The trailer's length is impossible.
    #[error(
        "the block table claims {found} bytes, {TABLE_BYTES_MIN} to {TABLE_BYTES_MAX} are possible"
    )]
    Length {
        /// What the trailer says.
        found: u64,
    },
    /// No table where the trailer says.
    #[error("the block table does not start with its magic bytes")]
    Magic,
    /// Its CRC does not match.
    #[error("the block table fails its checksum")]
    Checksum,
    /// Made by a later release.
    #[error("the block table has version {0}, this release reads version {TABLE_VERSION}")]
    Version(u32),
    /// The segment header in it cannot be used.
    #[error("the segment header in the block table cannot be used: {0}")]
    Header(#[source] HeaderFault),
    /// A number in it contradicts another one.
    #[error("the block table does not add up: {what} is {found}, expected {expected}")]
    Sum {
        /// Which number.
        what: &'static str,
        /// What it is.
        found: u64,
        /// What it should be, or its limit.
        expected: u64,
    },
}

/// A fault unless `fits`.
fn sum(fits: bool, what: &'static str, found: u64, expected: u64) -> Result<(), TableFault> {
    if fits {
        Ok(())
    } else {
        Err(TableFault::Sum {
            what,
            found,
            expected,
        })
    }
}

/// Bytes of the table that ends with `trailer`, in a file of `file_bytes` bytes.
pub(crate) fn table_bytes(
    trailer: &[u8; TRAILER_BYTES],
    file_bytes: u64,
) -> Result<usize, TableFault> {
    if trailer[..8] != TRAILER_MAGIC {
        return Err(TableFault::Trailer);
    }
    let found = u64::from(u32_at(trailer, 12));
    if !(TABLE_BYTES_MIN as u64..=TABLE_BYTES_MAX as u64).contains(&found) {
        return Err(TableFault::Length { found });
    }
    if found > file_bytes {
        return Err(TableFault::Short {
            found: file_bytes,
            needed: found,
        });
    }
    Ok(found as usize)
}

/// The segment header of which a table keeps `image`.
pub(crate) fn header_of(image: &[u8; HEADER_IMAGE_BYTES]) -> Result<SegmentHeader, HeaderFault> {
    let mut page = [0; SEGMENT_HEADER_BYTES];
    page[..HEADER_IMAGE_BYTES].copy_from_slice(image);
    let crc = crc32fast::hash(&page[..SEGMENT_HEADER_BYTES - 4]);
    page[SEGMENT_HEADER_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
    SegmentHeader::decode(&page)
}

impl Table {
    /// The table as the last bytes of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let total = TABLE_BYTES_MIN
            + self.blocks.len() * BLOCK_ENTRY_BYTES
            + self.redacted.len() * REDACTED_ENTRY_BYTES;
        let mut out = Vec::with_capacity(total);
        out.extend_from_slice(&SKIPPABLE_MAGIC.to_le_bytes());
        out.extend_from_slice(&(total as u32 - 8).to_le_bytes());
        out.extend_from_slice(&TABLE_MAGIC);
        out.extend_from_slice(&TABLE_VERSION.to_le_bytes());
        out.extend_from_slice(&(self.blocks.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.redacted.len() as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        for number in [
            self.raw_bytes,
            self.end,
            self.generation,
            self.seal_offset,
            self.frames,
            self.payload_bytes,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.seal_hash);
        out.extend_from_slice(&self.image);
        for block in &self.blocks {
            block.encode(&mut out);
        }
        for (sequence, digest) in &self.redacted {
            out.extend_from_slice(&sequence.to_le_bytes());
            out.extend_from_slice(&digest.0);
        }
        out.extend_from_slice(&TRAILER_MAGIC);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&(total as u32).to_le_bytes());
        out
    }

    /// Reads a table back from the last bytes of a file, which start at `file_offset` and are as many as
    /// [`table_bytes`] said.
    pub(crate) fn decode(bytes: &[u8], file_offset: u64) -> Result<Self, TableFault> {
        let needed = TABLE_BYTES_MIN as u64;
        let found = bytes.len() as u64;
        if found < needed {
            return Err(TableFault::Short { found, needed });
        }
        let crc_at = bytes.len() - 8;
        if u32_at(bytes, 0) != SKIPPABLE_MAGIC || bytes[8..16] != TABLE_MAGIC {
            return Err(TableFault::Magic);
        }
        if crc32fast::hash(&bytes[..crc_at]) != u32_at(bytes, crc_at) {
            return Err(TableFault::Checksum);
        }
        let version = u32_at(bytes, 16);
        if version != TABLE_VERSION {
            return Err(TableFault::Version(version));
        }
        let (blocks, redacted) = (u32_at(bytes, 20) as usize, u32_at(bytes, 24) as usize);
        sum(
            blocks <= BLOCKS_MAX,
            "number of blocks",
            blocks as u64,
            BLOCKS_MAX as u64,
        )?;
        sum(
            redacted <= REDACTED_MAX,
            "number of redacted records",
            redacted as u64,
            REDACTED_MAX as u64,
        )?;
        let blocks_end = FIXED_BYTES + blocks * BLOCK_ENTRY_BYTES;
        let redacted_end = blocks_end + redacted * REDACTED_ENTRY_BYTES;
        let total = (redacted_end + TRAILER_BYTES) as u64;
        sum(total == found, "length of the table", found, total)?;
        let framed = u64::from(u32_at(bytes, 4)) + 8;
        sum(framed == found, "length of its zstd frame", framed, found)?;

        let image = array_at(bytes, 112);
        let table = Self {
            header: header_of(&image).map_err(TableFault::Header)?,
            image,
            raw_bytes: u64_at(bytes, 32),
            end: u64_at(bytes, 40),
            generation: u64_at(bytes, 48),
            seal_offset: u64_at(bytes, 56),
            frames: u64_at(bytes, 64),
            payload_bytes: u64_at(bytes, 72),
            seal_hash: array_at(bytes, 80),
            blocks: bytes[FIXED_BYTES..blocks_end]
                .chunks_exact(BLOCK_ENTRY_BYTES)
                .map(Block::decode)
                .collect(),
            redacted: bytes[blocks_end..redacted_end]
                .chunks_exact(REDACTED_ENTRY_BYTES)
                .map(|entry| (u64_at(entry, 0), PayloadDigest(array_at(entry, 8))))
                .collect(),
        };
        // A map keeps one of two equal keys: fewer entries than counted means that one came twice.
        sum(
            table.redacted.len() == redacted,
            "number of different redacted records",
            table.redacted.len() as u64,
            redacted as u64,
        )?;
        table.check(file_offset)?;
        Ok(table)
    }

    /// Holds every number against the others; the table itself starts at `file_offset`.
    fn check(&self, file_offset: u64) -> Result<(), TableFault> {
        let base = self.header.base;
        sum(self.end >= base, "end", self.end, base)?;
        sum(
            self.raw_bytes <= SEGMENT_BYTES_MAX,
            "raw length",
            self.raw_bytes,
            SEGMENT_BYTES_MAX,
        )?;
        sum(
            self.seal_offset < self.raw_bytes,
            "offset of the seal",
            self.seal_offset,
            self.raw_bytes,
        )?;
        let (mut file_at, mut raw_at) = (0, 0);
        for (index, block) in self.blocks.iter().enumerate() {
            block.check(file_at, raw_at)?;
            file_at += u64::from(block.file_bytes);
            raw_at += u64::from(block.raw_bytes);
            let following = self.blocks.get(index + 1);
            let next = following.map_or(self.end, |next| next.first_sequence);
            let starts_frame = block.first_frame < block.raw_bytes;
            sum(
                block.first_sequence >= base
                    && block.first_sequence <= next
                    && (starts_frame || (following.is_some() && block.first_sequence == next)),
                "first sequence number of a block",
                block.first_sequence,
                next,
            )?;
        }
        let last = self.blocks.last().map_or(0, |block| block.raw_offset);
        sum(
            last <= self.seal_offset,
            "offset of the seal",
            self.seal_offset,
            last,
        )?;
        sum(
            raw_at == self.raw_bytes,
            "sum of raw blocks",
            raw_at,
            self.raw_bytes,
        )?;
        sum(
            file_at == file_offset,
            "sum of blocks",
            file_at,
            file_offset,
        )?;
        if let (Some((&first, _)), Some((&last, _))) = (
            self.redacted.first_key_value(),
            self.redacted.last_key_value(),
        ) {
            sum(first >= base, "first redacted record", first, base)?;
            sum(last < self.end, "last redacted record", last, self.end)?;
        }
        Ok(())
    }
}

impl Block {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.file_offset.to_le_bytes());
        out.extend_from_slice(&self.raw_offset.to_le_bytes());
        for number in [self.file_bytes, self.raw_bytes, self.first_frame, self.crc] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.first_sequence.to_le_bytes());
        out.extend_from_slice(&self.lowest_ns.to_le_bytes());
        out.extend_from_slice(&self.highest_ns.to_le_bytes());
    }

    fn decode(entry: &[u8]) -> Self {
        Self {
            file_offset: u64_at(entry, 0),
            raw_offset: u64_at(entry, 8),
            file_bytes: u32_at(entry, 16),
            raw_bytes: u32_at(entry, 20),
            first_frame: u32_at(entry, 24),
            crc: u32_at(entry, 28),
            first_sequence: u64_at(entry, 32),
            lowest_ns: i64::from_le_bytes(array_at(entry, 40)),
            highest_ns: i64::from_le_bytes(array_at(entry, 48)),
        }
    }

    /// The block must start at these places, and its sizes be possible.
    fn check(&self, file_at: u64, raw_at: u64) -> Result<(), TableFault> {
        let (file, raw) = (u64::from(self.file_bytes), u64::from(self.raw_bytes));
        let (file_max, raw_max) = (BLOCK_FILE_BYTES_MAX as u64, BLOCK_BYTES_MAX as u64);
        sum(
            self.file_offset == file_at,
            "offset of a block",
            self.file_offset,
            file_at,
        )?;
        sum(
            self.raw_offset == raw_at,
            "raw offset of a block",
            self.raw_offset,
            raw_at,
        )?;
        sum(
            (1..=file_max).contains(&file),
            "length of a block",
            file,
            file_max,
        )?;
        sum(
            (1..=raw_max).contains(&raw) && raw.is_multiple_of(FRAME_ALIGN_BYTES as u64),
            "raw length of a block",
            raw,
            raw_max,
        )?;
        let first = u64::from(self.first_frame);
        sum(
            first <= raw && first.is_multiple_of(FRAME_ALIGN_BYTES as u64),
            "place of a block's first frame",
            first,
            raw,
        )
    }
}

#[cfg(test)]
mod tests;
