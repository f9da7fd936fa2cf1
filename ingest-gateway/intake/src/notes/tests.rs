#![allow(clippy::unwrap_used)]

use event_model::{EventId, Note, ProjectId, note::SessionStatus};
use serde_json::{Value, json};

use super::{Written, check_in, client_report, feedback, session, sessions, user_report, written};
use crate::{Context, Invalid, Limits};

const RECEIVED_NS: i64 = 1_795_361_286_000_000_000;

fn with<T>(read: impl FnOnce(&Context<'_>) -> T) -> T {
    let limits = Limits::default();
    read(&Context {
        project_id: ProjectId(7),
        received_ns: RECEIVED_NS,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: crate::scrub::Rules::standard(),
    })
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[test]
fn feedback_is_read_as_browsers_send_it() {
    let event = json!({
        "contexts": { "feedback": {
            "contact_email": "jane@example.com", "name": "Jane",
            "message": "It broke — größe\nsee http://u:hunter2@h/x?token=abc123",
            "associated_event_id": "2e7dd41c-63a9-4913-9391-00716657ac92",
        }},
        "request": { "url": "http://shop.example/index.html" },
        "type": "feedback", "release": "shop@2", "environment": "production",
        "event_id": "a60b9c88b9cf4fbfb7ac6829051c0a0f",
    });
    let Note::Feedback(note) = with(|c| feedback(&bytes(&event), None, c)).unwrap() else {
        panic!("no feedback");
    };
    assert_eq!((note.project_id, note.received_ns), (7, RECEIVED_NS));
    assert_eq!(
        EventId(note.id).to_string(),
        "a60b9c88b9cf4fbfb7ac6829051c0a0f"
    );
    let about = note.event_id.map(|id| EventId(id).to_string());
    assert_eq!(about.as_deref(), Some("2e7dd41c63a94913939100716657ac92"));
    assert_eq!(
        (note.name.as_str(), note.email.as_str()),
        ("Jane", "jane@example.com")
    );
    assert!(
        note.message.starts_with("It broke — größe\n"),
        "{}",
        note.message
    );
    assert!(
        !note.message.contains("hunter2"),
        "scrubbed like messages: {}",
        note.message
    );
    assert_eq!(note.url, "http://shop.example/index.html");
    assert_eq!(
        (note.release.as_str(), note.environment.as_str()),
        ("shop@2", "production")
    );
}

#[test]
fn a_report_of_the_older_kind_is_the_same_feedback_when_it_comes_again() {
    let body = json!({
        "event_id": "2e7dd41c63a94913939100716657ac92",
        "name": "Jane", "email": "j@example.com", "comments": "It broke",
    });
    let read = |body: &Value| with(|c| user_report(&bytes(body), c)).unwrap();
    assert_eq!(read(&body), read(&body));
    let mut other = body.clone();
    other["comments"] = "Again".into();
    let ids = [read(&body), read(&other)].map(|note| match note {
        Note::Feedback(note) => note.id,
        note => panic!("{note:?}"),
    });
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn feedback_without_a_text_is_refused_and_a_long_one_cut() {
    for text in ["", " \n"] {
        let said = Written {
            message: text,
            name: "x",
            ..Written::default()
        };
        assert_eq!(
            with(|c| written(&said, None, c)).unwrap_err().field,
            "message"
        );
    }
    let long = "ä".repeat(10_000);
    let said = Written {
        message: &long,
        ..Written::default()
    };
    let Note::Feedback(note) = with(|c| written(&said, None, c)).unwrap() else {
        panic!("no feedback");
    };
    assert!(note.message.chars().count() <= 4_096);
}

#[test]
fn sessions_are_read_with_every_status() {
    for (name, status) in [
        ("ok", SessionStatus::Ok),
        ("exited", SessionStatus::Exited),
        ("crashed", SessionStatus::Crashed),
        ("abnormal", SessionStatus::Abnormal),
        ("unhandled", SessionStatus::Unhandled),
    ] {
        let body = json!({
            "sid": "6e633df1-f78b-46af-93d4-908c6f85ca67", "init": true, "did": "u-1",
            "started": "2026-11-22T15:27:46.894071Z", "timestamp": 1_795_361_285.5,
            "status": name, "errors": 2, "duration": 0.5,
            "attrs": { "release": "shop@1.4.2", "environment": "production", "ip_address": "{{auto}}" },
        });
        let Note::Sessions(note) = with(|c| session(&bytes(&body), None, c)).unwrap() else {
            panic!("no session");
        };
        let update = &note.updates[0];
        assert_eq!(update.status, status as u8);
        assert!(update.is_first && update.user_hash != 0);
        assert_eq!((update.errors, update.duration_ms), (2, Some(500)));
        assert_eq!(update.at_ns, 1_795_361_285_500_000_000);
        assert_eq!(update.started_ns, 1_795_361_266_894_071_000);
        assert_eq!(note.release, "shop@1.4.2");
    }
}

#[test]
fn sums_of_sessions_are_read() {
    let body = json!({
        "attrs": { "environment": "production", "release": "shop@1.4.2" },
        "aggregates": [
            { "started": "2026-11-22T15:27:00.000000Z", "crashed": 1 },
            { "started": "2026-11-22T15:28:00Z", "exited": 3, "errored": 1, "did": "u" },
            5,
        ],
    });
    let Note::Sessions(note) = with(|c| sessions(&bytes(&body), None, c)).unwrap() else {
        panic!("no sessions");
    };
    let sums: Vec<_> = note
        .counts
        .iter()
        .map(|c| (c.exited, c.errored, c.crashed))
        .collect();
    assert_eq!(sums, [(0, 0, 1), (3, 1, 0)]);
    assert_eq!(note.counts[0].user_hash, 0);
}

#[track_caller]
fn refused(result: Result<Note, Invalid>, field: &str) {
    assert_eq!(result.unwrap_err().field, field);
}

#[test]
fn what_cannot_be_used_names_its_field() {
    with(|c| {
        refused(session(b"{}", None, c), "sid");
        let sid = br#"{"sid":"6e633df1f78b46af93d4908c6f85ca67","status":"dancing"}"#;
        refused(session(sid, None, c), "status");
        let sid = br#"{"sid":"6e633df1f78b46af93d4908c6f85ca67"}"#;
        refused(session(sid, None, c), "attrs.release");
        refused(sessions(b"{}", None, c), "aggregates");
        refused(check_in(br#"{"status":"ok"}"#, c), "monitor_slug");
        refused(
            check_in(br#"{"monitor_slug":"x","status":"done"}"#, c),
            "status",
        );
        refused(feedback(b"{}", None, c), "contexts.feedback");
        for read in [check_in, client_report, user_report] {
            refused(read(b"[]", c), "");
            refused(read(b"nope", c), "");
        }
    });
}

#[test]
fn a_check_in_keeps_the_schedule_and_nothing_else() {
    let body = json!({
        "check_in_id": "b7e805e0037847caa1a08ff07bc02371", "monitor_slug": "nightly-reprice",
        "status": "in_progress", "duration": null, "release": "shop@1.4.2",
        "monitor_config": {
            "schedule": { "type": "crontab", "value": "0 3 * * *" }, "max_runtime": 30,
            "secret": "hunter2", "timezone": "x".repeat(10_000),
        },
    });
    let Note::CheckIn(note) = with(|c| check_in(&bytes(&body), c)).unwrap() else {
        panic!("no check-in");
    };
    assert_eq!((note.monitor.as_str(), note.status), ("nightly-reprice", 1));
    assert_eq!(note.duration_ms, None);
    let config: Value = serde_json::from_str(&note.config).unwrap();
    assert_eq!(
        config,
        json!({ "schedule": { "type": "crontab", "value": "0 3 * * *" }, "max_runtime": 30 })
    );
}

#[test]
fn client_reports_keep_free_words_within_bounds() {
    let mut drops = vec![
        json!({ "reason": "before_send", "category": "error", "quantity": 2 }),
        json!({ "reason": "No Parent <Span>\u{0}", "category": "span" }),
        json!({ "reason": 5, "quantity": 0 }),
        json!({ "category": "error", "quantity": 1e30 }),
    ];
    drops.extend(vec![json!({ "reason": "x", "category": "error" }); 500]);
    let body = json!({ "timestamp": 1.0, "discarded_events": drops });
    let Note::ClientReport(note) = with(|c| client_report(&bytes(&body), c)).unwrap() else {
        panic!("no report");
    };
    let found: Vec<_> = note.drops[..3]
        .iter()
        .map(|d| (d.reason.as_str(), d.category.as_str(), d.quantity))
        .collect();
    let expected = [
        ("before_send", "error", 2),
        ("noparentspan", "span", 1),
        ("unknown", "error", 1_000_000_000),
    ];
    assert_eq!(found, expected);
    assert_eq!(note.drops.len(), 100);
}
