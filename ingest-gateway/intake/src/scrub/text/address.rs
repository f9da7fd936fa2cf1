//! Passwords that stand in an address: of URLs of any scheme, of database drivers' own
//! forms, and paths that are secrets themselves.

use super::{Detect, Scan, Secret, secret};

/// Shortest user name of a URL that is rather a token.
const URL_USER_BYTES_MIN: usize = 20;
/// Longest password looked for beyond what ends an authority, and before an `@`, bytes.
const PASSWORD_BYTES_MAX: usize = 128;

impl<'t> Scan<'t> {
    /// What is secret in the authority or path of a URL; `at` is its first colon.
    pub(super) fn url(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::URL) {
            return None;
        }
        let start = at + 3;
        let ends =
            |b: u8| matches!(b, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>') || b <= b' ';
        let length = self.run(start, usize::MAX, |b| !ends(b));
        let authority = &self.bytes[start..start + length];
        let Some(host) = authority.iter().rposition(|b| *b == b'@') else {
            return self
                .webhook(start, authority)
                .or_else(|| self.unescaped(start, authority));
        };
        match authority[..host].iter().position(|b| *b == b':') {
            Some(colon) => (colon + 1 < host).then(|| secret(start + colon + 1, start + host)),
            // `https://TOKEN@host`
            None => (host >= URL_USER_BYTES_MIN
                && authority[..host].iter().any(u8::is_ascii_digit))
            .then(|| secret(start, start + host)),
        }
    }

    /// Whoever knows the path of such a URL may write there.
    fn webhook(&self, start: usize, host: &[u8]) -> Option<Secret<'t>> {
        let prefix: &[u8] = match host {
            b"hooks.slack.com" => b"/services/",
            b"discord.com" | b"discordapp.com" => b"/api/webhooks/",
            _ => return None,
        };
        let path = start + host.len();
        if !self.bytes[path..].starts_with(prefix) {
            return None;
        }
        let from = path + prefix.len();
        let in_path = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-');
        Some(secret(from, from + self.run(from, 200, in_path)))
    }

    /// `postgres://ann:pa/ss@db/shop`: a password with what should have been escaped.
    fn unescaped(&self, start: usize, authority: &[u8]) -> Option<Secret<'t>> {
        let colon = authority.iter().position(|b| *b == b':')?;
        let from = start + colon + 1;
        let port = authority[colon + 1..].iter().all(u8::is_ascii_digit);
        if port || colon == 0 {
            return None;
        }
        let in_text = |b: u8| b > b' ' && !matches!(b, b'"' | b'\'' | b'<' | b'>');
        let length = self.run(from, PASSWORD_BYTES_MAX, in_text);
        let host = self.bytes[from..from + length]
            .iter()
            .rposition(|b| *b == b'@')?;
        (host > 0).then(|| secret(from, from + host))
    }

    /// `ann:x@tcp(db:3306)/shop` of Go's driver; `at` is the `@`.
    pub(super) fn user_at(&self, at: usize) -> Option<Secret<'t>> {
        let is_driver = self.has(at + 1, b"tcp(") || self.has(at + 1, b"unix(");
        if !is_driver || !self.detect.has(Detect::URL) {
            return None;
        }
        let before = &self.bytes[self.floor.max(at.saturating_sub(PASSWORD_BYTES_MAX))..at];
        let ends = |b: &u8| *b <= b' ' || matches!(*b, b'"' | b'\'' | b'<' | b'>');
        let begin = before.iter().rposition(ends).map_or(0, |end| end + 1);
        let given = &before[begin..];
        let colon = given.iter().position(|b| *b == b':')?;
        let from = at - given.len() + colon + 1;
        (from < at).then(|| secret(from, at))
    }

    /// `jdbc:oracle:thin:ann/x@db`; `at` is the last colon.
    pub(super) fn thin(&self, at: usize) -> Option<Secret<'t>> {
        let driver = b"oracle:thin";
        let start = at.checked_sub(driver.len())?;
        if self.before(at) != Some(b'n')
            || !self.has(start, driver)
            || !self.detect.has(Detect::URL)
        {
            return None;
        }
        let in_part = |b: u8| b > b' ' && !matches!(b, b'"' | b'\'' | b'@' | b'/');
        let slash = at + 1 + self.run(at + 1, PASSWORD_BYTES_MAX, in_part);
        let to = slash + 1 + self.run(slash + 1, PASSWORD_BYTES_MAX, in_part);
        let is_login = self.bytes.get(slash) == Some(&b'/') && self.bytes.get(to) == Some(&b'@');
        (is_login && slash + 1 < to).then(|| secret(slash + 1, to))
    }
}
