//! Secrets inside of strings: one pass over the bytes that stops at few of them
//! (`:`, `=`, `-`, digits at the start of a word, …) and asks there whether a secret
//! begins, ends or stands around.
//!
//! Owns the pass and which detector is asked where; the detectors are [`assign`]
//! (`key=value`), [`address`] (passwords of URLs and other addresses), [`sql`]
//! (statements that set passwords, rows of values), [`markup`] (elements and their
//! attributes), [`command`] (options of command lines), [`shapes`] (tokens that are
//! known by their look) and [`numbers`] (cards, accounts, addresses). Invariant: a detector reads
//! a bounded number of bytes, or only those it then masks, so that the pass is
//! linear in the text; what is masked is found masked by a second pass. It is a
//! scanner and no parser: it also works on what was cut off.

mod address;
mod assign;
mod command;
mod markup;
mod numbers;
mod shapes;
mod sql;

use std::collections::VecDeque;

use super::MASK;

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Values, messages, dumps, URLs.
    Text,
    /// A line of a program: a secret is a literal, an expression is none.
    Source,
}

/// What is looked for: a set of the constants below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detect(u16);

impl Detect {
    /// `password=…`, `"token": "…"`, with names that [`super::names`] knows.
    pub(super) const ASSIGNMENT: Self = Self(1);
    /// The password of `://user:password@host`, secret paths of webhooks.
    pub(super) const URL: Self = Self(1 << 1);
    /// Keys of well-known services, `Bearer …`, `Basic …`.
    pub(super) const TOKEN: Self = Self(1 << 2);
    /// JSON web tokens.
    pub(super) const JWT: Self = Self(1 << 3);
    /// Private keys as PEM blocks.
    pub(super) const PEM: Self = Self(1 << 4);
    /// Payment cards with a sound check digit.
    pub(super) const CARD: Self = Self(1 << 5);
    /// Bank accounts with sound check digits.
    pub(super) const IBAN: Self = Self(1 << 6);
    /// US social security numbers.
    pub(super) const SSN: Self = Self(1 << 7);
    /// E-mail addresses.
    pub(super) const EMAIL: Self = Self(1 << 8);
    /// IP addresses, but those of the host itself.
    pub(super) const IP: Self = Self(1 << 9);
    /// What is looked for unless a project says otherwise.
    pub(super) const DEFAULT: Self = Self(0xff);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Passes over a text that holds secrets; nearly all are done after the first.
const PASSES_MAX: usize = 8;

/// One secret: the bytes `from..to` of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Secret<'t> {
    from: usize,
    to: usize,
    /// Put around what stands for it, so that JSON stays JSON.
    quote: &'t str,
}

const fn secret<'t>(from: usize, to: usize) -> Secret<'t> {
    Secret {
        from,
        to,
        quote: "",
    }
}

/// The text with its secrets masked; `None` if there are none.
pub(super) fn scrub(text: &str, kind: Kind, detect: Detect) -> Option<String> {
    let mask = |text: &str| replace(text, kind, detect, |_, out| out.push_str(MASK));
    let mut masked = mask(text)?;
    // A mask in the place of a slash may join what it parted: `://a=://;@`.
    for _ in 1..PASSES_MAX {
        let Some(again) = mask(&masked) else {
            break;
        };
        masked = again;
    }
    Some(masked)
}

/// As [`scrub`], with what `write` puts in a secret's place.
pub(super) fn replace(
    text: &str,
    kind: Kind,
    detect: Detect,
    mut write: impl FnMut(&str, &mut String),
) -> Option<String> {
    let mut scan = Scan {
        text,
        bytes: text.as_bytes(),
        kind,
        detect,
        floor: 0,
        no_pem_end_after: usize::MAX,
        rows_end: 0,
        planned: VecDeque::new(),
    };
    let mut out: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(stop) = scan.next_stop(at) {
        let found = scan.at(stop).filter(|found| {
            found.from >= copied
                && found.from < found.to
                && !is_masked(&scan.bytes[found.from..found.to])
        });
        let Some(found) = found else {
            at = scan.after(stop);
            continue;
        };
        let (Some(before), Some(value)) =
            (text.get(copied..found.from), text.get(found.from..found.to))
        else {
            at = stop + 1;
            continue;
        };
        let out = out.get_or_insert_with(|| String::with_capacity(text.len()));
        out.push_str(before);
        out.push_str(found.quote);
        write(value, out);
        out.push_str(found.quote);
        copied = found.to;
        scan.floor = copied;
        at = found.to.max(stop + 1);
    }
    let mut out = out?;
    out.push_str(&text[copied..]);
    Some(out)
}

