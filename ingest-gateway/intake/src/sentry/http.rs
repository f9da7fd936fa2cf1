//! The HTTP request an event came from: `url` without query and fragment,
//! `query_string` as a string, `headers` with capitalised names, `cookies` as an
//! object, `data` parsed where it is JSON or a form.

use std::{borrow::Cow, collections::BTreeMap};

use event_model::free::{Free, Writer};

use super::{
    super::{
        json::{self, Budget, Json},
        scrub::{Path, Scrub},
    },
    FREE_STRING_BYTES_MAX, fields, name,
};

/// A request's body, bytes.
const DATA: Budget = Budget::new(64 << 10, 16 << 10);
/// Headers, cookies, environment: each, bytes.
const MAP: Budget = Budget::new(64 << 10, 8 << 10);
/// Anything else of it: each, bytes.
const OTHER: Budget = Budget::new(8 << 10, 4 << 10);
/// Longest URL or query, bytes.
const URL_BYTES_MAX: usize = 8 << 10;

/// The request of a door of its own, put together as a client would have sent it; its
/// secrets as they are.
pub(in super::super) fn request_from(given: &Free) -> Free {
    let text = given.as_json().as_bytes();
    let read = json::read(text, |json| request(json, &mut Scrub::inactive()));
    read.unwrap_or_default()
}

/// Reads it; empty if nothing was in it.
pub(super) fn request(json: Json<'_>, scrub: &mut Scrub) -> Free {
    let Some(members) = json.into_object() else {
        return Free::new();
    };
    let mut out = Writer::new();
    let (mut url, mut query, mut fragment) = (Cow::default(), Cow::default(), Cow::default());
    let (mut headers, mut cookies, mut data) = (Headers::new(), Json::Null, Json::Null);
    for (key, value) in members {
        match key.as_ref() {
            _ if value.is_null() => {}
            "url" => url = json::shorten(value.into_text().unwrap_or_default(), URL_BYTES_MAX),
            "method" => {
                out.key("method");
                out.string(&name(value).to_ascii_uppercase());
            }
            "query_string" => query = query_text(value),
            "fragment" => fragment = name(value).into(),
            "headers" => headers = header_map(value),
            "cookies" => cookies = value,
            "data" => data = value,
            other => {
                let mut budget = if other == "env" { MAP } else { OTHER };
                out.key(other);
                scrub.request_member(other, value, &mut budget, &mut out);
            }
        }
    }
    let (base, url_query, url_fragment) = split_url(&url);
    let query = if query.is_empty() { url_query } else { &query };
    let fragment = if fragment.is_empty() {
        url_fragment
    } else {
        &fragment
    };
    for (key, text) in [
        ("url", base),
        ("query_string", query),
        ("fragment", fragment),
    ] {
        if !text.is_empty() {
            put(key, text, scrub, &mut out);
        }
    }
    let line = headers.remove("Cookie");
    write_cookies(cookies, line, scrub, &mut out);
    let content_type = headers.get("Content-Type").cloned().unwrap_or_default();
    if !headers.is_empty() {
        out.key("headers");
        scrub.headers(headers.iter(), &mut out);
    }
    write_data(data, &content_type, scrub, &mut out);
    out.finish()
}

/// Writes a text that is a member of the request.
fn put(key: &str, text: &str, scrub: &mut Scrub, out: &mut Writer) {
    let path = Path::root("request");
    out.key(key);
    out.string(&scrub.string(&path.key(key), Cow::Borrowed(text)));
}

fn split_url(url: &str) -> (&str, &str, &str) {
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    (base, query, fragment)
}

/// `a=1&b=2` of a string, pairs or a map.
fn query_text(json: Json<'_>) -> Cow<'_, str> {
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
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix('?').unwrap_or(text)),
        Cow::Owned(text) => match text.strip_prefix('?') {
            Some(rest) => Cow::Owned(rest.to_owned()),
            None => Cow::Owned(text),
        },
    };
    json::shorten(text, URL_BYTES_MAX)
}

/// By name as it is stored; the last of equal ones counts.
type Headers<'t> = BTreeMap<String, Cow<'t, str>>;

fn header_map(json: Json<'_>) -> Headers<'_> {
    let mut headers = Headers::new();
    for (key, value) in fields::pairs(json) {
        let value = match value {
            Json::Array(values) => {
                let texts: Vec<_> = values.filter_map(Json::into_text).collect();
                Cow::Owned(texts.join(", "))
            }
            other => match other.into_any_text(FREE_STRING_BYTES_MAX) {
                Some(text) => text,
                None => continue,
            },
        };
        headers.insert(capitalised(&key), json::shorten(value, 8 << 10));
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

/// Writes the cookies' names, of their own field and of the header.
fn write_cookies(
    cookies: Json<'_>,
    header: Option<Cow<'_, str>>,
    scrub: &mut Scrub,
    out: &mut Writer,
) {
    let line;
    let pairs = match cookies {
        Json::String(text) => {
            line = text;
            cookie_line(&line)
        }
        json => fields::pairs(json),
    };
    // Often the one has names that the other lacks; their values are masked anyway.
    let header = header.unwrap_or_default();
    let mut all = cookie_line(&header);
    all.extend(pairs);
    let pairs = all;
    if !pairs.is_empty() {
        out.key("cookies");
        scrub.cookies(pairs, &mut { MAP }, out);
    }
}

/// `a=1; b=2`.
fn cookie_line(line: &str) -> Vec<(Cow<'_, str>, Json<'_>)> {
    let pairs = line.split(';').filter_map(|part| {
        let part = part.trim();
        // Without a value it is a name only if it can be one: SDKs write `[Filtered]` for
        // the whole header.
        let (key, value) = match part.split_once('=') {
            Some(pair) => pair,
            None if part.bytes().all(is_of_token) => (part, ""),
            None => return None,
        };
        (!key.is_empty()).then(|| (key.into(), Json::String(value.into())))
    });
    pairs.collect()
}

/// What a name of RFC 6265 is made of: a token of RFC 2616.
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// JSON and forms in a string are parsed, so that they can be read and scrubbed.
fn write_data(data: Json<'_>, content_type: &str, scrub: &mut Scrub, out: &mut Writer) {
    if data.is_null() {
        return;
    }
    out.key("data");
    let path = Path::root("request");
    let path = path.key("data");
    let mut budget = DATA;
    let Json::String(text) = data else {
        return scrub.value(&path, data, &mut budget, out);
    };
    if text.trim_start().starts_with(['{', '['])
        && json::read(text.as_bytes(), |json| {
            scrub.value(&path, json, &mut budget, out);
        })
        .is_ok()
    {
        return;
    }
    if content_type.starts_with("application/x-www-form-urlencoded") {
        // The last of equal names counts.
        let pairs: BTreeMap<_, _> = url::form_urlencoded::parse(text.as_bytes()).collect();
        out.begin_object();
        for (key, value) in pairs {
            scrub.member(&path, &key, Json::String(value), &mut budget, out);
        }
        out.end();
        return;
    }
    scrub.value(&path, Json::String(text), &mut budget, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_named_and_a_mask_is_no_name() {
        for (line, expected) in [
            ("sessionid=1; theme=dark", &["sessionid", "theme"][..]),
            ("a; b=", &["a", "b"]),
            ("cart[items]=1", &["cart[items]"]),
            ("[Filtered]", &[]),
            ("[Filtered]; theme=dark", &["theme"]),
            ("(hidden by the proxy)", &[]),
            ("=1;;", &[]),
        ] {
            let pairs = cookie_line(line);
            let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_ref()).collect();
            assert_eq!(names, expected, "{line:?}");
        }
    }
}
