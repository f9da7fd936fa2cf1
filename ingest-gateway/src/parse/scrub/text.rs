//! Secrets inside of strings: `key=value` and `"key": value` of forms, queries,
//! JSON, Python and environment dumps, and passwords in URLs. A scanner, not a
//! parser: it also works on what was cut off, and reads each byte a bounded number
//! of times.

use super::{MASK, names};

/// Longest key before a `:` or `=`, bytes.
const KEY_BYTES_MAX: usize = 80;

/// The text with its secrets masked; `None` if there are none.
pub(super) fn scrub(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b':' && bytes[at] != b'=' {
            at += 1;
            continue;
        }
        let secret = if bytes[at..].starts_with(b"://") {
            url_password(bytes, at)
        } else {
            assignment(text, at)
        };
        match secret {
            Some((from, to)) if &text[from..to] != MASK => {
                let out = out.get_or_insert_with(|| String::with_capacity(text.len()));
                out.push_str(&text[copied..from]);
                out.push_str(MASK);
                copied = to;
                at = to.max(at + 1);
            }
            _ => at += 1,
        }
    }
    let mut out = out?;
    out.push_str(&text[copied..]);
    Some(out)
}

/// Where the password of `://user:password@` is; `at` is the first colon.
fn url_password(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = at + 3;
    let ends = |b: &u8| matches!(b, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>') || *b <= b' ';
    let rest = bytes.get(start..)?;
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    let authority = &rest[..length];
    let host = authority.iter().rposition(|b| *b == b'@')?;
    let colon = authority[..host].iter().position(|b| *b == b':')?;
    (colon + 1 < host).then_some((start + colon + 1, start + host))
}

/// Where the value of a secret key is; `at` is the `:` or `=` after the key.
fn assignment(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    // `a::b` of Rust and C++, `a == b`.
    let doubled = |i: usize| bytes.get(i) == Some(&b':');
    if bytes[at] == b':' && (doubled(at + 1) || (at > 0 && doubled(at - 1))) {
        return None;
    }
    let (key, key_quoted) = key_before(text, at)?;
    if !names::is_secret(key) && !key.eq_ignore_ascii_case("cookie") {
        return None;
    }
    let mut from = at + 1;
    while matches!(bytes.get(from), Some(b' ' | b'\t' | b'=' | b'>')) {
        from += 1;
    }
    let quote = opening_quote(&bytes[from.min(bytes.len())..]);
    // Prose ("unexpected token: x") is no assignment.
    if bytes[at] == b':' && !key_quoted && quote.is_empty() && names::is_plain_word(key) {
        return None;
    }
    from += quote.len();
    let to = if quote.is_empty() {
        from = after_scheme(text, from);
        unquoted_end(bytes, from, bytes[at] == b':' && !key_quoted)
    } else {
        quoted_end(bytes, from, quote)
    };
    let value = text.get(from..to)?;
    let says_nothing = matches!(
        value,
        "" | "null" | "None" | "nil" | "true" | "false" | "True" | "False" | "undefined"
    );
    let opens = value.starts_with(['{', '[', '(', '<']);
    (!says_nothing && !opens).then_some((from, to))
}

/// The key that ends before `at`, and whether it stands in quotes.
fn key_before(text: &str, at: usize) -> Option<(&str, bool)> {
    let bytes = text.as_bytes();
    let mut end = at;
    while end > 0 && at - end < 2 && bytes[end - 1] == b' ' {
        end -= 1;
    }
    let mut quoted = false;
    while end > 0 && matches!(bytes[end - 1], b'"' | b'\'' | b'\\' | b']') {
        quoted |= bytes[end - 1] != b']';
        end -= 1;
    }
    let in_key =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'%') || b >= 0x80;
    let mut start = end;
    while start > 0 && end - start < KEY_BYTES_MAX && in_key(bytes[start - 1]) {
        start -= 1;
    }
    let key = text.get(start..end)?;
    (!key.is_empty()).then_some((key, quoted))
}

/// `"`, `'`, or one of them behind backslashes; empty if there is none.
fn opening_quote(bytes: &[u8]) -> &[u8] {
    let slashes = bytes.iter().take(4).take_while(|b| **b == b'\\').count();
    match bytes.get(slashes) {
        Some(b'"' | b'\'') => &bytes[..=slashes],
        _ => &[],
    }
}

