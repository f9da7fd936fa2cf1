//! Statistics of random events by random questions, against a walk over the events.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::LazyLock,
    time::{Duration, Instant},
};

use event_model::{EventId, Fingerprint, Level, Position, ProjectId, access::Sight};
use proptest::prelude::*;
use search_language::{Expression, Field, Key, Reader as Asker, parse};

use super::*;
use crate::{
    distinct::{EXACT_MAX, STANDARD_ERROR},
    search::{
        reader::EventTest,
        schema::facet_of,
        writer::{SearchDocument, SearchWriter},
    },
};

const DAY_MS: i64 = 86_400_000;
/// 2026-11-22T00:00:00Z.
const T0_MS: i64 = 1_795_305_600_000;
const EVENTS: u64 = 900;
const RELEASES: [&str; 4] = ["", "shop@1", "shop@2", "till@\"1\""];
const PAGES: [&str; 4] = ["", "/cart", "/Cart", "/pay"];

#[derive(Debug, Clone)]
struct Event {
    number: u64,
    project: u32,
    level: Level,
    release: &'static str,
    page: &'static str,
    browser: Option<String>,
    user: String,
    weight: u64,
    at_ms: i64,
}

fn event(number: u64) -> Event {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut below = |end: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    Event {
        number,
        project: 1 + below(3) as u32,
        level: Level::ALL[below(5) as usize],
        release: RELEASES[below(4) as usize],
        page: PAGES[below(4) as usize],
        browser: (below(5) > 0).then(|| format!("b{}", below(9))),
        user: match below(4) {
            0 => String::new(),
            _ => format!("id:{}", below(700)),
        },
        weight: if below(12) == 0 { 1 + below(90) } else { 1 },
        at_ms: T0_MS + below(6 * DAY_MS as u64) as i64,
    }
}

struct Filled {
    reader: Reader,
    events: Vec<Event>,
    _dir: tempfile::TempDir,
}

/// Three days of receipt, several segments each; events happened when they did. Some were
/// put in the place of what was known of them before.
static FILLED: LazyLock<Filled> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SearchWriter::open(dir.path()).unwrap();
    let events: Vec<Event> = (1..=EVENTS).map(event).collect();
    for event in &events {
        let before = Event {
            release: "before",
            browser: Some("before".to_owned()),
            ..event.clone()
        };
        let is_replaced = event.number % 50 == 0;
        write(
            &mut writer,
            if is_replaced { &before } else { event },
            false,
        );
        if event.number % 70 == 0 {
            writer.commit(Position(event.number)).unwrap();
        }
        if is_replaced {
            write(&mut writer, event, true);
        }
    }
    writer.close(Position(EVENTS)).unwrap();
    Filled {
        reader: Reader::open(dir.path()).unwrap(),
        events,
        _dir: dir,
    }
});

fn write(writer: &mut SearchWriter, event: &Event, is_again: bool) {
    let tags: Vec<(&str, &str)> = event
        .browser
        .iter()
        .map(|browser| ("browser", browser.as_str()))
        .collect();
    let attributes: Vec<(&str, &str)> = [("transaction", event.page)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let document = SearchDocument {
        event_id: EventId([event.number as u8; 16]),
        fingerprint: event.fingerprint(),
        project_id: ProjectId(event.project),
        level: event.level,
        position: Position(event.number),
        weight: event.weight,
        timestamp_ns: event.at_ms * 1_000_000 + 5,
        received_ns: (T0_MS + 6 * DAY_MS + event.number as i64 / 300 * DAY_MS) * 1_000_000,
        message: &["boom"],
        texts: &[],
        stack: 0,
        attributes: &attributes,
        environment: "",
        release: event.release,
        user: &event.user,
        tags: &tags,
    };
    let written = if is_again {
        writer.replace(&document)
    } else {
        writer.add(&document)
    };
    written.unwrap();
}

impl Event {
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([(self.number % 7) as u8; 16])
    }

    fn value(&self, by: &SplitBy) -> SplitValue {
        let text = |text: &str| match text {
            "" => SplitValue::None,
            text => SplitValue::Text(text.to_owned()),
        };
        match by {
            SplitBy::Nothing => SplitValue::None,
            SplitBy::Level => SplitValue::Level(self.level),
            SplitBy::Project => SplitValue::Project(ProjectId(self.project)),
            SplitBy::Fingerprint => {
                SplitValue::Fingerprint(ProjectId(self.project), self.fingerprint())
            }
            SplitBy::Facet(name) => match name.as_str() {
                "release" => text(self.release),
                "transaction" => text(self.page),
                "user" => text(&self.user),
                "tag.browser" => text(self.browser.as_deref().unwrap_or_default()),
                _ => SplitValue::None,
            },
        }
    }

    fn passes(&self, query: &str) -> bool {
        match query {
            "" => true,
            "level:>=error" => self.level >= Level::Error,
            "browser:b3" => self.browser.as_deref() == Some("b3"),
            "!has:release" => self.release.is_empty(),
            "transaction:/cart" => self.page.eq_ignore_ascii_case("/cart"),
            "user:id:1* OR project:2" => self.user.starts_with("id:1") || self.project == 2,
            "nowhere" => false,
            other => panic!("{other}"),
        }
    }
}

