#![allow(clippy::unwrap_used)]

mod cold;
mod rules;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{LogConfig, LogReader, LogWriter};
use event_model::{
    Actor, Command, Decision, DiscardedIssue, IssueId, IssueStatus, Position, ProjectId,
    access::Sight, head::Head,
};
use read_model::{
    Generation,
    issues::{IssueWriter, writer::Durability},
    search::reader::{EventFilter, From, Reader},
};
use rusqlite::Connection;

use super::{Consumer, Progress, Stop, issues::IssueConsumer, search::SearchConsumer};
use crate::{
    Projector, ProjectorConfig, ProjectorError, ReplayWish,
    careful::Tripwire,
    replay,
    testing::{NOON_NS, message, stored},
};

pub(crate) mod applied;
mod merges;
mod past;

/// Longest wait for a condition.
const DEADLINE: Duration = Duration::from_mins(1);
const DAY_NS: i64 = 86_400_000_000_000;

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) log: LogWriter,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = LogWriter::open(LogConfig {
            events_segment_bytes: 64 * 1024,
            ..LogConfig::new(dir.path().join("log"))
        });
        let log = log.unwrap();
        Self { dir, log }
    }

    pub(crate) fn config(&self) -> ProjectorConfig {
        ProjectorConfig::new(self.dir.path())
    }

    pub(crate) fn cold_dir(&self) -> PathBuf {
        self.dir.path().join("cold")
    }

    pub(crate) fn reader(&self) -> LogReader {
        self.log.reader()
    }

    /// Appends events with ids from `first`, every third of them on the next day,
    /// and waits until they are durable.
    pub(crate) fn append(&self, ids: std::ops::Range<u32>) {
        let tickets: Vec<_> = ids
            .map(|id| {
                let head = numbered_head(id);
                self.log.append_event(&head, body_of(id)).unwrap()
            })
            .collect();
        for ticket in tickets {
            ticket.wait().unwrap();
        }
    }

    pub(crate) fn command(&self, decision: Decision) {
        let command = Command {
            actor: Actor::Admin,
            at_ns: NOON_NS,
            decision,
        };
        self.log.append_command_blocking(command).unwrap();
    }

    pub(crate) fn resolve(&self, id: u32) {
        self.command(Decision::SetIssueStatus {
            issues: vec![issue_of(id)],
            status: IssueStatus::Resolved,
        });
    }

    pub(crate) fn discard(&self, id: u32) {
        self.command(Decision::DiscardIssues {
            issues: vec![DiscardedIssue {
                id: issue_of(id),
                project_id: ProjectId(1),
                stacks: Vec::new(),
            }],
        });
    }

    pub(crate) fn current(&self) -> Generation {
        let root = self.config().read_model_dir;
        Generation::open_current(&root).unwrap().unwrap()
    }
}

pub(crate) fn numbered_head(id: u32) -> Head {
    let mut event_id = [0; 16];
    event_id[..4].copy_from_slice(&id.to_be_bytes());
    Head {
        event_id,
        received_ns: NOON_NS + DAY_NS * i64::from(id % 3 / 2),
        tags: vec![("n".into(), (id % 5).to_string())],
        user: format!("id:{}", id % 11),
        ..message(["alpha", "beta", "gamma", "delta"][id as usize % 4])
    }
}

/// The issue of the event with this id.
fn issue_of(id: u32) -> IssueId {
    let head = numbered_head(id);
    let print = grouping::Grouper::standard().fingerprint(stored(&head).whole());
    IssueId::derive(ProjectId(1), print)
}

fn body_of(id: u32) -> Vec<u8> {
    format!("{{\"n\":{id},\"pad\":\"{}\"}}", "x".repeat(200)).into_bytes()
}

/// A search that is ahead of whatever waits for it.
pub(crate) fn far() -> Arc<Progress> {
    let search = Arc::<Progress>::default();
    search.set_position(Position(u64::MAX));
    search
}

#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::yield_now();
    }
}

pub(crate) fn caught_up(projector: &Projector, reader: &LogReader) -> bool {
    let end = reader.end();
    let status = projector.status();
    status
        .iter()
        .filter(|projection| projection.name != "cold")
        .all(|projection| projection.position == end)
}

/// Every row of every table of a generation's issue database, as text.
pub(crate) fn dump(generation: &Generation) -> BTreeMap<String, Vec<String>> {
    dump_file(&generation.issues_path())
}

/// The same of any.
pub(crate) fn dump_file(path: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = Connection::open(path).unwrap();
    let mut tables = BTreeMap::new();
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table'";
    let mut names = connection.prepare(sql).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for name in names.map(Result::unwrap) {
        let sql = format!("SELECT * FROM \"{name}\"");
        let mut statement = connection.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns).map(|i| row.get::<_, rusqlite::types::Value>(i));
            Ok(format!("{:?}", cells.collect::<Result<Vec<_>, _>>()?))
        });
        let mut rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
        rows.sort();
        tables.insert(name, rows);
    }
    tables
}

