//! The publication page: how far the log is durable, told to all threads and processes at once.
//!
//! Owns one page of atomic words, on the heap (simulations, logs opened offline) or in the file `published` of the
//! log's directory, mapped shared: by the writer for writing, by followers in other processes for reading. A writer has
//! both: its own threads look at the words on the heap, which nothing can take away.
//! It is a hint about what is on disk already, never a source of truth: whoever opens the log for writing finds the
//! durable end in the segments, and a page that says more than they do is replaced.
//!
//! Invariant: `durable` and `place` only grow, and only after the sync that makes them true; who sees a `durable` sees
//! a `place` that is at least as new. Nobody who waits misses the notice.
//!
//! | byte | type | what |
//! | --- | --- | --- |
//! | 0 | `[u8; 8]` | magic `ERRATPUB` |
//! | 8 | `u32` | version of this layout, 1 |
//! | 12 | `[u8; 4]` | zeros |
//! | 16 | `[u8; 16]` | log id, as in the segments' headers |
//! | 32 | `u32` | CRC-32 of bytes 0 to 31 |
//! | 36 | `[u8; 92]` | zeros |
//! | 128 | `u64` | `durable`: first sequence number that is not durable |
//! | 256 | `u64` | `place`: segment number << 28 \| bytes of that segment that are durable / 16 |
//! | 384 | `u32` | `bell`: counts notices, wraps; the futex on which waiters sleep |
//! | 512 | `u32` | state of the writer: 1 opening, 2 running, 3 no space, 4 poisoned, 5 closed |
//! | 516 | `u32` | process id of the writer |
//! | 520 | `u32` | epoch of the writer |
//! | 524 | `[u8; 4]` | zeros |
//! | 528 | `i64` | heartbeat: when the writer last said that it lives, nanoseconds since the Unix epoch |
//! | 536 | `u64` | generation: grows when the list of segments or the content of one has changed |
//! | 544 | | zeros to byte 4095 |
//!
//! Bytes 0 to 127 are little-endian, written once before the file gets its name, and never changed. The words are in
//! the machine's own byte order and only ever accessed by atomic operations: they are for processes of one host.
//! Each word that is written often has 128 bytes of its own, two cache lines, because processors fetch lines in pairs.
//!
//! A file system that was shut down, or made read-only after an error, refuses stores into the mapping from the moment
//! on at which it has written the page out: the store dies of SIGBUS. With [`crate::install_sigbus_handler`] the writer
//! is cut off from the file instead ([`Page::is_cut_off`]): followers hear no more of it, its own threads do, and it
//! can say what failed. That goes for every store, also for the one of [`Page::publish`], which follows a sync that
//! succeeded a moment ago. No check before the store could do the same: the page may be written out in between.
//!
//! After `kill -9` or a power cut the page still says what the last writer said: whether one lives is known from its
//! lock alone. Fails with [`PageError`] on opening; a page that is there cannot fail.

mod bell;
mod file;
#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::bell::Bell;
use self::file::PageFile;
use crate::error::PageError;
use crate::format::FRAME_ALIGN_BYTES;
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence};

/// Bytes of the page.
pub const PAGE_BYTES: usize = 4096;
/// Where the words begin, in bytes from the start of the page.
pub const WORDS_AT: usize = 128;
/// Bits of `place` that hold the offset: room for the end of a segment of the largest size, and two to spare.
pub const PLACE_OFFSET_BITS: u32 = 28;
/// Longest sleep on the bell: a writer that was killed rings no more, and time-outs must stay representable.
const SLEEP_MAX: Duration = Duration::from_mins(1);

/// Bytes of a segment that are durable, of the segment with the highest number that has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the segment.
    pub segment: u64,
    /// Durable bytes from the start of its file, a multiple of 16.
    pub offset: u64,
}

