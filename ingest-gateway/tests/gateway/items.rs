//! Everything that is no event: files, feedback, sessions, check-ins, reports.

use axum::body::Body;
use event_model::{EventId, Note, note::Attachments};
use http::{Request, StatusCode};
use serde_json::json;

use crate::support::{KEY, World, id, sentry_event};

/// An envelope whose items tell their lengths.
fn envelope(header: &str, items: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = format!("{header}\n").into_bytes();
    for (header, payload) in items {
        let length = format!(",\"length\":{}}}", payload.len());
        body.extend_from_slice(header.replace('}', &length).as_bytes());
        body.push(b'\n');
        body.extend_from_slice(payload);
        body.push(b'\n');
    }
    body
}

fn header(event: &str) -> String {
    format!("{{\"event_id\":\"{event}\"}}")
}

fn attachments(world: &World) -> Vec<Attachments> {
    let notes = world.notes().into_iter().map(|note| match note {
        Note::Attachments(note) => note,
        note => panic!("{note:?}"),
    });
    notes.collect()
}

const FILE: &str = r#"{"type":"attachment","filename":"logs/a.txt","content_type":"text/plain"}"#;

#[tokio::test]
async fn files_of_an_envelope_are_durable_and_named_once_the_answer_is_there() {
    let world = World::new().await;
    let event = sentry_event(&id(1));
    let binary = b"\x89PNG\r\n\x1a\n\n{\"type\":\"event\"}\n";
    let shot =
        r#"{"type":"attachment","filename":"shot.png","attachment_type":"event.view_hierarchy"}"#;
    let body = envelope(
        &header(&id(1)),
        &[
            (r#"{"type":"event"}"#, event.as_bytes()),
            (FILE, b"hello"),
            (shot, binary),
            (FILE, b""),
        ],
    );
    let answer = world.post_envelope(body).await;
    assert_eq!(
        (answer.status, answer.json()),
        (StatusCode::OK, json!({"id": id(1)}))
    );
    assert_eq!(world.stored_ids(), [id(1)]);
    let notes = attachments(&world);
    assert_eq!(notes.len(), 1, "one record");
    assert_eq!(EventId(notes[0].event_id).to_string(), id(1));
    assert_eq!(notes[0].project_id, 1);
    let files: Vec<_> = notes[0]
        .files
        .iter()
        .map(|f| (f.name.as_str(), f.attachment_type.as_str(), f.size_bytes))
        .collect();
    assert_eq!(
        files,
        [
            ("a.txt", "event.attachment", 5),
            ("shot.png", "event.view_hierarchy", binary.len() as u64),
            ("a.txt", "event.attachment", 0),
        ]
    );
    for (file, expected) in notes[0].files.iter().zip([&b"hello"[..], binary, b""]) {
        assert_eq!(world.blob(file.sha256).await.unwrap(), expected);
    }
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored, tally.in_flight), (4, 4, 0));
}

#[tokio::test]
async fn files_may_come_alone_with_the_events_id_and_never_without() {
    let world = World::new().await;
    let alone = world
        .post_envelope(envelope(&header(&id(7)), &[(FILE, b"x")]))
        .await;
    assert_eq!(
        (alone.status, alone.json()),
        (StatusCode::OK, json!({"id": id(7)}))
    );
    assert_eq!(attachments(&world).len(), 1);
    let lost = world.post_envelope(envelope("{}", &[(FILE, b"x")])).await;
    assert_eq!(lost.status, StatusCode::BAD_REQUEST);
    assert_eq!(attachments(&world).len(), 1);
}

#[tokio::test]
async fn files_of_a_form_belong_to_the_event_of_the_path() {
    let world = World::new().await;
    let form = "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.log\"\r\n\
                Content-Type: text/x-log\r\n\r\none\r\ntwo\r\n--XX--\r\n";
    let path = format!("/api/1/events/{}/attachments/?sentry_key={KEY}", id(3));
    let multipart = [("content-type", "multipart/form-data; boundary=XX")];
    let answer = world.post(&path, &multipart, form).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
    let note = attachments(&world).remove(0);
    assert_eq!(EventId(note.event_id).to_string(), id(3));
    assert_eq!(note.files[0].content_type, "text/x-log");
    let bytes = world.blob(note.files[0].sha256).await.unwrap();
    assert_eq!(bytes, "one\r\ntwo".as_bytes());
}

/// A dump with a header and no stream: enough to be one.
fn dump() -> Vec<u8> {
    let mut dump = b"MDMP\x93\xa7\x01\x00".to_vec();
    dump.resize(32, 0);
    dump
}

