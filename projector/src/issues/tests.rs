#![allow(clippy::unwrap_used)]

use std::path::Path;

use event_log::Entry;
use event_model::{
    ControlState, Decision, DeliveryState, DeliveryStep, DiscardedIssue, IssueId, IssueStatus,
    Position, ProjectId, UserId, head::Head,
};
use proptest::prelude::*;
use read_model::issues::{IssueWriter, writer::Durability};
use rusqlite::{Connection, types::Value};

mod alike;
mod apply;
mod figures;
mod health;
mod naive;
mod notes;
mod regroup;
mod sampled;
mod times;

use super::{MINUTES_KEPT, Projection, tags::VALUES_MAX};
use crate::{
    issues::fold::{flush, take_in},
    testing::{Entries, NOON_NS, command, event, message, numbered, stored},
};

/// Applies the entries in batches of the given sizes, the last one repeated.
fn project(path: &Path, entries: &[(Position, Entry)], sizes: &[usize]) -> IssueWriter {
    let mut writer = IssueWriter::create(path, Durability::Build).unwrap();
    let mut projection = Projection::new(Position(0), ControlState::default());
    let mut rest = entries;
    let mut sizes = sizes.iter().copied();
    let mut size = usize::MAX;
    while !rest.is_empty() {
        size = sizes.next().unwrap_or(size).clamp(1, rest.len());
        for (position, entry) in &rest[..size] {
            let past = Entries(entries);
            take_in(&mut projection, &mut writer, &past, *position, Some(entry)).unwrap();
        }
        flush(&mut projection, &mut writer).unwrap();
        // Memory of the past must not matter either.
        if size % 3 == 0 {
            projection.forget();
        }
        rest = &rest[size..];
    }
    writer
}

/// Every row of every table.
fn dump(path: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let connection = Connection::open(path).unwrap();
    let names: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(names.len() > 15, "{names:?}");
    names
        .into_iter()
        .map(|name| {
            let rows = rows(&connection, &format!("SELECT * FROM \"{name}\""));
            (name, rows)
        })
        .collect()
}

fn rows(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows: Vec<Vec<Value>> = statement
        .query_map([], |row| (0..columns).map(|i| row.get(i)).collect())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

/// The rows that a query gives after the entries, each as text.
fn query(entries: Vec<Entry>, sql: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issues.sqlite3");
    drop(project(&path, &numbered(entries), &[]));
    let connection = Connection::open(&path).unwrap();
    let text = |value: Value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{bytes:02x?}"),
    };
    rows(&connection, sql)
        .into_iter()
        .map(|row| row.into_iter().map(text).collect::<Vec<_>>().join(" "))
        .collect()
}

fn issue_of(head: &Head) -> IssueId {
    IssueId::derive(
        ProjectId(head.project_id),
        grouping::Grouper::standard().fingerprint(stored(head).whole()),
    )
}

fn set_status(head: &Head, status: IssueStatus) -> Entry {
    command(Decision::SetIssueStatus {
        issues: vec![issue_of(head)],
        status,
    })
}

fn assign(head: &Head, user: Option<u32>) -> Entry {
    command(Decision::AssignIssues {
        issues: vec![issue_of(head)],
        user_id: user.map(UserId),
    })
}

#[test]
fn a_resolved_issue_with_a_new_event_regresses_once() {
    let head = Head {
        release: "2.0".into(),
        ..message("boom")
    };
    let entries = || {
        vec![
            event(&head),
            set_status(&head, IssueStatus::Resolved),
            event(&head),
            event(&head),
        ]
    };
    assert_eq!(
        query(
            entries(),
            "SELECT status, count, first_position, last_position FROM issue"
        ),
        ["1 3 1 4"]
    );
    assert_eq!(
        query(entries(), "SELECT position, kind FROM transition"),
        ["1 1", "2 3", "3 2"]
    );
    assert_eq!(
        query(
            entries(),
            "SELECT position, kind, actor, detail FROM activity"
        ),
        [
            "1 new system 2.0",
            "2 resolved user:7 ",
            "3 regressed system 2.0"
        ]
    );
    assert_eq!(query(entries(), "SELECT position FROM change"), ["4"]);
}

#[test]
fn an_ignored_issue_counts_in_silence_until_reopened() {
    let head = message("boom");
    let entries = || {
        vec![
            event(&head),
            set_status(&head, IssueStatus::Ignored),
            event(&head),
            set_status(&head, IssueStatus::Ignored),
            set_status(&head, IssueStatus::Unresolved),
        ]
    };
    assert_eq!(query(entries(), "SELECT status, count FROM issue"), ["1 2"]);
    assert_eq!(
        query(entries(), "SELECT position, kind FROM transition"),
        ["1 1", "2 4", "5 5"]
    );
}

