//! Makes a sealed file from a segment's raw bytes, in one pass and a few buffers.
//!
//! Invariant: a table is written only behind blocks that hold exactly the bytes that were read, and only when
//! these are a sound, complete segment (see `walk`): damage is never sealed in. Blocks are cut so that
//! - a frame of at most [`BLOCK_BYTES_MAX`] bytes lies in one block, so reading it copies nothing;
//! - a longer frame starts a block, fills blocks to the brim, and what is left of it shares a block with what
//!   follows;
//! - a block ends only where the next frame does not fit: two neighbours hold more than one full block together.
//!
//! Neither syncs nor renames: the caller does, and calls [`super::SealedFile::verify`] in between, before it takes
//! the raw file away. After an error the file written to is worth nothing; nothing else was changed.

use std::io::Read;
use std::path::Path;

use zstd::bulk::Compressor;

use super::SealedError;
use super::table::{
    BLOCK_BYTES_MAX, BLOCK_FILE_BYTES_MAX, Block, HEADER_IMAGE_BYTES, REDACTED_MAX,
    TABLE_BYTES_MIN, Table, header_of,
};
use super::walk::{Walk, WalkFault};
use crate::chain::Redacted;
use crate::format::{FrameHeader, SEGMENT_HEADER_BYTES};
use crate::io::{LogFile, write_all};

/// Compression level, zstd's own default: higher ones save little on error events and cost the writer's machine
/// several times the time.
pub(crate) const LEVEL_DEFAULT: i32 = 3;

/// The raw bytes of a complete segment.
pub(crate) struct Source<'a> {
    /// Yields them from the segment's first byte on; see [`super::PositionedReader`] for a file.
    pub(crate) input: &'a mut dyn Read,
    /// Named in errors.
    pub(crate) path: &'a Path,
    /// End of the seal frame: the length of what is sealed.
    pub(crate) end: u64,
}

/// Where the sealed file goes: a new, empty file.
pub(crate) struct Target<'a> {
    /// Open for writing.
    pub(crate) file: &'a dyn LogFile,
    /// Named in errors.
    pub(crate) path: &'a Path,
}

/// What the caller decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealing<'a> {
    /// Of zstd; [`LEVEL_DEFAULT`].
    pub(crate) level: i32,
    /// Redaction generation of the new file.
    pub(crate) generation: u64,
    /// Digests of the payloads that the segment's redacted records had; of exactly these.
    pub(crate) redacted: &'a Redacted,
}

/// A sealed file as it was written.
#[derive(Debug)]
pub(crate) struct Written {
    /// Its table.
    pub(crate) table: Table,
    /// Its length.
    pub(crate) file_bytes: u64,
}

/// Writes `source`, from where its input stands, to `target` as a sealed file.
///
/// To stop early, let the input fail: its error comes back as [`SealedError::Io`].
pub(crate) fn write_sealed(
    source: &mut Source<'_>,
    sealing: Sealing<'_>,
    target: &Target<'_>,
) -> Result<Written, SealedError> {
    if sealing.redacted.len() > REDACTED_MAX {
        return Err(SealedError::RedactedTooMany {
            path: source.path.to_path_buf(),
            count: sealing.redacted.len(),
            limit: REDACTED_MAX,
        });
    }
    let path = source.path;
    let faulty = |fault| SealedError::from_walk(path, fault);
    let (mut walk, page) =
        Walk::start(&mut *source.input, source.end, sealing.redacted).map_err(faulty)?;
    let mut image = [0; HEADER_IMAGE_BYTES];
    image.copy_from_slice(&page[..HEADER_IMAGE_BYTES]);
    if header_of(&image) != Ok(walk.header.clone()) || page_rest_is_used(&page) {
        return Err(SealedError::HeaderLayout {
            path: source.path.to_path_buf(),
        });
    }
    let mut blocks = Blocks::new(sealing.level, target)?;
    blocks.push(&page)?;
    let (mut frames, mut payload_bytes) = (0, 0);
    while let Some((head, bytes)) = walk.head().map_err(faulty)? {
        frames += 1;
        if head.kind.is_record() {
            payload_bytes += u64::from(head.length);
        }
        blocks.begin_frame(&head)?;
        blocks.push(&bytes)?;
        while let Some(piece) = walk.piece(blocks.room()).map_err(faulty)? {
            blocks.push(piece)?;
        }
    }
    let proven = walk.proven().expect("a walk ends behind its seal only");
    let header = walk.header.clone();
    let (blocks, at) = blocks.finish(proven.end)?;
    let table = Table {
        header,
        image,
        raw_bytes: source.end,
        end: proven.end,
        generation: sealing.generation,
        seal_offset: proven.seal_offset,
        frames,
        payload_bytes,
        seal_hash: proven.hash,
        blocks,
        redacted: sealing.redacted.clone(),
    };
    let bytes = table.encode();
    debug_assert!(bytes.len() >= TABLE_BYTES_MIN, "a table has its fixed part");
    target.write(&bytes, at)?;
    Ok(Written {
        table,
        file_bytes: at + bytes.len() as u64,
    })
}

/// Whether a header page holds anything that its image in the table would lose.
fn page_rest_is_used(page: &[u8]) -> bool {
    page[HEADER_IMAGE_BYTES..SEGMENT_HEADER_BYTES - 4]
        .iter()
        .any(|&byte| byte != 0)
}

