//! A generation that is built beside the one that readers have: each of its parts anew from
//! the log, or taken over from that one.
//!
//! Invariant: what is taken over is a copy or a second name of files that never change, so
//! neither the build nor its end changes anything of the generation it is taken from. The
//! build may be left at any moment; what it made is removed with its folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use event_log::{Entry, LogReader};
use event_model::Position;
use read_model::{
    Generation, ReadModelError, copy_database,
    issues::{IssueWriter, writer::Durability},
    search::SearchWriter,
};

use super::{
    ReplayReport,
    watch::{Part, Watch},
};
use crate::{
    ProjectorConfig, ProjectorError,
    careful::Tripwire,
    consumers::{
        grouped::Grouped,
        records::Records,
        search::{self, Old, index_old},
    },
    issues::fold::{BatchEnd, IssueFold, Taken},
    origin::{self, IfLost},
};

/// Records of a transaction: large, since nobody reads along, but bounded in memory.
const BATCH_RECORDS_MAX: u64 = 100_000;
/// Records of a search commit.
const COMMIT_RECORDS_MAX: u64 = 500_000;
/// Records between two looks at who watches: a batch that somebody waits for ends there.
const LOOK_RECORDS: u64 = 1_024;

/// Which parts are made anew; the others are taken over from the generation that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// Issues and search.
    All,
    /// The database of issues.
    Issues,
    /// The search index.
    Search,
}

impl Parts {
    fn has(self, part: Part) -> bool {
        match self {
            Self::All => true,
            Self::Issues => part == Part::Issues,
            Self::Search => part == Part::Search,
        }
    }
}

/// What the logs are read with.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) config: &'a ProjectorConfig,
    pub(crate) reader: &'a LogReader,
    pub(crate) if_lost: IfLost,
    pub(crate) tripwire: &'a Tripwire,
    pub(crate) watch: &'a Watch,
    /// Nothing runs beside it: it may take more memory.
    pub(crate) is_alone: bool,
}

/// See the module.
pub(crate) struct Build<'a> {
    source: Source<'a>,
    parts: Parts,
    generation: &'a Generation,
    issues: IssueFold,
    durability: Durability,
    old: Old,
    /// What the issues began with: a position of a checkpoint; 0: nothing.
    pub(crate) base: Position,
    pub(crate) taken: Taken,
    pub(crate) issues_time: Duration,
    pub(crate) search_time: Duration,
}

impl<'a> Build<'a> {
    /// Begins in an empty `generation`, to be as the log is at `end` at least; `live` is what
    /// parts are taken over from.
    pub(crate) fn begin(
        source: Source<'a>,
        parts: Parts,
        generation: &'a Generation,
        live: Option<&Generation>,
        end: Position,
    ) -> Result<Self, ProjectorError> {
        let path = generation.issues_path();
        let checkpoints = &source.config.checkpoints.dir;
        let writer = match live {
            Some(live) if !parts.has(Part::Issues) => {
                copy_database(&live.issues_path(), &path)?;
                IssueWriter::open_for(&path, Durability::Build)?
            }
            _ => origin::issues(
                &path,
                Durability::Build,
                source.reader,
                checkpoints,
                (source.if_lost, end),
            )?,
        };
        let base = writer.position();
        Ok(Self {
            source,
            parts,
            generation,
            issues: IssueFold::new(path, Durability::Build, writer, source.tripwire.clone()),
            durability: Durability::Build,
            old: Old::new(&source.config.cold),
            base,
            taken: Taken::default(),
            issues_time: Duration::ZERO,
            search_time: Duration::ZERO,
        })
    }

    /// Brings what is made of the log to `end`: both parts at once.
    pub(crate) fn bring_to(&mut self, end: Position) -> Result<(), ProjectorError> {
        let source = self.source;
        let builds_search = self.parts.has(Part::Search);
        let (issues, old, dir) = (
            &mut self.issues,
            &mut self.old,
            self.generation.search_path(),
        );
        let (taken, search) = thread::scope(|scope| {
            let search =
                builds_search.then(|| scope.spawn(move || index(&dir, source, (old, end))));
            let started = Instant::now();
            let log = (source.reader, source.watch);
            let taken = fold(issues, log, end).map(|taken| (taken, started.elapsed()));
            (taken, search.map(thread::ScopedJoinHandle::join))
        });
        let (taken, time) = taken?;
        self.taken.add(taken);
        self.issues_time += time;
        if let Some(search) = search {
            self.search_time += search.map_err(|_| ProjectorError::Panicked("search"))??;
        }
        Ok(())
    }

    /// Makes the database durable; from now on it is written as a published one.
    pub(crate) fn seal(self) -> Result<Self, ProjectorError> {
        let path = self.generation.issues_path();
        if self.durability == Durability::Live {
            return Ok(self);
        }
        if let Some(writer) = self.issues.into_writer() {
            writer.seal()?;
        }
        let writer = IssueWriter::open(&path)?;
        let tripwire = self.source.tripwire.clone();
        Ok(Self {
            issues: IssueFold::new(path, Durability::Live, writer, tripwire),
            durability: Durability::Live,
            ..self
        })
    }

    /// Takes over the search index of `live`, which nobody writes to at the moment, if it is
    /// not made anew.
    pub(crate) fn take_over_search(&self, live: &Generation) -> Result<(), ProjectorError> {
        if !self.parts.has(Part::Search) {
            link_tree(&live.search_path(), &self.generation.search_path())?;
        }
        Ok(())
    }

