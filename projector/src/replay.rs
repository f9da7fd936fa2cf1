//! Replay: issues and search from the logs as a new generation, which is then published,
//! with nothing running (here) or beside the live projector (`projector/online.rs`), by the
//! same steps ([`build`]). The Parquet files are left alone: they are cut from the log segment
//! by segment and do not depend on a generation.

pub(crate) mod build;
pub(crate) mod watch;

use std::{fmt, path::Path, time::Duration};

use event_log::LogReader;
use event_model::Position;
use read_model::{Checkpoints, Generation, WriterLock};

use self::{
    build::{Build, Parts, Source},
    watch::Watch,
};
use crate::{ProjectorConfig, ProjectorError, careful::Tripwire, origin::IfLost};

/// What a replay did.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayReport {
    /// The generation published.
    pub generation: u64,
    /// The issues began with a checkpoint of this position; 0: with nothing.
    pub checkpoint: Position,
    /// The last record.
    pub position: Position,
    /// Events taken in.
    pub events: u64,
    /// Commands taken in.
    pub commands: u64,
    /// Records of a newer release, unreadable ones, and those that made the projection
    /// panic: passed over.
    pub passed_over: u64,
    /// Time for the issues.
    pub issues_time: Duration,
    /// Time for the search index, at the same time.
    pub search_time: Duration,
}

impl ReplayReport {
    /// Events a second into the issues.
    pub fn issues_rate(&self) -> f64 {
        self.events as f64 / self.issues_time.as_secs_f64().max(1e-9)
    }

    /// Events a second into the search index.
    pub fn search_rate(&self) -> f64 {
        self.events as f64 / self.search_time.as_secs_f64().max(1e-9)
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "generation {}: {} events and {} commands of positions {} to {} ({} passed over); \
             issues {:.2} s ({:.0} events/s), search {:.2} s ({:.0} events/s)",
            self.generation,
            self.events,
            self.commands,
            self.checkpoint.0 + 1,
            self.position,
            self.passed_over,
            self.issues_time.as_secs_f64(),
            self.issues_rate(),
            self.search_time.as_secs_f64(),
            self.search_rate(),
        )
    }
}

/// What to replay, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayWish {
    /// What is made anew.
    pub parts: Parts,
    /// Whether to go on without what dropped events made if there is no checkpoint of it:
    /// for the day on which all checkpoints are lost.
    pub accept_loss: bool,
}

impl ReplayWish {
    /// Everything, and nothing may be lost.
    pub const ALL: Self = Self {
        parts: Parts::All,
        accept_loss: false,
    };

    pub(crate) fn if_lost(self) -> IfLost {
        if self.accept_loss {
            IfLost::Accept
        } else {
            IfLost::Refuse
        }
    }
}

/// Rebuilds the read model from the logs. Refuses while a projector holds the lock;
/// readers keep the old generation until the new one is whole.
///
/// Of a log whose oldest events were dropped, issues begin with the newest checkpoint,
/// and search has the events that are left.
pub fn replay(
    config: &ProjectorConfig,
    reader: &LogReader,
    wish: ReplayWish,
) -> Result<ReplayReport, ProjectorError> {
    replay_into_new(config, reader, wish, &Tripwire::default())
}

/// Builds the issues as they are at `end` into a new database at `path`, beside whatever projector runs: from the log, and
/// from a checkpoint if that no longer reaches back to 0.
pub fn replay_issues_aside(
    checkpoint_dir: &Path,
    reader: &LogReader,
    end: Position,
    path: &Path,
) -> Result<ReplayReport, ProjectorError> {
    build::issues_aside(checkpoint_dir, reader, end, path, &Watch::default())
}

/// The earliest position that issues can be built as of: before the first record of a log that is whole; else where the
/// oldest checkpoint is that the log still leads on from.
pub fn earliest_replay(
    checkpoint_dir: &Path,
    reader: &LogReader,
) -> Result<Position, ProjectorError> {
    let first = reader.first();
    if first.sequence() <= 1 {
        return Ok(Position(0));
    }
    let positions = Checkpoints::of(checkpoint_dir).positions()?;
    let leads_on = |position: &Position| position.sequence() + 1 >= first.sequence();
    // Without one, only what is live can be told.
    let oldest = positions.into_iter().filter(leads_on).min();
    Ok(oldest.unwrap_or_else(|| reader.end()))
}

/// Builds a read model as the logs were at `end` into the folder `root`, beside whatever projector runs: to look at, never
/// to be served. Begins with a checkpoint of before `end` where the log no longer reaches back.
pub fn replay_until(
    config: &ProjectorConfig,
    reader: &LogReader,
    wish: ReplayWish,
    end: Position,
) -> Result<ReplayReport, ProjectorError> {
    build_whole(config, reader, wish, &Tripwire::default(), Some(end))
}

pub(crate) fn replay_into_new(
    config: &ProjectorConfig,
    reader: &LogReader,
    wish: ReplayWish,
    tripwire: &Tripwire,
) -> Result<ReplayReport, ProjectorError> {
    build_whole(config, reader, wish, tripwire, None)
}

fn build_whole(
    config: &ProjectorConfig,
    reader: &LogReader,
    wish: ReplayWish,
    tripwire: &Tripwire,
    end: Option<Position>,
) -> Result<ReplayReport, ProjectorError> {
    let lock = WriterLock::acquire(&config.read_model_dir)?;
    let live = Generation::open_current(&config.read_model_dir)?;
    let generation = Generation::create_new(&lock)?;
    let watch = Watch::default();
    let source = Source {
        config,
        reader,
        if_lost: wish.if_lost(),
        tripwire,
        watch: &watch,
        is_alone: true,
    };
    let end = end.unwrap_or_else(|| reader.end());
    let mut build = Build::begin(source, wish.parts, &generation, live.as_ref(), end)?;
    build.bring_to(end)?;
    let build = build.seal()?;
    if let Some(live) = &live {
        build.take_over_search(live)?;
    }
    let report = ReplayReport {
        generation: generation.number(),
        checkpoint: build.base,
        position: build.position(),
        events: build.taken.events,
        commands: build.taken.commands,
        passed_over: build.taken.others,
        issues_time: build.issues_time,
        search_time: build.search_time,
    };
    drop(build);
    generation.publish(&lock)?;
    generation.remove_others(&lock)?;
    Ok(report)
}
