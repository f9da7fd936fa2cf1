//! The writer's handle: configuration, appending, closing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use smallvec::smallvec;

use crate::background::{Background, Maintenance};
use crate::commit::{Ticket, lock};
use crate::error::{AppendError, CommitError, MaintainError, OpenError};
use crate::format::{
    CONTROL_FRAME_BYTES, PAYLOAD_BYTES_MAX, SEAL_FRAME_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN,
    SEGMENT_HEADER_BYTES,
};
use crate::io::{LogIo, RealDisk};
use crate::maintain::{Dropped, Maintainer, Redaction};
use crate::open::{self, Threads};
use crate::queue::{Append, Preface, Queue, Record, Records};
use crate::read::Reader;
use crate::recover::Recovery;
use crate::retention::{Plan, Retention};
use crate::scrub::{Scrubber, Scrubbing};
use crate::sealed::LEVEL_DEFAULT;
use crate::store::Store;
use crate::writer::{Writer, WriterState};

/// A watermark and the seal must fit behind the last append.
const LAST_FRAMES_BYTES: usize = CONTROL_FRAME_BYTES + SEAL_FRAME_BYTES;

const MIB: usize = 1024 * 1024;

/// How complete segments are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealing {
    /// The newest complete segments that stay raw: consumers that are a little behind read them in place.
    pub raw_segments: u64,
    /// Level of zstd, 1 to 22.
    pub level: i32,
}

impl Sealing {
    /// One segment raw, zstd's own default level.
    pub const DEFAULT: Self = Self {
        raw_segments: 1,
        level: LEVEL_DEFAULT,
    };
}

/// Where a log lives and how it is cut.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its directory; created when it is not there.
    pub dir: PathBuf,
    /// Size of a new segment in bytes, preallocated: a multiple of 4 KiB, 8 KiB to 1 GiB. No append can be larger.
    pub segment_bytes: u64,
    /// A segment with records is complete at this age, also when it is not full. Looked at once a second.
    pub segment_age: Duration,
    /// Appends of up to this many bytes together share a write and a sync; one larger append goes alone.
    pub group_bytes_max: usize,
    /// Appends that wait for the writer, in bytes: when there are more, further ones are refused.
    pub queue_bytes_max: usize,
    /// How complete segments are sealed; `None`: they stay raw.
    pub sealing: Option<Sealing>,
    /// How complete segments are read again to find rot; `None`: not at all.
    pub scrubbing: Option<Scrubbing>,
}

impl Config {
    /// For the log of events: 128 MiB segments, a day, 1 MiB groups (the fastest measured), 32 MiB of queue.
    pub fn events(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            segment_bytes: 128 * MIB as u64,
            segment_age: Duration::from_hours(24),
            group_bytes_max: MIB,
            queue_bytes_max: 32 * MIB,
            sealing: Some(Sealing::DEFAULT),
            scrubbing: Some(Scrubbing::DEFAULT),
        }
    }

    /// For the control log: 4 MiB segments, else like events.
    pub fn control(dir: impl Into<PathBuf>) -> Self {
        Self {
            segment_bytes: 4 * MIB as u64,
            queue_bytes_max: 4 * MIB,
            ..Self::events(dir)
        }
    }

    fn check(&self) -> Result<(), OpenError> {
        let size = self.segment_bytes;
        let header = SEGMENT_HEADER_BYTES as u64;
        if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&size) || !size.is_multiple_of(header)
        {
            let allowed = "multiples of 4096 from 8192 to 1073741824";
            return Err(OpenError::Config {
                setting: "segment_bytes",
                value: size,
                allowed,
            });
        }
        for (setting, value) in [
            ("group_bytes_max", self.group_bytes_max),
            ("queue_bytes_max", self.queue_bytes_max),
        ] {
            if value == 0 {
                return Err(OpenError::Config {
                    setting,
                    value: 0,
                    allowed: "1 and more",
                });
            }
        }
        Ok(())
    }
}

/// Runs the writer of a log that was opened by [`Log::open_stepped`], a turn at a time.
#[derive(Debug)]
pub struct Stepper {
    writer: Writer,
}

impl Stepper {
    /// One turn of the writer: what is queued becomes durable, or, when nothing is, whatever an idle writer does.
    /// `false` when the log is poisoned, or closed and everything is done.
    pub fn step(&mut self) -> bool {
        self.writer.turn(Duration::ZERO)
    }

