//! OpenTelemetry's requests through the whole gateway: what its SDKs sent, and what
//! they hear.

use std::{collections::HashMap, io::Read, path::PathBuf};

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use event_log::Entry;
use event_model::Event;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use prost::Message;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Answer, KEY, TOKEN, World, config, other_key, wishes};

const GRPC_LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const GRPC_TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const GRPC_METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

#[derive(Clone, PartialEq, Message)]
struct Exported {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

fn captured(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures_otlp");
    let file = std::fs::File::open(path.join(name)).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn stored(world: &World) -> Vec<Event> {
    let reader = world.log.reader();
    let read = |item: Result<event_log::Item, event_log::ReadError>| {
        let item = item.unwrap();
        let Entry::Event(event) = &item.entry else {
            return None;
        };
        let body = reader.body(item.position, event).unwrap();
        Some(serde_json::from_slice(&body).unwrap())
    };
    let items = reader.read_after(event_model::Position::default());
    items.filter_map(read).collect()
}

/// A gRPC call by hand: its message, its status and its trailers or headers.
async fn call(
    world: &World,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (Vec<u8>, String, HeaderMap) {
    let mut request = Request::post(path).header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).unwrap();
    let response = world.gateway.router().oneshot(request).await.unwrap();
    assert_eq!(
        response.status(),
        StatusCode::OK,
        "gRPC's own status counts"
    );
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let told = body.trailers().cloned().unwrap_or(parts.headers);
    let status = told["grpc-status"].to_str().unwrap().to_owned();
    (body.to_bytes().to_vec(), status, told)
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![flag];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

fn logs(records: &Value) -> String {
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).to_string()
}

fn error(message: &str) -> Value {
    json!({"timeUnixNano": "1795363200000000000", "severityNumber": 17, "body": {"stringValue": message}})
}

async fn post_json(world: &World, path: &str, body: String) -> Answer {
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    world.post(path, &headers, body).await
}

/// The exceptions and errors of a request, each once: (type, message, platform).
fn wanted(expected: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let language = text(&expected["resource"]["telemetry.sdk.language"]);
    let mut found = Vec::new();
    for record in expected["records"].as_array().unwrap() {
        let spans = record["exceptions"].as_array().into_iter().flatten();
        let exceptions = spans.chain(Some(&record["exception"]).filter(|e| e.is_object()));
        for exception in exceptions {
            found.push((
                text(&exception["type"]),
                text(&exception["message"]),
                language.clone(),
            ));
        }
        if record["exception"].is_null() && record["severity"].as_i64() >= Some(17) {
            found.push((String::new(), text(&record["body"]), language.clone()));
        }
    }
    found.dedup();
    found
}

#[tokio::test]
async fn what_the_sdks_sent_is_stored_as_expected() {
    let expected: HashMap<(String, u64), Value> = captured("expected.jsonl.gz")
        .into_iter()
        .map(|one| {
            (
                (
                    one["file"].as_str().unwrap().to_owned(),
                    one["line"].as_u64().unwrap(),
                ),
                one,
            )
        })
        .collect();
    let requests = captured("requests.jsonl.gz");
    assert_eq!(requests.len(), expected.len());
    let mut events = 0;
    for request in &requests {
        let world = World::new().await;
        let place = format!("{} {}", request["scenario"], request["line"]);
        let path = request["path"]
            .as_str()
            .unwrap()
            .replace("/api/42/", "/api/1/");
        let sent = STANDARD
            .decode(request["body_b64"].as_str().unwrap())
            .unwrap();
        let headers: Vec<(&str, &str)> = request["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .filter(|(name, _)| !(path.starts_with("/opentelemetry") && *name == "content-type"))
            .collect();
        // Twice: a batch that is retried is stored once.
        for _ in 0..2 {
            if path.starts_with("/opentelemetry") {
                let (message, status, _) = call(&world, &path, &headers, framed(0, &sent)).await;
                assert_eq!((message, status.as_str()), (framed(0, &[]), "0"), "{place}");
            } else {
                let answer = world.post(&path, &headers, sent.clone()).await;
                assert_eq!(answer.status, StatusCode::OK, "{place}");
                assert_eq!(answer.headers["content-type"], "application/x-protobuf");
                assert!(answer.body.is_empty(), "{place}");
            }
        }
        let key = (
            request["file"].as_str().unwrap().to_owned(),
            request["line"].as_u64().unwrap(),
        );
        let expected = &expected[&key];
        let found = stored(&world);
        let told: Vec<_> = found
            .iter()
            .map(|event| match event.exceptions.last() {
                Some(own) if own.module.is_empty() => (own.ty.clone(), own.value.clone()),
                Some(own) => (format!("{}.{}", own.module, own.ty), own.value.clone()),
                None => (String::new(), event.message.clone()),
            })
            .map(|(ty, value)| (ty, value, "python".to_owned()))
            .collect();
        assert_eq!(told, wanted(expected), "{place}");
        events += found.len();
        for event in &found {
            let resource = &expected["resource"];
            let release = resource["service.version"].as_str().unwrap_or_default();
            assert_eq!(event.release, release, "{place}");
            let environment = resource["deployment.environment.name"].as_str();
            assert_eq!(
                event.environment,
                environment.unwrap_or_default(),
                "{place}"
            );
            for own in event.exceptions.iter().filter(|own| !own.frames.is_empty()) {
                let newest = own.frames.last().unwrap();
                assert!(newest.abs_path.ends_with("/shop.py"), "{place}: {newest:?}");
                assert!(newest.in_app && newest.lineno > 0 && newest.context_line.is_some());
            }
            if event
                .exceptions
                .last()
                .is_some_and(|own| own.ty == "PaymentDeclined")
            {
                let types: Vec<_> = event.exceptions.iter().map(|e| e.ty.as_str()).collect();
                assert_eq!(types, ["ValueError", "CartError", "PaymentDeclined"]);
            }
        }
        let tally = world.gateway.tally();
        assert_eq!(
            (tally.stored, tally.in_flight),
            (found.len() as u64, 0),
            "{place}"
        );
        assert_eq!(tally.received, tally.stored + tally.dropped, "{place}");
    }
    assert_eq!(events, 14, "none got lost");
}

#[tokio::test]
async fn every_path_and_key_place_is_open() {
    let world = World::new().await;
    let bearer = format!("Bearer {KEY}");
    let sentry = format!("sentry sentry_key={KEY}");
    let places = [
        ("authorization", bearer.as_str()),
        ("x-sentry-auth", sentry.as_str()),
    ];
    let mut count = 0;
    for path in [
        "/v1/logs",
        "/api/1/otlp/v1/logs",
        "/behind/proxy/api/1/otlp/v1/logs",
        "/api/1/integration/otlp/v1/logs",
    ] {
        for (slash, place) in [("", places[0]), ("/", places[1])] {
            count += 1;
            let headers = [("content-type", "application/json; charset=utf-8"), place];
            let body = logs(&json!([error(&format!("number {count}"))]));
            let answer = world.post(&format!("{path}{slash}"), &headers, body).await;
            assert_eq!(
                (answer.status, answer.json()),
                (StatusCode::OK, json!({})),
                "{path}{slash}"
            );
        }
    }
    assert_eq!(stored(&world).len(), count);
    for (path, headers, status, code) in [
        ("/v1/logs", vec![], StatusCode::UNAUTHORIZED, 16),
        (
            "/v1/logs",
            vec![("authorization", format!("Bearer {}", other_key()))],
            StatusCode::FORBIDDEN,
            7,
        ),
        (
            "/api/9/otlp/v1/traces",
            vec![("x-sentry-auth", sentry.clone())],
            StatusCode::NOT_FOUND,
            5,
        ),
    ] {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
        let refused = world.post(path, &all, "{}").await;
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (status, json!(code)),
            "{path}"
        );
        assert!(!refused.headers.contains_key("retry-after"));
        assert_eq!(refused.headers["access-control-allow-origin"], "*");
    }
    let tally = world.gateway.tally();
    assert_eq!((tally.in_flight, tally.dropped), (0, 3));
}

#[tokio::test]
async fn broken_records_are_rejected_beside_good_ones() {
    let world = World::new().await;
    let body = logs(
        &json!([error("good"), {"severityNumber": 17}, 5, error("fine"), {"severityNumber": 9, "body": {"stringValue": "quiet"}}]),
    );
    let answer = post_json(&world, "/v1/logs", body).await;
    assert_eq!(answer.status, StatusCode::OK);
    let told = answer.json()["partialSuccess"].clone();
    assert_eq!(told["rejectedLogRecords"], "2");
    assert!(
        told["errorMessage"]
            .as_str()
            .unwrap()
            .contains("exception.type"),
        "{told}"
    );
    assert_eq!(stored(&world).len(), 2);
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored, tally.dropped), (5, 2, 3));
    // In protobuf: a log record with a length beyond its end.
    let record = [0x0a, 6, 0x12, 4, 0x12, 2, 0x2a, 0x7f];
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("content-type", "application/x-protobuf"),
        ("authorization", bearer.as_str()),
    ];
    let answer = world.post("/v1/logs", &headers, record.to_vec()).await;
    let told = Exported::decode(answer.body)
        .unwrap()
        .partial_success
        .unwrap();
    assert_eq!(told.rejected, 1);
    assert!(told.error_message.contains("protobuf"), "{told:?}");
}

