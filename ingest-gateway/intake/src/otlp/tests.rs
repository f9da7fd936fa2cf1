#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::IpAddr;

use event_model::{Event, Level, ProjectId};
use serde_json::{Value, json};

use super::{
    super::{InvalidReason, Limits},
    *,
};

/// 22 Nov 2026, 16:00 UTC.
const NOW_NS: i64 = 1_795_363_200_000_000_000;
const TRACE: &str = "0bd118496b0e3ab5f8e91032dc606e16";

fn read(signal: Signal, encoding: Encoding, body: impl Into<Bytes>) -> Vec<OtlpItem> {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        received_ns: NOW_NS,
        client_ip: Some(IpAddr::from([203, 0, 113, 7])),
        user_agent: None,
        limits: &limits,
        scrub: crate::scrub::Rules::standard(),
    };
    otlp(signal, encoding, &body.into(), &context).unwrap()
}

fn read_json(signal: Signal, body: &Value) -> Vec<OtlpItem> {
    read(signal, Encoding::Json, body.to_string())
}

fn events(items: Vec<OtlpItem>) -> Vec<Event> {
    let events = items.into_iter().filter_map(|item| match item {
        OtlpItem::Event(event) => Some(event.event),
        _ => None,
    });
    events.collect()
}

fn attributes(from: &Value) -> Value {
    let of = |value: &Value| match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(value) => json!({"boolValue": value}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Value::Number(number) => json!({"intValue": number}),
        other => other.clone(),
    };
    let members = from.as_object().unwrap().iter();
    members
        .map(|(key, value)| json!({"key": key, "value": of(value)}))
        .collect()
}

fn logs(resource: &Value, records: &Value) -> Value {
    json!({"resourceLogs": [{
        "resource": {"attributes": attributes(resource)},
        "scopeLogs": [{"scope": {"name": "shop.cart", "version": "2"}, "logRecords": records}],
    }]})
}

fn spans(resource: &Value, spans: &Value) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": attributes(resource)},
        "scopeSpans": [{"scope": {"name": "tracer"}, "spans": spans}],
    }]})
}

fn one_log(resource: &Value, record: &Value) -> Event {
    let mut found = events(read_json(Signal::Logs, &logs(resource, &json!([record]))));
    assert_eq!(found.len(), 1);
    found.pop().unwrap()
}

