//! The live projector: opens the read model, rebuilds it if it must, and runs the
//! three consumers, a thread each.
//!
//! Invariant: one projector a read model, held by a lock. A read model that is
//! missing, damaged, of another schema or ahead of the log (another log) is no
//! error: a new generation takes its place and is filled from the log while it is
//! served; readers see it grow, and [`Projector::status`] how far it is. Nor is a full
//! disk: SQLite opens nothing without a few blocks, so opening is tried again until it
//! can be, and whoever appends to the logs goes on meanwhile.
//!
//! Opening is [`opener`]'s, a replay beside what runs [`online`]'s.

mod online;
mod opener;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use event_log::{Floor, LogReader, Retention};
use event_model::Position;
use ground::Clock;
use parking_lot::Mutex;
use read_model::{Generation, WriterLock, cold::Place, issues};

pub use self::online::{ReplayPhase, ReplayStatus};
use self::{
    online::{NOT_OPEN, Online},
    opener::{Opener, Others, Running, thread},
};
use crate::{
    ProjectorError,
    careful::Tripwire,
    consumers::{
        Consumer, Stop, cold::ColdConsumer, issues::IssueConsumer, search::SearchConsumer,
    },
    keeper::CheckpointConfig,
    metrics,
    replay::ReplayWish,
};

/// Where the read model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectorConfig {
    /// The folder of generations (`data/read-model`).
    pub read_model_dir: PathBuf,
    /// Where the Parquet files are (`data/cold`, or a bucket).
    pub cold: Place,
    /// Checkpoints of the issues.
    pub checkpoints: CheckpointConfig,
}

/// How often the projector looks whether events could be dropped.
const LOOK_EVERY: Duration = Duration::from_mins(1);

impl ProjectorConfig {
    /// The default folders below a data directory; nothing is ever dropped.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            read_model_dir: data_dir.join("read-model"),
            cold: Place::folder(data_dir.join("cold")),
            checkpoints: CheckpointConfig {
                dir: data_dir.join("log").join("checkpoints"),
                retention: Retention::default(),
                floor: Floor::default(),
                look_every: LOOK_EVERY,
                clock: Clock::MACHINE,
            },
        }
    }
}

/// How far a projection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionStatus {
    /// "issues", "search", "cold".
    pub name: &'static str,
    /// The last record that is visible to readers.
    pub position: Position,
    /// Records behind the durable log. Of "cold" it never falls below what the open
    /// segment holds.
    pub lag: u64,
    /// What it fails with at the moment; it tries again by itself.
    pub error: Option<String>,
}

/// A running projector; stops when dropped.
#[derive(Debug)]
pub struct Projector {
    reader: LogReader,
    stop: Arc<Stop>,
    state: Arc<Mutex<State>>,
    open: Arc<Opener>,
    /// The newest one.
    replay: Mutex<Option<Online>>,
    /// Tries to open the read model, where that failed at the start.
    opener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum State {
    /// The read model cannot be opened at the moment, for this reason.
    Waiting(String),
    Running(Running),
    /// A replayed generation takes the place of this one, which was so far.
    Swapping(Vec<ProjectionStatus>),
    Ended,
}

/// What a replay under way is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayStep {
    /// To wait.
    Pause,
    /// To go on.
    Resume,
    /// To end; the live generation stays.
    Cancel,
}

/// The projections, in the order of [`Projector::status`].
const NAMES: [&str; 3] = [
    IssueConsumer::NAME,
    SearchConsumer::NAME,
    ColdConsumer::NAME,
];

impl Projector {
    /// Opens or rebuilds the read model and starts the consumers; on a full disk, as
    /// soon as there is room for it.
    pub fn start(config: &ProjectorConfig, reader: LogReader) -> Result<Self, ProjectorError> {
        Self::start_with(config, reader, Tripwire::default())
    }

    pub(crate) fn start_with(
        config: &ProjectorConfig,
        reader: LogReader,
        tripwire: Tripwire,
    ) -> Result<Self, ProjectorError> {
        let stop = Arc::<Stop>::default();
        let opener = Arc::new(Opener {
            lock: Arc::new(WriterLock::acquire(&config.read_model_dir)?),
            config: config.clone(),
            reader: reader.clone(),
            stop: Arc::clone(&stop),
            tripwire,
        });
        let state = match opener.open(Others::Go) {
            Ok(running) => State::Running(running),
            Err(error) if error.may_pass() => opener.wait_with(&error),
            Err(error) => return Err(error),
        };
        let is_waiting = matches!(state, State::Waiting(_));
        let state = Arc::new(Mutex::new(state));
        let mut projector = Self {
            reader,
            stop,
            state,
            open: Arc::clone(&opener),
            replay: Mutex::default(),
            opener: None,
        };
        if is_waiting {
            let state = Arc::clone(&projector.state);
            projector.opener = Some(thread("open", move || opener.keep_trying(&state))?);
        }
        Ok(projector)
    }

    /// The position that the read model's issues have stored; none if there is none or it
    /// cannot be read, which [`Self::start`] mends.
    pub fn stored_position(config: &ProjectorConfig) -> Option<Position> {
        let generation = Generation::open_current(&config.read_model_dir).ok()??;
        let reader = issues::reader::Reader::open(&generation.issues_path()).ok()?;
        reader.position().ok()
    }

