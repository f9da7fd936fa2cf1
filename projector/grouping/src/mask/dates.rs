//! Dates and times of day.

use super::{Masked, is_inner};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const MONTHS_LONG: [&str; 13] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "sept",
];
const WEEKDAYS: [&str; 14] = [
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const ZONES: [&str; 16] = [
    "gmt", "utc", "z", "cet", "cest", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt",
    "bst", "jst", "ist",
];
/// Longest zone in brackets: "(Central European Standard Time)".
const ZONE_BYTES_MAX: usize = 50;
/// Parts of one date.
const PARTS_MAX: usize = 12;

/// Takes a date or a time of day at the start of a word.
pub(super) fn date(before: u8, rest: &str, masked: &mut Masked) -> Option<usize> {
    let first = *rest.as_bytes().first()?;
    if first.is_ascii_digit() {
        if let Some(len) = iso(rest) {
            masked.token("<date>");
            return Some(len);
        }
        if before != b':'
            && let Some(len) = clock(rest)
        {
            // A clock may begin a whole date: "10:00:00 Mon Jan 6 2025".
            masked.token("<time>");
            return Some(len);
        }
    }
    if first.is_ascii_digit() || first.is_ascii_uppercase() {
        let len = named(rest)?;
        masked.token("<date>");
        return Some(len);
    }
    None
}

fn digits(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take(20)
        .take_while(|b| b.is_ascii_digit())
        .count()
}

fn ends(rest: &str, len: usize) -> bool {
    rest.as_bytes().get(len).is_none_or(|b| !is_inner(*b))
}

/// "2024-05-01", "2024/05/01", "01.05.2024", with a time of day and a zone behind it.
fn iso(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let first = digits(bytes);
    let separator = *bytes.get(first)?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let second = digits(&bytes[first + 1..]);
    let at = first + 1 + second;
    if bytes.get(at) != Some(&separator) {
        return None;
    }
    let third = digits(&bytes[at + 1..]);
    let fits = match separator {
        b'.' => first <= 2 && second <= 2 && third == 4,
        _ => (first == 4 && second <= 2 && third <= 2) || (first <= 2 && second <= 2 && third == 4),
    };
    if !fits || first == 0 || second == 0 || third == 0 {
        return None;
    }
    let mut len = at + 1 + third;
    let behind = bytes.get(len).copied();
    if matches!(behind, Some(b'T' | b't' | b' ' | b':' | b'_'))
        && let Some(time) = clock(&rest[len + 1..])
    {
        len += 1 + time;
        len += zone_of_go(&rest[len..]);
    }
    ends(rest, len).then_some(len)
}

/// "9:05", "23:59:59.123", "11:30 PM", "12:30:45+02:00".
fn clock(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let hours = digits(bytes);
    if !(1..=2).contains(&hours) || bytes.get(hours) != Some(&b':') {
        return None;
    }
    let minutes = digits(&bytes[hours + 1..]);
    if minutes != 2 {
        return None;
    }
    let mut len = hours + 3;
    if bytes.get(len) == Some(&b':') && digits(&bytes[len + 1..]) == 2 {
        len += 3;
        if matches!(bytes.get(len), Some(b'.' | b',')) {
            let fraction = digits(&bytes[len + 1..]);
            len += if fraction > 0 { 1 + fraction } else { 0 };
        }
    }
    len += zone(&rest[len..]);
    len += half_of_day(&rest[len..]);
    ends(rest, len).then_some(len)
}

/// "Z", "+02:00", "-0700", right behind a time.
fn zone(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    match bytes.first() {
        Some(b'Z' | b'z') if ends(rest, 1) => 1,
        Some(b'+' | b'-') => {
            let hours = digits(&bytes[1..]);
            match (hours, bytes.get(3)) {
                (4, _) => 5,
                (2, Some(b':')) if digits(&bytes[4..]) == 2 => 6,
                (2, _) if ends(rest, 3) => 3,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// " +0000 UTC m=+0.004211", as Go writes a time.
fn zone_of_go(rest: &str) -> usize {
    let Some(behind) = rest.strip_prefix(' ') else {
        return 0;
    };
    let offset = zone(behind);
    if offset < 5 {
        return 0;
    }
    let mut len = 1 + offset;
    if let Some(name) = rest[len..].strip_prefix(' ') {
        let letters = name
            .bytes()
            .take(6)
            .take_while(u8::is_ascii_uppercase)
            .count();
        if letters >= 3 && ends(name, letters) {
            len += 1 + letters;
        }
    }
    if let Some(clock) = rest[len..].strip_prefix(" m=") {
        let fits = |b: &u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.');
        let clock = clock.bytes().take(40).take_while(fits).count();
        len += if clock > 1 { 3 + clock } else { 0 };
    }
    len
}

/// " PM", "am", " a. m.", " p.m."
fn half_of_day(rest: &str) -> usize {
    let trimmed = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
    let blank = rest.len() - trimmed.len();
    let head: String = trimmed
        .chars()
        .take(5)
        .collect::<String>()
        .to_ascii_lowercase();
    for form in ["a. m.", "p. m.", "a.m.", "p.m.", "am", "pm"] {
        if head.starts_with(form) && ends(trimmed, form.len()) {
            return blank + form.len();
        }
    }
    0
}

/// "Mon, 03 Mar 2025 10:15:00 GMT", "Mon Jan 06 2025 10:00:00 GMT+0100 (…)",
/// "3 March 2025", "Jan 2, 2006 at 3:04pm", "03/Mar/2025:10:15:00 +0000".
fn named(rest: &str) -> Option<usize> {
    let mut len = 0;
    let (mut months, mut numbers) = (0, 0);
    let mut end = 0;
    for _ in 0..PARTS_MAX {
        let part = &rest[len..];
        let taken = if let Some(time) = clock(part) {
            numbers += 1;
            time
        } else {
            let word = part
                .bytes()
                .take(20)
                .take_while(u8::is_ascii_alphanumeric)
                .count();
            let text = part[..word].to_ascii_lowercase();
            let capital = part.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
            if word == 0 || !capital && text != "at" {
                break;
            }
            if MONTHS.contains(&text.as_str()) || MONTHS_LONG.contains(&text.as_str()) {
                months += 1;
                word
            } else if is_number_of_date(&text) {
                numbers += 1;
                word
            } else if WEEKDAYS.contains(&text.as_str()) || (text == "at" && months > 0) {
                word
            } else if numbers > 0 && ZONES.contains(&text.as_str()) {
                word + zone(&part[word..])
            } else {
                break;
            }
        };
        len += taken;
        if !rest[..len].ends_with("at") {
            end = len;
        }
        let separators = rest[len..]
            .bytes()
            .take(2)
            .take_while(|b| matches!(b, b' ' | b',' | b'/' | b':' | b'-' | b'.'))
            .count();
        // "+0000" behind a blank.
        let behind = &rest[len + separators..];
        let zone = zone(behind);
        if separators > 0 && zone > 1 && numbers > 1 {
            len += separators + zone;
            end = len;
            break;
        }
        if separators == 0 {
            break;
        }
        len += separators;
    }
    let fits = months > 0 && numbers > 0 && ends(rest, end);
    fits.then(|| end + zone_in_brackets(&rest[end..]))
}

/// "3", "2025", "3rd".
fn is_number_of_date(text: &str) -> bool {
    if text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let number = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| text.strip_suffix(end));
    number.is_some_and(|n| (1..=2).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
}

/// " (Central European Standard Time)".
fn zone_in_brackets(rest: &str) -> usize {
    let Some(inner) = rest.strip_prefix(" (") else {
        return 0;
    };
    let bytes = inner.as_bytes();
    let bytes = &bytes[..bytes.len().min(ZONE_BYTES_MAX)];
    let Some(close) = bytes.iter().position(|b| *b == b')') else {
        return 0;
    };
    let is_name = |name: &str| {
        let capitals = name.bytes().all(|b| b.is_ascii_uppercase());
        capitals
            || name.contains("Time")
            || name.contains("time")
            || name.contains("zeit")
            || name.contains("heure")
    };
    match inner.get(..close) {
        Some(name) if !name.is_empty() && is_name(name) => close + 3,
        _ => 0,
    }
}
