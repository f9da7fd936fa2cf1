//! Values that have a form of their own: telephone numbers, money, versions, durations of
//! ISO 8601, browsers' lines, addresses that hold data, names of Amazon's resources, what
//! is no number though a number was meant; and the words behind a number.

use super::{Masked, ids, is_inner, words};
use crate::marks::Words;

/// Longest of these that is looked at as one, bytes.
const VALUE_BYTES_MAX: usize = 4096;
/// Longest map that Go writes, bytes.
const MAP_BYTES_MAX: usize = 400;
/// Longest telephone number with its blanks, bytes; its digits by E.164.
const PHONE_BYTES_MAX: usize = 26;
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Shortest piece of JSON in base64 that is looked for: `eyJ` is `{"`.
const JSON_BYTES_MIN: usize = 12;
/// Parts of a browser's line.
const AGENT_PARTS_MAX: usize = 24;
/// Words before a mail address that may be a person's name.
const NAME_WORDS_MAX: usize = 3;
/// A shorter word is no plural.
const PLURAL_BYTES_MIN: usize = 4;

static CURRENCIES: Words<31> = Words::of([
    "EUR", "USD", "GBP", "JPY", "CHF", "CNY", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "CAD",
    "AUD", "NZD", "INR", "BRL", "MXN", "KRW", "RUB", "TRY", "ZAR", "SGD", "HKD", "THB", "UAH",
    "ILS", "AED", "RON", "IDR", "TWD",
]);
static WEEKDAYS: Words<7> = Words::of([
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
]);
static NO_NUMBERS: Words<8> = Words::of([
    "nan", "NaN", "NAN", "inf", "Inf", "INF", "Infinity", "infinity",
]);

/// Takes a value at the start of a word.
pub(super) fn value(before: u8, rest: &str, masked: &mut Masked) -> Option<usize> {
    let first = rest.chars().next()?;
    match first {
        'M' => agent(rest).inspect(|_| masked.token("<agent>")),
        'P' => duration(rest).inspect(|_| masked.token("<duration>")),
        'a' => arn(rest, masked),
        'd' => data(rest).inspect(|_| masked.token("<data>")),
        'e' => json(rest).inspect(|_| masked.token("<#>")),
        'm' => map(rest, masked),
        'v' => version(rest, masked),
        '+' => phone(rest).inspect(|_| masked.token("<#>")),
        '$' | '€' | '£' | '¥' | '₹' => sign_of_money(first, rest, masked),
        _ if !first.is_ascii() && first.is_numeric() => {
            masked.token("<#>");
            let end = rest.find(|c: char| c.is_ascii() || !c.is_numeric());
            Some(end.unwrap_or(rest.len()))
        }
        _ => None,
    }
    .or_else(|| state(rest, masked))
    .or_else(|| currency(rest, masked))
    .or_else(|| no_number(before, rest, masked))
}

/// A weekday by itself: "backup of Saturday".
pub(super) fn weekday(rest: &str, masked: &mut Masked) -> Option<usize> {
    let word = WEEKDAYS.first_of(rest)?;
    ends(rest, word.len()).then(|| {
        masked.token("<date>");
        word.len()
    })
}

fn ends(rest: &str, len: usize) -> bool {
    rest.as_bytes().get(len).is_none_or(|b| !is_inner(*b))
}

fn run(rest: &str, fits: impl Fn(&u8) -> bool) -> usize {
    let bytes = rest.as_bytes().iter().take(VALUE_BYTES_MAX);
    bytes.take_while(|b| fits(b)).count()
}

/// "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
fn agent(rest: &str) -> Option<usize> {
    let mut len = "Mozilla/5.0".len();
    if !rest.starts_with("Mozilla/5.0") && !rest.starts_with("Mozilla/4.0") {
        return None;
    }
    for _ in 0..AGENT_PARTS_MAX {
        let Some(part) = rest[len..].strip_prefix(' ') else {
            break;
        };
        let taken = if part.starts_with('(') {
            part.find(')').filter(|at| *at < 200).map_or(0, |at| at + 1)
        } else {
            let word = run(part, u8::is_ascii_graphic);
            let (name, version) = part[..word].split_once('/').unwrap_or_default();
            let is_product = !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit());
            if is_product { word } else { 0 }
        };
        if taken == 0 {
            break;
        }
        len += 1 + taken;
    }
    Some(len)
}

