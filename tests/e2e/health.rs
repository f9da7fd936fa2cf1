//! Sessions and check-ins of SDKs, as envelopes: releases and monitors tell of them, and
//! tell the same after the server died and after all projections were made anew.

use proto::v1::{
    ListMonitorsRequest, ListMonitorsResponse, ListReleasesRequest, Release, RunStatus,
    health_service_client::HealthServiceClient,
};
use serde_json::json;

use crate::{
    grpc::{channel_to, with_bearer},
    support::{Client, KEY, Server, TOKEN, block_on, errata, wait_for},
};

fn send(server: &Server, kind: &str, body: &serde_json::Value) {
    let envelope = format!("{{}}\n{{\"type\":\"{kind}\"}}\n{body}\n");
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let (status, _, answer) = Client::new(server).post(&path, &[], envelope);
    assert_eq!(status, 200, "{answer}");
}

/// An update of a session, as an SDK tells it.
fn session(server: &Server, id: u32, number: u32, status: &str, errors: u32) {
    // In whose hour it is counted; the server asks its own clock for nothing here.
    #[allow(clippy::disallowed_methods)]
    let now = jiff::Timestamp::now().to_string();
    let update = json!({
        "sid": format!("{id:032x}"), "did": format!("user-{id}"), "seq": number,
        "init": number == 0, "status": status, "errors": errors,
        "started": now, "timestamp": now,
        "attrs": {"release": "shop@1", "environment": "production"},
    });
    send(server, "session", &update);
}

fn releases(server: &Server) -> Vec<Release> {
    block_on(async {
        let mut health = HealthServiceClient::new(channel_to(&server.url).await.unwrap());
        let asked = with_bearer(TOKEN, ListReleasesRequest::default());
        health
            .list_releases(asked)
            .await
            .unwrap()
            .into_inner()
            .releases
    })
}

fn monitors(server: &Server) -> ListMonitorsResponse {
    block_on(async {
        let mut health = HealthServiceClient::new(channel_to(&server.url).await.unwrap());
        let asked = with_bearer(TOKEN, ListMonitorsRequest::default());
        health.list_monitors(asked).await.unwrap().into_inner()
    })
}

#[test]
fn sessions_and_check_ins_are_told_once_after_a_death_and_a_replay_too() {
    let mut server = Server::start();
    for _ in 0..2 {
        // What an SDK sends twice counts once.
        session(&server, 1, 0, "ok", 0);
        session(&server, 1, 1, "exited", 0);
        session(&server, 2, 0, "ok", 0);
        session(&server, 2, 1, "crashed", 1);
        session(&server, 3, 0, "exited", 1);
    }
    let check_in = |id: u32, status: &str| {
        let told = json!({
            "check_in_id": format!("{id:032x}"), "monitor_slug": "bill", "status": status,
            "environment": "production", "duration": 12.5,
            "monitor_config": {"schedule": {"type": "interval", "value": 1, "unit": "hour"}},
        });
        send(&server, "check_in", &told);
    };
    check_in(1, "in_progress");
    check_in(1, "ok");
    check_in(2, "error");

    let told = wait_for("three sessions and two runs", || {
        let releases = releases(&server);
        let sessions = releases.first()?.sessions?;
        let runs = monitors(&server);
        let ended = runs.monitors.first().map(|m| m.ok + m.failed);
        (sessions.started == 3 && sessions.crashed == 1 && ended == Some(2))
            .then_some((releases, runs))
    });
    let sessions = told.0[0].sessions.unwrap();
    assert_eq!(told.0[0].version, "shop@1");
    assert_eq!((sessions.exited, sessions.errored), (1, 1), "{sessions:?}");
    assert_eq!((sessions.users, sessions.crashed_users), (3, 1));
    let monitor = &told.1.monitors[0];
    assert_eq!(
        (monitor.slug.as_str(), monitor.ok, monitor.failed),
        ("bill", 1, 1)
    );
    assert_eq!(monitor.status(), RunStatus::Error);
    assert_eq!(monitor.schedule, "every hour");

    server.kill();
    server.restart();
    assert_eq!(releases(&server), told.0);
    assert_eq!(monitors(&server).monitors, told.1.monitors);
    server.stop();
    let replayed = errata(&server.data_dir(), &["replay"]);
    assert!(replayed.status.success(), "{replayed:?}");
    server.restart();
    assert_eq!(releases(&server), told.0);
    assert_eq!(monitors(&server).monitors, told.1.monitors);
}
