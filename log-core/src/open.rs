//! Puts a log together: for its one writer, or for readers only.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::classify::Verdict;
use crate::cursor;
use crate::error::OpenError;
use crate::format::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::io::{LogIo, preallocate, random_bytes, remove_if_there};
use crate::lock::{self, WriterLock};
use crate::log::Config;
use crate::next::Next;
use crate::queue::Queue;
use crate::recover::{
    Found, Purpose, Recovery, Stopwatch, Tail, TornTail, inner_segments, io_error, list, read_tail,
};
use crate::segment::{NEXT_NAME, Segment, Store};
use crate::writer::{Active, Writer, publish_segment, random_u64};

/// Reads of a tail that is written to at the same time, before damage in it is believed.
const READ_TRIES_MAX: u32 = 5;

/// Who runs the writer and prepares its next segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// Threads of the log.
    Own,
    /// Whoever steps it: see [`crate::Stepper`].
    None,
}

/// Takes the lock, recovers, and makes the writer, which has its epoch on disk already.
pub(crate) fn writable(
    config: &Config,
    io: Arc<dyn LogIo>,
    threads: Threads,
) -> Result<(Writer, Recovery), OpenError> {
    let watch = Stopwatch::start();
    let dir = &config.dir;
    io.create_dir(dir).map_err(io_error("create", dir))?;
    let lock = WriterLock::acquire(io.as_ref(), dir)?;
    let found = list(io.as_ref(), dir, Purpose::Write)?;
    let next_path = dir.join(NEXT_NAME);
    let start = match found.last() {
        Some(last) => continue_log(&io, dir, last)?,
        None => begin_log(config, &io)?,
    };
    let mut segments = inner_segments(&io, &found);
    segments.push(Arc::clone(&start.active.segment));
    let recovery = Recovery {
        log_id: start.active.segment.header.log_id,
        segments: segments.len() as u64,
        first: segments[0].header.base,
        next: start.next,
        proven: start.proven,
        epoch: start.epoch,
        torn: start.torn,
        duration: watch.elapsed(),
    };
    let store = Arc::new(Store::new(
        Arc::clone(&io),
        dir.clone(),
        segments,
        start.next,
    ));
    let next_segment = match threads {
        Threads::None => Next::inline(Arc::clone(&io), next_path, config.segment_bytes),
        Threads::Own => Next::start(Arc::clone(&io), next_path.clone(), config.segment_bytes)
            .map_err(io_error("start a thread for", &next_path))?,
    };
    let mut writer = Writer {
        io,
        queue: Arc::new(Queue::new(config.queue_bytes_max)),
        store,
        next_segment,
        active: start.active,
        epoch: start.epoch,
        next: start.next,
        group_bytes_max: config.group_bytes_max,
        segment_bytes: config.segment_bytes,
        segment_age: config.segment_age,
        _lock: lock,
        buffer: Vec::new(),
        marks: Vec::new(),
        waiting: Vec::new(),
        age_checked: Instant::now(),
    };
    writer
        .mark_epoch()
        .map_err(io_error("write the epoch to", dir))?;
    Ok((
        writer,
        Recovery {
            duration: watch.elapsed(),
            ..recovery
        },
    ))
}

/// Where a writer goes on.
struct Start {
    active: Active,
    next: u64,
    proven: u64,
    epoch: u32,
    torn: Option<TornTail>,
}

