//! Replays what real SDKs sent (`tests/captures`, one request a line; made by the
//! SDKs named in the file names, source lines of third parties replaced) through
//! the parsers, and compares with what was derived from the requests by hand-made
//! rules (`expected.jsonl.gz`).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{collections::HashMap, fs, io::Read, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use event_model::{Event, Level, ProjectId};
use ingest_gateway::parse::{self, Context, Item, Limits, Parsed};
use serde_json::Value;

/// Error and message events in the captures; none may get lost.
const EVENTS: usize = 258;

struct Request {
    file: String,
    line: u64,
    scenario: String,
    path: String,
    body: Vec<u8>,
}

fn lines(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/captures")
        .join(name);
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn requests() -> Vec<Request> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let mut requests = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("expected") {
            continue;
        }
        for line in lines(&name) {
            let sent = STANDARD.decode(line["body_b64"].as_str().unwrap()).unwrap();
            requests.push(Request {
                file: name.trim_end_matches(".gz").to_owned(),
                line: line["line"].as_u64().unwrap(),
                scenario: line["scenario"].as_str().unwrap().to_owned(),
                path: line["path"].as_str().unwrap().to_owned(),
                body: decode(&sent, line["content_encoding"].as_str().unwrap()),
            });
        }
    }
    requests
}

fn decode(sent: &[u8], encoding: &str) -> Vec<u8> {
    let mut body = Vec::new();
    let mut reader: Box<dyn Read> = match encoding {
        "" => Box::new(sent),
        "gzip" => Box::new(flate2::read::GzDecoder::new(sent)),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(sent)),
        "br" => Box::new(brotli::Decompressor::new(sent, 4096)),
        other => panic!("encoding {other}"),
    };
    reader.read_to_end(&mut body).unwrap();
    body
}

fn parse(request: &Request) -> Parsed {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(42),
        // 22 Nov 2026, 16:00 UTC: just after the captures.
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
    };
    if request.path.contains("/store") {
        parse::parse_store(&request.body, &context).unwrap()
    } else {
        parse::parse_envelope(&request.body, &context).unwrap()
    }
}

#[test]
fn every_captured_event_is_read_as_expected() {
    let mut expected: HashMap<(String, u64), Vec<Value>> = HashMap::new();
    for line in lines("expected.jsonl.gz") {
        let key = (
            line["file"].as_str().unwrap().to_owned(),
            line["line"].as_u64().unwrap(),
        );
        expected.entry(key).or_default().push(line);
    }
    let mut events = 0;
    for request in requests() {
        let place = format!("{}:{} {}", request.file, request.line, request.scenario);
        let parsed = parse(&request);
        let wanted = expected
            .remove(&(request.file, request.line))
            .unwrap_or_default();
        let is_error = |w: &&Value| {
            let transaction = w["type"] == "transaction" || w["item"] == "transaction";
            !transaction && w["item"] != "feedback"
        };
        let mut wanted = wanted.iter().filter(is_error);
        for item in parsed.items {
            match item {
                Item::Event(event) => {
                    let wanted = wanted
                        .next()
                        .unwrap_or_else(|| panic!("{place}: not expected"));
                    compare(&event.event, wanted, &place);
                    events += 1;
                }
                Item::NotStored { kind, .. } => assert_ne!(kind, "unknown", "{place}"),
                Item::Broken { invalid, .. } => panic!("{place}: {invalid}"),
            }
        }
        assert!(wanted.next().is_none(), "{place}: an event is missing");
    }
    assert!(
        expected.is_empty(),
        "requests missing: {:?}",
        expected.keys()
    );
    assert_eq!(events, EVENTS);
}

fn compare(event: &Event, wanted: &Value, place: &str) {
    let text = |key: &str| wanted[key].as_str().unwrap_or_default().to_owned();
    let id = wanted["envelope_event_id"]
        .as_str()
        .or(wanted["event_id"].as_str());
    assert_eq!(
        event.id.to_string(),
        id.unwrap().replace('-', ""),
        "{place}"
    );
    assert_eq!(event.project_id, ProjectId(42));
    assert_eq!(event.platform, text("platform"), "{place}");
    assert_eq!(event.release, text("release"), "{place}");
    assert_eq!(event.environment, text("environment"), "{place}");
    assert_eq!(event.dist, text("dist"), "{place}");
    let level = match &wanted["level"] {
        Value::Number(number) if number.as_u64() == Some(40) => Level::Error,
        Value::String(name) => Level::from_text(name).unwrap(),
        Value::Null => Level::Error,
        other => panic!("{place}: level {other}"),
    };
    assert_eq!(event.level, level, "{place}");
    let hour_ns = 3_600_000_000_000;
    let age_ns = event.received_ns - event.timestamp_ns;
    let fixed_long_ago = wanted["scenario"] == "raw_event_odd_shapes";
    assert!(
        fixed_long_ago || (0..2 * hour_ns).contains(&age_ns),
        "{place}: {age_ns}"
    );

    let exceptions = wanted["exceptions"].as_array().unwrap();
    assert_eq!(event.exceptions.len(), exceptions.len(), "{place}");
    for (found, wanted) in event.exceptions.iter().zip(exceptions) {
        assert_eq!(
            found.ty,
            wanted["type"].as_str().unwrap_or_default(),
            "{place}"
        );
        compare_value(&found.value, &wanted["value"], place);
        assert_eq!(
            found.module,
            wanted["module"].as_str().unwrap_or_default(),
            "{place}"
        );
        // More than 250 are cut in the middle.
        let frames = wanted["frames"].as_u64().unwrap().min(250);
        // A top-level stack (browser 5) is that of the exception without one.
        let placed = wanted["frames"] == 0 && place.contains("captured_event_object");
        assert!(placed || found.frames.len() as u64 == frames, "{place}");
        // raven-python leaves `in_app` to the server.
        if wanted["frames"] == frames && !placed && !place.starts_with("raven-python") {
            let in_app = found.frames.iter().filter(|f| f.in_app).count() as u64;
            let wanted = wanted["in_app"].as_u64().unwrap();
            // Python leaves it unset for compiled text (計算.py); the server guesses yes.
            let compiled = |f: &&event_model::event::Frame| f.filename == "/srv/app/計算.py";
            let guessed = found.frames.iter().filter(compiled).count() as u64;
            assert!(
                [wanted, wanted + guessed].contains(&in_app),
                "{place}: {in_app}"
            );
        }
        let handled = found.mechanism.as_ref().and_then(|m| m.handled);
        // raven-js puts the mechanism beside the list of exceptions.
        if !place.starts_with("raven-js") {
            assert_eq!(handled, wanted["handled"].as_bool(), "{place}");
        }
    }
    let stacks: Vec<_> = event.threads.iter().map(|t| t.frames.len()).collect();
    let stacks: Vec<_> = stacks.into_iter().filter(|frames| *frames > 0).collect();
    // A top-level stack (raven) became a thread's; `expected` lists threads only.
    if wanted["item"] != "store" {
        assert_eq!(Value::from(stacks), wanted["thread_stacks"], "{place}");
    }
    compare_rest(event, wanted, place);
}

