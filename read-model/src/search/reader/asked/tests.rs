//! Random queries over an index of some events, against a walk over them.

#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use event_model::{EventId, Level, Position, access::Sight};
use proptest::prelude::*;
use search_language::{Answer, Place as Listed, Reader as Asker, field::FIELDS, parse};

use super::*;
use crate::{
    cold::Kept,
    search::{
        reader::{EventFilter, From, Reader},
        writer::{SearchDocument, SearchWriter},
    },
};

/// Fields of events that have a way of their own.
const OWN: [Key; 3] = [Key::Level, Key::Project, Key::Id];

#[test]
fn every_field_that_events_have_is_somewhere_in_the_index() {
    let schema = SearchSchema::new();
    for row in FIELDS {
        let is_placed = places(&schema).iter().any(|(key, _)| *key == row.key);
        let is_known = is_placed || OWN.contains(&row.key);
        assert_eq!(row.events == Answer::Stored, is_known, "{}", row.name);
    }
}

/// 2026-11-22T10:00:00Z.
const NOW_MS: i64 = 1_795_341_600_000;
const EVENTS: u64 = 120;
const ENVIRONMENTS: [&str; 4] = ["", "production", "prod-eu", "staging"];
const RELEASES: [&str; 6] = [
    "",
    "shop@1.4.0",
    "shop@1.4.1-beta",
    "shop@1.5",
    "till@2",
    "main",
];
const TAGS: [(&str, &str); 4] = [
    ("browser", "Safari"),
    ("browser", "Firefox*"),
    ("level", "9"),
    ("a b", "[x]?"),
];
const USERS: [&str; 5] = ["", "id:42", "email:anna@x.y", "id:7", "ip:203.0.113.7"];
const TITLES: [&str; 5] = [
    "TypeError: Boom",
    "bad json at line 3",
    "Straße Größe",
    "getUserById failed",
    "",
];

struct Event {
    number: u64,
    project: u32,
    level: Level,
    title: usize,
    environment: usize,
    release: usize,
    user: usize,
    tags: Vec<usize>,
    at_ms: i64,
}

fn event(number: u64) -> Event {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut below = |end: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    Event {
        number,
        project: 1 + below(3) as u32,
        level: Level::ALL[below(5)],
        title: below(TITLES.len()),
        environment: below(ENVIRONMENTS.len()),
        release: below(RELEASES.len()),
        user: below(USERS.len()),
        tags: (0..TAGS.len()).filter(|_| below(3) == 0).collect(),
        at_ms: NOW_MS - below(400) as i64 * 3_600_000,
    }
}

impl Event {
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([(self.number % 5) as u8; 16])
    }
}

struct Filled {
    reader: Reader,
    events: Vec<Event>,
    _dir: tempfile::TempDir,
}

static FILLED: LazyLock<Filled> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SearchWriter::open(dir.path()).unwrap();
    let events: Vec<Event> = (1..=EVENTS).map(event).collect();
    for event in &events {
        let tags: Vec<_> = event.tags.iter().map(|tag| TAGS[*tag]).collect();
        writer
            .add(&SearchDocument {
                event_id: EventId([event.number as u8; 16]),
                fingerprint: event.fingerprint(),
                project_id: ProjectId(event.project),
                level: event.level,
                position: Position(event.number),
                weight: 1,
                timestamp_ns: event.at_ms * NS_A_MS,
                received_ns: (event.at_ms + 60_000) * NS_A_MS,
                message: &[TITLES[event.title]],
                texts: &[],
                stack: 0,
                attributes: &[],
                environment: ENVIRONMENTS[event.environment],
                release: RELEASES[event.release],
                user: USERS[event.user],
                tags: &tags,
            })
            .unwrap();
        if event.number % 40 == 0 {
            writer.commit(Position(event.number)).unwrap();
        }
    }
    writer.commit(Position(EVENTS)).unwrap();
    Filled {
        reader: Reader::open(dir.path()).unwrap(),
        events,
        _dir: dir,
    }
});

