//! Sessions and check-ins, against a walk over all of their records.

use std::collections::{BTreeMap, BTreeSet};

use event_log::Entry;
use event_model::{
    Note, Position,
    note::{CheckIn, CheckInStatus, SessionCountV1, SessionStatus, SessionUpdateV1, Sessions},
};
use proptest::prelude::*;
use read_model::{
    Distinct,
    issues::health::{ENDED_KEPT_MS, SESSION_KEPT_MS},
};
use rusqlite::Connection;

use super::{project, query};
use crate::testing::{NOON_NS, numbered};

const HOUR_NS: i64 = 3_600_000_000_000;

/// An update of session `id`, received so many hours behind noon.
#[derive(Debug, Clone)]
struct Update {
    id: u8,
    user: u64,
    sequence: u64,
    status: SessionStatus,
    errors: u32,
    /// Of its start.
    hour: i64,
    received_hour: i64,
    release: &'static str,
}

fn update(id: u8, sequence: u64, status: SessionStatus, errors: u32) -> Update {
    Update {
        id,
        user: u64::from(id) % 3,
        sequence,
        status,
        errors,
        hour: 0,
        received_hour: 0,
        release: "shop@1",
    }
}

fn note(updates: &[Update], counts: Vec<SessionCountV1>) -> Entry {
    let first = updates.first();
    Entry::Note(Note::Sessions(Sessions {
        project_id: 1,
        received_ns: NOON_NS + first.map_or(0, |one| one.received_hour) * HOUR_NS,
        release: first.map_or("shop@1", |one| one.release).to_owned(),
        environment: "production".to_owned(),
        updates: updates
            .iter()
            .map(|one| SessionUpdateV1 {
                id: [one.id; 16],
                user_hash: one.user,
                sequence: one.sequence,
                is_first: one.sequence == 0,
                status: one.status as u8,
                errors: one.errors,
                started_ns: NOON_NS + one.hour * HOUR_NS,
                at_ns: NOON_NS,
                duration_ms: None,
                abnormal_mechanism: String::new(),
            })
            .collect(),
        counts,
    }))
}

const SUMS: &str = "SELECT scene.release || ' ' || (hour.hour - H) || ': ' || started || ' '
        || exited || ' ' || errored || ' ' || unhandled || ' ' || abnormal || ' ' || crashed
    FROM session_hour AS hour JOIN session_scene AS scene ON scene.id = hour.scene
    ORDER BY 1";

fn sums() -> String {
    SUMS.replace('H', &(NOON_NS / HOUR_NS).to_string())
}

