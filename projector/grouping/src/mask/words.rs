//! Numbers, and words with numbers in them.

use super::{
    Masked,
    ids::{HEX_BYTES_MIN, is_id, prefixed_id},
    is_inner, values,
};

/// Groups of digits of one number; bounds the look-ahead.
const DIGIT_GROUPS_MAX: usize = 12;
/// Longest word that is looked at as one.
pub(super) const WORD_BYTES_MAX: usize = 256;

const DURATIONS: [&str; 32] = [
    "ns",
    "us",
    "ms",
    "s",
    "m",
    "h",
    "d",
    "sec",
    "secs",
    "min",
    "mins",
    "hr",
    "hrs",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "millisecond",
    "milliseconds",
    "millis",
    "microseconds",
    "nanoseconds",
    "month",
    "months",
    "year",
    "years",
];
const SIZES: [&str; 22] = [
    "b",
    "kb",
    "mb",
    "gb",
    "tb",
    "pb",
    "kib",
    "mib",
    "gib",
    "tib",
    "byte",
    "bytes",
    "kilobytes",
    "megabytes",
    "gigabytes",
    "k",
    "g",
    "t",
    "bit",
    "bits",
    "kbit",
    "mbit",
];
/// Units of one letter stand right behind their number.
const BLANK_UNIT_BYTES_MIN: usize = 2;

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Takes a number, or a word that begins with one, at the start of a word.
pub(super) fn number(before: u8, rest: &str, masked: &mut Masked) -> Option<usize> {
    let bytes = rest.as_bytes();
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    if !bytes.get(sign).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    if sign == 1
        && !matches!(
            before,
            b' ' | b'('
                | b'['
                | b'='
                | b':'
                | b','
                | b'\n'
                | b'\t'
                | b'"'
                | b'\''
                | b'<'
                | b'>'
                | b'|'
                | b'{'
        )
    {
        return None;
    }
    let word = word_len(&bytes[sign..]);
    let count = digits(&bytes[sign..]);
    // "123456ms"; "1234567d" may be a commit.
    let counts = count < HEX_BYTES_MIN || word > count + 1;
    let is_counted = word > count
        && counts
        && unit(&rest[sign + count..]).is_some_and(|(_, len)| count + len >= word);
    if is_suffix_of_pod(&rest[sign..sign + word], masked) && sign == 0 {
        let kept = masked.text.len() - 1;
        masked.text.truncate(kept);
        return Some(word);
    }
    if !is_counted && is_id(&rest[sign..sign + word]) {
        masked.token("<#>");
        return Some(sign + word);
    }
    let mut len = sign + digits(&bytes[sign..]);
    // "1.5", "1,000", "1.2.3", "0.98.0", "1_000".
    for _ in 0..DIGIT_GROUPS_MAX {
        let separates = matches!(bytes.get(len), Some(b'.' | b',' | b'_' | b'\''));
        if !separates || !bytes.get(len + 1).is_some_and(u8::is_ascii_digit) {
            break;
        }
        len += 1 + digits(&bytes[len + 1..]);
    }
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let exponent = digits(bytes.get(len + 1 + sign..).unwrap_or_default());
        if exponent > 0
            && !bytes
                .get(len + 1 + sign + exponent)
                .is_some_and(|b| is_inner(*b))
        {
            masked.token("<#>");
            return Some(len + 1 + sign + exponent);
        }
    }
    let is_version = len > sign + count;
    if is_version {
        let more = values::rest_of_version(&rest[len..]);
        if more > 0 {
            masked.token("<#>");
            return Some(len + more);
        }
    }
    if is_code(&rest[..len], &rest[len..], masked) {
        masked.keep(&rest[..len]);
        return Some(len);
    }
    if let Some((token, unit)) = unit(&rest[len..]) {
        masked.token(token);
        return Some(len + unit);
    }
    let letters = bytes[len..]
        .iter()
        .take(5)
        .take_while(|b| is_inner(**b))
        .count();
    if letters == 0 {
        masked.token("<#>");
        return Some(len);
    }
    let tail = &rest[len..len + letters];
    if matches!(tail, "st" | "nd" | "rd" | "th") {
        masked.token("<#>");
        return Some(len + letters);
    }
    // "12px"; anything longer, and "0x12", is a word.
    let is_word = letters > 3
        || !tail.bytes().all(|b| b.is_ascii_alphabetic())
        || tail.starts_with(['x', 'X']);
    if is_word {
        return None;
    }
    masked.token("<#>");
    Some(len)
}

/// What stands before a number that says what happened.
const CODE_WORDS: [&str; 12] = [
    "status code",
    "statuscode",
    "status_code",
    "status",
    "http",
    "error code",
    "exit code",
    "exit status",
    "return code",
    "response code",
    "errno",
    "minified react error #",
];
/// Longest of them, bytes.
const CODE_WORD_BYTES_MAX: usize = 24;
/// Longer numbers are ids.
const CODE_DIGITS_MAX: usize = 5;

