//! Values that a name before them gives away (`key=value` of queries and forms,
//! `"key": value` of JSON and Python, headers, environment dumps, option lists, printed
//! maps).

use super::{Detect, Kind, Scan, Secret, is_word, secret};
use crate::scrub::names;

/// Longest key before a `:` or `=`, bytes.
const KEY_BYTES_MAX: usize = 80;
/// Deepest quoting looked at: JSON in JSON in JSON in JSON has 15 backslashes.
const BACKSLASHES_MAX: usize = 15;
/// Letters that may stand before a quote: SQL's `N'…'` and `E'…'`, Python's `rb"…"`.
const LETTERS: &[u8] = b"NnEeBbXxUuRrFfL";
/// Longest name of a function whose argument is looked at, bytes.
const PREFIX_BYTES_MAX: usize = 40;
/// Shortest value of a short name (`token: …`) in prose that is no word.
const RANDOM_BYTES_MIN: usize = 8;
/// From here on a value needs no digit to be no word.
const LONG_BYTES_MIN: usize = 20;
/// Longest word that may be one; more is a key.
const WORD_BYTES_MAX: usize = 256;
/// Longest placeholder: what is longer is not read twice.
const PLACEHOLDER_BYTES_MAX: usize = 64;

/// Values that tell nothing.
const EMPTY_VALUES: [&str; 9] = [
    "null",
    "None",
    "nil",
    "true",
    "false",
    "True",
    "False",
    "undefined",
    "NULL",
];
/// Words with which a sentence about a secret goes on: "password: must not …".
const PROSE: [&str; 52] = [
    "a",
    "an",
    "the",
    "is",
    "was",
    "are",
    "has",
    "must",
    "should",
    "may",
    "can",
    "cannot",
    "can't",
    "could",
    "does",
    "did",
    "do",
    "not",
    "no",
    "none",
    "null",
    "nil",
    "ok",
    "yes",
    "required",
    "missing",
    "invalid",
    "incorrect",
    "wrong",
    "expired",
    "empty",
    "blank",
    "unknown",
    "mismatch",
    "rejected",
    "denied",
    "failed",
    "unset",
    "set",
    "changed",
    "reset",
    "too",
    "please",
    "at",
    "for",
    "in",
    "of",
    "this",
    "field",
    "string",
    "undefined",
    "error",
];

