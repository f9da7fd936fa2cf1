//! How far a replay is, for whoever looks, and what they tell it: wait, go on, give up.
//!
//! Invariant: whoever builds passes here between two batches and nowhere else, so a replay
//! that waits or was given up holds nothing half written. Times are of work: those of a
//! pause do not count.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use event_model::Position;
use parking_lot::{Condvar, Mutex};

use crate::{ProjectorError, consumers::Stop};

/// Between two looks at the stop signal while it waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The database of issues.
    Issues,
    /// The search index.
    Search,
}

/// How far one part is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PartProgress {
    /// The last record taken in.
    pub position: Position,
    /// Records taken in by this replay.
    pub records: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Watch {
    began: Instant,
    told: Mutex<Told>,
    changed: Condvar,
    issues: Counted,
    search: Counted,
    stop: Arc<Stop>,
}

#[derive(Debug, Default)]
struct Told {
    paused_since: Option<Instant>,
    paused: Duration,
    ended: Option<Instant>,
    is_cancelled: bool,
    /// Its end must not be held up any more.
    is_ending: bool,
}

#[derive(Debug, Default)]
struct Counted {
    position: AtomicU64,
    records: AtomicU64,
}

impl Counted {
    fn read(&self) -> PartProgress {
        PartProgress {
            position: Position(self.position.load(Ordering::Acquire)),
            records: self.records.load(Ordering::Acquire),
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl Watch {
    /// Of a replay that ends with this signal, too.
    pub(crate) fn new(stop: Arc<Stop>) -> Self {
        Self {
            began: Instant::now(),
            told: Mutex::default(),
            changed: Condvar::new(),
            issues: Counted::default(),
            search: Counted::default(),
            stop,
        }
    }

    /// Says how far a part is; comes back when the replay may go on. Fails once it was given
    /// up.
    pub(crate) fn pass(
        &self,
        part: Part,
        position: Position,
        records: u64,
    ) -> Result<(), ProjectorError> {
        let counted = match part {
            Part::Issues => &self.issues,
            Part::Search => &self.search,
        };
        counted.position.store(position.0, Ordering::Release);
        counted.records.fetch_add(records, Ordering::AcqRel);
        let mut told = self.told.lock();
        while told.paused_since.is_some() && !told.is_ending && !self.is_over(&told) {
            self.changed.wait_for(&mut told, LOOK_EVERY);
        }
        if self.is_over(&told) {
            return Err(ProjectorError::ReplayCancelled);
        }
        Ok(())
    }

    /// Whether whoever builds should pass by soon.
    pub(crate) fn wants_a_word(&self) -> bool {
        let told = self.told.lock();
        (told.paused_since.is_some() && !told.is_ending) || self.is_over(&told)
    }

    /// From now on nobody can hold it up or give it up: others stand still for its end.
    pub(crate) fn begin_end(&self) -> Result<(), ProjectorError> {
        let mut told = self.told.lock();
        if self.is_over(&told) {
            return Err(ProjectorError::ReplayCancelled);
        }
        told.is_ending = true;
        Ok(())
    }

    fn is_over(&self, told: &Told) -> bool {
        (told.is_cancelled && !told.is_ending) || self.stop.is_set()
    }

    pub(crate) fn pause(&self) {
        let mut told = self.told.lock();
        if told.paused_since.is_none() && !told.is_ending {
            told.paused_since = Some(Instant::now());
        }
    }

    pub(crate) fn resume(&self) {
        let mut told = self.told.lock();
        if let Some(since) = told.paused_since.take() {
            told.paused += since.elapsed();
        }
        self.changed.notify_all();
    }

    pub(crate) fn cancel(&self) {
        self.told.lock().is_cancelled = true;
        self.changed.notify_all();
    }

    /// From now on no time is counted.
    pub(crate) fn end(&self) {
        self.resume();
        self.told.lock().ended = Some(Instant::now());
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.told.lock().paused_since.is_some()
    }

    /// Issues and search.
    pub(crate) fn progress(&self) -> (PartProgress, PartProgress) {
        (self.issues.read(), self.search.read())
    }

    /// Time at work.
    pub(crate) fn worked(&self) -> Duration {
        let told = self.told.lock();
        let until = told.ended.unwrap_or_else(Instant::now);
        let waiting = told.paused_since.map(|since| until.duration_since(since));
        let paused = told.paused + waiting.unwrap_or_default();
        until.duration_since(self.began).saturating_sub(paused)
    }
}