#[test]
fn a_session_is_counted_once_by_how_it_stands() {
    use SessionStatus::{Abnormal, Crashed, Exited, Ok, Unhandled};
    let one = |updates: &[Update]| {
        let entries = updates
            .iter()
            .map(|one| note(std::slice::from_ref(one), vec![]));
        let found = query(entries.collect(), &sums());
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    let ok = update(1, 0, Ok, 0);
    for (updates, expected) in [
        (vec![ok.clone()], "1 0 0 0 0 0"),
        (vec![ok.clone(), ok.clone(), ok.clone()], "1 0 0 0 0 0"),
        (vec![ok.clone(), update(1, 1, Exited, 0)], "1 1 0 0 0 0"),
        (
            vec![ok.clone(), update(1, 1, Ok, 2), update(1, 2, Exited, 2)],
            "1 0 1 0 0 0",
        ),
        // The end comes first, and comes twice.
        (
            vec![
                update(1, 5, Crashed, 1),
                ok.clone(),
                update(1, 1, Ok, 0),
                update(1, 5, Crashed, 1),
            ],
            "1 0 0 0 0 1",
        ),
        // What ended stays so.
        (
            vec![update(1, 1, Exited, 0), update(1, 2, Crashed, 1)],
            "1 1 0 0 0 0",
        ),
        (vec![ok.clone(), update(1, 0, Abnormal, 0)], "1 0 0 0 1 0"),
        (vec![ok.clone(), update(1, 1, Unhandled, 1)], "1 0 0 1 0 0"),
        (
            vec![ok.clone(), update(2, 0, Ok, 0), update(2, 1, Crashed, 1)],
            "2 0 0 0 0 1",
        ),
    ] {
        assert_eq!(
            one(&updates),
            format!("shop@1 0: {expected}"),
            "{updates:?}"
        );
    }
    // It stays in the hour and the release it began in.
    let later = Update {
        hour: 1,
        release: "shop@2",
        ..update(1, 1, Crashed, 1)
    };
    let entries = vec![note(&[ok], vec![]), note(&[later], vec![])];
    assert_eq!(query(entries, &sums()), ["shop@1 0: 1 0 0 0 0 1"]);
}

#[test]
fn sums_of_sessions_are_added_up() {
    let count = |crashed| SessionCountV1 {
        started_ns: NOON_NS + 5,
        user_hash: 9,
        exited: 10,
        errored: 3,
        crashed,
        abnormal: 2,
        unhandled: 4,
    };
    let entries = vec![
        note(&[], vec![count(0), count(1)]),
        note(&[], vec![count(0)]),
    ];
    assert_eq!(query(entries, &sums()), ["shop@1 0: 58 30 9 12 6 1"]);
}

#[test]
fn what_is_not_heard_of_for_days_is_forgotten_and_its_count_stays() {
    let at = |id, hours| Update {
        received_hour: hours,
        ..update(id, 0, SessionStatus::Ok, 0)
    };
    let ended = Update {
        received_hour: 1,
        ..update(2, 1, SessionStatus::Exited, 0)
    };
    let days = SESSION_KEPT_MS / 3_600_000;
    let entries = vec![
        note(&[at(1, 0)], vec![]),
        note(&[ended], vec![]),
        note(&[at(3, 1 + ENDED_KEPT_MS / 3_600_000)], vec![]),
        note(&[at(4, days + 30)], vec![]),
    ];
    assert_eq!(query(entries.clone(), &sums()), ["shop@1 0: 4 1 0 0 0 0"]);
    let left = query(
        entries,
        "SELECT hex(substr(id, 1, 1)) FROM session ORDER BY 1",
    );
    assert_eq!(left, ["04"]);
}

fn arbitrary_update() -> impl Strategy<Value = Update> {
    use SessionStatus::{Abnormal, Crashed, Exited, Ok, Unhandled};
    let status = prop::sample::select(vec![Ok, Ok, Ok, Exited, Crashed, Abnormal, Unhandled]);
    (1..8_u8, 0..6_u64, status, 0..2_u32, 0..200_i64).prop_map(
        |(id, sequence, status, errors, hours)| Update {
            hour: i64::from(id) % 3,
            received_hour: hours,
            release: if id % 4 == 0 { "shop@2" } else { "shop@1" },
            ..update(id, sequence, status, errors)
        },
    )
}

fn check_in(monitor: &str, id: u8, status: CheckInStatus, minute: i64) -> CheckIn {
    CheckIn {
        project_id: 1,
        received_ns: NOON_NS + minute * 60_000_000_000,
        id: [id; 16],
        monitor: monitor.to_owned(),
        status: status as u8,
        duration_ms: None,
        release: String::new(),
        environment: "production".to_owned(),
        config: String::new(),
    }
}

/// A record of either kind.
pub(super) fn arbitrary() -> impl Strategy<Value = Entry> {
    use CheckInStatus::{Error, InProgress, Ok};
    let status = prop::sample::select(vec![InProgress, InProgress, Ok, Error]);
    let name = prop::sample::select(vec!["nightly", "hourly"]);
    prop_oneof![
        2 => proptest::collection::vec(arbitrary_update(), 1..4).prop_map(|updates| note(&updates, vec![])),
        1 => (name, 0..4_u8, status, 0..500_i64).prop_map(|(name, id, status, minute)| {
            Entry::Note(Note::CheckIn(check_in(name, id, status, minute)))
        }),
    ]
}

/// Sums by outcome, users, users with a crash.
type Told = ([i64; 6], BTreeSet<u64>, BTreeSet<u64>);

/// What the notes say, each session walked through by itself.
fn naive(updates: &[(i64, Update)]) -> BTreeMap<(&'static str, i64), Told> {
    struct Known {
        update: Update,
        user: u64,
        place: (&'static str, i64),
        outcome: usize,
        received: i64,
    }
    let mut sums: BTreeMap<_, Told> = BTreeMap::new();
    let mut known: BTreeMap<u8, Known> = BTreeMap::new();
    let mut newest = i64::MIN;
    for (received, update) in updates {
        newest = newest.max(*received);
        let outcome = match update.status {
            SessionStatus::Crashed => 5,
            SessionStatus::Abnormal => 4,
            SessionStatus::Unhandled => 3,
            _ if update.errors > 0 => 2,
            SessionStatus::Exited => 1,
            SessionStatus::Ok => 0,
        };
        let is_known = known.get(&update.id).is_some_and(|one| {
            let kept = if one.update.status == SessionStatus::Ok {
                SESSION_KEPT_MS
            } else {
                ENDED_KEPT_MS
            };
            one.received >= newest - kept / 3_600_000
        });
        if !is_known {
            let place = (update.release, update.hour);
            let of = sums.entry(place).or_default();
            of.0[0] += 1;
            if outcome > 0 {
                of.0[outcome] += 1;
            }
            known.insert(
                update.id,
                Known {
                    update: update.clone(),
                    user: update.user,
                    place,
                    outcome,
                    received: *received,
                },
            );
        }
        let one = known.get_mut(&update.id).unwrap();
        one.received = one.received.max(*received);
        let is_end = update.status != SessionStatus::Ok;
        let is_newer = update.sequence > one.update.sequence
            || update.sequence == one.update.sequence && is_end;
        if is_known && is_newer && one.update.status == SessionStatus::Ok {
            let of = sums.entry(one.place).or_default();
            if one.outcome > 0 {
                of.0[one.outcome] -= 1;
            }
            if outcome > 0 {
                of.0[outcome] += 1;
            }
            one.outcome = outcome;
            one.update = update.clone();
            if one.user == 0 {
                one.user = update.user;
            }
        }
        if one.user != 0 {
            let of = sums.entry(one.place).or_default();
            of.1.insert(one.user);
            if one.outcome == 5 {
                of.2.insert(one.user);
            }
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sessions_add_up_to_what_a_walk_over_their_updates_tells(
        notes in proptest::collection::vec(proptest::collection::vec(arbitrary_update(), 1..4), 1..40),
        sizes in proptest::collection::vec(1..9_usize, 1..6),
    ) {
        // A note has one release, and one time of receipt.
        let notes: Vec<Vec<Update>> = notes.into_iter().map(|note| {
            let (release, received_hour) = (note[0].release, note[0].received_hour);
            note.into_iter().map(|one| Update { received_hour, release, ..one }).collect()
        }).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("issues.sqlite3");
        let entries: Vec<(Position, Entry)> = numbered(notes.iter().map(|one| note(one, vec![])).collect());
        drop(project(&path, &entries, &sizes));
        let walked: Vec<(i64, Update)> = notes.iter().flatten().map(|one| (one.received_hour, one.clone())).collect();
        let expected = naive(&walked);
        let db = Connection::open(&path).unwrap();
        let sql = "SELECT scene.release, hour.hour - ?1, started, exited, errored, unhandled, abnormal, crashed,
                users, crashed_users
            FROM session_hour AS hour JOIN session_scene AS scene ON scene.id = hour.scene";
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([NOON_NS / HOUR_NS], |row| {
            let sums: Vec<i64> = (2..8).map(|at| row.get(at).unwrap()).collect();
            let sketch = |at| Distinct::from_bytes(&row.get::<_, Vec<u8>>(at).unwrap()).unwrap();
            Ok(((row.get::<_, String>(0)?, row.get::<_, i64>(1)?), sums, sketch(8), sketch(9)))
        });
        let mut count = 0;
        for row in rows.unwrap() {
            let ((release, hour), sums, users, crashed) = row.unwrap();
            let (_, expected) = expected.iter().find(|((name, at), _)| *name == release && *at == hour).unwrap();
            prop_assert_eq!(&sums[..], &expected.0[..], "{} {}", release, hour);
            prop_assert_eq!(users, expected.1.iter().copied().collect());
            prop_assert_eq!(crashed, expected.2.iter().copied().collect());
            count += 1;
        }
        prop_assert_eq!(count, expected.len());
    }
}

#[test]
fn check_ins_of_one_id_are_one_run_and_those_without_are_of_the_latest() {
    use CheckInStatus::{Error, InProgress, Ok};
    let entries = |check_ins: Vec<CheckIn>| -> Vec<Entry> {
        let entry = |one| Entry::Note(Note::CheckIn(one));
        check_ins.into_iter().map(entry).collect()
    };
    let runs = "SELECT monitor.slug || ' ' || number || ' ' || status || ' ' || ((updated - started) / 60000)
        FROM check_in JOIN monitor ON monitor.id = monitor ORDER BY 1";
    let found = query(
        entries(vec![
            check_in("nightly", 1, InProgress, 0),
            check_in("hourly", 0, InProgress, 1),
            check_in("nightly", 2, InProgress, 2),
            check_in("nightly", 1, Ok, 5),
            // It has ended.
            check_in("nightly", 1, Error, 6),
            check_in("hourly", 0, Error, 7),
            check_in("hourly", 0, Ok, 8),
            check_in("hourly", 0, InProgress, 9),
            check_in("hourly", 0, InProgress, 10),
        ]),
        runs,
    );
    assert_eq!(
        found,
        [
            "hourly 1 3 6",
            "hourly 2 2 0",
            "hourly 3 1 0",
            "hourly 4 1 0",
            "nightly 1 2 5",
            "nightly 2 1 0"
        ]
    );
    let with = |config: &str| CheckIn {
        config: config.to_owned(),
        ..check_in("nightly", 3, Ok, 0)
    };
    let config = query(
        entries(vec![
            with("{\"a\":1}"),
            check_in("nightly", 4, Ok, 1),
            with("{\"a\":2}"),
            with(""),
        ]),
        "SELECT config FROM monitor",
    );
    assert_eq!(config, ["{\"a\":2}"]);
}

#[test]
fn of_many_runs_the_newest_are_kept() {
    let one = |n: i64| {
        Entry::Note(Note::CheckIn(CheckIn {
            id: (n as u128).to_be_bytes(),
            ..check_in("minutely", 0, CheckInStatus::Ok, n)
        }))
    };
    let left = query(
        (1..=2_100).map(one).collect(),
        "SELECT min(number) || ' ' || max(number) || ' ' || count(*) FROM check_in",
    );
    assert_eq!(left, ["101 2100 2000"]);
}