const QUERIES: [&str; 7] = [
    "",
    "level:>=error",
    "browser:b3",
    "!has:release",
    "transaction:/cart",
    "user:id:1* OR project:2",
    "nowhere",
];

fn filter(query: &str, edges: &[i64]) -> EventFilter {
    let asker = Asker {
        now_ms: T0_MS,
        zone: jiff::tz::TimeZone::UTC,
        me: None,
        people: Vec::new(),
        projects: vec![(ProjectId(2), "till".to_owned())],
    };
    let asked = parse(query).unwrap().resolve(&asker).unwrap();
    let leaf = |leaf| Ok::<_, ()>(Expression::Term(EventTest::Leaf(leaf)));
    EventFilter {
        asked: asked.map(|asked| asked.try_map(&mut { leaf }).unwrap()),
        from_ms: edges.first().copied(),
        to_ms: edges.last().copied(),
        ..EventFilter::default()
    }
}

fn ask(edges_ms: &[i64], first: u64) -> Ask<'_> {
    Ask {
        edges_ms,
        with_users: true,
        kept: Kept::log(Position(first)),
        until: Instant::now() + Duration::from_mins(1),
        seconds: 60,
    }
}

/// A line, told without any index: users one by one.
fn line<'e>(
    edges: &[i64],
    events: impl Iterator<Item = &'e Event>,
) -> (Line, Vec<HashSet<&'e str>>) {
    let mut line = Line {
        counts: vec![0; edges.len() - 1],
        ..Line::default()
    };
    let mut users = vec![HashSet::new(); edges.len()];
    for event in events {
        let bucket = edges
            .windows(2)
            .position(|ends| event.at_ms >= ends[0] && event.at_ms < ends[1]);
        line.totals += Totals {
            events: 1,
            errors: event.weight,
        };
        line.counts[bucket.unwrap()] += event.weight;
        if !event.user.is_empty() {
            users[bucket.unwrap()].insert(event.user.as_str());
            users[edges.len() - 1].insert(event.user.as_str());
        }
    }
    (line, users)
}

fn is_near(found: u64, expected: usize) -> bool {
    if expected <= EXACT_MAX {
        return found == expected as u64;
    }
    (found as f64 / expected as f64 - 1.0).abs() < 4.0 * STANDARD_ERROR
}

fn compare(
    found: &Line,
    (expected, users): &(Line, Vec<HashSet<&str>>),
) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.totals, expected.totals);
    prop_assert_eq!(&found.counts, &expected.counts);
    let counted = found.user_counts.iter().chain([&found.users]);
    for (found, expected) in counted.zip(users) {
        prop_assert!(
            is_near(*found, expected.len()),
            "{} {}",
            found,
            expected.len()
        );
    }
    Ok(())
}

