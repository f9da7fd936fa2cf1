//! Old events are dropped while the server runs; what they made of the issues stays, also
//! after a replay.

use serde_json::{Value, json};

use crate::support::{Client, KEY, Server, errata, wait_for};

const EVENTS: u64 = 150;

/// Sends a file without an event; the id it is under.
fn with_file(server: &Server, id: u64, file: &str) -> String {
    let id = format!("{id:032x}");
    let length = file.len();
    let body = format!(
        "{{\"event_id\":\"{id}\"}}\n\
         {{\"type\":\"attachment\",\"length\":{length},\"filename\":\"a.txt\"}}\n{file}\n"
    );
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let (status, _, answer) = Client::new(server).post(&path, &[], body);
    assert_eq!(status, 200, "{answer}");
    id
}

/// Text that does not compress.
fn noise(seed: u64) -> String {
    let mut state = seed;
    let letters = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 59) as u8 % 26)
    });
    letters.take(4_000).collect()
}

fn issues(server: &Server) -> Vec<Value> {
    let mut issues = server.wait_for_issues("limit=100", |issues| {
        let counts = issues.iter().map(|issue| issue["count"].as_u64().unwrap());
        counts.sum::<u64>() == EVENTS
    });
    issues.sort_by_key(|issue| issue["id"].as_str().unwrap().to_owned());
    issues
}

#[test]
fn dropped_events_leave_their_issues_also_after_a_replay() {
    let mut server = Server::start_with(&[
        ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "65536"),
        ("ERRATA_LOG__RETENTION__BYTES", "200000"),
        ("ERRATA_LOG__RETENTION__LOOK_EVERY_S", "1"),
    ]);
    let client = Client::new(&server);
    let bearer = format!("Bearer {KEY}");
    let mut ids = Vec::new();
    for n in 0..EVENTS {
        let ty = ["Alpha", "Beta", "Gamma"][n as usize % 3];
        let body = json!({
            "error": {"type": ty, "message": "old", "frames": [{"function": ty, "filename": "a.js", "in_app": true}]},
            "user": {"id": n.to_string()},
            "extra": {"noise": noise(n)},
        });
        let headers = [("authorization", &*bearer)];
        let (status, _, answer) = client.post("/api/errors", &headers, body.to_string());
        assert_eq!(status, 202, "{answer}");
        ids.push(answer["id"].as_str().unwrap().to_owned());
    }
    wait_for("old segments to go", || {
        (server.metric("errata_log_retained_first") > 60.0).then_some(())
    });
    assert!(server.metric("errata_log_dropped_segments_total") > 0.0);
    let live = issues(&server);
    for id in [&ids[0], &ids[EVENTS as usize - 1]] {
        let (status, _) = server.get(&format!("/api/errors/{id}"));
        assert_eq!(status, 200);
    }

    server.stop();
    let stat = errata(&server.data_dir(), &["log", "stat"]);
    let stat = String::from_utf8_lossy(&stat.stdout).into_owned();
    assert!(stat.contains("retention      would drop"), "{stat}");
    let replayed = errata(&server.data_dir(), &["replay"]);
    let said = String::from_utf8_lossy(&replayed.stderr).into_owned();
    assert!(replayed.status.success(), "{said}");
    server.restart();
    assert_eq!(issues(&server), live);
}

#[test]
fn files_go_with_the_last_event_that_has_them() {
    let server = Server::start_with(&[
        ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "65536"),
        ("ERRATA_LOG__RETENTION__BYTES", "200000"),
        ("ERRATA_LOG__RETENTION__LOOK_EVERY_S", "1"),
        // Three of the files below.
        ("ERRATA_LIMITS__BLOB_BYTES_PROJECT_MAX", "13000"),
    ]);
    let client = Client::new(&server);
    let headers = [("authorization", &*format!("Bearer {KEY}"))];
    let (old_file, shared_file) = (noise(1_000_001), noise(1_000_002));
    let old = [
        with_file(&server, 1, &old_file),
        with_file(&server, 2, &shared_file),
    ];
    let blobs = server.data_dir().join("blobs/1");
    let count = || std::fs::read_dir(&blobs).unwrap().count();
    let mut number = 10;
    // Events come all the time, and one of the two files with them.
    let newest = wait_for("the old file to go", || {
        for _ in 0..5 {
            number += 1;
            let body = json!({"error": {"type": "More"}, "extra": {"noise": noise(number)}});
            let (status, _, answer) = client.post("/api/errors", &headers, body.to_string());
            assert_eq!(status, 202, "{answer}");
        }
        let newest = with_file(&server, number, &shared_file);
        (count() == 1).then_some(newest)
    });
    wait_for("what was sent last", || {
        let (status, _, kept) = client.download(&format!("/api/errors/{newest}/attachments/0"));
        (status == 200).then(|| assert_eq!(kept, shared_file.as_bytes()))
    });
    for id in &old {
        let (status, answer) = server.get(&format!("/api/errors/{id}/attachments/0"));
        assert_eq!(status, 404, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("attachment"), "{message}");
    }
    // What it took is free, or the second of these would not have found room.
    for id in [3, 4] {
        with_file(&server, id, &noise(2_000_000 + id));
    }
    assert_eq!(count(), 3);
}