impl Place {
    fn pack(self) -> u64 {
        debug_assert!(self.offset.is_multiple_of(FRAME_ALIGN_BYTES as u64));
        let units = self.offset / FRAME_ALIGN_BYTES as u64;
        debug_assert!(
            units >> PLACE_OFFSET_BITS == 0,
            "segments end far before that"
        );
        self.segment << PLACE_OFFSET_BITS | units
    }

    fn unpack(word: u64) -> Self {
        let units = word & ((1 << PLACE_OFFSET_BITS) - 1);
        Self {
            segment: word >> PLACE_OFFSET_BITS,
            offset: units * FRAME_ALIGN_BYTES as u64,
        }
    }
}

/// What the writer said of itself last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PageState {
    /// It recovers the log.
    Opening = 1,
    /// It takes appends.
    Running = 2,
    /// It waits for room for the next segment.
    NoSpace = 3,
    /// A write or sync failed: nothing more will come from this writer.
    Poisoned = 4,
    /// It closed the log: nothing more will come from this writer.
    Closed = 5,
}

impl PageState {
    fn from_word(word: u32) -> Self {
        match word {
            1 => Self::Opening,
            2 => Self::Running,
            3 => Self::NoSpace,
            4 => Self::Poisoned,
            // The version has no other word. Were there one, nobody should wait on its account.
            _ => Self::Closed,
        }
    }

    /// Whether nothing more will come from this writer.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Poisoned | Self::Closed)
    }
}

/// A word with two cache lines of its own.
#[derive(Debug)]
#[repr(C, align(128))]
struct Line<T>(T);

/// The page from byte [`WORDS_AT`] on.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Words {
    durable: Line<AtomicU64>,
    place: Line<AtomicU64>,
    bell: Line<Bell>,
    writer: Line<Writer>,
}

/// What the writer says of itself.
#[derive(Debug)]
#[repr(C)]
struct Writer {
    state: AtomicU32,
    pid: AtomicU32,
    epoch: AtomicU32,
    _zeros: AtomicU32,
    heartbeat_ns: AtomicU64,
    generation: AtomicU64,
}

#[cfg(not(loom))]
const _: () = {
    use std::mem::{align_of, offset_of, size_of};
    assert!(offset_of!(Words, durable) + WORDS_AT == 128);
    assert!(offset_of!(Words, place) + WORDS_AT == 256);
    assert!(offset_of!(Words, bell) + WORDS_AT == 384);
    assert!(offset_of!(Words, writer) + WORDS_AT == 512);
    assert!(offset_of!(Writer, pid) == 4 && offset_of!(Writer, epoch) == 8);
    assert!(offset_of!(Writer, heartbeat_ns) == 16 && offset_of!(Writer, generation) == 24);
    assert!(size_of::<Words>() + WORDS_AT <= PAGE_BYTES);
    assert!(WORDS_AT.is_multiple_of(align_of::<Words>()));
};

impl Words {
    fn new(place: Place, durable: u64) -> Self {
        Self {
            durable: Line(AtomicU64::new(durable)),
            place: Line(AtomicU64::new(place.pack())),
            bell: Line(Bell::new()),
            writer: Line(Writer {
                state: AtomicU32::new(PageState::Opening as u32),
                pid: AtomicU32::new(std::process::id()),
                epoch: AtomicU32::new(0),
                _zeros: AtomicU32::new(0),
                heartbeat_ns: AtomicU64::new(0),
                generation: AtomicU64::new(0),
            }),
        }
    }

    /// Whether they say no more than this.
    fn is_within(&self, place: Place, durable: u64) -> bool {
        acquire(&self.durable.0) <= durable && Place::unpack(acquire(&self.place.0)) <= place
    }
}

/// An acquire load from memory that may be mapped read-only, where Rust promises relaxed loads alone.
fn acquire(word: &AtomicU64) -> u64 {
    let value = word.load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    value
}

fn acquire_u32(word: &AtomicU32) -> u32 {
    let value = word.load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    value
}

/// The publication page of one log.
#[derive(Debug)]
pub struct Page {
    memory: Memory,
}

