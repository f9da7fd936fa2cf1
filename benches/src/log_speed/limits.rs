//! What this machine can do at best: raw durable writes, copying memory, computing CRC-32.
//!
//! The raw writer does what a log cannot avoid and nothing else: one `pwrite` and one `fdatasync` a group, of bytes that
//! lie ready, into a file that was preallocated like a segment of `log-core`.

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use rustix::fs::FallocateFlags;

/// Pieces in which CRC and copies run: what a group is made of, and small enough for the nearest cache.
const PIECE_BYTES: usize = 64 * 1024;
const WRITE_CHUNK_BYTES: usize = 1024 * 1024;

/// How the space of a file is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// `fallocate`: the file system marks what is written later (a journal entry with the sync).
    Reserved,
    /// Zeros written and synced beforehand: twice the writing, but a sync of it moves data only.
    Zeroed,
}

/// A preallocated file, written group by group.
#[derive(Debug)]
pub struct RawFile {
    file: File,
    at: u64,
}

impl RawFile {
    /// Makes a file of `bytes` bytes at `path`, synced.
    pub fn create(path: &Path, bytes: u64, space: Space) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        match space {
            Space::Reserved => rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes)?,
            Space::Zeroed => {
                let zeros = vec![0; WRITE_CHUNK_BYTES];
                let mut at = 0;
                while at < bytes {
                    let count = WRITE_CHUNK_BYTES.min((bytes - at) as usize);
                    file.write_all_at(&zeros[..count], at)?;
                    at += count as u64;
                }
            }
        }
        file.sync_all()?;
        Ok(Self { file, at: 0 })
    }

    /// Writes a group behind the last one and makes it durable.
    pub fn append(&mut self, group: &[u8]) -> io::Result<()> {
        self.file.write_all_at(group, self.at)?;
        rustix::fs::fdatasync(&self.file)?;
        self.at += group.len() as u64;
        Ok(())
    }
}

/// Lets the file system finish what earlier measurements left it: deleted files are discarded with a later commit.
pub fn settle(dir: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(dir)?)?)
}

/// Bytes a second of copying `source` to `target`, which are of one length.
pub fn copy_rate(source: &[u8], target: &mut [u8]) -> f64 {
    let start = Instant::now();
    for (from, to) in source
        .chunks_exact(PIECE_BYTES)
        .zip(target.chunks_exact_mut(PIECE_BYTES))
    {
        to.copy_from_slice(from);
    }
    black_box(target);
    source.len() as f64 / start.elapsed().as_secs_f64()
}

/// Bytes a second of CRC-32 over `source`.
pub fn crc_rate(source: &[u8]) -> f64 {
    let start = Instant::now();
    for piece in source.chunks_exact(PIECE_BYTES) {
        black_box(crc32fast::hash(piece));
    }
    source.len() as f64 / start.elapsed().as_secs_f64()
}
