//! Random filters over a random split between files and log give what a naive reader gives.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use event_model::{EventId, Level, Position, StoredEvent};
use grouping::Grouper;
use object_store::ObjectStore;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sql_engine::cold::{ColdError, ColdFiles, ColdList};

use crate::world::{BOUNDS, T0_MS, World, event, events};

/// Shows the files of the first segments alone: the rest is read in the log.
#[derive(Debug)]
struct Cut {
    files: Arc<dyn ColdFiles>,
    segments: Arc<AtomicUsize>,
}

impl ColdFiles for Cut {
    fn list(&self) -> Result<ColdList, ColdError> {
        let mut list = self.files.list()?;
        let ends: BTreeSet<Position> = list.files.iter().map(|found| found.file.last).collect();
        let shown = self.segments.load(Ordering::SeqCst);
        let through = ends
            .into_iter()
            .take(shown)
            .next_back()
            .unwrap_or(Position(0));
        list.files.retain(|found| found.file.last <= through);
        Ok(ColdList { through, ..list })
    }

    fn store(&self) -> Result<Option<Arc<dyn ObjectStore>>, ColdError> {
        self.files.store()
    }
}

/// A row, as the naive reader has it.
struct Row {
    position: u64,
    event_id: String,
    project_id: u32,
    received_ns: i64,
    level: &'static str,
    release: String,
    environment: String,
    kind: String,
    browser: String,
}