#[test]
fn a_log_record_with_an_exception_fills_the_event() {
    let resource = json!({
        "service.name": "shop", "service.version": "1.4.2", "service.namespace": "store",
        "deployment.environment.name": "production", "host.name": "web-01", "host.arch": "arm64",
        "service.instance.id": "i-1", "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python", "telemetry.sdk.version": "1.45.2",
        "process.runtime.name": "cpython", "process.runtime.version": "3.11.7", "os.type": "linux",
        "k8s.pod.name": "shop-7",
    });
    let record = json!({
        "timeUnixNano": (NOW_NS - 5_000_000_000).to_string(),
        "severityNumber": 21, "severityText": "CRITICAL",
        "body": {"stringValue": "checkout failed"},
        "traceId": TRACE.to_uppercase(), "spanId": "fec0b7c952d9253c",
        "attributes": attributes(&json!({
            "exception.type": "shop.PaymentDeclined", "exception.message": "order declined",
            "exception.stacktrace": "Traceback (most recent call last):\n  File \"/srv/shop.py\", line 3, in pay\n    raise x\nshop.PaymentDeclined: order declined\n",
            "http.request.method": "POST", "url.path": "/orders", "url.scheme": "https",
            "server.address": "shop.example", "url.query": "a=1", "http.route": "/orders",
            "user_agent.original": "curl/8", "client.address": "198.51.100.2",
            "http.response.status_code": 502, "http.request.header.accept": {"arrayValue": {"values": [{"stringValue": "a"}, {"stringValue": "b"}]}},
            "user.id": "u-7", "user.email": "ada@shop.example", "session.id": "s-1",
            "order.id": "A-1001", "retry": 3, "nothing": {},
        })),
    });
    let event = one_log(&resource, &record);
    let own = &event.exceptions[0];
    assert_eq!(
        (own.module.as_str(), own.ty.as_str(), own.value.as_str()),
        ("shop", "PaymentDeclined", "order declined")
    );
    assert_eq!(own.frames[0].function, "pay");
    assert_eq!(event.level, Level::Fatal);
    assert_eq!(event.message, "checkout failed");
    assert_eq!(event.platform, "python");
    assert_eq!(
        (
            event.release.as_str(),
            event.environment.as_str(),
            event.server_name.as_str()
        ),
        ("1.4.2", "production", "web-01")
    );
    assert_eq!(event.timestamp_ns, NOW_NS - 5_000_000_000);
    assert_eq!(
        (event.logger.as_str(), event.transaction.as_str()),
        ("shop.cart", "POST /orders")
    );
    assert_eq!(
        event.tags,
        [
            ("service.name".to_owned(), "shop".to_owned()),
            ("service.namespace".to_owned(), "store".to_owned())
        ]
    );
    let user = event.user.clone().unwrap();
    assert_eq!(
        (
            user.id.as_str(),
            user.email.as_str(),
            user.session_id.as_str()
        ),
        ("u-7", "ada@shop.example", "s-1")
    );
    let stored = serde_json::to_value(&event).unwrap();
    assert_eq!(stored["request"]["url"], "https://shop.example/orders");
    assert_eq!(stored["request"]["method"], "POST");
    assert_eq!(stored["request"]["env"]["REMOTE_ADDR"], "198.51.100.2");
    assert_eq!(stored["request"]["headers"]["Accept"], "a, b");
    assert_eq!(stored["contexts"]["response"]["status_code"], "502");
    assert_eq!(
        stored["contexts"]["trace"],
        json!({"trace_id": TRACE, "span_id": "fec0b7c952d9253c"})
    );
    assert_eq!(
        stored["contexts"]["runtime"],
        json!({"name": "cpython", "version": "3.11.7"})
    );
    assert_eq!(stored["contexts"]["os"]["name"], "linux");
    assert_eq!(stored["contexts"]["device"]["arch"], "arm64");
    assert_eq!(
        stored["contexts"]["resource"],
        json!({"k8s.pod.name": "shop-7", "service.instance.id": "i-1"})
    );
    assert_eq!(
        stored["contexts"]["scope"],
        json!({"name": "shop.cart", "version": "2"})
    );
    assert_eq!(
        stored["extra"],
        json!({"order.id": "A-1001", "retry": 3, "nothing": null})
    );
    assert_eq!(
        stored["sdk"],
        json!({"name": "opentelemetry.python", "version": "1.45.2"})
    );
}

#[test]
fn errors_without_an_exception_are_messages_and_lower_ones_are_counted() {
    let record = |severity: Value, text: &str| json!({"severityNumber": severity, "severityText": text, "timeUnixNano": "1", "body": {"stringValue": text}});
    let records = json!([
        record(json!(1), ""),
        record(json!(9), "INFO"),
        record(json!("16"), "WARN"),
        record(json!(17), "ERROR"),
        record(json!("SEVERITY_NUMBER_FATAL3"), "fatal"),
        record(json!(0), "critical"),
        record(json!(null), "notice"),
    ]);
    let items = read_json(Signal::Logs, &logs(&json!({}), &records));
    assert_eq!(items.last(), Some(&OtlpItem::NotStored(4)));
    let found: Vec<_> = events(items)
        .into_iter()
        .map(|e| (e.message, e.level, e.exceptions.len()))
        .collect();
    assert_eq!(
        found,
        [
            ("ERROR".to_owned(), Level::Error, 0),
            ("fatal".to_owned(), Level::Fatal, 0),
            ("critical".to_owned(), Level::Fatal, 0)
        ]
    );
}

#[test]
fn an_exception_counts_whatever_its_severity() {
    let record = json!({"severityNumber": 13, "attributes": attributes(&json!({"exception.type": "Timeout"}))});
    let event = one_log(&json!({}), &record);
    assert_eq!(
        (event.exceptions[0].ty.as_str(), event.level),
        ("Timeout", Level::Warning)
    );
    let named = json!({"eventName": "http.client.exception", "body": {"stringValue": "gone"}});
    assert_eq!(one_log(&json!({}), &named).message, "gone");
}