    /// Closes the log: what is queued is written, its end is marked, the lock is freed.
    pub fn close(mut self) {
        self.writer.queue.close();
        // Every turn takes something from the closed queue.
        while self.writer.turn(Duration::ZERO) {}
    }
}

/// A log open for appending. Clones share one writer thread; when the last one is dropped the log is closed.
#[derive(Clone, Debug)]
pub struct Log {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    store: Arc<Store>,
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    maintainer: Arc<Maintainer>,
    background: Mutex<Option<Background>>,
    log_id: [u8; 16],
    append_bytes_max: u64,
    recovery: Recovery,
}

impl Log {
    /// Opens or creates the log in `config.dir`, recovers it and starts the writer thread.
    ///
    /// Refuses, without changing anything, when another writer holds it, a segment is missing, foreign or does not
    /// join its neighbours, acknowledged records have rotted, or a cursor is beyond the end.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        Self::open_on(config, Arc::new(RealDisk))
    }

    /// Opens the log on another disk than the machine's own: a simulated or a failing one.
    pub fn open_on(config: Config, io: Arc<dyn LogIo>) -> Result<Self, OpenError> {
        config.check()?;
        let (writer, recovery) = open::writable(&config, io, Threads::Own)?;
        let log = Self::handle(&config, &writer, recovery);
        let path = config.dir;
        let no_thread = |source| OpenError::Io {
            step: "start a thread for",
            path: path.clone(),
            source,
        };
        let thread = thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || writer.run())
            .map_err(no_thread)?;
        *lock(&log.handle.thread) = Some(thread);
        let (maintainer, store) = (&log.handle.maintainer, &log.handle.store);
        let background =
            Background::start(Arc::clone(maintainer), Arc::clone(store)).map_err(no_thread)?;
        *lock(&log.handle.background) = Some(background);
        Ok(log)
    }

    /// Opens the log without a thread of its own: nothing happens but by [`Stepper::step`]. For simulations, in which
    /// the same seed must give the same calls in the same order. Tickets must not be waited for, only looked at.
    pub fn open_stepped(config: &Config, io: Arc<dyn LogIo>) -> Result<(Self, Stepper), OpenError> {
        config.check()?;
        let (writer, recovery) = open::writable(config, io, Threads::None)?;
        let log = Self::handle(config, &writer, recovery);
        Ok((log, Stepper { writer }))
    }

    fn handle(config: &Config, writer: &Writer, recovery: Recovery) -> Self {
        // The header before it and the seal after it must fit as well.
        let append_bytes_max =
            config.segment_bytes - (SEGMENT_HEADER_BYTES + LAST_FRAMES_BYTES) as u64;
        Self {
            handle: Arc::new(Handle {
                store: Arc::clone(&writer.store),
                queue: Arc::clone(&writer.queue),
                thread: Mutex::new(None),
                maintainer: Arc::new(Maintainer::new(
                    Arc::clone(&writer.store),
                    Arc::clone(&writer.queue),
                    recovery.epoch,
                    config.sealing,
                    Scrubber::new(config.scrubbing),
                )),
                background: Mutex::new(None),
                log_id: recovery.log_id,
                append_bytes_max,
                recovery,
            }),
        }
    }

    /// Queues one record. The ticket says when it is durable, and under which sequence number.
    ///
    /// Never blocks on the disk: when the queue is full it refuses. Records get sequence numbers in the order in
    /// which they were queued.
    pub fn append(&self, record: Record) -> Result<Ticket, AppendError> {
        self.push(smallvec![record], false, None)
    }

    /// Queues records that become durable together: they get consecutive sequence numbers, and after any crash all
    /// of them are there or none. Together they must fit into one segment.
    pub fn append_batch(&self, records: Vec<Record>) -> Result<Ticket, AppendError> {
        self.push(records.into(), true, None)
    }

    /// [`Log::append_batch`] of records that need others in their own segment, before them: these are written as the
    /// batch's first ones, unless the batch goes into the segment where they stand already. Whether they were shows in
    /// the ticket: its range has them, too.
    pub fn append_batch_after(
        &self,
        preface: Preface,
        records: Vec<Record>,
    ) -> Result<Ticket, AppendError> {
        self.push(records.into(), true, Some(preface))
    }

    fn push(
        &self,
        records: Records,
        batch: bool,
        preface: Option<Preface>,
    ) -> Result<Ticket, AppendError> {
        let before = || preface.iter().flat_map(|preface| &preface.records);
        let mut all = records.iter().chain(before());
        if records.is_empty() || all.any(|record| record.payload.is_empty()) {
            return Err(AppendError::Empty);
        }
        let mut all = records.iter().chain(before());
        if let Some(record) = all.find(|record| record.payload.len() > PAYLOAD_BYTES_MAX) {
            let (bytes, limit_bytes) = (record.payload.len() as u64, PAYLOAD_BYTES_MAX as u64);
            return Err(AppendError::TooLarge { bytes, limit_bytes });
        }
        let (append, ticket) = Append::new(&self.handle.log_id, records, batch, preface);
        let (bytes, limit_bytes) = (append.bytes_max() as u64, self.handle.append_bytes_max);
        if bytes > limit_bytes {
            return Err(AppendError::TooLarge { bytes, limit_bytes });
        }
        self.handle.queue.push(append)?;
        Ok(ticket)
    }

    /// Completes the segment that is written to, if it holds a record: what follows goes to the next one. The ticket's
    /// range is empty, and begins where that segment does.
    pub fn roll(&self) -> Result<Ticket, AppendError> {
        let (append, ticket) = Append::new(&self.handle.log_id, Records::new(), false, None);
        self.handle.queue.push(append)?;
        Ok(ticket)
    }

    /// Seals the oldest complete segment that is not to stay raw, now; its number. The log does so by itself.
    pub fn seal_next(&self) -> Result<Option<u64>, MaintainError> {
        self.handle.maintainer.seal_next()
    }

    /// What `retention` would drop now: whole segments from the front, never the one that is written to.
    pub fn retention_plan(&self, retention: &Retention) -> Result<Plan, MaintainError> {
        self.handle.maintainer.plan(retention)
    }

    /// Drops the complete segments all of whose records are below `sequence`. The decision is the caller's: cursors
    /// are not asked, a [`Plan`] does that. Again after a crash, it does what is left to do.
    pub fn drop_below(&self, sequence: u64) -> Result<Dropped, MaintainError> {
        self.handle.maintainer.drop_below(sequence)
    }

    /// Replaces payloads for good, each by one of equal length; the records keep their numbers and say that they are
    /// redacted. Their segments must be complete ([`Log::roll`]) and are sealed by this. Durable when it returns;
    /// each segment's records are replaced together.
    pub fn redact(&self, redactions: &[Redaction]) -> Result<(), MaintainError> {
        self.handle.maintainer.redact(redactions)
    }

    /// What the maintenance thread has done so far.
    pub fn maintenance(&self) -> Maintenance {
        let background = lock(&self.handle.background);
        background
            .as_ref()
            .map(Background::state)
            .unwrap_or_default()
    }

    /// A reader of this log; it sees every record as soon as its ticket is complete, and outlives the writer.
    pub fn reader(&self) -> Reader {
        Reader {
            store: Arc::clone(&self.handle.store),
        }
    }

    /// First sequence number that is not durable: all below it are, and can be read.
    pub fn durable_end(&self) -> u64 {
        self.handle.store.end()
    }

    /// Whether appends are taken, and if not, why.
    pub fn state(&self) -> WriterState {
        self.handle.queue.state()
    }

    /// What opening found and did.
    pub fn recovery(&self) -> &Recovery {
        &self.handle.recovery
    }

    /// Refuses further appends, writes and syncs what is queued, ends the writer thread and frees the lock. Again,
    /// or from another clone, it only waits. An error says that the log is poisoned.
    pub fn close(&self) -> Result<(), CommitError> {
        self.handle.close();
        match self.state() {
            WriterState::Poisoned { stage, error } => {
                Err(CommitError::OutcomeUnknown { stage, error })
            }
            _ => Ok(()),
        }
    }
}

impl Handle {
    fn close(&self) {
        // First: what it changes, it changes with the writer's lock held.
        drop(lock(&self.background).take());
        self.queue.close();
        let mut thread = lock(&self.thread);
        // A waker that drops the last clone runs on the writer's own thread, which cannot wait for itself.
        if thread
            .as_ref()
            .is_some_and(|thread| thread.thread().id() != thread::current().id())
            && let Some(thread) = thread.take()
        {
            // A panic there has already poisoned the state and told every ticket.
            let _ = thread.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}
