//! Every interleaving of the writer that completes a ticket and of those who wait for it, poll it or drop it.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use loom::thread::{self, Thread};

use super::*;

/// Unparks a thread of the model. The flag is the standard library's: it counts, it orders nothing.
struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        let before = self.woken.swap(true, Ordering::Relaxed);
        assert!(!before, "a waker is called once");
        self.thread.unpark();
    }
}

fn unpark() -> (Waker, std::sync::Arc<Unpark>) {
    let unpark = std::sync::Arc::new(Unpark {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    (Waker::from(std::sync::Arc::clone(&unpark)), unpark)
}

fn complete(completion: Completion) -> thread::JoinHandle<()> {
    thread::spawn(move || completion.complete(Ok(7..8)))
}

fn poll(ticket: &mut Ticket, waker: &Waker) -> Poll<Outcome> {
    Pin::new(ticket).poll(&mut Context::from_waker(waker))
}

#[test]
fn loom_a_thread_that_waits_hears_of_the_completion() {
    loom::model(|| {
        let (completion, ticket) = Completion::pair();
        let writer = complete(completion);
        assert_eq!(ticket.wait(), Ok(7..8));
        writer.join().expect("the writer ends");
    });
}

#[test]
fn loom_a_thread_that_waits_hears_of_the_writers_death() {
    loom::model(|| {
        let (completion, ticket) = Completion::pair();
        let writer = thread::spawn(move || drop(completion));
        assert!(matches!(
            ticket.wait(),
            Err(CommitError::OutcomeUnknown { .. })
        ));
        writer.join().expect("the writer ends");
    });
}

#[test]
fn loom_a_waker_is_called_whenever_poll_said_pending() {
    loom::model(|| {
        let (completion, mut ticket) = Completion::pair();
        let writer = complete(completion);
        let (waker, unpark) = unpark();
        let outcome = match poll(&mut ticket, &waker) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => {
                // A lost waker is a thread that is never unparked: a deadlock, which loom reports.
                thread::park();
                assert!(unpark.woken.load(Ordering::Relaxed));
                match poll(&mut ticket, &waker) {
                    Poll::Ready(outcome) => outcome,
                    Poll::Pending => panic!("woken, and nothing is there"),
                }
            }
        };
        assert_eq!(outcome, Ok(7..8));
        writer.join().expect("the writer ends");
    });
}

#[test]
fn loom_the_last_waker_is_the_one_that_is_called() {
    loom::model(|| {
        let (completion, mut ticket) = Completion::pair();
        let writer = complete(completion);
        let (first, _) = unpark();
        if poll(&mut ticket, &first).is_pending() {
            // The task has moved to another executor.
            let (second, unpark) = unpark();
            if poll(&mut ticket, &second).is_pending() {
                while !unpark.woken.load(Ordering::Relaxed) {
                    thread::park();
                }
            }
        }
        assert_eq!(ticket.outcome(), Some(Ok(7..8)));
        writer.join().expect("the writer ends");
    });
}

#[test]
fn loom_a_ticket_can_be_dropped_while_it_is_completed() {
    loom::model(|| {
        let (completion, mut ticket) = Completion::pair();
        let writer = complete(completion);
        // Nobody is left to wake: loom takes an unpark for a notice to whoever joins.
        let _ = poll(&mut ticket, Waker::noop());
        // Loom's `Arc` reports a slot that is leaked or dropped twice.
        drop(ticket);
        writer.join().expect("the writer ends");
    });
}