#[tokio::test]
async fn the_list_of_arrivals_tells_what_became_of_each() {
    let world = World::new().await;
    let records = json!([error("good"), {"severityNumber": 17}, {"severityNumber": 9}, {"severityNumber": 5}]);
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
        ("user-agent", "OTel-OTLP-Exporter-Python/1.45.2"),
    ];
    world.post("/v1/logs", &headers, logs(&records)).await;
    let token = format!("Bearer {TOKEN}");
    let request = Request::get("/api/projects/1/ingest").header("authorization", token);
    let arrivals = world
        .send(request.body(Body::empty()).unwrap())
        .await
        .json();
    let outcomes = arrivals["outcomes"].as_array().unwrap();
    let one = |kind: &str| {
        let found = outcomes.iter().find(|outcome| outcome["kind"] == kind);
        found.unwrap_or_else(|| panic!("{kind}: {arrivals}"))
    };
    let refused = one("refused");
    assert_eq!(
        (&refused["reason"], &refused["item_type"]),
        (&json!("invalid"), &json!("log"))
    );
    assert_eq!(refused["field"], "exception.type");
    assert_eq!(refused["path"], "/v1/logs");
    assert_eq!(refused["sdk"]["name"], "OTel-OTLP-Exporter-Python");
    let not_kept = one("not_kept");
    assert_eq!(
        (&not_kept["category"], &not_kept["quantity"]),
        (&json!("log_item"), &json!(2))
    );
    assert_eq!(one("stored")["category"], "error");
}

