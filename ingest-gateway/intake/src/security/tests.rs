#![allow(clippy::unwrap_used)]

use event_model::{Event, Level, ProjectId};
use serde_json::{Value, json};

use super::{ReportOrigin, is_report_type, items};
use crate::{Context, Item, Limits};

fn read(body: &Value) -> Vec<Item> {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        received_ns: 1_795_361_286_000_000_000,
        client_ip: None,
        user_agent: Some("Browser/1"),
        limits: &limits,
        scrub: crate::scrub::Rules::standard(),
    };
    let origin = ReportOrigin {
        release: "shop@2".into(),
        environment: "production".into(),
    };
    items(body.to_string().as_bytes(), &origin, &context).unwrap()
}

#[track_caller]
fn event(body: &Value) -> Event {
    let mut items = read(body);
    assert_eq!(items.len(), 1);
    match items.remove(0) {
        Item::Event(event) => event.event,
        other => panic!("{other:?}"),
    }
}

fn csp(directive: &str, blocked: &str) -> Value {
    json!({ "csp-report": {
        "document-uri": "https://shop.example/cart?page=1",
        "effective-directive": directive,
        "violated-directive": format!("{directive} 'self'"),
        "blocked-uri": blocked,
        "source-file": "https://shop.example/app.js",
        "line-number": 7,
        "column-number": 21,
        "disposition": "enforce",
    }})
}

#[track_caller]
fn check(directive: &str, blocked: &str, value: &str, from: &str) {
    let event = event(&csp(directive, blocked));
    assert_eq!(event.exceptions[0].ty, "CSP");
    assert_eq!(event.exceptions[0].value, value);
    assert_eq!(event.fingerprint, ["csp", directive, from]);
}

#[test]
fn violations_are_told_apart_by_directive_and_origin() {
    check(
        "script-src-elem",
        "inline",
        "Blocked inline script",
        "inline",
    );
    check("script-src", "eval", "Blocked eval in script", "eval");
    check(
        "img-src",
        "https://cdn.evil.example/a/b.png?x=1",
        "Blocked image from cdn.evil.example",
        "cdn.evil.example",
    );
    check(
        "connect-src",
        "wss://api.example:8443/live",
        "Blocked connection from api.example:8443",
        "api.example:8443",
    );
    let own = "https://shop.example/x.js";
    check(
        "script-src",
        own,
        "Blocked script from the page's own host",
        "self",
    );
    check(
        "font-src",
        "self",
        "Blocked font from the page's own host",
        "self",
    );
    check("img-src", "data", "Blocked image from data:", "data:");
    check(
        "img-src",
        "data:image/png;base64,AAAA",
        "Blocked image from data:",
        "data:",
    );
    check("frame-src", "blob", "Blocked frame from blob:", "blob:");
    check(
        "x-src",
        "not a url",
        "Blocked x-src from not a url",
        "not a url",
    );
}

#[test]
fn a_violation_is_an_event_like_any_other() {
    let event = event(&csp("script-src-elem", "inline"));
    assert_eq!(event.release, "shop@2");
    assert_eq!(event.environment, "production");
    assert_eq!(event.level, Level::Error);
    assert_eq!(event.transaction, "script-src-elem");
    assert_eq!(json!(event)["request"]["url"], "https://shop.example/cart");
    let frame = &event.exceptions[0].frames[0];
    assert_eq!((frame.lineno, frame.colno), (7, 21));
    assert_eq!(frame.abs_path, "https://shop.example/app.js");
    let mut trial = csp("img-src", "self");
    trial["csp-report"]["disposition"] = "report".into();
    assert_eq!(self::event(&trial).level, Level::Warning);
}

#[test]
fn the_reporting_api_and_report_uri_make_the_same_issue() {
    let modern = json!([{
        "type": "csp-violation",
        "age": 2_000,
        "url": "https://shop.example/cart",
        "user_agent": "Browser/2",
        "body": {
            "documentURL": "https://shop.example/cart",
            "blockedURL": "https://cdn.evil.example/x.js",
            "effectiveDirective": "script-src-elem",
            "disposition": "enforce",
            "statusCode": 200,
        },
    }]);
    let modern = event(&modern);
    let old = event(&csp("script-src-elem", "https://cdn.evil.example/y.js"));
    assert_eq!(modern.fingerprint, old.fingerprint);
    assert_eq!(modern.exceptions[0].value, old.exceptions[0].value);
    assert_eq!(modern.timestamp_ns, 1_795_361_284_000_000_000);
    let headers = json!(modern)["request"]["headers"].to_string();
    assert!(headers.contains("Browser/2"), "{headers}");
}

#[test]
fn an_old_report_without_the_effective_directive_is_read() {
    let body = json!({ "csp-report": {
        "document-uri": "https://a.example/",
        "violated-directive": "img-src 'self' https://b.example",
        "blocked-uri": "",
    }});
    assert_eq!(event(&body).fingerprint, ["csp", "img-src", "self"]);
}

#[test]
fn failed_requests_are_told_apart_by_type_phase_and_host() {
    let report = |kind: &str, status: u32| {
        json!({
            "type": "network-error",
            "age": 10,
            "url": "https://api.example/v1/x?token=abc",
            "body": { "type": kind, "phase": "application", "status_code": status, "method": "GET" },
        })
    };
    let error = event(&report("http.error", 503));
    assert_eq!(error.exceptions[0].ty, "NEL");
    assert_eq!(error.exceptions[0].value, "api.example answered 503");
    assert_eq!(
        error.fingerprint,
        ["nel", "http.error", "application", "api.example", "503"]
    );
    let dns = event(&report("dns.name_not_resolved", 0));
    assert_eq!(
        dns.exceptions[0].value,
        "dns.name_not_resolved at api.example"
    );
    assert_eq!(json!(dns)["request"]["method"], "GET");
}

#[test]
fn other_reports_are_counted_and_broken_ones_told() {
    for body in [
        json!({ "expect-ct-report": { "hostname": "a.example" } }),
        json!([{ "type": "deprecation", "body": {} }]),
        json!([{ "type": "network-error", "body": { "type": "ok" } }]),
        json!({ "csp-report": {} }),
        json!({}),
    ] {
        let items = read(&body);
        assert!(
            matches!(items.as_slice(), [Item::NotStored { kind, .. }] if kind == "security"),
            "{body}: {items:?}"
        );
    }
    assert!(matches!(
        read(&json!([5])).as_slice(),
        [Item::Broken { .. }]
    ));
    assert!(read(&json!([])).is_empty());
    let many = json!(vec![json!({ "type": "deprecation" }); 300]);
    let items = read(&many);
    assert_eq!(items.len(), 201);
    assert!(matches!(items.last(), Some(Item::Broken { .. })));
}

#[test]
fn reports_come_under_known_content_types_only() {
    for (text, expected) in [
        (None, true),
        (Some("application/csp-report"), true),
        (Some("application/reports+json; charset=utf-8"), true),
        (Some("Application/JSON"), true),
        (Some("application/x-www-form-urlencoded"), false),
        (Some("text/html"), false),
    ] {
        assert_eq!(is_report_type(text), expected, "{text:?}");
    }
}
