//! A storm against the real binary: counted, through a kill and a replay, and switched off.

use proto::v1::{
    GetIssueRequest, Issue, ListSpikesRequest, issue_service_client::IssueServiceClient,
    project_service_client::ProjectServiceClient,
};
use serde_json::json;
use tonic::transport::Channel;

use crate::{
    grpc::with_bearer,
    support::{Client, KEY, Server, TOKEN, block_on, errata, wait_for},
};

const FLOOR: &str = "100";
const EVENTS: u64 = 400;
const USERS: u64 = 90;

async fn channel(server: &Server) -> Channel {
    let endpoint = Channel::from_shared(server.url.clone()).unwrap();
    endpoint.connect().await.unwrap()
}

/// The one issue, once it has so many events, and how many of them can be read.
fn issue(server: &Server, count: u64) -> (Issue, u64) {
    let issues = server.wait_for_issues("", |issues| {
        issues.len() == 1 && issues[0]["count"] == json!(count)
    });
    let issue_id = issues[0]["id"].as_str().unwrap().to_owned();
    wait_for("the search index", || {
        let request = GetIssueRequest {
            issue_id: issue_id.clone(),
            ..GetIssueRequest::default()
        };
        let found = block_on(async {
            let mut client = IssueServiceClient::new(channel(server).await);
            client.get_issue(with_bearer(TOKEN, request)).await
        });
        let found = found.unwrap().into_inner();
        let issue = found.issue.unwrap();
        (found.kept_events == issue.count - issue.sampled).then_some((issue, found.kept_events))
    })
}

#[test]
fn a_storm_is_counted_through_a_kill_and_a_replay() {
    let mut server = Server::start_with(&[
        ("ERRATA_LIMITS__ENABLED", "true"),
        ("ERRATA_LIMITS__ERRORS_PER_MINUTE", "100000"),
        ("ERRATA_LIMITS__LISTS_PER_MINUTE", "100000"),
        ("ERRATA_LIMITS__SPIKE_FLOOR_PER_MINUTE", FLOOR),
    ]);
    let client = Client::new(&server);
    let path = format!("/api/errors?key={KEY}");
    let send = |number: u64| {
        let body = json!({
            "error": {"type": "TypeError", "message": "cart is undefined"},
            "user": {"id": (number % USERS).to_string()}, "release": format!("shop@{}", number % 2),
        });
        let (status, _, answer) = client.post(&path, &[], body.to_string());
        assert_eq!(status, 202, "{answer}");
    };
    (0..EVENTS).for_each(send);
    let sampled = server.metric(r#"errata_ingest_items_total{outcome="sampled""#) as u64;
    let stored = server.metric(r#"errata_ingest_items_total{outcome="stored""#) as u64;
    assert_eq!(stored + sampled, EVENTS);
    // A minute may have ended meanwhile, which keeps one more.
    assert!((110..=130).contains(&stored), "{stored}");
    let (live, kept) = issue(&server, EVENTS);
    assert_eq!((live.sampled, kept, live.users), (sampled, stored, USERS));
    let request = ListSpikesRequest {
        project_id: 1,
        ..ListSpikesRequest::default()
    };
    let spikes = block_on(async {
        let mut client = ProjectServiceClient::new(channel(&server).await);
        client.list_spikes(with_bearer(TOKEN, request)).await
    });
    let spikes = spikes.unwrap().into_inner();
    assert!(spikes.is_on && spikes.spikes.len() == 1, "{spikes:?}");
    assert_eq!(spikes.spikes[0].sampled, sampled);

    server.kill();
    server.restart();
    assert_eq!(issue(&server, EVENTS).0, live);
    server.stop();
    let replayed = errata(&server.data_dir(), &["replay"]);
    assert!(replayed.status.success(), "{replayed:?}");
    let off = ["project", "spike-protection", "--set", "off"];
    let set = errata(&server.data_dir(), &off);
    assert_eq!(String::from_utf8_lossy(&set.stdout), "off\n", "{set:?}");
    server.restart();
    assert_eq!(issue(&server, EVENTS).0, live);
    (0..EVENTS).for_each(send);
    let (later, kept) = issue(&server, 2 * EVENTS);
    assert_eq!((later.sampled, kept), (sampled, stored + EVENTS));
}