/// A text longer than its limit ends with an ellipsis.
fn compare_value(found: &str, wanted: &Value, place: &str) {
    let wanted = wanted.as_str().unwrap_or_default();
    match found.strip_suffix('…') {
        Some(start) if found.len() > 8_000 => {
            // `expected` cuts long texts too.
            let wanted = wanted.trim_end_matches(['…', '.']);
            let shorter = start.len().min(wanted.len());
            assert!(shorter > 100, "{place}");
            assert_eq!(start.get(..shorter), wanted.get(..shorter), "{place}");
        }
        _ => assert_eq!(found, wanted.replace('\0', "\u{fffd}"), "{place}"),
    }
}

fn compare_rest(event: &Event, wanted: &Value, place: &str) {
    let message = wanted["message"].as_str().unwrap_or_default();
    if event.message_template.is_empty() {
        compare_value(&event.message, &message.into(), place);
    } else {
        let known = [event.message.as_str(), event.message_template.as_str()];
        assert!(known.contains(&message), "{place}: {message}");
        assert_ne!(event.message, event.message_template, "{place}");
    }
    let mut tags: Vec<(String, String)> = match &wanted["tags"] {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), scalar(v))).collect(),
        Value::Array(pairs) => {
            let pairs = pairs.iter().map(|p| (scalar(&p[0]), scalar(&p[1])));
            pairs.collect()
        }
        _ => Vec::new(),
    };
    tags.retain(|(_, value)| !value.is_empty());
    tags.sort();
    let mut found = event.tags.clone();
    found.sort();
    assert_eq!(found, tags, "{place}");

    let user = event.user.clone().unwrap_or_default();
    let wanted_user = wanted["user"].as_object().cloned().unwrap_or_default();
    for (key, value) in wanted_user {
        let found = match key.as_str() {
            "id" => user.id.clone(),
            "email" => user.email.clone(),
            "username" => user.username.clone(),
            "ip_address" => user.ip_address.clone(),
            other => scalar(&user.data.to_map()[other]),
        };
        assert_eq!(found, scalar(&value), "{place}: user.{key}");
    }
    let fingerprint = wanted["fingerprint"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let fingerprint = fingerprint.iter().filter(|part| !part.is_null());
    let fingerprint: Vec<_> = fingerprint.map(scalar).collect();
    assert_eq!(event.fingerprint, fingerprint, "{place}");
    let crumbs = wanted["breadcrumbs"].as_u64().unwrap().min(100);
    assert_eq!(event.breadcrumbs.len() as u64, crumbs, "{place}");
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the captures are known to hold (PROTOCOLS: "secrets still in the
/// payload"): none of it may reach a record's body or head.
#[test]
fn no_captured_secret_survives() {
    let mut masked = 0;
    for request in requests() {
        for item in parse(&request).items {
            let Item::Event(event) = item else { continue };
            masked += event.event.scrubbed.len();
            let mut event = event.event;
            // Source lines are the program's text, and not scrubbed.
            for frame in event.exceptions.iter_mut().flat_map(|e| &mut e.frames) {
                frame.context_line = None;
                frame.pre_context.clear();
                frame.post_context.clear();
            }
            let body = serde_json::to_string(&event).unwrap();
            for secret in ["hunter2", "abc123secret", "4111 1111 1111 1111"] {
                let found = body.find(secret).map(|at| {
                    let from = body.floor_char_boundary(at.saturating_sub(120));
                    &body[from..at + secret.len()]
                });
                assert_eq!(
                    found, None,
                    "{}:{} {}",
                    request.file, request.line, request.scenario
                );
            }
        }
    }
    assert!(masked > 50, "{masked}");
}

/// A body is read again by the model: nothing in it may fail there.
#[test]
fn every_captured_event_survives_its_stored_form() {
    for request in requests() {
        for item in parse(&request).items {
            let Item::Event(event) = item else { continue };
            let body = serde_json::to_vec(&event.event).unwrap();
            let read: Event = serde_json::from_slice(&body).unwrap();
            assert_eq!(read, event.event);
        }
    }
}
