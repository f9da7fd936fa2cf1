//! The one writer thread: group commit, roll, poison.
//!
//! Loop: drain the queue up to a group → encode into one buffer → one `pwritev` → one `fdatasync` → raise the
//! readable bytes and the durable end → complete the tickets. The next group forms in the queue while the sync
//! runs; the writer never waits for more to come.
//!
//! Invariant: sequence numbers are given out here and nowhere else, a number whose write failed is never given out
//! again by this writer, and nothing is published before the sync that covers it.
//!
//! Fails: no room for the next segment, or no descriptor or memory to begin it with, is reported and retried; any
//! failed write or sync poisons the log for good.

mod roll;

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::ballast::Ballast;
use crate::chain::{Chain, PayloadDigest, SealHash};
use crate::commit::Completion;
use crate::error::CommitError;
use crate::format::{
    CONTROL_FRAME_BYTES, FLAG_BATCH, FrameHeader, Kind, SEAL_FRAME_BYTES, control_payload,
};
use crate::io::{LogFile, LogIo, random_bytes, write_all};
use crate::lock::WriterLock;
use crate::next::Next;
use crate::publish::PageState;
use crate::queue::{Append, Drained, Queue, Sealed};
use crate::segment::Segment;
use crate::store::Store;

pub(crate) use roll::{Begun, publish_segment};

/// How often a writer without space tries again, and how often an idle one looks at its segment's age.
const RETRY_WAIT: Duration = Duration::from_millis(100);
const IDLE_WAIT: Duration = Duration::from_secs(1);
/// Idleness after which a watermark proves that the last group was durable. Until then rot in that group would look
/// like a torn tail after a crash.
const WATERMARK_WAIT: Duration = Duration::from_millis(50);
/// A group buffer that grew beyond this many bytes, and beyond a group, for one huge append is given back.
const BUFFER_KEEP_BYTES: usize = 4 * 1024 * 1024;

/// What the writer can do now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriterState {
    /// Appends are taken.
    Running,
    /// No room for the next segment, or no descriptor or memory to begin it with; the writer keeps trying, appends
    /// are refused meanwhile.
    NoSpace {
        /// The system's answer to the last try.
        error: String,
    },
    /// A write or sync failed: no append is ever taken again. Restart the process; the next open recovers.
    Poisoned {
        /// What failed.
        stage: &'static str,
        /// The first system error.
        error: String,
    },
    /// The log was closed.
    Closed,
}

/// Why a group could not be committed.
enum Stop {
    NoSpace(io::Error),
    Poison(&'static str, io::Error),
}

/// The segment that is written to.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Arc<dyn LogFile>,
    /// Where the next group goes, bytes from the start of the file.
    pub(crate) offset: u64,
    /// The hash of all frames so far.
    pub(crate) chain: Chain,
    /// The seal hash, once the seal is written: the next append needs a new segment.
    pub(crate) seal: Option<SealHash>,
}

/// Everything the writer owns.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) io: Arc<dyn LogIo>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) store: Arc<Store>,
    pub(crate) next_segment: Next,
    pub(crate) active: Active,
    pub(crate) epoch: u32,
    /// Sequence number of the next record.
    pub(crate) next: u64,
    pub(crate) group_bytes_max: usize,
    pub(crate) segment_bytes: u64,
    pub(crate) segment_age: Duration,
    /// Held until the thread ends.
    pub(crate) _lock: WriterLock,
    pub(crate) buffer: Vec<u8>,
    /// Where the buffered records start: sequence number, offset, time.
    pub(crate) marks: Vec<(u64, u64, i64)>,
    /// Whether records were written of which no later frame says that they are durable.
    pub(crate) unproven: bool,
    /// Whether the newest segment is not in the manifest yet, for lack of room.
    pub(crate) unlisted: bool,
    /// The next segment, when the roll to it could not be ended yet.
    pub(crate) begun: Option<Begun>,
    pub(crate) ballast: Ballast,
    /// Tickets of the buffered appends.
    pub(crate) waiting: Vec<(Completion, Range<u64>)>,
    /// When the active segment's age was last looked at.
    pub(crate) age_checked_ns: i64,
}

impl Writer {
    /// The thread's body. Whatever ends it, no ticket is left waiting.
    pub(crate) fn run(mut self) {
        while self.turn(IDLE_WAIT) {}
    }

