//! Replaying the logs gives the read model that was there, triage included.

use std::{fs, os::unix::fs::PermissionsExt, process::Output};

use proto::v1::{
    GetReplayRequest, IssueStatus, ReplayPhase, ReplayStep, StartReplayRequest, SteerReplayRequest,
    replay_service_client::ReplayServiceClient,
};
use serde_json::{Value, json};
use tonic::{Code, transport::Channel};

use crate::{
    grpc::{set_status, with_bearer},
    support::{Client, KEY, Ledger, Load, Server, TOKEN, audit, block_on, errata, wait_for},
};

/// Waits until issues and search both know of `count` events.
pub(crate) fn settle(server: &Server, count: u64) {
    server.wait_for_issues("", |issues| {
        let counts = issues.iter().map(|issue| issue["count"].as_u64().unwrap());
        counts.sum::<u64>() == count
    });
    wait_for("the search index", || {
        let (_, errors) = server.get("/api/errors?limit=1000");
        (errors["errors"].as_array().unwrap().len() as u64 == count).then_some(())
    });
}

/// Everything that REST tells of the read model.
pub(crate) fn everything(server: &Server) -> Value {
    let (_, mut issues) = server.get("/api/issues?limit=1000&sort=first_seen");
    let (_, errors) = server.get("/api/errors?limit=1000");
    let list = issues["issues"].as_array_mut().unwrap();
    list.sort_by_key(|issue| issue["id"].as_str().unwrap().to_owned());
    let activities: Vec<Vec<String>> = list
        .iter()
        .map(|issue| crate::grpc::activity_kinds(server, issue["id"].as_str().unwrap()))
        .collect();
    json!({"issues": issues, "errors": errors, "activities": activities})
}

#[test]
fn a_replayed_read_model_equals_the_live_one() {
    let mut server = Server::start();
    let client = Client::new(&server);
    let bearer = format!("Bearer {KEY}");
    let send = |ty: &str, n: usize| {
        let body = json!({
            "error": {"type": ty, "message": "replay", "frames": [{"function": ty, "filename": "a.js", "in_app": true}]},
            "release": format!("1.{}", n % 3), "environment": "live",
            "user": {"id": n.to_string()}, "tags": {"n": (n % 5).to_string()},
        });
        let (status, _, answer) = client.post(
            "/api/errors",
            &[("authorization", &bearer)],
            body.to_string(),
        );
        assert_eq!(status, 202, "{answer}");
    };
    for n in 0..60 {
        send(["Alpha", "Beta", "Gamma"][n % 3], n);
    }
    let issues = server.wait_for_issues("", |issues| {
        issues
            .iter()
            .map(|i| i["count"].as_u64().unwrap())
            .sum::<u64>()
            == 60
    });
    let id = |ty: &str| {
        issues.iter().find(|i| i["type"] == ty).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    set_status(&server, &id("Alpha"), IssueStatus::Resolved);
    set_status(&server, &id("Beta"), IssueStatus::Ignored);
    send("Alpha", 61);
    send("Beta", 62);
    settle(&server, 62);
    let live = everything(&server);
    let status = |ty: &str| {
        let issues = live["issues"]["issues"].as_array().unwrap();
        issues.iter().find(|i| i["type"] == ty).unwrap()["status"].clone()
    };
    assert_eq!(
        (status("Alpha"), status("Beta")),
        (json!("unresolved"), json!("ignored")),
        "{live}"
    );

    server.stop();
    let replayed = errata(&server.data_dir(), &["replay"]);
    assert!(
        replayed.status.success(),
        "{}",
        String::from_utf8_lossy(&replayed.stderr)
    );
    server.restart();
    assert_eq!(everything(&server), live);

    // The whole read model lost: rebuilt at the start.
    server.stop();
    std::fs::remove_dir_all(server.data_dir().join("read-model")).unwrap();
    server.restart();
    settle(&server, 62);
    assert_eq!(everything(&server), live);
}

/// As RFC 3339 has it.
#[allow(clippy::disallowed_methods)]
fn this_instant() -> String {
    jiff::Timestamp::now().to_string()
}

fn told(output: &Output) -> (bool, String) {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

/// Beside a server that takes events in and answers all the while: nothing is lost, nothing
/// counted twice, no read fails.
#[test]
fn a_running_server_replays_beside_what_it_serves() {
    let mut server = Server::start_with(&[("ERRATA_LIMITS__ENABLED", "false")]);
    let data_dir = server.data_dir();
    let ledger = Ledger::default();
    let load = Load::start(&server, "load", &ledger);
    load.wait_for_acknowledged(200);
    let (is_well, text) = told(&errata(&data_dir, &["replay", "--status"]));
    assert!(is_well && text.contains("no replay"), "{text}");
    let reading = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        let reads = scope.spawn(|| {
            let mut count = 0;
            while reading.load(std::sync::atomic::Ordering::Relaxed) {
                for path in ["/api/issues", "/api/errors?limit=5"] {
                    let (status, answer) = server.get(path);
                    assert_eq!(status, 200, "{path}: {answer}");
                    count += 1;
                }
            }
            count
        });
        for projection in ["all", "issues", "search"] {
            let before = fs::read_link(data_dir.join("read-model/current")).unwrap();
            let output = errata(&data_dir, &["replay", "--projection", projection]);
            let (is_well, text) = told(&output);
            assert!(is_well && text.contains(": done"), "{projection}: {text}");
            let after = fs::read_link(data_dir.join("read-model/current")).unwrap();
            assert!(after > before, "{projection}: {after:?} after {before:?}");
        }
        let (is_well, text) = told(&errata(&data_dir, &["replay", "--status"]));
        assert!(is_well && text.contains(": done"), "{text}");
        let (is_well, text) = told(&errata(&data_dir, &["replay", "--pause"]));
        assert!(
            !is_well && text.contains("no replay is under way"),
            "{text}"
        );
        reading.store(false, std::sync::atomic::Ordering::Relaxed);
        assert!(reads.join().unwrap() > 10);
    });
    load.stop();
    audit(&server, &ledger);
    let metrics = server.metrics();
    assert!(
        metrics.contains("errata_projector_replays_total{outcome=\"done\"} 3"),
        "{metrics}"
    );
    let (is_well, text) = told(&errata(&data_dir, &["verify"]));
    assert!(is_well, "{text}");

    // Killed in the middle of one: the generation that was live is live.
    let live = fs::read_link(data_dir.join("read-model/current")).unwrap();
    let started = errata(&data_dir, &["replay", "--detach"]);
    assert!(started.status.success());
    server.kill();
    server.restart();
    let after = fs::read_link(data_dir.join("read-model/current")).unwrap();
    assert!(after >= live);
    audit(&server, &ledger);
    let folders = fs::read_dir(data_dir.join("read-model")).unwrap();
    let folders = folders.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    // `current` leads to the other one.
    assert_eq!(folders.count(), 2, "what the crash left is gone");
}

