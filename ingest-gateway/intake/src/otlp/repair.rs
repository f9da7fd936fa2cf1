//! A second chance for text that is nearly JSON: lone surrogates, invalid UTF-8,
//! raw control characters, unknown escapes, `NaN`, numbers beyond f64. Total, one
//! pass; the result may still be no JSON.

use std::{borrow::Cow, fmt::Write as _};

/// The repaired copy.
pub(super) fn repair(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            out.push('"');
            rest = repair_string(&rest[1..], &mut out);
        } else if c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.') {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')))
                .unwrap_or(rest.len());
            out.push_str(&repair_token(&rest[..end]));
            rest = &rest[end..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn repair_token(token: &str) -> Cow<'_, str> {
    if matches!(token, "true" | "false" | "null") || serde_json::from_str::<f64>(token).is_ok() {
        return Cow::Borrowed(token);
    }
    match token {
        "NaN" | "Infinity" | "-Infinity" | "undefined" => Cow::Borrowed("null"),
        _ => match token.parse::<f64>() {
            Ok(number) if number.is_finite() => Cow::Owned(number.to_string()),
            Ok(_) => Cow::Borrowed("null"),
            Err(_) => Cow::Borrowed(token),
        },
    }
}

/// Copies a string's inside and its closing quote; returns what follows.
fn repair_string<'t>(mut rest: &'t str, out: &mut String) -> &'t str {
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => {
                out.push('"');
                return rest;
            }
            '\\' => rest = repair_escape(rest, out),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    rest
}

/// `rest` begins after a backslash.
fn repair_escape<'t>(rest: &'t str, out: &mut String) -> &'t str {
    match rest.as_bytes().first() {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
            out.push('\\');
            out.push_str(&rest[..1]);
            &rest[1..]
        }
        Some(b'u') => match hex_unit(&rest[1..]) {
            Some(0xd800..=0xdbff) if low_surrogate_follows(&rest[5..]) => {
                out.push('\\');
                out.push_str(&rest[..11]);
                &rest[11..]
            }
            Some(0xd800..=0xdfff) => {
                out.push_str("\\ufffd");
                &rest[5..]
            }
            Some(_) => {
                out.push('\\');
                out.push_str(&rest[..5]);
                &rest[5..]
            }
            None => {
                out.push_str("\\ufffd");
                &rest[1..]
            }
        },
        // No escape of JSON: the backslash was meant.
        _ => {
            out.push_str("\\\\");
            rest
        }
    }
}

fn hex_unit(text: &str) -> Option<u16> {
    let digits = text.get(..4)?;
    let all_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    all_hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

fn low_surrogate_follows(text: &str) -> bool {
    text.strip_prefix("\\u")
        .and_then(hex_unit)
        .is_some_and(|unit| (0xdc00..=0xdfff).contains(&unit))
}