fn discard(head: &Head) -> Entry {
    command(Decision::DiscardIssues {
        issues: vec![DiscardedIssue {
            id: issue_of(head),
            project_id: ProjectId(head.project_id),
            stacks: Vec::new(),
        }],
    })
}

fn undiscard(head: &Head) -> Entry {
    command(Decision::UndiscardIssues {
        issues: vec![issue_of(head)],
    })
}

#[test]
fn events_of_a_discarded_issue_are_counted_as_turned_away() {
    let (head, other) = (message("boom"), message("another"));
    let heavy = Head {
        weight: 10,
        ..head.clone()
    };
    let entries = || {
        vec![
            discard(&other),
            event(&head),
            discard(&head),
            event(&head),
            event(&heavy),
            event(&other),
            undiscard(&head),
            event(&head),
        ]
    };
    assert_eq!(
        query(entries(), "SELECT status, count, last_position FROM issue"),
        ["1 2 8"],
        "an issue discarded before it was there is not opened"
    );
    assert_eq!(query(entries(), "SELECT events FROM project_total"), ["2"]);
    assert_eq!(
        query(
            entries(),
            "SELECT source, category, reason, count FROM arrival_hour"
        ),
        ["1 error  2", "1 error filtered_discarded_issue 12"]
    );
    assert_eq!(
        query(entries(), "SELECT position, kind FROM transition"),
        ["2 1", "3 4", "7 5"]
    );
    let none: [&str; 0] = [];
    assert_eq!(query(entries(), "SELECT issue_id FROM discarded"), none);
    assert_eq!(
        query(entries(), "SELECT count FROM turned_away"),
        ["1", "11"]
    );
}

#[test]
fn whoever_opens_a_discarded_issue_hears_of_it_again() {
    let head = message("boom");
    let entries = |status| {
        vec![
            event(&head),
            discard(&head),
            set_status(&head, status),
            event(&head),
        ]
    };
    let counted = |status| query(entries(status), "SELECT status, count FROM issue");
    assert_eq!(counted(IssueStatus::Unresolved), ["1 2"]);
    assert_eq!(counted(IssueStatus::Resolved), ["1 2"]);
    assert_eq!(counted(IssueStatus::Ignored), ["3 1"]);
}

#[test]
fn assignment_is_kept_and_unknown_issues_are_passed_over() {
    let (head, unknown) = (message("boom"), message("never seen"));
    let entries = || {
        vec![
            event(&head),
            assign(&head, Some(3)),
            assign(&head, Some(3)),
            assign(&unknown, Some(3)),
            set_status(&unknown, IssueStatus::Resolved),
            set_status(&head, IssueStatus::Resolved),
            event(&head),
        ]
    };
    assert_eq!(query(entries(), "SELECT assignee FROM issue"), ["3"]);
    assert_eq!(
        query(
            entries(),
            "SELECT position, kind, detail FROM activity WHERE kind LIKE '%ass%'"
        ),
        ["2 assigned 3"]
    );
    assert_eq!(
        query(entries(), "SELECT value FROM meta WHERE key = 'position'"),
        ["7"]
    );
}

fn delivery(head: &Head, state: DeliveryState, at_ns: i64) -> Entry {
    command(Decision::RecordDelivery {
        step: DeliveryStep {
            notification_id: [9; 16],
            transition_position: 1,
            issue_id: issue_of(head),
            rule: "new_issue".into(),
            channel: "email".into(),
            target: "ann@example.com".into(),
            state,
            attempts: 1,
            error: String::new(),
            at_ns,
        },
    })
}

#[test]
fn deliveries_keep_their_newest_step_and_the_cursor_only_rises() {
    let head = message("boom");
    let advance = |to: u64| command(Decision::AdvanceAlertCursor { position: to });
    let entries = || {
        vec![
            event(&head),
            delivery(&head, DeliveryState::Sending, 1),
            delivery(&head, DeliveryState::Sent, 2),
            advance(3),
            advance(1),
        ]
    };
    assert_eq!(
        query(entries(), "SELECT position, state, at_ns FROM delivery"),
        ["3 2 2"]
    );
    assert_eq!(
        query(
            entries(),
            "SELECT position, kind, detail FROM activity WHERE position > 1"
        ),
        ["3 notified ann@example.com"]
    );
    assert_eq!(
        query(
            entries(),
            "SELECT value FROM meta WHERE key = 'alert_cursor'"
        ),
        ["3"]
    );
}