#[test]
fn a_message_names_where_it_was_logged_and_its_template() {
    let record = json!({"severityNumber": 17, "body": {"stringValue": "cart 7 is gone"}, "attributes": attributes(&json!({
        "{OriginalFormat}": "cart {Id} is gone", "code.function.name": "load", "code.file.path": "/srv/cart.cs", "code.line.number": 9,
    }))});
    let event = one_log(&json!({"telemetry.sdk.language": "dotnet"}), &record);
    assert_eq!(event.message_template, "cart {Id} is gone");
    let frame = &event.threads[0].frames[0];
    assert_eq!(
        (
            frame.function.as_str(),
            frame.filename.as_str(),
            frame.lineno
        ),
        ("load", "/srv/cart.cs", 9)
    );
    assert_eq!(event.platform, "csharp");
    let structured = json!({"severityNumber": 17, "body": {"kvlistValue": {"values": [{"key": "msg", "value": {"stringValue": "boom"}}, {"key": "n", "value": {"intValue": 1}}]}}});
    let event = one_log(&json!({}), &structured);
    assert_eq!(event.message, "boom");
    assert_eq!(
        serde_json::to_value(&event).unwrap()["extra"],
        json!({"body": {"n": 1}})
    );
}

fn exception(ty: &str, message: &str) -> Value {
    json!({"name": "exception", "timeUnixNano": (NOW_NS - 1).to_string(), "attributes": attributes(&json!({"exception.type": ty, "exception.message": message, "exception.escaped": "True"}))})
}

#[test]
fn an_error_on_nested_spans_has_one_id_and_the_servers_span_names_it() {
    let server = json!({"traceId": TRACE, "spanId": "c995dfe98e2f5611", "name": "GET /orders/{id}", "kind": "SPAN_KIND_SERVER",
        "attributes": attributes(&json!({"http.request.method": "GET", "url.path": "/orders/17", "enduser.id": "u-77"})), "events": [exception("E", "x")]});
    let inner = json!({"traceId": TRACE, "spanId": "fec0b7c952d9253c", "parentSpanId": "c995dfe98e2f5611", "name": "SELECT", "kind": 3,
        "attributes": attributes(&json!({"db.system": "postgresql", "url.full": "http://db"})), "events": [{"name": "note"}, exception("E", "x")]});
    let quiet =
        json!({"traceId": TRACE, "spanId": "0000000000000001", "name": "quiet", "events": []});
    let items = read_json(
        Signal::Traces,
        &spans(&json!({}), &json!([inner, quiet, server])),
    );
    assert_eq!(items.last(), Some(&OtlpItem::NotStored(3)));
    let found = events(items);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].id, found[1].id);
    let first = serde_json::to_value(&found[0]).unwrap();
    assert_eq!(first["transaction"], "GET /orders/{id}");
    assert_eq!(first["request"]["url"], "/orders/17");
    assert_eq!(first["user"]["id"], "u-77");
    assert_eq!(first["exceptions"][0]["mechanism"]["handled"], false);
    assert_eq!(first["contexts"]["trace"]["op"], "db");
    assert_eq!(first["contexts"]["trace"]["data"]["url.full"], "http://db");
    // Another message, or the same in another trace, is another error.
    let other = json!({"traceId": TRACE.replace('0', "1"), "spanId": "c995dfe98e2f5611", "events": [exception("E", "x"), exception("E", "y")]});
    let others = events(read_json(
        Signal::Traces,
        &spans(&json!({}), &json!([other])),
    ));
    assert_ne!(others[0].id, found[0].id);
    assert_ne!(others[1].id, others[0].id);
}

#[test]
fn a_log_beside_the_span_has_the_same_id() {
    let stack =
        "Traceback (most recent call last):\n  File \"/srv/shop.py\", line 3, in pay\nshop.E: x\n";
    // Python's span names the module, its log record does not, and their stacks
    // begin at different callers.
    let span = json!({"traceId": TRACE, "spanId": "c995dfe98e2f5611", "events": [{"name": "exception", "attributes": attributes(&json!({
        "exception.type": "shop.E", "exception.message": "x", "exception.stacktrace": stack.replace("):\n", "):\n  File \"/srv/main.py\", line 1, in run\n")}))}]});
    let log = json!({"traceId": TRACE, "attributes": attributes(&json!({"exception.type": "E", "exception.message": "x", "exception.stacktrace": stack}))});
    let python = json!({"telemetry.sdk.language": "python"});
    let span = events(read_json(Signal::Traces, &spans(&python, &json!([span]))));
    assert_eq!(span[0].id, one_log(&python, &log).id);
}

