//! A sealed file open for reading: from raw offsets, sequence numbers and times to decoded bytes.
//!
//! Invariant: the table was checked as a whole when the file was opened, and every block is checked each time it is
//! decoded. Blocks go through the log's cache; what is read only once (the inner blocks of a large record, a check
//! of the whole file) goes past it.
//!
//! Shared by any number of threads; nothing is locked while a block is read or decoded.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use zstd::zstd_safe::WriteBuf;

use super::cache::{BlockCache, BlockKey, Decoder};
use super::table::{BLOCK_BYTES_MAX, Block, TRAILER_BYTES, Table, TableFault, table_bytes};
use super::walk::{self, Proven};
use super::{BlockFault, SealedError, Source};
use crate::format::FRAME_ALIGN_BYTES;
use crate::io::{LogFile, read_up_to};
use crate::mmap::padding;

/// First bytes of every zstd frame; anything else zstd might take (skippable and historic frames) is no block.
const ZSTD_MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// A sealed segment.
#[derive(Debug)]
pub struct SealedFile {
    path: PathBuf,
    file: Arc<dyn LogFile>,
    table: Table,
    /// Highest time in each block and all before it: clocks step back, this does not.
    highest_so_far: Vec<i64>,
    cache: Arc<BlockCache>,
}

/// A frame to start a search at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Sequence number in its header.
    pub sequence: u64,
    /// Where it starts, in raw bytes.
    pub offset: u64,
}

impl SealedFile {
    /// Reads and checks the table of `file`, which was opened at `path`; no block is looked at.
    pub fn open(
        file: Arc<dyn LogFile>,
        path: &Path,
        cache: Arc<BlockCache>,
    ) -> Result<Self, SealedError> {
        let table = read_table(&*file, path)?;
        let highest_so_far = table
            .blocks
            .iter()
            .scan(i64::MIN, |highest, block| {
                *highest = block.highest_ns.max(*highest);
                Some(*highest)
            })
            .collect();
        Ok(Self {
            path: path.to_path_buf(),
            file,
            table,
            highest_so_far,
            cache,
        })
    }

    /// What the file says about itself.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Decoded bytes from raw offset `start` to the end of its block; empty at the end of the segment.
    pub fn window(&self, start: u64) -> Result<Bytes, SealedError> {
        if start == self.table.raw_bytes {
            return Ok(Bytes::new());
        }
        let index = self.block_at(start, 0)?;
        let block = &self.table.blocks[index];
        let bytes = self.cached(index)?;
        Ok(bytes.slice((start - block.raw_offset) as usize..))
    }

    /// Decoded bytes from raw offset `start` on, at least `length` of them; from several blocks if need be, then
    /// copied together.
    pub fn window_at_least(&self, start: u64, length: usize) -> Result<Bytes, SealedError> {
        if length == 0 {
            return self.window(start);
        }
        let index = self.block_at(start, length as u64)?;
        let block = &self.table.blocks[index];
        if start + length as u64 <= block.raw_end() {
            return self.window(start);
        }
        // The length was held against the raw length, and that against the largest segment there may be.
        let misplaced = (start % FRAME_ALIGN_BYTES as u64) as usize;
        let mut buffer = vec![0; FRAME_ALIGN_BYTES * 2 + length];
        let skip = padding(&buffer) + misplaced;
        let mut at = 0;
        for index in index.. {
            let block = &self.table.blocks[index];
            let from = (start + at as u64 - block.raw_offset) as usize;
            let count = (block.raw_bytes as usize - from).min(length - at);
            let target = &mut buffer[skip + at..skip + at + count];
            if count == block.raw_bytes as usize {
                self.decode(index, target)?;
            } else {
                target.copy_from_slice(&self.cached(index)?[from..from + count]);
            }
            at += count;
            if at == length {
                break;
            }
        }
        Ok(Bytes::from(buffer).slice(skip..skip + length))
    }

    /// The first frame of the block in which record `sequence` starts; `None` for one that is not in this segment.
    pub fn block_of_sequence(&self, sequence: u64) -> Option<Floor> {
        if sequence < self.table.header.base || sequence >= self.table.end {
            return None;
        }
        let blocks = &self.table.blocks;
        let behind = blocks.partition_point(|block| block.first_sequence <= sequence);
        self.floor(behind.checked_sub(1)?)
    }

    /// The first frame of the first block in which a record of `time_ns` or later starts; `None` when all records
    /// of this segment are earlier.
    pub(crate) fn block_of_time(&self, time_ns: i64) -> Option<Floor> {
        let index = self
            .highest_so_far
            .partition_point(|&highest| highest < time_ns);
        self.floor(index)
    }