fn quoted_end(bytes: &[u8], from: usize, quote: &[u8]) -> usize {
    let mut at = from;
    while at < bytes.len() {
        if bytes[at..].starts_with(quote) {
            return at;
        }
        // An escape inside of the value, if the quote itself has none.
        at += if quote.len() == 1 && bytes[at] == b'\\' {
            2
        } else {
            1
        };
    }
    bytes.len()
}

/// To the end of the line for `Header: value`, else to a separator.
fn unquoted_end(bytes: &[u8], from: usize, header: bool) -> usize {
    let ends = |b: &u8| {
        if header {
            matches!(b, b'\r' | b'\n' | b',' | b'"' | b'\'')
        } else {
            matches!(
                b,
                b'&' | b';' | b',' | b'}' | b']' | b')' | b'"' | b'\'' | b'#'
            ) || *b <= b' '
        }
    };
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(ends).unwrap_or(rest.len())
}

/// Keeps `Bearer ` and the like: what kind of secret it was is worth knowing.
fn after_scheme(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    for scheme in ["Bearer ", "Basic ", "Digest ", "Token "] {
        if rest
            .get(..scheme.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
        {
            return from + scheme.len();
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let scrubbed = scrub(text).unwrap_or_else(|| text.to_owned());
        assert_eq!(scrubbed, expected);
        assert_eq!(scrub(&scrubbed), None, "not stable");
    }

    #[test]
    fn secrets_inside_of_strings_are_masked() {
        check("a=1&password=hunter2&b=2", "a=1&password=[Filtered]&b=2");
        check("token=abc#x", "token=[Filtered]#x");
        check("user[password]=x&y=1", "user[password]=[Filtered]&y=1");
        check(
            "https://shop.example/p?id=7&api_key=k&x=1",
            "https://shop.example/p?id=7&api_key=[Filtered]&x=1",
        );
        check("postgres://shop:pw@db/x", "postgres://shop:[Filtered]@db/x");
        check(
            "redis://:p@ss@db:6379/0 failed",
            "redis://:[Filtered]@db:6379/0 failed",
        );
        check(
            r#"{"password":"hun\"ter2","n":1}"#,
            r#"{"password":"[Filtered]","n":1}"#,
        );
        check(
            r#"{"pin":1,"apiKey": 123456}"#,
            r#"{"pin":1,"apiKey": [Filtered]}"#,
        );
        check(
            r#"{\"password\":\"x\",\"a\":1}"#,
            r#"{\"password\":\"[Filtered]\",\"a\":1}"#,
        );
        check(
            r#"{"a":1,"secret":"cut of"#,
            r#"{"a":1,"secret":"[Filtered]"#,
        );
        check(
            "{'password': 'x', 'a': 1}",
            "{'password': '[Filtered]', 'a': 1}",
        );
        check(
            "User(name='j', password='x')",
            "User(name='j', password='[Filtered]')",
        );
        check(
            "A=1\nDB_PASSWORD=x y\nB=2",
            "A=1\nDB_PASSWORD=[Filtered] y\nB=2",
        );
        check(
            "Authorization: Bearer abc.def",
            "Authorization: Bearer [Filtered]",
        );
        check(
            "Authorization=Basic dXNlcg==",
            "Authorization=Basic [Filtered]",
        );
        check("--token=abc --verbose", "--token=[Filtered] --verbose");
        check("passwort=geheim", "passwort=[Filtered]");
    }

    #[test]
    fn harmless_strings_are_left_alone() {
        for text in [
            "",
            ":",
            "=",
            "a=1&b=2",
            "author=jane&tokens_used=5",
            "https://shop.example/path?id=7",
            "http://127.0.0.1:9200/app.js:17:62",
            "jane@shop.example",
            "mailto:jane@shop.example",
            "unexpected token: ]",
            "token::parse",
            "password=",
            "password: null",
            "{\"password\": null, \"token\": true}",
            "12:30:45",
            "<Order id=7>",
        ] {
            assert_eq!(scrub(text), None, "{text}");
        }
    }
}
