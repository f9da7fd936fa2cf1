//! Masks what varies from one occurrence of a message to the next.
//!
//! | in the text | becomes |
//! | --- | --- |
//! | numbers, versions, hexadecimal and other ids, UUIDs | `<#>` ([`words`]) |
//! | numbers with a unit | `<duration>`, `<size>` |
//! | dates and times in their forms | `<date>`, `<time>` ([`dates`]) |
//! | addresses and names of hosts, mail addresses, URLs | `<host>`, `<email>`, `<url>` ([`places`]) |
//! | home folders, temporary folders, hashes in names of files | `<home>`, `<tmp>`, `<hash>` ([`places`]) |
//! | telephone numbers, money, versions, browsers' lines, data in addresses | `<#>`, `<agent>`, `<data>` ([`values`]) |
//! | quoted words that are no names of code; strings and words in JSON and behind `=` | `<text>` ([`quotes`]) |
//!
//! A list of alike ones is one. A single digit within a word (`utf8`, `http2`) stays.
//! Invariant: total (any text, no panic), linear (a scan either consumes what it looked
//! at or looks at a bounded number of bytes), and masking twice changes nothing: what is
//! masked may stand anew before what was not, so it is done again until nothing changes,
//! and each time less is left. All cuts are at ASCII bytes, so the result is whole
//! characters.

mod dates;
mod ids;
mod places;
mod quotes;
mod values;
mod words;

use crate::marks::Words;

/// Times that a text is masked; the second changes nothing in all but some of those that
/// nobody would write.
const PASSES_MAX: usize = 16;

/// The text with its variable parts replaced.
pub(crate) fn mask(text: &str) -> String {
    let mut masked = once(text);
    // Where nothing was masked, nothing will be.
    if masked == text {
        return masked;
    }
    for _ in 1..PASSES_MAX {
        let again = once(&masked);
        if again == masked {
            break;
        }
        masked = again;
    }
    masked
}

fn once(text: &str) -> String {
    scanned(text, true)
}

/// Masks a text once; if not `is_fast` plain words are asked what all are asked.
fn scanned(text: &str, is_fast: bool) -> String {
    let mut masked = Masked {
        text: String::with_capacity(text.len() + 16),
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let before = if at == 0 { b' ' } else { bytes[at - 1] };
        let plain = if is_fast {
            plain(before, rest, &masked)
        } else {
            0
        };
        if plain > 0 {
            masked.keep(&rest[..plain]);
            at += plain;
        } else if let Some(len) = placeholder(rest) {
            masked.token(&rest[..len]);
            at += len;
        } else if let Some(len) = quotes::quoted(before, rest, &mut masked) {
            at += len;
        } else if is_inner(before) {
            at += words::word(before, rest, &mut masked);
        } else if let Some(len) = values::value(before, rest, &mut masked) {
            at += len;
        } else if let Some(len) = ids::id_with_signs(rest) {
            masked.token("<#>");
            at += len;
        } else if let Some(len) = dates::date(before, rest, &mut masked)
            .or_else(|| places::place(before, rest, &mut masked))
            .or_else(|| words::number(before, rest, &mut masked))
            .or_else(|| quotes::assigned(before, rest, &mut masked))
            .or_else(|| values::weekday(rest, &mut masked))
        {
            at += len;
        } else {
            at += words::word(before, rest, &mut masked);
        }
    }
    masked.text
}

/// The length of a word that is none of what is masked, with the blank behind it: small
/// letters between blanks. Most of a text are such words, and a dozen questions are asked of
/// any other.
fn plain(before: u8, rest: &str, masked: &Masked) -> usize {
    // What has no digits, signs and capitals and is masked all the same, or may be.
    static SAYING: Words<7> = Words::of(["nan", "inf", "infinity", "true", "false", "null", "nil"]);
    let bytes = rest.as_bytes();
    let letters = bytes.iter().take(words::WORD_BYTES_MAX);
    let len = letters.take_while(|b| b.is_ascii_lowercase()).count();
    let written = masked.text.as_bytes();
    // Behind a number it is as if that were one.
    let stands_alone = written.is_empty() || written.ends_with(b" ") && !written.ends_with(b"<#> ");
    let ends = bytes.get(len).is_none_or(|b| *b == b' ');
    if before != b' ' || len == 0 || !ends || !stands_alone || SAYING.has(&rest[..len]) {
        return 0;
    }
    len + usize::from(len < bytes.len())
}

/// Whether what stands behind this byte goes on with a word.
fn is_inner(before: u8) -> bool {
    before.is_ascii_alphanumeric() || before == b'_'
}

/// What has been masked before, `<#>` and its like.
fn placeholder(rest: &str) -> Option<usize> {
    const TOKENS: [&str; 14] = [
        "<#>",
        "<text>",
        "<date>",
        "<time>",
        "<duration>",
        "<size>",
        "<host>",
        "<email>",
        "<url>",
        "<hash>",
        "<home>",
        "<tmp>",
        "<agent>",
        "<data>",
    ];
    // To look for one byte costs less.
    let may = rest.starts_with('<');
    let mut tokens = TOKENS.iter().filter(|_| may);
    let token = tokens.find(|token| rest.starts_with(**token));
    token.map(|token| token.len())
}

/// What has been written so far.
struct Masked {
    text: String,
}

impl Masked {
    /// As it is.
    fn keep(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A sign as it is; a comma between a number and a bracket goes: "(5,)".
    fn sign(&mut self, text: &str) {
        if text == ")" && self.text.ends_with("<#>,") {
            self.text.pop();
        }
        self.text.push_str(text);
    }

    /// In the place of something that varies; of a list of alike ones once.
    fn token(&mut self, token: &str) {
        for separator in [", ", ",", " "] {
            let before = self.text.strip_suffix(separator);
            if before.is_some_and(|before| before.ends_with(token)) {
                let kept = self.text.len() - separator.len();
                self.text.truncate(kept);
                return;
            }
        }
        self.text.push_str(token);
    }

    /// The word that was written last, in lower case; blanks and colons behind it left
    /// out.
    fn last_word(&self) -> String {
        let text = self
            .text
            .trim_end_matches([' ', ':', '=', '(', '"', '\'', '`']);
        let text = &text[floor(text, text.len().saturating_sub(24))..];
        let word = text.rsplit(|c: char| !c.is_alphanumeric() && c != '_');
        word.map(str::to_lowercase).next().unwrap_or_default()
    }
}

/// The next lower boundary of a character.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The words of a name that stays: its ids and numbers are masked all the same.
fn words_of(text: &str, masked: &mut Masked) {
    let mut at = 0;
    let mut before = b' ';
    while at < text.len() {
        at += words::word(before, &text[at..], masked);
        before = text.as_bytes()[at - 1];
    }
}

#[cfg(test)]
mod tests;
