//! The thread that follows the read model: which generation is current, and how
//! far its parts are.
//!
//! Invariant: when [`Reached`] names a position, readers of [`Open`] see everything
//! up to it. One thread looks for everybody, so a hundred waiting streams cost one
//! read of the position a [`TICK`].

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use event_model::Position;
use ground::with_causes;
use read_model::Generation;
use tokio::sync::watch;

use crate::view::Open;

/// How often the positions are read: adds 10 ms on average to what people wait for
/// their own writes, and costs a few thousandths of a core.
const TICK: Duration = Duration::from_millis(20);
/// How often the current generation is looked at: it changes after a replay only.
const GENERATION_EVERY: Duration = Duration::from_millis(500);
/// Pause after an error, so that a damaged file fills no log.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// How far the parts of the read model are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reached {
    /// 0 before a generation is there, like the positions.
    pub(crate) generation: u64,
    pub(crate) issues: Position,
    pub(crate) search: Position,
}

/// The current generation's readers; none before one is published.
pub(crate) type Current = Arc<ArcSwapOption<Open>>;

/// Ends the thread when dropped.
#[derive(Debug)]
pub(crate) struct WatchThread {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WatchThread {
    /// Whether it is gone, by a panic.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }
}

impl Drop for WatchThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread was logged by its own hook.
            let _ = thread.join();
        }
    }
}

struct Follower {
    root: PathBuf,
    current: Current,
    reached: watch::Sender<Reached>,
    looked: Option<Instant>,
}

/// Starts following `root` (`data/read-model`). What is there already is open when
/// this returns.
pub(crate) fn follow(
    root: PathBuf,
) -> std::io::Result<(Current, watch::Receiver<Reached>, WatchThread)> {
    let current = Current::default();
    let (sender, receiver) = watch::channel(Reached::default());
    let stop = Arc::new(AtomicBool::new(false));
    let mut follower = Follower {
        root,
        current: Arc::clone(&current),
        reached: sender,
        looked: None,
    };
    let mut pause = follower.step();
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new()
        .name("errata-watch".to_owned())
        .spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                std::thread::park_timeout(pause);
                pause = follower.step();
            }
        })?;
    let thread = WatchThread {
        stop,
        thread: Some(thread),
    };
    Ok((current, receiver, thread))
}

impl Follower {
    /// Looks once; how long to wait before the next look.
    fn step(&mut self) -> Duration {
        match self.look() {
            Ok(()) => TICK,
            Err(error) => {
                let error = with_causes(&*error);
                tracing::warn!(error, "the read model cannot be read, trying again");
                PAUSE_AFTER_ERROR
            }
        }
    }

    fn look(&mut self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if self
            .looked
            .is_none_or(|at| at.elapsed() >= GENERATION_EVERY)
        {
            self.reopen()?;
            self.looked = Some(Instant::now());
        }
        let Some(open) = self.current.load_full() else {
            return Ok(());
        };
        let before = *self.reached.borrow();
        let mut reached = Reached {
            generation: open.number(),
            issues: open.issues_position()?,
            search: before.search,
        };
        if open.number() != before.generation || open.search_position()? != before.search {
            reached.search = open.refresh_search()?;
        }
        self.reached.send_if_modified(|value| {
            let changed = *value != reached;
            *value = reached;
            changed
        });
        Ok(())
    }

    fn reopen(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Some(generation) = Generation::open_current(&self.root)? else {
            return Ok(());
        };
        let open = self.current.load();
        if open
            .as_ref()
            .is_some_and(|open| open.number() == generation.number())
        {
            return Ok(());
        }
        let open = Open::new(&generation)?;
        tracing::info!(generation = open.number(), "the read model is open");
        self.current.store(Some(Arc::new(open)));
        Ok(())
    }
}
