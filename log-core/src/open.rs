//! Puts a log together: for its one writer, or for readers only.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ballast::Ballast;
use crate::chain::{Chain, chain_to};
use crate::classify::Verdict;
use crate::cursor;
use crate::error::OpenError;
use crate::follow::Follower;
use crate::format::{FORMAT_VERSION, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::io::{LogIo, preallocate, random_bytes, remove_if_there};
use crate::list::{Found, Listing, Purpose, inner_segments, list};
use crate::lock::{self, WriterLock};
use crate::log::Config;
use crate::maintain::SEALING_SUFFIX;
use crate::manifest::Form;
use crate::manifest::check::Resolution;
use crate::manifest::file::ManifestStore;
use crate::next::Next;
use crate::queue::Queue;
use crate::recover::{Recovery, Stopwatch, Tail, TornTail, io_error, read_tail};
use crate::repair::REPAIR_SUFFIX;
use crate::sealed::{self, BlockCache, CACHE_BYTES_DEFAULT};
use crate::segment::{self, NEXT_NAME, Segment};
use crate::store::Store;
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
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    io.create_dir(dir).map_err(io_error("create", dir))?;
    let lock = WriterLock::acquire(io.as_ref(), dir)?;
    let listing = list(&io, dir, &cache, Purpose::Write)?;
    let start = match listing.found.last() {
        Some(last) => continue_log(&io, dir, last)?,
        None => begin_log(config, &io)?,
    };
    let mut segments = inner_segments(&io, &listing.found, &cache);
    segments.push(Arc::clone(&start.active.segment));
    let log_id = start.active.segment.header.log_id;
    let recovery = Recovery {
        log_id,
        segments: segments.len() as u64,
        first: segments[0].header.base,
        next: start.next,
        proven: start.proven,
        epoch: start.epoch,
        torn: start.torn,
        duration: watch.elapsed(),
    };
    let place = start.active.segment.place();
    let page = io.page(dir, &log_id, start.epoch, place, start.next)?;
    let store = Arc::new(Store::new(
        Arc::clone(&io),
        dir.clone(),
        cache,
        segments,
        Arc::new(page),
        None,
    ));
    let manifest = ManifestStore::new(Arc::clone(&io), dir, log_id, &listing.manifest);
    store.keep_manifest(manifest);
    store.save_manifest(start.epoch)?;
    // After the manifest, which alone says that these count no longer.
    remove_leftovers(io.as_ref(), dir, &listing.resolution)?;
    let next_path = dir.join(NEXT_NAME);
    let next_segment = match threads {
        Threads::None => Next::inline(Arc::clone(&io), next_path, config.segment_bytes),
        Threads::Own => Next::start(Arc::clone(&io), next_path.clone(), config.segment_bytes)
            .map_err(io_error("start a thread for", &next_path))?,
    };
    let now_ns = io.now_ns();
    let mut writer = Writer {
        ballast: Ballast::new(&io, dir, config.segment_bytes),
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
        unproven: false,
        unlisted: false,
        begun: None,
        waiting: Vec::new(),
        age_checked_ns: now_ns,
    };
    writer
        .begin()
        .map_err(io_error("write the epoch to", dir))?;
    Ok((
        writer,
        Recovery {
            duration: watch.elapsed(),
            ..recovery
        },
    ))
}