    /// How far each projection is: issues, search, cold.
    pub fn status(&self) -> Vec<ProjectionStatus> {
        let end = self.reader.end();
        match &*self.state.lock() {
            State::Waiting(error) => NAMES
                .map(|name| status(name, Position(0), end, Some(error.clone())))
                .to_vec(),
            State::Running(running) => status_of(running, end),
            State::Swapping(last) => last
                .iter()
                .map(|one| status(one.name, one.position, end, one.error.clone()))
                .collect(),
            State::Ended => Vec::new(),
        }
    }

    /// Begins a replay beside what runs; its generation becomes the live one.
    pub fn start_replay(&self, wish: ReplayWish) -> Result<(), ProjectorError> {
        let refused = |why: &str| Err(ProjectorError::ReplayRefused(why.to_owned()));
        let mut replay = self.replay.lock();
        if replay.as_ref().is_some_and(Online::is_under_way) {
            return refused("one is under way");
        }
        if !matches!(&*self.state.lock(), State::Running(_)) {
            return refused(NOT_OPEN);
        }
        if let Some(last) = &mut *replay {
            last.join();
        }
        *replay = Some(Online::start(&self.open, &self.state, wish)?);
        Ok(())
    }

    /// How far the newest replay since the start is; none: there was none.
    pub fn replay_status(&self) -> Option<ReplayStatus> {
        let end = self.reader.end();
        self.replay.lock().as_ref().map(|replay| replay.status(end))
    }

    /// Lets the replay wait, go on, or end; whether there is one under way.
    pub fn steer_replay(&self, step: ReplayStep) -> bool {
        let replay = self.replay.lock();
        let Some(replay) = replay.as_ref().filter(|replay| replay.is_under_way()) else {
            return false;
        };
        match step {
            ReplayStep::Pause => replay.watch().pause(),
            ReplayStep::Resume => replay.watch().resume(),
            ReplayStep::Cancel => replay.watch().cancel(),
        }
        true
    }

    /// The thread that has ended without being told to: a defect, mended by a restart.
    /// None of those that [`Self::status`] speaks of.
    pub fn ended_thread(&self) -> Option<&'static str> {
        let is_gone =
            |thread: &Option<JoinHandle<()>>| thread.as_ref().is_some_and(JoinHandle::is_finished);
        match &*self.state.lock() {
            State::Waiting(_) => is_gone(&self.opener).then_some("project-open"),
            State::Running(running) => is_gone(&running.keeper).then_some("project-keeper"),
            State::Swapping(_) | State::Ended => None,
        }
    }

    /// Hands positions and lags to the metrics' recorder, as of now: a lag that the
    /// projection itself kept would stand still with it. To be called before a scrape.
    pub fn publish(&self) {
        for one in self.status() {
            let (position, lag) = (one.position.0 as f64, one.lag as f64);
            ::metrics::gauge!(metrics::POSITION, "projection" => one.name).set(position);
            ::metrics::gauge!(metrics::LAG, "projection" => one.name).set(lag);
        }
        let Some(replay) = self.replay_status() else {
            return;
        };
        let is_under_way = replay.phase.is_under_way();
        ::metrics::gauge!(metrics::REPLAYING).set(f64::from(u8::from(is_under_way)));
        for (name, part) in [("issues", replay.issues), ("search", replay.search)] {
            let position = part.position.0 as f64;
            ::metrics::gauge!(metrics::REPLAY_POSITION, "projection" => name).set(position);
        }
    }

    /// The generation being written; none while it cannot be opened.
    pub fn generation(&self) -> Option<Generation> {
        match &*self.state.lock() {
            State::Running(running) => Some(running.generation.clone()),
            State::Waiting(_) | State::Swapping(_) | State::Ended => None,
        }
    }

    /// Ends the consumers; what they took in is stored.
    pub fn stop(mut self) -> Result<(), ProjectorError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), ProjectorError> {
        self.stop.set();
        // First, or it could still start consumers.
        let opened = self.opener.take().map(JoinHandle::join);
        if let Some(replay) = &mut *self.replay.lock() {
            replay.join();
        }
        // Outside of the lock: whoever asks for the status must not wait for it.
        let state = std::mem::replace(&mut *self.state.lock(), State::Ended);
        let ended = match state {
            State::Running(mut running) => running.end(),
            State::Waiting(_) | State::Swapping(_) | State::Ended => Ok(()),
        };
        match opened {
            Some(Err(_)) => Err(ProjectorError::Panicked("open")),
            _ => ended,
        }
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "projector did not end in order");
        }
    }
}

fn status(
    name: &'static str,
    position: Position,
    end: Position,
    error: Option<String>,
) -> ProjectionStatus {
    ProjectionStatus {
        name,
        position,
        lag: end.sequence().saturating_sub(position.sequence()),
        error,
    }
}

fn status_of(running: &Running, end: Position) -> Vec<ProjectionStatus> {
    let consumers = running.consumers.iter();
    let status = |one: &opener::RunningConsumer| {
        let error = one.gone().or_else(|| one.progress.error());
        status(one.name, one.progress.position(), end, error)
    };
    consumers.map(status).collect()
}

#[cfg(test)]
mod tests;
