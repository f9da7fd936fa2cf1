//! Hashes and versions that builds put into the names of files.
//!
//! A person's word of eight letters looks much like eight random ones: what tells them
//! apart is where capitals and digits stand, and whether it can be spoken.

use std::borrow::Cow;

/// Length of the hash that rollup, Vite and esbuild make.
const SHORT: usize = 8;

/// A base name with hash, version and chunk number as `<hash>`.
pub(super) fn without(base: &str) -> Cow<'_, str> {
    let (stem, endings) = split(base);
    let is_script = super::is_script(base);
    if let Some(kept) = without_suffix(stem, is_script) {
        return Cow::Owned(format!("{kept}{endings}"));
    }
    // "main.3f2a1c9b.chunk", "158.3f2a1c9b", "jquery-3.7.1".
    let mut kept = String::new();
    let mut is_cut = false;
    for part in parts(stem) {
        let word = part.trim_end_matches(['.', '-', '_', '~']);
        let separator = &part[word.len()..];
        if is_hash(word) || (is_script && is_random(word)) {
            is_cut = true;
            kept.push_str("<hash>");
        } else {
            kept.push_str(word);
        }
        kept.push_str(separator);
    }
    if let Some(bare) = without_version(&kept) {
        is_cut = true;
        kept = bare;
    }
    if !is_cut {
        return Cow::Borrowed(base);
    }
    // A chunk's number is as arbitrary as its hash.
    let number = kept.bytes().take_while(u8::is_ascii_digit).count();
    if number > 0 && kept[number..].starts_with(['.', '-']) {
        kept.replace_range(..number, "<hash>");
        kept = kept
            .replace("<hash>.<hash>", "<hash>")
            .replace("<hash>-<hash>", "<hash>");
    }
    Cow::Owned(format!("{kept}{endings}"))
}

/// The name before its endings (`.js`, `.min.js`, `.chunk.js`).
fn split(base: &str) -> (&str, &str) {
    let mut at = base.len();
    while let Some(dot) = base[..at].rfind('.').filter(|dot| *dot > 0) {
        let ending = &base[dot + 1..at];
        let known = at < base.len();
        let fits = ending.bytes().all(|b| b.is_ascii_lowercase())
            && (2..=8).contains(&ending.len())
            && (!known
                || matches!(
                    ending,
                    "min"
                        | "chunk"
                        | "bundle"
                        | "prod"
                        | "legacy"
                        | "module"
                        | "html"
                        | "tpl"
                        | "blade"
                ));
        let ending_of_letter = matches!(ending, "h" | "c" | "m" | "s" | "d") && !known;
        if !(fits || ending_of_letter) || is_hash(ending) {
            break;
        }
        at = dot;
    }
    base.split_at(at)
}

/// Each part with the separator behind it.
fn parts(stem: &str) -> impl Iterator<Item = &str> {
    stem.split_inclusive(['.', '-', '~'])
}

/// Rollup's eight characters may hold the separators themselves: `index-BQ-vTzLm`.
fn without_suffix(stem: &str, is_script: bool) -> Option<String> {
    if !is_script || stem.len() < SHORT {
        return None;
    }
    let at = stem.len() - SHORT;
    let hash = stem.get(at..)?;
    let before = stem[..at].chars().next_back();
    let fits = matches!(before, None | Some('-' | '.' | '_'));
    (fits && is_random(hash)).then(|| format!("{}<hash>", &stem[..at]))
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
        return digits >= 4 || (digits >= 2 && runs(bytes) >= 4);
    }
    if lower == 0 {
        // esbuild: "7QXNTLBZ", "MZRWJBVH".
        return upper + digits == SHORT;
    }
    // "MyWidget", "Checkout", "i18nPage": words that begin with a capital.
    !humps(word).all(is_spoken)
}

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
    if bytes.len() < 2 || bytes.iter().any(u8::is_ascii_digit) {
        return false;
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
    vowels > 0
        && most <= 3
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
fn without_version(stem: &str) -> Option<String> {
    let at = stem.rfind(['-', '_', '@']).or_else(|| stem.find(".v"))?;
    let version = &stem[at + 1..];
    let number = version.strip_prefix(['v', 'V']);
    let dotted = version.contains('.') || number.is_some() || version.len() >= 6;
    let fits = dotted && is_version(version) && at > 0;
    fits.then(|| format!("{}<hash>", &stem[..=at]))
}