fn is_masked(value: &[u8]) -> bool {
    value == MASK.as_bytes()
}

/// One pass over one text.
struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    kind: Kind,
    detect: Detect,
    /// Nothing before it is looked at: it is masked.
    floor: usize,
    /// From here on no `-----END` follows.
    no_pem_end_after: usize,
    /// Rows of values are read up to here.
    rows_end: usize,
    /// Secrets found ahead of the pass, in their order.
    planned: VecDeque<Secret<'t>>,
}

/// Bytes at which the pass stops. Letters only where a token's first ones stand out.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let list = b":=-_@>JKSIGBbvVwWyY0123456789";
    let mut at = 0;
    while at < list.len() {
        stops[list[at] as usize] = true;
        at += 1;
    }
    stops
};

impl<'t> Scan<'t> {
    fn next_stop(&self, from: usize) -> Option<usize> {
        let rest = self.bytes.get(from..)?;
        let found = rest.iter().position(|byte| STOPS[usize::from(*byte)]);
        let found = found.map(|found| from + found);
        match self.planned.front() {
            Some(planned) if found.is_none_or(|found| planned.from <= found) => {
                // What was masked meanwhile is passed over.
                Some(planned.from.max(from))
            }
            _ => found,
        }
    }

    /// Where to go on when nothing began at `at`: a number is looked at once.
    fn after(&self, at: usize) -> usize {
        if !self.bytes[at].is_ascii_digit() {
            return at + 1;
        }
        let rest = &self.bytes[at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
        at + digits.count()
    }

    fn at(&mut self, at: usize) -> Option<Secret<'t>> {
        if self.planned.front().is_some_and(|next| next.from <= at) {
            return self.planned.pop_front();
        }
        match self.bytes[at] {
            b':' if self.bytes[at..].starts_with(b"://") => self.url(at),
            b':' => self
                .assignment(at)
                .or_else(|| self.thin(at))
                .or_else(|| self.telegram(at))
                .or_else(|| self.ip_v6(at)),
            b'=' => self.assignment(at),
            b'-' => self.dashes(at).or_else(|| self.option(at)),
            b'_' => self.underscored(at),
            b'@' => self.user_at(at).or_else(|| self.email(at)),
            b'>' => self.element(at),
            b'w' | b'W' => self.password(at),
            b'y' | b'Y' => self.identified_by(at),
            b'v' | b'V' => self.rows(at),
            b'J' => self.jwt(at),
            b'B' | b'b' => self.scheme(at),
            b'0'..=b'9' => self.number(at),
            _ => self.capitals(at),
        }
    }

    /// Whether these letters stand at `at`, in either case.
    fn has(&self, at: usize, word: &[u8]) -> bool {
        let there = self.bytes.get(at..at + word.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(word))
    }

    /// Where the blanks from `from` on end.
    fn after_blanks(&self, from: usize) -> usize {
        from + self.run(from, usize::MAX, |b| {
            matches!(b, b' ' | b'\t' | b'\r' | b'\n')
        })
    }

    /// The byte before, if it is not masked.
    fn before(&self, at: usize) -> Option<u8> {
        (at > self.floor).then(|| self.bytes[at - 1])
    }

    /// Whether a word begins at `at`.
    fn begins_word(&self, at: usize) -> bool {
        self.before(at).is_none_or(|byte| !is_word(byte))
    }

    /// Whether a word that reaches to `at` ends there.
    fn ends_word(&self, at: usize) -> bool {
        self.bytes.get(at).is_none_or(|byte| !is_word(*byte))
    }

    /// How many bytes from `from` on are such, at most `max`.
    fn run(&self, from: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        rest.iter().take(max).take_while(|byte| is(**byte)).count()
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests;
