//! The maintenance thread: seals what is complete, scrubs what is old.
//!
//! Started and stopped by the log. Its errors are kept for whoever asks; none of them stops it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::commit::lock;
use crate::maintain::Maintainer;
use crate::scrub::Scrubbed;
use crate::store::Store;

/// Between two looks for something to do.
const TICK: Duration = Duration::from_millis(500);
/// Between two tries after one failed.
const RETRY_WAIT: Duration = Duration::from_secs(10);

/// What the maintenance thread has done since the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// The thread is gone though nobody told it to end: nothing is sealed or scrubbed until the log is opened again.
    pub has_ended: bool,
    /// Segments sealed.
    pub sealed: u64,
    /// The latest failure to seal, if the latest try failed: which segment and why.
    pub sealing_error: Option<String>,
    /// What the scrubber has done.
    pub scrubbed: Scrubbed,
}

#[derive(Debug, Default)]
struct Signal {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// Waits; `false` when it is time to end.
    fn wait(&self, duration: Duration) -> bool {
        let stopped = lock(&self.stopped);
        let waited = self
            .changed
            .wait_timeout_while(stopped, duration, |stopped| !*stopped);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The running thread.
#[derive(Debug)]
pub(crate) struct Background {
    signal: Arc<Signal>,
    state: Arc<Mutex<Maintenance>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    pub(crate) fn start(maintainer: Arc<Maintainer>, store: Arc<Store>) -> std::io::Result<Self> {
        let signal = Arc::new(Signal::default());
        let state = Arc::new(Mutex::new(Maintenance::default()));
        let work = Work {
            maintainer,
            store,
            signal: Arc::clone(&signal),
            state: Arc::clone(&state),
        };
        let thread = thread::Builder::new()
            .name("log-maintain".into())
            .spawn(move || work.run())?;
        Ok(Self {
            signal,
            state,
            thread: Some(thread),
        })
    }

    pub(crate) fn state(&self) -> Maintenance {
        let has_ended = self.thread.as_ref().is_some_and(JoinHandle::is_finished);
        Maintenance {
            has_ended,
            ..lock(&self.state).clone()
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        *lock(&self.signal.stopped) = true;
        self.signal.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    maintainer: Arc<Maintainer>,
    store: Arc<Store>,
    signal: Arc<Signal>,
    state: Arc<Mutex<Maintenance>>,
}

impl Work {
    fn run(&self) {
        let mut seal_at = Instant::now();
        let mut scrub_at = Instant::now();
        if let Some(settings) = self.maintainer.scrubber.settings {
            // Not on every start: a service that restarts often would read its whole log each time.
            scrub_at += settings.pause;
        }
        while self.signal.wait(TICK) {
            if Instant::now() >= seal_at && !self.seal() {
                seal_at = Instant::now() + RETRY_WAIT;
            }
            if let Some(settings) = self.maintainer.scrubber.settings
                && Instant::now() >= scrub_at
                && !self.scrub(settings.bytes_per_second)
            {
                scrub_at = Instant::now() + settings.pause;
            }
        }
    }

    /// Seals all that is to be sealed; `false` when that failed.
    fn seal(&self) -> bool {
        while self.signal.wait(Duration::ZERO) {
            let sealed = self.maintainer.seal_next();
            let mut state = lock(&self.state);
            match sealed {
                Ok(Some(_)) => {
                    state.sealed += 1;
                    state.sealing_error = None;
                }
                Ok(None) => break,
                Err(error) => {
                    state.sealing_error = Some(ground::with_causes(&error));
                    return false;
                }
            }
        }
        true
    }

    /// Scrubs a segment; `false` at the end of a pass.
    fn scrub(&self, bytes_per_second: u64) -> bool {
        let more = self.maintainer.scrubber.step(&self.store, &mut |bytes| {
            let pause = Duration::from_secs_f64(bytes as f64 / bytes_per_second.max(1) as f64);
            self.signal.wait(pause)
        });
        lock(&self.state).scrubbed = self.maintainer.scrubber.done();
        more
    }
}
