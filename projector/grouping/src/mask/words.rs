//! Numbers, ids, and words with numbers in them.

use super::{Masked, is_inner};

/// Shortest bare hexadecimal number: an abbreviated git hash.
const HEX_BYTES_MIN: usize = 7;
/// Shortest word of letters and digits that may be an id.
const ID_BYTES_MIN: usize = 8;
/// Shortest word whose turns of kinds are counted.
const LONG_ID_BYTES_MIN: usize = 14;
/// Turns of kinds among a hundred characters of an id of mixed case; a name in camel
/// case with a number has fewer.
const TURNS_PERCENT_MIN: usize = 45;
/// From this length on fewer turns will do: few names are as long.
const VERY_LONG_ID_BYTES_MIN: usize = 20;
/// The same of those.
const LONG_TURNS_PERCENT_MIN: usize = 36;
/// Groups of digits of one number; bounds the look-ahead.
const DIGIT_GROUPS_MAX: usize = 12;
/// Longest word that is looked at as one.
const WORD_BYTES_MAX: usize = 256;

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
    if is_id(&rest[sign..sign + word]) {
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
        masked.keep(&rest[..len]);
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
        for part in word.split_inclusive('_') {
            let bare = part.trim_end_matches('_');
            if is_id(bare) {
                masked.token("<#>");
            } else {
                without_digits(bare, &rest[len..], masked);
            }
            masked.keep(&part[bare.len()..]);
        }
    } else {
        without_digits(word, &rest[len..], masked);
    }
    len
}

fn has_digits(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
}

/// "x2x9q" behind a hash and a hyphen.
fn is_suffix_of_pod(word: &str, masked: &Masked) -> bool {
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    word.len() == 5 && masked.text.ends_with("<#>-") && word.bytes().all(letters)
}

/// Whether a word is an id: hexadecimal, or letters and digits that nobody can speak.
pub(super) fn is_id(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if digits == 0 || letters == 0 {
        return false;
    }
    if bytes.len() >= HEX_BYTES_MIN && bytes.iter().all(u8::is_ascii_hexdigit) {
        return true;
    }
    if bytes.len() >= LONG_ID_BYTES_MIN && is_long_id(bytes, digits) {
        return true;
    }
    bytes.len() >= ID_BYTES_MIN
        && digits + letters + 2 >= bytes.len()
        && digits + letters > bytes.len() * 3 / 4
        && spoken(word) * 2 < bytes.len()
        && (digits >= 2 || bytes.len() >= 10 || !bytes.iter().any(|b| b"aeiouyAEIOUY".contains(b)))
}

/// Of long words it counts how often letters, capitals and digits take turns.
fn is_long_id(bytes: &[u8], digits: usize) -> bool {
    let turns = |kind: fn(&u8) -> u8| {
        let pairs = bytes.windows(2);
        1 + pairs
            .filter(|pair| kind(&pair[0]) != kind(&pair[1]))
            .count()
    };
    let is_one_case =
        !(bytes.iter().any(u8::is_ascii_lowercase) && bytes.iter().any(u8::is_ascii_uppercase));
    if is_one_case {
        let least = if bytes.len() >= VERY_LONG_ID_BYTES_MIN {
            4
        } else {
            6
        };
        return digits >= 3 && turns(|b| u8::from(b.is_ascii_digit())) >= least;
    }
    let turns = turns(|b| u8::from(b.is_ascii_digit()) + 2 * u8::from(b.is_ascii_uppercase()));
    let least = if bytes.len() >= VERY_LONG_ID_BYTES_MIN {
        LONG_TURNS_PERCENT_MIN
    } else {
        TURNS_PERCENT_MIN
    };
    digits >= 1 && turns * 100 >= bytes.len() * least
}

/// The length of an id that holds hyphens and underscores (base64url), at the start of a
/// word.
pub(super) fn id_with_signs(rest: &str) -> Option<usize> {
    let fits = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let bytes = rest.as_bytes();
    let len = bytes.iter().take(WORD_BYTES_MAX).take_while(fits).count();
    let word = &rest[..len];
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let has = |test: fn(&u8) -> bool| bytes.iter().any(test);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let fits = (LONG_ID_BYTES_MIN..=64).contains(&word.len())
        && is_mixed
        && digits >= 1
        && (spoken(word) * 2 < word.len() || is_long_id(bytes, digits));
    // "cus_NffrFeUfNV2Hib": the prefix says what it is of.
    let prefix = word.find('_').filter(|at| (2..=8).contains(at));
    let is_prefixed = prefix.is_some_and(|at| bytes[..at].iter().all(u8::is_ascii_lowercase));
    (fits && !is_prefixed).then_some(word.len())
}

/// Letters that stand in words: three or more with a vowel among every few, or capitals.
fn spoken(word: &str) -> usize {
    let bytes = word.as_bytes();
    let starts = |at: usize| {
        let (now, before) = (bytes[at], bytes[at - 1]);
        now.is_ascii_digit() != before.is_ascii_digit()
            || now == b'_'
            || before == b'_'
            || (now.is_ascii_uppercase() && before.is_ascii_lowercase())
            || (before.is_ascii_uppercase()
                && now.is_ascii_uppercase()
                && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase))
    };
    let mut sum = 0;
    let mut start = 0;
    for at in 1..=bytes.len() {
        if at == bytes.len() || starts(at) {
            let part = &bytes[start..at];
            if is_spoken(part) {
                sum += part.len();
            }
            start = at;
        }
    }
    sum
}

fn is_spoken(part: &[u8]) -> bool {
    if part.len() < 3 || !part.iter().all(u8::is_ascii_alphabetic) {
        return false;
    }
    if part.len() <= 6 && part.iter().all(u8::is_ascii_uppercase) {
        return true;
    }
    let is_vowel = |b: u8| b"aeiouyAEIOUY".contains(&b);
    let (mut silent, mut most, mut vowels) = (0, 0, 0);
    for byte in part {
        if is_vowel(*byte) {
            silent = 0;
            vowels += 1;
        } else {
            silent += 1;
            most = most.max(silent);
        }
    }
    vowels > 0 && most <= 3
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
