//! Events that people reported as read or shown wrongly elsewhere
//! (`tests/fixtures/reports`), through the gateway's parser to what people see of them.
//! A check names a path in the stored event's JSON, or in its `headline`.
#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use event_intake::{Context, Item, Limits};
use event_model::{Event, ProjectId, StoredEvent, head::Head};
use grouping::Grouper;
use serde_json::{Value, json};

fn reading(payload: &Value) -> Event {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        // 22 Nov 2026, 16:00 UTC.
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: event_intake::scrub::Rules::standard(),
    };
    let body = payload.to_string();
    let read = event_intake::read_store(body.as_bytes(), &context).unwrap();
    match read.items.into_iter().next() {
        Some(Item::Event(event)) => event.event,
        other => unreachable!("{other:?}"),
    }
}

/// The stored event with what is shown of it.
fn seen(payload: &Value) -> Value {
    let event = reading(payload);
    let stored = StoredEvent::of(&Head::of(&event, 0)).unwrap();
    let headline = Grouper::standard().headline(stored.whole());
    let mut seen = serde_json::to_value(&event).unwrap();
    seen["headline"] = json!({
        "title": headline.title,
        "culprit": headline.culprit,
        "type": headline.ty,
        "value": if event.exceptions.is_empty() { event.message.clone() } else { headline.value },
    });
    seen
}

/// `a.0.b`; -1 is the last.
fn look<'v>(mut value: &'v Value, path: &str) -> &'v Value {
    for part in path.split('.').filter(|part| !part.is_empty()) {
        value = match value {
            Value::Array(items) if part == "-1" => items.last().unwrap_or(&Value::Null),
            Value::Array(items) => part
                .parse::<usize>()
                .ok()
                .and_then(|at| items.get(at))
                .unwrap_or(&Value::Null),
            other => &other[part],
        };
    }
    value
}

fn holds(value: &Value, check: &Value) -> bool {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let asked = |key: &str| {
        check
            .get(key)
            .map(|asked| asked.as_str().unwrap_or_default())
    };
    if let Some(equal) = check.get("equals") {
        // What is empty is left out of the stored form.
        return value == equal || (value.is_null() && *equal == json!(""));
    }
    if let Some(asked) = asked("contains") {
        return text.contains(asked);
    }
    if let Some(asked) = asked("not_contains") {
        return !text.contains(asked);
    }
    asked("has_text").is_some_and(|asked| value.to_string().contains(asked))
}

#[test]
fn reported_events_are_read_and_shown_right() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/reports");
    let mut checked = 0;
    let mut wrong = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let case: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for check in case["expect"].as_array().unwrap() {
            let event = seen(&case["events"][check["of"].as_str().unwrap()]);
            let found = look(&event, check["path"].as_str().unwrap());
            checked += 1;
            if !holds(found, check) {
                wrong.push(format!("{}: {check}: {found}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 100, "{checked}");
}
