//! What goes by the event's own time, and the bounds on names and tag keys.

use event_log::Entry;
use event_model::{IssueStatus, head::Head};

use super::{
    super::{
        names::{ENVIRONMENTS_MAX, RELEASES_MAX},
        tags::KEYS_MAX,
    },
    query, set_status,
};
use crate::testing::{NOON_NS, event, message};

#[test]
fn an_event_older_than_the_resolution_does_not_reopen() {
    let at = |minutes: i64| {
        event(&Head {
            timestamp_ns: NOON_NS + minutes * 60_000_000_000,
            release: format!("r{minutes}"),
            ..message("boom")
        })
    };
    let head = message("boom");
    let resolved = |minutes: i64| {
        vec![
            at(-120),
            set_status(&head, IssueStatus::Resolved),
            at(minutes),
        ]
    };
    let sql = "SELECT status, count, regressed_in, resolved_at_ns IS NULL FROM issue";
    assert_eq!(query(resolved(-90), sql), ["2 2 - 0"]);
    assert_eq!(query(resolved(-1), sql), ["2 2 - 0"]);
    assert_eq!(query(resolved(0), sql), ["1 2 r0 1"]);
    assert_eq!(query(resolved(1), sql), ["1 2 r1 1"]);
    // Resolved again, the mark of the regression goes.
    let mut again = resolved(1);
    again.push(set_status(&head, IssueStatus::Resolved));
    assert_eq!(query(again, sql), ["2 2 - 0"]);
}

#[test]
fn first_and_last_are_by_the_time_events_happened() {
    let at = |minutes: i64, text: &str| {
        event(&Head {
            timestamp_ns: NOON_NS + minutes * 60_000_000_000,
            release: text.into(),
            level: if text == "newest" { 5 } else { 2 },
            ..message("boom")
        })
    };
    let entries = || {
        vec![
            at(-5, "middle"),
            at(0, "newest"),
            at(-9, "oldest"),
            at(-2, ""),
        ]
    };
    let sql = "SELECT first_release, last_release, first_position, last_position, opened, level
         FROM issue";
    assert_eq!(query(entries(), sql), ["oldest newest 3 2 1 5"]);
}

#[test]
fn tag_keys_above_the_cap_count_as_other() {
    let entries: Vec<Entry> = (0..KEYS_MAX + 7)
        .chain([0, KEYS_MAX + 3])
        .map(|n| {
            event(&Head {
                tags: vec![(format!("key{n}"), "value".into())],
                ..message("boom")
            })
        })
        .collect();
    let sql =
        "SELECT count(DISTINCT key), sum(count), sum(iif(key = '', count, 0)) FROM fingerprint_tag";
    assert_eq!(query(entries, sql), ["201 209 8"]);
}

#[test]
fn names_above_the_cap_count_as_other() {
    let entries = |names_max: u64, name: fn(String) -> Head| -> Vec<Entry> {
        // Beyond the cap, then two that were let in, and one that was not.
        (0..names_max + 7)
            .chain([0, names_max - 1, names_max + 3])
            .map(|n| event(&name(format!("name {n}"))))
            .collect()
    };
    let releases = entries(RELEASES_MAX, |release| Head {
        release,
        ..message("boom")
    });
    let environments = entries(ENVIRONMENTS_MAX, |environment| Head {
        environment,
        ..message("boom")
    });
    for (entries, names_max, sql) in [
        (
            releases.clone(),
            RELEASES_MAX,
            "SELECT count(*), sum(count), sum(iif(version = '(other)', count, 0)) FROM release",
        ),
        (
            releases,
            RELEASES_MAX,
            "SELECT count(*), sum(count), count(*) - 1 - (SELECT count(*) FROM issue_release) + 9 FROM release",
        ),
        (
            environments,
            ENVIRONMENTS_MAX,
            "SELECT count(*), sum(count), sum(iif(name = '(other)', count, 0)) FROM environment",
        ),
    ] {
        let expected = format!("{} {} 8", names_max + 1, names_max + 10);
        assert_eq!(query(entries, sql), [expected], "{sql}");
    }
}