fn splits() -> Vec<SplitBy> {
    let facet = |field: Field| SplitBy::Facet(facet_of(&field).unwrap());
    vec![
        SplitBy::Nothing,
        SplitBy::Level,
        SplitBy::Project,
        SplitBy::Fingerprint,
        facet(Field::Known(Key::Release)),
        facet(Field::Known(Key::Transaction)),
        facet(Field::Known(Key::User)),
        facet(Field::Known(Key::Environment)),
        facet(Field::Tag("browser".to_owned())),
        facet(Field::Tag("brows".to_owned())),
        facet(Field::Tag("nothing".to_owned())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn statistics_are_what_a_walk_over_the_events_counts(
        query in prop::sample::select(&QUERIES[..]),
        by in prop::sample::select(splits()),
        mut edges in proptest::collection::btree_set(-1..7 * 24_i64, 2..40),
        minutes in 0..60_i64,
        first in prop_oneof![3 => Just(0_u64), 1 => 0..EVENTS],
        sight in prop_oneof![3 => Just(Sight::All), 1 => Just(Sight::only([ProjectId(1), ProjectId(2)]))],
        top in 0..4_usize,
    ) {
        edges.insert(200);
        let edges: Vec<i64> = edges.iter().map(|hour| T0_MS + (hour * 60 + minutes) * 60_000).collect();
        let (filter, ask) = (filter(query, &edges), ask(&edges, first));
        let (from, to) = (edges[0], *edges.last().unwrap());
        let passing: Vec<&Event> = FILLED.events.iter()
            .filter(|event| event.number >= first && sight.has(ProjectId(event.project)))
            .filter(|event| event.at_ms >= from && event.at_ms < to && event.passes(query))
            .collect();
        let mut expected: HashMap<SplitValue, Totals> = HashMap::new();
        for event in &passing {
            *expected.entry(event.value(&by)).or_default() += Totals { events: 1, errors: event.weight };
        }
        let found = FILLED.reader.tally(&sight, &filter, &by, &ask).unwrap();
        prop_assert_eq!(&found, &expected);
        // The total is that of the list.
        let total = FILLED.reader.total(&sight, &filter, &Kept::log(Position(first))).unwrap();
        prop_assert_eq!(total.events, passing.len() as u64);

        let mut values: Vec<SplitValue> = expected.into_keys().filter(|value| *value != SplitValue::None).collect();
        values.sort();
        values.truncate(top);
        let slots: HashMap<SplitValue, usize> = values.iter().cloned().zip(0..).collect();
        let lines = FILLED.reader.lines(&sight, &filter, &by, &slots, &ask).unwrap();
        compare(&lines.all, &line(&edges, passing.iter().copied()))?;
        let is_other = |event: &&&Event| !values.contains(&event.value(&by));
        compare(&lines.others, &line(&edges, passing.iter().filter(is_other).copied()))?;
        for (value, found) in values.iter().zip(&lines.slots) {
            let of = passing.iter().filter(|event| event.value(&by) == *value).copied();
            compare(found, &line(&edges, of))?;
        }
    }

    #[test]
    fn facets_are_what_a_walk_over_the_events_counts(
        query in prop::sample::select(&QUERIES[..]),
        first in prop_oneof![3 => Just(0_u64), 1 => 0..EVENTS],
        hours in 1..150_i64,
    ) {
        let edges = [T0_MS, T0_MS + hours * 3_600_000];
        let filter = filter(query, &edges);
        let found = FILLED.reader.facets(&Sight::All, &filter, &ask(&edges, first)).unwrap();
        let passing: Vec<&Event> = FILLED.events.iter()
            .filter(|event| event.number >= first && event.at_ms < edges[1] && event.passes(query))
            .collect();
        let mut fields: BTreeMap<String, FacetCounts> = BTreeMap::new();
        let mut levels: BTreeMap<Level, u64> = BTreeMap::new();
        let mut projects: BTreeMap<ProjectId, u64> = BTreeMap::new();
        for event in &passing {
            *levels.entry(event.level).or_default() += 1;
            *projects.entry(ProjectId(event.project)).or_default() += 1;
            for name in ["release", "transaction", "user", "tag.browser"] {
                if let SplitValue::Text(value) = event.value(&SplitBy::Facet(name.to_owned())) {
                    let field = fields.entry(name.to_owned()).or_default();
                    field.events += 1;
                    *field.values.entry(value).or_default() += 1;
                }
            }
        }
        prop_assert_eq!(found.fields, fields);
        prop_assert_eq!(found.levels, levels);
        prop_assert_eq!(found.projects, projects);
        compare(&found.all, &line(&edges, passing.iter().copied()))?;
    }
}

#[test]
fn what_takes_too_long_is_given_up() {
    let edges = [0, i64::MAX / 2];
    let late = Ask {
        until: Instant::now(),
        ..ask(&edges, 0)
    };
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SearchWriter::open(dir.path()).unwrap();
    for number in 1..=6_000 {
        write(&mut writer, &event(number), false);
    }
    writer.close(Position(6_000)).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let asked = reader.tally(&Sight::All, &filter("", &edges), &SplitBy::Level, &late);
    assert!(
        matches!(asked, Err(ReadModelError::OutOfTime { seconds: 60 })),
        "{asked:?}"
    );
}