/// Makes the names of all directories above the log durable, before its first segment appears: whoever created them,
/// and whenever, need not have. Those that may not be read were not made by this user.
fn sync_ancestors(io: &dyn LogIo, dir: &Path) -> Result<(), OpenError> {
    for ancestor in dir.ancestors().skip(1) {
        let path = if ancestor.as_os_str().is_empty() {
            Path::new(".")
        } else {
            ancestor
        };
        match io.sync_dir(path) {
            Err(error) if error.kind() != ErrorKind::PermissionDenied => {
                return Err(io_error("sync", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn begin_log(config: &Config, io: &Arc<dyn LogIo>) -> Result<Start, OpenError> {
    let dir = &config.dir;
    cursor::check_all(io.as_ref(), dir, 1)?;
    sync_ancestors(io.as_ref(), dir)?;
    let next_path = dir.join(NEXT_NAME);
    let file = preallocate(io.as_ref(), &next_path, config.segment_bytes)
        .map_err(io_error("preallocate", &next_path))?;
    let header = SegmentHeader {
        log_id: random_bytes(io.as_ref()).map_err(io_error("get random bytes for", dir))?,
        number: 1,
        base: 1,
        created_ns: io.now_ns(),
        epoch: 1,
        salt: random_u64(io.as_ref()).map_err(io_error("get random bytes for", dir))?,
        previous_seal_offset: 0,
        previous_seal_hash: [0; 32],
        segment_bytes: config.segment_bytes,
    };
    let segment = publish_segment(io, dir, file.as_ref(), header)
        .map_err(io_error("write the first segment of", dir))?;
    let active = Active {
        segment: Arc::new(segment),
        file,
        offset: SEGMENT_HEADER_BYTES as u64,
        sealed: false,
    };
    Ok(Start {
        active,
        next: 1,
        proven: 1,
        epoch: 1,
        torn: None,
    })
}

fn continue_log(io: &Arc<dyn LogIo>, dir: &Path, last: &Found) -> Result<Start, OpenError> {
    let tail = read_tail(io.as_ref(), dir, last)?;
    if tail.verdict == Verdict::Rot {
        return Err(tail.rot());
    }
    // Before the first change: a cursor that is ahead says that this is not the log it was made for.
    cursor::check_all(io.as_ref(), dir, tail.scan.next)?;
    // A crash may have left the unpublished next segment; it has no header and nothing in it.
    let next_path = dir.join(NEXT_NAME);
    remove_if_there(io.as_ref(), &next_path).map_err(io_error("remove", &next_path))?;
    let epoch = tail.scan.epoch + 1;
    let (file, torn) = tail.repair(io.as_ref(), dir, epoch)?;
    let Tail {
        path,
        header,
        mut scan,
        ..
    } = tail;
    scan.index.cut(scan.next);
    let segment = Segment::new(io, path, header, scan.valid_end, None, Some(scan.index));
    let active = Active {
        segment: Arc::new(segment),
        file,
        offset: scan.valid_end,
        sealed: scan.seal.is_some(),
    };
    Ok(Start {
        active,
        next: scan.next,
        proven: scan.proven,
        epoch,
        torn,
    })
}

/// Lists, reads the tail, makes what was read durable. Changes nothing.
pub(crate) fn read_only(io: &Arc<dyn LogIo>, dir: &Path) -> Result<Store, OpenError> {
    let (found, tail) = read_settled(io.as_ref(), dir)?;
    let mut segments = inner_segments(io, &found);
    let mut scan = tail.scan;
    // Beyond damage only what is proven counts: it was acknowledged, the rest may be half of a batch.
    let (readable, durable_end) = match tail.verdict {
        Verdict::Rot => (scan.reach.0.max(scan.valid_end), scan.proven),
        Verdict::Clean | Verdict::TornTail => (scan.valid_end, scan.next),
    };
    scan.index.cut(durable_end);
    let end = scan.seal.map(|(next, _)| next);
    segments.push(Arc::new(Segment::new(
        io,
        tail.path,
        tail.header,
        readable,
        end,
        Some(scan.index),
    )));
    let store = Store::new(Arc::clone(io), dir.to_path_buf(), segments, durable_end);
    // Nothing will be added to what this reader sees, so that waiting would be in vain.
    store.page.stop();
    Ok(store)
}

/// The segments and the tail, read again while a writer may have changed it under the read.
pub(crate) fn read_settled(io: &dyn LogIo, dir: &Path) -> Result<(Vec<Found>, Tail), OpenError> {
    let mut tries = 0;
    loop {
        let found = list(io, dir, Purpose::Read)?;
        let last = found.last().ok_or_else(|| OpenError::Empty {
            dir: dir.to_path_buf(),
        })?;
        let tail = read_tail(io, dir, last)?;
        tries += 1;
        let writer = lock::holder(io, dir).map_err(io_error("look at the lock of", dir))?;
        if tail.verdict != Verdict::Rot || writer.is_none() || tries == READ_TRIES_MAX {
            // Again, after the read: what was read is on disk before it is shown.
            tail.file
                .sync_data()
                .map_err(io_error("sync segment", &tail.path))?;
            return Ok((found, tail));
        }
    }
}
