//! Events that only Parquet files still have are read like all others: by id, in lists, by
//! search, after a rebuild, from a folder and from a bucket.

use std::{collections::BTreeMap, path::PathBuf, sync::atomic::Ordering, time::Instant};

use serde_json::{Value, json};

use crate::support::{Bucket, Client, Flaky, KEY, Link, Server, errata, noise, wait_for};

const EVENTS: u64 = 150;
/// The log keeps some 40 of them.
const SETTINGS: [(&str, &str); 3] = [
    ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "65536"),
    ("ERRATA_LOG__RETENTION__BYTES", "200000"),
    ("ERRATA_LOG__RETENTION__LOOK_EVERY_S", "1"),
];

fn body(n: u64) -> Value {
    let ty = ["Alpha", "Beta", "Gamma"][n as usize % 3];
    let level = ["error", "warning"][n as usize % 2];
    json!({
        "error": {
            "type": ty,
            "message": format!("old number{n}"),
            "frames": [
                {"function": "main", "filename": "m.js", "lineno": 3, "in_app": true},
                {"function": ty, "filename": "a.js", "lineno": 7, "in_app": true, "context_line": "let x = y", "vars": {"y": n}},
            ],
        },
        "level": level,
        "user": {"id": n.to_string(), "email": "a@b.example"},
        "tags": {"number": n.to_string()},
        "release": "shop@1.0",
        "environment": "prod",
        "breadcrumbs": [{"message": "clicked", "category": "ui"}],
        "extra": {"noise": noise(n, 4_000)},
    })
}

