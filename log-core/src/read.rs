//! Reading: records in order, or one by its number, without copying.
//!
//! Invariant: only records below the durable end are looked at, and every record's header and payload checksums are
//! verified each time it is handed out. A payload stays mapped for as long as it lives, and starts 16-byte aligned.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::cursor::Cursor;
use crate::error::{CursorError, Fault, OpenError, ReadError};
use crate::format::{
    FRAME_HEADER_BYTES, FrameHeader, Kind, Parsed, SEGMENT_HEADER_BYTES, lost_range,
};
use crate::io::{LogIo, RealDisk};
use crate::manifest::Form;
use crate::open;
use crate::retention::{Plan, Retention};
use crate::segment::{Segment, SegmentInfo};
use crate::store::Store;

/// Looks for a segment's file that is not where it was: each time it was replaced or dropped meanwhile.
const GONE_TRIES_MAX: u32 = 3;

/// Reads a log, from the writer's process or, opened by [`Reader::follow`] or [`Reader::open_read_only`], from any
/// other. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(crate) store: Arc<Store>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its sequence number.
    pub sequence: u64,
    /// When it was written, nanoseconds since the Unix epoch, by the writer's clock: it may step back.
    pub time_ns: i64,
    /// The caller's kind and version.
    pub schema: u16,
    /// Its bytes, 16-byte aligned; in place in the mapped segment, or decoded from a sealed one.
    pub payload: Bytes,
    /// Whether they were replaced at somebody's request.
    pub redacted: bool,
}

impl Reader {
    /// Opens a log that another process writes, or will: the reader sees each record as soon as it is durable.
    ///
    /// The log must have been created. While no writer runs, the reader shows what is proven to be durable; it
    /// outlives any number of writers. [`Reader::wait_past`] sleeps until there is more. Nothing is changed.
    pub fn follow(dir: &Path) -> Result<Self, OpenError> {
        Self::follow_on(&(Arc::new(RealDisk) as Arc<dyn LogIo>), dir)
    }

