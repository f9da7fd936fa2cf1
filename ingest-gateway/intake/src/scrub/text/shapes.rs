//! Secrets known by their look: keys of well-known services, JSON web tokens,
//! private keys, `Bearer` and `Basic`. The shapes are those that the services
//! publish for secret scanners.

use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::STANDARD_NO_PAD};

use super::{Detect, Scan, Secret, is_word, secret};

/// Longest token looked at, bytes; a longer one is no token.
const TOKEN_BYTES_MAX: usize = 4_096;
/// Longest `Basic` credentials decoded, bytes.
const BASIC_BYTES_MAX: usize = 1_024;
/// Longest prefix of the lists below.
const PREFIX_BYTES_MAX: usize = 16;

/// Prefixes that end in or hold `_`, and how many letters and digits follow at
/// least.
const UNDERSCORED: [(&str, usize); 26] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("whsec_", 16),
    ("npm_", 30),
    ("dop_v1_", 32),
    ("doo_v1_", 32),
    ("dor_v1_", 32),
    ("shpat_", 32),
    ("shpss_", 32),
    ("shpca_", 32),
    ("shppa_", 32),
    ("hf_", 30),
    ("glsa_", 30),
    ("sntrys_", 30),
    ("sntryu_", 30),
    ("dckr_pat_", 20),
    ("lin_api_", 30),
    ("rubygems_", 40),
];
/// The same for those with `-`; letters, digits, `-` and `_` follow.
const DASHED: [(&str, usize); 17] = [
    ("glpat-", 20),
    ("glptt-", 20),
    ("gldt-", 20),
    ("glrt-", 20),
    ("xoxb-", 10),
    ("xoxa-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xoxe-", 10),
    ("xoxc-", 10),
    ("xapp-", 10),
    ("pypi-", 32),
    ("GOCSPX-", 20),
    ("sk-", 20),
    ("PMAK-", 40),
    ("AGE-SECRET-KEY-", 40),
];
/// Prefix of Errata's own API tokens.
const OUR_TOKEN: &str = "errata_";
/// Length of an Errata token behind its prefix: 256 bits.
const OUR_TOKEN_BYTES: usize = 43;

