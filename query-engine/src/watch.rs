//! The thread that follows the read model: which generation is current, and how
//! far its parts are.
//!
//! Invariant: when [`Reached`] names a position, readers of [`Open`] see everything
//! up to it. One thread looks for everybody, so a hundred waiting streams cost one
//! read of the position a [`TICK`].
//!
//! Another thread follows the cold files: it looks at once when the log drops events, which only
//! they have then, and now and then in any case.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use event_log::LogReader;
use event_model::Position;
use ground::with_causes;
use read_model::{Generation, cold::ColdReader};
use tokio::sync::watch;

use crate::view::Open;

/// How often the positions are read: adds 10 ms on average to what people wait for
/// their own writes, and costs a few thousandths of a core.
const TICK: Duration = Duration::from_millis(20);
/// How often the current generation is looked at: it changes after a replay only.
const GENERATION_EVERY: Duration = Duration::from_millis(500);
/// How often it is looked whether the log has dropped something.
const DROPPED_EVERY: Duration = Duration::from_millis(200);
/// How often the cold files are listed, in a folder and in a bucket, where it costs requests.
const FOLDER_EVERY: Duration = Duration::from_secs(30);
const BUCKET_EVERY: Duration = Duration::from_mins(10);
/// Pause after a bucket could not be listed.
const BUCKET_PAUSE: Duration = Duration::from_secs(15);
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
    let mut follower = Follower {
        root,
        current: Arc::clone(&current),
        reached: sender,
        looked: None,
    };
    let pause = follower.step();
    let thread = repeat("errata-watch", pause, move || follower.step())?;
    Ok((current, receiver, thread))
}

/// Starts following which cold files there are. Those of a folder are known when this returns.
pub(crate) fn follow_cold(cold: Arc<ColdReader>, log: LogReader) -> std::io::Result<WatchThread> {
    let is_here = cold.home().folder().is_some();
    let every = if is_here { FOLDER_EVERY } else { BUCKET_EVERY };
    let mut first = Position(0);
    let mut step = move || {
        let log_first = log.first();
        let is_due = log_first != first || cold.looked_ago().is_none_or(|ago| ago >= every);
        if !is_due {
            return DROPPED_EVERY;
        }
        match cold.look(log_first) {
            Ok(()) => {
                first = log_first;
                DROPPED_EVERY
            }
            Err(error) => {
                let error = with_causes(&error);
                tracing::warn!(error, "the cold files cannot be listed, trying again");
                BUCKET_PAUSE
            }
        }
    };
    let (looked, first_look) = mpsc::sync_channel(1);
    let thread = repeat("errata-cold", Duration::ZERO, move || {
        let pause = step();
        let _ = looked.try_send(());
        pause
    })?;
    if is_here {
        // On a thread of its own, for this one may be async.
        let _ = first_look.recv();
    }
    Ok(thread)
}

/// A thread that does something again and again, with the pauses that it asks for.
fn repeat(
    name: &str,
    mut pause: Duration,
    mut step: impl FnMut() -> Duration + Send + 'static,
) -> std::io::Result<WatchThread> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                std::thread::park_timeout(pause);
                if !stopped.load(Ordering::Acquire) {
                    pause = step();
                }
            }
        })?;
    Ok(WatchThread {
        stop,
        thread: Some(thread),
    })
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