    /// The whole segment, decoded block by block past the cache; errors are [`SealedError`]s in an `io::Error`.
    pub fn reader(&self) -> RawReader<'_> {
        RawReader {
            sealed: self,
            next: 0,
            block: Vec::new(),
            at: 0,
        }
    }

    /// Decodes the whole file and holds it against the segment it was made from, byte by byte.
    ///
    /// To be called on the synced file, before the raw segment goes.
    pub(crate) fn verify(&self, source: &mut Source<'_>) -> Result<(), SealedError> {
        let differs = |offset| SealedError::Differs {
            path: self.path.clone(),
            raw_path: source.path.to_path_buf(),
            offset,
        };
        if self.table.raw_bytes != source.end {
            return Err(differs(self.table.raw_bytes.min(source.end)));
        }
        let mut expected = vec![0; BLOCK_BYTES_MAX];
        let mut found = vec![0; BLOCK_BYTES_MAX];
        for (index, block) in self.table.blocks.iter().enumerate() {
            let length = block.raw_bytes as usize;
            let (expected, found) = (&mut expected[..length], &mut found[..length]);
            source
                .input
                .read_exact(expected)
                .map_err(|error| SealedError::io("read", source.path, block.raw_offset, error))?;
            self.decode(index, found)?;
            if let Some(at) = first_difference(expected, found) {
                return Err(differs(block.raw_offset + at as u64));
            }
        }
        Ok(())
    }

    /// Decodes the whole file and checks everything in it: every frame's checksums, the order of records, the seal
    /// hash. Needs nothing but the file.
    pub fn check(&self) -> Result<Proven, SealedError> {
        let mut input = self.reader();
        let proven = walk::prove(&mut input, self.table.raw_bytes, &self.table.redacted)
            .map_err(|fault| SealedError::from_walk(&self.path, fault))?;
        self.agrees_with(&proven)?;
        Ok(proven)
    }

    /// Holds what a walk over the decoded bytes has proven against the table.
    pub(crate) fn agrees_with(&self, proven: &Proven) -> Result<(), SealedError> {
        let facts = [
            ("the seal hash", proven.hash == self.table.seal_hash),
            ("the last sequence number", proven.end == self.table.end),
            (
                "the seal's place",
                proven.seal_offset == self.table.seal_offset,
            ),
        ];
        match facts.into_iter().find(|(_, equal)| !equal) {
            None => Ok(()),
            Some((what, _)) => Err(SealedError::Contradiction {
                path: self.path.clone(),
                what,
            }),
        }
    }

    /// Index of the block that holds raw byte `start`; `length` bytes from there must exist.
    fn block_at(&self, start: u64, length: u64) -> Result<usize, SealedError> {
        let raw_bytes = self.table.raw_bytes;
        let end = start.saturating_add(length);
        if start >= raw_bytes || end > raw_bytes {
            return Err(SealedError::Beyond {
                path: self.path.clone(),
                range: start..end,
                raw_bytes,
            });
        }
        let blocks = &self.table.blocks;
        Ok(blocks.partition_point(|block| block.raw_end() <= start))
    }

    /// The first frame that starts in block `index` or behind it.
    fn floor(&self, index: usize) -> Option<Floor> {
        let block = self.table.blocks[index.min(self.table.blocks.len())..]
            .iter()
            .find(|block| block.first_frame < block.raw_bytes)?;
        Some(Floor {
            sequence: block.first_sequence,
            offset: block.raw_offset + u64::from(block.first_frame),
        })
    }

    /// Block `index`, from the cache or decoded now.
    fn cached(&self, index: usize) -> Result<Bytes, SealedError> {
        let key = BlockKey {
            segment: self.table.header.number,
            generation: self.table.generation,
            block: index as u32,
        };
        let length = self.table.blocks[index].raw_bytes as usize;
        self.cache.get(key, length, || {
            let buffer = Vec::with_capacity(FRAME_ALIGN_BYTES + length);
            let skip = padding(&buffer);
            let mut buffer = io::Cursor::new(buffer);
            buffer.set_position(skip as u64);
            self.decode(index, &mut buffer)?;
            Ok(Bytes::from(buffer.into_inner()).slice(skip..skip + length))
        })
    }

    /// Decodes block `index` into `target`, past the cache, and checks it.
    fn decode<B: WriteBuf + ?Sized>(
        &self,
        index: usize,
        target: &mut B,
    ) -> Result<(), SealedError> {
        let block = &self.table.blocks[index];
        let file_end = block.file_offset + u64::from(block.file_bytes);
        let faulty = |fault| SealedError::Block {
            path: self.path.clone(),
            file: block.file_offset..file_end,
            raw: block.raw_offset..block.raw_end(),
            fault,
        };
        let failed = |source| SealedError::io("read", &self.path, block.file_offset, source);
        let mut guard = self.cache.decoder().map_err(failed)?;
        let Decoder { zstd, file } = guard.get();
        // A table's lengths are checked to be possible before they get here.
        file.resize(block.file_bytes as usize, 0);
        let found = read_up_to(&*self.file, file, block.file_offset).map_err(failed)?;
        let expected = file.len();
        if found < expected {
            return Err(faulty(BlockFault::Short { found, expected }));
        }
        if !file.starts_with(&ZSTD_MAGIC) {
            return Err(faulty(BlockFault::Magic));
        }
        let found = zstd
            .decompress_to_buffer(file, target)
            .map_err(|_| faulty(BlockFault::Zstd))?;
        let expected = block.raw_bytes as usize;
        if found != expected {
            return Err(faulty(BlockFault::Length { found, expected }));
        }
        // The target may be longer than the block, never shorter than what was decoded into it.
        if crc32fast::hash(&target.as_slice()[..found]) != block.crc {
            return Err(faulty(BlockFault::Checksum));
        }
        Ok(())
    }
}