impl<'t> Scan<'t> {
    /// `ghp_…`; `at` is the first underscore of its word.
    pub(super) fn underscored(&self, at: usize) -> Option<Secret<'t>> {
        let start = self.prefix_start(at)?;
        let rest = &self.text[start..];
        if rest.starts_with(OUR_TOKEN) {
            let from = start + OUR_TOKEN.len();
            let length = self.run(from, TOKEN_BYTES_MAX, is_url_base64);
            return (length == OUR_TOKEN_BYTES).then(|| secret(start, from + length));
        }
        let (prefix, min) = UNDERSCORED
            .iter()
            .find(|(prefix, _)| rest.starts_with(prefix))?;
        let from = start + prefix.len();
        let length = self.run(from, TOKEN_BYTES_MAX, |b| b.is_ascii_alphanumeric());
        let to = from + self.run(from, TOKEN_BYTES_MAX, is_url_base64);
        (length >= *min && self.has_digit(from, to)).then(|| secret(start, to))
    }

    /// `glpat-…`, or the five dashes of a PEM block.
    pub(super) fn dashes(&mut self, at: usize) -> Option<Secret<'t>> {
        if self.bytes[at..].starts_with(b"-----BEGIN ") {
            return self.pem(at);
        }
        let start = self.prefix_start(at)?;
        let rest = &self.text[start..];
        let (prefix, min) = DASHED.iter().find(|(prefix, _)| rest.starts_with(prefix))?;
        let from = start + prefix.len();
        let to = from + self.run(from, TOKEN_BYTES_MAX, is_url_base64);
        let mixed = *prefix != "sk-" || self.bytes[from..to].iter().any(u8::is_ascii_uppercase);
        (to - from >= *min && mixed && self.has_digit(from, to)).then(|| secret(start, to))
    }

    /// Where the word that has its first `-` or `_` at `at` begins.
    fn prefix_start(&self, at: usize) -> Option<usize> {
        if !self.detect.has(Detect::TOKEN) {
            return None;
        }
        // Cheap, and lets most of snake_case go: what comes next is no token.
        if self.run(at + 1, 1, |b| b.is_ascii_alphanumeric()) == 0 {
            return None;
        }
        let mut start = at;
        while start > self.floor && self.bytes[start - 1].is_ascii_alphanumeric() {
            start -= 1;
            if at - start > PREFIX_BYTES_MAX {
                return None;
            }
        }
        let begins = start < at && self.begins_word(start);
        (begins && self.before(start) != Some(b'-')).then_some(start)
    }

    /// `AKIA…`, `AIza…`, `SG.…`, `SK…`: `at` is a capital that stands out in them.
    pub(super) fn capitals(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::TOKEN) || at == self.floor {
            return None;
        }
        let start = at - 1;
        let rest = &self.bytes[start..];
        let (prefix, length) = if rest.starts_with(b"AKIA") || rest.starts_with(b"ASIA") {
            let length = self.run(start + 4, 17, |b| {
                b.is_ascii_uppercase() || b.is_ascii_digit()
            });
            (4, (length == 16).then_some(16)?)
        } else if rest.starts_with(b"AIza") {
            (
                4,
                Some(self.run(start + 4, 64, is_url_base64)).filter(|n| *n == 35)?,
            )
        } else if rest.starts_with(b"SK") {
            (
                2,
                Some(self.run(start + 2, 33, |b| b.is_ascii_hexdigit())).filter(|n| *n == 32)?,
            )
        } else if rest.starts_with(b"SG.") {
            let id = self.run(start + 3, 64, is_url_base64);
            if id < 16 || self.bytes.get(start + 3 + id) != Some(&b'.') {
                return None;
            }
            let key = self.run(start + 4 + id, 128, is_url_base64);
            (3, (key >= 16).then_some(id + 1 + key)?)
        } else {
            return None;
        };
        let to = start + prefix + length;
        (self.begins_word(start) && self.ends_word(to)).then(|| secret(start, to))
    }

    /// `eyJ….….…`; `at` is the J.
    pub(super) fn jwt(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::JWT) || at < self.floor + 2 {
            return None;
        }
        let start = at - 2;
        // Not after a dash either: a run of tokens is read once.
        let begins = self.begins_word(start) && self.before(start) != Some(b'-');
        if !self.bytes[start..].starts_with(b"eyJ") || !begins {
            return None;
        }
        let head = self.run(start, TOKEN_BYTES_MAX, is_url_base64);
        let dot = start + head;
        if head < 12 || self.bytes.get(dot) != Some(&b'.') {
            return None;
        }
        let payload = self.run(dot + 1, usize::MAX, is_url_base64);
        let to = dot + 1 + self.run(dot + 1, usize::MAX, |b| is_url_base64(b) || b == b'.');
        (payload >= 4).then(|| secret(start, to))
    }

    /// `Bearer …` and `Basic …`; `at` is the B.
    pub(super) fn scheme(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::TOKEN) {
            return None;
        }
        let is = |word: &[u8]| {
            let start = self.bytes.get(at..at + word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        match self.bytes.get(at + 1)? | 0x20 {
            b'e' if is(b"bearer ") && self.begins_word(at) => {
                let from = at + 7;
                let token =
                    |b: u8| is_url_base64(b) || matches!(b, b'.' | b'~' | b'+' | b'/' | b'=');
                let to = from + self.run(from, TOKEN_BYTES_MAX, token);
                // "bearer authentication" is none.
                let long = to - from >= 32;
                let keyed = to - from >= 8 && self.has_digit(from, to);
                ((long || keyed) && self.bytes.get(to) != Some(&b'(')).then(|| secret(from, to))
            }
            b'a' if is(b"basic ") && self.begins_word(at) => {
                let from = at + 6;
                let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
                let to = from + self.run(from, BASIC_BYTES_MAX, base64);
                let given = &self.bytes[from..to];
                let decoded = STANDARD
                    .decode(given)
                    .or_else(|_| STANDARD_NO_PAD.decode(given))
                    .ok()?;
                decoded.contains(&b':').then(|| secret(from, to))
            }
            _ => None,
        }
    }

    /// `123456789:AA…`, the token of a Telegram bot; `at` is the colon.
    pub(super) fn telegram(&self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::TOKEN) {
            return None;
        }
        let mut start = at;
        while start > self.floor && at - start <= 10 && self.bytes[start - 1].is_ascii_digit() {
            start -= 1;
        }
        let length = self.run(at + 1, 64, is_url_base64);
        let fits = (8..=10).contains(&(at - start)) && (34..=36).contains(&length);
        fits.then(|| secret(start, at + 1 + length))
    }

    /// The content of a private key; `at` is the first dash of its first line. The
    /// lines around it stay.
    fn pem(&mut self, at: usize) -> Option<Secret<'t>> {
        if !self.detect.has(Detect::PEM) {
            return None;
        }
        let label_at = at + b"-----BEGIN ".len();
        let label = self.run(label_at, 64, |b| {
            b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' '
        });
        let label_to = label_at + label;
        let name = &self.text[label_at..label_to];
        if !name.contains("PRIVATE KEY") || !self.bytes[label_to..].starts_with(b"-----") {
            return None;
        }
        let from = label_to + 5;
        if from < self.no_pem_end_after {
            if let Some(end) = self.text[from..].find("-----END") {
                return Some(secret(from, from + end));
            }
            self.no_pem_end_after = from;
        }
        // Cut off: to the end of the string that it stands in.
        let to = from + self.run(from, usize::MAX, |b| !matches!(b, b'"' | b'\''));
        Some(secret(from, to))
    }

    fn has_digit(&self, from: usize, to: usize) -> bool {
        self.bytes[from..to].iter().any(u8::is_ascii_digit)
    }
}

/// The alphabet of most tokens.
fn is_url_base64(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}
