//! Tells the log how far the projections are, and makes the checkpoint without which
//! its oldest events may not be dropped.
//!
//! One thread. Every few seconds it moves the log's cursors of the three consumers. At
//! longer intervals it asks what retention would drop if it were not for the
//! checkpoint, and makes one if that is not covered. Invariant: the cursor
//! `checkpoint` is never ahead of a checkpoint that was read back. Whatever fails is
//! reported and tried again; in the meantime nothing is dropped.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    Floor, LogCursor, LogReader, Retention, Tier,
    retention::{CHECKPOINT, CursorError},
};
use event_model::Position;
use ground::Clock;
use read_model::{Checkpoints, Generation, issues::reader::Reader};

use crate::{
    ProjectorError,
    careful::caught,
    consumers::{Progress, Stop},
    metrics,
};

/// How often cursors are moved, at most: each costs a sync.
const MOVE_EVERY: Duration = Duration::from_secs(5);
/// Checkpoints that should cover what is dropped: one, and one for the case that it
/// turns out damaged.
const COVERING: usize = 2;

/// When checkpoints are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointConfig {
    /// Their folder (`data/log/checkpoints`).
    pub dir: PathBuf,
    /// What the log's writer will drop. Its cursors are those besides the checkpoint's.
    pub retention: Retention,
    /// When events give way to what is new, a checkpoint comes before that, too.
    pub floor: Floor,
    /// How often to look whether it could drop something.
    pub look_every: Duration,
    /// By which the age of what could be dropped is measured.
    pub clock: Clock,
}

/// See the module.
pub(crate) struct Keeper {
    reader: LogReader,
    generation: Generation,
    config: CheckpointConfig,
    checkpoints: Checkpoints,
    claims: Vec<(Claim, Arc<Progress>)>,
    checkpoint: Claim,
}

/// A cursor of the log, opened when it is first needed.
struct Claim {
    name: &'static str,
    cursor: Option<LogCursor>,
}

impl Claim {
    fn new(name: &'static str) -> Self {
        Self { name, cursor: None }
    }

    fn set(&mut self, reader: &LogReader, done: Position) -> Result<(), ProjectorError> {
        let failed = |source: CursorError| ProjectorError::Cursor {
            name: self.name,
            source,
        };
        let cursor = match &mut self.cursor {
            Some(cursor) => cursor,
            none => none.insert(reader.cursor(self.name).map_err(failed)?),
        };
        cursor.set(done).map_err(failed)
    }
}

impl Keeper {
    pub(crate) fn new(
        reader: LogReader,
        generation: Generation,
        mut config: CheckpointConfig,
        consumers: impl Iterator<Item = (&'static str, Arc<Progress>)>,
    ) -> Self {
        config
            .retention
            .cursors_required
            .retain(|name| name != CHECKPOINT);
        let claims = consumers.map(|(name, progress)| (Claim::new(name), progress));
        Self {
            reader,
            generation,
            checkpoints: Checkpoints::of(&config.dir),
            config,
            claims: claims.collect(),
            checkpoint: Claim::new(CHECKPOINT),
        }
    }

    /// Works until the stop signal; `ended` comes when the consumers have ended too.
    pub(crate) fn run(mut self, stop: &Stop, ended: &Stop) {
        let pause = MOVE_EVERY.min(self.config.look_every);
        let mut looked: Option<Instant> = None;
        while !stop.is_set() {
            self.report(Self::move_cursors);
            let is_due = looked.is_none_or(|at| at.elapsed() >= self.config.look_every);
            if is_due || self.shed_bytes() > 0 {
                looked = Some(Instant::now());
                let now_ns = self.config.clock.now_ns();
                self.report(|keeper| keeper.look(now_ns).map(|_| ()));
            }
            stop.sleep(pause);
        }
        while !ended.is_set() {
            ended.sleep(pause);
        }
        self.report(Self::move_cursors);
    }

    fn report(&mut self, step: impl FnOnce(&mut Self) -> Result<(), ProjectorError>) {
        let done = caught(|| step(self)).unwrap_or_else(|panic| {
            Err(ProjectorError::Stumbled {
                name: CHECKPOINT,
                panic: panic.0,
            })
        });
        if let Err(error) = done {
            let error: &dyn std::error::Error = &error;
            ::metrics::counter!(metrics::ERRORS, "projection" => CHECKPOINT).increment(1);
            tracing::error!(error, "retention waits: a cursor or checkpoint failed");
        }
    }

    /// Stores how far the consumers are.
    pub(crate) fn move_cursors(&mut self) -> Result<(), ProjectorError> {
        for (claim, progress) in &mut self.claims {
            // A cursor whose consumer could not look yet stays where it was.
            if let Some(position) = progress.known_position() {
                claim.set(&self.reader, position)?;
            }
        }
        Ok(())
    }

    /// Makes a checkpoint if something could be dropped that too few of them cover, and
    /// moves the cursor; the position of a new one.
    pub(crate) fn look(&mut self, now_ns: i64) -> Result<Option<Position>, ProjectorError> {
        let retention = Retention {
            shed_bytes: self.shed_bytes(),
            ..self.config.retention.clone()
        };
        let plan = self.reader.retention_plan(&retention, now_ns)?;
        // A checkpoint of before a command that grouped events anew would need all of them.
        let regrouped = self.regrouped()?;
        let covers =
            |position: &Position| position.sequence() + 1 >= plan.below && *position >= regrouped;
        let covering = || -> Result<Vec<Position>, ProjectorError> {
            let positions = self.checkpoints.positions()?;
            Ok(positions.into_iter().filter(covers).collect())
        };
        let mut written = None;
        let mut found = covering()?;
        let is_newer = |newest: &Position| self.issues_position() > *newest;
        if !plan.is_empty()
            && found.len() < COVERING
            && found.first().is_none_or(is_newer)
            && !self.generation.is_damaged()
        {
            let log_id = self.reader.log_id();
            let started = Instant::now();
            let issues = self.generation.issues_path();
            let position = self.checkpoints.write(&issues, log_id)?;
            let seconds = started.elapsed().as_secs_f64();
            ::metrics::histogram!(metrics::CHECKPOINT_SECONDS).record(seconds);
            tracing::info!(%position, seconds, "checkpoint of the issues");
            written = Some(position);
            found = covering()?;
        }
        // The older one of them, so that both can be started from.
        if let Some(oldest) = found.last() {
            ::metrics::gauge!(metrics::POSITION, "projection" => CHECKPOINT).set(oldest.0 as f64);
            self.checkpoint.set(&self.reader, *oldest)?;
        }
        Ok(written)
    }

    /// What events have to make room for.
    fn shed_bytes(&self) -> u64 {
        if !self.config.floor.shed.contains(&Tier::Events) {
            return 0;
        }
        let room = self.reader.room(&self.config.floor);
        room.map_or(0, |room| room.shed_bytes())
    }

    /// The last command that grouped events anew.
    fn regrouped(&self) -> Result<Position, ProjectorError> {
        let reader = Reader::open(&self.generation.issues_path());
        let found = reader.and_then(|reader| reader.regrouped());
        Ok(found?)
    }

    fn issues_position(&self) -> Position {
        let issues = self.claims.iter().find(|(claim, _)| claim.name == "issues");
        issues.map_or(Position(0), |(_, progress)| progress.position())
    }
}

#[cfg(test)]
mod tests;
