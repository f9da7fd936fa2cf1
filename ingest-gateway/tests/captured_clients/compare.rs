//! An event beside what was derived from its request by hand-made rules.

use event_model::{Event, Level, ProjectId};
use serde_json::Value;

/// Longest and shortest time between an event and its receipt that is believed.
const HOUR_NS: i64 = 3_600_000_000_000;

/// Compares all that is known of it.
pub(crate) fn compare(event: &Event, wanted: &Value, place: &str) {
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
            // Where the server knows better, the client's word is kept beside.
            let told = |f: &&event_model::event::Frame| f.client_in_app.unwrap_or(f.in_app);
            let in_app = found.frames.iter().filter(told).count() as u64;
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
    // What the server reads of the headers of browsers.
    let of_agent = ["browser", "browser.name", "os", "os.name", "device.family"];
    found.retain(|(key, _)| {
        let is_given = tags.iter().any(|(known, _)| known == key);
        is_given || !of_agent.contains(&key.trim_start_matches("client_"))
    });
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

/// Compares its time, if it was received just after the captures were made.
pub(crate) fn compare_time(event: &Event, wanted: &Value, place: &str) {
    let age_ns = event.received_ns - event.timestamp_ns;
    let fixed_long_ago = wanted["scenario"] == "raw_event_odd_shapes";
    assert!(
        fixed_long_ago || (0..2 * HOUR_NS).contains(&age_ns),
        "{place}: {age_ns}"
    );
}
