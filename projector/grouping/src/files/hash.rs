//! Hashes and versions that builds put into the names of files.
//!
//! A person's word of eight letters looks much like eight random ones: what tells them
//! apart is where capitals and digits stand, and whether it can be spoken.

use std::borrow::Cow;

/// Longest name that a file system takes; a longer one is no file's.
const BASE_BYTES_MAX: usize = 255;
/// Length of the hash that rollup, Vite and esbuild make.
const SHORT: usize = 8;

/// Words that a build adds to a bundle's name: how it was made, not what is in it.
const BUILD_WORDS: [&str; 14] = [
    "min",
    "chunk",
    "bundle",
    "prod",
    "production",
    "legacy",
    "modern",
    "module",
    "es5",
    "es2015",
    "es2017",
    "es2018",
    "es2020",
    "part",
];

/// A base name without hash, version, chunk number and a build's words; `<hash>` if
/// nothing is left.
pub(super) fn without(base: &str) -> Cow<'_, str> {
    if base.len() > BASE_BYTES_MAX {
        return Cow::Borrowed(base);
    }
    let Some((stem, ending)) = base.rsplit_once('.') else {
        return whole(base, base, "", false);
    };
    whole(base, stem, ending, super::is_script(base))
}

fn whole<'a>(base: &'a str, stem: &'a str, ending: &str, is_script: bool) -> Cow<'a, str> {
    let ending_is_hash = is_hash(ending);
    let short = without_suffix(stem, is_script);
    let mut is_cut = short.is_some() || ending_is_hash;
    let stem = short.unwrap_or(stem);
    let versioned = without_version(stem);
    is_cut |= versioned.len() < stem.len();
    let is_word = !is_cut && !stem.is_empty() && !stem.contains(['.', '-', '~']);
    if is_word && !is_left_out(stem, is_script) {
        // A name as people write it: nothing is to be made anew.
        return match ending {
            "" => Cow::Borrowed(stem),
            _ => Cow::Borrowed(base),
        };
    }
    let mut words: Vec<&str> = Vec::new();
    for word in versioned
        .split(['.', '-', '~'])
        .filter(|word| !word.is_empty())
    {
        let is_build_word = is_script && BUILD_WORDS.contains(&word) && !words.is_empty();
        if is_left_out(word, is_script) || is_build_word {
            is_cut = true;
        } else {
            words.push(word);
        }
    }
    if is_cut && is_script {
        // A chunk's number is as arbitrary as its hash.
        words.retain(|word| !is_number(word));
    }
    let mut kept = if words.is_empty() {
        "<hash>".to_owned()
    } else {
        words.join("-")
    };
    if !ending.is_empty() && !ending_is_hash {
        kept.push('.');
        kept.push_str(ending);
    }
    Cow::Owned(kept)
}

