//! What an append is answered with: of an event the promise of a position, which
//! completes when the event is durable; of a command its receipt.
//!
//! A ticket is a future for async callers and has a blocking [`EventTicket::wait`];
//! dropping it forgets the answer, not the event.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
};

use event_model::Position;
use tokio::sync::oneshot;

use crate::error::CommitError;

/// Completes with the event's position once it is durable: written and synced with
/// `fdatasync`, readable after any crash, power cut included.
#[derive(Debug)]
#[must_use = "an event is durable only when its ticket completes"]
pub struct EventTicket(pub(crate) oneshot::Receiver<Result<Position, CommitError>>);

impl EventTicket {
    /// Blocks until the event is durable or known not to be.
    pub fn wait(self) -> Result<Position, CommitError> {
        block_on(self)
    }
}

impl Future for EventTicket {
    type Output = Result<Position, CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The sender is dropped unanswered only when the completer thread died.
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(CommitError::OutcomeUnknown)))
    }
}

/// Answer to a command: it is durable and takes effect at `position`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandReceipt {
    /// Its number in the control log, dense from 1.
    pub number: u64,
    /// The place of its marker in the events log.
    pub position: Position,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on this thread, parked while it waits. Unlike tokio's
/// `blocking_recv` it does not panic inside a runtime.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}