/// "PT1H30M", "P3DT4H", "PT45.2S".
fn duration(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut at, mut groups, mut is_time) = (1, 0, false);
    loop {
        if bytes.get(at) == Some(&b'T') && !is_time {
            (at, is_time) = (at + 1, true);
        }
        let number = run(&rest[at..], |b| {
            b.is_ascii_digit() || matches!(b, b'.' | b',')
        });
        let unit = bytes.get(at + number).copied().unwrap_or(b' ');
        let fits = if is_time {
            matches!(unit, b'H' | b'M' | b'S')
        } else {
            matches!(unit, b'Y' | b'M' | b'W' | b'D')
        };
        if number == 0 || !bytes[at].is_ascii_digit() || !fits {
            break;
        }
        (at, groups) = (at + number + 1, groups + 1);
    }
    (groups > 0 && ends(rest, at)).then_some(at)
}

/// "arn:aws:iam::123456789012:user/ann": the kind stays.
fn arn(rest: &str, masked: &mut Masked) -> Option<usize> {
    let mut parts = rest.strip_prefix("arn:")?.splitn(3, ':');
    let (partition, service) = (parts.next()?, parts.next()?);
    let is_word = |text: &str| {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=32).contains(&text.len()) && text.bytes().all(fits)
    };
    if !is_word(partition) || !is_word(service) {
        return None;
    }
    let resource = run(parts.next()?, |b| {
        b.is_ascii_graphic() && !b"\"'`<>(),;|".contains(b)
    });
    let start = "arn:".len() + partition.len() + 1 + service.len() + 1;
    (resource > 0).then(|| {
        masked.keep(&rest[..start]);
        masked.token("<#>");
        start + resource
    })
}

/// "data:image/png;base64,iVBORw0KGgo"
fn data(rest: &str) -> Option<usize> {
    let (head, _) = rest
        .get(..rest.len().min(128))
        .unwrap_or(rest)
        .split_once(',')?;
    let kind = head.strip_prefix("data:")?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"/+.;=-".contains(&b);
    let body = run(&rest[head.len()..], |b| {
        b.is_ascii_graphic() && !b"\"'`<>()".contains(b)
    });
    (kind.contains('/') && kind.bytes().all(fits)).then_some(head.len() + body)
}

/// JSON in base64, as tokens and cursors are.
fn json(rest: &str) -> Option<usize> {
    let len = run(rest, |b| b.is_ascii_alphanumeric() || b"_-+/.".contains(b));
    let len = rest[..len].trim_end_matches('.').len();
    let padding = run(&rest[len..], |b| *b == b'=').min(2);
    (rest.starts_with("eyJ") && len >= JSON_BYTES_MIN).then_some(len + padding)
}

/// "map[id:17 name:ann]"
fn map(rest: &str, masked: &mut Masked) -> Option<usize> {
    let inner = rest.strip_prefix("map[")?;
    let inner = &inner[..super::floor(inner, inner.len().min(MAP_BYTES_MAX))];
    let end = inner.find(']')?;
    inner[..end].contains(':').then(|| {
        masked.keep("map[");
        masked.token("<text>");
        masked.keep("]");
        "map[".len() + end + 1
    })
}

/// "v4.17.21"; "v2" is a name.
fn version(rest: &str, masked: &mut Masked) -> Option<usize> {
    let digits = run(&rest[1..], u8::is_ascii_digit);
    let behind = rest[1 + digits..].strip_prefix('.')?;
    let goes_on = behind.starts_with(|c: char| c.is_ascii_digit());
    let is_version = digits > 0 && goes_on;
    is_version.then(|| words::number(b' ', &rest[1..], masked).map(|len| 1 + len))?
}

/// "+49 431 220 13 30", "+1 (555) 010-9988".
fn phone(rest: &str) -> Option<usize> {
    let (mut digits, mut end, mut signs) = (0, 0, 0);
    for (at, byte) in rest.bytes().enumerate().skip(1).take(PHONE_BYTES_MAX) {
        match byte {
            b'0'..=b'9' => (digits, end, signs) = (digits + 1, at + 1, 0),
            b' ' | b'-' | b'(' | b')' | b'.' | b'/' if signs < 2 && digits > 0 => signs += 1,
            _ => break,
        }
    }
    (PHONE_DIGITS.contains(&digits) && ends(rest, end)).then_some(end)
}

/// "$3", "3 €": the sign goes. Databases number parameters so, too.
fn sign_of_money(sign: char, rest: &str, masked: &mut Masked) -> Option<usize> {
    let behind = &rest[sign.len_utf8()..];
    if behind.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(sign.len_utf8());
    }
    let is_behind = sign != '$' && masked.drop_blank_after_number();
    is_behind.then_some(sign.len_utf8())
}

/// "EUR 12.50", "12.50 EUR": the currency goes.
fn currency(rest: &str, masked: &mut Masked) -> Option<usize> {
    let code = CURRENCIES.first_of(rest)?;
    let behind = &rest[code.len()..];
    let number = behind.strip_prefix(' ').unwrap_or(behind);
    if number.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(rest.len() - number.len());
    }
    (ends(rest, code.len()) && masked.drop_blank_after_number()).then_some(code.len())
}

