//! Elements of XML and HTML whose name, or whose attribute, says that what they hold is a
//! secret.

use super::{Detect, Kind, Scan, Secret};
use crate::scrub::names;

/// Longest tag looked at, bytes.
const TAG_BYTES_MAX: usize = 512;
/// What keeps markup from being read as such.
const CDATA: &[u8] = b"<![CDATA[";

impl<'t> Scan<'t> {
    /// The content of `<password>…</password>`, `<wsse:Password Type="…">…`,
    /// `<entry key="password">…`; `at` is the end of the tag.
    pub(super) fn element(&self, at: usize) -> Option<Secret<'t>> {
        let next = *self.bytes.get(at + 1)?;
        // `password <> '…'`
        if self.before(at)? == b'<' {
            return self.assignment(at);
        }
        if self.kind == Kind::Source || !self.detect.has(Detect::ASSIGNMENT) {
            return None;
        }
        let is_data = next == b'<' && self.bytes[at + 1..].starts_with(CDATA);
        // `=>`, `->` and a tag within.
        if (next == b'<' && !is_data) || matches!(self.before(at)?, b'=' | b'-' | b'/') {
            return None;
        }
        let tag = self.tag_before(at)?;
        if !is_of_secret(tag) && !self.is_after_secret_key(at - tag.len() - 1, tag) {
            return None;
        }
        let from = if is_data {
            at + 1 + CDATA.len()
        } else {
            at + 1
        };
        let to = from
            + if is_data {
                self.text[from..]
                    .find("]]>")
                    .unwrap_or(self.text.len() - from)
            } else {
                self.run(from, usize::MAX, |b| b != b'<')
            };
        let blanks = self.after_blanks(from).min(to);
        self.telling(blanks, to)
    }

    /// The `value="…"` of an element that another attribute names; `at` is before its `=`.
    pub(super) fn is_value_of_secret(&self, at: usize) -> bool {
        self.tag_before(at).is_some_and(names_a_secret)
    }

    /// What stands between the `<` before `at` and it.
    fn tag_before(&self, at: usize) -> Option<&'t str> {
        let since = self.floor.max(at.saturating_sub(TAG_BYTES_MAX));
        let before = &self.bytes[since..at];
        let open = before.iter().rposition(|b| matches!(b, b'<' | b'>'))?;
        let tag = self.text.get(since + open + 1..at)?;
        let is_open =
            before[open] == b'<' && tag.starts_with(|c: char| c.is_alphabetic() || c == '_');
        is_open.then_some(tag)
    }

    /// `<key>password</key><string>…` of property lists; `open` is the second `<`.
    fn is_after_secret_key(&self, open: usize, tag: &str) -> bool {
        if tag != "string" || open < self.floor {
            return false;
        }
        let since = self.floor.max(open.saturating_sub(TAG_BYTES_MAX));
        let before = self.text.get(since..open).unwrap_or_default().trim_end();
        let key = before
            .strip_suffix("</key>")
            .and_then(|rest| rest.rsplit_once("<key>"));
        key.is_some_and(|(_, name)| names::is_secret(name))
    }
}

/// Whether a tag's element is a secret by its name, or by an attribute that names it.
fn is_of_secret(tag: &str) -> bool {
    let name = tag
        .split([' ', '\t', '\r', '\n'])
        .next()
        .unwrap_or_default();
    let name = name.rsplit(':').next().unwrap_or_default();
    names::is_secret(name) || names_a_secret(tag)
}

/// `name="password"`, `key='password'`.
fn names_a_secret(tag: &str) -> bool {
    ["name=", "key=", "id="].iter().any(|attribute| {
        let Some((before, rest)) = tag.split_once(attribute) else {
            return false;
        };
        let mut parts = rest.split(['"', '\'']);
        let is_quoted = parts.next() == Some("");
        let named = parts.next().unwrap_or_default();
        before.ends_with([' ', '\t', '\n']) && is_quoted && names::is_secret(named)
    })
}
