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

#[test]
fn a_regression_within_the_hour_is_held_back_and_recorded() {
    let mailbox = Mailbox::start(0);
    let server = Server::start_with(&[("ERRATA_SMTP__URL", &mailbox.url())]);
    send(&server, "Comeback", "again");
    mailbox.wait_for_mails(1);
    let id = server.wait_for_issues("", |issues| issues.len() == 1)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    crate::grpc::set_status(&server, &id, proto::v1::IssueStatus::Resolved);
    server.wait_for_issues("", |issues| issues[0]["status"] == "resolved");
    send(&server, "Comeback", "again");
    server.wait_for_issues("", |issues| issues[0]["status"] == "unresolved");
    let kinds = wait_for("the held back notification", || {
        let kinds = crate::grpc::activity_kinds(&server, &id);
        kinds
            .iter()
            .any(|kind| kind == "notification_suppressed")
            .then_some(kinds)
    });
    for kind in ["new", "notified", "resolved", "regressed"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} in {kinds:?}");
    }
    assert_eq!(mailbox.mails().len(), 1);
}
