//! The native JSON and its gRPC twin: what is read, what is refused and how the
//! field is named.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use event_intake::{
    Context, Invalid, InvalidReason, Limits, NativeBatch, ReadEvent, from_proto, read_native,
    read_native_batch, scrub::Rules,
};
use event_model::{Head, Level, Note, ProjectId};
use prost::Message as _;
use serde_json::json;

const RECEIVED_NS: i64 = 1_795_363_200_000_000_000;

fn with<T>(read: impl FnOnce(&Context<'_>) -> T) -> T {
    let limits = Limits::default();
    read(&Context {
        project_id: ProjectId(7),
        received_ns: RECEIVED_NS,
        client_ip: Some("203.0.113.7".parse().unwrap()),
        user_agent: None,
        limits: &limits,
        scrub: Rules::standard(),
    })
}

fn read(json: &serde_json::Value) -> Result<ReadEvent, Invalid> {
    with(|context| read_native(json.to_string().as_bytes(), context))
}

#[test]
fn a_whole_event_is_mapped() {
    let event = read(&json!({
        "error": {
            "type": "PaymentDeclined", "message": "order A-1001", "handled": false, "mechanism": "onerror",
            "stack": "PaymentDeclined: x\n    at pay (/srv/shop.js:3:15)\n    at run (/srv/node_modules/a/b.js:1:2)",
            "causes": [
                {"type": "CartError", "message": "nearest", "causes": [{"type": "TypeError", "message": "oldest"}]}
            ]
        },
        "level": "fatal", "platform": "Node", "release": "shop@1.4.2", "environment": "production",
        "timestamp": "2026-11-22T15:59:00Z", "id": "44D736D9-ac1e-42bb-909a-c78a5ac24ed8",
        "client": {"url": "https://shop.example/pay?id=1&token=abc", "user_agent": "Mozilla/5.0", "language": "de",
                   "resolution": "1440x900", "os": "Linux 6.1", "hostname": "web-01"},
        "user": {"id": 77, "email": "jane@example.com", "ip_address": "{{auto}}", "session_id": "s-1"},
        "context": {"breadcrumbs": [{"type": "http", "category": "fetch", "message": "GET /", "level": "warn",
                                     "timestamp": 1_795_363_100.5, "data": {"status": 200}}],
                    "state": {"cart": {"items": 2}}, "metrics": {"heap": 1.5}},
        "tags": {"route": "pay", "retry": 3}, "fingerprint": ["{{ default }}", "x"],
        "extra": {"api_key": "k", "author": "jane"}, "colour": "blue"
    }))
    .unwrap()
    .event;
    let chain: Vec<_> = event.exceptions.iter().map(|e| e.ty.as_str()).collect();
    assert_eq!(chain, ["TypeError", "CartError", "PaymentDeclined"]);
    let shown = event.exceptions.last().unwrap();
    assert_eq!(shown.mechanism.as_ref().unwrap().handled, Some(false));
    let frames: Vec<_> = shown
        .frames
        .iter()
        .map(|f| (f.function.as_str(), f.in_app))
        .collect();
    assert_eq!(frames, [("run", false), ("pay", true)]);
    assert_eq!(event.level, Level::Fatal);
    assert_eq!(
        (event.platform.as_str(), event.server_name.as_str()),
        ("node", "web-01")
    );
    assert_eq!(event.id.to_string(), "44d736d9ac1e42bb909ac78a5ac24ed8");
    assert_eq!(event.timestamp_ns, RECEIVED_NS - 60_000_000_000);
    let user = event.user.as_ref().unwrap();
    assert_eq!(
        (user.id.as_str(), user.ip_address.as_str()),
        ("77", "203.0.113.7")
    );
    let request = event.request.to_map();
    assert_eq!(request["url"], "https://shop.example/pay");
    assert_eq!(request["query_string"], "id=1&token=[Filtered]");
    assert_eq!(request["headers"]["User-Agent"], "Mozilla/5.0");
    assert_eq!(event.contexts.to_map()["state"]["cart"]["items"], 2);
    assert_eq!(event.breadcrumbs[0].level, Some(Level::Warning));
    assert_eq!(event.breadcrumbs[0].data.to_map()["status"], 200);
    assert_eq!(
        event.tags,
        [("retry".into(), "3".into()), ("route".into(), "pay".into())]
    );
    assert_eq!(
        event.extra.to_map(),
        *json!({"api_key": "[Filtered]", "author": "jane"})
            .as_object()
            .unwrap()
    );
    assert_eq!(event.other.to_map()["colour"], "blue");
    assert_eq!(event.scrubbed, ["request.query_string", "extra.api_key"]);
}

#[test]
fn little_is_enough() {
    for error in [
        json!({"type": "E"}),
        json!({"message": "m"}),
        json!({"message": "m", "stack": null}),
    ] {
        let event = read(&json!({"error": error, "id": "not an id", "level": "odd", "tags": null}))
            .unwrap()
            .event;
        assert_eq!(event.level, Level::Error);
        assert_eq!(event.platform, "other");
        assert_eq!(event.timestamp_ns, RECEIVED_NS);
    }
}

#[test]
fn a_stack_of_no_known_form_is_kept_as_text() {
    let event = read(&json!({"error": {"type": "E", "stack": "in pay, I think"}}))
        .unwrap()
        .event;
    assert_eq!(event.exceptions[0].frames, []);
    assert_eq!(event.other.to_map()["stack"], "in pay, I think");
}

#[test]
fn a_wrong_field_is_named() {
    let ok = json!({"message": "m"});
    for (field, body) in [
        ("error", json!({})),
        ("error", json!({"error": null})),
        ("error", json!({"error": "boom"})),
        ("error.type", json!({"error": {}})),
        ("error.type", json!({"error": {"type": 5}})),
        ("error.message", json!({"error": {"message": {"a": 1}}})),
        (
            "error.stack",
            json!({"error": {"message": "m", "stack": []}}),
        ),
        (
            "error.handled",
            json!({"error": {"message": "m", "handled": "no"}}),
        ),
        (
            "error.frames",
            json!({"error": {"message": "m", "frames": {}}}),
        ),
        (
            "error.frames[1].lineno",
            json!({"error": {"message": "m", "frames": [{}, {"lineno": -1}]}}),
        ),
        (
            "error.frames[0].vars",
            json!({"error": {"message": "m", "frames": [{"vars": []}]}}),
        ),
        (
            "error.causes[0].causes[0].type",
            json!({"error": {"message": "m", "causes": [{"causes": [{"type": true}]}]}}),
        ),
        ("level", json!({"error": ok, "level": []})),
        ("level", json!({"error": ok, "level": 9})),
        ("platform", json!({"error": ok, "platform": 1})),
        ("timestamp", json!({"error": ok, "timestamp": "yesterday"})),
        ("timestamp", json!({"error": ok, "timestamp": {}})),
        ("id", json!({"error": ok, "id": 5})),
        ("client.url", json!({"error": ok, "client": {"url": 5}})),
        ("user", json!({"error": ok, "user": "jane"})),
        ("user.email", json!({"error": ok, "user": {"email": 5}})),
        (
            "context.breadcrumbs[0].category",
            json!({"error": ok, "context": {"breadcrumbs": [{"category": 1}]}}),
        ),
        (
            "context.state",
            json!({"error": ok, "context": {"state": "x"}}),
        ),
        ("tags", json!({"error": ok, "tags": "x"})),
        ("tags.a", json!({"error": ok, "tags": {"a": {}}})),
        ("fingerprint", json!({"error": ok, "fingerprint": "x"})),
        (
            "fingerprint[1]",
            json!({"error": ok, "fingerprint": ["x", 1]}),
        ),
        ("extra", json!({"error": ok, "extra": 1})),
    ] {
        let invalid = read(&body).unwrap_err();
        assert_eq!(
            (invalid.reason, invalid.field.as_str()),
            (InvalidReason::Field, field),
            "{body}"
        );
    }
    for body in ["", "{", "[]", "5", "null", "\"x\""] {
        let invalid = with(|context| read_native(body.as_bytes(), context)).unwrap_err();
        assert_eq!(invalid.reason, InvalidReason::Malformed, "{body}");
    }
    let long = json!({"error": {"message": "x".repeat(1 << 20)}});
    assert_eq!(read(&long).unwrap_err().reason, InvalidReason::TooLarge);
}

#[test]
fn a_broken_item_never_costs_its_neighbours() {
    let body = br#"{"errors":[{"error":{"type":"A"}},{"error":{"type":5}},{"error":{"message":"\ud800"}},7,{"error":{"type":"B"}}],"x":1}"#;
    let results = with(|context| read_native_batch(body, context)).unwrap();
    let fields: Vec<_> = results
        .iter()
        .map(|r| r.as_ref().err().map(|e| e.field.clone()))
        .collect();
    assert_eq!(
        fields,
        [
            None,
            Some("error.type".into()),
            None,
            Some(String::new()),
            None
        ]
    );
    assert_eq!(
        results[2].as_ref().unwrap().event.exceptions[0].value,
        "\u{fffd}"
    );
    let repaired = br#"{"errors":[{"error":{"type":"A"},"extra":{"a":NaN}}]}"#;
    assert!(with(|context| read_native_batch(repaired, context)).unwrap()[0].is_ok());

    for (body, reason) in [
        ("{}".to_owned(), InvalidReason::Field),
        (r#"{"errors":{}}"#.to_owned(), InvalidReason::Field),
        ("[".to_owned(), InvalidReason::Malformed),
        (
            json!({"errors": vec![1; 1001]}).to_string(),
            InvalidReason::TooLarge,
        ),
    ] {
        let invalid = with(|context| read_native_batch(body.as_bytes(), context)).unwrap_err();
        assert_eq!(invalid.reason, reason, "{body:.40}");
    }
}

/// What is read of `discarded_events`: its rows, or the field and the reason.
type Rows = Result<Vec<(String, String, u64)>, (String, InvalidReason)>;

fn rows(batch: &NativeBatch) -> Option<Rows> {
    let read = with(|context| batch.discarded(context))?;
    let rows = read.map(|note| {
        let Note::ClientReport(note) = note else {
            panic!("{note:?} is no client report");
        };
        assert_eq!((note.project_id, note.received_ns), (7, RECEIVED_NS));
        let rows = note.drops.into_iter();
        rows.map(|row| (row.reason, row.category, row.quantity))
            .collect()
    });
    Some(rows.map_err(|invalid| (invalid.field, invalid.reason)))
}

#[test]
fn what_a_client_dropped_is_read_or_the_field_is_named() {
    let row = |reason: &str, category: &str, quantity| {
        Some(Ok(vec![(reason.to_owned(), category.to_owned(), quantity)]))
    };
    let field = |name: &str| {
        let path = format!("discarded_events{name}");
        Some(Err((path, InvalidReason::Field)))
    };
    let large = || {
        Some(Err((
            "discarded_events".to_owned(),
            InvalidReason::TooLarge,
        )))
    };
    let good = json!({"reason": "queue_full", "category": "error", "quantity": 3});
    for (list, expected) in [
        (json!([good]), row("queue_full", "error", 3)),
        (
            json!([{"reason": " Before_Send ", "quantity": 1, "more": {}}]),
            row("before_send", "error", 1),
        ),
        (
            json!([{"reason": "a", "category": "log.item", "quantity": 1_000_000_000}]),
            row("a", "log.item", 1_000_000_000),
        ),
        (json!(null), None),
        (json!([]), None),
        (json!({}), field("")),
        (json!(5), field("")),
        (json!([good, 5]), field("[1]")),
        (json!([good, null]), field("[1].quantity")),
        (json!([{"quantity": 1}]), field("[0].reason")),
        (json!([{"reason": 5, "quantity": 1}]), field("[0].reason")),
        (
            json!([{"reason": "two words", "quantity": 1}]),
            field("[0].reason"),
        ),
        (json!([{"reason": "é", "quantity": 1}]), field("[0].reason")),
        (
            json!([{"reason": "x".repeat(65), "quantity": 1}]),
            field("[0].reason"),
        ),
        (
            json!([{"reason": "a", "category": [], "quantity": 1}]),
            field("[0].category"),
        ),
        (json!([{"reason": "a"}]), field("[0].quantity")),
        (
            json!([{"reason": "a", "quantity": 0}]),
            field("[0].quantity"),
        ),
        (
            json!([{"reason": "a", "quantity": -1}]),
            field("[0].quantity"),
        ),
        (
            json!([{"reason": "a", "quantity": 1.5}]),
            field("[0].quantity"),
        ),
        (
            json!([{"reason": "a", "quantity": "1"}]),
            field("[0].quantity"),
        ),
        (
            json!([{"reason": "a", "quantity": 1_000_000_001}]),
            field("[0].quantity"),
        ),
        (json!(vec![good.clone(); 101]), large()),
        (
            json!([{"reason": "a", "quantity": 1, "more": "x".repeat(40_000)}]),
            large(),
        ),
    ] {
        let body = json!({"discarded_events": list, "errors": [{"error": {"type": "A"}}]});
        let mut batch = NativeBatch::scan(Bytes::from(body.to_string()), 10).unwrap();
        assert_eq!(rows(&batch), expected, "{list:.200}");
        assert!(with(|context| batch.next_event(context).unwrap()).is_ok());
    }
}

#[test]
fn what_a_client_dropped_is_the_same_by_grpc() {
    use proto::v1::{DiscardedEvents, SendErrorsRequest};
    let one = |reason: &str, category: &str, quantity| DiscardedEvents {
        reason: reason.to_owned(),
        category: category.to_owned(),
        quantity,
    };
    for (list, expected) in [
        (vec![], None),
        (
            vec![one("queue_full", "", 3), one("network", "error", 1)],
            Some(Ok(vec![
                ("queue_full".to_owned(), "error".to_owned(), 3),
                ("network".to_owned(), "error".to_owned(), 1),
            ])),
        ),
        (
            vec![one("a", "", 1), one("", "", 1)],
            Some(Err((
                "discarded_events[1].reason".to_owned(),
                InvalidReason::Field,
            ))),
        ),
        (
            vec![one("a", "", 1); 1_000],
            Some(Err((
                "discarded_events".to_owned(),
                InvalidReason::TooLarge,
            ))),
        ),
    ] {
        let request = SendErrorsRequest {
            errors: vec![],
            discarded_events: list,
        };
        let batch = NativeBatch::scan_message(Bytes::from(request.encode_to_vec()), 10).unwrap();
        assert_eq!(rows(&batch), expected, "{request:?}");
    }
    // Two bytes that are none of it.
    let batch = NativeBatch::scan_message(Bytes::from_static(&[0x12, 1, 8]), 10).unwrap();
    let expected = ("discarded_events".to_owned(), InvalidReason::Field);
    assert_eq!(rows(&batch), Some(Err(expected)));
}

#[test]
fn an_event_stands_for_as_many_as_its_client_counted() {
    for (count, weight) in [
        (json!(null), Ok(1)),
        (json!(0), Ok(1)),
        (json!(1), Ok(1)),
        (json!(10_000), Ok(10_000)),
        (json!(u32::MAX), Ok(100_000)),
        (json!("7"), Err("count".to_owned())),
        (json!(-1), Err("count".to_owned())),
    ] {
        let read = read(&json!({"error": {"type": "E"}, "count": count}));
        let weighed = read.map(|reading| Head::of(&reading.event, reading.size_bytes).weight);
        assert_eq!(weighed.map_err(|invalid| invalid.field), weight, "{count}");
    }
}

#[test]
fn grpc_and_json_mean_the_same() {
    use proto::v1;
    let event = v1::Event {
        error: Some(v1::Error {
            r#type: "E".into(),
            message: "m".into(),
            frames: vec![v1::Frame {
                function: "pay".into(),
                filename: "shop.js".into(),
                lineno: 3,
                in_app: Some(true),
                pre_context: vec!["a".into()],
                ..Default::default()
            }],
            handled: Some(false),
            ..Default::default()
        }),
        level: v1::Level::Warning.into(),
        count: 5,
        timestamp: Some(prost_types::Timestamp {
            seconds: 1_795_363_199,
            nanos: 5,
        }),
        id: "44d736d9ac1e42bb909ac78a5ac24ed8".into(),
        tags: [("a".to_owned(), "b".to_owned())].into(),
        extra: Some(prost_types::Struct {
            fields: [("n".to_owned(), prost_types::Value::from(3.0))].into(),
        }),
        ..Default::default()
    };
    let by_grpc = with(|context| from_proto(&event, context)).unwrap().event;
    let by_json = read(&json!({
        "error": {"type": "E", "message": "m", "handled": false,
                  "frames": [{"function": "pay", "filename": "shop.js", "lineno": 3, "in_app": true, "pre_context": ["a"]}]},
        "level": "warning", "count": 5, "timestamp": "2026-11-22T15:59:59.000000005Z",
        "id": "44d736d9ac1e42bb909ac78a5ac24ed8", "tags": {"a": "b"}, "extra": {"n": 3}
    }))
    .unwrap()
    .event;
    assert_eq!(by_grpc, by_json);
    let bad = v1::Event {
        timestamp: Some(prost_types::Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        }),
        ..event
    };
    let invalid = with(|context| from_proto(&bad, context)).unwrap_err();
    assert_eq!(invalid.field, "timestamp");
    let empty =
        with(|context| event_intake::from_proto(&v1::Event::default(), context)).unwrap_err();
    assert_eq!(empty.field, "error");
}
