//! Segment files: their names, their place in the list, and how their bytes are reached.
//!
//! A log's directory holds `{number:010}.log` (raw) and `{number:010}.log.zst` (sealed) files, one `next.tmp` (the
//! next segment, preallocated, without a header), the manifest, `lock`, `published`, `ballast`, `cursors/` and
//! `torn/`. Invariant: a `.log` file has a complete, synced header, and its bytes below `readable` never change; a
//! sealed file is replaced as a whole or not at all.
//!
//! Offsets are those of the raw segment, whichever form it has.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;

use crate::commit::lock;
use crate::error::ReadError;
use crate::format::{
    FRAME_ALIGN_BYTES, FRAME_HEADER_BYTES, FrameHeader, Parsed, SEGMENT_HEADER_BYTES, SegmentHeader,
};
use crate::index::Index;
use crate::io::{LogIo, Open};
use crate::manifest::{Form, Listed};
use crate::mmap::Mapping;
use crate::publish::Place;
use crate::sealed::{BlockCache, SealedFile};

/// Name of the preallocated, unpublished next segment.
pub(crate) const NEXT_NAME: &str = "next.tmp";

/// Path of raw segment `number`.
pub fn path_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.log"))
}

/// Number of a raw segment from its file name; `None` for anything else that lies in the directory.
pub fn number_of(name: &str) -> Option<u64> {
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
    /// Bytes from the start of the raw segment that are durable: see `mmap`.
    readable: Arc<AtomicU64>,
    /// One past the last record of a complete segment, 0 while it is open.
    end: AtomicU64,
    /// How often it was rewritten by a redaction.
    pub(crate) redaction: u32,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Raw {
        mapping: OnceLock<Arc<Mapping>>,
        index: Mutex<Option<Index>>,
    },
    Sealed {
        /// Opened when it is first read, and closed when too many are open: see [`crate::store::Store`].
        file: Mutex<Option<Arc<SealedFile>>>,
        cache: Arc<BlockCache>,
    },
}

impl Segment {
    /// A raw segment of which `readable` bytes are durable; `end` when complete; `index` when it is known.
    pub(crate) fn new(
        io: &Arc<dyn LogIo>,
        path: PathBuf,
        header: SegmentHeader,
        readable: u64,
        end: Option<u64>,
        index: Option<Index>,
    ) -> Self {
        let body = Body::Raw {
            mapping: OnceLock::new(),
            index: Mutex::new(index),
        };
        Self::with(io, path, header, readable, end, body)
    }

    /// A sealed segment of `raw_bytes` decoded bytes.
    pub(crate) fn sealed(
        io: &Arc<dyn LogIo>,
        path: PathBuf,
        header: SegmentHeader,
        (raw_bytes, end): (u64, u64),
        redaction: u32,
        cache: &Arc<BlockCache>,
    ) -> Self {
        let body = Body::Sealed {
            file: Mutex::new(None),
            cache: Arc::clone(cache),
        };
        Self {
            redaction,
            ..Self::with(io, path, header, raw_bytes, Some(end), body)
        }
    }

    fn with(
        io: &Arc<dyn LogIo>,
        path: PathBuf,
        header: SegmentHeader,
        readable: u64,
        end: Option<u64>,
        body: Body,
    ) -> Self {
        Self {
            io: Arc::clone(io),
            path,
            header,
            readable: Arc::new(AtomicU64::new(readable)),
            end: AtomicU64::new(end.unwrap_or(0)),
            redaction: 0,
            body,
        }
    }

    /// One past its last record, when it is complete.
    pub(crate) fn end(&self) -> Option<u64> {
        match self.end.load(Ordering::Acquire) {
            0 => None,
            end => Some(end),
        }
    }

    /// Durable bytes from the start of the raw segment.
    pub(crate) fn readable(&self) -> u64 {
        self.readable.load(Ordering::Acquire)
    }

    pub(crate) fn form(&self) -> Form {
        match self.body {
            Body::Raw { .. } => Form::Raw,
            Body::Sealed { .. } => Form::Sealed,
        }
    }

    /// As the manifest lists it.
    pub(crate) fn listed(&self) -> Listed {
        Listed {
            number: self.header.number,
            base: self.header.base,
            form: self.form(),
            redaction: self.redaction,
        }
    }

    /// The durable bytes as a place in the log.
    pub(crate) fn place(&self) -> Place {
        let offset = self.readable();
        Place {
            segment: self.header.number,
            // Damage may end anywhere; records begin at whole units only.
            offset: offset - offset % FRAME_ALIGN_BYTES as u64,
        }
    }

    /// Raises the readable bytes after a sync and notes where the group's records start.
    pub(crate) fn publish(&self, readable: u64, records: &[(u64, u64, i64)]) {
        if let Body::Raw { index, .. } = &self.body
            && let Some(index) = lock(index).as_mut()
        {
            for &(sequence, offset, time_ns) in records {
                index.note(sequence, offset, time_ns);
            }
            index.scanned = readable;
        }
        self.readable.store(readable, Ordering::Release);
    }

