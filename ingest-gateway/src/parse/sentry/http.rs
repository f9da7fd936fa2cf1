//! The HTTP request an event came from: `url` without query and fragment,
//! `query_string` as a string, `headers` with capitalised names, `cookies` as an
//! object, `data` parsed where it is JSON or a form.

use std::borrow::Cow;

use event_model::free::Free;
use serde_json::{Map, Value};

use super::{
    super::json::{self, Budget, Json},
    FREE_STRING_BYTES_MAX, fields, name,
};

/// A request's body, bytes.
const DATA: Budget = Budget::new(64 << 10, 16 << 10);
/// Headers, cookies, environment: each, bytes.
const MAP: Budget = Budget::new(64 << 10, 8 << 10);
/// Longest URL or query, bytes.
const URL_BYTES_MAX: usize = 8 << 10;

/// Reads it; empty if nothing was in it.
pub(in super::super) fn request(json: Json<'_>) -> Free {
    let mut request = Map::new();
    let (mut url, mut query, mut fragment) = (String::new(), String::new(), String::new());
    let (mut headers, mut cookies, mut data) = (Map::new(), Map::new(), Json::Null);
    for (key, value) in json.into_object().unwrap_or_default() {
        match key.as_ref() {
            _ if value == Json::Null => {}
            "url" => url = json::cut(value.into_text().unwrap_or_default(), URL_BYTES_MAX),
            "method" => {
                request.insert("method".to_owned(), name(value).to_ascii_uppercase().into());
            }
            "query_string" => query = query_text(value),
            "fragment" => fragment = name(value),
            "headers" => headers = header_map(value),
            "cookies" => cookies = cookie_map(value),
            "data" => data = value,
            "env" => {
                let mut budget = MAP;
                let members = value.into_object().unwrap_or_default();
                let env = json::into_map(members, &mut budget);
                request.insert("env".to_owned(), Value::Object(env));
            }
            _ => {
                let kept = value.into_value(&mut Budget::new(8 << 10, 4 << 10));
                request.insert(key.into_owned(), kept);
            }
        }
    }
    let (base, url_query, url_fragment) = split_url(&url);
    put(&mut request, "url", base);
    put(
        &mut request,
        "query_string",
        if query.is_empty() { url_query } else { &query },
    );
    put(
        &mut request,
        "fragment",
        if fragment.is_empty() {
            url_fragment
        } else {
            &fragment
        },
    );
    if let Some(Value::String(line)) = headers.remove("Cookie")
        && cookies.is_empty()
    {
        cookies = cookie_line(&line);
    }
    let content_type = headers.get("Content-Type").and_then(Value::as_str);
    let data = body(data, content_type.unwrap_or_default());
    for (key, map) in [("headers", headers), ("cookies", cookies)] {
        if !map.is_empty() {
            request.insert(key.to_owned(), Value::Object(map));
        }
    }
    if !data.is_null() {
        request.insert("data".to_owned(), data);
    }
    request.into()
}

fn put(request: &mut Map<String, Value>, key: &str, text: &str) {
    if !text.is_empty() {
        request.insert(key.to_owned(), text.into());
    }
}

fn split_url(url: &str) -> (&str, &str, &str) {
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    (base, query, fragment)
}

/// `a=1&b=2` of a string, pairs or a map.
fn query_text(json: Json<'_>) -> String {
    let text = match json {
        json @ (Json::Object(_) | Json::Array(_)) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (key, value) in fields::pairs(json) {
                let value = value.into_any_text(URL_BYTES_MAX).unwrap_or_default();
                form.append_pair(&key, &value);
            }
            form.finish().into()
        }
        json => json.into_text().unwrap_or_default(),
    };
    let text = match text.strip_prefix('?') {
        Some(rest) => Cow::Owned(rest.to_owned()),
        None => text,
    };
    json::cut(text, URL_BYTES_MAX)
}

fn header_map(json: Json<'_>) -> Map<String, Value> {
    let mut headers = Map::new();
    for (key, value) in fields::pairs(json) {
        let value = match value {
            Json::Array(values) => {
                let texts: Vec<_> = values.into_iter().filter_map(Json::into_text).collect();
                Cow::Owned(texts.join(", "))
            }
            other => match other.into_any_text(FREE_STRING_BYTES_MAX) {
                Some(text) => text,
                None => continue,
            },
        };
        headers.insert(capitalised(&key), json::cut(value, 8 << 10).into());
    }
    headers
}

/// `content-type` → `Content-Type`.
fn capitalised(name: &str) -> String {
    let mut start = true;
    let each = name.trim().chars().take(super::NAME_BYTES_MAX).map(|c| {
        let c = if start {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        };
        start = c == '-';
        c
    });
    each.collect()
}

fn cookie_map(json: Json<'_>) -> Map<String, Value> {
    match json {
        Json::String(line) => cookie_line(&line),
        json => json::into_map(fields::pairs(json), &mut { MAP }),
    }
}

/// `a=1; b=2`.
fn cookie_line(line: &str) -> Map<String, Value> {
    let pairs = line.split(';').filter_map(|part| {
        let part = part.trim();
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (!key.is_empty()).then(|| (key.to_owned(), value.into()))
    });
    pairs.collect()
}

/// JSON and forms in a string are parsed, so that they can be read and scrubbed.
fn body(data: Json<'_>, content_type: &str) -> Value {
    let mut budget = DATA;
    let Json::String(text) = data else {
        return data.into_value(&mut budget);
    };
    let trimmed = text.trim_start();
    if trimmed.starts_with(['{', '['])
        && let Ok(value) = json::read(text.as_bytes(), |json| json.into_value(&mut budget))
    {
        return value;
    }
    if content_type.starts_with("application/x-www-form-urlencoded") {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        let members = pairs.map(|(key, value)| (key, Json::String(value)));
        return Value::Object(json::into_map(members.collect(), &mut budget));
    }
    Json::String(text).into_value(&mut budget)
}
