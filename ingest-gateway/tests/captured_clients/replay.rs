//! Every captured request, sent to the whole gateway as its SDK sent it: same method,
//! path, query, headers and compressed body. What counts is what the log holds
//! afterwards.

use std::{collections::BTreeMap, fmt::Write as _, io::Write as _, path::Path};

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use event_log::{Entry, LogConfig, LogWriter};
use event_model::{
    Actor, Command, Decision, Event, EventId, ProjectId, credential::ServerSecret, head::HeadV1,
};
use http::StatusCode;
use http_body_util::BodyExt;
use ingest_gateway::{Bootstrap, Gateway, GatewayConfig, path::prefix_layer};
use serde_json::Value;
use tower::{Layer, ServiceExt};

use crate::{
    EVENTS,
    compare::compare,
    requests::{Request, expected, is_error, requests},
};

/// Where the captures' DSN points.
const KEY: &str = "a94ae32be2584e0bbd7a4cbb95971fee";
const PROJECT: ProjectId = ProjectId(42);

fn open_log(dir: &Path) -> LogWriter {
    let mut config = LogConfig::new(dir);
    config.events_segment_bytes = 16 << 20;
    config.control_segment_bytes = 1 << 20;
    LogWriter::open(config).unwrap()
}

/// Ids are dense from 1 for people; a log may say anything.
async fn create_project(log: &LogWriter) {
    let decision = Decision::CreateProject {
        id: PROJECT,
        name: "captures".to_owned(),
        platform: String::new(),
        public_key: KEY.parse().unwrap(),
        key_label: String::new(),
        algorithm: 1,
    };
    let command = Command {
        actor: Actor::System,
        at_ns: 1,
        decision,
    };
    log.append_command(command).await.unwrap();
}

/// What came of the requests of one file.
#[derive(Default)]
struct Counts {
    requests: usize,
    events: usize,
    not_events: usize,
}