impl Target<'_> {
    fn write(&self, bytes: &[u8], at: u64) -> Result<(), SealedError> {
        write_all(self.file, bytes, at)
            .map_err(|source| SealedError::io("write", self.path, at, source))
    }
}

/// The block that fills up, and those before it.
struct Blocks<'a> {
    target: &'a Target<'a>,
    compressor: Compressor<'static>,
    raw: Vec<u8>,
    file: Vec<u8>,
    /// Facts about the frames that start in `raw`.
    open: OpenBlock,
    raw_at: u64,
    file_at: u64,
    done: Vec<Block>,
}

struct OpenBlock {
    /// Place and sequence number of the first frame that starts in it.
    first: Option<(u32, u64)>,
    lowest_ns: i64,
    highest_ns: i64,
}

impl OpenBlock {
    const EMPTY: Self = Self {
        first: None,
        lowest_ns: i64::MAX,
        highest_ns: i64::MIN,
    };
}

impl<'a> Blocks<'a> {
    fn new(level: i32, target: &'a Target<'a>) -> Result<Self, SealedError> {
        let failed = |source| SealedError::io("compress into", target.path, 0, source);
        let mut compressor = Compressor::new(level).map_err(failed)?;
        compressor.include_checksum(true).map_err(failed)?;
        compressor.include_contentsize(true).map_err(failed)?;
        Ok(Self {
            target,
            compressor,
            raw: Vec::with_capacity(BLOCK_BYTES_MAX),
            file: Vec::with_capacity(BLOCK_FILE_BYTES_MAX),
            open: OpenBlock::EMPTY,
            raw_at: 0,
            file_at: 0,
            done: Vec::new(),
        })
    }

    /// Says that a frame starts here, and begins a new block for one that does not fit.
    fn begin_frame(&mut self, head: &FrameHeader) -> Result<(), SealedError> {
        if self.raw.len() + head.frame_bytes() > BLOCK_BYTES_MAX {
            self.flush()?;
        }
        let place = self.raw.len() as u32;
        self.open.first.get_or_insert((place, head.sequence));
        if head.kind.is_record() {
            self.open.lowest_ns = self.open.lowest_ns.min(head.time_ns);
            self.open.highest_ns = self.open.highest_ns.max(head.time_ns);
        }
        Ok(())
    }

    /// Bytes that the next push may have, at most; at least 1.
    fn room(&self) -> usize {
        match BLOCK_BYTES_MAX - self.raw.len() {
            0 => BLOCK_BYTES_MAX,
            left => left,
        }
    }

    /// Adds bytes, not more than there is room for; a full block is closed before.
    fn push(&mut self, bytes: &[u8]) -> Result<(), SealedError> {
        debug_assert!(bytes.len() <= self.room(), "a piece crosses no block's end");
        if self.raw.len() == BLOCK_BYTES_MAX {
            self.flush()?;
        }
        self.raw.extend_from_slice(bytes);
        Ok(())
    }

    /// Compresses and writes the open block.
    fn flush(&mut self) -> Result<(), SealedError> {
        if self.raw.is_empty() {
            return Ok(());
        }
        self.file.clear();
        self.compressor
            .compress_to_buffer(&self.raw, &mut self.file)
            .map_err(|source| {
                SealedError::io("compress into", self.target.path, self.file_at, source)
            })?;
        self.target.write(&self.file, self.file_at)?;
        let open = std::mem::replace(&mut self.open, OpenBlock::EMPTY);
        let raw_bytes = self.raw.len() as u32;
        // A block without a frame of its own gets its sequence number in `finish`, from the next one.
        let (first_frame, first_sequence) = open.first.unwrap_or((raw_bytes, u64::MAX));
        self.done.push(Block {
            file_offset: self.file_at,
            raw_offset: self.raw_at,
            file_bytes: self.file.len() as u32,
            raw_bytes,
            first_frame,
            crc: crc32fast::hash(&self.raw),
            first_sequence,
            lowest_ns: open.lowest_ns,
            highest_ns: open.highest_ns,
        });
        self.raw_at += u64::from(raw_bytes);
        self.file_at += self.file.len() as u64;
        self.raw.clear();
        Ok(())
    }

    /// Closes the last block; all blocks, and where the table goes.
    fn finish(mut self, end: u64) -> Result<(Vec<Block>, u64), SealedError> {
        self.flush()?;
        let mut next = end;
        for block in self.done.iter_mut().rev() {
            if block.first_frame == block.raw_bytes {
                block.first_sequence = next;
            }
            next = block.first_sequence;
        }
        Ok((self.done, self.file_at))
    }
}

impl SealedError {
    /// A walk's fault in the file `path`; a sealed file's own error, when the walk went through one.
    pub(super) fn from_walk(path: &Path, fault: WalkFault) -> Self {
        if let WalkFault::Read { offset, source } = fault {
            return match source.downcast::<Self>() {
                Ok(own) => own,
                Err(source) => Self::io("read", path, offset, source),
            };
        }
        Self::Segment {
            path: path.to_path_buf(),
            fault,
        }
    }
}

#[cfg(test)]
mod tests;