#[tokio::test]
async fn what_can_never_pass_is_not_retried_and_what_may_is() {
    let world = World::new().await;
    let bearer = format!("Bearer {KEY}");
    let refused = post_json(&world, "/v1/traces", "nope".to_owned()).await;
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (StatusCode::BAD_REQUEST, json!(3))
    );
    for (content_type, encoding, status) in [
        ("text/plain", "", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            "application/json",
            "snappy",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
    ] {
        let headers = [
            ("content-type", content_type),
            ("content-encoding", encoding),
            ("authorization", bearer.as_str()),
        ];
        assert_eq!(world.post("/v1/logs", &headers, "{}").await.status, status);
    }
    let headers = [
        ("content-type", "application/x-protobuf"),
        ("authorization", bearer.as_str()),
    ];
    let refused = world.post("/v1/logs", &headers, "\n\u{7f}").await;
    assert_eq!(refused.headers["content-type"], "application/x-protobuf");
    assert_eq!(RpcStatus::decode(refused.body).unwrap().code, 3);

    let mut small = config();
    small.limits.in_flight_bytes_max = 100;
    let world = World::with(small, wishes()).await;
    let refused = world.post("/v1/logs", &headers, vec![0; 200]).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers["retry-after"], "5");
    let status = RpcStatus::decode(refused.body).unwrap();
    assert_eq!((status.code, status.details.len()), (14, 1));
    assert!(status.details[0].type_url.ends_with("google.rpc.RetryInfo"));
    let refused = post_json(&world, "/v1/logs", logs(&json!([error(&"x".repeat(200))]))).await;
    assert_eq!(refused.json()["details"][0]["retryDelay"], "5s");
    let metadata = [("authorization", bearer.as_str())];
    let (_, status, told) = call(&world, GRPC_LOGS, &metadata, framed(0, &[0; 200])).await;
    assert_eq!(status, "14");
    assert!(told.contains_key("grpc-status-details-bin"));

    let mut small = config();
    small.limits.received_bytes_max = 100;
    let world = World::with(small, wishes()).await;
    let refused = world.post("/v1/logs", &headers, vec![0; 200]).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        RpcStatus::decode(refused.body).unwrap().code,
        3,
        "OUT_OF_RANGE would be retried"
    );
    assert_eq!(world.gateway.tally().in_flight, 0);
}

