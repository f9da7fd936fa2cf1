//! Roles in processes of their own.

use std::sync::Arc;

use tempfile::TempDir;

use crate::support::{Client, KEY, Mailbox, Server, wait_for};

const GOOD: &str = r#"{"error":{"type":"ByHand"}}"#;

fn directory() -> Arc<TempDir> {
    Arc::new(TempDir::new().unwrap())
}

fn bearer() -> String {
    format!("Bearer {KEY}")
}

#[test]
fn an_alerter_without_the_data_directory_shows_the_given_token() {
    let mailbox = Mailbox::start(0);
    let token = "an internal token of this test".replace(' ', "-") + "0123456789";
    let env = Server::bootstrap(&[("ERRATA_INTERNAL_TOKEN", &token)]);
    let server = Server::start_roles(&directory(), "gateway,projector,query", &env);
    server.wait_for_readiness();
    let smtp = mailbox.url();
    let alerter = |token: &str| {
        Server::start_roles(
            &directory(),
            "alerter",
            &[
                ("ERRATA_PEERS__GATEWAY", &server.url),
                ("ERRATA_PEERS__QUERY", &server.url),
                ("ERRATA_INTERNAL_TOKEN", token),
                ("ERRATA_SMTP__URL", &smtp),
            ],
        )
    };
    let stranger = alerter("somebody-elses-internal-token-0123456789");
    let said = wait_for("a refusal", || {
        stranger
            .readiness()
            .filter(|(_, said)| said.contains("internal token is wrong"))
    });
    assert_eq!(said.0, 503);
    let welcome = alerter(&token);
    welcome.wait_for_readiness();
    let (status, _, answer) =
        Client::new(&server).post("/api/errors", &[("authorization", &bearer())], GOOD);
    assert_eq!(status, 202, "{answer}");
    mailbox.wait_for_mails(1);
}