/// Removes what a crash left of files that were dropped or replaced, and of some that were never finished.
fn remove_leftovers(io: &dyn LogIo, dir: &Path, resolution: &Resolution) -> Result<(), OpenError> {
    let mut names: Vec<PathBuf> = resolution
        .remove
        .iter()
        .map(|&(number, form)| match form {
            Form::Raw => segment::path_of(dir, number),
            Form::Sealed => sealed::path_of(dir, number),
        })
        .collect();
    for name in io.list(dir).map_err(io_error("list", dir))? {
        if name.ends_with(SEALING_SUFFIX) || name.ends_with(REPAIR_SUFFIX) {
            names.push(dir.join(name));
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    for path in names {
        remove_if_there(io, &path).map_err(io_error("remove", &path))?;
    }
    io.sync_dir(dir).map_err(io_error("sync", dir))
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
        version: FORMAT_VERSION,
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
    let chain = Chain::start(&header.previous_seal_hash, &header);
    let segment = publish_segment(io, dir, &file, header)
        .map_err(io_error("write the first segment of", dir))?;
    let active = Active {
        segment: Arc::new(segment),
        file,
        offset: SEGMENT_HEADER_BYTES as u64,
        chain,
        seal: None,
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
        bytes,
        mut scan,
        ..
    } = tail;
    scan.index.cut(scan.next);
    let chain = chain_to(&header, &bytes, scan.valid_end);
    let segment = Segment::new(io, path, header, scan.valid_end, None, Some(scan.index));
    let active = Active {
        segment: Arc::new(segment),
        file,
        offset: scan.valid_end,
        seal: scan.seal.map(|seal| seal.hash),
        chain,
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
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    let (listing, tail) = read_settled(io, dir, &cache)?;
    // Beyond damage only what is proven counts: it was acknowledged, the rest may be half of a batch.
    let (readable, durable_end) = match tail.verdict {
        Verdict::Rot => (tail.scan.reach.0.max(tail.scan.valid_end), tail.scan.proven),
        Verdict::Clean | Verdict::TornTail => (tail.scan.valid_end, tail.scan.next),
    };
    let segments = as_found(io, &listing, tail, &cache, (readable, durable_end));
    let page = Store::fixed_page(&segments, durable_end);
    // Nothing will be added to what this reader sees, so that waiting would be in vain.
    page.stop();
    Ok(Store::new(
        Arc::clone(io),
        dir.to_path_buf(),
        cache,
        segments,
        page,
        None,
    ))
}

/// What a follower begins with: what the bytes prove, or what the last writer published if that is more.
pub(crate) fn follow(io: &Arc<dyn LogIo>, dir: &Path) -> Result<Store, OpenError> {
    let cache = BlockCache::new(CACHE_BYTES_DEFAULT);
    let (listing, tail) = read_settled(io, dir, &cache)?;
    let log_id = tail.header.log_id;
    let page = io.follow_page(dir, &log_id).ok();
    let readable = match tail.verdict {
        Verdict::Rot => tail.scan.reach.0.max(tail.scan.valid_end),
        Verdict::Clean | Verdict::TornTail => tail.scan.proven_offset,
    };
    let proven = tail.scan.proven;
    let segments = as_found(io, &listing, tail, &cache, (readable, proven));
    let fixed = Store::fixed_page(&segments, proven);
    let follower = Follower::new(log_id, page, proven);
    Ok(Store::new(
        Arc::clone(io),
        dir.to_path_buf(),
        cache,
        segments,
        fixed,
        Some(follower),
    ))
}

/// All segments, the tail with `readable` durable bytes, which hold the records below `durable_end`.
fn as_found(
    io: &Arc<dyn LogIo>,
    listing: &Listing,
    tail: Tail,
    cache: &Arc<BlockCache>,
    (readable, durable_end): (u64, u64),
) -> Vec<Arc<Segment>> {
    let mut segments = inner_segments(io, &listing.found, cache);
    let Tail {
        path,
        header,
        mut scan,
        ..
    } = tail;
    scan.index.cut(durable_end);
    let end = scan
        .seal
        .map(|seal| seal.next)
        .filter(|&end| end <= durable_end);
    segments.push(Arc::new(Segment::new(
        io,
        path,
        header,
        readable,
        end,
        Some(scan.index),
    )));
    segments
}

/// The segments and the tail, read again while a writer may have changed it under the read.
pub(crate) fn read_settled(
    io: &Arc<dyn LogIo>,
    dir: &Path,
    cache: &Arc<BlockCache>,
) -> Result<(Listing, Tail), OpenError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let read = read_once(io, dir, cache);
        let writer =
            lock::holder(io.as_ref(), dir).map_err(io_error("look at the lock of", dir))?;
        let settled = match &read {
            Ok((_, tail)) => tail.verdict != Verdict::Rot,
            Err(_) => false,
        };
        if settled || writer.is_none() || tries == READ_TRIES_MAX {
            let (listing, tail) = read?;
            // Again, after the read: what was read is on disk before it is shown.
            tail.file
                .sync_data()
                .map_err(io_error("sync segment", &tail.path))?;
            return Ok((listing, tail));
        }
    }
}

fn read_once(
    io: &Arc<dyn LogIo>,
    dir: &Path,
    cache: &Arc<BlockCache>,
) -> Result<(Listing, Tail), OpenError> {
    let listing = list(io, dir, cache, Purpose::Read)?;
    let last = listing.found.last().ok_or_else(|| OpenError::Empty {
        dir: dir.to_path_buf(),
    })?;
    let tail = read_tail(io.as_ref(), dir, last)?;
    Ok((listing, tail))
}
