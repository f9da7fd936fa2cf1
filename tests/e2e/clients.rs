//! Official SDKs, unchanged, and our own.

use serde_json::Value;

use crate::support::{Server, node, python, wait_for};

/// The whole event once it can be read.
fn event(server: &Server, id: &str) -> Value {
    let path = format!("/api/errors/{}", id.trim().replace('-', ""));
    wait_for(&path, || {
        Some(server.get(&path)).filter(|(status, _)| *status == 200)
    })
    .1
}

fn last_exception(event: &Value) -> &Value {
    event["exceptions"]
        .as_array()
        .and_then(|list| list.last())
        .unwrap_or(&Value::Null)
}

#[test]
fn sentry_node_error_becomes_an_issue() {
    let server = Server::start();
    let id = node("sentry_node.mjs", &[&server.dsn()]);
    let event = event(&server, &id);
    let exceptions = event["exceptions"].as_array().unwrap();
    assert_eq!(exceptions.len(), 2, "cause and error: {event}");
    assert_eq!(exceptions[0]["type"], "TypeError", "oldest cause first");
    assert_eq!(exceptions[1]["type"], "CheckoutError");
    assert_eq!(exceptions[1]["value"], "cart is empty");
    let frames = exceptions[1]["frames"].as_array().unwrap();
    let newest = frames.last().unwrap();
    assert_eq!(
        (&newest["function"], &newest["in_app"]),
        (&"chargeCustomer".into(), &true.into())
    );
    assert!(
        newest["context_line"]
            .as_str()
            .unwrap()
            .contains("throw new CheckoutError")
    );
    assert_eq!(event["release"], "shop@1.4.2");
    assert_eq!(event["environment"], "staging");
    assert_eq!(event["tags"]["plan"], "pro");
    assert_eq!(event["user"]["email"], "ada@example.com");
    let crumbs = event["breadcrumbs"].as_array().unwrap();
    assert!(
        crumbs.iter().any(|crumb| crumb["message"] == "button#pay"),
        "{crumbs:?}"
    );

    let issues = server.wait_for_issues("", |issues| !issues.is_empty());
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0]["title"], "CheckoutError: cart is empty");
    assert_eq!(issues[0]["count"], 1);
    assert_eq!(issues[0]["users"], 1);
    assert_eq!(issues[0]["status"], "unresolved");
    assert_eq!(issues[0]["id"], event["issue_id"]);

    // The same error again, another release: the same issue.
    node(
        "sentry_node.mjs",
        &[&server.dsn(), "cart is empty", "shop@1.4.3"],
    );
    let issues =
        server.wait_for_issues("", |issues| issues.iter().any(|issue| issue["count"] == 2));
    assert_eq!(issues.len(), 1, "{issues:?}");
}

#[test]
fn sentry_python_error_keeps_locals_but_no_secrets() {
    let server = Server::start();
    let id = python("sentry_python.py", &[&server.dsn()]);
    let event = event(&server, &id);
    let exception = last_exception(&event);
    assert_eq!(exception["type"], "IndexError");
    assert_eq!(event["platform"], "python");
    assert_eq!(event["tags"]["region"], "eu");
    assert_eq!(event["user"]["username"], "grace");
    let newest = exception["frames"].as_array().unwrap().last().unwrap();
    assert_eq!(newest["function"], "invoice");
    assert!(
        newest["vars"]["customer"].to_string().contains("Grace"),
        "{newest}"
    );
    assert!(
        newest["vars"]["password"]
            .as_str()
            .is_some_and(|v| v.contains("Filtered")),
        "{newest}"
    );
    assert!(
        !event.to_string().contains("hunter2"),
        "a secret got through: {event}"
    );
}

#[test]
fn errata_sdk_for_node_error_becomes_an_issue() {
    let server = Server::start();
    let id = node("errata_node.mjs", &[&server.dsn()]);
    let event = event(&server, &id);
    let exceptions = event["exceptions"].as_array().unwrap();
    assert_eq!(exceptions.len(), 2, "{event}");
    assert_eq!(exceptions[0]["value"], "disk is gone");
    assert_eq!(exceptions[1]["type"], "RangeError");
    let newest = exceptions[1]["frames"].as_array().unwrap().last().unwrap();
    assert_eq!(newest["function"], "renderTemplate");
    assert!(
        newest["context_line"]
            .as_str()
            .unwrap()
            .contains("throw new RangeError"),
        "{newest}"
    );
    assert_eq!(event["tags"]["queue"], "mail");
    assert_eq!(event["user"]["id"], "u-9");
    assert_eq!(event["release"], "worker@3.1.0");
    assert!(
        event["breadcrumbs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["message"] == "picked up job 17")
    );
}

fn browser_sdk(sdk: &str) {
    let server = Server::start();
    let id = node("browser_sdk.mjs", &[sdk, &server.dsn()]);
    let event = event(&server, &id);
    assert_eq!(last_exception(&event)["type"], "TypeError", "{event}");
    assert_eq!(event["tags"]["page"], "checkout");
    assert_eq!(event["release"], "web@9.0.1");
    let crumbs = event["breadcrumbs"].to_string();
    assert!(
        crumbs.contains("coupon looks odd"),
        "the console breadcrumb is missing: {crumbs}"
    );
    let overflow = format!("RangeError: basket of {sdk} overflowed");
    let issues = server.wait_for_issues("", |issues| issues.len() == 2);
    assert!(
        issues
            .iter()
            .any(|issue| issue["title"] == overflow.as_str()),
        "uncaught: {issues:?}"
    );
}

#[test]
fn sentry_browser_errors_arrive_cross_origin() {
    browser_sdk("sentry");
}

#[test]
fn errata_sdk_for_browsers_errors_arrive_cross_origin() {
    browser_sdk("errata");
}
