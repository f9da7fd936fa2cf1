//! A mail in an inbox: new issues, regressions, retries, nothing twice.

use serde_json::Value;

use crate::support::{Client, KEY, Mailbox, Server, node, wait_for};

fn send(server: &Server, error_type: &str, message: &str) {
    let body =
        format!(r#"{{"error":{{"type":"{error_type}","message":"{message}"}},"release":"1.0"}}"#);
    let bearer = format!("Bearer {KEY}");
    let (status, _, answer) =
        Client::new(server).post("/api/errors", &[("authorization", &bearer)], body);
    assert_eq!(status, 202, "{answer}");
}

fn subjects(mails: &[Value]) -> Vec<String> {
    mails
        .iter()
        .map(|mail| mail["headers"]["subject"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_new_issue_is_mailed_once_across_restart_and_replay() {
    let mailbox = Mailbox::start(0);
    let mut server = Server::start_with(&[
        ("ERRATA_SMTP__URL", &mailbox.url()),
        ("ERRATA_SMTP__FROM", "Errata <errata@example.com>"),
    ]);
    node("sentry_node.mjs", &[&server.dsn()]);
    let mails = mailbox.wait_for_mails(1);
    assert_eq!(mails[0]["to"], serde_json::json!(["owner@example.com"]));
    assert_eq!(
        subjects(&mails),
        ["[default] New: CheckoutError: cart is empty"]
    );
    let id = server.wait_for_issues("", |issues| issues.len() == 1)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let link = format!("{}/issues/{id}", server.url);
    assert!(
        mails[0]["body"]["text/plain"]
            .as_str()
            .unwrap()
            .contains(&link),
        "{}",
        mails[0]
    );

    // A second event of the same issue is no news.
    node("sentry_node.mjs", &[&server.dsn()]);
    server.wait_for_issues("", |issues| issues[0]["count"] == 2);

    // Neither a clean restart nor a rebuilt read model sends it again; a new issue
    // afterwards shows that the alerter is alive and past the old one.
    server.stop();
    let replayed = crate::support::errata(&server.data_dir(), &["replay"]);
    assert!(replayed.status.success(), "{replayed:?}");
    server.restart();
    send(&server, "AfterRestart", "still alive");
    let mails = mailbox.wait_for_mails(2);
    assert_eq!(
        subjects(&mails),
        [
            "[default] New: CheckoutError: cart is empty",
            "[default] New: AfterRestart: still alive"
        ]
    );
}

#[test]
fn a_mail_waits_for_an_smtp_server_that_is_down() {
    let port = Mailbox::start(0).port();
    let url = format!("smtp://127.0.0.1:{port}");
    let server = Server::start_with(&[("ERRATA_SMTP__URL", &url)]);
    send(&server, "Patience", "smtp is down");
    wait_for("a failed attempt", || {
        Some(server.metric("errata_alerter_attempts_total")).filter(|n| *n >= 1.0)
    });
    let mailbox = Mailbox::start(port);
    let mails = mailbox.wait_for_mails(1);
    assert_eq!(subjects(&mails), ["[default] New: Patience: smtp is down"]);
}

/// Long enough for a slow machine to come back within it, short enough to wait for its end.
const INTERVAL_S: &str = "15";

/// An issue that was mailed and resolved and came back within the interval; its id.
fn come_back_within_the_interval(server: &Server, mailbox: &Mailbox) -> String {
    send(server, "Comeback", "again");
    mailbox.wait_for_mails(1);
    let id = server.wait_for_issues("", |issues| issues.len() == 1)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    crate::grpc::set_status(server, &id, proto::v1::IssueStatus::Resolved);
    server.wait_for_issues("", |issues| issues[0]["status"] == "resolved");
    send(server, "Comeback", "again");
    server.wait_for_issues("", |issues| issues[0]["status"] == "unresolved");
    wait_for_activity(server, &id, "notification_held");
    id
}

fn wait_for_activity(server: &Server, id: &str, kind: &str) {
    wait_for(kind, || {
        let kinds = crate::grpc::activity_kinds(server, id);
        kinds.iter().any(|k| k == kind).then_some(())
    });
}

#[test]
fn a_regression_within_the_interval_is_told_when_it_ends_across_a_restart() {
    let mailbox = Mailbox::start(0);
    let mut server = Server::start_with(&[
        ("ERRATA_SMTP__URL", &mailbox.url()),
        ("ERRATA_ALERTS__MAIL_INTERVAL_S", INTERVAL_S),
    ]);
    let id = come_back_within_the_interval(&server, &mailbox);
    assert_eq!(mailbox.mails().len(), 1, "it waits");
    server.kill();
    server.restart();
    let mails = mailbox.wait_for_mails(2);
    assert_eq!(
        subjects(&mails),
        [
            "[default] New: Comeback: again",
            "[default] Back again: Comeback: again"
        ]
    );
    let header = |mail: &Value, name: &str| mail["headers"][name].as_str().unwrap().to_owned();
    assert_eq!(
        header(&mails[0], "references"),
        header(&mails[1], "references"),
        "one thread"
    );
    wait_for_activity(&server, &id, "regressed");
}

#[test]
fn a_regression_that_is_resolved_before_the_interval_ends_is_not_told() {
    let mailbox = Mailbox::start(0);
    let server = Server::start_with(&[
        ("ERRATA_SMTP__URL", &mailbox.url()),
        ("ERRATA_ALERTS__MAIL_INTERVAL_S", INTERVAL_S),
    ]);
    let id = come_back_within_the_interval(&server, &mailbox);
    crate::grpc::set_status(&server, &id, proto::v1::IssueStatus::Resolved);
    wait_for_activity(&server, &id, "notification_suppressed");
    assert_eq!(mailbox.mails().len(), 1);
}

#[test]
fn a_flood_of_new_issues_is_a_few_mails_and_digests_that_name_all() {
    const ISSUES: usize = 40;
    let mailbox = Mailbox::start(0);
    let mut server = Server::start_with(&[
        ("ERRATA_SMTP__URL", &mailbox.url()),
        ("ERRATA_ALERTS__MAILS_PER_HOUR_MAX", "3"),
        ("ERRATA_ALERTS__DIGEST_WAIT_S", "2"),
    ]);
    let name = |n: usize| {
        format!(
            "Flood{}{}",
            (b'a' + (n / 26) as u8) as char,
            (b'a' + (n % 26) as u8) as char
        )
    };
    let errors: Vec<Value> = (0..ISSUES)
        .map(|n| serde_json::json!({ "error": { "type": name(n), "message": "much" } }))
        .collect();
    let bearer = format!("Bearer {KEY}");
    let body = serde_json::json!({ "errors": errors }).to_string();
    let client = Client::new(&server);
    let (status, _, answer) = client.post("/api/errors/batch", &[("authorization", &bearer)], body);
    assert_eq!(status, 202, "{answer}");
    let told = |mails: &[Value]| {
        let texts: Vec<&str> = mails
            .iter()
            .map(|mail| mail["body"]["text/plain"].as_str().unwrap())
            .collect();
        let count = |n: usize| texts.iter().filter(|text| text.contains(&name(n))).count();
        (0..ISSUES).map(count).collect::<Vec<_>>()
    };
    let mails = wait_for("all to be told", || {
        let mails = mailbox.mails();
        told(&mails).iter().all(|n| *n > 0).then_some(mails)
    });
    assert_eq!(told(&mails), [1; ISSUES], "each once");
    let digests = subjects(&mails)
        .iter()
        .filter(|subject| subject.contains("more new or returned issues"))
        .count();
    assert_eq!(mails.len(), 3 + digests, "{:?}", subjects(&mails));
    assert!(digests < 10, "{:?}", subjects(&mails));

    // A mail is out before its end is recorded; a crash between the two sends it again.
    wait_for("the ends to be recorded", || {
        let sent = crate::grpc::deliveries(&server, proto::v1::DeliveryState::Sent);
        (sent == mails.len()).then_some(())
    });
    // A crash tells none of them again; the next one shows that the alerter is past them.
    server.kill();
    server.restart();
    send(&server, "AfterTheFlood", "calm");
    let all = wait_for("the one after the flood", || {
        let mails = mailbox.mails();
        let texts = mails
            .iter()
            .map(|mail| mail["body"]["text/plain"].to_string());
        texts
            .into_iter()
            .any(|text| text.contains("AfterTheFlood"))
            .then_some(mails)
    });
    assert_eq!(told(&all), [1; ISSUES], "each once, across a crash");
}
