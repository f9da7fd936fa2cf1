//! The web UI in a real browser, driven by Playwright.

use crate::support::{OWNER_EMAIL, OWNER_PASSWORD, Server, node};

#[test]
fn people_sign_in_find_read_and_resolve_an_error_and_see_new_ones_arrive() {
    let server = Server::start();
    node("sentry_node.mjs", &[&server.dsn()]);
    server.wait_for_issues("", |issues| issues.len() == 1);
    node(
        "ui.mjs",
        &[&server.url, &server.dsn(), OWNER_EMAIL, OWNER_PASSWORD],
    );
    server.wait_for_issues("status=resolved", |issues| issues.len() == 1);
}
