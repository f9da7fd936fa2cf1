//! Offline replay: rebuilds issues and search from the logs as a new generation and
//! publishes it. The Parquet files are left alone: they are cut from the log segment
//! by segment and do not depend on a generation.

use std::{
    fmt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use event_log::{Entry, LogReader};
use event_model::Position;
use read_model::{
    Generation, WriterLock,
    issues::{IssueWriter, writer::Durability},
    search::SearchWriter,
};

use crate::{
    ProjectorConfig, ProjectorError,
    careful::Tripwire,
    consumers::{
        grouped::Grouped,
        records::Records,
        search::{self, Old, index_old},
    },
    issues::fold::{BatchEnd, IssueFold},
    origin::{self, IfLost},
};

/// Records of a transaction: large, since nobody reads along, but bounded in memory.
const BATCH_RECORDS_MAX: u64 = 100_000;
/// Records of a search commit.
const COMMIT_RECORDS_MAX: u64 = 500_000;

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

/// Rebuilds the read model from the logs. Refuses while a projector holds the lock;
/// readers keep the old generation until the new one is whole.
///
/// Of a log whose oldest events were dropped, issues begin with the newest checkpoint,
/// and search has the events that are left.
pub fn replay(
    config: &ProjectorConfig,
    reader: &LogReader,
) -> Result<ReplayReport, ProjectorError> {
    replay_into_new(config, reader, IfLost::Refuse, &Tripwire::default())
}

/// The same, but goes on without what dropped events made if there is no checkpoint of
/// it: for the day on which all checkpoints are lost.
pub fn replay_accepting_loss(
    config: &ProjectorConfig,
    reader: &LogReader,
) -> Result<ReplayReport, ProjectorError> {
    replay_into_new(config, reader, IfLost::Accept, &Tripwire::default())
}

/// Builds the issues as they are at `end` into a new database at `path`, beside whatever projector runs: from the log, and
/// from a checkpoint if that no longer reaches back to 0.
pub fn replay_issues_aside(
    checkpoint_dir: &Path,
    reader: &LogReader,
    end: Position,
    path: &Path,
) -> Result<ReplayReport, ProjectorError> {
    let ends = (IfLost::Refuse, end);
    let writer = origin::issues(path, Durability::Build, reader, checkpoint_dir, ends)?;
    replay_issues(writer, path, reader, end, &Tripwire::default())
}

pub(crate) fn replay_into_new(
    config: &ProjectorConfig,
    reader: &LogReader,
    if_lost: IfLost,
    tripwire: &Tripwire,
) -> Result<ReplayReport, ProjectorError> {
    let lock = WriterLock::acquire(&config.read_model_dir)?;
    let generation = Generation::create_new(&lock)?;
    let (issues_path, search_path) = (generation.issues_path(), generation.search_path());
    let end = reader.end();
    let checkpoints = &config.checkpoints.dir;
    let base = || {
        origin::issues(
            &issues_path,
            Durability::Build,
            reader,
            checkpoints,
            (if_lost, end),
        )
    };
    let (issues, search) = thread::scope(|scope| {
        let search = scope.spawn(|| {
            let old = Old::new(&config.cold);
            replay_search(&search_path, reader, (old, end), tripwire)
        });
        let issues =
            base().and_then(|writer| replay_issues(writer, &issues_path, reader, end, tripwire));
        let search = search.join();
        (issues, search)
    });
    let mut report = issues?;
    report.search_time = search.map_err(|_| ProjectorError::Panicked("search"))??;
    report.generation = generation.number();
    generation.publish(&lock)?;
    generation.remove_others(&lock)?;
    Ok(report)
}

fn replay_issues(
    writer: IssueWriter,
    path: &Path,
    reader: &LogReader,
    end: Position,
    tripwire: &Tripwire,
) -> Result<ReplayReport, ProjectorError> {
    let started = Instant::now();
    let base = writer.position();
    let mut report = ReplayReport {
        generation: 0,
        checkpoint: base,
        position: Position(0),
        events: 0,
        commands: 0,
        passed_over: 0,
        issues_time: Duration::ZERO,
        search_time: Duration::ZERO,
    };
    let mut fold = IssueFold::new(path.to_owned(), Durability::Build, writer, tripwire.clone());
    let batch = BatchEnd {
        position: end,
        records: BATCH_RECORDS_MAX,
    };
    loop {
        let taken = fold.take((reader, reader), batch, |_| false)?;
        report.events += taken.events;
        report.commands += taken.commands;
        report.passed_over += taken.others;
        if taken.records == 0 {
            break;
        }
    }
    report.position = fold.position();
    if let Some(writer) = fold.into_writer() {
        writer.seal()?;
    }
    report.issues_time = started.elapsed();
    Ok(report)
}

fn replay_search(
    dir: &Path,
    reader: &LogReader,
    (mut old, end): (Old, Position),
    tripwire: &Tripwire,
) -> Result<Duration, ProjectorError> {
    let started = Instant::now();
    let mut writer = SearchWriter::open_to_rebuild(dir)?;
    let mut last = Position(0);
    while last.0 + 1 < reader.first().0
        && let Some(read) = index_old(&mut writer, &mut old, (last, reader.first()), || false)?
    {
        last = read.end;
        writer.commit(last)?;
    }
    let mut taken = 0;
    let mut grouped = Grouped::new("search");
    grouped.bring_to(reader, last)?;
    for record in Records::after(reader, last, "search") {
        let (position, entry) = record?;
        if position > end {
            break;
        }
        match &entry {
            Some(Entry::Event(event)) => {
                search::add(
                    &mut writer,
                    &mut grouped,
                    (reader, position),
                    event,
                    tripwire,
                )?;
            }
            Some(Entry::Command { number, command }) if command.decision.groups_anew() => {
                let place = (position, *number);
                search::group_anew(&mut writer, reader, place, command, || false)?;
            }
            _ => {}
        }
        grouped.pass(position, entry.as_ref());
        last = position;
        taken += 1;
        if taken >= COMMIT_RECORDS_MAX {
            taken = 0;
            writer.commit(last)?;
        }
    }
    writer.close(last)?;
    Ok(started.elapsed())
}