impl Block {
    /// One past its last raw byte.
    fn raw_end(&self) -> u64 {
        self.raw_offset + u64::from(self.raw_bytes)
    }
}

/// Reads the table at the end of `file`.
fn read_table(file: &dyn LogFile, path: &Path) -> Result<Table, SealedError> {
    let faulty = |offset, fault| SealedError::Table {
        path: path.to_path_buf(),
        offset,
        fault,
    };
    let length = file
        .len()
        .map_err(|source| SealedError::io("measure", path, 0, source))?;
    let read = |buffer: &mut [u8], offset: u64| {
        let needed = buffer.len();
        let found = read_up_to(file, buffer, offset)
            .map_err(|source| SealedError::io("read", path, offset, source))?;
        if found == needed {
            return Ok(());
        }
        let needed = offset + needed as u64;
        let found = offset + found as u64;
        Err(faulty(offset, TableFault::Short { found, needed }))
    };
    let needed = TRAILER_BYTES as u64;
    let Some(trailer_at) = length.checked_sub(needed) else {
        let found = length;
        return Err(faulty(0, TableFault::Short { found, needed }));
    };
    let mut trailer = [0; TRAILER_BYTES];
    read(&mut trailer, trailer_at)?;
    let table_bytes = table_bytes(&trailer, length).map_err(|fault| faulty(trailer_at, fault))?;
    let table_at = length - table_bytes as u64;
    let mut bytes = vec![0; table_bytes];
    read(&mut bytes, table_at)?;
    Table::decode(&bytes, table_at).map_err(|fault| faulty(table_at, fault))
}

fn first_difference(left: &[u8], right: &[u8]) -> Option<usize> {
    if left == right {
        return None;
    }
    left.iter()
        .zip(right)
        .position(|(left, right)| left != right)
}

/// The raw bytes of a sealed file as a stream: see [`SealedFile::reader`].
#[derive(Debug)]
pub struct RawReader<'a> {
    sealed: &'a SealedFile,
    /// Index of the block that comes next.
    next: usize,
    block: Vec<u8>,
    at: usize,
}

impl Read for RawReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() {
            let Some(block) = self.sealed.table.blocks.get(self.next) else {
                return Ok(0);
            };
            self.at = 0;
            self.block.clear();
            self.block.resize(block.raw_bytes as usize, 0);
            if let Err(error) = self.sealed.decode(self.next, &mut self.block[..]) {
                self.block.clear();
                return Err(io::Error::other(error));
            }
            self.next += 1;
        }
        let count = buffer.len().min(self.block.len() - self.at);
        buffer[..count].copy_from_slice(&self.block[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// A file as a stream, from its start, by positioned reads: others may use the same file.
#[derive(Debug)]
pub(crate) struct PositionedReader<'a> {
    file: &'a dyn LogFile,
    at: u64,
}

impl<'a> PositionedReader<'a> {
    /// Stands at the start of `file`.
    pub(crate) fn new(file: &'a dyn LogFile) -> Self {
        Self { file, at: 0 }
    }
}

impl Read for PositionedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
