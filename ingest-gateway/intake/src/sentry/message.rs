//! `message` and `logentry`: filling parameters into a template.

use std::fmt::Write as _;

use super::{
    super::json::{self, Json},
    MESSAGE_BYTES_MAX,
};

/// A message, and its template if it had parameters.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Message {
    /// For people.
    pub(super) formatted: String,
    /// For grouping; empty if it is the same.
    pub(super) template: String,
}

/// A string, or `{message, params, formatted}`.
pub(super) fn read(json: Json<'_>) -> Message {
    let Json::Object(members) = json else {
        return Message {
            formatted: text(json),
            template: String::new(),
        };
    };
    let (mut template, mut formatted, mut params) = (String::new(), String::new(), Json::Null);
    for (key, value) in members {
        match key.as_ref() {
            "message" => template = text(value),
            "formatted" => formatted = text(value),
            "params" => params = value,
            _ => {}
        }
    }
    if formatted.is_empty() {
        formatted = fill(&template, &params);
    }
    if formatted == template {
        template.clear();
    }
    formatted.truncate(formatted.floor_char_boundary(MESSAGE_BYTES_MAX));
    Message {
        formatted,
        template,
    }
}

fn text(json: Json<'_>) -> String {
    let text = json.into_any_text(MESSAGE_BYTES_MAX).unwrap_or_default();
    json::cut(text, MESSAGE_BYTES_MAX)
}

/// `%s`, `%(name)s`, `{}`, `{0}`, `{name}`; what has no parameter stays as it is.
fn fill(template: &str, params: &Json<'_>) -> String {
    let empty = match params {
        Json::Array(items) => items.length() == 0,
        Json::Object(members) => members.is_empty(),
        _ => true,
    };
    if empty {
        return template.to_owned();
    }
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    let mut next = 0usize;
    while let Some(at) = rest.find(['%', '{']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = if rest.starts_with('%') {
            percent(rest)
        } else {
            braces(rest)
        };
        let Some((length, place)) = found else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        let param = match place {
            Place::Literal(literal) => {
                out.push_str(literal);
                rest = &rest[length..];
                continue;
            }
            Place::Next => {
                next += 1;
                at_index(params, next - 1)
            }
            Place::Named(name) => match name.parse::<usize>() {
                Ok(index) if matches!(params, Json::Array(_)) => at_index(params, index),
                _ => params.get(name),
            },
        };
        match param {
            Some(param) => write_param(&mut out, &param),
            None => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
        if out.len() > MESSAGE_BYTES_MAX {
            break;
        }
    }
    out.push_str(rest);
    out
}

enum Place<'t> {
    Next,
    Named(&'t str),
    Literal(&'static str),
}

fn at_index<'t>(params: &Json<'t>, index: usize) -> Option<Json<'t>> {
    match params {
        Json::Array(items) => items.clone().nth(index),
        _ => None,
    }
}

fn write_param(out: &mut String, param: &Json<'_>) {
    match param {
        Json::String(text) => out.push_str(text),
        Json::Null => out.push_str("None"),
        Json::Bool(value) => {
            let _ = write!(out, "{value}");
        }
        Json::Number(number) => {
            let _ = write!(out, "{number}");
        }
        other => out.push_str(
            &other
                .clone()
                .into_any_text(MESSAGE_BYTES_MAX)
                .unwrap_or_default(),
        ),
    }
}

/// The length of a printf place at the start of `text`, and what it asks for.
fn percent(text: &str) -> Option<(usize, Place<'_>)> {
    let mut at = 1;
    let mut place = Place::Next;
    if text[at..].starts_with('%') {
        return Some((2, Place::Literal("%")));
    }
    if text[at..].starts_with('(') {
        let end = text.find(')')?;
        place = Place::Named(&text[2..end]);
        at = end + 1;
    }
    let flags = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '#' | '.' | 'l');
    at += text[at..].find(|c| !flags(c))?;
    let conversion = text[at..].chars().next()?;
    "sdirfgexXoucaOj"
        .contains(conversion)
        .then_some((at + 1, place))
}

/// The same for braces; a format after a colon is passed over.
fn braces(text: &str) -> Option<(usize, Place<'_>)> {
    let end = text.find('}')?;
    let inside = &text[1..end];
    let name = inside.split([':', '!']).next().unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    if !name.chars().all(plain) {
        return None;
    }
    let place = if name.is_empty() {
        Place::Next
    } else {
        Place::Named(name)
    };
    Some((end + 1, place))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, formatted: &str, template: &str) {
        let message = super::super::super::json::read(json.as_bytes(), read).unwrap();
        assert_eq!(
            (message.formatted.as_str(), message.template.as_str()),
            (formatted, template)
        );
    }

    #[test]
    fn parameters_are_filled_in() {
        check(r#""plain 100% {}""#, "plain 100% {}", "");
        check(
            r#"{"message":"user %s did %s","params":["jane",3]}"#,
            "user jane did 3",
            "user %s did %s",
        );
        check(
            r#"{"message":"%d%% of %5.2f %x","params":[5,1.5]}"#,
            "5% of 1.5 %x",
            "%d%% of %5.2f %x",
        );
        check(
            r#"{"message":"%(a)s and {b}","params":{"a":1,"b":[2]}}"#,
            "1 and [2]",
            "%(a)s and {b}",
        );
        check(
            r#"{"message":"{} {1} {x}","params":["a","b"]}"#,
            "a b {x}",
            "{} {1} {x}",
        );
        check(
            r#"{"message":"a %s","params":[],"formatted":null}"#,
            "a %s",
            "",
        );
        check(r#"{"message":"a %s","formatted":"a b"}"#, "a b", "a %s");
        check(r#"{"formatted":"only"}"#, "only", "");
        check(r#"{"message":"% %( {","params":["x"]}"#, "% %( {", "");
        check("[1,2]", "[1,2]", "");
    }
}
