//! Small JSON documents as trees: the items that are no events, a few kilobytes each.
//!
//! Read as leniently as events are. Helpers answer nothing for what is missing, null
//! or of another type.

use serde_json::{Map, Value};

use super::{
    Invalid,
    json::{self, Budget},
    time,
};

/// Largest document read as a tree, bytes.
const TREE_BYTES_MAX: usize = 1 << 20;

/// The document as an object.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Invalid> {
    match tree(bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err(Invalid::malformed("not a JSON object")),
    }
}

/// The document, whatever it is.
pub(super) fn tree(bytes: &[u8]) -> Result<Value, Invalid> {
    check_size(bytes)?;
    json::read(bytes, |json| {
        json.into_value(&mut Budget::new(TREE_BYTES_MAX, TREE_BYTES_MAX))
    })
}

/// Refuses what is too large to be no event.
pub(super) fn check_size(bytes: &[u8]) -> Result<(), Invalid> {
    if bytes.len() > TREE_BYTES_MAX {
        return Err(Invalid::too_large(format!(
            "{} bytes of what is no event; at most {TREE_BYTES_MAX} are allowed",
            bytes.len()
        )));
    }
    Ok(())
}

/// A text, or a number or truth value as one, cut to `chars_max` characters, without
/// control characters but line breaks; empty if there is none.
pub(super) fn text(map: &Map<String, Value>, key: &str, chars_max: usize) -> String {
    match map.get(key) {
        Some(Value::String(text)) => clean(text, chars_max),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => clean(&value.to_string(), chars_max),
        _ => String::new(),
    }
}

/// A text of a single line, as names are.
pub(super) fn clean(text: &str, chars_max: usize) -> String {
    text.trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(chars_max)
        .collect()
}

/// A whole number that is not negative, also one given as text or with a fraction.
pub(super) fn number(map: &Map<String, Value>, key: &str) -> Option<u64> {
    match map.get(key)? {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A number of seconds as milliseconds.
pub(super) fn seconds_as_ms(map: &Map<String, Value>, key: &str) -> Option<u64> {
    let seconds = match map.get(key)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (seconds.is_finite() && seconds >= 0.0).then_some((seconds * 1e3) as u64)
}

/// A time in any of the protocol's forms, Unix nanoseconds.
pub(super) fn time_ns(map: &Map<String, Value>, key: &str) -> Option<i64> {
    match map.get(key)? {
        Value::Number(number) => time::from_number(number.as_f64().filter(|at| *at >= 0.0)?),
        Value::String(text) => time::from_text(text),
        _ => None,
    }
}

/// 16 bytes as 32 hex digits, hyphens allowed; none if all zeros.
pub(super) fn id(map: &Map<String, Value>, key: &str) -> Option<[u8; 16]> {
    let id: event_model::EventId = map.get(key)?.as_str()?.trim().parse().ok()?;
    (id.0 != [0; 16]).then_some(id.0)
}

/// An object within.
pub(super) fn inner<'m>(map: &'m Map<String, Value>, key: &str) -> Option<&'m Map<String, Value>> {
    map.get(key)?.as_object()
}
