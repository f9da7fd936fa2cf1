//! `stat`: what a log consists of, from headers and the tail; payloads of complete segments are not read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::classify::Verdict;
use crate::cursor::{self, CursorInfo};
use crate::error::OpenError;
use crate::format::FORMAT_VERSION;
use crate::io::{LogIo, Open, RealDisk};
use crate::list::inner_segments;
use crate::lock;
use crate::open::read_settled;
use crate::recover::{io_error, open_segment};
use crate::sealed::{BlockCache, CACHE_BYTES_DEFAULT};

/// Looks at a log whose segments are being sealed or dropped at the same time.
const TRIES_MAX: u32 = 5;

/// A log at one moment.
#[derive(Clone, Debug)]
pub struct Stat {
    /// Its directory.
    pub dir: PathBuf,
    /// Version of its bytes.
    pub format_version: u32,
    /// Its random identity.
    pub log_id: [u8; 16],
    /// Process id of its writer, if one runs.
    pub writer_pid: Option<u32>,
    /// First retained sequence number.
    pub first: u64,
    /// First sequence number that is not durable.
    pub durable_end: u64,
    /// Retained, durable records.
    pub records: u64,
    /// Highest writer epoch in the tail.
    pub epoch: u32,
    /// Bytes of the tail that are no whole record, and will be cut off by the next writer (or are being written).
    pub unproven_tail_bytes: u64,
    /// Whether acknowledged records in the tail have rotted: see [`crate::verify()`].
    pub damaged: bool,
    /// Segments, oldest first.
    pub segments: Vec<SegmentStat>,
    /// Cursors, by name.
    pub cursors: Vec<CursorInfo>,
}

/// A segment at one moment.
#[derive(Clone, Debug)]
pub struct SegmentStat {
    /// Its file.
    pub path: PathBuf,
    /// Its number.
    pub number: u64,
    /// Sequence number of its first record.
    pub base: u64,
    /// One past its last record.
    pub end: u64,
    /// Whether it is sealed: nothing will be added to it.
    pub complete: bool,
    /// When it was created, nanoseconds since the Unix epoch.
    pub created_ns: i64,
    /// Epoch of the writer that created it.
    pub epoch: u32,
    /// Bytes that are used, header included.
    pub used_bytes: u64,
    /// Bytes it takes on disk.
    pub disk_bytes: u64,
}

/// Looks at the log in `dir`, which may be written to at the same time.
pub fn stat(dir: &Path) -> Result<Stat, OpenError> {
    stat_on(&(Arc::new(RealDisk) as Arc<dyn LogIo>), dir)
}

pub(crate) fn stat_on(io: &Arc<dyn LogIo>, dir: &Path) -> Result<Stat, OpenError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match stat_once(io, dir) {
            // Sealed or dropped between the list and the look at its size.
            Err(OpenError::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound && tries < TRIES_MAX => {}
            found => return found,
        }
    }
}

fn stat_once(io: &Arc<dyn LogIo>, dir: &Path) -> Result<Stat, OpenError> {
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    let (listing, tail) = read_settled(io, dir, &cache)?;
    let found = listing.found;
    let scan = &tail.scan;
    let damaged = tail.verdict == Verdict::Rot;
    let (used, durable_end) = if damaged {
        (scan.reach.0, scan.proven)
    } else {
        (scan.valid_end, scan.next)
    };
    let mut segments = Vec::with_capacity(found.len());
    for segment in inner_segments(io, &found, &cache) {
        segments.push(SegmentStat {
            path: segment.path.clone(),
            number: segment.header.number,
            base: segment.header.base,
            end: segment.end().unwrap_or(segment.header.base),
            complete: true,
            created_ns: segment.header.created_ns,
            epoch: segment.header.epoch,
            used_bytes: segment.readable(),
            disk_bytes: disk_bytes(io.as_ref(), &segment.path)?,
        });
    }
    segments.push(SegmentStat {
        path: tail.path.clone(),
        number: tail.header.number,
        base: tail.header.base,
        end: durable_end,
        complete: scan.seal.is_some(),
        created_ns: tail.header.created_ns,
        epoch: tail.header.epoch,
        used_bytes: used,
        disk_bytes: disk_bytes(io.as_ref(), &tail.path)?,
    });
    let first = segments[0].base;
    Ok(Stat {
        dir: dir.to_path_buf(),
        format_version: FORMAT_VERSION,
        log_id: tail.header.log_id,
        writer_pid: lock::holder(io.as_ref(), dir).map_err(io_error("look at the lock of", dir))?,
        first,
        durable_end,
        records: durable_end - first,
        epoch: scan.epoch,
        unproven_tail_bytes: scan.dirty_end.saturating_sub(used),
        damaged,
        segments,
        cursors: cursor::all(io.as_ref(), dir)?,
    })
}

fn disk_bytes(io: &dyn LogIo, path: &Path) -> Result<u64, OpenError> {
    open_segment(io, path, Open::Read)?
        .disk_bytes()
        .map_err(io_error("look at", path))
}
