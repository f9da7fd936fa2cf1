//! Secrets of command lines that stand in a text: `--password …`, `mysql -p…`,
//! `curl -u user:…`.

use super::{Detect, Kind, Scan, Secret, assign::is_prose};
use crate::scrub::names;

/// Longest option, bytes.
const OPTION_BYTES_MAX: usize = 64;
/// How far before a short option the program's name may stand, bytes.
const COMMAND_BYTES_MAX: usize = 200;
/// Longest value, bytes.
const VALUE_BYTES_MAX: usize = 4_096;
/// Words that follow an option where a text only speaks of it.
const ABOUT: [&str; 16] = [
    "option",
    "options",
    "flag",
    "flags",
    "argument",
    "arguments",
    "parameter",
    "value",
    "given",
    "and",
    "or",
    "to",
    "with",
    "requires",
    "needs",
    "expects",
];
/// Programs that take a password right behind `-p`.
const JOINED: [&str; 3] = ["mysql", "mariadb", "mongo"];
/// Programs that take one as the word behind it.
const APART: [&str; 5] = ["sshpass", "login", "mongo", "htpasswd", "7z"];
/// Programs that take `user:password` behind `-u`.
const USERS: [&str; 4] = ["curl", "wget", "http ", "ldap"];

impl<'t> Scan<'t> {
    /// The value of a secret option; `at` is its first dash.
    pub(super) fn option(&self, at: usize) -> Option<Secret<'t>> {
        let begins = self
            .before(at)
            .is_none_or(|b| b <= b' ' || matches!(b, b'"' | b'\'' | b'`' | b'[' | b'('));
        if !begins || self.kind == Kind::Source || !self.detect.has(Detect::ASSIGNMENT) {
            return None;
        }
        let dashes = self.run(at, 3, |b| b == b'-');
        let from = at + dashes;
        let in_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let length = self.run(from, OPTION_BYTES_MAX, in_name);
        let name = self.text.get(from..from + length)?;
        let blank = |b: u8| matches!(b, b' ' | b'\t');
        let blanks = self.run(from + length, usize::MAX, blank);
        let value = from + length + blanks;
        match (dashes, name) {
            (1 | 2, "u" | "user" | "U" | "proxy-user") if blanks > 0 => self.user_option(at, value),
            (1, _) if name.starts_with('p') && self.is_short_option(at, from + 1) => {
                let blanks = self.run(from + 1, usize::MAX, blank);
                self.option_value(from + 1 + blanks)
            }
            (1 | 2, _) if length > 2 && blanks > 0 && names::is_secret(name) => {
                self.option_value(value)
            }
            _ => None,
        }
    }

    /// The word or string at `from`, unless a text goes on there.
    fn option_value(&self, from: usize) -> Option<Secret<'t>> {
        if let Some(found) = self.literal(from) {
            return found.0;
        }
        if self.bytes.get(from) == Some(&b'-') {
            return None;
        }
        let in_value = |b: u8| b > b' ' && !matches!(b, b'"' | b'\'' | b'`');
        let length = self.run(from, VALUE_BYTES_MAX, in_value);
        let value = self.text.get(from..from + length)?;
        let word = value.trim_end_matches([',', '.', ';', ')', ']']);
        let speaks = is_prose(word) || ABOUT.iter().any(|about| word.eq_ignore_ascii_case(about));
        (!speaks).then(|| self.telling(from, from + word.len()))?
    }

    /// `mysql -px`, `sshpass -p x`; `from` is behind the P.
    fn is_short_option(&self, at: usize, from: usize) -> bool {
        let is_apart = self.bytes.get(from).is_none_or(|b| *b <= b' ');
        self.is_run_by(at, if is_apart { &APART } else { &JOINED })
    }

    /// `curl -u ann:x`: what follows the colon.
    fn user_option(&self, at: usize, from: usize) -> Option<Secret<'t>> {
        let from = from + self.quote_at(from).len();
        let in_name = |b: u8| b > b' ' && !matches!(b, b':' | b'"' | b'\'' | b'/');
        let colon = from + self.run(from, OPTION_BYTES_MAX, in_name);
        if self.bytes.get(colon) != Some(&b':') || !self.is_run_by(at, &USERS) {
            return None;
        }
        let in_value = |b: u8| b > b' ' && !matches!(b, b'"' | b'\'');
        let to = colon + 1 + self.run(colon + 1, VALUE_BYTES_MAX, in_value);
        self.telling(colon + 1, to)
    }

    /// Whether one of these programs stands before `at` on its line.
    fn is_run_by(&self, at: usize, programs: &[&str]) -> bool {
        let since = self.floor.max(at.saturating_sub(COMMAND_BYTES_MAX));
        let line = &self.bytes[since..at];
        let line = line.rsplit(|b| *b == b'\n').next().unwrap_or_default();
        programs
            .iter()
            .any(|program| memchr::memmem::find(line, program.as_bytes()).is_some())
    }
}