/// Whether a number says what happened: "status code 404", "ORA-00942:", "[E1042]".
fn is_code(number: &str, behind: &str, masked: &Masked) -> bool {
    let digits = number.trim_start_matches(['-', '+']);
    if digits.len() > CODE_DIGITS_MAX || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let text = masked.text.as_str();
    let from = super::floor(text, text.len().saturating_sub(CODE_WORD_BYTES_MAX));
    let before = text[from..].to_ascii_lowercase();
    let before = before.trim_end_matches([' ', ':', '=', '(', '[', '"']);
    if CODE_WORDS.iter().any(|word| before.ends_with(word)) {
        return true;
    }
    if before.ends_with("error") && digits.len() >= 3 && behind.starts_with(':') {
        return true;
    }
    // A vendor's code at the start, or in brackets.
    let tail = &text[from..];
    let start = tail.rfind(['[', '(', '\n', ' ']).map_or(0, |at| at + 1);
    let letters = tail[start..].trim_end_matches(['-', '_']);
    let opens = (start == 0 && from == 0) || tail[..start].ends_with(['[', '(']);
    let is_vendor = (1..=6).contains(&letters.len())
        && letters.bytes().all(|b| b.is_ascii_uppercase())
        && digits.len() >= 3;
    is_vendor && opens && behind.starts_with([':', ']', ')'])
}

/// A unit behind a number, and those that follow it: "1m30s", "5 seconds", "1.5 MB".
fn unit(rest: &str) -> Option<(&'static str, usize)> {
    let blank = usize::from(rest.starts_with(' '));
    let bytes = &rest.as_bytes()[blank..];
    let letters = bytes
        .iter()
        .take(16)
        .take_while(|b| b.is_ascii_alphabetic())
        .count();
    // "µs"
    if rest[blank..].starts_with("µs") || rest[blank..].starts_with("μs") {
        return Some(("<duration>", blank + "µs".len()));
    }
    if letters == 0 || blank > 0 && letters < BLANK_UNIT_BYTES_MIN {
        return None;
    }
    let unit = rest[blank..blank + letters].to_ascii_lowercase();
    let mut len = blank + letters;
    let behind = rest.as_bytes().get(len).copied();
    if DURATIONS.contains(&unit.as_str()) {
        // "1h2m3s", "2 min 5 s"
        let more = digits(&rest.as_bytes()[len..]);
        if more > 0
            && let Some(("<duration>", unit)) = unit_after(&rest[len + more..])
        {
            len += more + unit;
            return Some(("<duration>", len));
        }
        return (!behind.is_some_and(is_inner)).then_some(("<duration>", len));
    }
    let fits = SIZES.contains(&unit.as_str()) && !behind.is_some_and(is_inner);
    fits.then_some(("<size>", len))
}

/// Bounded: what follows is shorter.
fn unit_after(rest: &str) -> Option<(&'static str, usize)> {
    let bytes = rest.as_bytes();
    let mut at = 0;
    // "1.5s" in "2m1.5s"
    if bytes.first() == Some(&b'.') {
        at = 1 + digits(&bytes[1..]);
    }
    unit(&rest[at..]).map(|(token, len)| (token, at + len))
}

fn word_len(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take(WORD_BYTES_MAX)
        .take_while(|b| is_inner(**b))
        .count()
}

/// Takes a word, or what stands between two.
pub(super) fn word(before: u8, rest: &str, masked: &mut Masked) -> usize {
    let bytes = rest.as_bytes();
    let len = word_len(bytes);
    if len == 0 {
        let len = rest.chars().next().map_or(1, char::len_utf8);
        masked.sign(&rest[..len]);
        return len;
    }
    let word = &rest[..len];
    let prefixed = len > 2
        && (word.starts_with("0x") || word.starts_with("0X"))
        && bytes[2..len].iter().all(u8::is_ascii_hexdigit);
    let is_identity = before == b'@' && len >= 4 && bytes[..len].iter().all(u8::is_ascii_hexdigit);
    let is_whole = !word.contains('_') && is_id(word);
    if prefixed || is_identity || is_whole || (before == b'$' && len >= 8 && has_digits(word)) {
        masked.token("<#>");
    } else if is_suffix_of_pod(word, masked) {
        let kept = masked.text.len() - 1;
        masked.text.truncate(kept);
    } else if word.contains('_') {
        // "cus_NffrFeUfNV2Hib": part by part.
        let id = prefixed_id(word).unwrap_or(len);
        let (word, id) = word.split_at(id);
        if !id.is_empty() {
            masked.keep(word);
            masked.token("<#>");
            return len;
        }
        for part in word.split_inclusive('_') {
            let bare = part.trim_end_matches('_');
            if is_id(bare) {
                masked.token("<#>");
            } else {
                without_digits(bare, &rest[len..], masked);
            }
            masked.keep(&part[bare.len()..]);
        }
    } else if before == b' ' && masked.text.ends_with("<#> ") {
        without_digits(&values::singular(word), &rest[len..], masked);
    } else {
        without_digits(word, &rest[len..], masked);
    }
    len
}

fn has_digits(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
}

/// "x2x9q" behind a hash and a hyphen, "KX27" of "SN-8841-KX27".
fn is_suffix_of_pod(word: &str, masked: &Masked) -> bool {
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let is_pod = word.len() == 5 && word.bytes().all(lower);
    let is_serial = word.len() <= 8 && has_digits(word) && word.bytes().all(upper);
    masked.text.ends_with("<#>-") && (is_pod || is_serial)
}

/// Runs of digits within a word; a single one after a letter stays.
fn without_digits(word: &str, behind: &str, masked: &mut Masked) {
    let bytes = word.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let count = digits(&bytes[at..]);
        if count == 0 {
            let letters = bytes[at..]
                .iter()
                .take_while(|b| !b.is_ascii_digit())
                .count();
            masked.keep(&word[at..at + letters]);
            at += letters;
        } else {
            let named = count == 1 && at > 0 && bytes[at - 1].is_ascii_alphabetic();
            let number = &word[at..at + count];
            if named {
                masked.keep(&word[at..=at]);
            } else if at + count == word.len() && is_code(number, behind, masked) {
                masked.keep(number);
            } else {
                masked.token("<#>");
            }
            at += count;
        }
    }
}