impl<'t> Scan<'t> {
    /// The value of a secret name; `at` is the `:` or `=` between them.
    pub(super) fn assignment(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::ASSIGNMENT) {
            return None;
        }
        let bytes = self.bytes;
        let colon = bytes[at] == b':';
        // `a::b` of Rust and C++.
        let doubled = |i: usize| bytes.get(i) == Some(&b':');
        if colon && (doubled(at + 1) || (at > 0 && doubled(at - 1))) {
            return None;
        }
        let key = self.key_before(at)?;
        let is_secret = names::is_secret_in_text(key.name, !colon)
            || (key.name == "value" && !colon && self.is_value_of_secret(key.start));
        if !is_secret {
            return None;
        }
        let from = at + 1 + self.run(at + 1, usize::MAX, |b| matches!(b, b' ' | b'\t'));
        let arrow = bytes.get(from) == Some(&b'>');
        let from = match bytes.get(from..) {
            // `==` of a program, `=>` of Ruby and PHP.
            Some([b'=' | b'>', ..]) if !colon || from == at + 1 => self.after_arrow(from + 1),
            _ => from,
        };
        if names::is_directory(key.name) && self.begins_path(from) {
            return None;
        }
        if let Some(found) = self.literal(from) {
            return found.0;
        }
        match self.kind {
            Kind::Source => None,
            // PHP's print_r: `[password] => …`, each on a line of its own.
            Kind::Text if arrow && key.bracketed => {
                let to = from + self.run(from, usize::MAX, |b| !matches!(b, b'\r' | b'\n'));
                self.telling(from, to)
            }
            Kind::Text if colon && key.quote.is_empty() => self.header(&key, from),
            Kind::Text => self.bare(&key, from),
        }
    }

    /// Behind the blanks after a `=>`, and the `string(7) ` that PHP's var_dump puts on
    /// the next line.
    fn after_arrow(&self, from: usize) -> usize {
        let blank = |b: u8| matches!(b, b' ' | b'\t');
        let there = from + self.run(from, usize::MAX, blank);
        let next = self.after_blanks(there);
        if next == there || !self.has(next, b"string(") {
            return there;
        }
        let digits = next + b"string(".len();
        let end = digits + self.run(digits, 10, |b| b.is_ascii_digit());
        if self.bytes.get(end) == Some(&b')') {
            self.after_blanks(end + 1)
        } else {
            there
        }
    }

    /// The string that begins at `from`, also behind a letter (`N'…'`, `b"…"`), as the
    /// first argument of a call (`PASSWORD('…')`, `Some("…")`) or as Erlang's `<<"…">>`;
    /// none if there is no string, nothing in it if it tells nothing.
    pub(super) fn literal(&self, from: usize) -> Option<Literal<'t>> {
        let mut from = from;
        if self.bytes.get(from..)?.starts_with(b"<<\"") {
            from += 2;
        }
        let mut quote = self.quote_at(from);
        if quote.is_empty() {
            let letters = self.run(from, PREFIX_BYTES_MAX + 1, is_word);
            let behind = from + letters;
            let is_call = self.bytes.get(behind) == Some(&b'(');
            if letters == 0 || (letters > 2 && !is_call) {
                return None;
            }
            from = match self.bytes.get(behind) {
                Some(b'&') if letters == 1 => behind + 1,
                Some(b'(') => {
                    let inner = self.after_blanks(behind + 1);
                    let is_prefix = self.bytes.get(inner).is_some_and(|b| LETTERS.contains(b))
                        && !self.quote_at(inner + 1).is_empty();
                    inner + usize::from(is_prefix)
                }
                _ if self.bytes[from..behind].iter().all(|b| LETTERS.contains(b)) => behind,
                _ => return None,
            };
            quote = self.quote_at(from);
            if quote.is_empty() {
                return None;
            }
        }
        let from = self.after_scheme(from + quote.len());
        let to = self.quoted_end(from, quote);
        Some(Literal(self.telling(from, to)))
    }

    /// Whether a path begins at `from`: a directory's, as shells keep it in `PWD`.
    fn begins_path(&self, from: usize) -> bool {
        let from = from + self.quote_at(from).len();
        let rest = &self.text[self.text.floor_char_boundary(from)..];
        names::is_path(rest)
    }

    /// A value without quotes after `=`, or after a quoted key.
    fn bare(&self, key: &Key<'t>, from: usize) -> Option<Secret<'t>> {
        if let Some(b'{' | b'[' | b'(' | b'<') = self.bytes.get(from) {
            let is_data = !key.quote.is_empty() && matches!(self.bytes[from], b'{' | b'[');
            return is_data.then(|| Secret {
                quote: key.quote,
                ..secret(from, self.group_end(from))
            });
        }
        let from = self.after_scheme(from);
        let separates = |b: u8| {
            b <= b' '
                || matches!(
                    b,
                    b'&' | b';' | b',' | b'}' | b']' | b')' | b'"' | b'\'' | b'#'
                )
        };
        let to = from + self.run(from, usize::MAX, |b| !separates(b));
        // Behind the closing quote of a string within a string.
        let to = to - trailing_backslashes(&self.bytes[from..to]);
        let found = self.telling(from, to)?;
        Some(Secret {
            quote: key.quote,
            ..found
        })
    }

    /// `Name: value`, of a header, of YAML, or of prose.
    fn header(&self, key: &Key<'t>, from: usize) -> Option<Secret<'t>> {
        if from >= self.bytes.len() || matches!(self.bytes[from], b'{' | b'[' | b'(' | b'<') {
            return None;
        }
        let start = from;
        let from = self.after_scheme(from);
        let in_line = |b: u8| !matches!(b, b'\r' | b'\n' | b'"' | b'\'');
        let in_word = |b: u8| b > b' ' && !matches!(b, b',' | b';' | b'"' | b'\'' | b')' | b'}');
        let length = self.run(from, WORD_BYTES_MAX + 1, in_word);
        if length > WORD_BYTES_MAX {
            return self.telling(from, from + self.run(from, usize::MAX, in_word));
        }
        // The bound may have cut a letter only in what is longer.
        let word = self.text.get(from..from + length)?;
        if start == from && is_prose(word) {
            return None;
        }
        if key.is_header() {
            let to = from + self.run(from, usize::MAX, in_line);
            let to = to - trailing_backslashes(&self.bytes[from..to]);
            return self.telling(from, to);
        }
        // "unexpected token: ]" is no secret.
        if names::is_plain_word(key.name) && start == from && !looks_random(word) {
            return None;
        }
        let next = self.text[from + length..].trim_start_matches(' ');
        let next = next.split([' ', '\n', ',']).next().unwrap_or_default();
        if key.begins_line && !is_prose(next) && !names::is_plain_word(key.name) {
            let to = from + self.run(from, usize::MAX, |b| in_line(b) && b != b',');
            return self.telling(from, to);
        }
        // Go's `map[a:1 password:x]`.
        let word = word.trim_end_matches(['.', '!', '?', ':', ']']);
        self.telling(from, from + word.len())
    }

    /// The value, unless it says nothing or is a placeholder.
    pub(super) fn telling(&self, from: usize, to: usize) -> Option<Secret<'t>> {
        let value = self.text.get(from..to)?.trim_end();
        let tells = !value.is_empty() && !EMPTY_VALUES.contains(&value) && !is_placeholder(value);
        // `[Filtered` is what is left of a mask before its bracket.
        (tells && !value.starts_with("[Filtered")).then(|| secret(from, from + value.len()))
    }

    /// The key that ends before `at`.
    fn key_before(&self, at: usize) -> Option<Key<'t>> {
        let bytes = self.bytes;
        let mut end = at;
        // `!=` and the like.
        if end > self.floor
            && matches!(bytes[at], b'=' | b'>')
            && matches!(bytes[end - 1], b'!' | b'<' | b'~')
        {
            end -= 1;
        }
        let near = end;
        while end > self.floor && near - end < 2 && bytes[end - 1] == b' ' {
            end -= 1;
        }
        let closing = end;
        let bracketed = end > self.floor && bytes[end - 1] == b']';
        if bracketed {
            end -= 1;
        }
        let quoted = end > self.floor && matches!(bytes[end - 1], b'"' | b'\'' | b'`');
        let mut quote = "";
        if quoted {
            let after = end;
            end -= 1;
            while end > self.floor && after - end <= BACKSLASHES_MAX && bytes[end - 1] == b'\\' {
                end -= 1;
            }
            // An identifier of SQL before `=` says nothing of how its value is quoted.
            if after == closing && bytes[at] == b':' {
                quote = self.text.get(end..after)?;
            }
        }
        let in_key = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'%') || b >= 0x80
        };
        let mut start = end;
        while start > self.floor && end - start < KEY_BYTES_MAX && in_key(bytes[start - 1]) {
            start -= 1;
        }
        let mut line = start;
        while line > self.floor && start - line < 8 && matches!(bytes[line - 1], b' ' | b'\t') {
            line -= 1;
        }
        let begins_line = line == 0 || bytes[line - 1] == b'\n';
        let name = self.text.get(start..end)?;
        (!name.is_empty()).then_some(Key {
            name,
            start,
            quote,
            bracketed,
            begins_line,
        })
    }

    /// `"`, `'`, or one of them behind backslashes; empty if there is none.
    pub(super) fn quote_at(&self, from: usize) -> &'t str {
        let slashes = self.run(from, BACKSLASHES_MAX, |b| b == b'\\');
        match self.bytes.get(from + slashes) {
            Some(b'"' | b'\'') => &self.text[from..=from + slashes],
            _ => "",
        }
    }

    /// Where the string that `quote` opened ends. A quote behind more backslashes is
    /// part of it, one behind fewer ends a string around it.
    pub(super) fn quoted_end(&self, from: usize, quote: &str) -> usize {
        let mark = quote.as_bytes()[quote.len() - 1];
        let slashes = quote.len() - 1;
        let mut run = 0;
        for (at, byte) in self.bytes.iter().enumerate().skip(from) {
            if *byte == b'\\' {
                run += 1;
                continue;
            }
            if *byte == mark {
                let ends = if slashes == 0 {
                    run % 2 == 0
                } else {
                    run <= slashes
                };
                if ends {
                    return at - if slashes == 0 { 0 } else { run };
                }
            }
            run = 0;
        }
        self.bytes.len()
    }

    /// Behind the bracket that closes the one at `from`, or the end of what is there.
    fn group_end(&self, from: usize) -> usize {
        let mut depth = 0usize;
        for (at, byte) in self.bytes.iter().enumerate().skip(from) {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
        }
        self.bytes.len()
    }

    /// Keeps `Bearer ` and the like: what kind of secret it was is worth knowing.
    fn after_scheme(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        for scheme in ["Bearer ", "Basic ", "Digest ", "Token "] {
            let start = rest.get(..scheme.len());
            if start.is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
                return from + scheme.len();
            }
        }
        from
    }
}