    /// One turn: a group, or what is to be done while there is none. `false` when nothing will ever follow.
    pub(crate) fn turn(&mut self, patience: Duration) -> bool {
        let no_space = match self.queue.state() {
            WriterState::Poisoned { .. } => return false,
            state => matches!(state, WriterState::NoSpace { .. }),
        };
        let patience = match (no_space, self.unproven) {
            (true, _) => patience.min(RETRY_WAIT),
            (false, true) => patience.min(WATERMARK_WAIT),
            (false, false) => patience,
        };
        let page = self.store.page();
        page.beat(self.io.now_ns());
        if page.is_cut_off() {
            // Found here also while nothing is appended. Followers would wait for ever for a writer that goes on.
            let error = io::Error::other("the file system was shut down or made read-only");
            self.stop(&Stop::Poison("publication page", error));
            return false;
        }
        let done = match self.queue.drain(self.group_bytes_max, patience) {
            Drained::Group(group) => self.commit(group),
            Drained::Idle if no_space => self.roll(),
            Drained::Idle if self.unproven => self.mark_end(),
            Drained::Idle => self.roll_if_old(),
            Drained::Closed => {
                self.finish();
                return false;
            }
        };
        match done {
            Ok(()) if no_space => self.resume(),
            Ok(()) => {}
            Err(stop) => self.stop(&stop),
        }
        !matches!(self.queue.state(), WriterState::Poisoned { .. })
    }

    /// There is room again.
    fn resume(&mut self) {
        self.queue.set_state(WriterState::Running);
        self.store.page().set_state(PageState::Running);
        self.ballast.hold();
    }

    fn finish(&mut self) {
        if let Err(stop) = self.mark_end() {
            self.stop(&stop);
        }
        self.queue.set_state(WriterState::Closed);
    }

    fn commit(&mut self, group: Vec<Append>) -> Result<(), Stop> {
        let mut group = group.into_iter();
        if let Err(stop) = self.roll_if_old() {
            return Err(self.refuse(stop, group));
        }
        let time_ns = self.io.now_ns();
        while let Some(append) = group.next() {
            // A watermark must still fit behind it, or what it adds could stay unproven.
            let full = !self.fits(append.bytes_max() + CONTROL_FRAME_BYTES);
            let wanted = append.records.is_empty() && self.next > self.active.segment.header.base;
            if (full || wanted)
                && let Err(stop) = self.flush().and_then(|()| self.roll())
            {
                return Err(self.refuse(stop, std::iter::once(append).chain(group)));
            }
            self.encode(append, time_ns);
        }
        self.flush()?;
        // Only here: while a roll is under way the file of this name is the one it took.
        if self.active.offset > self.active.segment.header.segment_bytes / 2 {
            self.next_segment.prepare();
        }
        Ok(())
    }

    /// Whether `bytes` more, and the seal after them, have room in the active segment.
    fn fits(&self, bytes: usize) -> bool {
        let used = self.active.offset + self.buffer.len() as u64;
        let capacity = self.active.segment.header.segment_bytes;
        self.active.seal.is_none() && used + bytes as u64 + SEAL_FRAME_BYTES as u64 <= capacity
    }

    fn encode(&mut self, append: Append, time_ns: i64) {
        let first = self.next;
        let flags = if append.batch { FLAG_BATCH } else { 0 };
        let segment = &self.active.segment.header;
        let preface = append.preface.into_iter();
        let preface = preface.filter(|preface| preface.segment_base != segment.base);
        let preface: Vec<Sealed> = preface
            .flat_map(|preface| preface.records)
            .map(|record| Sealed::new(&segment.log_id, record))
            .collect();
        for sealed in preface.iter().chain(&append.records) {
            let payload = &sealed.record.payload;
            let header = FrameHeader {
                length: payload.len() as u32,
                sequence: self.next,
                time_ns,
                durable_to: self.store.end(),
                payload_crc: sealed.crc,
                schema: sealed.record.schema,
                kind: Kind::Data,
                flags,
                epoch: self.epoch,
                key_id: 0,
            };
            let offset = self.active.offset + self.buffer.len() as u64;
            self.marks.push((self.next, offset, time_ns));
            self.frame(&header, payload, sealed.digest);
            self.next += 1;
            self.unproven = true;
        }
        if append.batch {
            self.control(Kind::BatchEnd, &control_payload(first, self.next - first));
        }
        self.waiting.push((append.completion, first..self.next));
    }

