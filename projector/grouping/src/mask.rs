//! Masks what varies from one occurrence of a message to the next.
//!
//! | in the text | becomes |
//! | --- | --- |
//! | `https://host/path?query` | `<url>` |
//! | `ann@example.com` | `<email>` |
//! | `10.0.0.1`, `fe80::1` | `<ip>` |
//! | `123e4567-e89b-12d3-a456-426614174000` | `<uuid>` |
//! | `0x7ffe`, `9f86d081` (7 or more, with a digit and a letter), `@4aa298b` | `<hex>` |
//! | words of 20 or more letters and digits mixed | `<id>` |
//! | `1.5`, `2e-3` | `<float>` |
//! | any other run of digits, thousands separated or not | `<int>` |
//!
//! Paths are masked part by part by the same rules. A single digit within a word
//! (`utf8`, `http2`) stays. Invariant: total (any text, no panic) and linear: a scan
//! either consumes what it looked at or looks at a bounded number of bytes. All
//! cuts are at ASCII bytes, so the result is whole characters.

/// Longest textual IPv6 address with a zone left out, bytes.
const IPV6_BYTES_MAX: usize = 45;
/// Shortest bare hexadecimal number: an abbreviated git hash.
const HEX_BYTES_MIN: usize = 7;
/// Groups of thousands of one number; bounds the look-ahead.
const THOUSANDS_MAX: usize = 6;
/// Shortest word of letters and digits that is an id.
const ID_BYTES_MIN: usize = 20;

/// The text with its variable parts replaced.
pub(crate) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while !rest.is_empty() {
        let gap = rest.find(|c| !is_break(c)).unwrap_or(rest.len());
        masked.push_str(&rest[..gap]);
        rest = &rest[gap..];
        let chunk = rest.find(is_break).unwrap_or(rest.len());
        mask_chunk(&rest[..chunk], &mut masked);
        rest = &rest[chunk..];
    }
    masked
}

/// What ends a chunk: no URL, address or path goes on behind it.
fn is_break(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '|' | ';')
}

fn mask_chunk(chunk: &str, masked: &mut String) {
    let bare = chunk.trim_end_matches(['.', ',', ':', '!', '?', ']', '}']);
    let tail = &chunk[bare.len()..];
    if let Some(start) = url_start(bare) {
        mask_words(&bare[..start], masked);
        masked.push_str("<url>");
    } else if let Some(start) = email_start(bare) {
        mask_words(&bare[..start], masked);
        masked.push_str("<email>");
    } else {
        mask_words(bare, masked);
    }
    masked.push_str(tail);
}

/// Where the scheme of a URL begins.
fn url_start(chunk: &str) -> Option<usize> {
    let colon = chunk.find("://")?;
    let scheme = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-');
    let letters = chunk.as_bytes()[..colon]
        .iter()
        .rev()
        .take_while(|b| scheme(b));
    let start = colon - letters.count();
    (start < colon).then_some(start)
}

/// Where an e-mail address that ends the chunk begins.
fn email_start(chunk: &str) -> Option<usize> {
    let at = chunk.find('@')?;
    let local = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-');
    let start = at
        - chunk.as_bytes()[..at]
            .iter()
            .rev()
            .take_while(|b| local(b))
            .count();
    let (host, top) = chunk[at + 1..].rsplit_once('.')?;
    let host_ok = !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let top_ok = top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic());
    (start < at && host_ok && top_ok).then_some(start)
}

/// Masks word by word; a word is a run of ASCII letters, digits and `_`.
fn mask_words(text: &str, masked: &mut String) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let before = if at == 0 { b' ' } else { bytes[at - 1] };
        if let Some((mask, len)) = special(before, rest) {
            masked.push_str(mask);
            at += len;
        } else if is_word(rest[0]) {
            let len = rest.iter().take_while(|b| is_word(**b)).count();
            mask_word(&text[at..at + len], masked);
            at += len;
        } else {
            let len = rest
                .iter()
                .take_while(|b| !is_word(**b) && **b != b':')
                .count()
                .max(1);
            masked.push_str(&text[at..at + len]);
            at += len;
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What is recognised as a whole at the start of a word, and its length.
fn special(before: u8, rest: &[u8]) -> Option<(&'static str, usize)> {
    if is_word(before) {
        return None;
    }
    if let Some(len) = uuid(rest) {
        return Some(("<uuid>", len));
    }
    if before != b'.'
        && let Some(len) = ipv4(rest)
    {
        return Some(("<ip>", len));
    }
    if let Some(len) = ipv6(before, rest) {
        return Some(("<ip>", len));
    }
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return number(before, rest);
    }
    None
}

