//! The three consumers of the log and the loop that drives each.
//!
//! Invariant: a consumer is at one position, stored with what it stores. An error or a
//! panic costs time, never records, but for one that makes the projection panic by itself
//! ([`crate::careful`]): the loop waits, the consumer goes back to what is
//! stored and takes the same records again.

pub(crate) mod cold;
pub(crate) mod grouped;
pub(crate) mod issues;
pub(crate) mod records;
pub(crate) mod search;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use event_log::LogReader;
use event_model::Position;
use ground::BackOff;
use parking_lot::{Condvar, Mutex};

use crate::{
    ProjectorError,
    careful::{Panic, caught},
    metrics,
};

/// Longest wait for new records before a look at the stop signal.
pub(crate) const WAIT: Duration = Duration::from_millis(100);
/// After an error.
pub(crate) const BACK_OFF: BackOff =
    BackOff::doubling(Duration::from_millis(100), Duration::from_secs(5));

/// One projection's way through the log.
pub(crate) trait Consumer {
    /// "issues", "search", "cold".
    const NAME: &'static str;

    /// The last record that is visible to readers.
    fn position(&self) -> Position;

    /// Whether that is known already: it may be kept where nobody answers at the moment.
    fn is_open(&self) -> bool {
        true
    }

    /// Waits until there is something to do, at most about [`WAIT`]; whether there
    /// is.
    fn wait(&mut self, reader: &LogReader, stop: &Stop) -> bool;

    /// Does a bounded piece of work; how many records it took in.
    fn step(&mut self, reader: &LogReader, stop: &Stop) -> Result<u64, ProjectorError>;

    /// Goes back to what is stored, after an error.
    fn recover(&mut self, error: &ProjectorError) -> Result<(), ProjectorError>;

    /// Makes visible what is not yet, at the end.
    fn close(self) -> Result<(), ProjectorError>;
}

/// Tells threads to end, and lets them sleep until then.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    is_set: AtomicBool,
    mutex: Mutex<()>,
    changed: Condvar,
}

impl Stop {
    /// Wakes every sleeper, for good.
    pub(crate) fn set(&self) {
        self.is_set.store(true, Ordering::Release);
        let _guard = self.mutex.lock();
        self.changed.notify_all();
    }

    pub(crate) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Sleeps, but not past the signal.
    pub(crate) fn sleep(&self, duration: Duration) {
        let deadline = Instant::now() + duration;
        let mut guard = self.mutex.lock();
        while !self.is_set() && Instant::now() < deadline {
            self.changed.wait_until(&mut guard, deadline);
        }
    }
}

/// What others may know of a running consumer.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    position: AtomicU64,
    is_known: AtomicBool,
    error: Mutex<Option<String>>,
}

impl Progress {
    pub(crate) fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    /// Where it is, once that is known.
    pub(crate) fn known_position(&self) -> Option<Position> {
        self.is_known
            .load(Ordering::Acquire)
            .then(|| self.position())
    }

    pub(crate) fn set_position(&self, position: Position) {
        self.position.store(position.0, Ordering::Release);
        self.is_known.store(true, Ordering::Release);
    }

    /// Takes over where a consumer is.
    pub(crate) fn follow(&self, consumer: &impl Consumer) {
        if consumer.is_open() {
            self.set_position(consumer.position());
        }
    }

    /// What it is failing with at the moment.
    pub(crate) fn error(&self) -> Option<String> {
        self.error.lock().clone()
    }
}

/// Drives a consumer until the stop signal.
pub(crate) fn run<C: Consumer>(
    mut consumer: C,
    reader: &LogReader,
    stop: &Stop,
    progress: &Arc<Progress>,
) {
    let mut waits = BACK_OFF.waits();
    while !stop.is_set() {
        progress.follow(&consumer);
        if !consumer.wait(reader, stop) {
            continue;
        }
        let started = Instant::now();
        // A defect behind the records is met like any failure: said, and tried again.
        let stepped = caught(|| consumer.step(reader, stop));
        let error = match stepped.unwrap_or_else(panicked::<C, _>) {
            Ok(records) => {
                ::metrics::counter!(metrics::RECORDS, "projection" => C::NAME).increment(records);
                if records > 0 {
                    let seconds = started.elapsed().as_secs_f64();
                    ::metrics::counter!(metrics::BATCHES, "projection" => C::NAME).increment(1);
                    ::metrics::histogram!(metrics::BATCH_SECONDS, "projection" => C::NAME)
                        .record(seconds);
                }
                waits.reset();
                *progress.error.lock() = None;
                continue;
            }
            Err(error) => error,
        };
        fail(C::NAME, &error, progress);
        stop.sleep(waits.next_wait());
        let recovered = caught(|| consumer.recover(&error));
        if let Err(error) = recovered.unwrap_or_else(panicked::<C, _>) {
            fail(C::NAME, &error, progress);
        }
    }
    let closed = caught(|| consumer.close());
    if let Err(error) = closed.unwrap_or_else(panicked::<C, _>) {
        fail(C::NAME, &error, progress);
    }
}

fn panicked<C: Consumer, T>(panic: Panic) -> Result<T, ProjectorError> {
    Err(ProjectorError::Stumbled {
        name: C::NAME,
        panic: panic.0,
    })
}

fn fail(name: &'static str, error: &ProjectorError, progress: &Progress) {
    let is_of_read_model = matches!(error, ProjectorError::ReadModel(_));
    let error: &dyn std::error::Error = error;
    ::metrics::counter!(metrics::ERRORS, "projection" => name).increment(1);
    tracing::error!(
        projection = name,
        error,
        "projection failed, will try again"
    );
    // What the read model says, not that it is the read model.
    let cause = error.source().filter(|_| is_of_read_model);
    *progress.error.lock() = Some(cause.unwrap_or(error).to_string());
}
