//! Limits, as official SDKs and people meet them.

use ground::Clock;
use proto::v1::{
    GetOrganizationUsageRequest, GetUsageRequest, GetUsageResponse, ListArrivalsRequest,
    project_service_client::ProjectServiceClient,
};

use crate::{
    grpc::{channel_to, with_bearer},
    support::{Client, KEY, Mailbox, Server, TOKEN, block_on, errata, node, python, wait_for},
};

const ENABLED: (&str, &str) = ("ERRATA_LIMITS__ENABLED", "true");

/// Quotas are of an hour by the clock: what begins at its very end waits for the next.
fn early_in_the_hour() {
    wait_for("the next hour", || {
        (Clock::MACHINE.now_s() % 3_600 < 3_570).then_some(())
    });
}

fn set_plan(server: &Server, args: &[&str]) {
    let args = [&["plan", "set"], args].concat();
    let set = errata(&server.data_dir(), &args);
    assert!(set.status.success(), "{set:?}");
}

fn usage(server: &Server) -> GetUsageResponse {
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut projects = ProjectServiceClient::new(channel);
        let request = with_bearer(TOKEN, GetUsageRequest::default());
        projects.get_usage(request).await.unwrap().into_inner()
    })
}

/// What SDKs say that they dropped for this reason.
fn dropped_by_clients(server: &Server, reason: &str) -> u64 {
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut projects = ProjectServiceClient::new(channel);
        let request = ListArrivalsRequest {
            project_id: 1,
            hours: 2,
            after_position: 0,
        };
        let answer = projects.list_arrivals(with_bearer(TOKEN, request)).await;
        let drops = answer.unwrap().into_inner().dropped_by_clients;
        let of_reason = drops.iter().filter(|drop| drop.reason == reason);
        of_reason.map(|drop| drop.count).sum()
    })
}

/// Of ten errors the quota lets three in. The SDK hears with the third that there is no
/// room for more, sends none of the rest, and reports them.
fn stops(send: impl Fn(&Server), reason: &str) {
    early_in_the_hour();
    let server = Server::start_with(&[ENABLED]);
    set_plan(
        &server,
        &["enterprise", "--events-per-hour", "3", "--project", "1"],
    );
    send(&server);
    let reported = wait_for("the SDK's report", || {
        let dropped = dropped_by_clients(&server, reason);
        (dropped >= 7).then_some(dropped)
    });
    assert_eq!(reported, 7, "all that was not sent");
    let used = wait_for("usage", || {
        let usage = usage(&server);
        (usage.projects[0].used >= 3).then_some(usage)
    });
    assert_eq!(used.projects[0].used, 3);
    assert!(used.enabled);
    assert_eq!(server.metric("errata_quota_used_events") as u64, 3);
    let items = server.metrics();
    let limited = items
        .lines()
        .filter(|line| line.starts_with("errata_ingest_items_total") && line.contains("limited"));
    assert_eq!(limited.count(), 0, "nothing came that had to be limited");
}

#[test]
fn sentry_node_stops_at_a_quota_and_reports_what_it_did_not_send() {
    let send = |server: &Server| drop(node("sentry_limited.mjs", &[&server.dsn(), "10"]));
    stops(send, "ratelimit_backoff");
}

#[test]
fn sentry_python_stops_at_a_quota_and_reports_what_it_did_not_send() {
    let send = |server: &Server| drop(python("sentry_limited.py", &[&server.dsn(), "10"]));
    stops(send, "ratelimit_backoff");
}

#[test]
fn a_quota_holds_over_a_restart_and_is_warned_of_once_a_threshold() {
    early_in_the_hour();
    let mailbox = Mailbox::start(0);
    let mut server = Server::start_with(&[
        ENABLED,
        ("ERRATA_SMTP__URL", &mailbox.url()),
        ("ERRATA_SMTP__FROM", "Errata <errata@example.com>"),
    ]);
    set_plan(&server, &["enterprise", "--events-per-hour", "10"]);
    let send = |server: &Server| {
        let bearer = format!("Bearer {KEY}");
        let body = r#"{"error":{"type":"E","message":"the same"}}"#;
        let client = Client::new(server);
        let (status, _, _) = client.post(
            "/api/errors",
            &[("authorization", &bearer)],
            body.to_owned(),
        );
        status
    };
    let sent: Vec<u16> = (0..8).map(|_| send(&server)).collect();
    assert_eq!(sent, [202; 8]);
    let subjects = |count: usize| -> Vec<String> {
        let mails = mailbox.wait_for_mails(count);
        let subject = |mail: &serde_json::Value| {
            let subject = mail["headers"]["subject"].as_str().unwrap();
            subject.to_owned()
        };
        let mut subjects: Vec<String> = mails.iter().map(subject).collect();
        subjects.sort();
        subjects
    };
    let warned = |percent: u32| format!("{percent} % of this hour's quota is used");
    // Of the new issue, and of the quota.
    let told = subjects(2);
    assert!(told.iter().any(|one| one.contains(&warned(80))), "{told:?}");
    server.stop();
    server.restart();
    let sent: Vec<u16> = (0..4).map(|_| send(&server)).collect();
    assert_eq!(sent, [202, 202, 429, 429], "the restart forgot nothing");
    let told = subjects(3);
    assert!(
        told.iter().any(|one| one.contains(&warned(100))),
        "{told:?}"
    );
    let of_80 = told.iter().filter(|one| one.contains(&warned(80)));
    assert_eq!(of_80.count(), 1, "{told:?}");
    let organization = block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut projects = ProjectServiceClient::new(channel);
        let request = with_bearer(TOKEN, GetOrganizationUsageRequest::default());
        let answer = projects.get_organization_usage(request).await.unwrap();
        answer.into_inner().usage.unwrap()
    });
    assert_eq!(organization.used, 10);
    // A third mail more would be one of a threshold that was told before.
    server.stop();
    assert_eq!(mailbox.mails().len(), 3);
}