#[test]
fn a_stack_tells_the_language_where_the_resource_does_not() {
    for (stack, platform, ty) in [
        (
            "Traceback (most recent call last):\n  File \"/a.py\", line 3, in pay\nshop.E: x\n",
            "python",
            "E",
        ),
        (
            "shop.E: x\n\tat com.shop.Cart.pay(Cart.java:3)\n",
            "java",
            "E",
        ),
        ("E: x\n    at pay (/srv/shop.js:3:15)", "node", "shop.E"),
        (
            "E: x\n    at pay (https://shop.example/a.js:3:15)",
            "javascript",
            "shop.E",
        ),
        ("no stack", "other", "shop.E"),
    ] {
        let log = json!({"attributes": attributes(&json!({"exception.type": "shop.E", "exception.message": "x", "exception.stacktrace": stack}))});
        let event = one_log(&json!({}), &log);
        let own = event.exceptions.last().unwrap();
        assert_eq!(
            (event.platform.as_str(), own.ty.as_str()),
            (platform, ty),
            "{stack}"
        );
    }
}

#[test]
fn outside_of_a_trace_the_record_itself_is_its_id() {
    let record = |at: &str| json!({"timeUnixNano": at, "attributes": attributes(&json!({"exception.type": "E", "exception.message": "x"}))});
    let ids = |records: Value| -> Vec<_> {
        events(read_json(Signal::Logs, &logs(&json!({}), &records)))
            .iter()
            .map(|e| e.id)
            .collect()
    };
    let first = ids(json!([record("5"), record("6"), record("0"), record("0")]));
    assert_eq!(
        first,
        ids(json!([record("5"), record("6"), record("0"), record("0")])),
        "a retried batch"
    );
    let distinct: std::collections::HashSet<_> = first.iter().collect();
    assert_eq!(distinct.len(), 4);
}

#[test]
fn a_broken_record_costs_itself() {
    let good = json!({"severityNumber": 17, "body": {"stringValue": "good"}});
    let records = json!([good, 7, {"severityNumber": 17}, [], good]);
    let body = logs(&json!({}), &records);
    let items = read_json(Signal::Logs, &body);
    assert_eq!(events(items.clone()).len(), 2);
    let rejected: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            OtlpItem::Rejected(count, invalid) => Some((*count, invalid.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(rejected.len(), 3, "{rejected:?}");
    assert!(rejected[1].1.contains("exception.type"), "{rejected:?}");
    // The same in protobuf: a record that breaks off within its neighbours.
    let record = |bytes: &[u8]| [&[0x12, bytes.len() as u8], bytes].concat();
    let good = [&[0x10, 17, 0x2a, 6, 0x0a, 4][..], b"good"].concat();
    let scope = [record(&good), record(&[0x2a, 0x7f]), record(&good)].concat();
    let group = record(&scope);
    let body = [&[0x0a, group.len() as u8], group.as_slice()].concat();
    let items = read(Signal::Logs, Encoding::Protobuf, body);
    assert!(matches!(items[1], OtlpItem::Rejected(1, _)), "{items:?}");
    assert_eq!(events(items).len(), 2);
}

#[test]
fn what_is_no_request_is_refused_whole() {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        received_ns: NOW_NS,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: crate::scrub::Rules::standard(),
    };
    for (encoding, body) in [
        (Encoding::Json, "nope"),
        (Encoding::Json, "[]"),
        (Encoding::Json, "{\"resourceLogs\":["),
        (Encoding::Json, ""),
        (Encoding::Protobuf, "{\"resourceLogs\":[]}"),
        (Encoding::Protobuf, "\n\u{7f}x"),
    ] {
        let refused = otlp(Signal::Logs, encoding, &body.into(), &context);
        assert!(refused.is_err(), "{body:?} {refused:?}");
    }
    for (encoding, body) in [
        (Encoding::Protobuf, ""),
        (Encoding::Json, "{}"),
        (Encoding::Json, "{\"resourceLogs\":null,\"new\":[1]}"),
    ] {
        assert_eq!(
            otlp(Signal::Logs, encoding, &body.into(), &context),
            Ok(Vec::new()),
            "{body:?}"
        );
    }
}

#[test]
fn metrics_are_counted() {
    let body = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "a"}, {"name": "b"}]}]}]});
    assert_eq!(read_json(Signal::Metrics, &body), [OtlpItem::NotStored(2)]);
    assert_eq!(
        read(
            Signal::Metrics,
            Encoding::Protobuf,
            vec![0x0a, 8, 0x12, 6, 0x12, 0, 0x12, 0, 0x12, 0]
        ),
        [OtlpItem::NotStored(3)]
    );
}

