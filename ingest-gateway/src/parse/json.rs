//! A borrowed JSON tree, read leniently in one pass.
//!
//! Invariant: strings without escapes borrow the body; nothing is deeper than
//! [`DEPTH_MAX`]; no string holds a NUL or a lone surrogate (both U+FFFD). What
//! real clients get wrong (lone surrogates, invalid UTF-8, raw control characters,
//! `NaN`, numbers beyond f64) is repaired on a second try. Fails with
//! [`Invalid`] and the position only on what is no JSON at all.

mod repair;

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub(crate) use self::repair::repair;
use super::Invalid;

/// Levels of nesting kept; deeper arrays and objects become [`TOO_DEEP`]. Below
/// serde_json's own limit of 128, so that depth never fails a body.
pub(crate) const DEPTH_MAX: u8 = 64;
/// Stands for what was nested too deep.
pub(crate) const TOO_DEEP: &str = "[too deep]";
/// Stands for what did not fit a [`Budget`].
const TRUNCATED: &str = "[truncated]";

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// Members in the client's order; a key may occur twice, the last one counts.
pub(crate) type Object<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// Reads `bytes` and hands the tree to `with`: it may borrow a repaired copy.
pub(crate) fn read<T>(bytes: &[u8], with: impl FnOnce(Json<'_>) -> T) -> Result<T, Invalid> {
    let first = match std::str::from_utf8(bytes) {
        Ok(text) => match read_strictly(text) {
            Ok(json) => return Ok(with(json)),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let repaired = repair(bytes);
    match read_strictly(&repaired) {
        Ok(json) => Ok(with(json)),
        Err(_) => Err(Invalid::malformed(format!("not JSON: {first}"))),
    }
}

fn read_strictly(text: &str) -> Result<Json<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json = Seed { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(json)
}

#[derive(Clone, Copy)]
struct Seed {
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(without_nul(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        if self.depth >= DEPTH_MAX {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Json::String(Cow::Borrowed(TOO_DEEP)));
        }
        let mut items = Vec::new();
        let inner = Self {
            depth: self.depth + 1,
        };
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        if self.depth >= DEPTH_MAX {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Json::String(Cow::Borrowed(TOO_DEEP)));
        }
        let mut members = Vec::new();
        let inner = Self {
            depth: self.depth + 1,
        };
        while let Some(key) = map.next_key_seed(KeySeed)? {
            members.push((key, map.next_value_seed(inner)?));
        }
        Ok(Json::Object(members))
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(without_nul(text)))
    }
}

fn without_nul(text: &str) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text.to_owned()
    }
}

/// What may still be taken over into the model, so that one field cannot fill a
/// record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    left: usize,
    string_max: usize,
}

/// What a value costs besides its text (quotes, comma, colon), bytes.
const VALUE_COST_BYTES: usize = 4;

impl Budget {
    /// `bytes` in all, `string_max` bytes for each string.
    pub(crate) const fn new(bytes: usize, string_max: usize) -> Self {
        Self {
            left: bytes,
            string_max,
        }
    }

    fn take(&mut self, bytes: usize) -> bool {
        let cost = bytes + VALUE_COST_BYTES;
        let fits = cost <= self.left;
        self.left = self.left.saturating_sub(cost);
        fits
    }

    fn string(&mut self, text: Cow<'_, str>) -> Option<String> {
        let text = cut(text, self.string_max);
        self.take(text.len()).then_some(text)
    }
}

/// `text`, at most `bytes_max` bytes and then an ellipsis.
pub(crate) fn cut(text: Cow<'_, str>, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.into_owned();
    }
    let end = text.floor_char_boundary(bytes_max);
    let mut short = String::with_capacity(end + '…'.len_utf8());
    short.push_str(&text[..end]);
    short.push('…');
    short
}

impl<'a> Json<'a> {
    /// The same as an owned value, as far as the budget goes.
    pub(crate) fn into_value(self, budget: &mut Budget) -> Value {
        match self {
            Json::Null => {
                budget.take(0);
                Value::Null
            }
            Json::Bool(value) => {
                budget.take(1);
                Value::Bool(value)
            }
            Json::Number(number) => {
                budget.take(8);
                Value::Number(number)
            }
            Json::String(text) => budget
                .string(text)
                .map_or_else(|| TRUNCATED.into(), Value::String),
            Json::Array(items) => {
                let mut values = Vec::with_capacity(items.len().min(budget.left));
                for item in items {
                    if budget.left == 0 {
                        values.push(TRUNCATED.into());
                        break;
                    }
                    values.push(item.into_value(budget));
                }
                Value::Array(values)
            }
            Json::Object(members) => Value::Object(into_map(members, budget)),
        }
    }