    /// The last record that the issues have.
    pub(crate) fn position(&self) -> Position {
        self.issues.position()
    }
}

/// Issues alone, as they are at `end`, into a new database at `path`.
pub(super) fn issues_aside(
    checkpoint_dir: &Path,
    reader: &LogReader,
    end: Position,
    path: &Path,
    watch: &Watch,
) -> Result<ReplayReport, ProjectorError> {
    let ends = (IfLost::Refuse, end);
    let writer = origin::issues(path, Durability::Build, reader, checkpoint_dir, ends)?;
    let checkpoint = writer.position();
    let started = Instant::now();
    let mut issues = IssueFold::new(
        path.to_owned(),
        Durability::Build,
        writer,
        Tripwire::default(),
    );
    let taken = fold(&mut issues, (reader, watch), end)?;
    let position = issues.position();
    if let Some(writer) = issues.into_writer() {
        writer.seal()?;
    }
    Ok(ReplayReport {
        generation: 0,
        checkpoint,
        position,
        events: taken.events,
        commands: taken.commands,
        passed_over: taken.others,
        issues_time: started.elapsed(),
        search_time: Duration::ZERO,
    })
}

/// Issues up to `end`.
fn fold(
    issues: &mut IssueFold,
    (reader, watch): (&LogReader, &Watch),
    end: Position,
) -> Result<Taken, ProjectorError> {
    let batch = BatchEnd {
        position: end,
        records: BATCH_RECORDS_MAX,
    };
    let mut all = Taken::default();
    loop {
        let (before, first) = (issues.position(), reader.first());
        if before.sequence() + 1 < first.sequence() {
            return Err(ProjectorError::RecordsDropped {
                name: "issues",
                position: before,
                first,
            });
        }
        let is_called = |taken: u64| taken.is_multiple_of(LOOK_RECORDS) && watch.wants_a_word();
        let taken = issues.take((reader, reader), batch, is_called)?;
        all.add(taken);
        watch.pass(Part::Issues, issues.position(), taken.records)?;
        if taken.records == 0 {
            return Ok(all);
        }
    }
}

/// The search index in `dir` up to `end`.
fn index(
    dir: &Path,
    source: Source<'_>,
    (old, end): (&mut Old, Position),
) -> Result<Duration, ProjectorError> {
    let (reader, watch) = (source.reader, source.watch);
    let started = Instant::now();
    let mut writer = if source.is_alone {
        SearchWriter::open_to_rebuild(dir)?
    } else {
        SearchWriter::open(dir)?
    };
    let mut last = writer.position();
    while last.0 + 1 < reader.first().0
        && let Some(read) = index_old(&mut writer, old, (last, reader.first()), || false)?
    {
        last = read.end;
        writer.commit(last)?;
        watch.pass(Part::Search, last, read.events)?;
    }
    let (mut uncommitted, mut untold) = (0, 0);
    let mut grouped = Grouped::new("search");
    grouped.bring_to(reader, last)?;
    for record in Records::after(reader, last, "search") {
        let (position, entry) = record?;
        if position > end {
            break;
        }
        match &entry {
            Some(Entry::Event(event)) => {
                let place = (reader, position);
                search::add(&mut writer, &mut grouped, place, event, source.tripwire)?;
            }
            Some(Entry::Command { number, command }) if command.decision.groups_anew() => {
                let place = (position, *number);
                search::group_anew(&mut writer, reader, place, command, || false)?;
            }
            _ => {}
        }
        grouped.pass(position, entry.as_ref());
        last = position;
        uncommitted += 1;
        untold += 1;
        if untold >= LOOK_RECORDS {
            watch.pass(Part::Search, last, untold)?;
            untold = 0;
        }
        if uncommitted >= COMMIT_RECORDS_MAX {
            uncommitted = 0;
            writer.commit(last)?;
        }
    }
    writer.close(last)?;
    watch.pass(Part::Search, last, untold)?;
    Ok(started.elapsed())
}

/// A second name for each file below `from`, in the same folders below `to`. Files of an
/// index are written once, or replaced by a rename: neither changes what the other name has.
fn link_tree(from: &Path, to: &Path) -> Result<(), ReadModelError> {
    let mut folders = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = folders.pop() {
        fs::create_dir_all(&to).map_err(ReadModelError::io("create", &to))?;
        let entries = match fs::read_dir(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(ReadModelError::io("list", &from))?,
        };
        for entry in entries {
            let entry = entry.map_err(ReadModelError::io("list", &from))?;
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry
                .file_type()
                .map_err(ReadModelError::io("look at", &path))?;
            let target: PathBuf = to.join(name);
            if kind.is_dir() {
                folders.push((path, target));
            } else {
                fs::hard_link(&path, &target).map_err(ReadModelError::io("link", &target))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_linked_tree_keeps_what_it_had() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        fs::create_dir_all(from.join("day")).unwrap();
        fs::write(from.join("day/meta.json"), "1").unwrap();
        fs::write(from.join("position"), "7").unwrap();
        link_tree(&from, &to).unwrap();
        let new = from.join("position.new");
        fs::write(&new, "8").unwrap();
        fs::rename(&new, from.join("position")).unwrap();
        fs::remove_dir_all(from.join("day")).unwrap();
        assert_eq!(fs::read_to_string(to.join("position")).unwrap(), "7");
        assert_eq!(fs::read_to_string(to.join("day/meta.json")).unwrap(), "1");
    }

    #[test]
    fn a_tree_that_is_not_there_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("b");
        link_tree(&dir.path().join("none"), &to).unwrap();
        assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    }
}
