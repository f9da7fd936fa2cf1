//! Official SDKs, unchanged, and our own.

use serde_json::Value;

use crate::support::{KEY, Server, node, python, wait_for};

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

#[test]
fn a_storm_that_the_errata_sdk_folds_counts_in_full() {
    let server = Server::start();
    let told = node("errata_storm.mjs", &[&server.dsn(), "5000"]);
    // The third error found the queue of two full: of one place each, the first stay.
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["captured"], 5_003);
    assert_eq!(told["sent"], 5_001, "{told}");
    let issues = server.wait_for_issues("", |issues| issues.len() == 2);
    let count = |title: &str| {
        let issue = issues.iter().find(|issue| issue["title"] == title);
        issue.unwrap_or_else(|| panic!("no {title:?} in {issues:?}"))["count"].clone()
    };
    assert_eq!(count("TypeError: no price for A-1"), 5_000);
    assert_eq!(count("RangeError: the rare one"), 1);
    let folded = issues.iter().find(|issue| issue["count"] == 5_000).unwrap();
    let id = folded["id"].as_str().unwrap();
    // Errors and rows are told apart: the list has few rows, which add up to all of them.
    // The index of events may be behind that of issues.
    let rows = wait_for("rows that stand for all errors", || {
        let (_, list) = server.get(&format!("/api/errors?issue={id}"));
        let rows = list["errors"].as_array()?;
        let errors = rows.iter().map(|row| row["count"].as_u64().unwrap_or(1));
        (errors.sum::<u64>() == 5_000).then_some(rows.len())
    });
    assert!(rows < 5_000, "{rows} rows");
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

#[test]
fn errata_sdk_for_browsers_holds_among_servers_that_misbehave() {
    let held = node("browser_sdk_hostile.mjs", &[]);
    assert_eq!(held.lines().count(), 12, "{held}");
}

/// The events of a server, newest first, once there are so many.
fn events(server: &Server, count: usize) -> Vec<Value> {
    wait_for("the events in the list", || {
        let (status, list) = server.get("/api/errors");
        let errors = list["errors"].as_array()?;
        (status == 200 && errors.len() == count).then(|| errors.clone())
    })
    .iter()
    .map(|line| event(server, line["id"].as_str().unwrap()))
    .collect()
}

fn with_type<'e>(events: &'e [Value], ty: &str) -> &'e Value {
    let found = events.iter().find(|event| event["type"] == ty);
    found.unwrap_or_else(|| panic!("no {ty:?} in {events:?}"))
}

fn opentelemetry_python(protocol: &str) {
    let server = Server::start();
    python("otel_python.py", &[protocol, &server.url, KEY]);
    // On two spans and in a log record: one error. And one message.
    let events = events(&server, 2);
    let error = with_type(&events, "CartError");
    let types: Vec<&Value> = error["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|exception| &exception["type"])
        .collect();
    assert_eq!(types, ["ValueError", "CartError"], "the cause first");
    let newest = last_exception(error)["frames"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(newest["function"], "add_item");
    assert!(
        newest["context_line"]
            .as_str()
            .unwrap()
            .contains("raise CartError")
    );
    assert_eq!(error["platform"], "python");
    assert_eq!(error["release"], "3.1.0");
    assert_eq!(error["environment"], "staging");
    assert_eq!(error["server_name"], "web-07");
    assert_eq!(error["tags"]["service.name"], "shop");
    let message = with_type(&events, "");
    assert_eq!(message["message"], "stock of apples is gone");
    assert_eq!(message["logger"], "shop.cart");
    assert_eq!(message["extra"]["shelf"], 4);
    let issues = server.wait_for_issues("", |issues| issues.len() == 2);
    let title = "CartError: cannot add item with quantity twelve";
    assert!(
        issues.iter().any(|issue| issue["title"] == title),
        "{issues:?}"
    );
}

#[test]
fn opentelemetry_python_errors_arrive_by_http() {
    opentelemetry_python("http");
}

#[test]
fn opentelemetry_python_errors_arrive_by_grpc() {
    opentelemetry_python("grpc");
}

fn opentelemetry_node(kind: &str) {
    let server = Server::start();
    node("otel_node.mjs", &[kind, &server.url, KEY]);
    let events = events(&server, 2);
    // The SDK gives the error's code for its type.
    let error = with_type(&events, "PaymentDeclined");
    assert_eq!(error["message"], "order A-1001 declined");
    let newest = last_exception(error)["frames"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(
        (&newest["function"], &newest["in_app"]),
        (&"charge".into(), &true.into())
    );
    assert_eq!(error["request"]["url"], "/pay");
    assert_eq!(error["transaction"], "POST /pay");
    assert_eq!(error["platform"], "node");
    let message = with_type(&events, "");
    assert_eq!(message["message"], "till is stuck");
    assert_eq!(message["extra"]["till"], 3);
    assert_eq!(
        message["extra"]["nested"],
        serde_json::json!({"a": [1, "x"]})
    );
}

#[test]
fn opentelemetry_node_errors_arrive_as_json() {
    opentelemetry_node("http");
}

#[test]
fn opentelemetry_node_errors_arrive_as_protobuf() {
    opentelemetry_node("proto");
}