#[test]
fn owners_replay_by_grpc_and_nobody_else() {
    let server = Server::start();
    let socket = fs::metadata(server.data_dir().join("projector.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let channel = || {
        Channel::from_shared(server.url.clone())
            .unwrap()
            .connect_lazy()
    };
    block_on(async {
        let mut client = ReplayServiceClient::new(channel());
        let refused = client.start_replay(StartReplayRequest::default()).await;
        assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
        let steer = |step: ReplayStep| SteerReplayRequest { step: step.into() };
        let none = client.steer_replay(with_bearer(TOKEN, steer(ReplayStep::Cancel)));
        assert_eq!(none.await.unwrap_err().code(), Code::AlreadyExists);
        let unsaid = client.steer_replay(with_bearer(TOKEN, steer(ReplayStep::Unspecified)));
        assert_eq!(unsaid.await.unwrap_err().code(), Code::InvalidArgument);
        let begun = client.start_replay(with_bearer(TOKEN, StartReplayRequest::default()));
        assert!(begun.await.unwrap().into_inner().phase() != ReplayPhase::Unspecified);
    });
    wait_for("the end of the replay", || {
        let replay = block_on(async {
            let mut client = ReplayServiceClient::new(channel());
            let asked = with_bearer(TOKEN, GetReplayRequest {});
            client.get_replay(asked).await.unwrap().into_inner()
        });
        (replay.phase() == ReplayPhase::Done).then_some(())
    });
}

#[test]
fn a_read_model_of_a_time_is_made_aside() {
    let server = Server::start();
    let client = Client::new(&server);
    let bearer = format!("Bearer {KEY}");
    let send = |ty: &str| {
        let body = json!({"error": {"type": ty, "message": "then"}}).to_string();
        let (status, _, answer) = client.post("/api/errors", &[("authorization", &bearer)], body);
        assert_eq!(status, 202, "{answer}");
    };
    send("Early");
    settle(&server, 1);
    std::thread::sleep(std::time::Duration::from_millis(20));
    let between = this_instant();
    std::thread::sleep(std::time::Duration::from_millis(20));
    send("Late");
    settle(&server, 2);
    let to = server.data_dir().join("then");
    let to = to.to_str().unwrap();
    let data_dir = server.data_dir();
    let live = fs::read_link(data_dir.join("read-model/current")).unwrap();
    let (is_well, text) = told(&errata(
        &data_dir,
        &["replay", "--until", &between, "--to", to],
    ));
    assert!(is_well && text.contains("to look at"), "{text}");
    let database = rusqlite::Connection::open(format!("{to}/current/issues.sqlite3")).unwrap();
    let titles: Vec<String> = {
        let mut statement = database.prepare("SELECT title FROM issue").unwrap();
        let titles = statement.query_map([], |row| row.get(0)).unwrap();
        titles.map(Result::unwrap).collect()
    };
    assert_eq!(titles.len(), 1, "{titles:?}");
    assert!(titles[0].contains("Early"), "{titles:?}");
    assert_eq!(
        fs::read_link(data_dir.join("read-model/current")).unwrap(),
        live
    );
    let again = told(&errata(
        &data_dir,
        &["replay", "--until", &between, "--to", to],
    ));
    assert!(
        !again.0 && again.1.contains("something is there"),
        "{}",
        again.1
    );
    let no_time = told(&errata(
        &data_dir,
        &["replay", "--until", "noon", "--to", "x"],
    ));
    assert!(
        !no_time.0 && no_time.1.contains("no time like"),
        "{}",
        no_time.1
    );
}

/// Lists, an issue, its history and its figures as they stood, and what nobody can tell.
#[test]
fn issues_are_shown_as_of_a_past_time() {
    let server = Server::start();
    let client = Client::new(&server);
    let bearer = format!("Bearer {KEY}");
    let send = |ty: &str| {
        let body = json!({"error": {"type": ty, "message": "then"}}).to_string();
        let (status, _, answer) = client.post("/api/errors", &[("authorization", &bearer)], body);
        assert_eq!(status, 202, "{answer}");
    };
    let now = || {
        // Records of the same instant belong to either side.
        std::thread::sleep(std::time::Duration::from_millis(5));
        let now = this_instant();
        std::thread::sleep(std::time::Duration::from_millis(5));
        now
    };
    let as_of = |path: &str, at: &str| {
        let asked = format!("{path}at={at}");
        wait_for("the issues of then", || {
            let (status, answer) = server.get(&asked);
            assert!([200, 503].contains(&status), "{status}: {answer}");
            (status == 200).then_some(answer)
        })
    };
    let before = now();
    send("Early");
    settle(&server, 1);
    let first = now();
    let (_, live) = server.get("/api/issues?");
    let id = live["issues"][0]["id"].as_str().unwrap().to_owned();
    set_status(&server, &id, IssueStatus::Resolved);
    server.wait_for_issues("", |issues| issues[0]["status"] == "resolved");
    let second = now();
    let (_, resolved) = server.get("/api/issues?");
    send("Late");
    send("Early");
    settle(&server, 3);

    assert_eq!(as_of("/api/issues?", &before)["issues"], json!([]));
    assert_eq!(as_of("/api/issues?", &first)["issues"], live["issues"]);
    assert_eq!(as_of("/api/issues?", &second)["issues"], resolved["issues"]);
    // A word of events that came later finds nothing then.
    assert_eq!(
        as_of("/api/issues?query=Late&", &second)["issues"],
        json!([])
    );
    let whole = as_of(&format!("/api/issues/{id}?"), &second);
    assert_eq!(
        (&whole["status"], &whole["count"]),
        (&json!("resolved"), &json!(1))
    );
    let (status, none) = server.get(&format!("/api/issues/{id}?at={before}"));
    assert!([404, 503].contains(&status), "{none}");
    let (_, live) = server.get("/api/issues?");
    assert_eq!(
        live["issues"].as_array().unwrap().len(),
        2,
        "now is as ever"
    );

    for wrong in ["noon", "2999-01-01T00:00:00Z", "-3y"] {
        let (status, answer) = server.get(&format!("/api/issues?at={wrong}"));
        assert_eq!(
            (status, &answer["error"]["field"]),
            (400, &json!("at")),
            "{answer}"
        );
    }
    let folder = server.data_dir().join("read-model/past");
    let files = fs::read_dir(folder).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension()
            .is_some_and(|extension| extension == "sqlite3")
    });
    assert!(files.count() <= 2, "bounded");
}
