//! Tickets: what an append gets at once, and what completes it when its records are durable.
//!
//! Invariant: a ticket is completed exactly once, also when the writer thread dies (its half of the ticket then reports
//! `OutcomeUnknown` as it is dropped), and whoever waits for it then, by thread or by waker, is woken.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use crate::CommitError;
use crate::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Locks a mutex whose data stays consistent at every point where a holder could panic.
pub fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Outcome = Result<Range<u64>, CommitError>;

#[derive(Debug, Default)]
struct Slot {
    state: Mutex<SlotState>,
    ready: Condvar,
}

impl Slot {
    /// Consistent at every point where a holder could panic, as with [`lock`].
    fn hold(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let mut state = self.slot.hold();
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
        self.slot.hold().outcome.clone()
    }
}

impl Future for Ticket {
    type Output = Result<Range<u64>, CommitError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.slot.hold();
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
            let mut state = slot.hold();
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

#[cfg(all(test, loom))]
mod models;