/// "SQLSTATE[40001]" says what happened.
fn state(rest: &str, masked: &mut Masked) -> Option<usize> {
    let state = rest.get(..5)?;
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if !state.bytes().all(fits) {
        return None;
    }
    let is_named = ["SQLSTATE[", "SQLSTATE ", "SQLSTATE: "]
        .iter()
        .any(|word| masked.text.ends_with(word));
    (is_named && ends(rest, 5)).then(|| {
        masked.keep(state);
        5
    })
}

fn no_number(before: u8, rest: &str, masked: &mut Masked) -> Option<usize> {
    let bare = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let word = NO_NUMBERS.first_of(bare)?;
    let is_whole = ends(bare, word.len()) && !bare[word.len()..].starts_with(['.', '(']);
    (is_whole && before != b'.').then(|| {
        masked.token("<#>");
        rest.len() - bare.len() + word.len()
    })
}

/// How a version goes on: "-rc.2", "-beta", "+build.7".
pub(super) fn rest_of_version(rest: &str) -> usize {
    const WORDS: [&str; 13] = [
        "alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "SNAPSHOT", "RELEASE", "Final",
        "canary", "next", "nightly",
    ];
    let mut len = 0;
    if let Some(behind) = rest.strip_prefix('-') {
        let letters = run(behind, u8::is_ascii_alphabetic);
        if WORDS.contains(&&behind[..letters]) {
            len = 1 + letters;
            let number = run(&rest[len..], |b| b.is_ascii_digit() || *b == b'.');
            len += rest[len..len + number].trim_end_matches('.').len();
        }
    }
    if let Some(build) = rest[len..].strip_prefix('+') {
        let build = run(build, |b| b.is_ascii_alphanumeric() || *b == b'.');
        let build = rest[len + 1..len + 1 + build].trim_end_matches('.').len();
        len += if build > 0 { 1 + build } else { 0 };
    }
    if ends(rest, len) { len } else { 0 }
}

/// The word behind a number, as if the number were one: "14 items", "1 item".
pub(super) fn singular(word: &str) -> std::borrow::Cow<'_, str> {
    let mut word = std::borrow::Cow::Borrowed(word);
    while word.len() >= PLURAL_BYTES_MIN && word.bytes().all(|b| b.is_ascii_lowercase()) {
        let one = if let Some(stem) = word.strip_suffix("ies") {
            std::borrow::Cow::Owned(format!("{stem}y"))
        } else {
            let ends = |ending: &str| word.ends_with(ending);
            let kept = if ["sses", "xes", "zes", "ches", "shes"]
                .iter()
                .any(|e| ends(e))
            {
                word.len() - 2
            } else if ends("s") && !(ends("ss") || ends("us") || ends("is") || ends("does")) {
                word.len() - 1
            } else {
                break;
            };
            std::borrow::Cow::Owned(word[..kept].to_owned())
        };
        word = one;
    }
    word
}

impl Masked {
    /// Whether a number was written last; a blank behind it goes.
    fn drop_blank_after_number(&mut self) -> bool {
        let text = self.text.strip_suffix(' ').unwrap_or(&self.text);
        let is_number = text.ends_with("<#>");
        if is_number {
            let kept = text.len();
            self.text.truncate(kept);
        }
        is_number
    }

    /// The name of a person before "<ann@example.com>" goes: words in capitals behind
    /// another word, or what stood in quotes.
    pub(super) fn drop_name(&mut self) {
        let Some(before) = self.text.strip_suffix(" <") else {
            return;
        };
        let mut kept = before;
        if let Some(rest) = kept.strip_suffix(" <text>") {
            kept = rest;
        } else {
            for _ in 0..NAME_WORDS_MAX {
                let Some((rest, word)) = kept.rsplit_once(' ') else {
                    break;
                };
                let is_name = word.starts_with(char::is_uppercase)
                    && word
                        .chars()
                        .all(|c| c.is_alphabetic() || matches!(c, '-' | '.' | '\''));
                if !is_name || rest.ends_with([' ', '.', ':']) {
                    break;
                }
                kept = rest;
            }
        }
        let kept = kept.len();
        self.text.truncate(kept);
        self.text.push_str(" <");
    }
}

/// Whether all that stands between hyphens may be a word or a number: "Lamp_C_2147", not
/// "aB3-xY_7".
pub(super) fn is_of_words(word: &str) -> bool {
    word.split(['_', '-']).all(|part| {
        let bytes = part.as_bytes();
        let all = |fits: fn(&u8) -> bool| bytes.iter().all(fits);
        all(u8::is_ascii_digit)
            || all(u8::is_ascii_alphabetic)
                && (all(u8::is_ascii_uppercase) || ids::is_spoken(bytes))
    })
}