    /// The same on another disk than the machine's own.
    pub fn follow_on(io: &Arc<dyn LogIo>, dir: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            store: Arc::new(open::follow(io, dir)?),
        })
    }

    /// Opens a directory for reading only: beside a running writer, after a crash, or offline. Nothing is changed.
    ///
    /// The durable end is fixed when this returns: it covers every whole record that was there, after the segment
    /// was synced by this process too, so that none of them can be lost any more. A torn tail is left out. If
    /// acknowledged records have rotted, all others can be read; the damaged ones answer [`ReadError::Damaged`],
    /// and [`crate::verify()`] names them.
    pub fn open_read_only(dir: &Path) -> Result<Self, OpenError> {
        Self::open_read_only_on(&(Arc::new(RealDisk) as Arc<dyn LogIo>), dir)
    }

    /// The same on another disk than the machine's own.
    pub fn open_read_only_on(io: &Arc<dyn LogIo>, dir: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            store: Arc::new(open::read_only(io, dir)?),
        })
    }

    /// First sequence number that is not durable: all below it can be read.
    pub fn durable_end(&self) -> u64 {
        self.store.end()
    }

    /// First retained sequence number.
    pub fn first(&self) -> u64 {
        self.store.first()
    }

    /// Records in order, from number `from` on (at least 1; the first retained one if `from` is 0).
    ///
    /// The iterator ends at the durable end of the moment; calling `next` later goes on from there.
    pub fn read(&self, from: u64) -> Iter {
        let next = if from == 0 { self.first() } else { from };
        Iter {
            store: Arc::clone(&self.store),
            next,
            place: None,
            generation: 0,
            failed: false,
        }
    }

    /// Record `sequence`; `None` when it is not durable yet.
    pub fn get(&self, sequence: u64) -> Result<Option<Entry>, ReadError> {
        let sequence = sequence.max(1);
        match self.read(sequence).next().transpose()? {
            Some(entry) if entry.sequence == sequence => Ok(Some(entry)),
            None if sequence >= self.durable_end() => Ok(None),
            // Only records that a repair gave up are ever passed over.
            _ => Err(ReadError::Lost { sequence }),
        }
    }

    /// Sequence number of the first record that was written at `time_ns` (nanoseconds since the Unix epoch) or
    /// later; the durable end when there is none. Times are those of the writer's clock, which may step back: of
    /// records that are out of order some may be missed.
    pub fn at_time(&self, time_ns: i64) -> Result<u64, ReadError> {
        let end = self.durable_end();
        let segments = self.store.segments();
        // A segment that was created before that time may hold later records, all before it cannot.
        let later = segments.partition_point(|segment| segment.header.created_ns <= time_ns);
        for segment in &segments[later.saturating_sub(1)..] {
            let Some(start) = segment.floor_of_time(time_ns)? else {
                continue;
            };
            let mut place = Place::new(&self.store, Arc::clone(segment), start)?;
            while place.offset() + (FRAME_HEADER_BYTES as u64) <= segment.readable() {
                let frame = place.frame(segment.header.base)?;
                if frame.kind.is_record() && frame.time_ns >= time_ns && frame.sequence < end {
                    return Ok(frame.sequence);
                }
                place.at += frame.frame_bytes();
            }
        }
        Ok(end)
    }

    /// Blocks until `durable_end` is greater than `sequence`; `false` when the time is up or the writer has ended.
    pub fn wait_past(&self, sequence: u64, timeout: Duration) -> bool {
        self.store.wait_past(sequence, timeout)
    }

    /// The segment that holds record `sequence`, or will; `None` before the first retained record.
    pub fn segment_of(&self, sequence: u64) -> Option<SegmentInfo> {
        // The end first: a segment that is complete by then is reported so.
        let durable_end = self.durable_end();
        Some(self.store.segment_of(sequence)?.info(durable_end))
    }

    /// All retained segments, oldest first.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let durable_end = self.durable_end();
        self.store
            .segments()
            .iter()
            .map(|segment| segment.info(durable_end))
            .collect()
    }

    /// What retention would drop at `now_ns` (nanoseconds since the Unix epoch): see [`Plan`]. No record is read.
    pub fn retention_plan(&self, retention: &Retention, now_ns: i64) -> Result<Plan, OpenError> {
        self.store.plan(retention, now_ns)
    }

    /// Bytes on disk of what one of these cursors has not passed, whole segments, the one that is written to among
    /// them. No record is read.
    pub fn unread_bytes(&self, cursors: &[&str]) -> Result<u64, OpenError> {
        self.store.unread_bytes(cursors)
    }

    /// The first record that the cursor of this name has not passed; none: there is no such cursor.
    pub fn settled(&self, cursor: &str) -> Result<Option<u64>, OpenError> {
        self.store.settled(cursor)
    }

    /// Bytes on disk of all segments. No record is read.
    pub fn disk_bytes(&self) -> Result<u64, OpenError> {
        self.store.segments_disk_bytes()
    }

    /// The log's random identity.
    pub fn log_id(&self) -> [u8; 16] {
        let segments = self.store.segments();
        segments
            .first()
            .map_or([0; 16], |first| first.header.log_id)
    }

    /// Opens the named cursor, or makes it at the first retained record. Held until it is dropped.
    pub fn cursor(&self, name: &str) -> Result<Cursor, CursorError> {
        Cursor::open(Arc::clone(&self.store), name)
    }
}

/// Records in order: see [`Reader::read`]. After an error it yields nothing more.
#[derive(Debug)]
pub struct Iter {
    store: Arc<Store>,
    /// The number of the next record.
    next: u64,
    place: Option<Place>,
    /// Of the store, when `place` was found.
    generation: u64,
    failed: bool,
}

/// Where an iterator stands in a segment.
#[derive(Debug)]
struct Place {
    segment: Arc<Segment>,
    /// Readable bytes from `start` on, and how many of them are behind us.
    window: Bytes,
    start: u64,
    at: usize,
}

impl Iter {
    /// Sequence number of the record that comes next.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// The next record. A file that was sealed, redacted or dropped meanwhile is looked for once more.
    fn step(&mut self) -> Result<Option<Entry>, ReadError> {
        let mut tries = 0;
        loop {
            match self.try_step() {
                Err(error) if error.is_gone() && tries < GONE_TRIES_MAX => {
                    tries += 1;
                    self.place = None;
                    self.store.refresh()?;
                }
                done => return done,
            }
        }
    }