    /// Raises the readable bytes to what another process has published.
    pub(crate) fn admit(&self, readable: u64) {
        self.readable.fetch_max(readable, Ordering::AcqRel);
    }

    /// Says that no record will follow.
    pub(crate) fn complete(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    fn failed(&self, step: &'static str) -> impl Fn(io::Error) -> ReadError {
        let path = self.path.clone();
        move |source| ReadError::Io {
            step,
            path: path.clone(),
            source,
        }
    }

    /// Durable bytes from `start` on: all of them in a raw segment, those of one block in a sealed one, and at least
    /// `length` if there are so many.
    pub(crate) fn window(&self, start: u64, length: usize) -> Result<Bytes, ReadError> {
        match &self.body {
            Body::Raw { mapping, .. } => {
                let mapping = if let Some(mapping) = mapping.get() {
                    mapping
                } else {
                    let file = self
                        .io
                        .open(&self.path, Open::Read)
                        .map_err(self.failed("open segment"))?;
                    let mapped = file
                        .map(Arc::clone(&self.readable))
                        .map_err(self.failed("map segment"))?
                        .named(self.header.number);
                    mapping.get_or_init(|| Arc::new(mapped))
                };
                mapping.window(start).map_err(self.failed("read segment"))
            }
            Body::Sealed { .. } => {
                let length = length.min(self.readable().saturating_sub(start) as usize);
                Ok(self.sealed_file()?.window_at_least(start, length)?)
            }
        }
    }

    /// The open sealed file.
    pub(crate) fn sealed_file(&self) -> Result<Arc<SealedFile>, ReadError> {
        let Body::Sealed { file, cache } = &self.body else {
            let wrong = io::Error::other("it is not sealed");
            return Err(self.failed("open as a sealed segment")(wrong));
        };
        let mut file = lock(file);
        if let Some(file) = file.as_ref() {
            return Ok(Arc::clone(file));
        }
        let opened = self
            .io
            .open(&self.path, Open::Read)
            .map_err(self.failed("open sealed segment"))?;
        let sealed = Arc::new(SealedFile::open(opened, &self.path, Arc::clone(cache))?);
        *file = Some(Arc::clone(&sealed));
        Ok(sealed)
    }

    /// Closes the sealed file, until it is read again.
    pub(crate) fn close(&self) {
        if let Body::Sealed { file, .. } = &self.body {
            *lock(file) = None;
        }
    }

    /// Where to start looking for record `sequence`: the offset of a frame at or before it.
    pub(crate) fn floor(&self, sequence: u64) -> Result<u64, ReadError> {
        let start = SEGMENT_HEADER_BYTES as u64;
        match &self.body {
            Body::Raw { .. } => {
                self.indexed(|index| index.floor(sequence).map_or(start, |at| at.1))
            }
            Body::Sealed { .. } => {
                let floor = self.sealed_file()?.block_of_sequence(sequence);
                Ok(floor.map_or(start, |floor| floor.offset))
            }
        }
    }

    /// Where to start looking for the first record of `time_ns` or later; `None` when all are earlier.
    pub(crate) fn floor_of_time(&self, time_ns: i64) -> Result<Option<u64>, ReadError> {
        match &self.body {
            Body::Raw { .. } => self.indexed(|index| Some(index.floor_of_time(time_ns))),
            Body::Sealed { .. } => {
                let floor = self.sealed_file()?.block_of_time(time_ns);
                Ok(floor.map(|floor| floor.offset))
            }
        }
    }

    fn indexed<T>(&self, look: impl Fn(&Index) -> T) -> Result<T, ReadError> {
        let Body::Raw { index, .. } = &self.body else {
            return Ok(look(&Index::default()));
        };
        // The lock is held while bytes are read; the writer's own index is always complete, so it never waits here.
        let mut index = lock(index);
        let index = index.get_or_insert_default();
        if index.scanned < self.readable() {
            self.extend(index)?;
        }
        Ok(look(index))
    }

    /// Headers only: the payloads are verified when they are read. Resumes after damaged bytes.
    fn extend(&self, index: &mut Index) -> Result<(), ReadError> {
        let start = index.scanned;
        let bytes = self.window(start, 0)?;
        let mut at = 0;
        let mut damaged = false;
        while at + FRAME_HEADER_BYTES <= bytes.len() {
            let offset = start + at as u64;
            match FrameHeader::parse(&bytes[at..], self.header.salt, offset) {
                Parsed::Frame(frame) => {
                    if frame.kind.is_record() {
                        let sequence = frame.sequence;
                        if damaged {
                            index.note_always(sequence, offset, frame.time_ns);
                        } else {
                            index.note(sequence, offset, frame.time_ns);
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
        index.scanned = start + bytes.len() as u64;
        Ok(())
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
