//! A replay beside the live projector: a fresh generation is built while the one that is
//! there is written and read on, and takes its place once it has caught up.
//!
//! The steps: build to the log's end, again for what came meanwhile until little is left, seal;
//! then the live threads end, the rest is taken in, the generation is published and the threads
//! begin over it. Readers are never without one: theirs stays until they have followed.
//! Invariant: whatever fails or is given up before the publication leaves the live generation
//! as it was, and removes what was built; a crash leaves a folder that the next start removes.

use std::{
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use event_model::Position;
use ground::with_causes;
use parking_lot::Mutex;
use read_model::Generation;

use super::{
    ProjectionStatus, State,
    opener::{Opener, Others, Running, thread},
    status_of,
};
use crate::{
    ProjectorError,
    careful::caught,
    metrics,
    replay::{
        ReplayWish,
        build::{Build, Parts, Source},
        watch::{Part, PartProgress, Watch},
    },
};

/// So few records are taken in while the live threads stand still: well below a second.
const NEAR_RECORDS: u64 = 5_000;
/// Rounds to get as near; where more comes than a replay takes in, the last one is long.
const ROUNDS_MAX: usize = 20;
/// Readers follow within half a second; what they had stays a little longer.
const GRACE: Duration = Duration::from_secs(5);

/// Where a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayPhase {
    /// It builds from the log's start, or from a checkpoint.
    Building,
    /// It takes in what came meanwhile.
    CatchingUp,
    /// Its generation takes the place of the live one.
    Swapping,
    /// Its generation is live.
    Done,
    /// It was given up; the live generation stayed.
    Cancelled,
    /// It failed; the live generation stayed.
    Failed,
}

impl ReplayPhase {
    /// Whether there is more to come.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Building | Self::CatchingUp | Self::Swapping)
    }
}

/// How far a replay is, or how the last one ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayStatus {
    /// Where it is.
    pub phase: ReplayPhase,
    /// It waits until it is told to go on.
    pub is_paused: bool,
    /// What it makes anew.
    pub parts: Parts,
    /// The generation it builds.
    pub generation: u64,
    /// Why it failed; empty: it did not.
    pub error: String,
    /// The issues.
    pub issues: PartProgress,
    /// The search index.
    pub search: PartProgress,
    /// The log's end, now.
    pub end: Position,
    /// Time at work, pauses left out.
    pub worked: Duration,
}

impl ReplayStatus {
    /// Records a second that a part has taken in.
    pub fn rate(&self, part: PartProgress) -> f64 {
        part.records as f64 / self.worked.as_secs_f64().max(1e-3)
    }
}

/// A replay, under way or over.
#[derive(Debug)]
pub(super) struct Online {
    watch: Arc<Watch>,
    parts: Parts,
    told: Arc<Mutex<Told>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Told {
    phase: ReplayPhase,
    generation: u64,
    error: String,
}

/// What the thread works with.
struct Worker {
    opener: Arc<Opener>,
    state: Arc<Mutex<State>>,
    watch: Arc<Watch>,
    told: Arc<Mutex<Told>>,
    wish: ReplayWish,
}

impl Online {
    /// Starts it. The projector must have its read model open.
    pub(super) fn start(
        opener: &Arc<Opener>,
        state: &Arc<Mutex<State>>,
        wish: ReplayWish,
    ) -> Result<Self, ProjectorError> {
        let watch = Arc::new(Watch::new(Arc::clone(&opener.stop)));
        let told = Arc::new(Mutex::new(Told {
            phase: ReplayPhase::Building,
            generation: 0,
            error: String::new(),
        }));
        let worker = Worker {
            opener: Arc::clone(opener),
            state: Arc::clone(state),
            watch: Arc::clone(&watch),
            told: Arc::clone(&told),
            wish,
        };
        Ok(Self {
            watch,
            parts: wish.parts,
            told,
            thread: Some(thread("replay", move || worker.run())?),
        })
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.told.lock().phase.is_under_way()
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(super) fn status(&self, end: Position) -> ReplayStatus {
        let told = self.told.lock();
        let (issues, search) = self.watch.progress();
        ReplayStatus {
            phase: told.phase,
            is_paused: self.watch.is_paused(),
            parts: self.parts,
            generation: told.generation,
            error: told.error.clone(),
            issues,
            search,
            end,
            worked: self.watch.worked(),
        }
    }

    /// Waits for its thread, which the projector's stop signal ends.
    pub(super) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic inside was caught and told.
            let _ = thread.join();
        }
    }
}

