//! Tallies of storms: as if each event had been stored, and alike wherever batches end.

use event_log::Entry;
use event_model::{
    EventId, IssueStatus, Level, Note, ProjectId,
    head::Head,
    kind,
    note::{Summing, Surplus},
};
use proptest::prelude::*;
use read_model::issues::batch::KIND_MINUTES_KEPT;
use rusqlite::Connection;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    NOON_NS, discard, dump, event, message, numbered, project, query, rows, set_status, undiscard,
};

const MINUTE_NS: i64 = 60_000_000_000;

/// An event in short.
#[derive(Debug, Clone, Copy)]
struct Seed {
    text: usize,
    minute: i64,
    user: u8,
    release: u8,
    environment: u8,
    level: u8,
    weight: u32,
}

#[derive(Debug, Clone)]
enum Step {
    Event(Seed),
    /// Kept for others.
    Kept(Seed),
    /// Only counted, in one record or several.
    Counted(usize, Vec<Seed>),
    /// Of a kind that nothing was kept for.
    Unknown(Seed),
    Resolve(usize),
    Discard(usize),
    Undiscard(usize),
}

const TEXTS: [&str; 3] = ["the cart is empty", "no such user", "out of tea"];

/// The event of a seed; `number` makes its time its own.
fn head(seed: Seed, number: i64) -> Head {
    let named = |word: &str, number: u8| match number {
        0 => String::new(),
        number => format!("{word}{number}"),
    };
    Head {
        event_id: (number as u128).to_be_bytes(),
        timestamp_ns: NOON_NS + seed.minute * MINUTE_NS + number * 1_000_000,
        received_ns: NOON_NS + number * 1_000_000,
        level: seed.level,
        weight: seed.weight,
        user: named("id:", seed.user),
        release: named("shop@", seed.release),
        environment: named("env", seed.environment),
        ..message(TEXTS[seed.text])
    }
}

fn surplus(head: &Head) -> Surplus {
    Surplus {
        project_id: ProjectId(head.project_id),
        kind: kind(head),
        sample: EventId([9; 16]),
        received_ns: head.received_ns,
        at_ms: head.timestamp_ns / 1_000_000,
        level: Level::from_number(head.level),
        environment: head.environment.clone(),
        release: head.release.clone(),
        user: (!head.user.is_empty()).then(|| xxh3_64(head.user.as_bytes())),
        weight: u64::from(head.weight),
    }
}

fn tallies(heads: &[Head]) -> Vec<Entry> {
    let mut records: Vec<Summing> = Vec::new();
    for one in heads.iter().map(surplus) {
        if !records.last_mut().is_some_and(|record| record.add(&one)) {
            records.push(Summing::new(&one));
        }
    }
    let records = records.into_iter();
    records
        .map(|record| Entry::Note(Note::Sampled(record.finish())))
        .collect()
}

/// What the steps write, counted or, if `is_stored`, every event by itself.
fn entries(steps: &[Step], is_stored: bool) -> Vec<Entry> {
    let (mut entries, mut number) = (Vec::new(), 0);
    let mut next = |seed| {
        number += 1;
        head(seed, number)
    };
    let mut is_kept = [false; TEXTS.len()];
    for step in steps {
        match step {
            Step::Event(seed) => entries.push(event(&next(*seed))),
            Step::Kept(seed) => {
                let head = next(*seed);
                let kept_for = kind(&head);
                is_kept[seed.text] = true;
                entries.push(event(&Head { kept_for, ..head }));
            }
            Step::Counted(text, seeds) => {
                let Some(first) = seeds.first().filter(|_| !is_kept[*text]) else {
                    let heads = seeds.iter().map(|seed| {
                        next(Seed {
                            text: *text,
                            ..*seed
                        })
                    });
                    let heads: Vec<Head> = heads.collect();
                    if is_stored {
                        entries.extend(heads.iter().map(event));
                    } else {
                        entries.extend(tallies(&heads));
                    }
                    continue;
                };
                let head = next(Seed {
                    text: *text,
                    ..*first
                });
                let kept_for = kind(&head);
                is_kept[*text] = true;
                entries.push(event(&Head { kept_for, ..head }));
            }
            Step::Unknown(seed) => {
                let mut one = surplus(&next(*seed));
                one.kind ^= 1;
                if !is_stored {
                    entries.push(Entry::Note(Note::Sampled(Summing::new(&one).finish())));
                }
            }
            Step::Resolve(text) => {
                entries.push(set_status(&message(TEXTS[*text]), IssueStatus::Resolved));
            }
            Step::Discard(text) => entries.push(discard(&message(TEXTS[*text]))),
            Step::Undiscard(text) => entries.push(undiscard(&message(TEXTS[*text]))),
        }
    }
    entries
}

fn seed() -> impl Strategy<Value = Seed> {
    (
        0..TEXTS.len(),
        -150..3i64,
        0..9u8,
        0..3u8,
        0..3u8,
        1..6u8,
        1..4u32,
    )
        .prop_map(
            |(text, minute, user, release, environment, level, weight)| Seed {
                text,
                minute,
                user,
                release,
                environment,
                level,
                weight,
            },
        )
}

fn steps(with_decisions: u32) -> impl Strategy<Value = Vec<Step>> {
    let text = || 0..TEXTS.len();
    let step = prop_oneof![
        3 => seed().prop_map(Step::Event),
        2 => seed().prop_map(Step::Kept),
        4 => (text(), prop::collection::vec(seed(), 1..30))
            .prop_map(|(text, seeds)| Step::Counted(text, seeds)),
        with_decisions => seed().prop_map(Step::Unknown),
        with_decisions => text().prop_map(Step::Resolve),
        with_decisions => text().prop_map(Step::Discard),
        with_decisions => text().prop_map(Step::Undiscard),
    ];
    prop::collection::vec(step, 1..25)
}