fn ends(rest: &[u8], len: usize) -> bool {
    rest.get(len).is_none_or(|b| !is_word(*b))
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn uuid(rest: &[u8]) -> Option<usize> {
    let text = rest.get(..36)?;
    let fits = text.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    (fits && ends(rest, 36)).then_some(36)
}

fn ipv4(rest: &[u8]) -> Option<usize> {
    let mut len = 0;
    for part in 0..4 {
        if part > 0 {
            if rest.get(len) != Some(&b'.') {
                return None;
            }
            len += 1;
        }
        let count = digits(rest.get(len..len + 4).unwrap_or(&rest[len..]));
        if !(1..=3).contains(&count) {
            return None;
        }
        len += count;
    }
    let version_goes_on =
        rest.get(len) == Some(&b'.') && rest.get(len + 1).is_some_and(u8::is_ascii_digit);
    (ends(rest, len) && !version_goes_on).then_some(len)
}

/// At least two colons between groups of up to four hexadecimal digits, either
/// `::` or eight groups: a time of day (`12:30:45`) has neither.
fn ipv6(before: u8, rest: &[u8]) -> Option<usize> {
    if before == b':' {
        return None;
    }
    let window = &rest[..rest.len().min(IPV6_BYTES_MAX)];
    let len = window
        .iter()
        .take_while(|b| b.is_ascii_hexdigit() || **b == b':')
        .count();
    let text = &window[..len];
    let groups = text.split(|b| *b == b':');
    let short = groups.clone().all(|group| group.len() <= 4);
    let double = text.windows(2).filter(|pair| pair == b"::").count();
    let digit = text.iter().any(u8::is_ascii_digit);
    let fits = match double {
        0 => groups.clone().count() == 8 && groups.clone().all(|group| !group.is_empty()),
        1 => groups.count() <= 9,
        _ => false,
    };
    (fits && short && digit && len >= 3 && ends(rest, len)).then_some(len)
}

/// A number at the start of a word that is nothing but a number.
fn number(before: u8, rest: &[u8]) -> Option<(&'static str, usize)> {
    let mut len = digits(rest);
    // Thousands: groups of exactly three, no blank between.
    for _ in 0..THOUSANDS_MAX {
        let group = rest.get(len + 1..).unwrap_or_default();
        if rest.get(len) != Some(&b',') || digits(&group[..group.len().min(4)]) != 3 {
            break;
        }
        len += 4;
    }
    let mut mask = "<int>";
    let fraction = rest.get(len) == Some(&b'.') && before != b'.';
    if fraction {
        let count = digits(&rest[len + 1..]);
        let after = len + 1 + count;
        // `1.2.3` is a version: part by part.
        if count > 0 && rest.get(after) != Some(&b'.') {
            len = after;
            mask = "<float>";
        }
    }
    if matches!(rest.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.get(len + 1), Some(b'+' | b'-')));
        let count = digits(rest.get(len + 1 + sign..).unwrap_or_default());
        if count > 0 && ends(rest, len + 1 + sign + count) {
            return Some(("<float>", len + 1 + sign + count));
        }
    }
    // A unit stays: `12ms` becomes `<int>ms`. Anything longer is a word.
    let unit = rest[len..]
        .iter()
        .take_while(|b| is_word(**b))
        .take(4)
        .count();
    let letters = rest[len..len + unit].iter().all(u8::is_ascii_alphabetic);
    (unit <= 3 && letters && !(unit > 0 && rest[len] == b'x' && len == 1)).then_some((mask, len))
}

fn mask_word(word: &str, masked: &mut String) {
    let bytes = word.as_bytes();
    let all_hex = bytes.iter().all(u8::is_ascii_hexdigit);
    let digit = bytes.iter().any(u8::is_ascii_digit);
    let letter = bytes.iter().any(u8::is_ascii_alphabetic);
    let prefixed = bytes.len() > 2
        && (bytes.starts_with(b"0x") || bytes.starts_with(b"0X"))
        && bytes[2..].iter().all(u8::is_ascii_hexdigit);
    let identity = all_hex && bytes.len() >= 4 && masked.ends_with('@');
    if prefixed || identity || (all_hex && digit && letter && bytes.len() >= HEX_BYTES_MIN) {
        masked.push_str("<hex>");
    } else if digit && letter && bytes.len() >= ID_BYTES_MIN && digit_runs(bytes) >= 2 {
        masked.push_str("<id>");
    } else {
        mask_digits(word, masked);
    }
}

fn digit_runs(bytes: &[u8]) -> usize {
    let starts =
        |(i, b): (usize, &u8)| b.is_ascii_digit() && (i == 0 || !bytes[i - 1].is_ascii_digit());
    bytes
        .iter()
        .enumerate()
        .filter(|pair| starts(*pair))
        .count()
}

/// Runs of digits within a word; a single one after a letter stays.
fn mask_digits(word: &str, masked: &mut String) {
    let bytes = word.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let count = digits(&bytes[at..]);
        if count == 0 {
            let letters = bytes[at..]
                .iter()
                .take_while(|b| !b.is_ascii_digit())
                .count();
            masked.push_str(&word[at..at + letters]);
            at += letters;
        } else {
            let named = count == 1 && at > 0 && bytes[at - 1].is_ascii_alphabetic();
            masked.push_str(if named { &word[at..=at] } else { "<int>" });
            at += count;
        }
    }
}
