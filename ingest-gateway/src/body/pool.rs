//! Where bodies are decompressed and read that may be heavy: threads of their own, so
//! that the workers which answer everybody else never wait for one.
//!
//! Queueing is fair: parties take turns, and light work has a thread that takes nothing
//! else, so that a sender of heavy bodies delays itself most. Bounded: beyond
//! [`QUEUED_PARTY_MAX`] and [`QUEUED_MAX`] jobs a request hears 503. A job whose
//! request is gone is not begun.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::{
    Party,
    queue::Queue,
    turns::{Turn, Turns},
};
use crate::error::{ApiError, ErrorCode};

/// Jobs that wait.
const QUEUED_MAX: usize = 512;
/// Jobs of one party that wait.
const QUEUED_PARTY_MAX: usize = 64;
/// Threads: as many as there are processors, within these. Each holds what it reads
/// of one event, besides what the account pays for.
const THREADS_MIN: usize = 2;
const THREADS_MAX: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// How much work a job may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A few milliseconds.
    Light,
    /// Anything that is allowed.
    Heavy,
}

impl Weight {
    /// Of so many bytes to be read or made.
    pub fn of(bytes: usize) -> Self {
        if bytes <= 1 << 20 {
            Self::Light
        } else {
            Self::Heavy
        }
    }
}

/// The threads. They end when this is dropped and all is done.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    /// For what is read on the workers.
    turns: Turns,
}

#[derive(Default)]
struct Shared {
    queues: Mutex<Queues>,
    wake: Condvar,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

struct Queues {
    light: Queue<Job>,
    heavy: Queue<Job>,
    is_closed: bool,
}

impl Default for Queues {
    fn default() -> Self {
        let queue = || Queue::new(QUEUED_MAX, QUEUED_PARTY_MAX);
        Self {
            light: queue(),
            heavy: queue(),
            is_closed: false,
        }
    }
}

impl Pool {
    /// Starts the threads.
    pub fn new() -> Self {
        let count = thread::available_parallelism().map_or(THREADS_MIN, usize::from);
        let shared = Arc::<Shared>::default();
        for number in 0..count.clamp(THREADS_MIN, THREADS_MAX) {
            let shared = Arc::clone(&shared);
            // The first one is kept free of what may take long.
            let takes_heavy = number > 0;
            let started = thread::Builder::new()
                .name(format!("errata-body-{number}"))
                .spawn(move || shared.work(takes_heavy));
            if let Err(error) = started {
                tracing::error!(%error, "a thread for bodies could not be started");
            }
        }
        Self {
            shared,
            turns: Turns::new(count),
        }
    }

    /// Leave to read on the worker what is small, when it is `party`'s turn.
    pub(crate) async fn turn(&self, party: Party) -> Result<Turn, ApiError> {
        self.turns.take(party).await
    }

    /// Does `work` on one of the threads when it is `party`'s turn.
    pub async fn run<T: Send + 'static>(
        &self,
        party: Party,
        weight: Weight,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            if sender.is_closed() {
                return;
            }
            // A panic here is this request's alone; its sender is dropped and tells.
            if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                // Whoever waited may be gone by now.
                let _ = sender.send(done);
            }
        });
        {
            let mut queues = self.shared.queues.lock();
            let queue = match weight {
                Weight::Light => &mut queues.light,
                Weight::Heavy => &mut queues.heavy,
            };
            if !queue.push(party, job) {
                return Err(ApiError::new(
                    ErrorCode::Overloaded,
                    "too many requests wait to be read, try again soon",
                ));
            }
        }
        // The thread for light work may be the one that wakes, for either kind.
        self.shared.wake.notify_all();
        receiver.await.map_err(|_| {
            tracing::error!("reading a body panicked");
            ApiError::new(ErrorCode::Internal, "the body could not be read")
        })
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.queues.lock().is_closed = true;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    fn work(&self, takes_heavy: bool) {
        // Both kinds take turns, so that neither starves.
        let mut heavy_first = true;
        loop {
            let job = {
                let mut queues = self.queues.lock();
                loop {
                    let job = if takes_heavy && heavy_first {
                        queues.heavy.pop().or_else(|| queues.light.pop())
                    } else if takes_heavy {
                        queues.light.pop().or_else(|| queues.heavy.pop())
                    } else {
                        queues.light.pop()
                    };
                    if let Some(job) = job {
                        break job;
                    }
                    if queues.is_closed {
                        return;
                    }
                    self.wake.wait(&mut queues);
                }
            };
            heavy_first = !heavy_first;
            job();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use event_model::PublicKey;

    use super::*;

    fn party(number: u8) -> Party {
        Party::Key(PublicKey([number; 16]))
    }

    #[test]
    fn parties_take_turns_and_nobody_fills_the_queue() {
        let mut queue = Queue::new(QUEUED_MAX, QUEUED_PARTY_MAX);
        let order = Arc::new(Mutex::new(Vec::new()));
        let job = |number: u8| -> Job {
            let order = Arc::clone(&order);
            Box::new(move || order.lock().push(number))
        };
        let pushed = (0..1_000).filter(|_| queue.push(party(1), job(1))).count();
        assert_eq!(pushed, QUEUED_PARTY_MAX);
        for _ in 0..3 {
            assert!(queue.push(party(2), job(2)));
        }
        while let Some(job) = queue.pop() {
            job();
        }
        assert_eq!(order.lock()[..7], [1, 2, 1, 2, 1, 2, 1]);
        assert_eq!(order.lock().len(), QUEUED_PARTY_MAX + 3);
        assert!(queue.is_empty());
    }

    #[tokio::test]
    async fn light_work_passes_heavy_work_and_a_panic_ends_one_request() {
        let pool = Pool::new();
        let (begun, begins) = std::sync::mpsc::sync_channel::<()>(0);
        let waiting = Arc::new(Mutex::new(begins));
        let stuck: Vec<_> = (0..8)
            .map(|_| {
                let waiting = Arc::clone(&waiting);
                // Ends when the sender is dropped.
                pool.run(party(1), Weight::Heavy, move || {
                    let _ = waiting.lock().recv();
                })
            })
            .collect();
        let stuck = futures_util::future::join_all(stuck);
        tokio::pin!(stuck);
        assert!(futures_util::poll!(stuck.as_mut()).is_pending());
        let light = pool.run(party(1), Weight::Light, || 7).await;
        assert_eq!(light, Ok(7));
        let failed = pool
            .run(party(2), Weight::Light, || panic!("on purpose"))
            .await;
        assert_eq!(
            failed.map_err(|e: ApiError| e.code),
            Err::<(), _>(ErrorCode::Internal)
        );
        drop(begun);
        assert!(stuck.await.iter().all(Result::is_ok));
    }
}