#[tokio::test]
async fn a_crash_is_an_event_with_its_dump_and_answered_with_the_hyphenated_id() {
    let world = World::new().await;
    let mut form = b"--XX\r\nContent-Disposition: form-data; name=\"sentry\"\r\n\r\n\
        {\"release\":\"game@1\"}\r\n--XX\r\nContent-Disposition: form-data; \
        name=\"upload_file_minidump\"; filename=\"x.dmp\"\r\n\r\n"
        .to_vec();
    form.extend_from_slice(&dump());
    form.extend_from_slice(b"\r\n--XX--\r\n");
    let path = format!("/api/1/minidump/?sentry_key={KEY}");
    let multipart = [("content-type", "multipart/form-data; boundary=XX")];
    for (headers, body) in [(&multipart[..], form), (&[][..], dump())] {
        let answer = world.post(&path, headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        assert!(
            answer.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/plain")
        );
        let shown = String::from_utf8(answer.body.to_vec()).unwrap();
        assert_eq!(shown.len(), 36, "hyphenated: {shown}");
        let id: EventId = shown.parse().unwrap();
        assert_eq!(world.stored_ids().last().unwrap(), &id.to_string());
        let note = attachments(&world).pop().unwrap();
        assert_eq!(EventId(note.event_id), id);
        assert_eq!(note.files[0].attachment_type, "event.minidump");
        assert_eq!(world.blob(note.files[0].sha256).await.unwrap(), dump());
    }
}

#[tokio::test]
async fn reports_of_browsers_are_events() {
    let world = World::new().await;
    let report = json!({"csp-report": {
        "document-uri": "https://shop.example/", "effective-directive": "img-src",
        "blocked-uri": "https://evil.example/x.png",
    }});
    let path = format!(
        "/api/1/security/?sentry_key={KEY}&sentry_release=shop@2&sentry_environment=production"
    );
    let csp = [("content-type", "application/csp-report")];
    let answer = world.post(&path, &csp, report.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let nel = json!([{
        "type": "network-error", "url": "https://api.example/",
        "body": {"type": "tcp.timed_out", "phase": "connection"},
    }]);
    let nel_path = format!("/api/1/nel/?sentry_key={KEY}");
    let reports = [("content-type", "application/reports+json")];
    let answer = world.post(&nel_path, &reports, nel.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(world.stored_ids().len(), 2);
    let html = [("content-type", "text/html")];
    let refused = world.post(&path, &html, report.to_string()).await;
    assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let items = world.log.reader().read_after(event_model::Position(0));
    let releases: Vec<_> = items
        .filter_map(|item| match item.unwrap().entry {
            event_log::Entry::Event(event) => Some(event.head().release.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(releases, ["shop@2", ""]);
}

#[tokio::test]
async fn sessions_check_ins_feedback_and_client_reports_are_records() {
    let world = World::new().await;
    let session = json!({
        "sid": "5ede5a3d2596409d9bfdd106faccf27c", "init": true, "status": "ok", "errors": 1,
        "started": "2026-11-22T15:41:09.334Z", "attrs": {"release": "shop@2"},
    });
    let sessions = json!({
        "aggregates": [{"started": "2026-11-22T15:31:00.000Z", "crashed": 1}],
        "attrs": {"release": "shop@2"},
    });
    let check_in = json!({"monitor_slug": "nightly", "status": "in_progress"});
    let report = json!({"discarded_events": [
        {"reason": "before_send", "category": "error", "quantity": 3},
    ]});
    let user_report = json!({"event_id": id(1), "name": "Jane", "comments": "It broke"});
    let feedback = json!({
        "type": "feedback",
        "contexts": {"feedback": {"message": "Hm", "associated_event_id": id(1)}},
    });
    let payloads = [
        ("session", session),
        ("sessions", sessions),
        ("check_in", check_in),
        ("client_report", report),
        ("user_report", user_report),
        ("feedback", feedback),
    ];
    for (kind, payload) in &payloads {
        let item = format!("{{\"type\":\"{kind}\"}}");
        let body = envelope("{}", &[(&item, payload.to_string().as_bytes())]);
        let answer = world.post_envelope(body).await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::OK, json!({})),
            "{kind}"
        );
        assert!(
            !answer.headers.contains_key("x-sentry-rate-limits"),
            "{kind}"
        );
    }
    let notes = world.notes();
    let kinds: Vec<_> = notes
        .iter()
        .map(|note| json!(note)["note"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "sessions",
            "sessions",
            "check_in",
            "client_report",
            "feedback",
            "feedback"
        ]
    );
    assert!(notes.iter().all(|note| note.project_id() == Some(1)));
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored), (6, 6));
    // What is broken is dropped, and the SDK left in peace.
    for (kind, _) in &payloads {
        let body = format!("{{}}\n{{\"type\":\"{kind}\"}}\n[]\n");
        let answer = world.post_envelope(body).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}");
    }
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored, tally.dropped), (12, 6, 6));
}