#[test]
fn nearly_json_is_repaired_and_old_names_are_known() {
    let text = "{\"resource_logs\":[{\"instrumentationLibraryLogs\":[{\"logs\":[{\"severity_number\":17,\"body\":{\"string_value\":\"\\ud800 x\"},\"attributes\":[{\"key\":\"f\",\"value\":{\"doubleValue\":NaN}}]}]}]}]}";
    let found = events(read(Signal::Logs, Encoding::Json, text));
    assert_eq!(found[0].message, "\u{fffd} x");
}

#[test]
fn hostile_requests_stay_bounded() {
    // Deep values, in both encodings.
    let mut deep = vec![0x0a, 1, b'x'];
    for _ in 0..300 {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(deep.len() as u64, &mut outer);
        outer.extend_from_slice(&deep);
        deep = vec![0x2a];
        prost::encoding::encode_varint(outer.len() as u64, &mut deep);
        deep.extend_from_slice(&outer);
    }
    let wrap = |tag: u8, inner: &[u8]| {
        let mut out = vec![tag];
        prost::encoding::encode_varint(inner.len() as u64, &mut out);
        out.extend_from_slice(inner);
        out
    };
    let record = [&[0x10, 17][..], &wrap(0x2a, &deep)].concat();
    let body = wrap(0x0a, &wrap(0x12, &wrap(0x12, &record)));
    assert_eq!(
        events(read(Signal::Logs, Encoding::Protobuf, body)).len(),
        1
    );
    // A large resource and many records: the resource is read once, and kept small.
    let resource = json!({"big": "x".repeat(1 << 20), "service.name": "s"});
    let read_all = |resource: &Value, count: u32| {
        let records: Vec<Value> = (0..count)
            .map(|n| json!({"severityNumber": 17, "timeUnixNano": n + 1, "body": {"stringValue": "m"}}))
            .collect();
        let found = events(read_json(Signal::Logs, &logs(resource, &json!(records))));
        assert_eq!(found.len(), count as usize);
        assert!(serde_json::to_vec(&found[0]).unwrap().len() < 20 << 10);
    };
    // Read with each record it would cost as much as 3,000 of them do without it.
    let few = || read_all(&resource, 375);
    crate::growth::assert_linear("records of one resource", few, || {
        read_all(&resource, 3_000);
    });
    // A span that is larger than several events.
    let numbers = json!({"arrayValue": {"values": vec![json!({"intValue": 1}); 300_000]}});
    let span = json!({"name": "big", "attributes": attributes(&json!({"numbers": numbers})), "events": [exception("E", "x")]});
    let items = read_json(Signal::Traces, &spans(&json!({}), &json!([span])));
    assert!(
        matches!(&items[..], [OtlpItem::Rejected(1, invalid)] if invalid.reason == InvalidReason::TooLarge),
        "{items:?}"
    );
    // Empty records by the million.
    let body = wrap(0x0a, &wrap(0x12, &[0x12, 0].repeat(1 << 20)));
    let items = read(Signal::Logs, Encoding::Protobuf, body);
    let total: u64 = items
        .iter()
        .map(|item| match item {
            OtlpItem::NotStored(count) | OtlpItem::Rejected(count, _) => *count,
            OtlpItem::Event(_) => 1,
        })
        .sum();
    assert_eq!(total, 1 << 20);
    let items = read_json(
        Signal::Logs,
        &logs(
            &json!({}),
            &json!(vec![
                json!({"severityNumber": 17, "body": {"stringValue": "m"}});
                EVENTS_MAX + 5
            ]),
        ),
    );
    assert_eq!(events(items).len(), EVENTS_MAX);
}
