//! Raw requests: the outside interface as anyone with curl sees it.

use std::io::Write;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use serde_json::{Value, json};

use crate::support::{Client, KEY, Server, wait_for};

fn bearer() -> String {
    format!("Bearer {KEY}")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_native_error_is_readable_as_the_contract_says() {
    let server = Server::start();
    let client = Client::new(&server);
    let sent = json!({
        "error": {
            "type": "PaymentDeclined", "message": "card expired",
            "frames": [{"function": "pay", "filename": "src/pay.ts", "lineno": 12, "in_app": true}],
            "causes": [{"type": "GatewayError", "message": "402"}],
        },
        "level": "fatal", "platform": "node", "release": "2.1", "environment": "live",
        "tags": {"tenant": "acme"}, "user": {"id": "7"}, "extra": {"cart": {"items": 3}},
        "context": {"breadcrumbs": [{"category": "ui.click", "message": "pay"}], "state": {"step": 2}},
        "client": {"url": "https://shop.example/pay?card=1", "user_agent": "curl/8"},
    });
    let (status, _, answer) = client.post(
        "/api/errors",
        &[("authorization", &bearer())],
        sent.to_string(),
    );
    assert_eq!(status, 202, "{answer}");
    let id = answer["id"].as_str().unwrap().to_owned();
    let event = wait_for("the event", || {
        let (status, event) = client.get(&format!("/api/errors/{id}"));
        (status == 200).then_some(event)
    });
    assert_eq!(event["id"], id.as_str());
    assert_eq!(event["project_id"], 1);
    assert_eq!(event["level"], "fatal");
    assert_eq!(event["type"], "PaymentDeclined");
    assert_eq!(event["message"], "card expired");
    let types: Vec<&Value> = event["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["type"])
        .collect();
    assert_eq!(
        types,
        ["GatewayError", "PaymentDeclined"],
        "oldest cause first"
    );
    let frame = &event["exceptions"][1]["frames"][0];
    assert_eq!(
        (&frame["function"], &frame["lineno"]),
        (&json!("pay"), &json!(12))
    );
    assert_eq!(event["tags"], json!({"tenant": "acme"}));
    assert_eq!(event["extra"]["cart"]["items"], 3);
    assert_eq!(event["breadcrumbs"][0]["message"], "pay");
    for time in ["timestamp", "received_at"] {
        let text = event[time].as_str().unwrap();
        assert!(text.ends_with('Z') && text.contains('T'), "{time}: {text}");
    }

    let (_, list) = client.get("/api/errors?project=1");
    assert_eq!(list["errors"][0]["id"], id.as_str(), "{list}");
    assert_eq!(list["next_cursor"], Value::Null);
    let issue_id = event["issue_id"].as_str().unwrap();
    let (status, issue) = client.get(&format!("/api/issues/{issue_id}"));
    assert_eq!(status, 200, "{issue}");
    assert_eq!(issue["title"], "PaymentDeclined: card expired");
    assert_eq!(issue["assignee"], Value::Null);
    let (_, list) = client.get(&format!("/api/errors?issue={issue_id}"));
    assert_eq!(list["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn a_broken_item_never_costs_its_neighbours() {
    let server = Server::start();
    let client = Client::new(&server);
    let batch = json!({"errors": [
        {"error": {"type": "Good", "message": "one"}},
        {"error": {}},
        {"error": {"type": 7}},
        {"error": {"type": "Good", "message": "two"}},
    ]});
    let (status, _, answer) = client.post(
        "/api/errors/batch",
        &[("authorization", &bearer())],
        batch.to_string(),
    );
    assert_eq!(status, 202, "{answer}");
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    assert!(
        results[0]["id"].is_string() && results[3]["id"].is_string(),
        "{answer}"
    );
    for broken in [1, 2] {
        let field = results[broken]["error"]["field"].as_str().unwrap();
        assert!(field.starts_with("error"), "{answer}");
    }

    let envelope = concat!(
        "{\"event_id\":\"11111111111111111111111111111111\"}\n",
        "{\"type\":\"session\"}\n{\"sid\":\"x\",\"status\":\"ok\"}\n",
        "{\"type\":\"wholly_new\"}\n{}\n",
        "{\"type\":\"event\"}\n{\"message\":\"from an envelope\",\"level\":\"nonsense\",\"tags\":17}\n",
    );
    let path = format!("/behind/a/prefix/api/1/envelope/?sentry_key={KEY}");
    let (status, headers, answer) = client.post(&path, &[], "no envelope");
    assert_eq!(status, 400, "{answer}");
    assert_eq!(
        headers["access-control-allow-origin"], "*",
        "also on errors"
    );
    let (status, _, answer) = client.post(
        &path,
        &[("content-encoding", "gzip")],
        gzip(envelope.as_bytes()),
    );
    assert_eq!(
        (status, &answer["id"]),
        (200, &json!("11111111111111111111111111111111")),
        "{answer}"
    );
    let (status, _, answer) = client.post(
        &path,
        &[("content-encoding", "deflate")],
        zlib(envelope.as_bytes()),
    );
    assert_eq!(
        status, 200,
        "a duplicate is answered like the first: {answer}"
    );
    let issues = server.wait_for_issues("", |issues| issues.len() == 3);
    assert!(
        issues
            .iter()
            .any(|i| i["title"] == "from an envelope" && i["count"] == 1),
        "{issues:?}"
    );
    assert!(server.metric("errata_ingest_in_flight") < 1.0);
}

/// Path, headers, body, expected status.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Vec<u8>, u16);

#[test]
fn refusals_name_the_reason() {
    let server = Server::start();
    let client = Client::new(&server);
    let good = r#"{"error":{"type":"X"}}"#;
    let unknown = format!("Bearer {}", "e".repeat(32));
    let auth = bearer();
    let huge = format!(
        r#"{{"error":{{"type":"X","message":"{}"}}}}"#,
        "x".repeat(2 << 20)
    );
    let cases: [Case; 9] = [
        ("/api/errors", &[], good.into(), 401),
        (
            "/api/errors",
            &[("authorization", "Bearer short")],
            good.into(),
            401,
        ),
        (
            "/api/errors",
            &[("authorization", &unknown)],
            good.into(),
            403,
        ),
        (
            "/api/errors",
            &[("authorization", &auth)],
            b"{\"error\":".to_vec(),
            400,
        ),
        (
            "/api/errors",
            &[("authorization", &auth), ("content-encoding", "lzma")],
            good.into(),
            415,
        ),
        (
            "/api/errors",
            &[("authorization", &auth), ("content-encoding", "")],
            good.into(),
            202,
        ),
        (
            "/api/errors",
            &[("authorization", &auth)],
            huge.into_bytes(),
            413,
        ),
        (
            "/api/7777/store/?sentry_key=0123456789abcdef0123456789abcdef",
            &[],
            good.into(),
            404,
        ),
        ("/api/1/store/", &[], good.into(), 401),
    ];
    for (path, headers, body, expected) in cases {
        let text = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let (status, of_answer, answer) = client.post(path, headers, body);
        assert_eq!(status, expected, "{path} {headers:?} {text}: {answer}");
        assert_eq!(of_answer["x-request-id"].len(), 32, "{path} {headers:?}");
        if status >= 400 && path.starts_with("/api/errors") {
            assert!(answer["error"]["message"].is_string(), "{answer}");
        }
    }
    let (status, answer) = client.get("/api/issues?limit=5000");
    assert_eq!(
        (status, &answer["error"]["field"]),
        (400, &json!("limit")),
        "{answer}"
    );
}

#[test]
fn acknowledged_is_visible_within_a_second_when_idle() {
    let server = Server::start();
    let client = Client::new(&server);
    client.post(
        "/api/errors",
        &[("authorization", &bearer())],
        r#"{"error":{"type":"Warm"}}"#,
    );
    server.wait_for_issues("", |issues| issues.len() == 1);
    // Not a timed test: the deadline is the suite's. The figure is in benches/.
    client.post(
        "/api/errors",
        &[("authorization", &bearer())],
        r#"{"error":{"type":"Visible"}}"#,
    );
    server.wait_for_issues("", |issues| {
        issues.iter().any(|issue| issue["type"] == "Visible")
    });
}
