//! Events in short, as the corpus writes them: to what clients send, through the
//! gateway's readers, to a fingerprint.

use event_intake::{Context, Item, Limits};
use event_model::{Event, Fingerprint, ProjectId, StoredEvent, head::Head};
use grouping::Grouper;
use serde_json::{Map, Value, json};

const KEYS: [&str; 11] = [
    "exc",
    "msg",
    "tmpl",
    "params",
    "formatted",
    "stack",
    "fp",
    "platform",
    "more",
    "native",
    "csp",
];

/// The fingerprint of an event in short, by the newest version.
pub(crate) fn fingerprint(short: &Value, platform: &str) -> Fingerprint {
    fingerprint_by(&Grouper::standard(), short, platform)
}

/// The same, by another.
pub(crate) fn fingerprint_by(grouper: &Grouper, short: &Value, platform: &str) -> Fingerprint {
    grouper.group(stored(short, platform).whole()).fingerprint
}

/// An event in short as the log stores it.
pub(crate) fn stored(short: &Value, platform: &str) -> StoredEvent {
    StoredEvent::of(&head(short, platform)).unwrap()
}

/// Its head.
pub(crate) fn head(short: &Value, platform: &str) -> Head {
    Head::of(&read(short, platform), 0)
}

fn read(short: &Value, platform: &str) -> Event {
    let map = short.as_object().unwrap();
    let unknown = map.keys().find(|key| !KEYS.contains(&key.as_str()));
    assert_eq!(unknown, None, "{short}");
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
    if let Some(native) = map.get("native") {
        let body = native.to_string();
        return event_intake::read_native(body.as_bytes(), &context)
            .unwrap()
            .event;
    }
    let reading = if let Some(report) = map.get("csp") {
        let body = report.to_string();
        event_intake::read_reports(
            body.as_bytes(),
            &event_intake::ReportOrigin::default(),
            &context,
        )
    } else {
        let body = sentry(map, platform).to_string();
        event_intake::read_store(body.as_bytes(), &context)
    };
    match reading.unwrap().items.into_iter().next() {
        Some(Item::Event(event)) => event.event,
        other => panic!("{short}: {other:?}"),
    }
}

/// An event as Sentry's protocol has it.
fn sentry(short: &Map<String, Value>, platform: &str) -> Value {
    let mut event = Map::new();
    let own = short.get("platform").cloned();
    event.insert("platform".into(), own.unwrap_or_else(|| platform.into()));
    if let Some(list) = short.get("exc") {
        let values: Vec<Value> = list.as_array().unwrap().iter().map(exception).collect();
        event.insert("exception".into(), json!({ "values": values }));
    }
    let mut copy = |from: &str, to: &str| {
        if let Some(value) = short.get(from) {
            event.insert(to.into(), value.clone());
        }
    };
    copy("msg", "message");
    copy("fp", "fingerprint");
    if let Some(template) = short.get("tmpl") {
        let mut entry = Map::from_iter([("message".to_owned(), template.clone())]);
        for key in ["params", "formatted"] {
            if let Some(value) = short.get(key) {
                entry.insert(key.into(), value.clone());
            }
        }
        event.insert("logentry".into(), entry.into());
    }
    if let Some(stack) = short.get("stack") {
        let thread = json!({ "current": true, "stacktrace": { "frames": frames(stack) } });
        event.insert("threads".into(), json!({ "values": [thread] }));
    }
    merge(&mut event, short.get("more"));
    event.into()
}

fn exception(short: &Value) -> Value {
    let parts = short.as_array().unwrap();
    let mut exception = Map::new();
    for (key, value) in ["type", "value"].into_iter().zip(parts) {
        if !value.is_null() {
            exception.insert(key.into(), value.clone());
        }
    }
    let list = frames(parts.get(2).unwrap_or(&Value::Null));
    if !list.is_empty() {
        exception.insert("stacktrace".into(), json!({ "frames": list }));
    }
    assert!(parts.len() <= 4, "{short}");
    merge(&mut exception, parts.get(3));
    exception.into()
}

fn merge(into: &mut Map<String, Value>, more: Option<&Value>) {
    if let Some(more) = more {
        into.extend(more.as_object().unwrap().clone());
    }
}

fn frames(list: &Value) -> Vec<Value> {
    let list = list.as_array().map_or(&[] as &[Value], Vec::as_slice);
    list.iter().map(frame).collect()
}

/// "function | module | path | line", `!` or `~` before it.
fn frame(short: &Value) -> Value {
    let Some(text) = short.as_str() else {
        assert!(short.is_object(), "{short}");
        return short.clone();
    };
    let mut frame = Map::new();
    let text = if let Some(rest) = text.strip_prefix('!') {
        frame.insert("in_app".into(), false.into());
        rest
    } else if let Some(rest) = text.strip_prefix('~') {
        rest
    } else {
        frame.insert("in_app".into(), true.into());
        text
    };
    let parts = split(text);
    assert!(parts.len() <= 4, "{short}");
    let part = |at: usize| parts.get(at).copied().filter(|part| !part.is_empty());
    let mut put = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            frame.insert(key.into(), value.into());
        }
    };
    put("function", part(0));
    put("module", part(1));
    put("filename", part(2));
    put("abs_path", part(2));
    if let Some(line) = part(3) {
        let line: u32 = line.parse().unwrap();
        frame.insert("lineno".into(), line.into());
        frame.insert("colno".into(), (line * 3).into());
    }
    frame.into()
}

/// Split at each `|` that stands between blanks or at an end.
fn split(text: &str) -> Vec<&str> {
    let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('|') {
        let before = text[..at].chars().next_back();
        let after = text[at + 1..].chars().next();
        if is_blank(before) && is_blank(after) {
            parts.push(text[start..at].trim());
            start = at + 1;
        }
    }
    parts.push(text[start..].trim());
    parts
}
