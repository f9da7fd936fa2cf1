//! Whole numbers and lengths of time.

/// Digits, with `k` or `m` behind them for thousands and millions; as SQLite holds it.
pub(crate) fn read(text: &str) -> Option<u64> {
    let (digits, times) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1_000),
        b'm' | b'M' => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    let value = digits_only(digits)?.checked_mul(times)?;
    i64::try_from(value).is_ok().then_some(value)
}

fn digits_only(text: &str) -> Option<u64> {
    if text.bytes().all(|c| c.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// The units of a length of time, longest first, seconds.
const UNITS: [(char, u64); 5] = [
    ('w', 604_800),
    ('d', 86_400),
    ('h', 3_600),
    ('m', 60),
    ('s', 1),
];
/// Nothing is asked about from before: a hundred years.
const DURATION_MAX_S: u64 = 100 * 365 * 86_400;

/// A length of time, seconds: `90m`, `1h30m`, `7d`.
pub(crate) fn read_duration(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut left = text;
    while !left.is_empty() {
        let end = left.find(|c: char| !c.is_ascii_digit())?;
        let unit = left[end..].chars().next()?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let part = digits_only(&left[..end])?.checked_mul(*seconds)?;
        total = total.checked_add(part).filter(|_| end > 0)?;
        left = &left[end + 1..];
    }
    (!text.is_empty() && total <= DURATION_MAX_S).then_some(total)
}

/// As [`read_duration`] reads it.
pub(crate) fn print_duration(mut seconds: u64) -> String {
    if seconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, length) in UNITS {
        let count = seconds / length;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push(unit);
            seconds %= length;
        }
    }
    text
}
