//! Replaying the logs gives the read model that was there, triage included.

use proto::v1::IssueStatus;
use serde_json::{Value, json};

use crate::{
    grpc::set_status,
    support::{Client, KEY, Server, errata, wait_for},
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

    let refused = errata(&server.data_dir(), &["replay"]);
    assert!(!refused.status.success(), "a projector holds the lock");
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
