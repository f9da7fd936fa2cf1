//! Opening the read model, and the threads over an open one: one set of them a generation,
//! so that another generation can take its place while the process goes on.

use std::{path::Path, sync::Arc, thread::JoinHandle};

use event_log::LogReader;
use ground::with_causes;
use parking_lot::Mutex;
use read_model::{
    Generation, ReadModelError, WriterLock,
    issues::{IssueWriter, writer::Durability},
};

use super::{ProjectorConfig, State};
use crate::{
    ProjectorError,
    careful::Tripwire,
    consumers::{
        BACK_OFF, Consumer, Progress, Stop, cold::ColdConsumer, issues::IssueConsumer, run,
        search::SearchConsumer,
    },
    keeper::Keeper,
    origin::{self, IfLost},
};

/// What becomes of generations that are not the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// They are what a crash left, or were superseded.
    Go,
    /// Readers may still look at one.
    Stay,
}

/// All it takes to open the read model, once or again and again.
#[derive(Debug)]
pub(super) struct Opener {
    pub(super) lock: Arc<WriterLock>,
    pub(super) config: ProjectorConfig,
    pub(super) reader: LogReader,
    pub(super) stop: Arc<Stop>,
    pub(super) tripwire: Tripwire,
}

/// The threads over an open read model.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) consumers: Vec<RunningConsumer>,
    pub(super) keeper: Option<JoinHandle<()>>,
    /// Ends these threads, and no others.
    stop: Arc<Stop>,
    /// The consumers have ended.
    ended: Arc<Stop>,
    pub(super) generation: Generation,
    /// Held until the threads have ended.
    _lock: Arc<WriterLock>,
}

#[derive(Debug)]
pub(super) struct RunningConsumer {
    pub(super) name: &'static str,
    pub(super) progress: Arc<Progress>,
    pub(super) thread: Option<JoinHandle<()>>,
}

impl RunningConsumer {
    /// Why nothing follows, if its thread has ended by itself.
    pub(super) fn gone(&self) -> Option<String> {
        let thread = self.thread.as_ref()?;
        thread.is_finished().then(|| {
            format!(
                "the thread project-{} has ended, restart the process",
                self.name
            )
        })
    }
}

impl Opener {
    /// Opens everything and starts the threads; what other generations there are goes, but
    /// where readers may still look at one.
    pub(super) fn open(&self, others: Others) -> Result<Running, ProjectorError> {
        let (generation, writer) = open(&self.lock, &self.config, &self.reader)?;
        if others == Others::Go {
            generation.remove_others(&self.lock)?;
        }
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
            stop: Arc::default(),
            ended: Arc::default(),
            generation,
            _lock: Arc::clone(&self.lock),
        };
        let started = self.start_threads(&mut running, (issues, (search, of_search), cold));
        if let Err(error) = started {
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
        let stop = &Arc::clone(&running.stop);
        let issues = self.spawn(issues, Arc::default(), stop)?;
        running.consumers.push(issues);
        running.consumers.push(self.spawn(search, of_search, stop)?);
        running
            .consumers
            .push(self.spawn(cold, Arc::default(), stop)?);
        let consumers = running.consumers.iter();
        let keeper = Keeper::new(
            self.reader.clone(),
            running.generation.clone(),
            self.config.checkpoints.clone(),
            consumers.map(|one| (one.name, Arc::clone(&one.progress))),
        );
        let (stop, ended) = (Arc::clone(stop), Arc::clone(&running.ended));
        running.keeper = Some(thread("keeper", move || keeper.run(&stop, &ended))?);
        Ok(())
    }

    fn spawn<C: Consumer + Send + 'static>(
        &self,
        consumer: C,
        progress: Arc<Progress>,
        stop: &Arc<Stop>,
    ) -> Result<RunningConsumer, ProjectorError> {
        progress.follow(&consumer);
        let (reader, stop, shared) = (self.reader.clone(), Arc::clone(stop), Arc::clone(&progress));
        let thread = thread(C::NAME, move || run(consumer, &reader, &stop, &shared))?;
        Ok(RunningConsumer {
            name: C::NAME,
            progress,
            thread: Some(thread),
        })
    }

    /// The thread's body: ends with the read model open, or with the projector.
    pub(super) fn keep_trying(&self, state: &Mutex<State>) {
        let mut waits = BACK_OFF.waits();
        loop {
            self.stop.sleep(waits.next_wait());
            if self.stop.is_set() {
                return;
            }
            // Not under the lock: opening may take a rebuild's time.
            let next = match self.open(Others::Go) {
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

    pub(super) fn wait_with(&self, error: &ProjectorError) -> State {
        let text = with_causes(error);
        let path = self.config.read_model_dir.display();
        tracing::error!(%path, error = text, "the read model cannot be opened, will try again");
        State::Waiting(text)
    }
}

impl Running {
    /// Ends the threads, and waits for them.
    pub(super) fn end(&mut self) -> Result<(), ProjectorError> {
        self.stop.set();
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

pub(super) fn thread(
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
        Ok(Some(open)) => return Ok(open),
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
