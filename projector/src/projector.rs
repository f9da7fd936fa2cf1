//! The live projector: opens the read model, rebuilds it if it must, and runs the
//! three consumers, a thread each.
//!
//! Invariant: one projector a read model, held by a lock. A read model that is
//! missing, damaged, of another schema or ahead of the log (another log) is no
//! error: a new generation takes its place and is filled from the log while it is
//! served; readers see it grow, and [`Projector::status`] how far it is.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use event_log::{LogReader, Retention};
use event_model::Position;
use read_model::{
    Generation, ReadModelError, WriterLock,
    cold::ColdStore,
    issues::{self, IssueWriter, writer::Durability},
};

use crate::{
    ProjectorError,
    consumers::{
        Consumer, Progress, Stop, cold::ColdConsumer, issues::IssueConsumer, run,
        search::SearchConsumer,
    },
    keeper::{CheckpointConfig, Keeper},
    origin::{self, IfLost},
};

/// Where the read model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectorConfig {
    /// The folder of generations (`data/read-model`).
    pub read_model_dir: PathBuf,
    /// The root of the Parquet files (`data/cold`).
    pub cold_dir: PathBuf,
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
            cold_dir: data_dir.join("cold"),
            checkpoints: CheckpointConfig {
                dir: data_dir.join("log").join("checkpoints"),
                retention: Retention::default(),
                look_every: LOOK_EVERY,
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
    consumers: Vec<Running>,
    keeper: Option<JoinHandle<()>>,
    /// The consumers have ended.
    ended: Arc<Stop>,
    generation: Generation,
    /// Held until the threads have ended.
    _lock: WriterLock,
}

#[derive(Debug)]
struct Running {
    name: &'static str,
    progress: Arc<Progress>,
    thread: Option<JoinHandle<()>>,
}

impl Projector {
    /// Opens or rebuilds the read model and starts the consumers.
    pub fn start(config: &ProjectorConfig, reader: LogReader) -> Result<Self, ProjectorError> {
        let lock = WriterLock::acquire(&config.read_model_dir)?;
        let (generation, writer) = open(&lock, config, &reader)?;
        let issues = IssueConsumer::new(generation.clone(), writer);
        let search = SearchConsumer::open(generation.search_path())?;
        let cold = ColdConsumer::open(ColdStore::open(&config.cold_dir)?, &reader)?;
        let mut projector = Self {
            reader,
            stop: Arc::default(),
            consumers: Vec::new(),
            keeper: None,
            ended: Arc::default(),
            generation,
            _lock: lock,
        };
        projector.spawn(issues)?;
        projector.spawn(search)?;
        projector.spawn(cold)?;
        projector.spawn_keeper(config.checkpoints.clone())?;
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
        let status = |running: &Running| {
            let position = running.progress.position();
            ProjectionStatus {
                name: running.name,
                position,
                lag: end.saturating_sub(position.sequence()),
                error: running.progress.error(),
            }
        };
        self.consumers.iter().map(status).collect()
    }

    /// The generation being written.
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// Ends the consumers; what they took in is stored.
    pub fn stop(mut self) -> Result<(), ProjectorError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), ProjectorError> {
        self.stop.set();
        let mut result = Ok(());
        for running in &mut self.consumers {
            if let Some(thread) = running.thread.take()
                && thread.join().is_err()
            {
                result = Err(ProjectorError::Panicked(running.name));
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

    fn spawn_keeper(&mut self, config: CheckpointConfig) -> Result<(), ProjectorError> {
        let consumers = self.consumers.iter();
        let keeper = Keeper::new(
            self.reader.clone(),
            self.generation.clone(),
            config,
            consumers.map(|running| (running.name, Arc::clone(&running.progress))),
        );
        let (stop, ended) = (Arc::clone(&self.stop), Arc::clone(&self.ended));
        let name = "project-keeper".to_owned();
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || keeper.run(&stop, &ended))
            .map_err(|source| ProjectorError::Thread { name, source })?;
        self.keeper = Some(thread);
        Ok(())
    }

    fn spawn<C: Consumer + Send + 'static>(&mut self, consumer: C) -> Result<(), ProjectorError> {
        let progress = Arc::<Progress>::default();
        progress.set_position(consumer.position());
        let (reader, stop, shared) = (
            self.reader.clone(),
            Arc::clone(&self.stop),
            Arc::clone(&progress),
        );
        let name = format!("project-{}", C::NAME);
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || run(consumer, &reader, &stop, &shared))
            .map_err(|source| ProjectorError::Thread { name, source })?;
        self.consumers.push(Running {
            name: C::NAME,
            progress,
            thread: Some(thread),
        });
        Ok(())
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
        IfLost::Refuse,
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
