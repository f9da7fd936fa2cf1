//! Segment files: their names, their place in the list, and what of them can be read.
//!
//! A log's directory holds `{number:010}.log` files, one `next.tmp` (the next segment, preallocated, without a
//! header), `lock`, `cursors/` and `torn/`. Invariant: a `.log` file has a complete, synced header, and its bytes
//! below `readable` never change.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use bytes::Bytes;

use crate::commit::lock;
use crate::error::ReadError;
use crate::format::{FRAME_ALIGN_BYTES, FrameHeader, Parsed, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::index::Index;
use crate::io::{LogIo, Open};
use crate::mmap::Mapping;
use crate::publish::{Page, Place};

/// Name of the preallocated, unpublished next segment.
pub(crate) const NEXT_NAME: &str = "next.tmp";

/// Path of segment `number`.
pub(crate) fn path_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.log"))
}

/// Number of a segment from its file name; `None` for anything else that lies in the directory.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// A segment as its readers see it: the projector cuts Parquet files at the ends of complete ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number, from 1.
    pub number: u64,
    /// Sequence number of its first record.
    pub base: u64,
    /// One past its last durable record: final when `complete`.
    pub end: u64,
    /// Whether it was rolled: no record will be added to it.
    pub complete: bool,
    /// When it was created, nanoseconds since the Unix epoch.
    pub created_ns: i64,
}

/// A segment open for reading.
#[derive(Debug)]
pub(crate) struct Segment {
    io: Arc<dyn LogIo>,
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    /// Bytes from the start of the file that are durable: see `mmap`.
    readable: Arc<AtomicU64>,
    /// One past the last record of a complete segment, 0 while it is open.
    end: AtomicU64,
    mapping: OnceLock<Arc<Mapping>>,
    index: Mutex<Option<Index>>,
}

impl Segment {
    /// A segment of which `readable` bytes are durable; `end` when complete; `index` when it is known.
    pub(crate) fn new(
        io: &Arc<dyn LogIo>,
        path: PathBuf,
        header: SegmentHeader,
        readable: u64,
        end: Option<u64>,
        index: Option<Index>,
    ) -> Self {
        Self {
            io: Arc::clone(io),
            path,
            header,
            readable: Arc::new(AtomicU64::new(readable)),
            end: AtomicU64::new(end.unwrap_or(0)),
            mapping: OnceLock::new(),
            index: Mutex::new(index),
        }
    }

    /// One past its last record, when it is complete.
    pub(crate) fn end(&self) -> Option<u64> {
        match self.end.load(Ordering::Acquire) {
            0 => None,
            end => Some(end),
        }
    }

    /// Durable bytes from the start of the file.
    pub(crate) fn readable(&self) -> u64 {
        self.readable.load(Ordering::Acquire)
    }

    /// The same as a place in the log.
    pub(crate) fn place(&self) -> Place {
        let offset = self.readable();
        Place {
            segment: self.header.number,
            // Damage may end anywhere; records begin at whole units only.
            offset: offset - offset % FRAME_ALIGN_BYTES as u64,
        }
    }

    /// Raises the readable bytes after a sync and notes where the group's records start.
    pub(crate) fn publish(&self, readable: u64, records: &[(u64, u64)]) {
        if let Some(index) = lock(&self.index).as_mut() {
            for &(sequence, offset) in records {
                index.note(sequence, offset);
            }
        }
        self.readable.store(readable, Ordering::Release);
    }

    /// Says that no record will follow.
    pub(crate) fn complete(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    /// Its durable bytes from `start` on.
    pub(crate) fn window(&self, start: u64) -> Result<Bytes, ReadError> {
        let failed = |step| {
            move |source| ReadError::Io {
                step,
                path: self.path.clone(),
                source,
            }
        };
        let mapping = if let Some(mapping) = self.mapping.get() {
            mapping
        } else {
            let file = self
                .io
                .open(&self.path, Open::Read)
                .map_err(failed("open segment"))?;
            let mapping = file
                .map(Arc::clone(&self.readable))
                .map_err(failed("map segment"))?
                .named(self.header.number);
            self.mapping.get_or_init(|| Arc::new(mapping))
        };
        mapping.window(start).map_err(failed("read segment"))
    }

    /// Where to start looking for record `sequence`: the offset of a frame at or before it.
    pub(crate) fn floor(&self, sequence: u64) -> Result<(u64, u64), ReadError> {
        let mut index = lock(&self.index);
        if index.is_none() {
            *index = Some(self.build_index(&self.window(0)?));
        }
        let floor = index.as_ref().and_then(|index| index.floor(sequence));
        Ok(floor.unwrap_or((self.header.base, SEGMENT_HEADER_BYTES as u64)))
    }

    /// Headers only: the payloads are verified when they are read. Resumes after damaged bytes.
    fn build_index(&self, bytes: &[u8]) -> Index {
        let mut index = Index::default();
        let mut at = SEGMENT_HEADER_BYTES;
        let mut damaged = false;
        while at + crate::format::FRAME_HEADER_BYTES <= bytes.len() {
            match FrameHeader::parse(&bytes[at..], self.header.salt, at as u64) {
                Parsed::Frame(frame) => {
                    if frame.kind.is_record() {
                        if damaged {
                            index.note_always(frame.sequence, at as u64);
                        } else {
                            index.note(frame.sequence, at as u64);
                        }
                        damaged = false;
                    }
                    at += frame.frame_bytes();
                }
                Parsed::Empty | Parsed::Bad => {
                    damaged = true;
                    at += FRAME_ALIGN_BYTES;
                }
            }
        }
        index
    }

    /// As readers see it, when `durable_end` is durable.
    pub(crate) fn info(&self, durable_end: u64) -> SegmentInfo {
        let end = self.end();
        SegmentInfo {
            number: self.header.number,
            base: self.header.base,
            end: end.unwrap_or(durable_end).max(self.header.base),
            complete: end.is_some(),
            created_ns: self.header.created_ns,
        }
    }
}

/// What the writer and all readers of one process share.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) io: Arc<dyn LogIo>,
    pub(crate) dir: PathBuf,
    pub(crate) page: Arc<Page>,
    segments: RwLock<Vec<Arc<Segment>>>,
}

impl Store {
    /// `segments` in order, at least one.
    pub(crate) fn new(
        io: Arc<dyn LogIo>,
        dir: PathBuf,
        segments: Vec<Arc<Segment>>,
        durable_end: u64,
    ) -> Self {
        let place = segments.last().map_or(
            Place {
                segment: 0,
                offset: 0,
            },
            |segment| segment.place(),
        );
        Self {
            io,
            dir,
            page: Arc::new(Page::heap(place, durable_end)),
            segments: RwLock::new(segments),
        }
    }

    /// Adds the segment that the writer just started.
    pub(crate) fn push(&self, segment: Arc<Segment>) {
        self.segments
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(segment);
    }

    /// All segments, oldest first.
    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// First retained sequence number.
    pub(crate) fn first(&self) -> u64 {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first().map_or(1, |segment| segment.header.base)
    }

    /// The segment that holds, or will hold, record `sequence`; `None` before the first retained one.
    pub(crate) fn segment_of(&self, sequence: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.header.base <= sequence);
        after.checked_sub(1).map(|at| Arc::clone(&segments[at]))
    }
}