#[test]
fn tag_values_above_the_cap_count_as_other() {
    let entries = |extra: usize| -> Vec<Entry> {
        (0..VALUES_MAX + extra)
            .chain([0, VALUES_MAX])
            .map(|n| {
                event(&Head {
                    tags: vec![
                        ("request".into(), format!("r{n}")),
                        ("os".into(), "linux".into()),
                    ],
                    ..message("boom")
                })
            })
            .collect()
    };
    let sql = "SELECT count(*), sum(count), sum(iif(value = '', count, 0)) FROM fingerprint_tag \
               GROUP BY key";
    assert_eq!(query(entries(5), sql), ["1 1007 0", "1001 1007 6"]);
}

#[test]
fn old_minutes_go_and_hours_stay() {
    let at = |minute: i64| {
        event(&Head {
            timestamp_ns: NOON_NS + minute * 60_000_000_000,
            ..message("boom")
        })
    };
    let entries = || vec![at(0), at(1), at(MINUTES_KEPT + 1), at(-5)];
    for table in ["fingerprint_minute", "project_minute"] {
        let minutes = query(
            entries(),
            &format!("SELECT count(*), sum(count) FROM {table}"),
        );
        assert_eq!(minutes, ["2 2"], "{table}");
    }
    assert_eq!(
        query(entries(), "SELECT sum(count) FROM fingerprint_hour"),
        ["4"]
    );
    assert_eq!(
        query(entries(), "SELECT last_seen - first_seen FROM issue"),
        [((MINUTES_KEPT + 6) * 60_000).to_string()]
    );
}

#[test]
fn users_and_weights_are_exact() {
    let by = |user: &str, weight: u32| {
        event(&Head {
            user: user.into(),
            weight,
            ..message("boom")
        })
    };
    let entries = || vec![by("id:1", 1), by("id:2", 10), by("", 1), by("id:1", 5)];
    assert_eq!(query(entries(), "SELECT count, users FROM issue"), ["17 2"]);
    assert_eq!(
        query(entries(), "SELECT count(*) FROM fingerprint_user"),
        ["2"]
    );
}

fn arbitrary_head() -> impl Strategy<Value = Head> {
    let text = (0..6usize, 0..3u32, 1..6u8, 0..20u64, -4000..10i64);
    let more = (0..3usize, 0..3usize, 0..5usize, 1..3u32, any::<[u8; 16]>());
    (text, more).prop_map(|((kind, project_id, level, user, minute), more)| {
        let (release, environment, tag, weight, event_id) = more;
        Head {
            event_id,
            project_id: project_id + 1,
            level,
            weight,
            user: if user == 0 {
                String::new()
            } else {
                format!("id:{user}")
            },
            timestamp_ns: NOON_NS + minute * 60_000_000_000,
            release: ["", "1.0", "2.0"][release].into(),
            environment: ["", "production", "staging"][environment].into(),
            tags: vec![
                ("tag".into(), format!("v{tag}")),
                (format!("k{tag}"), String::new()),
            ],
            ..message(["a", "b", "c", "d", "e", "f"][kind])
        }
    })
}

fn arbitrary_entry() -> impl Strategy<Value = Entry> {
    let statuses = prop_oneof![
        Just(IssueStatus::Unresolved),
        Just(IssueStatus::Resolved),
        Just(IssueStatus::Ignored)
    ];
    let states = prop_oneof![
        Just(DeliveryState::Sending),
        Just(DeliveryState::Sent),
        Just(DeliveryState::Failed),
        Just(DeliveryState::Suppressed),
        Just(DeliveryState::Held)
    ];
    prop_oneof![
        6 => arbitrary_head().prop_map(|head| event(&head)),
        2 => (arbitrary_head(), statuses).prop_map(|(head, status)| set_status(&head, status)),
        1 => (arbitrary_head(), proptest::option::of(1..3u32))
            .prop_map(|(head, user)| assign(&head, user)),
        1 => (arbitrary_head(), states, 0..9i64)
            .prop_map(|(head, state, at)| delivery(&head, state, at)),
        1 => (0..50u64).prop_map(|position| command(Decision::AdvanceAlertCursor { position })),
        1 => arbitrary_head().prop_map(|head| discard(&head)),
        1 => arbitrary_head().prop_map(|head| undiscard(&head)),
        2 => notes::arbitrary(),
        2 => regroup::arbitrary(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_result_does_not_depend_on_where_batches_end(
        entries in proptest::collection::vec(arbitrary_entry(), 1..120),
        sizes in proptest::collection::vec(1..17usize, 1..40),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let entries = numbered(entries);
        let (whole, single, random) = (
            dir.path().join("whole"), dir.path().join("single"), dir.path().join("random"),
        );
        drop(project(&whole, &entries, &[]));
        drop(project(&single, &entries, &[1]));
        drop(project(&random, &entries, &sizes));
        let expected = dump(&whole);
        prop_assert_eq!(&dump(&single), &expected);
        prop_assert_eq!(&dump(&random), &expected);
    }
}
