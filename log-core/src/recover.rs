//! Reads the tail, decides about it and repairs it.
//!
//! Invariant: nothing below the durable end is changed, and nothing is changed at all before every check of the
//! whole directory has passed. Only the tail is read in full: a second at most at 128 MiB.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::classify::{Place, Verdict, classify};
use crate::error::{Fault, OpenError};
use crate::format::SegmentHeader;
use crate::io::{LogFile, LogIo, Open, is_full, read_written, remove_if_there, write_all, zero};
use crate::list::Found;
use crate::scan::{Scan, scan_written};

/// Where torn tails are kept.
pub(crate) const TORN_DIR: &str = "torn";

/// What opening a log found and did.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// Random identity of the log.
    pub log_id: [u8; 16],
    /// Number of segments, the one that is written to included.
    pub segments: u64,
    /// First retained sequence number.
    pub first: u64,
    /// First sequence number this writer assigns.
    pub next: u64,
    /// Sequence numbers below it were proven durable by the bytes themselves; those from here to `next` were whole
    /// and are durable since they were written again.
    pub proven: u64,
    /// Epoch of this writer, one more than any before.
    pub epoch: u32,
    /// What was cut off, if anything.
    pub torn: Option<TornTail>,
    /// How long it took.
    pub duration: Duration,
}

/// Bytes that a crash left behind the last whole record: they were never acknowledged.
#[derive(Clone, Debug)]
pub struct TornTail {
    /// The segment.
    pub path: PathBuf,
    /// The bytes, from the start of the file.
    pub bytes: std::ops::Range<u64>,
    /// What was wrong with the first of them.
    pub fault: Fault,
    /// Where they were copied to; `None` when the disk was full.
    pub saved_to: Option<PathBuf>,
}

/// The tail, read in full.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) file: Arc<dyn LogFile>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) scan: Scan,
    pub(crate) verdict: Verdict,
}

pub(crate) fn io_error(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_path_buf();
    move |source| OpenError::Io { step, path, source }
}

pub(crate) fn open_segment(
    io: &dyn LogIo,
    path: &Path,
    how: Open,
) -> Result<Arc<dyn LogFile>, OpenError> {
    io.open(path, how).map_err(io_error("open segment", path))
}

/// Reads and judges the last segment, after making what is read durable: what the page cache shows may not be on
/// disk yet, and records must not be handed out before they are.
pub(crate) fn read_tail(io: &dyn LogIo, dir: &Path, found: &Found) -> Result<Tail, OpenError> {
    let path = &found.path;
    let file = open_segment(io, path, Open::Read)?;
    file.sync_all().map_err(io_error("sync segment", path))?;
    io.sync_dir(dir).map_err(io_error("sync", dir))?;
    let (bytes, written) = read_written(file.as_ref()).map_err(io_error("read segment", path))?;
    let scan = scan_written(&bytes, written, &found.header);
    let verdict = classify(Place::Tail, &scan);
    Ok(Tail {
        path: path.clone(),
        header: found.header.clone(),
        file,
        bytes,
        scan,
        verdict,
    })
}

impl Tail {
    /// The error of a rotten tail: its first damage that hits acknowledged records.
    pub(crate) fn rot(&self) -> OpenError {
        let scan = &self.scan;
        let (bytes, sequences) = scan.damage.first().map_or_else(
            || {
                (
                    scan.valid_end..self.bytes.len() as u64,
                    scan.next..scan.proven,
                )
            },
            |damage| (damage.bytes.clone(), damage.sequences.clone()),
        );
        OpenError::Rot {
            path: self.path.clone(),
            bytes,
            sequences,
        }
    }

    /// Cuts off what is torn, and makes what is whole but unproven durable by writing it again: the pages of a
    /// failed sync may be clean in memory and lost on disk.
    pub(crate) fn repair(
        &self,
        io: &dyn LogIo,
        dir: &Path,
        epoch: u32,
    ) -> Result<(Arc<dyn LogFile>, Option<TornTail>), OpenError> {
        let path = &self.path;
        let file = open_segment(io, path, Open::Write)?;
        let torn = match self.verdict {
            Verdict::TornTail => Some(self.save_torn(io, dir, epoch)?),
            Verdict::Clean | Verdict::Rot => None,
        };
        let length = self.header.segment_bytes;
        file.reserve(0, length)
            .map_err(io_error("preallocate segment", path))?;
        if let Some(torn) = &torn {
            zero(file.as_ref(), torn.bytes.clone())
                .map_err(io_error("zero the torn tail of", path))?;
        }
        // A file that ends within the last frame's padding, which is never read, has been made longer just now.
        let end = self.bytes.len().min(self.scan.valid_end as usize);
        let unproven = self.scan.proven_offset as usize..end;
        if !unproven.is_empty() {
            let start = unproven.start as u64;
            write_all(file.as_ref(), &self.bytes[unproven], start)
                .map_err(io_error("write again the end of", path))?;
        }
        file.sync_all().map_err(io_error("sync segment", path))?;
        Ok((file, torn))
    }

    fn save_torn(&self, io: &dyn LogIo, dir: &Path, epoch: u32) -> Result<TornTail, OpenError> {
        let torn_dir = dir.join(TORN_DIR);
        let (start, end) = (self.scan.valid_end, self.scan.dirty_end);
        let saved_to = torn_dir.join(format!(
            "{:010}-{start}-epoch-{epoch}.bytes",
            self.header.number
        ));
        let torn = &self.bytes[start as usize..end as usize];
        let saved_to = match copy_aside(io, dir, &torn_dir, &saved_to, torn) {
            Ok(()) => Some(saved_to),
            // Nobody was told that these bytes are kept; a log that does not open on a full disk could not heal.
            Err(OpenError::Io { source, .. }) if is_full(&source) => {
                let _ = remove_if_there(io, &saved_to);
                None
            }
            Err(error) => return Err(error),
        };
        let fault = self
            .scan
            .damage
            .first()
            .map_or(Fault::Header, |damage| damage.fault);
        Ok(TornTail {
            path: self.path.clone(),
            bytes: start..end,
            fault,
            saved_to,
        })
    }
}

fn copy_aside(
    io: &dyn LogIo,
    dir: &Path,
    torn_dir: &Path,
    path: &Path,
    bytes: &[u8],
) -> Result<(), OpenError> {
    io.create_dir(torn_dir)
        .map_err(io_error("create", torn_dir))?;
    let copy = io
        .open(path, Open::Create)
        .map_err(io_error("create", path))?;
    write_all(copy.as_ref(), bytes, 0).map_err(io_error("write", path))?;
    copy.sync_all().map_err(io_error("sync", path))?;
    io.sync_dir(torn_dir).map_err(io_error("sync", torn_dir))?;
    io.sync_dir(dir).map_err(io_error("sync", dir))
}

/// Time spent opening, for the report.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
