//! The durable word and the tickets that wait for it.
//!
//! Invariant: `durable` only grows, and only after the sync that makes it true; a ticket is completed exactly once,
//! also when the writer thread dies (its half of the ticket then reports `OutcomeUnknown` as it is dropped).

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::CommitError;

/// Locks a mutex whose data stays consistent at every point where a holder could panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first sequence number that is not durable, for all threads.
#[derive(Debug)]
pub(crate) struct Durable {
    end: AtomicU64,
    /// Set when no further record will come, so that waiters need not sit out their time.
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Durable {
    pub(crate) fn new(end: u64) -> Self {
        Self {
            end: AtomicU64::new(end),
            stopped: Mutex::new(false),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn end(&self) -> u64 {
        // Acquire pairs with the release of `publish`: who sees the number sees the segment list that holds it.
        self.end.load(Ordering::Acquire)
    }

    pub(crate) fn publish(&self, end: u64) {
        debug_assert!(end >= self.end(), "the durable end never goes back");
        self.end.store(end, Ordering::Release);
        // Taken so that a waiter between its check and its sleep cannot miss the notice.
        drop(lock(&self.stopped));
        self.changed.notify_all();
    }

    pub(crate) fn stop(&self) {
        *lock(&self.stopped) = true;
        self.changed.notify_all();
    }

    /// Blocks until the end is greater than `sequence`, the log stops or the time is up.
    pub(crate) fn wait_past(&self, sequence: u64, timeout: Duration) -> bool {
        if self.end() > sequence {
            return true;
        }
        let deadline = Instant::now() + timeout;
        let mut stopped = lock(&self.stopped);
        while self.end() <= sequence && !*stopped {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            stopped = self
                .changed
                .wait_timeout(stopped, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        self.end() > sequence
    }
}

type Outcome = Result<Range<u64>, CommitError>;

#[derive(Debug, Default)]
struct Slot {
    state: Mutex<SlotState>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct SlotState {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
    /// Whether a thread sleeps for it: waking is a system call that most tickets can do without.
    waiting: bool,
}

/// The promise of one append, kept when its records are durable.
///
/// It resolves to the sequence numbers the records got, after the `fdatasync` that covers them returned. From then
/// on they survive a crash of the process, a crash of the operating system and a power cut, as far as the disk
/// keeps what it acknowledged to `fdatasync`; readers see them, and every later open finds them. A batch survives
/// whole. Before that moment nothing is promised: after a crash the records may or may not be there, but a batch is
/// still there whole or not at all.
///
/// `Err(NoSpace)` says that the records were not written. `Err(OutcomeUnknown)` says that a write or sync failed.
///
/// Wait with `.await` in any executor (it needs nothing but a waker) or with [`Ticket::wait`]. Dropping a ticket
/// does not take the append back.
#[derive(Debug)]
#[must_use = "a record is durable only when its ticket says so"]
pub struct Ticket {
    slot: Arc<Slot>,
}

impl Ticket {
    /// Blocks the thread until the records are durable or known not to be.
    ///
    /// It ends as soon as the group's sync ends: the only wait without a time-out of its own, because a sync
    /// cannot be given up on without losing its answer.
    pub fn wait(self) -> Result<Range<u64>, CommitError> {
        let mut state = lock(&self.slot.state);
        loop {
            if let Some(outcome) = &state.outcome {
                return outcome.clone();
            }
            state.waiting = true;
            state = self
                .slot
                .ready
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The outcome if it is there already.
    pub fn outcome(&self) -> Option<Result<Range<u64>, CommitError>> {
        lock(&self.slot.state).outcome.clone()
    }
}

impl Future for Ticket {
    type Output = Result<Range<u64>, CommitError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.slot.state);
        if let Some(outcome) = &state.outcome {
            return Poll::Ready(outcome.clone());
        }
        if !state
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(context.waker()))
        {
            state.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

/// The writer's half of a ticket.
#[derive(Debug)]
pub(crate) struct Completion {
    slot: Option<Arc<Slot>>,
}

impl Completion {
    pub(crate) fn pair() -> (Self, Ticket) {
        let slot = Arc::new(Slot::default());
        (
            Self {
                slot: Some(Arc::clone(&slot)),
            },
            Ticket { slot },
        )
    }

    pub(crate) fn complete(mut self, outcome: Outcome) {
        self.set(outcome);
    }

    fn set(&mut self, outcome: Outcome) {
        let Some(slot) = self.slot.take() else { return };
        let (waker, waiting) = {
            let mut state = lock(&slot.state);
            state.outcome = Some(outcome);
            (state.waker.take(), state.waiting)
        };
        if waiting {
            slot.ready.notify_all();
        }
        // Outside of the lock: a waker may poll at once.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.set(Err(CommitError::OutcomeUnknown {
            stage: "writer",
            error: "the writer thread ended".into(),
        }));
    }
}