/// Applications' own tunnels pass the envelope on to the server it names.
fn path_of(request: &Request) -> String {
    let path = match request.path.as_str() {
        "/tunnel" => "/api/42/envelope/",
        path => path,
    };
    match request.query.as_str() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

async fn send(gateway: &Gateway, request: &Request) -> (StatusCode, String) {
    let mut sent = http::Request::builder()
        .method(request.method.as_str())
        .uri(path_of(request));
    for (name, value) in &request.headers {
        sent = sent.header(name, value);
    }
    let sent = sent.body(Body::from(request.sent.clone())).unwrap();
    let server = prefix_layer().layer(gateway.router());
    let answer = server.oneshot(sent).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// What the log holds, by event id.
fn stored(log: &LogWriter) -> BTreeMap<EventId, (HeadV1, Event)> {
    let reader = log.reader();
    let mut stored = BTreeMap::new();
    for item in reader.read_after(event_model::Position::default()) {
        let item = item.unwrap();
        let Entry::Event(record) = &item.entry else {
            continue;
        };
        let body = reader.body(item.position, record).unwrap();
        let event: Event = serde_json::from_slice(&body).unwrap();
        let archived = serde_json::to_value(record.whole().to_json()).unwrap();
        let head = HeadV1::of(&event, record.head().size_bytes.into());
        // The head is what grouping and counting see instead of the body.
        assert_eq!(archived, serde_json::to_value(&head).unwrap());
        assert!(
            stored.insert(event.id, (head, event)).is_none(),
            "stored twice"
        );
    }
    stored
}

fn table(counts: &BTreeMap<String, Counts>) -> String {
    let mut text = format!(
        "{:<44}{:>9}{:>8}{:>8}\n",
        "file", "requests", "events", "others"
    );
    for (file, count) in counts {
        let _ = writeln!(
            text,
            "{file:<44}{:>9}{:>8}{:>8}",
            count.requests, count.events, count.not_events
        );
    }
    text
}

async fn start(dir: &Path) -> (LogWriter, Gateway) {
    let log = open_log(dir);
    create_project(&log).await;
    let url = "http://127.0.0.1:8470".parse().unwrap();
    let config = GatewayConfig::new(url, dir.join("blobs"));
    let secret = ServerSecret::new([7; 32]);
    let gateway = Gateway::start(config, log.clone(), secret, Bootstrap::default());
    (log, gateway.await.unwrap())
}

#[tokio::test]
async fn every_captured_event_is_in_the_log_as_expected() {
    let dir = tempfile::tempdir().unwrap();
    let (log, gateway) = start(dir.path()).await;
    let requests = requests();
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for request in &requests {
        let (status, body) = send(&gateway, request).await;
        // 201 is what a report is answered with, 200 all else.
        let accepted = status == StatusCode::OK || request.is_report() && status.is_success();
        assert!(accepted, "{}: {status} {body}", request.place());
        counts.entry(request.file.clone()).or_default().requests += 1;
    }

    let stored = stored(&log);
    let mut expected = expected();
    let mut events = 0;
    for request in &requests {
        let key = (request.file.clone(), request.line);
        let count = counts.get_mut(&request.file).unwrap();
        for wanted in expected.remove(&key).unwrap_or_default() {
            if !is_error(&wanted) {
                count.not_events += 1;
                continue;
            }
            let id = wanted["envelope_event_id"].as_str();
            let id = id.or(wanted["event_id"].as_str()).unwrap();
            let place = request.place();
            let (head, event) = stored.get(&id.parse().unwrap()).expect(&place);
            compare(event, &wanted, &place);
            compare_head(head, event, &wanted, &place);
            count.events += 1;
            events += 1;
        }
    }
    println!("{}", table(&counts));
    assert!(expected.is_empty(), "no request for {:?}", expected.keys());
    assert_eq!(events, EVENTS, "{}", table(&counts));
    let tally = gateway.tally();
    assert_eq!(tally.in_flight, 0);
    assert_eq!(tally.received, tally.stored + tally.dropped);
    // Whatever is stored beside the events was no event when it came.
    assert!(tally.stored as usize >= EVENTS, "{tally:?}");
    assert!(stored.len() >= EVENTS);
    log.close().unwrap();
}

/// Older clients than the captured ones: base64, base64 of zlib, both of them also as
/// a form's field and in a query.
#[tokio::test]
async fn the_older_forms_are_in_the_log_as_expected() {
    let dir = tempfile::tempdir().unwrap();
    let (log, gateway) = start(dir.path()).await;
    let mut expected = expected();
    let mut wanted = Vec::new();
    let requests = requests().into_iter();
    for request in requests.filter(|request| request.file.starts_with("raven")) {
        let key = (request.file.clone(), request.line);
        let [item] = expected.remove(&key).unwrap().try_into().unwrap();
        for form in 0..5u8 {
            let id = format!("{:032x}", (wanted.len() + 1) * 0x1001);
            let sent = as_sent(&request, &item, &id, form);
            let (status, body) = send(&gateway, &sent).await;
            assert_eq!(status, StatusCode::OK, "{} {form}: {body}", request.place());
            let mut item = item.clone();
            item["event_id"] = id.into();
            wanted.push((format!("{} form {form}", request.place()), item));
        }
    }
    let stored = stored(&log);
    assert_eq!(stored.len(), wanted.len());
    assert!(wanted.len() >= 5 * 14);
    for (place, item) in wanted {
        let id = item["event_id"].as_str().unwrap().parse().unwrap();
        let (head, event) = stored.get(&id).expect(&place);
        compare(event, &item, &place);
        compare_head(head, event, &item, &place);
    }
    log.close().unwrap();
}

/// The request with another event id, in one of the older forms.
fn as_sent(request: &Request, item: &Value, id: &str, form: u8) -> Request {
    let json = String::from_utf8(request.body.clone()).unwrap();
    let json = json.replace(item["event_id"].as_str().unwrap(), id);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(json.as_bytes()).unwrap();
    let zlib = STANDARD.encode(zlib.finish().unwrap());
    let field = |text: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("sentry_data", text).finish()
    };
    let keyed = |form: String| format!("{form}&sentry_version=5&sentry_key={KEY}");
    let (method, query, body) = match form {
        0 => ("POST", String::new(), STANDARD.encode(&json)),
        1 => ("POST", String::new(), zlib),
        2 => ("POST", String::new(), field(&json)),
        3 => ("POST", String::new(), field(&zlib)),
        _ => ("GET", keyed(field(&zlib)), String::new()),
    };
    let query = if query.is_empty() {
        format!("sentry_version=5&sentry_key={KEY}")
    } else {
        query
    };
    Request {
        file: request.file.clone(),
        line: request.line,
        scenario: request.scenario.clone(),
        method: method.to_owned(),
        path: request.path.clone(),
        query,
        headers: Vec::new(),
        body: Vec::new(),
        sent: body.into_bytes(),
    }
}

fn compare_head(head: &HeadV1, event: &Event, wanted: &Value, place: &str) {
    assert_eq!(head.project_id, PROJECT.0, "{place}");
    assert_eq!(head.level, event.level as u8, "{place}");
    assert_eq!(head.exceptions.len(), event.exceptions.len(), "{place}");
    assert!(head.size_bytes > 0, "{place}");
    let handled = event.exceptions.iter().rev().find_map(|exception| {
        let mechanism = exception.mechanism.as_ref();
        mechanism.and_then(|mechanism| mechanism.handled)
    });
    let number = match handled {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    };
    assert_eq!(head.handled, number, "{place}");
    let name = wanted["release"].as_str().unwrap_or_default();
    assert_eq!(head.release, name, "{place}");
}