/// A string that was found: its secret, if it tells anything.
pub(super) struct Literal<'t>(pub(super) Option<Secret<'t>>);

/// The name before a `:` or `=`.
struct Key<'t> {
    name: &'t str,
    /// Where it begins.
    start: usize,
    /// What it stands in, with backslashes; empty: nothing.
    quote: &'t str,
    /// `[name]`
    bracketed: bool,
    begins_line: bool,
}

impl Key<'_> {
    /// Its value has blanks and commas in it.
    fn is_header(&self) -> bool {
        let is = |name: &str| self.name.eq_ignore_ascii_case(name);
        is("authorization") || is("proxy-authorization") || is("cookie") || is("set-cookie")
    }
}

fn is_placeholder(value: &str) -> bool {
    value.len() <= PLACEHOLDER_BYTES_MAX
        && (matches!(value, "%s" | "%d" | "%r" | "?" | "{}" | "$1")
            || value.bytes().all(|b| b == b'*')
            || is_variable(value)
            || (value.starts_with("{{") && value.ends_with("}}"))
            || (value.starts_with("%(") && value.ends_with(")s")))
}

/// `${NAME}` and `$NAME` of shells and templates.
fn is_variable(value: &str) -> bool {
    if let Some(name) = value.strip_prefix("${") {
        return name.trim_end_matches('}').bytes().all(is_word);
    }
    let name = value.strip_prefix('$').unwrap_or_default();
    let in_name = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    !name.is_empty() && name.bytes().all(in_name)
}

fn trailing_backslashes(value: &[u8]) -> usize {
    value.iter().rev().take_while(|b| **b == b'\\').count()
}

pub(super) fn is_prose(word: &str) -> bool {
    let word = word.trim_end_matches(['.', '!', '?', ':']);
    word.is_empty() || PROSE.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a word is rather a key than a word.
fn looks_random(word: &str) -> bool {
    let token =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'=' | b'/' | b'+');
    let has_letter = word.bytes().any(|b| b.is_ascii_alphabetic());
    let has_digit = word.bytes().any(|b| b.is_ascii_digit());
    word.bytes().all(token)
        && ((word.len() >= RANDOM_BYTES_MIN && has_letter && has_digit)
            || word.len() >= LONG_BYTES_MIN)
}
