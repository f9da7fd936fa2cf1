//! Words that are ids: hexadecimal, base 36, 62 and 64url; told from names by whether they
//! can be spoken and by how often letters, capitals and digits take turns.

use super::{values, words::WORD_BYTES_MAX};

/// Shortest bare hexadecimal number: an abbreviated git hash.
pub(super) const HEX_BYTES_MIN: usize = 7;
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

/// Where a long id begins that has its kind before it: "ch_3MqLiJLkdIwHu7ixUEgMYpJW".
pub(super) fn prefixed_id(word: &str) -> Option<usize> {
    let at = word.find('_').filter(|at| (2..=8).contains(at))? + 1;
    let id = &word.as_bytes()[at..];
    let has = |fits: fn(&u8) -> bool| id.iter().any(fits);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let is_id = id.len() >= VERY_LONG_ID_BYTES_MIN
        && is_mixed
        && has(u8::is_ascii_digit)
        && !has(|b| *b == b'_')
        && spoken(&word[at..]) * 3 < id.len() * 2;
    (is_id && word[..at - 1].bytes().all(|b| b.is_ascii_lowercase())).then_some(at)
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
        let turns = turns(|b| u8::from(b.is_ascii_digit()));
        return if bytes.len() >= VERY_LONG_ID_BYTES_MIN {
            digits >= 3 && turns >= 4 || digits >= 2 && turns >= 5
        } else {
            digits >= 3 && turns >= 6
        };
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
    if !(LONG_ID_BYTES_MIN..=64).contains(&len) {
        return None;
    }
    let word = &rest[..len];
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let has = |test: fn(&u8) -> bool| bytes.iter().any(test);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let fits = is_mixed
        && digits >= 1
        && !values::is_of_words(word)
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

pub(super) fn is_spoken(part: &[u8]) -> bool {
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
