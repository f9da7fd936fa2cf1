//! Events go by rules of project, level and environment, in log and Parquet files alike, and
//! nobody finds them from then on: by id, in lists, by search, in SQL, after a restart and a
//! replay.

use serde_json::{Value, json};

use crate::support::{Client, KEY, Server, TOKEN, errata, noise, wait_for};

const EVENTS: u64 = 150;
/// The log keeps some 40 of them, Parquet files the rest.
const SETTINGS: [(&str, &str); 3] = [
    ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "65536"),
    ("ERRATA_LOG__RETENTION__BYTES", "200000"),
    ("ERRATA_LOG__RETENTION__LOOK_EVERY_S", "1"),
];

fn level(n: u64) -> &'static str {
    ["debug", "error", "warning"][n as usize % 3]
}

fn environment(n: u64) -> &'static str {
    ["prod", "staging"][n as usize % 2]
}

fn send(server: &Server, numbers: std::ops::Range<u64>) -> Vec<String> {
    let client = Client::new(server);
    let bearer = format!("Bearer {KEY}");
    let send = |n| {
        let body = json!({
            "error": {
                "type": "Kept",
                "message": format!("number{n}"),
                "frames": [{"function": "keep", "filename": "a.js", "lineno": 7, "in_app": true}],
            },
            "level": level(n),
            "environment": environment(n),
            "extra": {"noise": noise(n, 4_000)},
        });
        let headers = [("authorization", &*bearer)];
        let (status, _, answer) = client.post("/api/errors", &headers, body.to_string());
        assert_eq!(status, 202, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    };
    numbers.map(send).collect()
}

/// The ids of all events that a query finds, newest first, page by page.
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

fn says(server: &Server, args: &[&str]) -> String {
    let output = errata(&server.data_dir(), args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn sql(server: &Server, query: &str) -> Value {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "query": query }).to_string();
    let (status, _, answer) = Client::new(server).post("/api/sql", &headers, body);
    assert_eq!(status, 200, "{answer}");
    answer["rows"].clone()
}

/// The rule that a plan tells of, and what goes by it.
fn planned(server: &Server, rule: &str) -> (u64, u64) {
    let rule = rule.replace(' ', "%20");
    let (status, plan) = server.get(&format!("/api/retention?rule={rule}"));
    assert_eq!(status, 200, "{plan}");
    let tried = plan["rules"].as_array().unwrap().iter();
    let tried = tried
        .filter(|rule| rule["source"] == "tried")
        .collect::<Vec<_>>();
    assert_eq!(tried.len(), 1, "{plan}");
    let events = tried[0]["events"].as_u64().unwrap();
    assert_eq!(tried[0]["bytes"].as_u64().unwrap() > 0, events > 0);
    (events, plan["events"].as_u64().unwrap())
}

/// Exactly those are there of which `stays` holds, by every way to ask.
fn check(server: &Server, ids: &[String], stays: impl Fn(u64) -> bool) {
    let numbers = 0..ids.len() as u64;
    let left: Vec<u64> = numbers.clone().filter(|n| stays(*n)).collect();
    let newest_first: Vec<String> = left
        .iter()
        .rev()
        .map(|n| ids[*n as usize].clone())
        .collect();
    wait_for("what is left", || {
        (listed(server, "") == newest_first).then_some(())
    });
    for n in numbers.step_by(7).chain([0, 1, 2, ids.len() as u64 - 1]) {
        let id = &ids[n as usize];
        let (status, answer) = server.get(&format!("/api/errors/{id}"));
        if stays(n) {
            assert_eq!((status, &answer["id"]), (200, &json!(id)), "{n}");
        } else {
            let code = &answer["error"]["code"];
            assert_eq!((status, code), (404, &json!("not_retained")), "{n}");
        }
        let found = listed(server, &format!("&query=number{n}"));
        assert_eq!(found.len(), usize::from(stays(n)), "{n}");
    }
    for name in ["debug", "error", "warning"] {
        let count = left.iter().filter(|n| level(**n) == name).count();
        assert_eq!(listed(server, &format!("&level={name}")).len(), count);
        let query = format!("SELECT count(*) FROM events WHERE level = '{name}'");
        assert_eq!(sql(server, &query), json!([[count]]), "{name}");
    }
    let all = "SELECT count(*), count(DISTINCT event_id) FROM events";
    assert_eq!(sql(server, all), json!([[left.len(), left.len()]]));
    let (_, stats) = server.get("/api/stats");
    assert_eq!(stats["total"]["events"], json!(left.len()), "{stats}");
    // The issue counts what is gone, too.
    let issues = server.wait_for_issues("limit=10", |issues| issues.len() == 1);
    assert_eq!(issues[0]["count"], json!(ids.len()));
}

#[test]
fn events_go_by_the_rules_of_their_project_level_and_environment() {
    let mut server = Server::start_with(&SETTINGS);
    let ids = send(&server, 0..EVENTS);
    wait_for("old segments to go", || {
        (server.metric("errata_log_retained_first") > 60.0).then_some(())
    });
    check(&server, &ids, |_| true);
    let is_debug = |n: u64| level(n) == "debug";
    let debug = (0..EVENTS).filter(|n| is_debug(*n)).count() as u64;

    // What would go is known before it does.
    wait_for("all to be older than a second", || {
        (planned(&server, "project:1 level:debug 1s") == (debug, EVENTS)).then_some(())
    });
    assert_eq!(planned(&server, "project:2 level:debug 1s").0, 0);
    assert_eq!(planned(&server, "level:debug 1d").0, 0);
    let plan = says(&server, &["retention", "plan", "--rule", "level:debug 1s"]);
    assert!(
        plan.contains(&format!("tried         {debug} events")),
        "{plan}"
    );
    let (status, refused) = server.get("/api/retention?rule=level:loud%207d");
    assert_eq!(status, 400);
    assert_eq!(refused["error"]["field"], json!("rules[0]"), "{refused}");
    check(&server, &ids, |_| true);

    let project = ["project", "retention", "--project", "1"];
    let set = [&project[..], &["--set", "level:debug 1s", "--set", "90d"]].concat();
    assert_eq!(says(&server, &set), "level:debug 1s\n90d\n");
    check(&server, &ids, |n| !is_debug(n));
    assert_eq!(planned(&server, "level:debug 1s"), (0, EVENTS - debug));
    // What has gone stays gone, and what comes now is kept.
    let clear = [&project[..], &["--clear"]].concat();
    assert_eq!(says(&server, &clear), "");
    let ids = [ids, send(&server, EVENTS..EVENTS + 3)].concat();
    let stays = |n: u64| !is_debug(n) || n >= EVENTS;
    check(&server, &ids, stays);

    // By the logs alone.
    server.stop();
    server.restart();
    check(&server, &ids, stays);
    let verified = errata(&server.data_dir(), &["verify"]);
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success(), "{said}");
    server.stop();
    let replayed = errata(&server.data_dir(), &["replay"]);
    let said = String::from_utf8_lossy(&replayed.stderr).into_owned();
    assert!(replayed.status.success(), "{said}");
    server.restart();
    check(&server, &ids, stays);
    server.stop();
    let dumped = errata(&server.data_dir(), &["log", "dump", "--log", "control"]);
    let dumped = String::from_utf8_lossy(&dumped.stdout).into_owned();
    assert!(dumped.contains("events_expired"), "{dumped}");

    // By configuration, beside what has gone.
    server.set(
        "ERRATA_LOG__RETENTION__RULES",
        "environment:staging 1s,level:fatal 7d",
    );
    server.restart();
    check(&server, &ids, |n| stays(n) && environment(n) != "staging");
}