    fn try_step(&mut self) -> Result<Option<Entry>, ReadError> {
        if self.next >= self.store.end() {
            return Ok(None);
        }
        let generation = self.store.generation();
        if self.generation != generation {
            // The segment may have another form or other content by now.
            self.generation = generation;
            self.place = None;
        }
        let mut place = match self.place.take() {
            Some(place) if place.segment.end() != Some(self.next) => place,
            _ => self.locate()?,
        };
        loop {
            let frame = place.frame(self.next)?;
            if frame.kind == Kind::Lost
                && let Some(lost) = place.lost(&frame)?
                && lost.contains(&self.next)
            {
                self.next = lost.end;
                if self.next >= self.store.end() {
                    return Ok(None);
                }
                if place.segment.end() == Some(self.next) {
                    place = self.locate()?;
                    continue;
                }
            }
            if frame.kind.is_record() && frame.sequence >= self.next {
                if frame.sequence > self.next {
                    return Err(place.damaged(self.next, Fault::Sequence));
                }
                let entry = place.entry(&frame)?;
                place.at += frame.frame_bytes();
                self.next += 1;
                self.place = Some(place);
                return Ok(Some(entry));
            }
            place.at += frame.frame_bytes();
        }
    }

    /// Stands before record `next`, by the sparse index.
    fn locate(&self) -> Result<Place, ReadError> {
        let not_retained = || ReadError::NotRetained {
            sequence: self.next,
            first: self.store.first(),
        };
        let segment = self.store.segment_of(self.next).ok_or_else(not_retained)?;
        let start = if segment.header.base == self.next {
            SEGMENT_HEADER_BYTES as u64
        } else {
            segment.floor(self.next)?
        };
        Place::new(&self.store, segment, start)
    }
}

impl Place {
    fn new(store: &Store, segment: Arc<Segment>, start: u64) -> Result<Self, ReadError> {
        let window = segment.window(start, 0)?;
        if segment.form() == Form::Sealed {
            store.note_open(&segment);
        }
        Ok(Self {
            segment,
            window,
            start,
            at: 0,
        })
    }

    fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    /// The frame here; the window is renewed when it ends before the frame does.
    fn frame(&mut self, wanted: u64) -> Result<FrameHeader, ReadError> {
        if self.at >= self.window.len() {
            self.renew(FRAME_HEADER_BYTES)?;
        }
        let head = self.window.get(self.at..).unwrap_or_default();
        match FrameHeader::parse(head, self.segment.header.salt, self.offset()) {
            Parsed::Frame(frame) => {
                let bytes = frame.frame_bytes();
                if self.at + bytes > self.window.len() {
                    // A record that lies in several blocks of a sealed segment.
                    self.renew(bytes)?;
                }
                if self.at + bytes > self.window.len() {
                    return Err(self.damaged(wanted, Fault::Length));
                }
                Ok(frame)
            }
            Parsed::Bad => Err(self.damaged(wanted, Fault::Header)),
            Parsed::Empty => Err(self.damaged(wanted, Fault::Missing)),
        }
    }

    fn renew(&mut self, length: usize) -> Result<(), ReadError> {
        let offset = self.offset();
        if self.segment.readable() > offset {
            self.window = self.segment.window(offset, length)?;
            self.start = offset;
            self.at = 0;
        }
        Ok(())
    }

    /// The records that a lost frame stands for.
    fn lost(&self, frame: &FrameHeader) -> Result<Option<Range<u64>>, ReadError> {
        let payload = &self.window[frame.payload_range(self.at)];
        if crc32fast::hash(payload) != frame.payload_crc {
            return Err(self.damaged(frame.sequence, Fault::Payload));
        }
        Ok(lost_range(payload))
    }

    fn entry(&self, frame: &FrameHeader) -> Result<Entry, ReadError> {
        let payload = self.window.slice(frame.payload_range(self.at));
        if crc32fast::hash(&payload) != frame.payload_crc {
            return Err(self.damaged(frame.sequence, Fault::Payload));
        }
        Ok(Entry {
            sequence: frame.sequence,
            time_ns: frame.time_ns,
            schema: frame.schema,
            payload,
            redacted: frame.kind == Kind::Redacted,
        })
    }

    fn damaged(&self, sequence: u64, fault: Fault) -> ReadError {
        ReadError::Damaged {
            path: self.segment.path.clone(),
            offset: self.offset(),
            sequence,
            fault,
        }
    }
}

impl Iterator for Iter {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        step.transpose()
    }
}