impl Row {
    fn of(position: Position, event: &StoredEvent) -> Self {
        let head = event.head();
        let group = Grouper::standard().group(event.whole());
        let browser = head.tags.iter().find(|pair| pair.0 == "browser");
        Self {
            position: position.0,
            event_id: EventId(head.event_id).to_string(),
            project_id: head.project_id.to_native(),
            received_ns: head.received_ns.to_native(),
            level: Level::from_number(head.level).name(),
            release: head.release.to_string(),
            environment: head.environment.to_string(),
            kind: group.headline.ty,
            browser: browser.map(|pair| pair.1.to_string()).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Clone)]
enum Filter {
    Position(&'static str, u64),
    Id(u64),
    Project(u32),
    Received(&'static str, i64),
    Level(Vec<&'static str>),
    Release(&'static str, String),
    Environment(String),
    Kind(String),
    Browser(String),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
}

fn compare<T: PartialOrd>(one: &T, op: &str, other: &T) -> bool {
    match op {
        "<" => one < other,
        "<=" => one <= other,
        ">" => one > other,
        ">=" => one >= other,
        "=" => one == other,
        _ => one != other,
    }
}

impl Filter {
    fn sql(&self) -> String {
        match self {
            Self::Position(op, n) => format!("position {op} {n}"),
            Self::Id(n) => format!("event_id = '{n:032x}'"),
            Self::Project(n) => format!("project_id = {n}"),
            Self::Received(op, s) => {
                format!("received_at {op} to_timestamp_nanos({})", received(*s))
            }
            Self::Level(levels) => format!("level IN ('{}')", levels.join("','")),
            Self::Release(op, release) => format!("release {op} '{release}'"),
            Self::Environment(name) => format!("environment = '{name}'"),
            Self::Kind(name) => format!("type = '{name}'"),
            Self::Browser(name) => format!("tags['browser'] = '{name}'"),
            Self::And(one, other) => format!("({} AND {})", one.sql(), other.sql()),
            Self::Or(one, other) => format!("({} OR {})", one.sql(), other.sql()),
            Self::Not(one) => format!("NOT ({})", one.sql()),
        }
    }

    fn passes(&self, row: &Row) -> bool {
        match self {
            Self::Position(op, n) => compare(&row.position, op, n),
            Self::Id(n) => row.event_id == format!("{n:032x}"),
            Self::Project(n) => row.project_id == *n,
            Self::Received(op, s) => compare(&row.received_ns, op, &received(*s)),
            Self::Level(levels) => levels.contains(&row.level),
            Self::Release(op, release) => compare(&row.release, op, release),
            Self::Environment(name) => row.environment == *name,
            Self::Kind(name) => row.kind == *name,
            Self::Browser(name) => row.browser == *name,
            Self::And(one, other) => one.passes(row) && other.passes(row),
            Self::Or(one, other) => one.passes(row) || other.passes(row),
            Self::Not(one) => !one.passes(row),
        }
    }
}

fn received(second: i64) -> i64 {
    T0_MS * 1_000_000 + second * 1_000_000_000
}

fn filters() -> impl Strategy<Value = Filter> {
    let op = || prop::sample::select(vec!["<", "<=", ">", ">=", "=", "<>"]);
    let leaf = prop_oneof![
        (op(), 0_u64..900).prop_map(|(op, n)| Filter::Position(op, n)),
        (0_u64..800).prop_map(Filter::Id),
        (0_u32..4).prop_map(Filter::Project),
        (op(), -5_i64..800).prop_map(|(op, s)| Filter::Received(op, s)),
        prop::sample::subsequence(vec!["error", "fatal", "warning", "debug"], 1..4)
            .prop_map(Filter::Level),
        (op(), 0..5).prop_map(|(op, n)| Filter::Release(op, format!("shop@1.{n}"))),
        prop::sample::select(vec!["production", "staging", ""])
            .prop_map(|name| Filter::Environment(name.to_owned())),
        prop::sample::select(vec!["TypeError", "ValueError", "Nothing"])
            .prop_map(|name| Filter::Kind(name.to_owned())),
        prop::sample::select(vec!["Firefox", "Safari", "Lynx"])
            .prop_map(|name| Filter::Browser(name.to_owned())),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let two = || {
            (
                inner.clone().prop_map(Box::new),
                inner.clone().prop_map(Box::new),
            )
        };
        prop_oneof![
            two().prop_map(|(one, other)| Filter::And(one, other)),
            two().prop_map(|(one, other)| Filter::Or(one, other)),
            inner.clone().prop_map(|one| Filter::Not(Box::new(one))),
        ]
    })
}

#[test]
fn random_filters_over_a_random_split_find_what_a_naive_reader_finds() {
    let segments = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&segments);
    let world = World::with(BOUNDS, move |files| {
        Arc::new(Cut {
            files,
            segments: shown,
        })
    });
    for n in 0..700 {
        world.append(&event(n));
    }
    world.settle();
    let rows: Vec<Row> = events(&world.log.reader())
        .iter()
        .map(|(position, event)| Row::of(*position, event))
        .collect();
    assert_eq!(rows.len(), 700);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 96,
        ..Config::default()
    });
    let cases = (filters(), 0_usize..5);
    let ended = runner.run(&cases, |(filter, shown)| {
        segments.store(shown, Ordering::SeqCst);
        let query = format!(
            "SELECT position FROM events WHERE {} ORDER BY position",
            filter.sql()
        );
        let answer = runtime.block_on(world.ask(&query));
        let found: Vec<u64> = answer
            .rows()
            .iter()
            .map(|row| row[0].as_u64().unwrap())
            .collect();
        let expected = rows.iter().filter(|row| filter.passes(row));
        let expected: Vec<u64> = expected.map(|row| row.position).collect();
        prop_assert_eq!(
            found,
            expected,
            "{} with {} segments in files",
            query,
            shown
        );
        Ok(())
    });
    if let Err(error) = ended {
        panic!("{error}");
    }
    let list = segments.load(Ordering::SeqCst);
    assert!(list < 5);
}

#[test]
fn a_row_is_the_same_from_file_and_log() {
    let segments = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&segments);
    let world = World::with(BOUNDS, move |files| {
        Arc::new(Cut {
            files,
            segments: shown,
        })
    });
    for n in 0..200 {
        world.append(&event(n));
    }
    world.settle();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let all = || {
        runtime
            .block_on(world.ask("SELECT * FROM events ORDER BY position"))
            .rows()
    };
    let of_log = all();
    segments.store(100, Ordering::SeqCst);
    let of_both = all();
    assert_eq!(of_log.len(), 200);
    for (one, other) in of_log.iter().zip(&of_both) {
        assert_eq!(one, other);
    }
    // Some of it came from files.
    let plan = runtime.block_on(world.ask("EXPLAIN SELECT title FROM events"));
    assert!(plan.text.contains("parquet"), "{}", plan.text);
}
