//! Words in quotes and behind equals signs: values, unless they name a piece of code or
//! of a database's schema.

use super::{Masked, floor, is_inner, places};

/// Longest quoted text, bytes; a quote that is not closed by then is a sign like others.
const QUOTED_BYTES_MAX: usize = 400;
/// Longest name before an equals sign.
const KEY_BYTES_MAX: usize = 40;
/// Quotes and what closes them.
const QUOTES: [(&str, &[&str]); 9] = [
    ("\"", &["\""]),
    ("'", &["'"]),
    ("`", &["`", "'"]),
    ("\\\"", &["\\\""]),
    ("“", &["”", "“"]),
    ("„", &["“", "”"]),
    ("‘", &["’"]),
    ("«", &["»"]),
    ("「", &["」"]),
];
/// Words before what is named by people who write code.
const NAMED_BY: [&str; 63] = [
    "key",
    "constraint",
    "column",
    "columns",
    "table",
    "relation",
    "property",
    "attribute",
    "method",
    "module",
    "index",
    "field",
    "fields",
    "parameter",
    "argument",
    "arguments",
    "variable",
    "function",
    "class",
    "type",
    "types",
    "reading",
    "evaluating",
    "import",
    "option",
    "flag",
    "setting",
    "database",
    "schema",
    "view",
    "sequence",
    "operator",
    "trait",
    "named",
    "package",
    "component",
    "service",
    "bean",
    "directive",
    "pipe",
    "provider",
    "element",
    "event",
    "hook",
    "prop",
    "member",
    "symbol",
    "identifier",
    "keyword",
    "label",
    "enum",
    "interface",
    "object",
    "instance",
    "attribut",
    "call",
    "execute",
    "of",
    "token",
    "on",
    "export",
    "script",
    "library",
];
/// Words behind it.
const NAMED_BEHIND: [&str; 16] = [
    "object",
    "is not defined",
    "has no",
    "module",
    "class",
    "function",
    "method",
    "attribute",
    "property",
    "column",
    "table",
    "field",
    "parameter",
    "argument",
    "cannot be null",
    "is not a function",
];
/// Names before an equals sign whose values say what happened.
const SAYING_KEYS: [&str; 18] = [
    "code",
    "error",
    "errno",
    "reason",
    "status",
    "type",
    "kind",
    "method",
    "op",
    "operation",
    "action",
    "event",
    "errcode",
    "level",
    "msg",
    "message",
    "err",
    "cause",
];

/// Takes a quoted text.
pub(super) fn quoted(before: u8, rest: &str, masked: &mut Masked) -> Option<usize> {
    // None of them begins with another byte.
    let first = *rest.as_bytes().first()?;
    if first.is_ascii() && !b"\"'`\\".contains(&first) {
        return None;
    }
    let (open, closing) = QUOTES.iter().find(|(open, _)| rest.starts_with(open))?;
    if *open == "'" && (before.is_ascii_alphanumeric() || before >= 0x80) {
        return None;
    }
    let inner = &rest[open.len()..];
    let window = &inner[..floor(inner, inner.len().min(QUOTED_BYTES_MAX))];
    let (len, close) = closing
        .iter()
        .filter_map(|close| Some((closes(window, close)?, close.len())))
        .min()?;
    let text = &inner[..len];
    if text.contains('\n') || text.is_empty() {
        return None;
    }
    let behind = &inner[len + close..];
    let whole = open.len() + len + close;
    // A member's name in JSON, and whatever is all of the text.
    let is_name = behind.trim_start().starts_with(':') || is_named(text, behind, masked);
    let is_all = masked.text.trim().is_empty() && behind.trim().is_empty();
    if is_name || is_all {
        // Ruby 3.4 opens with what it closes with.
        masked.keep(
            if (*open, close) == ("`", 1) && inner[len..].starts_with('\'') {
                "'"
            } else {
                open
            },
        );
        let path = places::quoted_path(text, masked).unwrap_or(0);
        super::words_of(&text[path..], masked);
        masked.keep(&inner[len..len + close]);
    } else {
        masked.token("<text>");
    }
    Some(whole)
}

/// Where a text in quotes ends.
fn closes(window: &str, close: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + window[from..].find(close)?;
        let behind = window.as_bytes().get(at + close.len());
        let goes_on = close == "'" && behind.is_some_and(u8::is_ascii_alphanumeric);
        let escaped = close == "\"" && window[..at].ends_with('\\');
        if !goes_on && !escaped {
            return Some(at);
        }
        from = at + close.len();
    }
}

/// Whether a quoted text names a piece of code.
fn is_named(text: &str, behind: &str, masked: &Masked) -> bool {
    // Dart's obfuscated builds call classes anew.
    if text.contains("://") || text.starts_with("minified:") {
        return false;
    }
    // "unexpected ','"
    if !text.contains(char::is_alphanumeric) {
        return true;
    }
    if let Some(key) = member(&masked.text) {
        return SAYING_KEYS.contains(&key.to_ascii_lowercase().as_str());
    }
    let code = ["::", "->", "()", "\\", "<", "$", "__", "/"];
    if code.iter().any(|sign| text.contains(sign)) {
        return true;
    }
    if masked.text.ends_with(['=', '{', '[']) || masked.text.ends_with("=>") {
        return false;
    }
    let behind = behind.trim_start();
    if NAMED_BEHIND.iter().any(|word| behind.starts_with(word)) {
        return true;
    }
    !text.contains(' ') && NAMED_BY.contains(&masked.last_word().as_str())
}

/// The name of the JSON member whose value comes next.
fn member(written: &str) -> Option<&str> {
    let written = written.trim_end();
    let name = written.strip_suffix(':')?.trim_end();
    let name = name.strip_suffix('"').or_else(|| name.strip_suffix('\''))?;
    let name = &name[floor(name, name.len().saturating_sub(KEY_BYTES_MAX))..];
    name.rsplit(['"', '\'']).next()
}

/// Takes the value of `key=value` and of a member in JSON (`"ok": true`), which stand
/// behind what has been written.
pub(super) fn assigned(before: u8, rest: &str, masked: &mut Masked) -> Option<usize> {
    let len = rest
        .bytes()
        .take(QUOTED_BYTES_MAX)
        .take_while(|b| is_inner(*b) || matches!(b, b'-' | b'.' | b'@' | b'+'))
        .count();
    let value = rest[..len].trim_end_matches(['.', '-']);
    if value.is_empty() || !value.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let is_literal = matches!(
        value,
        "true" | "false" | "null" | "None" | "True" | "False" | "nil"
    );
    let text = masked.text.as_str();
    if is_literal && (text.ends_with("\": ") || text.ends_with("\":") || text.ends_with("': ")) {
        masked.token("<text>");
        return Some(value.len());
    }
    if before != b'=' || text.ends_with("==") || text.ends_with("!=") {
        return None;
    }
    let key = text[..text.len() - 1].bytes().rev().take(KEY_BYTES_MAX);
    let key = key.take_while(|b| is_inner(*b)).count();
    let key = &text[text.len() - 1 - key..text.len() - 1];
    let constant = value.len() > 2
        && value
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let is_call = rest[value.len()..].starts_with('(');
    if key.is_empty()
        || constant
        || is_call
        || SAYING_KEYS.contains(&key.to_ascii_lowercase().as_str())
    {
        return None;
    }
    masked.token("<text>");
    Some(value.len())
}