    /// Buffers a control frame.
    fn control(&mut self, kind: Kind, payload: &[u8]) {
        let header = FrameHeader {
            length: payload.len() as u32,
            sequence: self.next,
            time_ns: self.io.now_ns(),
            durable_to: self.store.end(),
            payload_crc: crc32fast::hash(payload),
            schema: 0,
            kind,
            flags: 0,
            epoch: self.epoch,
            key_id: 0,
        };
        let digest = PayloadDigest::of(&self.active.segment.header.log_id, payload);
        self.frame(&header, payload, digest);
    }

    fn frame(&mut self, header: &FrameHeader, payload: &[u8], digest: PayloadDigest) {
        let offset = self.active.offset + self.buffer.len() as u64;
        let salt = self.active.segment.header.salt;
        header.encode(payload, salt, offset, &mut self.buffer);
        // A seal cannot cover itself.
        if header.kind != Kind::Seal {
            self.active.chain.frame(header, digest);
        }
    }

    /// Writes, syncs and publishes what is buffered.
    fn flush(&mut self) -> Result<(), Stop> {
        if self.buffer.is_empty() {
            self.complete();
            return Ok(());
        }
        let file = self.active.file.as_ref();
        let written = write_all(file, &self.buffer, self.active.offset)
            .map_err(|error| Stop::Poison("write", error))
            .and_then(|()| {
                file.sync_data()
                    .map_err(|error| Stop::Poison("sync", error))
            });
        if let Err(stop) = written {
            // First, so that nobody who hears of it can still append.
            self.enter(&stop);
            for (completion, _) in self.waiting.drain(..) {
                completion.complete(Err(stop.outcome()));
            }
            return Err(stop);
        }
        self.active.offset += self.buffer.len() as u64;
        self.active.segment.publish(self.active.offset, &self.marks);
        let place = self.active.segment.place();
        self.store.page().publish(place, self.next);
        self.complete();
        self.marks.clear();
        self.buffer.clear();
        // Growing it again for each group would fault in every page of it again.
        let keep = BUFFER_KEEP_BYTES.max(self.group_bytes_max.saturating_mul(2));
        self.buffer.shrink_to(keep);
        Ok(())
    }

    fn complete(&mut self) {
        for (completion, range) in self.waiting.drain(..) {
            completion.complete(Ok(range));
        }
    }

    fn stop(&mut self, stop: &Stop) {
        self.enter(stop);
        self.queue.fail_all(&stop.outcome());
    }

    /// Tells the appends that were drained but not written.
    fn refuse(&mut self, stop: Stop, appends: impl Iterator<Item = Append>) -> Stop {
        self.enter(&stop);
        for append in appends {
            append.completion.complete(Err(stop.outcome()));
        }
        stop
    }

    /// Enters the state that `stop` calls for.
    fn enter(&mut self, stop: &Stop) {
        let (state, published) = match stop {
            Stop::NoSpace(error) => (
                WriterState::NoSpace {
                    error: error.to_string(),
                },
                PageState::NoSpace,
            ),
            Stop::Poison(stage, error) => (
                WriterState::Poisoned {
                    stage,
                    error: error.to_string(),
                },
                PageState::Poisoned,
            ),
        };
        self.queue.set_state(state);
        self.store.page().set_state(published);
        if published == PageState::NoSpace {
            self.ballast.release();
        }
    }
}

impl Stop {
    fn outcome(&self) -> CommitError {
        match self {
            Self::NoSpace(_) => CommitError::NoSpace,
            Self::Poison(stage, error) => CommitError::OutcomeUnknown {
                stage,
                error: error.to_string(),
            },
        }
    }
}

pub(crate) fn random_u64(io: &dyn LogIo) -> io::Result<u64> {
    random_bytes(io).map(u64::from_le_bytes)
}

/// Leaves nobody waiting when the writer ends, also by a panic.
impl Drop for Writer {
    fn drop(&mut self) {
        let error = "the writer ended".to_owned();
        // Keeps the first cause: only a running writer is changed.
        self.queue.set_state(WriterState::Poisoned {
            stage: "writer",
            error: error.clone(),
        });
        self.queue.close();
        self.queue.fail_all(&CommitError::OutcomeUnknown {
            stage: "writer",
            error,
        });
        let page = self.store.page();
        page.set_state(match self.queue.state() {
            WriterState::Closed => PageState::Closed,
            _ => PageState::Poisoned,
        });
        page.stop();
    }
}

#[cfg(test)]
mod tests;
