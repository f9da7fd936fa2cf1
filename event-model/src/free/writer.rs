//! Writes JSON text, piece by piece.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Free, Part};

/// The text of one object while it is written: members one after the other, each a
/// [`Writer::key`] and then one value. Commas and the brackets still open at the
/// end are its own business.
///
/// What its caller owes: a value after each key, and no key inside of a list.
#[derive(Debug)]
pub struct Writer {
    text: String,
    /// Closing brackets of what is open, the outermost first.
    open: Vec<u8>,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// An object without members.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// The same with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        Self {
            text,
            open: vec![b'}'],
        }
    }

    /// Members are added to those of `free`.
    pub fn append_to(free: Free) -> Self {
        if free.is_empty() {
            return Self::new();
        }
        let mut text = free.text;
        text.truncate(text.trim_ascii_end().len() - 1);
        text.truncate(text.trim_ascii_end().len());
        Self {
            text,
            open: vec![b'}'],
        }
    }

    /// The length of the text so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.text.len() <= 1
    }

    /// The next value's name.
    pub fn key(&mut self, name: &str) {
        self.string(name);
        self.text.push(':');
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        self.comma();
        write_string(&mut self.text, text);
    }

    /// A whole number.
    pub fn integer(&mut self, number: i64) {
        self.comma();
        let _ = write!(self.text, "{number}");
    }

    /// A number in JSON's own notation; what cannot be one becomes null.
    pub fn number(&mut self, text: &str) {
        self.comma();
        let part = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        let is_number = !text.is_empty() && text.as_bytes().iter().all(part);
        self.text.push_str(if is_number { text } else { "null" });
    }

    /// Null.
    pub fn null(&mut self) {
        self.comma();
        self.text.push_str("null");
    }

    /// True or false.
    pub fn boolean(&mut self, value: bool) {
        self.comma();
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// Any value.
    pub fn value(&mut self, value: &Value) {
        self.comma();
        // A value has string keys only: it always prints.
        let _ = write!(self.text, "{value}");
    }

    /// A value of another object.
    pub fn part(&mut self, part: Part<'_>) {
        self.comma();
        self.text.push_str(part.as_json());
    }

    /// An object of free form.
    pub fn free(&mut self, free: &Free) {
        self.comma();
        self.text.push_str(free.as_json());
    }

    /// Opens an object, to be closed by [`Writer::end`].
    pub fn begin_object(&mut self) {
        self.comma();
        self.text.push('{');
        self.open.push(b'}');
    }

    /// Opens a list, to be closed by [`Writer::end`].
    pub fn begin_list(&mut self) {
        self.comma();
        self.text.push('[');
        self.open.push(b']');
    }

    /// Closes what was opened last.
    pub fn end(&mut self) {
        // The outermost is closed by `finish`.
        if self.open.len() > 1
            && let Some(bracket) = self.open.pop()
        {
            self.text.push(bracket.into());
        }
    }

    /// Closes what is open.
    pub fn finish(mut self) -> Free {
        while self.open.len() > 1 {
            self.end();
        }
        if self.is_empty() {
            return Free::new();
        }
        self.text.push('}');
        Free { text: self.text }
    }

    /// After a value comes a comma; after a bracket or a key none.
    fn comma(&mut self) {
        if !matches!(self.text.as_bytes().last(), Some(b'{' | b'[' | b':')) {
            self.text.push(',');
        }
    }
}

/// Writes `text` in quotes, with JSON's escapes.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = next_to_escape(bytes, from) {
        out.push_str(&text[from..at]);
        match bytes[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// Where the next byte that a JSON string escapes (a quote, a backslash, a control
/// character) is, from `from` on; `None` if there is none. Eight bytes a step.
pub fn next_to_escape(bytes: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = from;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5c);
        // The high bit of the lowest byte that is below the subtrahend; what is borrowed
        // spoils higher bytes only.
        let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGHS;
        let found = below(word, 0x20) | below(quote, 1) | below(backslash, 1);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let escaped = |b: &u8| matches!(b, 0..0x20 | b'"' | b'\\');
    rest.iter().position(escaped).map(|found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_in_every_place() {
        for length in 0..20 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    for filler in [b'a', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']', b' '] {
                        let mut bytes = vec![filler; length];
                        bytes[place] = byte;
                        let escaped = byte < 0x20 || byte == b'"' || byte == b'\\';
                        let expected = escaped.then_some(place);
                        assert_eq!(next_to_escape(&bytes, 0), expected, "{bytes:?}");
                        assert_eq!(next_to_escape(&bytes, place), expected, "{bytes:?}");
                        assert_eq!(next_to_escape(&bytes, place + 1), None, "{bytes:?}");
                    }
                }
            }
        }
    }
}
