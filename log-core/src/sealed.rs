//! Sealed segments: complete ones, re-written as small compressed blocks that can be read one by one.
//!
//! Owns the file `{number:010}.log.zst`, its writing and checking, and the way from a raw offset to decoded bytes.
//!
//! The file is a sequence of standard zstd frames, one a **block**, each independent and with its content size and
//! content checksum, followed by one zstd skippable frame that holds the **block table** (layout in `table`). A
//! block holds at most 256 KiB of the raw segment, and mostly not much less; how it is cut stands in `writer`.
//! Decoded one after the other the blocks are the raw segment from its first byte to the end of its seal frame, so
//! `zstd -d` restores it: what was preallocated behind the seal is not kept, everything else is, bit by bit. A log
//! frame's offset, and with it its header CRC, is that of the raw segment.
//!
//! Found from the end: the last 4 bytes are the table's length, the table's CRC is before them. Opening reads the
//! table only, 56 bytes a block, and keeps it: about 0.2 bytes of memory for a KiB of raw log.
//!
//! Invariant: bytes handed out are those that were sealed. Every block's raw CRC-32 is verified each time it is
//! decoded, and so is zstd's own checksum; a file of which any bit differs gives the same bytes or an error. Raw
//! bytes lie in memory as they do in the segment, modulo 16.
//!
//! Units: raw offsets and lengths in bytes from the start of the raw segment, file offsets in bytes of the sealed
//! file, times in nanoseconds since the Unix epoch. Fails with [`SealedError`]; an error of the system is never
//! told as damage.

mod cache;
mod reader;
#[cfg(test)]
pub(crate) mod samples;
mod table;
mod walk;
mod writer;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::chain::Redacted;

pub use cache::BlockCache;
pub(crate) use cache::CACHE_BYTES_DEFAULT;
pub(crate) use reader::PositionedReader;
pub use reader::SealedFile;
pub(crate) use table::BLOCK_BYTES_MAX;
pub use table::TableFault;
pub use walk::Proven;
pub use walk::WalkFault;
pub(crate) use writer::{LEVEL_DEFAULT, Sealing, Source, Target, write_sealed};

/// Walks the raw bytes of a complete segment, at `path`, up to `end`, and checks everything in them.
pub(crate) fn prove(
    input: &mut dyn io::Read,
    path: &Path,
    end: u64,
    redacted: &Redacted,
) -> Result<Proven, SealedError> {
    walk::prove(input, end, redacted).map_err(|fault| SealedError::from_walk(path, fault))
}

/// Path of sealed segment `number`.
pub(crate) fn path_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.log.zst"))
}

/// Number of a sealed segment from its file name; `None` for anything else.
pub fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log.zst")?;
    (digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// Why a segment could not be sealed, or a sealed one not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// The operating system failed.
    #[error("cannot {step} {} at byte {offset}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// Where in the file.
        offset: u64,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The raw bytes are not a sound, complete segment.
    #[error("segment {} is not sound and complete", path.display())]
    Segment {
        /// The raw segment, or the sealed file that was decoded.
        path: PathBuf,
        /// What is wrong.
        #[source]
        fault: WalkFault,
    },
    /// The header page holds what the table has no room for: a later release's segment.
    #[error("segment {} has a header page that this release cannot seal; keep it as it is", path.display())]
    HeaderLayout {
        /// The raw segment.
        path: PathBuf,
    },
    /// More redacted records than a table may hold.
    #[error("segment {} has {count} redacted records, {limit} can be sealed; keep it as it is", path.display())]
    RedactedTooMany {
        /// The raw segment.
        path: PathBuf,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The block table cannot be used, and so the whole file.
    #[error("sealed segment {} cannot be used, looked at byte {offset}", path.display())]
    Table {
        /// The sealed file.
        path: PathBuf,
        /// Where the table, or its trailer, should start.
        offset: u64,
        /// What is wrong.
        #[source]
        fault: TableFault,
    },
    /// A block has rotted; the others can be read.
    #[error("sealed segment {} is damaged in bytes {}..{}, raw bytes {}..{} cannot be read: {fault}", path.display(), file.start, file.end, raw.start, raw.end)]
    Block {
        /// The sealed file.
        path: PathBuf,
        /// Damaged bytes of the file.
        file: Range<u64>,
        /// What they hold, in bytes of the segment.
        raw: Range<u64>,
        /// What is wrong.
        fault: BlockFault,
    },
    /// Bytes were asked for that the segment does not have.
    #[error("raw bytes {}..{} of sealed segment {} were asked for, it holds {raw_bytes}", range.start, range.end, path.display())]
    Beyond {
        /// The sealed file.
        path: PathBuf,
        /// What was asked for.
        range: Range<u64>,
        /// What there is.
        raw_bytes: u64,
    },
    /// The sealed file holds other bytes than the segment it was made from.
    #[error("sealed segment {} differs from {} at raw byte {offset}; keep the raw segment", path.display(), raw_path.display())]
    Differs {
        /// The sealed file.
        path: PathBuf,
        /// The raw segment.
        raw_path: PathBuf,
        /// First raw byte that differs.
        offset: u64,
    },
    /// The sealed file's content is sound but not what its table says.
    #[error("sealed segment {} does not hold what its block table says: {what} differs", path.display())]
    Contradiction {
        /// The sealed file.
        path: PathBuf,
        /// Which fact.
        what: &'static str,
    },
}

impl SealedError {
    fn io(step: &'static str, path: &Path, offset: u64, source: io::Error) -> Self {
        Self::Io {
            step,
            path: path.to_path_buf(),
            offset,
            source,
        }
    }
}

/// What is wrong with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockFault {
    /// The file ends within it.
    #[error("the file ends after {found} of its {expected} bytes")]
    Short {
        /// Bytes there are.
        found: usize,
        /// Bytes it has by the table.
        expected: usize,
    },
    /// It does not start as a zstd frame.
    #[error("it does not start with the magic number of a zstd frame")]
    Magic,
    /// zstd refuses it.
    #[error("zstd refuses it")]
    Zstd,
    /// It decodes to less than it should.
    #[error("it decodes to {found} bytes, expected {expected}")]
    Length {
        /// Bytes it gave.
        found: usize,
        /// Bytes it has by the table.
        expected: usize,
    },
    /// Its raw bytes fail their CRC.
    #[error("its raw bytes fail their checksum")]
    Checksum,
}

#[cfg(test)]
mod tests;