    /// A text: strings as they are, numbers and booleans as JSON writes them.
    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Json::String(text) => Some(text),
            Json::Number(number) => Some(number.to_string().into()),
            Json::Bool(value) => Some(if value { "true" } else { "false" }.into()),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// Any value as a text; arrays and objects as compact JSON.
    pub(crate) fn into_any_text(self, bytes_max: usize) -> Option<Cow<'a, str>> {
        match self {
            json @ (Json::Array(_) | Json::Object(_)) => {
                let value = json.into_value(&mut Budget::new(bytes_max, bytes_max));
                Some(value.to_string().into())
            }
            json => json.into_text(),
        }
    }

    pub(crate) fn into_object(self) -> Option<Object<'a>> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A whole number; also one written as a float or as digits in a string.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Json::Number(number) => number.as_i64().or_else(|| {
                let float = number.as_f64()?;
                (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
            }),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The member `key` of an object; the last if there are several.
    pub(crate) fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => members.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// What it is, for error messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

/// The members as an owned map, as far as the budget goes.
pub(crate) fn into_map(members: Object<'_>, budget: &mut Budget) -> Map<String, Value> {
    let mut map = Map::new();
    for (key, json) in members {
        if !budget.take(key.len()) {
            map.insert(TRUNCATED.to_owned(), Value::Bool(true));
            break;
        }
        map.insert(key.into_owned(), json.into_value(budget));
    }
    map
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(body: &[u8], expected: &str) {
        let mut budget = Budget::new(1 << 20, 1 << 20);
        let value = read(body, |json| json.into_value(&mut budget)).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(expected).unwrap());
    }

    #[test]
    fn what_clients_get_wrong_is_repaired() {
        check(br#"{"a":"\ud800"}"#, r#"{"a":"\ufffd"}"#);
        check(br#"{"a":"\ud83d\ude80"}"#, r#"{"a":"\ud83d\ude80"}"#);
        check(
            br#"{"a":"x\udc00y\ud83d\ude80"}"#,
            r#"{"a":"x\ufffdy\ud83d\ude80"}"#,
        );
        check(
            br#"{"\ud800":"\ud800\ud800\udc00"}"#,
            r#"{"\ufffd":"\ufffd\ud800\udc00"}"#,
        );
        check(br#"{"a":"n\u0000l"}"#, r#"{"a":"n\ufffdl"}"#);
        check(b"{\"a\":\"\xff\"}", r#"{"a":"\ufffd"}"#);
        check(b"{\"a\":\"tab\there\"}", r#"{"a":"tab\there"}"#);
        check(
            br#"{"a":NaN,"b":[-Infinity,1e999,.5]}"#,
            r#"{"a":null,"b":[null,null,0.5]}"#,
        );
        check(br#"{"a":"\x41\u12"}"#, r#"{"a":"\\x41\ufffd12"}"#);
        check(b"\xef\xbb\xbf{}", "{}");
    }

    #[test]
    fn depth_never_fails_a_body() {
        let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(5000), "]".repeat(5000));
        let b = read(deep.as_bytes(), |json| {
            json.get("b").and_then(Json::as_integer)
        });
        assert_eq!(b.unwrap(), Some(2));
    }

    #[test]
    fn what_is_no_json_is_named_with_its_position() {
        for bad in ["", "{", "nope", "{\"a\":}", "{} x"] {
            let invalid = read(bad.as_bytes(), |_| ()).unwrap_err();
            assert!(invalid.message.contains("line 1"), "{bad}: {invalid}");
        }
    }

    #[test]
    fn a_budget_bounds_what_is_taken_over() {
        let body = format!(
            r#"{{"a":"{}","b":[{}1]}}"#,
            "x".repeat(500),
            "1,".repeat(500)
        );
        let mut budget = Budget::new(200, 50);
        let value = read(body.as_bytes(), |json| json.into_value(&mut budget)).unwrap();
        let text = value.to_string();
        assert!(text.len() < 300, "{text}");
        assert!(text.contains('…') && text.contains(TRUNCATED), "{text}");
    }
}