#[derive(Debug)]
enum Memory {
    Heap(Arc<Words>),
    /// What this process looks at, and what the others do.
    Writer(Box<Words>, PageFile),
    Follower(PageFile),
}

impl Page {
    /// A page in memory, for the threads of one process.
    pub fn heap(place: Place, durable: u64) -> Self {
        Self {
            memory: Memory::Heap(Arc::new(Words::new(place, durable))),
        }
    }

    /// The same words once more, when they are in memory: for a simulated disk, on which a writer finds the page of
    /// the one before it, and followers look at it.
    #[doc(hidden)]
    pub fn again(&self) -> Option<Self> {
        match &self.memory {
            Memory::Heap(words) => Some(Self {
                memory: Memory::Heap(Arc::clone(words)),
            }),
            Memory::Writer(..) | Memory::Follower(_) => None,
        }
    }

    /// Takes the page over for a new writer.
    #[doc(hidden)]
    pub fn take_over(&self, epoch: u32, place: Place, durable: u64) {
        for words in self.words_to_write() {
            let writer = &words.writer.0;
            writer.pid.store(std::process::id(), Ordering::Release);
            writer.epoch.store(epoch, Ordering::Release);
        }
        self.set_state(PageState::Opening);
        // Recovery may have renamed and removed segments.
        self.bump_generation();
        self.publish(place, durable);
    }

    /// The writer's page, in the file `published` of `dir`. To be called with the writer's lock held, after recovery.
    ///
    /// A valid file of this log is used again, so that followers that have it mapped hear of the new writer. Any
    /// other file is replaced: also one that is ahead of the log, which happens when an older copy of the log was put
    /// in its place; followers find out by [`Page::is_current`]. The state is `Opening` when this returns.
    pub fn create(
        dir: &std::path::Path,
        log_id: &[u8; 16],
        epoch: u32,
        place: Place,
        durable: u64,
    ) -> Result<Self, PageError> {
        let file = match PageFile::reuse(dir, log_id)? {
            Some(file) if file.words().is_within(place, durable) => file,
            _ => PageFile::make(dir, log_id)?,
        };
        let own = Words::new(place, durable);
        let generation = acquire(&file.words().writer.0.generation);
        own.writer.0.generation.store(generation, Ordering::Release);
        let page = Self {
            memory: Memory::Writer(Box::new(own), file),
        };
        page.take_over(epoch, place, durable);
        Ok(page)
    }

    /// A follower's page: what the writer of the log in `dir` says, from any process of the host.
    pub fn open(dir: &std::path::Path, log_id: &[u8; 16]) -> Result<Self, PageError> {
        Ok(Self {
            memory: Memory::Follower(PageFile::follow(dir, log_id)?),
        })
    }

    fn words(&self) -> &Words {
        match &self.memory {
            Memory::Heap(words) => words,
            Memory::Writer(words, _) => words,
            Memory::Follower(file) => file.words(),
        }
    }

    fn words_to_write(&self) -> impl Iterator<Item = &Words> {
        let file = match &self.memory {
            Memory::Heap(_) => None,
            Memory::Writer(_, file) => Some(file.words()),
            // Stores into a mapping for reading are undefined; this keeps a mistake a panic.
            Memory::Follower(_) => panic!("only the writer's page is written to"),
        };
        std::iter::once(self.words()).chain(file)
    }

    /// First sequence number that is not durable.
    pub fn durable(&self) -> u64 {
        // Who sees the number sees what the writer did before: its bytes, its segment, its place.
        acquire(&self.words().durable.0)
    }

    /// How far the bytes of the newest segment are durable. Read after [`Page::durable`] it covers those records.
    pub fn place(&self) -> Place {
        Place::unpack(acquire(&self.words().place.0))
    }

    /// Grows when the list of segments or the content of one has changed: roll, seal, retention, redaction, repair.
    pub fn generation(&self) -> u64 {
        acquire(&self.words().writer.0.generation)
    }

