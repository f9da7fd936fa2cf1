//! The live projector: opens the read model, rebuilds it if it must, and runs the
//! three consumers, a thread each.
//!
//! Invariant: one projector a read model, held by a lock. A read model that is
//! missing, damaged, of another schema or ahead of the log (another log) is no
//! error: a new generation takes its place and is filled from the log while it is
//! served; readers see it grow, and [`Projector::status`] how far it is. Nor is a full
//! disk: SQLite opens nothing without a few blocks, so opening is tried again until it
//! can be, and whoever appends to the logs goes on meanwhile.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use event_log::{Floor, LogReader, Retention};
use event_model::Position;
use ground::{Clock, with_causes};
use parking_lot::Mutex;
use read_model::{
    Generation, ReadModelError, WriterLock,
    cold::Place,
    issues::{self, IssueWriter, writer::Durability},
};

use crate::{
    ProjectorError,
    careful::Tripwire,
    consumers::{
        BACK_OFF, Consumer, Progress, Stop, cold::ColdConsumer, issues::IssueConsumer, run,
        search::SearchConsumer,
    },
    keeper::{CheckpointConfig, Keeper},
    metrics,
    origin::{self, IfLost},
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
    /// Tries to open the read model, where that failed at the start.
    opener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum State {
    /// The read model cannot be opened at the moment, for this reason.
    Waiting(String),
    Running(Running),
    Ended,
}

/// All it takes to open the read model, once or again and again.
struct Opener {
    lock: Arc<WriterLock>,
    config: ProjectorConfig,
    reader: LogReader,
    stop: Arc<Stop>,
    tripwire: Tripwire,
}

/// The threads over an open read model.
#[derive(Debug)]
struct Running {
    consumers: Vec<RunningConsumer>,
    keeper: Option<JoinHandle<()>>,
    /// The consumers have ended.
    ended: Arc<Stop>,
    generation: Generation,
    /// Held until the threads have ended.
    _lock: Arc<WriterLock>,
}

#[derive(Debug)]
struct RunningConsumer {
    name: &'static str,
    progress: Arc<Progress>,
    thread: Option<JoinHandle<()>>,
}

impl RunningConsumer {
    /// Why nothing follows, if its thread has ended by itself.
    fn gone(&self) -> Option<String> {
        let thread = self.thread.as_ref()?;
        thread.is_finished().then(|| {
            format!(
                "the thread project-{} has ended, restart the process",
                self.name
            )
        })
    }
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
        let opener = Opener {
            lock: Arc::new(WriterLock::acquire(&config.read_model_dir)?),
            config: config.clone(),
            reader: reader.clone(),
            stop: Arc::clone(&stop),
            tripwire,
        };
        let state = match opener.open() {
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
        let end = self.reader.end().sequence();
        let status = |name, position: Position, error| ProjectionStatus {
            name,
            position,
            lag: end.saturating_sub(position.sequence()),
            error,
        };
        match &*self.state.lock() {
            State::Waiting(error) => NAMES
                .map(|name| status(name, Position(0), Some(error.clone())))
                .to_vec(),
            State::Running(running) => running
                .consumers
                .iter()
                .map(|one| {
                    let error = one.gone().or_else(|| one.progress.error());
                    status(one.name, one.progress.position(), error)
                })
                .collect(),
            State::Ended => Vec::new(),
        }
    }

    /// The thread that has ended without being told to: a defect, mended by a restart.
    /// None of those that [`Self::status`] speaks of.
    pub fn ended_thread(&self) -> Option<&'static str> {
        let is_gone =
            |thread: &Option<JoinHandle<()>>| thread.as_ref().is_some_and(JoinHandle::is_finished);
        match &*self.state.lock() {
            State::Waiting(_) => is_gone(&self.opener).then_some("project-open"),
            State::Running(running) => is_gone(&running.keeper).then_some("project-keeper"),
            State::Ended => None,
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
    }

    /// The generation being written; none while it cannot be opened.
    pub fn generation(&self) -> Option<Generation> {
        match &*self.state.lock() {
            State::Running(running) => Some(running.generation.clone()),
            State::Waiting(_) | State::Ended => None,
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
        // Outside of the lock: whoever asks for the status must not wait for it.
        let state = std::mem::replace(&mut *self.state.lock(), State::Ended);
        let ended = match state {
            State::Running(mut running) => running.end(),
            State::Waiting(_) | State::Ended => Ok(()),
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

impl Opener {
    /// Opens everything and starts the threads.
    fn open(&self) -> Result<Running, ProjectorError> {
        let (generation, writer) = open(&self.lock, &self.config, &self.reader)?;
        let tripwire = || self.tripwire.clone();
        let search = SearchConsumer::open(generation.search_path(), &self.config.cold, tripwire())?;
        let of_search = Arc::<Progress>::default();
        let issues = IssueConsumer::new(
            generation.clone(),
            writer,
            Arc::clone(&of_search),
            tripwire(),
        )
        .on_disk(self.config.checkpoints.floor.clone());
        let cold = ColdConsumer::new(&self.config.cold, tripwire());
        let mut running = Running {
            consumers: Vec::new(),
            keeper: None,
            ended: Arc::default(),
            generation,
            _lock: Arc::clone(&self.lock),
        };
        let started = self.start_threads(&mut running, (issues, (search, of_search), cold));
        if let Err(error) = started {
            self.stop.set();
            let _ = running.end();
            return Err(error);
        }
        Ok(running)
    }

    fn start_threads(
        &self,
        running: &mut Running,
        (issues, (search, of_search), cold): (
            IssueConsumer,
            (SearchConsumer, Arc<Progress>),
            ColdConsumer,
        ),
    ) -> Result<(), ProjectorError> {
        running.consumers.push(self.spawn(issues, Arc::default())?);
        running.consumers.push(self.spawn(search, of_search)?);
        running.consumers.push(self.spawn(cold, Arc::default())?);
        let consumers = running.consumers.iter();
        let keeper = Keeper::new(
            self.reader.clone(),
            running.generation.clone(),
            self.config.checkpoints.clone(),
            consumers.map(|one| (one.name, Arc::clone(&one.progress))),
        );
        let (stop, ended) = (Arc::clone(&self.stop), Arc::clone(&running.ended));
        running.keeper = Some(thread("keeper", move || keeper.run(&stop, &ended))?);
        Ok(())
    }

    fn spawn<C: Consumer + Send + 'static>(
        &self,
        consumer: C,
        progress: Arc<Progress>,
    ) -> Result<RunningConsumer, ProjectorError> {
        progress.follow(&consumer);
        let (reader, stop, shared) = (
            self.reader.clone(),
            Arc::clone(&self.stop),
            Arc::clone(&progress),
        );
        let thread = thread(C::NAME, move || run(consumer, &reader, &stop, &shared))?;
        Ok(RunningConsumer {
            name: C::NAME,
            progress,
            thread: Some(thread),
        })
    }

    /// The thread's body: ends with the read model open, or with the projector.
    fn keep_trying(self, state: &Mutex<State>) {
        let mut waits = BACK_OFF.waits();
        loop {
            self.stop.sleep(waits.next_wait());
            if self.stop.is_set() {
                return;
            }
            // Not under the lock: opening may take a rebuild's time.
            let next = match self.open() {
                Ok(running) => State::Running(running),
                Err(error) => self.wait_with(&error),
            };
            let is_open = matches!(next, State::Running(_));
            *state.lock() = next;
            if is_open {
                tracing::info!("the read model could be opened");
                return;
            }
        }
    }

    fn wait_with(&self, error: &ProjectorError) -> State {
        let text = with_causes(error);
        let path = self.config.read_model_dir.display();
        tracing::error!(%path, error = text, "the read model cannot be opened, will try again");
        State::Waiting(text)
    }
}

impl Running {
    /// Waits for the threads, which have been told to stop.
    fn end(&mut self) -> Result<(), ProjectorError> {
        let mut result = Ok(());
        for consumer in &mut self.consumers {
            if let Some(thread) = consumer.thread.take()
                && thread.join().is_err()
            {
                result = Err(ProjectorError::Panicked(consumer.name));
            }
        }
        self.ended.set();
        if let Some(keeper) = self.keeper.take()
            && keeper.join().is_err()
        {
            result = Err(ProjectorError::Panicked("checkpoints"));
        }
        result
    }
}

fn thread(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, ProjectorError> {
    let name = format!("project-{name}");
    std::thread::Builder::new()
        .name(name.clone())
        .spawn(body)
        .map_err(|source| ProjectorError::Thread { name, source })
}

/// The current generation if it can go on, else a new one.
fn open(
    lock: &WriterLock,
    config: &ProjectorConfig,
    reader: &LogReader,
) -> Result<(Generation, IssueWriter), ProjectorError> {
    match open_current(&config.read_model_dir, reader) {
        Ok(Some((generation, writer))) => {
            generation.remove_others(lock)?;
            return Ok((generation, writer));
        }
        Ok(None) => tracing::info!("no read model yet: it is built from the log"),
        Err(error) if error.is_mended_by_rebuild() => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the read model is rebuilt from the log");
        }
        Err(error) => return Err(error.into()),
    }
    let generation = Generation::create_new(lock)?;
    let writer = origin::issues(
        &generation.issues_path(),
        Durability::Live,
        reader,
        &config.checkpoints.dir,
        (IfLost::Refuse, reader.end()),
    )?;
    generation.publish(lock)?;
    generation.remove_others(lock)?;
    Ok((generation, writer))
}

fn open_current(
    root: &Path,
    reader: &LogReader,
) -> Result<Option<(Generation, IssueWriter)>, ReadModelError> {
    let Some(generation) = Generation::open_current(root)? else {
        return Ok(None);
    };
    let damaged = |what: String| ReadModelError::Damaged {
        path: generation.path(),
        what,
    };
    if generation.is_damaged() {
        return Err(damaged("it was found damaged before".to_owned()));
    }
    let writer = IssueWriter::open(&generation.issues_path())?;
    let position = writer.position();
    let (first, end) = (reader.first(), reader.end());
    if position > end {
        return Err(damaged(format!(
            "it is at position {position}, the log ends at {end}"
        )));
    }
    // A power cut may have taken its newest transactions back.
    if position.sequence() + 1 < first.sequence() {
        return Err(damaged(format!(
            "it is at position {position}, the log begins at {first}"
        )));
    }
    Ok(Some((generation, writer)))
}

#[cfg(test)]
mod tests;