fn words_in(pattern: &Pattern, title: &str) -> bool {
    let title = fold(title);
    let mut words: Vec<&str> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    // Identifiers are found by their parts, too.
    for (whole, parts) in [
        ("typeerror", &["type", "error"][..]),
        ("getuserbyid", &["get", "user", "by", "id"]),
    ] {
        if words.contains(&whole) {
            words.extend(parts);
        }
    }
    // A character that no title has stands for the wildcard while the text is cut.
    let asked = pattern.pieces().join("\u{10fffe}");
    let asked = fold(&asked);
    let mut asked = asked
        .split(|c: char| !c.is_alphanumeric() && c != '\u{10fffe}')
        .filter(|word| word.chars().any(char::is_alphanumeric));
    asked.all(|word| {
        let pattern = Pattern::of_pieces(word.split('\u{10fffe}').map(str::to_owned).collect());
        words.iter().any(|known| pattern.matches(known))
    })
}

/// Whether an event passes, told without any index.
fn passes(event: &Event, leaf: &Leaf) -> bool {
    let text = |text: &str| match &leaf.test {
        Known::Present => !text.is_empty(),
        Known::Text(pattern) => !text.is_empty() && pattern.matches(text),
        Known::Version(version) => version.matches(text),
        _ => false,
    };
    let time = |ms: i64| match leaf.test {
        Known::Time(from, to) => ms >= from && ms < to,
        _ => leaf.test == Known::Present,
    };
    let (environment, release) = (ENVIRONMENTS[event.environment], RELEASES[event.release]);
    let identity = USERS[event.user];
    let name = identity.split_once(':').map_or("", |(_, name)| name);
    let title = |pattern: &Pattern| words_in(pattern, TITLES[event.title]);
    let is_user = || text(identity) || text(name);
    match (&leaf.field, &leaf.test) {
        (Field::Any, Known::Text(pattern)) => {
            pattern.is_anything()
                || title(pattern)
                || is_user()
                || text(environment)
                || text(release)
                || pattern.as_literal() == Some(&EventId([event.number as u8; 16]).to_string())
        }
        (Field::Tag(key), test) => {
            let mut tags = event.tags.iter().map(|tag| TAGS[*tag]);
            tags.any(|(known, value)| known == key && (*test == Known::Present || text(value)))
        }
        (Field::Known(key), test) => match (key, test) {
            (Key::Level, Known::Levels(levels)) => levels.contains(&event.level),
            (Key::Level | Key::Title, Known::Present) => true,
            (Key::Project, Known::Projects(ids)) => ids.contains(&ProjectId(event.project)),
            (Key::Title, Known::Text(pattern)) => title(pattern),
            (Key::Release, _) => text(release),
            (Key::Environment, _) => text(environment),
            (Key::User, _) => is_user(),
            (Key::UserId, Known::Text(pattern)) => identity
                .strip_prefix("id:")
                .is_some_and(|id| pattern.matches(id)),
            (Key::Timestamp, _) => time(event.at_ms),
            (Key::Received, _) => time(event.at_ms + 60_000),
            (Key::Id, Known::Event(id)) => id.0 == [event.number as u8; 16],
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn asker() -> Asker {
    Asker {
        now_ms: NOW_MS,
        zone: jiff::tz::TimeZone::UTC,
        me: None,
        people: Vec::new(),
        projects: vec![
            (ProjectId(1), "shop".to_owned()),
            (ProjectId(2), "Till".to_owned()),
        ],
    }
}

#[rustfmt::skip]
const TERMS: &[&str] = &[
    "level:error", "level:>=warning", "level:>fatal", "project:shop", "project:2", "project:x*", "release:shop@1.4.0",
    "release:shop@1.*", "release:*", "release:nothing", "release.version:>=1.4", "release.version:1.4.*",
    "environment:production", "environment:prod*", "environment:*t*", "browser:Safari", "browser:S*i",
    "browser:\"Firefox\\*\"", "browser:*", "tag.level:9", "tag.\"a b\":\"[x]?\"", "tag.\"a b\":\"*]*\"", "has:browser",
    "has:nothing", "has:release", "has:environment", "has:user", "has:level", "has:title", "user:42", "user:id:42",
    "user:*@x.y", "user.id:7", "user.id:*", "title:boom", "title:\"json bad\"", "title:b*", "title:*user*",
    "title:STRASSE", "title:\"get* fail*\"", "at:-24h", "at:+100h", "timestamp:2026-11-21", "received:>2026-11-20",
    "received:-1m", "boom", "\"bad json\"", "B*", "*ById", "production", "main", "anna@x.y", "zzz", "*", "!=",
    "03030303030303030303030303030303", "id:04040404040404040404040404040404",
];

fn check(text: &str, sight: &Sight) -> Result<(), TestCaseError> {
    // Of too many terms.
    let Ok(query) = parse(text) else {
        return Ok(());
    };
    query.check(Listed::Events).unwrap();
    let asked = query.resolve(&asker()).unwrap().unwrap();
    let seen = |event: &&Event| sight.has(ProjectId(event.project));
    let naive = |event: &&Event| asked.holds(&mut |leaf| passes(event, leaf));
    let expected: Vec<u64> = FILLED
        .events
        .iter()
        .filter(seen)
        .filter(naive)
        .map(|event| event.number)
        .collect();
    let compiled = asked
        .clone()
        .try_map(&mut |leaf| Ok::<_, ()>(Expression::Term(EventTest::Leaf(leaf))));
    let filter = EventFilter {
        asked: compiled.ok(),
        ..EventFilter::default()
    };
    let hits = FILLED
        .reader
        .list(sight, &filter, From::Newest, 1000)
        .unwrap();
    let mut found: Vec<u64> = hits.iter().map(|hit| hit.position.0).collect();
    found.sort_unstable();
    prop_assert_eq!(found, expected.clone(), "{}: {:?}", text, asked);
    let total = FILLED
        .reader
        .total(sight, &filter, &Kept::default())
        .unwrap();
    prop_assert_eq!(total.events, expected.len() as u64, "{}", text);
    Ok(())
}

#[test]
fn every_term_alone_and_not_finds_what_a_walk_over_the_events_finds() {
    for term in TERMS {
        check(term, &Sight::All).unwrap();
        check(
            &format!("NOT {term}"),
            &Sight::only([ProjectId(1), ProjectId(3)]),
        )
        .unwrap();
    }
}

#[test]
fn issues_are_told_by_fingerprint_and_project() {
    let of = vec![
        (
            ProjectId(1),
            vec![Fingerprint([1; 16]), Fingerprint([2; 16])],
        ),
        (ProjectId(2), vec![Fingerprint([3; 16])]),
    ];
    let is = |event: &&Event| {
        of.iter().any(|(project, prints)| {
            project.0 == event.project && prints.contains(&event.fingerprint())
        })
    };
    let expected = FILLED.events.iter().filter(is).count();
    let term = Expression::Term(EventTest::Of(of.clone()));
    for (asked, expected) in [
        (term.clone(), expected),
        (term.not(), EVENTS as usize - expected),
    ] {
        let filter = EventFilter {
            asked: Some(asked),
            ..EventFilter::default()
        };
        let hits = FILLED
            .reader
            .list(&Sight::All, &filter, From::Newest, 1000)
            .unwrap();
        assert_eq!(hits.len(), expected);
    }
}

fn arbitrary_query() -> impl Strategy<Value = String> {
    let term = prop::sample::select(TERMS).prop_map(str::to_owned);
    term.prop_recursive(4, 16, 4, |inner| {
        let some = || proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some().prop_map(|parts| format!("({})", parts.join(" "))),
            some().prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.clone().prop_map(|part| format!("NOT {part}")),
        ]
    })
}

proptest! {
    #[test]
    fn queries_find_what_a_walk_over_the_events_finds(
        text in arbitrary_query(),
        sight in prop_oneof![
            3 => Just(Sight::All),
            1 => proptest::collection::vec(1..4u32, 0..3).prop_map(|ids| Sight::only(ids.into_iter().map(ProjectId))),
        ],
    ) {
        check(&text, &sight)?;
    }
}