/// Whether a word is a build's whatever stands before it.
fn is_left_out(word: &str, is_script: bool) -> bool {
    // "main.dart.js_1.part.js"
    let numbered = word.strip_prefix("js_").is_some_and(is_number);
    numbered || is_hash(word) || (is_script && is_random(word))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Rollup's eight characters may hold the separators themselves: `index-BQ-vTzLm`.
fn without_suffix(stem: &str, is_script: bool) -> Option<&str> {
    if !is_script || stem.len() < SHORT {
        return None;
    }
    let at = stem.len() - SHORT;
    let hash = stem.get(at..)?;
    let before = stem[..at].chars().next_back();
    let fits = matches!(before, None | Some('-' | '.' | '_'));
    (fits && is_random(hash)).then(|| &stem[..at])
}

/// Whether a word is a hash wherever it stands: hexadecimal, or long and mixed.
pub(super) fn is_hash(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if digits + letters < bytes.len().saturating_sub(2) {
        return is_uuid(bytes);
    }
    let hex = bytes.iter().all(u8::is_ascii_hexdigit);
    let has_case = |test: fn(&u8) -> bool| bytes.iter().any(test);
    let one_case = !(has_case(u8::is_ascii_lowercase) && has_case(u8::is_ascii_uppercase));
    if hex && one_case {
        return match bytes.len() {
            0..=5 => false,
            6..=7 => digits > 0 && letters > 0,
            _ => {
                digits > 0
                    || bytes.len() >= 2 * SHORT
                    || letters == bytes.len() && bytes.len() > SHORT
            }
        };
    }
    // Base 62 and base 36.
    bytes.len() >= 12 && digits >= 2 && letters > 0 && runs(bytes) >= 5
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Runs of digits and of letters.
fn runs(bytes: &[u8]) -> usize {
    let kind = |b: &u8| (b.is_ascii_digit(), b.is_ascii_uppercase());
    1 + bytes
        .windows(2)
        .filter(|pair| kind(&pair[0]) != kind(&pair[1]))
        .count()
}

/// Whether eight characters of base 32 or base 64 are no word of a person's.
fn is_random(word: &str) -> bool {
    let bytes = word.as_bytes();
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if bytes.len() != SHORT || !bytes.iter().all(fits) {
        return false;
    }
    let lower = bytes.iter().filter(|b| b.is_ascii_lowercase()).count();
    let upper = bytes.iter().filter(|b| b.is_ascii_uppercase()).count();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    if upper == 0 {
        // "check-in", "charts2d"; four digits or more are nobody's word.
        let is_torn = digits >= 1 && runs(bytes) >= 3 && longest_word(bytes) < 4;
        let mut words = word.split(|c: char| !c.is_ascii_alphabetic());
        let has_sign = digits + lower < SHORT;
        let is_word = |word: &str| word.len() > 2 && is_spoken(word);
        let is_dumb = digits >= 1 && (has_sign || runs(bytes) >= 3) && !words.any(is_word);
        return digits >= 4 || (digits >= 2 && runs(bytes) >= 4) || is_torn || is_dumb;
    }
    if lower == 0 {
        // esbuild: "7QXNTLBZ", "MZRWJBVH"; "MY-TABLE" is a person's.
        let mut words = word.split(['-', '_']).filter(|word| !word.is_empty());
        return upper + digits == SHORT || !words.all(|w| is_spoken(&w.to_ascii_lowercase()));
    }
    // "MyWidget", "Checkout", "i18nPage": words that begin with a capital.
    !humps(word).all(is_spoken)
}

fn longest_word(bytes: &[u8]) -> usize {
    let words = bytes.split(|b| !b.is_ascii_alphabetic());
    words.map(<[u8]>::len).max().unwrap_or(0)
}

/// Words of two letters that people begin names with.
const SHORT_WORDS: [&str; 18] = [
    "my", "is", "on", "to", "up", "no", "in", "at", "by", "do", "go", "we", "ui", "id", "js", "db",
    "qr", "tv",
];

/// The words of a name in camel case.
fn humps(word: &str) -> impl Iterator<Item = &str> {
    let bytes = word.as_bytes();
    let starts = (0..bytes.len()).filter(move |at| {
        *at == 0
            || (bytes[*at].is_ascii_uppercase() && !bytes[at - 1].is_ascii_uppercase())
            || (bytes[*at].is_ascii_digit() != bytes[at - 1].is_ascii_digit())
            || !bytes[at - 1].is_ascii_alphanumeric()
    });
    let starts: Vec<usize> = starts.chain([bytes.len()]).collect();
    (1..starts.len()).map(move |at| word[starts[at - 1]..starts[at]].trim_end_matches(['-', '_']))
}

/// Whether a part may be a word: letters with a vowel among every few, and no capital
/// but the first.
fn is_spoken(part: &str) -> bool {
    let bytes = part.as_bytes();
    if bytes.iter().any(u8::is_ascii_digit) {
        return false;
    }
    if bytes.len() < 3 {
        return SHORT_WORDS.contains(&part.to_ascii_lowercase().as_str());
    }
    if bytes.iter().skip(1).any(u8::is_ascii_uppercase) {
        return false;
    }
    let is_vowel = |b: u8| b"aeiouyAEIOUY".contains(&b);
    let vowels = bytes.iter().filter(|b| is_vowel(**b)).count();
    let mut silent = 0;
    let mut most = 0;
    for byte in bytes {
        silent = if is_vowel(*byte) { 0 } else { silent + 1 };
        most = most.max(silent);
    }
    // No word goes on with a consonant behind "j", or ends so.
    let is_odd = |pair: &[u8]| pair[0] == b'j' && !is_vowel(pair[1]);
    let ends_odd = bytes.len() > 4 && matches!(bytes[bytes.len() - 1], b'j' | b'v');
    vowels > 0
        && most <= 3
        && !bytes.windows(2).skip(1).any(is_odd)
        && !ends_odd
        && !part
            .bytes()
            .any(|b| b"QXqx".contains(&b) && bytes.len() < 4)
}

/// "v42", "1.2.3", "20240501120000", "2025-03-27T07-20-22Z".
pub(super) fn is_version(word: &str) -> bool {
    let number = word.strip_prefix(['v', 'V']).unwrap_or(word);
    number.starts_with(|c: char| c.is_ascii_digit())
        && number
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_' | b'T' | b'Z'))
}

/// "jquery-3.7.1" and "app.v42" without their versions; "step-2" is a person's.
fn without_version(stem: &str) -> &str {
    let at = stem.rfind(['-', '_', '@']).or_else(|| stem.find(".v"));
    let Some(at) = at.filter(|at| *at > 0) else {
        return stem;
    };
    let version = &stem[at + 1..];
    let number = version.strip_prefix(['v', 'V']);
    let is_long = version.contains('.') || number.is_some() || version.len() >= 6;
    if is_long && is_version(version) {
        &stem[..at]
    } else {
        stem
    }
}