impl Worker {
    fn run(self) {
        let began = Instant::now();
        let ended = caught(|| self.replay()).unwrap_or_else(|panic| {
            Err(ProjectorError::Stumbled {
                name: "replay",
                panic: panic.0,
            })
        });
        self.watch.end();
        let (phase, outcome) = match &ended {
            Ok(generation) => {
                let seconds = began.elapsed().as_secs_f64();
                tracing::info!(generation, seconds, "the replayed generation is live");
                (ReplayPhase::Done, "done")
            }
            Err(ProjectorError::ReplayCancelled) => {
                tracing::info!("the replay was cancelled");
                (ReplayPhase::Cancelled, "cancelled")
            }
            Err(error) => {
                let error = with_causes(error);
                tracing::error!(error, "the replay failed, the live generation stays");
                (ReplayPhase::Failed, "failed")
            }
        };
        ::metrics::counter!(metrics::REPLAYS, "outcome" => outcome).increment(1);
        {
            let mut told = self.told.lock();
            told.phase = phase;
            if let (ReplayPhase::Failed, Err(error)) = (phase, &ended) {
                told.error = with_causes(error);
            }
        }
        if ended.is_ok() {
            self.remove_superseded();
        }
    }

    fn say(&self, phase: ReplayPhase) {
        self.told.lock().phase = phase;
    }

    fn replay(&self) -> Result<u64, ProjectorError> {
        let live = match &*self.state.lock() {
            State::Running(running) => running.generation.clone(),
            _ => return Err(ProjectorError::ReplayRefused(NOT_OPEN.to_owned())),
        };
        let generation = Generation::create_new(&self.opener.lock)?;
        self.told.lock().generation = generation.number();
        let built = self.build_and_swap(&live, &generation);
        if built.is_err() && !self.is_current(&generation) {
            generation.remove(&self.opener.lock)?;
        }
        built?;
        Ok(generation.number())
    }

    fn is_current(&self, generation: &Generation) -> bool {
        let current = Generation::open_current(&self.opener.config.read_model_dir);
        // What cannot be looked at is left for the next start.
        current.map_or(true, |current| current.as_ref() == Some(generation))
    }

    fn build_and_swap(
        &self,
        live: &Generation,
        generation: &Generation,
    ) -> Result<(), ProjectorError> {
        let opener = &*self.opener;
        let reader = &opener.reader;
        let source = Source {
            config: &opener.config,
            reader,
            if_lost: self.wish.if_lost(),
            tripwire: &opener.tripwire,
            watch: &self.watch,
            is_alone: false,
        };
        let mut end = reader.end();
        let mut build = Build::begin(source, self.wish.parts, generation, Some(live), end)?;
        for round in 0..ROUNDS_MAX {
            build.bring_to(end)?;
            if round == 0 {
                // Most of what there is to sync is there: what comes later is little.
                build = build.seal()?;
                self.say(ReplayPhase::CatchingUp);
            }
            let newest = reader.end();
            if newest.sequence() - end.sequence() <= NEAR_RECORDS {
                break;
            }
            end = newest;
        }
        self.watch.pass(Part::Issues, build.position(), 0)?;
        self.watch.begin_end()?;
        self.say(ReplayPhase::Swapping);
        self.swap(build, live, generation)
    }

    /// Puts the generation in the place of the live one. The threads of one of them run when
    /// this returns, unless the projector ends.
    fn swap(
        &self,
        mut build: Build<'_>,
        live: &Generation,
        generation: &Generation,
    ) -> Result<(), ProjectorError> {
        let opener = &*self.opener;
        let mut running = self.take_running()?;
        if let Err(error) = running.end() {
            let error = with_causes(&error);
            tracing::error!(error, "a thread did not end in order before the swap");
        }
        drop(running);
        let published = build
            .bring_to(opener.reader.end())
            .and_then(|()| build.take_over_search(live))
            .and_then(|()| {
                // The database's connection closes before another one writes.
                drop(build);
                Ok(generation.publish(&opener.lock)?)
            });
        let next = match opener.open(Others::Stay) {
            Ok(running) => State::Running(running),
            Err(error) => opener.wait_with(&error),
        };
        let is_waiting = matches!(next, State::Waiting(_));
        *self.state.lock() = next;
        if is_waiting {
            opener.keep_trying(&self.state);
        }
        published
    }

    fn take_running(&self) -> Result<Running, ProjectorError> {
        let end = self.opener.reader.end();
        let mut state = self.state.lock();
        let last: Vec<ProjectionStatus> = match &*state {
            State::Running(running) => status_of(running, end),
            _ => return Err(ProjectorError::ReplayCancelled),
        };
        match std::mem::replace(&mut *state, State::Swapping(last)) {
            State::Running(running) => Ok(running),
            _ => unreachable!("it was running a moment ago, under the same lock"),
        }
    }

    /// Removes what readers have left by now.
    fn remove_superseded(&self) {
        self.opener.stop.sleep(GRACE);
        let root = &self.opener.config.read_model_dir;
        let removed = Generation::open_current(root).and_then(|current| match current {
            Some(current) => current.remove_others(&self.opener.lock),
            None => Ok(()),
        });
        if let Err(error) = removed {
            let error = with_causes(&error);
            tracing::warn!(
                error,
                "the superseded read model takes room until the next start"
            );
        }
    }
}

/// Why none can begin.
pub(super) const NOT_OPEN: &str = "the read model is not open at the moment";

#[cfg(test)]
mod tests;