/// All that counts events, and says nothing of which record an event is in.
const COUNTED: [&str; 14] = [
    "SELECT id, count, users, first_seen, last_seen FROM issue",
    "SELECT id, first_release, last_release, first_release_at, last_release_at FROM issue",
    "SELECT id, count, users, first_seen, last_seen FROM fingerprint",
    "SELECT * FROM fingerprint_minute",
    "SELECT * FROM fingerprint_hour",
    "SELECT * FROM fingerprint_user",
    "SELECT * FROM fingerprint_user_hour",
    "SELECT * FROM issue_scene",
    "SELECT * FROM issue_environment",
    "SELECT * FROM issue_release",
    "SELECT * FROM project_minute",
    "SELECT * FROM project_hour",
    "SELECT * FROM release",
    "SELECT * FROM environment",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_of_tallies_end_anywhere(
        steps in steps(1),
        sizes in prop::collection::vec(1..6usize, 0..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let entries = numbered(entries(&steps, false));
        let path = |name: &str| dir.path().join(name);
        drop(project(&path("whole"), &entries, &[]));
        drop(project(&path("parts"), &entries, &sizes));
        drop(project(&path("ones"), &entries, &[1]));
        prop_assert_eq!(dump(&path("parts")), dump(&path("whole")));
        prop_assert_eq!(dump(&path("ones")), dump(&path("whole")));
    }

    #[test]
    fn what_was_only_counted_counts_as_if_it_had_been_stored(
        steps in steps(0),
        sizes in prop::collection::vec(1..6usize, 0..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        drop(project(&path("counted"), &numbered(entries(&steps, false)), &sizes));
        drop(project(&path("stored"), &numbered(entries(&steps, true)), &[]));
        let counted = Connection::open(path("counted")).unwrap();
        let stored = Connection::open(path("stored")).unwrap();
        for sql in COUNTED {
            prop_assert_eq!(rows(&counted, sql), rows(&stored, sql), "{}", sql);
        }
        let sum = |connection, sql| rows(connection, sql);
        // The rest is told apart: what is stored, what was counted.
        prop_assert_eq!(
            sum(&counted, "SELECT sum(count) FROM arrival_hour"),
            sum(&stored, "SELECT sum(count) FROM arrival_hour")
        );
        prop_assert_eq!(
            sum(&counted, "SELECT sum(sampled) FROM issue WHERE sampled > 0"),
            sum(&counted, "SELECT sum(count) FROM arrival_hour WHERE reason = 'sampled'")
        );
    }
}

fn one(user: u8, minute: i64) -> Seed {
    Seed {
        text: 0,
        minute,
        user,
        release: 1,
        environment: 0,
        level: 4,
        weight: 1,
    }
}

#[test]
fn an_issue_says_how_many_of_its_events_are_kept() {
    let storm: Vec<Seed> = (0..239).map(|number| one(1 + number % 100, 0)).collect();
    let steps = [Step::Kept(one(1, 0)), Step::Counted(0, storm)];
    let entries = || entries(&steps, false);
    assert_eq!(
        query(entries(), "SELECT count, sampled, users FROM issue"),
        ["240 239 100"]
    );
    // What is shown is the newest event that is stored, when it was seen last is not.
    assert_eq!(
        query(
            entries(),
            "SELECT last_position, last_seen - last_at FROM issue"
        ),
        ["1 239"]
    );
    assert_eq!(
        query(entries(), "SELECT items FROM sampled_minute"),
        ["239"]
    );
    assert_eq!(
        query(entries(), "SELECT reason, count FROM arrival_hour"),
        [" 1", "sampled 239"]
    );
}

#[test]
fn a_storm_brings_a_resolved_issue_back_and_a_discarded_one_stays_away() {
    let steps = [
        Step::Kept(one(1, -5)),
        Step::Resolve(0),
        Step::Counted(0, vec![one(2, -4)]),
        Step::Counted(0, vec![one(3, -4), one(4, 1)]),
        Step::Discard(0),
        Step::Counted(0, vec![one(5, 2), one(6, 2)]),
    ];
    let entries = || entries(&steps, false);
    assert_eq!(
        query(
            entries(),
            "SELECT position, kind FROM transition WHERE kind = 2"
        ),
        ["4 2"],
        "what happened before it was resolved does not"
    );
    assert_eq!(
        query(entries(), "SELECT count, sampled, regressed_in FROM issue"),
        ["4 3 shop@1"]
    );
    assert_eq!(query(entries(), "SELECT count FROM turned_away"), ["2"]);
}

#[test]
fn a_kind_is_forgotten_a_day_behind_the_newest() {
    let day = KIND_MINUTES_KEPT * MINUTE_NS;
    let at = |seed: Seed, number: i64, later_ns: i64| {
        let head = head(seed, number);
        let (received_ns, kept_for) = (head.received_ns + later_ns, kind(&head));
        Head {
            received_ns,
            timestamp_ns: received_ns,
            kept_for,
            ..head
        }
    };
    let other = Seed {
        text: 1,
        ..one(0, 0)
    };
    let late = |later_ns| tallies(&[at(one(3, 0), 9, later_ns)]).remove(0);
    for (later_ns, rows, count) in [(day, 2, "3"), (day + 2 * MINUTE_NS, 1, "2")] {
        let entries = || {
            vec![
                event(&at(one(1, 0), 1, 0)),
                late(0),
                event(&at(other, 2, later_ns)),
                late(later_ns),
            ]
        };
        assert_eq!(query(entries(), "SELECT kind FROM kind").len(), rows);
        let counts = query(entries(), "SELECT count FROM issue ORDER BY count DESC");
        assert_eq!(counts, ["1", count]);
    }
}