#[tokio::test]
async fn check_ins_come_by_url_too() {
    let world = World::new().await;
    let path = format!("/api/1/cron/nightly/{KEY}?status=ok&duration=1.5&environment=production");
    let answer = world
        .send(Request::get(&path).body(Body::empty()).unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{:?}", answer.body);
    let path = format!("/api/1/cron/nightly/?sentry_key={KEY}");
    let posted = world.post(&path, &[], r#"{"status":"error"}"#).await;
    assert_eq!(posted.status, StatusCode::ACCEPTED);
    let found: Vec<_> = world
        .notes()
        .into_iter()
        .map(|note| match note {
            Note::CheckIn(note) => (note.monitor, note.status, note.duration_ms),
            note => panic!("{note:?}"),
        })
        .collect();
    let nightly = || "nightly".to_owned();
    assert_eq!(found, [(nightly(), 2, Some(1_500)), (nightly(), 3, None)]);
    let odd = format!("/api/1/cron/nightly/{KEY}?status=done");
    let refused = world
        .send(Request::get(&odd).body(Body::empty()).unwrap())
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_dialog_is_a_script_and_its_form_is_feedback() {
    let world = World::new().await;
    let dsn = format!("http%3A%2F%2F{KEY}%40127.0.0.1%3A8470%2F1");
    let path = format!(
        "/sub/api/embed/error-page/?dsn={dsn}&eventId={}&name=%3Cb%3E",
        id(1)
    );
    let script = world
        .send(Request::get(&path).body(Body::empty()).unwrap())
        .await;
    assert_eq!(script.status, StatusCode::OK);
    assert!(
        script.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/javascript")
    );
    assert_eq!(script.headers["x-content-type-options"], "nosniff");
    assert!(!String::from_utf8_lossy(&script.body).contains("<b>"));
    let form = "name=Jane&email=jane%40example.com&comments=It+broke+%E2%80%94+gr%C3%B6%C3%9Fe";
    let answer = world.post(&path, &[], form).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({})));
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    let Note::Feedback(note) = world.notes().remove(0) else {
        panic!("no feedback");
    };
    assert_eq!(note.message, "It broke — größe");
    assert_eq!(
        (note.name.as_str(), note.email.as_str()),
        ("Jane", "jane@example.com")
    );
    assert_eq!(note.event_id.map(|id| EventId(id).to_string()), Some(id(1)));
    let empty = world.post(&path, &[], "name=Jane").await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    for (query, status) in [
        (String::new(), StatusCode::UNAUTHORIZED),
        (
            format!("dsn=http://{}@h/1", "1".repeat(32)),
            StatusCode::FORBIDDEN,
        ),
    ] {
        let path = format!("/api/embed/error-page/?{query}");
        let refused = world
            .send(Request::get(&path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(refused.status, status);
        assert_eq!(world.post(&path, &[], form).await.status, status);
    }
    // Asking for the script brings no item.
    assert_eq!(world.gateway.tally().received, 4);
}

#[tokio::test]
async fn a_tunnelled_envelope_needs_only_its_dsn() {
    let world = World::new().await;
    let header = format!(
        "{{\"event_id\":\"{}\",\"dsn\":\"http://{KEY}@h/1\"}}",
        id(1)
    );
    let event = sentry_event(&id(1));
    let body = envelope(&header, &[(r#"{"type":"event"}"#, event.as_bytes())]);
    let answer = world.post("/tunnel", &[], body).await;
    assert_eq!(
        (answer.status, answer.json()),
        (StatusCode::OK, json!({"id": id(1)}))
    );
    let refused = world.post("/tunnel", &[], "{}").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_not_kept_is_told_to_the_log_once() {
    let world = World::new().await;
    let span = r#"{"type":"span","item_count":7}"#;
    world
        .post_envelope(format!(
            "{{}}\n{{\"type\":\"transaction\"}}\n{{}}\n{span}\n{{}}\n"
        ))
        .await;
    world.post("/api/1/envelope/", &[], "{}").await;
    world.gateway.upkeep().tallies.record().await;
    world.gateway.upkeep().tallies.record().await;
    let mut notes = world.notes();
    assert_eq!(notes.len(), 1);
    let Note::Tally(tally) = notes.remove(0) else {
        panic!("no tally");
    };
    assert!(tally.from_ns < tally.until_ns);
    let mut counts: Vec<_> = tally
        .counts
        .iter()
        .map(|c| {
            (
                c.project_id,
                c.category.as_str(),
                c.reason.as_str(),
                c.quantity,
            )
        })
        .collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        [
            (0, "error", "unauthenticated", 1),
            (1, "span", "type_not_stored", 7),
            (1, "transaction", "type_not_stored", 1),
        ]
    );
}

#[tokio::test]
async fn a_disk_that_takes_no_blob_is_told_to_try_again_and_the_event_is_kept() {
    let world = World::new().await;
    // A file where the project's folder should be.
    std::fs::write(world.dir().join("blobs/1"), "in the way").unwrap();
    let event = sentry_event(&id(1));
    let items = [(r#"{"type":"event"}"#, event.as_bytes()), (FILE, b"x")];
    let answer = world.post_envelope(envelope(&header(&id(1)), &items)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after"));
    std::fs::remove_file(world.dir().join("blobs/1")).unwrap();
    let again = world.post_envelope(envelope(&header(&id(1)), &items)).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(world.stored_ids(), [id(1)]);
    assert_eq!(attachments(&world).len(), 1);
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored, tally.dropped), (4, 2, 2));
}