    /// What the writer said of itself last. It may have been killed since.
    pub fn state(&self) -> PageState {
        PageState::from_word(acquire_u32(&self.words().writer.0.state))
    }

    /// Process id of the writer, in its own namespace.
    pub fn pid(&self) -> u32 {
        acquire_u32(&self.words().writer.0.pid)
    }

    /// Epoch of the writer.
    pub fn epoch(&self) -> u32 {
        acquire_u32(&self.words().writer.0.epoch)
    }

    /// When the writer last said that it lives, nanoseconds since the Unix epoch; 0 when it never did.
    pub fn heartbeat_ns(&self) -> i64 {
        acquire(&self.words().writer.0.heartbeat_ns) as i64
    }

    /// Whether this is still the page in the log's directory. A follower asks when a wait has timed out: a page that
    /// was replaced stays silent.
    pub fn is_current(&self) -> bool {
        match &self.memory {
            Memory::Heap(_) => true,
            Memory::Writer(_, file) | Memory::Follower(file) => file.is_current(),
        }
    }

    /// Whether the file system has refused one of the writer's stores: nothing that it says is heard by another
    /// process any more, and nothing that it writes to this file system will be durable.
    pub fn is_cut_off(&self) -> bool {
        matches!(&self.memory, Memory::Writer(_, file) if file.is_cut_off())
    }

    /// Blocks until `durable` is greater than `sequence`, the writer is over or the time is up; whether it is greater.
    pub fn wait_past(&self, sequence: u64, timeout: Duration) -> bool {
        self.wait(sequence, timeout, false)
    }

    /// Like [`Page::wait_past`], but goes on waiting for the next writer when this one is over.
    pub fn wait_through(&self, sequence: u64, timeout: Duration) -> bool {
        self.wait(sequence, timeout, true)
    }

    fn wait(&self, sequence: u64, timeout: Duration, through: bool) -> bool {
        let bell = &self.words().bell.0;
        let mut deadline = None;
        loop {
            // Before the look at `durable`: whatever is published after the look changes the count, and the sleep
            // below does not begin.
            let heard = bell.count();
            if self.durable() > sequence {
                return true;
            }
            if !through && self.state().is_over() {
                // Once more: what was published before the end counts.
                return self.durable() > sequence;
            }
            let now = Instant::now();
            let left = match *deadline.get_or_insert_with(|| now.checked_add(timeout)) {
                Some(deadline) => deadline.saturating_duration_since(now),
                None => SLEEP_MAX,
            };
            if left.is_zero() {
                return false;
            }
            bell.wait(heard, left.min(SLEEP_MAX));
        }
    }

    /// Says that everything up to `place` and all records below `durable` are on disk, and wakes all who wait.
    pub fn publish(&self, place: Place, durable: u64) {
        debug_assert!(durable >= self.durable(), "the durable end never goes back");
        debug_assert!(place >= self.place(), "the durable place never goes back");
        for words in self.words_to_write() {
            // In this order: who sees `durable` sees a place that holds it.
            words.place.0.store(place.pack(), Ordering::Release);
            words.durable.0.store(durable, Ordering::Release);
            words.bell.0.ring();
        }
    }

    /// Says that files have changed; to be called after the change.
    pub fn bump_generation(&self) {
        for words in self.words_to_write() {
            words.writer.0.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// Says how the writer is, and wakes all who wait.
    pub fn set_state(&self, state: PageState) {
        for words in self.words_to_write() {
            words.writer.0.state.store(state as u32, Ordering::Release);
            words.bell.0.ring();
        }
    }

    /// Says that the writer lives.
    pub fn beat(&self, now_ns: i64) {
        for words in self.words_to_write() {
            let heartbeat = &words.writer.0.heartbeat_ns;
            heartbeat.store(now_ns as u64, Ordering::Release);
        }
    }

    /// Says that nothing more will come; a poisoned writer stays poisoned.
    pub fn stop(&self) {
        if self.state() != PageState::Poisoned {
            self.set_state(PageState::Closed);
        }
    }
}