pub(crate) fn total(generation: &Generation) -> i64 {
    let connection = Connection::open(generation.issues_path()).unwrap();
    let sql = "SELECT coalesce(sum(count), 0) FROM issue";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The positions that search finds, ascending.
pub(crate) fn found(search_dir: &Path) -> Vec<Position> {
    let reader = Reader::open(search_dir).unwrap();
    let all = EventFilter::default();
    let hits = reader
        .list(&Sight::All, &all, From::Oldest, 100_000)
        .unwrap();
    hits.into_iter().map(|hit| hit.position).collect()
}

#[test]
fn replayed_equals_live_with_commands_under_load() {
    let world = World::new();
    let reader = world.reader();
    let projector = Projector::start(&world.config(), reader.clone()).unwrap();
    for round in 0..12 {
        world.append(round * 50..round * 50 + 50);
        world.resolve(round);
        world.command(Decision::AdvanceAlertCursor {
            position: u64::from(round) * 20,
        });
    }
    until("live projections reach the end", || {
        caught_up(&projector, &reader)
    });
    let live = world.current();
    projector.stop().unwrap();
    let expected = dump(&live);
    let expected_found = found(&live.search_path());
    assert!(expected["transition"].len() > 12, "{expected:?}");
    assert_eq!(expected_found.len(), 600);

    let report = replay(&world.config(), &reader, ReplayWish::ALL).unwrap();
    let replayed = world.current();
    assert_eq!((report.events, report.commands), (600, 24));
    assert!(replayed.number() > live.number());
    assert_eq!(dump(&replayed), expected);
    assert_eq!(found(&replayed.search_path()), expected_found);
    assert!(!live.path().exists(), "the old generation should be gone");

    // The replayed generation goes on live.
    let projector = Projector::start(&world.config(), reader.clone()).unwrap();
    world.append(600..610);
    until("it goes on", || caught_up(&projector, &reader));
    assert_eq!(projector.generation().as_ref(), Some(&replayed));
    projector.stop().unwrap();
    assert_eq!(total(&replayed), 610);
}

/// What was decided before a start is known after it, wherever the start goes on.
#[test]
fn a_restart_knows_the_control_state_of_its_position() {
    let world = World::new();
    let reader = world.reader();
    let run = || {
        let projector = Projector::start(&world.config(), reader.clone()).unwrap();
        until("it reaches the end", || caught_up(&projector, &reader));
        projector.stop().unwrap();
    };
    world.append(0..8);
    world.discard(0);
    world.append(8..16);
    run();
    world.append(16..24);
    run();
    world.command(Decision::UndiscardIssues {
        issues: vec![issue_of(0)],
    });
    world.append(24..28);
    run();
    let live = dump(&world.current());
    let turned_away = |ids: u32| {
        let cells = format!("[Integer({}), Integer({ids})]", issue_of(0).0 as i64);
        vec![cells]
    };
    assert_eq!(live["turned_away"], turned_away(4), "8, 12, 16 and 20");
    assert!(live["discarded"].is_empty());
    assert_eq!(total(&world.current()), 28 - 4);
    assert!(live["meta"].contains(&r#"[Text("command"), Integer(2)]"#.to_owned()));
    replay(&world.config(), &reader, ReplayWish::ALL).unwrap();
    assert_eq!(dump(&world.current()), live);
}

#[test]
fn replay_and_a_second_projector_are_refused_while_one_runs() {
    let world = World::new();
    let projector = Projector::start(&world.config(), world.reader()).unwrap();
    let refused = |error: ProjectorError| {
        let error: &dyn std::error::Error = &error;
        error.source().unwrap().to_string().contains("is locked")
    };
    assert!(refused(
        replay(&world.config(), &world.reader(), ReplayWish::ALL).unwrap_err()
    ));
    assert!(refused(
        Projector::start(&world.config(), world.reader()).unwrap_err()
    ));
    projector.stop().unwrap();
    replay(&world.config(), &world.reader(), ReplayWish::ALL).unwrap();
}

#[test]
fn an_event_is_listed_once_it_is_durable() {
    let world = World::new();
    let reader = world.reader();
    let projector = Projector::start(&world.config(), reader.clone()).unwrap();
    world.append(0..1);
    until("it is listed", || {
        projector.status()[0].position == reader.end()
    });
}

#[test]
fn a_crash_between_any_two_steps_costs_and_doubles_nothing() {
    let world = World::new();
    let reader = world.reader();
    let (issues_path, search_dir) = (
        world.dir.path().join("read-model"),
        world.dir.path().join("search"),
    );
    let lock = read_model::WriterLock::acquire(&issues_path).unwrap();
    let generation = Generation::create_new(&lock).unwrap();
    IssueWriter::create(&generation.issues_path(), Durability::Live).unwrap();
    let stop = Stop::default();
    let mut old_positions = Vec::new();
    for round in 0..6 {
        world.append(round * 40..round * 40 + 40);
        let writer = IssueWriter::open(&generation.issues_path()).unwrap();
        let mut issues = IssueConsumer::new(generation.clone(), writer, far(), Tripwire::default());
        let mut search = SearchConsumer::open(
            search_dir.clone(),
            &world.config().cold,
            Tripwire::default(),
        )
        .unwrap();
        assert_eq!(issues.step(&reader, &stop).unwrap(), 40);
        search.step(&reader, &stop).unwrap();
        // Added, not committed; then the process is gone.
        world.append(1000 + round..1001 + round);
        search.step(&reader, &stop).unwrap();
        drop(search);
        // A power cut may also take the newest position files back.
        let file = search_dir.join("position");
        old_positions.push(std::fs::read(&file).unwrap());
        std::fs::write(&file, &old_positions[round as usize / 2]).unwrap();
        // The next round's issues see the extra event as well.
        let writer = IssueWriter::open(&generation.issues_path()).unwrap();
        drop(issues);
        let mut issues = IssueConsumer::new(generation.clone(), writer, far(), Tripwire::default());
        assert_eq!(issues.step(&reader, &stop).unwrap(), 1);
    }
    assert_eq!(total(&generation), 246);
    let mut search = SearchConsumer::open(
        search_dir.clone(),
        &world.config().cold,
        Tripwire::default(),
    )
    .unwrap();
    search.step(&reader, &stop).unwrap();
    search.close().unwrap();
    let all: Vec<Position> = (1..=246).map(Position).collect();
    assert_eq!(found(&search_dir), all);
    std::fs::write(search_dir.join("position"), "").unwrap();
    let mut search = SearchConsumer::open(
        search_dir.clone(),
        &world.config().cold,
        Tripwire::default(),
    )
    .unwrap();
    assert_eq!(search.step(&reader, &stop).unwrap(), 246);
    search.close().unwrap();
    assert_eq!(found(&search_dir), all);
}

#[test]
fn a_corrupt_issue_database_is_rebuilt_at_start() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..100);
    for damage in ["garbage", "missing", "marked", "foreign schema"] {
        let projector = Projector::start(&world.config(), reader.clone()).unwrap();
        until("caught up", || caught_up(&projector, &reader));
        projector.stop().unwrap();
        let before = world.current();
        let path = before.issues_path();
        match damage {
            "garbage" => std::fs::write(&path, vec![7; 100_000]).unwrap(),
            "missing" => std::fs::remove_file(&path).unwrap(),
            "marked" => before.mark_damaged().unwrap(),
            _ => {
                let sql = "UPDATE meta SET value = 99 WHERE key = 'schema_version'";
                Connection::open(&path).unwrap().execute(sql, []).unwrap();
            }
        }
        let projector = Projector::start(&world.config(), reader.clone()).unwrap();
        until(damage, || caught_up(&projector, &reader));
        projector.stop().unwrap();
        let after = world.current();
        assert!(after.number() > before.number(), "{damage}");
        assert_eq!(total(&after), 100, "{damage}");
        assert_eq!(found(&after.search_path()).len(), 100, "{damage}");
    }
}

#[test]
fn a_corrupt_search_index_is_rebuilt_while_running() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..30);
    let projector = Projector::start(&world.config(), reader.clone()).unwrap();
    until("caught up", || caught_up(&projector, &reader));
    projector.stop().unwrap();
    let search_dir = world.current().search_path();
    let day = search_dir.join("2026-11-22").join("meta.json");
    std::fs::write(day, "not json").unwrap();
    world.append(30..40);
    let projector = Projector::start(&world.config(), reader.clone()).unwrap();
    until("rebuilt", || caught_up(&projector, &reader));
    projector.stop().unwrap();
    assert_eq!(found(&search_dir).len(), 40);
}

#[test]
fn a_read_model_ahead_of_its_log_is_of_another_log() {
    let (old, new) = (World::new(), World::new());
    old.append(0..50);
    new.append(0..20);
    let config = new.config();
    let projector = Projector::start(&config, old.reader()).unwrap();
    until("caught up", || caught_up(&projector, &old.reader()));
    projector.stop().unwrap();
    let projector = Projector::start(&config, new.reader()).unwrap();
    until("rebuilt", || caught_up(&projector, &new.reader()));
    projector.stop().unwrap();
    assert_eq!(total(&new.current()), 20);
}