#[tokio::test]
async fn grpc_understands_compression_and_refuses_what_is_no_message() {
    use std::io::Write;
    let world = World::new().await;
    let record = [
        &[0x0a, 15, 0x12, 13, 0x12, 11, 0x10, 17, 0x2a, 7, 0x0a, 5][..],
        b"hello",
    ]
    .concat();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&record).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(record.as_slice(), 1).unwrap();
    let bearer = format!("Bearer {KEY}");
    for (encoding, body) in [
        ("gzip", framed(1, &gzip)),
        ("zstd", framed(1, &zstd)),
        ("identity", framed(0, &record)),
    ] {
        let metadata = [
            ("authorization", bearer.as_str()),
            ("grpc-encoding", encoding),
        ];
        let (message, status, _) = call(&world, GRPC_LOGS, &metadata, body).await;
        assert_eq!(
            (message, status.as_str()),
            (framed(0, &[]), "0"),
            "{encoding}"
        );
    }
    assert_eq!(stored(&world)[0].message, "hello");
    let metadata = [
        ("authorization", bearer.as_str()),
        ("grpc-encoding", "snappy"),
    ];
    for body in [
        Vec::new(),
        vec![0, 0],
        framed(0, &[1, 2, 3])[..6].to_vec(),
        framed(1, &record),
        framed(0, &[0xff; 9]),
    ] {
        let (_, status, _) = call(&world, GRPC_TRACES, &metadata, body).await;
        assert_eq!(status, "3");
    }
    let (_, status, _) = call(&world, GRPC_LOGS, &[], framed(0, &record)).await;
    assert_eq!(status, "16");
    let metrics = [0x0a, 6, 0x12, 4, 0x12, 2, 0x0a, 0];
    let (_, status, _) = call(&world, GRPC_METRICS, &metadata, framed(0, &metrics)).await;
    assert_eq!(status, "0");
    assert_eq!(stored(&world).len(), 1, "three times the same record");
    assert_eq!(world.gateway.tally().in_flight, 0);
}

#[tokio::test]
async fn thousands_of_errors_in_one_request_are_stored_in_chunks() {
    let world = World::new().await;
    let records: Vec<Value> = (0..1_000).map(|n| error(&format!("number {n}"))).collect();
    let answer = post_json(&world, "/v1/logs", logs(&json!(records))).await;
    assert_eq!(answer.status, StatusCode::OK);
    let found = stored(&world);
    assert_eq!(found.len(), 1_000);
    assert_eq!(found[999].message, "number 999");
}
