//! The JSON encoding of what a request holds, read as leniently as any other JSON.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Number;

use super::{
    super::{
        Invalid,
        json::{Json, Object},
    },
    any::Any,
    model::{Attributes, Kind, Log, Recorded, Scope, Span, id_of, names_exception},
};

/// The members of an object by their names in lowerCamelCase or snake_case.
fn object<'a>(json: Json<'a>, what: &str) -> Result<Object<'a>, Invalid> {
    match json {
        Json::Object(members) => Ok(members),
        other => Err(Invalid::malformed(format!(
            "{what} must be an object, not {}",
            other.kind()
        ))),
    }
}

pub(super) fn log(json: Json<'_>) -> Result<Log<'_>, Invalid> {
    let (mut time, mut observed) = (0, 0);
    let mut log = Log::default();
    for (key, json) in object(json, "a log record")? {
        match key.as_ref() {
            "timeUnixNano" | "time_unix_nano" => time = json.as_integer().unwrap_or_default(),
            "observedTimeUnixNano" | "observed_time_unix_nano" => {
                observed = json.as_integer().unwrap_or_default();
            }
            "severityNumber" | "severity_number" => log.severity = severity(&json),
            "severityText" | "severity_text" => log.severity_text = text(json),
            "body" => log.body = value(json),
            "attributes" => log.attributes = attributes(json),
            "traceId" | "trace_id" => log.trace_id = id(&json),
            "spanId" | "span_id" => log.span_id = id(&json),
            "eventName" | "event_name" => log.event_name = text(json),
            _ => {}
        }
    }
    log.time_ns = if time == 0 { observed } else { time };
    Ok(log)
}

pub(super) fn span(json: Json<'_>) -> Result<Span<'_>, Invalid> {
    let mut span = Span::default();
    for (key, json) in object(json, "a span")? {
        match key.as_ref() {
            "traceId" | "trace_id" => span.trace_id = id(&json),
            "spanId" | "span_id" => span.span_id = id(&json),
            "parentSpanId" | "parent_span_id" => span.parent_id = id(&json),
            "name" => span.name = text(json),
            "kind" => span.kind = kind(&json),
            "attributes" => span.attributes = attributes(json),
            "events" => {
                if let Json::Array(events) = json {
                    span.exceptions = events.filter_map(recorded).collect();
                }
            }
            _ => {}
        }
    }
    Ok(span)
}

/// A span event, if it is an exception.
fn recorded(json: Json<'_>) -> Option<Recorded<'_>> {
    let (mut time_ns, mut is_exception) = (0, false);
    let mut found = Attributes::default();
    for (key, json) in json.into_object()? {
        match key.as_ref() {
            "timeUnixNano" | "time_unix_nano" => time_ns = json.as_integer().unwrap_or_default(),
            "name" => is_exception = names_exception(&text(json)),
            "attributes" => found = attributes(json),
            _ => {}
        }
    }
    let sizes = found
        .0
        .iter()
        .map(|(key, value)| key.len() + value.as_str().map_or(8, str::len));
    let size_bytes = sizes.sum();
    is_exception.then_some(Recorded {
        time_ns,
        size_bytes,
        attributes: found,
    })
}

/// `Resource`.
pub(super) fn resource<'a>(json: &Json<'a>) -> Attributes<'a> {
    json.get("attributes").map(attributes).unwrap_or_default()
}

/// `InstrumentationScope`.
pub(super) fn scope(json: Json<'_>) -> Scope<'_> {
    let mut scope = Scope::default();
    for (key, json) in json.into_object().into_iter().flatten() {
        match key.as_ref() {
            "name" => scope.name = text(json),
            "version" => scope.version = text(json),
            "attributes" => scope.attributes = attributes(json),
            _ => {}
        }
    }
    scope
}

fn text(json: Json<'_>) -> Cow<'_, str> {
    json.into_text().unwrap_or_default()
}

/// 0 to 24, or "SEVERITY_NUMBER_ERROR2".
fn severity(json: &Json<'_>) -> i64 {
    if let Some(number) = json.as_integer() {
        return number;
    }
    let name = json.as_str().unwrap_or_default();
    let name = name.strip_prefix("SEVERITY_NUMBER_").unwrap_or(name);
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let words = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let Some(at) = words.iter().position(|known| *known == word) else {
        return 0;
    };
    let step = name[word.len()..].parse::<i64>().unwrap_or(1).clamp(1, 4);
    at as i64 * 4 + step
}

/// 0 to 5, or "SPAN_KIND_SERVER".
fn kind(json: &Json<'_>) -> Kind {
    if let Some(number) = json.as_integer() {
        return Kind::of(number);
    }
    match json.as_str().unwrap_or_default() {
        "SPAN_KIND_SERVER" => Kind::Server,
        "SPAN_KIND_CLIENT" => Kind::Client,
        "SPAN_KIND_PRODUCER" => Kind::Producer,
        "SPAN_KIND_CONSUMER" => Kind::Consumer,
        _ => Kind::Internal,
    }
}

/// Hexadecimal in any case; base64 is what protobuf's own JSON would write.
fn id(json: &Json<'_>) -> String {
    let text = json.as_str().unwrap_or_default();
    let is_hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    match text.len() {
        16 | 32 if is_hex => {
            let zeros = text.bytes().all(|b| b == b'0');
            if zeros {
                String::new()
            } else {
                text.to_ascii_lowercase()
            }
        }
        12 | 24 => id_of(&STANDARD.decode(text).unwrap_or_default()),
        _ => String::new(),
    }
}

/// A list of `{key, value}`.
fn attributes(json: Json<'_>) -> Attributes<'_> {
    let mut found = Attributes::default();
    let Json::Array(items) = json else {
        return found;
    };
    for item in items {
        let (mut name, mut any) = (Cow::Borrowed(""), Any::Null);
        for (key, member) in item.into_object().into_iter().flatten() {
            match key.as_ref() {
                "key" => name = text(member),
                "value" => any = value(member),
                _ => {}
            }
        }
        found.push(name, any);
    }
    found
}

/// `AnyValue`: an object with one member that says the type; `{}` is null. A bare
/// value is taken as it is. Depth is bounded by the reader of the JSON.
fn value(json: Json<'_>) -> Any<'_> {
    let members = match json {
        Json::Object(members) => members,
        bare => return bare.into(),
    };
    let mut found = Any::Null;
    for (key, json) in members {
        found = match key.as_ref() {
            "stringValue" | "string_value" | "bytesValue" | "bytes_value" => {
                Any::String(text(json))
            }
            "boolValue" | "bool_value" => {
                Any::Bool(json.as_bool() == Some(true) || json.as_str() == Some("true"))
            }
            "intValue" | "int_value" => match json.as_integer() {
                Some(number) => Any::Number(number.into()),
                None => json.into(),
            },
            "doubleValue" | "double_value" => double(json),
            "arrayValue" | "array_value" => match json.get("values") {
                Some(Json::Array(items)) => Any::Array(items.map(value).collect()),
                _ => Any::Array(Vec::new()),
            },
            "kvlistValue" | "kvlist_value" => {
                let members = json.get("values").map(attributes);
                Any::Object(members.unwrap_or_default().0)
            }
            _ => continue,
        };
    }
    found
}

/// A number; "NaN" and "Infinity", which JSON lacks, stay texts.
fn double(json: Json<'_>) -> Any<'_> {
    let number = json.as_str().and_then(|text| text.parse::<f64>().ok());
    match number.and_then(Number::from_f64) {
        Some(number) => Any::Number(number),
        None => json.into(),
    }
}