fn send(server: &Server, numbers: std::ops::Range<u64>) -> Vec<String> {
    let client = Client::new(server);
    let bearer = format!("Bearer {KEY}");
    let send = |n| {
        let headers = [("authorization", &*bearer)];
        let (status, _, answer) = client.post("/api/errors", &headers, body(n).to_string());
        assert_eq!(status, 202, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    };
    numbers.map(send).collect()
}

/// What all reads of an event say, but for its neighbours.
fn told(server: &Server, id: &str) -> Value {
    let (status, mut event) = server.get(&format!("/api/errors/{id}"));
    assert_eq!(status, 200, "{event}");
    let (status, why) = server.get(&format!("/api/errors/{id}/grouping"));
    assert_eq!(status, 200, "{why}");
    for neighbour in ["newer_id", "older_id"] {
        event.as_object_mut().unwrap().remove(neighbour);
    }
    json!({"event": event, "why": why})
}

/// The ids of all events that a query finds, page by page.
fn listed(server: &Server, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = server.get(&format!("/api/errors?limit=40{query}{cursor}"));
        assert_eq!(status, 200, "{page}");
        let of_page = page["errors"].as_array().unwrap().iter();
        ids.extend(of_page.map(|event| event["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str().filter(|next| !next.is_empty()) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

/// The Parquet files, the oldest first.
fn cold_files(server: &Server) -> Vec<PathBuf> {
    let events = server.data_dir().join("cold/events");
    let days = std::fs::read_dir(events)
        .unwrap()
        .map(|day| day.unwrap().path());
    let files = days.flat_map(|day| std::fs::read_dir(day).unwrap());
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// What `errata verify` says of search and Parquet files.
fn verified(server: &Server, code: i32, said: &[&str]) {
    let args = ["verify", "--part", "search", "--part", "cold"];
    let output = errata(&server.data_dir(), &args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    for said in said {
        assert!(text.contains(said), "{text}");
    }
}

fn wait_for_a_drop(server: &Server, behind: f64) {
    wait_for("old segments to go", || {
        (server.metric("errata_log_retained_first") > behind).then_some(())
    });
}

fn wait_for_all(server: &Server) {
    wait_for("all events to be listed", || {
        (listed(server, "").len() as u64 == EVENTS).then_some(())
    });
}

fn check_all(server: &Server, ids: &[String], before: &BTreeMap<String, Value>) {
    let mut newest_first: Vec<String> = ids.to_vec();
    newest_first.reverse();
    wait_for_all(server);
    assert_eq!(listed(server, ""), newest_first);
    for (id, before) in before {
        assert_eq!(told(server, id), *before);
    }
    // A word of the message, a tag, and a word of an issue's events.
    assert_eq!(listed(server, "&query=number3"), [ids[3].clone()]);
    assert_eq!(
        listed(server, "&query=number:7%20level:warning"),
        [ids[7].clone()]
    );
    let warnings = listed(server, "&query=level:warning");
    assert_eq!(warnings.len() as u64, EVENTS / 2);
    let issues = server.wait_for_issues("limit=10", |issues| issues.len() == 3);
    for issue in issues {
        let id = issue["id"].as_str().unwrap();
        let (_, oldest) = server.get(&format!("/api/errors?limit=1&order=asc&issue={id}"));
        let title = issue["title"].as_str().unwrap();
        let first = ["Alpha", "Beta", "Gamma"]
            .iter()
            .position(|ty| title.starts_with(ty));
        assert_eq!(
            oldest["errors"][0]["id"],
            json!(ids[first.unwrap()]),
            "{title}"
        );
        let of_issue = listed(server, &format!("&issue={id}"));
        assert_eq!(of_issue.len() as u64, EVENTS / 3);
    }
}

#[test]
fn what_only_parquet_files_have_is_read_like_everything_else() {
    let mut server = Server::start_with(&SETTINGS);
    let ids = send(&server, 0..20);
    let of_interest = [0, 1, 2, 5, 19].map(|n| ids[n].clone());
    wait_for("the first events", || {
        (listed(&server, "").len() == 20).then_some(())
    });
    let before = of_interest.map(|id| (id.clone(), told(&server, &id)));
    let before = BTreeMap::from(before);
    let ids = [ids, send(&server, 20..EVENTS)].concat();
    wait_for_a_drop(&server, 60.0);
    check_all(&server, &ids, &before);

    verified(&server, 0, &["search: equal: 150 events", "cold: equal: "]);

    // An index that is built anew has what the log has no more.
    server.stop();
    let replayed = errata(&server.data_dir(), &["replay"]);
    let said = String::from_utf8_lossy(&replayed.stderr).into_owned();
    assert!(replayed.status.success(), "{said}");
    server.restart();
    check_all(&server, &ids, &before);
    server.stop();
    std::fs::remove_dir_all(server.data_dir().join("read-model")).unwrap();
    server.restart();
    check_all(&server, &ids, &before);

    verified(&server, 0, &["search: equal: 150 events", "cold: equal: "]);

    // A file that is damaged, and one that is gone, are named.
    server.stop();
    let files = cold_files(&server);
    let whole = std::fs::read(&files[0]).unwrap();
    let mut damaged = whole.clone();
    damaged[4..whole.len() / 2].fill(0x55);
    std::fs::write(&files[0], damaged).unwrap();
    verified(&server, 1, &["cold: DIFFERENT: "]);
    std::fs::write(&files[0], whole).unwrap();
    // Of a segment that the log has, and not the newest, which may not be written yet.
    let gone = &files[files.len() - 2];
    let aside = gone.with_extension("aside");
    std::fs::rename(gone, &aside).unwrap();
    verified(&server, 1, &["no cold file has it"]);
    std::fs::rename(&aside, gone).unwrap();
    verified(&server, 0, &["search: equal: 150 events", "cold: equal: "]);

    // Where neither has it, that is said.
    std::fs::remove_dir_all(server.data_dir().join("cold")).unwrap();
    server.restart();
    let (status, gone) = server.get(&format!("/api/errors/{}", ids[0]));
    assert_eq!(
        (status, &gone["error"]["code"]),
        (404, &json!("not_retained"))
    );
    let left = listed(&server, "");
    assert!(
        !left.is_empty() && (left.len() as u64) < 100,
        "{}",
        left.len()
    );
}

#[test]
fn a_bucket_keeps_what_the_log_drops_and_its_absence_delays_nothing_else() {
    let bucket = Bucket::start();
    let link = Link::to(bucket.address());
    let url = Bucket::url("cold");
    let mut settings = Bucket::variables_of(&format!("http://{}", link.address));
    settings.extend(SETTINGS.map(|(name, value)| (name, value.to_owned())));
    settings.push(("ERRATA_COLD__URL", url));
    let borrowed: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let server = Server::start_with(&borrowed);
    let ids = send(&server, 0..20);
    wait_for("the first events", || {
        (listed(&server, "").len() == 20).then_some(())
    });
    let before = BTreeMap::from([0, 7].map(|n| (ids[n].clone(), told(&server, &ids[n]))));
    let ids = [ids, send(&server, 20..EVENTS)].concat();
    wait_for_a_drop(&server, 60.0);
    check_all(&server, &ids, &before);
    assert!(!server.data_dir().join("cold").exists());

    // The bucket is gone: its events cannot be read, and that is said soon; all else goes on.
    link.cut();
    let newest = ids.last().unwrap();
    let began = Instant::now();
    let (status, _) = server.get(&format!("/api/errors/{newest}"));
    assert_eq!(status, 200);
    let (status, page) = server.get("/api/errors?limit=5");
    assert_eq!((status, page["errors"].as_array().unwrap().len()), (200, 5));
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    let (status, answer) = server.get(&format!("/api/errors/{}", ids[0]));
    assert_eq!(status, 503, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("cold.url"), "{message}");
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    let more = send(&server, EVENTS..EVENTS + 60);
    wait_for("new events while the bucket is away", || {
        let (_, page) = server.get("/api/errors?limit=1");
        (page["errors"][0]["id"] == json!(more.last().unwrap())).then_some(())
    });
    // Nothing was dropped that is not in the bucket, and all of it is there again.
    link.mend();
    wait_for("the bucket's events", || {
        (listed(&server, "").len() as u64 == EVENTS + 60).then_some(())
    });
    assert_eq!(told(&server, &ids[0]), before[&ids[0]]);
}

#[test]
fn parquet_files_of_old_days_go_and_it_is_recorded() {
    let mut server = Server::start_with(&SETTINGS);
    let ids = send(&server, 0..EVENTS);
    wait_for_a_drop(&server, 60.0);
    wait_for_all(&server);
    server.stop();
    // What came first came years ago.
    let files = cold_files(&server);
    let old_day = server.data_dir().join("cold/events/date=2020-02-02");
    std::fs::create_dir(&old_day).unwrap();
    std::fs::rename(&files[0], old_day.join(files[0].file_name().unwrap())).unwrap();
    let settings = [&SETTINGS[..], &[("ERRATA_COLD__AGE", "365d")]].concat();
    let mut aged = Server::start_in(&server.data_dir(), &settings);
    wait_for("the old day to go", || (!old_day.exists()).then_some(()));
    wait_for("the event to be gone", || {
        let (status, gone) = aged.get(&format!("/api/errors/{}", ids[0]));
        (status == 404 && gone["error"]["code"] == "not_retained").then_some(())
    });
    assert!((listed(&aged, "").len() as u64) < EVENTS);
    aged.stop();
    let dumped = errata(&server.data_dir(), &["log", "dump", "--log", "control"]);
    let dumped = String::from_utf8_lossy(&dumped.stdout).into_owned();
    assert!(dumped.contains("cold_shed"), "{dumped}");
}

#[test]
fn a_bad_link_to_the_bucket_costs_time_and_none_at_all_keeps_the_log() {
    let bucket = Bucket::start();
    let flaky = Flaky::before(bucket.address());
    let mut settings = Bucket::variables_of(&format!("http://{}", flaky.address));
    settings.extend(SETTINGS.map(|(name, value)| (name, value.to_owned())));
    settings.push(("ERRATA_COLD__URL", Bucket::url("flaky")));
    let borrowed: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let server = Server::start_with(&borrowed);
    let ids = send(&server, 0..EVENTS);
    wait_for_a_drop(&server, 60.0);
    assert!(flaky.harmed.load(Ordering::Relaxed) > 0);
    wait_for("an old event over a bad link", || {
        let (status, event) = server.get(&format!("/api/errors/{}", ids[1]));
        (status == 200 && event["id"] == json!(ids[1])).then_some(())
    });
    drop(server);

    // Nobody listens there: events are taken in, and the log keeps them all.
    let mut settings = Bucket::variables_of("http://127.0.0.1:9");
    settings.extend(SETTINGS.map(|(name, value)| (name, value.to_owned())));
    settings.push(("ERRATA_COLD__URL", Bucket::url("nowhere")));
    let borrowed: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let server = Server::start_with(&borrowed);
    send(&server, 0..EVENTS);
    wait_for_all(&server);
    wait_for("the projection's fault", || {
        (server.metric("errata_projector_errors_total{projection=\"cold\"}") > 0.0).then_some(())
    });
    assert!(server.metric("errata_log_retained_first") <= 1.0);
}

#[test]
fn wrong_credentials_are_named_keep_the_log_whole_and_heal_when_they_are_right() {
    let bucket = Bucket::start();
    let mut settings = Bucket::variables_of(&format!("http://{}", bucket.address()));
    settings.extend(SETTINGS.map(|(name, value)| (name, value.to_owned())));
    settings.push(("ERRATA_COLD__URL", Bucket::url("guarded")));
    let borrowed: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut server = Server::start_with(&borrowed);
    let first = send(&server, 0..20);
    server.stop();
    bucket.guard();
    server.set("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE0000");
    server.set("AWS_SECRET_ACCESS_KEY", "of-somebody-else");
    server.restart_unready();
    let ids = [first, send(&server, 20..EVENTS)].concat();
    // All is taken in, and read from the log, which keeps what is nowhere else.
    wait_for_all(&server);
    let fault = "errata_projector_errors_total{projection=\"cold\"}";
    wait_for("the fault to be counted", || {
        (server.metric(fault) > 0.0).then_some(())
    });
    wait_for("retention to be held back", || {
        let held = "errata_log_held_back_records{cursor=\"cold\"}";
        (server.metric(held) > 0.0).then_some(())
    });
    let before = server.metric("errata_log_retained_first");
    let (_, unready) = server.readiness().unwrap();
    assert!(unready.contains("cold fails: cannot list"), "{unready}");
    assert!(unready.contains("cold.url"), "{unready}");
    let said = server.said();
    for word in ["cold.url", "AWS_", "credentials"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("of-somebody-else"), "{said}");
    let (status, _) = server.get(&format!("/api/errors/{}", ids[0]));
    assert_eq!(status, 200);

    assert!(before <= 20.0, "{before}");

    server.stop();
    bucket.open();
    server.set("AWS_ACCESS_KEY_ID", "id");
    server.set("AWS_SECRET_ACCESS_KEY", "secret");
    server.restart();
    wait_for_a_drop(&server, 60.0);
    wait_for_all(&server);
    wait_for("an event that only the bucket has", || {
        let (status, event) = server.get(&format!("/api/errors/{}", ids[0]));
        (status == 200 && event["id"] == json!(ids[0])).then_some(())
    });
}
