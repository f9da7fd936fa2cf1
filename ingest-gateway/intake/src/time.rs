//! Times of clients → Unix nanoseconds, corrected by the server's clock.

use super::json::Json;

const NS_PER_S: i64 = 1_000_000_000;
/// Oldest time kept, before receipt (DESIGN.md).
pub(crate) const PAST_NS_MAX: i64 = 30 * 24 * 3600 * NS_PER_S;
/// Farthest time kept, after receipt (DESIGN.md).
pub(crate) const FUTURE_NS_MAX: i64 = 60 * NS_PER_S;
/// A smaller difference between the client's and the server's clock is the way
/// of the request, not a wrong clock; correcting it would only add noise.
const DRIFT_NS_MIN: i64 = 60 * NS_PER_S;
/// Seconds beyond the year 5138: the client meant milliseconds; a thousand times that
/// and it meant microseconds, and once more nanoseconds.
const SECONDS_MAX: f64 = 1e11;
/// Longest text read as a time, bytes.
const TEXT_BYTES_MAX: usize = 80;

/// How far the client's clock is behind the server's: 0 if not far, or unknown.
pub(crate) fn drift_ns(sent_at_ns: Option<i64>, received_ns: i64) -> i64 {
    let drift = sent_at_ns.map_or(0, |sent| received_ns.saturating_sub(sent));
    if drift.saturating_abs() < DRIFT_NS_MIN {
        0
    } else {
        drift
    }
}

/// Seconds, milli-, micro- or nanoseconds (float or whole, in a number or a string),
/// which of them its size tells; or a date in one of the usual forms ([`from_text`]).
pub(crate) fn read(json: &Json<'_>) -> Option<i64> {
    match json {
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Some(from_whole(whole)),
            None => from_number(number.as_f64()?),
        },
        Json::String(text) => from_text(text),
        _ => None,
    }
}

/// Nanoseconds of one of the unit that a number of this size is in.
fn unit_ns(size: f64) -> i64 {
    match size {
        _ if size < SECONDS_MAX => NS_PER_S,
        _ if size < SECONDS_MAX * 1e3 => 1_000_000,
        _ if size < SECONDS_MAX * 1e6 => 1_000,
        _ => 1,
    }
}

fn from_whole(whole: i64) -> i64 {
    whole.saturating_mul(unit_ns(whole.unsigned_abs() as f64))
}

/// The same of a number with a fraction.
pub(crate) fn from_number(number: f64) -> Option<i64> {
    if !number.is_finite() {
        return None;
    }
    let microseconds = number * (unit_ns(number.abs()) as f64 / 1e3);
    // f64 holds today's seconds to a quarter of a microsecond; the rest is noise.
    Some((microseconds.round() as i64).saturating_mul(1_000))
}

/// RFC 3339 with what people make of it (a blank for the `T`, no zone, `+0100`, "UTC",
/// slashes), RFC 2822, .NET's `/Date(…)/`; or a number.
pub(crate) fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let ns = |at: jiff::Timestamp| i64::try_from(at.as_nanosecond()).ok();
    if let Ok(timestamp) = text.parse() {
        return ns(timestamp);
    }
    if let Some(utc) = civil(text) {
        return ns(utc);
    }
    if let Ok(whole) = text.parse() {
        return Some(from_whole(whole));
    }
    if let Ok(number) = text.parse() {
        return from_number(number);
    }
    if let Ok(timestamp) = jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
    {
        return ns(timestamp);
    }
    if let Some(date) = text.strip_prefix("/Date(") {
        let digits = date.find(|c: char| !c.is_ascii_digit())?;
        return date[..digits].parse().ok().map(from_whole);
    }
    ns(in_words(text)?)
}

/// A date and a time of day without a zone: UTC.
fn civil(text: &str) -> Option<jiff::Timestamp> {
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

/// Date, time and zone with blanks between them, as Ruby, Go and Python print them:
/// `2023/11/14 22:13:20.25 +0100 CET`.
fn in_words(text: &str) -> Option<jiff::Timestamp> {
    let (date, rest) = text.split_once([' ', 'T'])?;
    let date = date.replace('/', "-");
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let time = words.next()?;
    let zone = match words.next() {
        None | Some("UTC" | "GMT" | "Z") => "Z",
        Some(offset) if offset.starts_with(['+', '-']) => offset,
        Some(_) => return None,
    };
    let written = format!("{date}T{time}");
    let zoned = format!("{written}{zone}").parse();
    zoned.ok().or_else(|| civil(&written))
}

/// When an event happened: the client's time, shifted and clamped; the time of
/// receipt if it gave none.
pub(crate) fn event_time(client_ns: Option<i64>, drift_ns: i64, received_ns: i64) -> i64 {
    let at = client_ns.map_or(received_ns, |ns| ns.saturating_add(drift_ns));
    at.clamp(
        received_ns.saturating_sub(PAST_NS_MAX),
        received_ns.saturating_add(FUTURE_NS_MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_clients_are_read() {
        let ns = 1_700_000_000 * NS_PER_S;
        for (text, expected) in [
            ("1700000000", Some(ns)),
            ("1700000000.5", Some(ns + 500_000_000)),
            ("1700000000123", Some(ns + 123_000_000)),
            ("1700000000123.5", Some(ns + 123_500_000)),
            ("1700000000123456", Some(ns + 123_456_000)),
            ("1700000000123456789", Some(ns + 123_456_789)),
            ("\"1700000000123456789\"", Some(ns + 123_456_789)),
            ("\"1700000000.25\"", Some(ns + 250_000_000)),
            ("\"1700000000\"", Some(ns)),
            ("\"2023-11-14T22:13:20Z\"", Some(ns)),
            ("\"2023-11-14T22:13:20.123456789Z\"", Some(ns + 123_456_789)),
            ("\"2023-11-14T23:13:20+01:00\"", Some(ns)),
            ("\"2023-11-14T22:13:20\"", Some(ns)),
            ("\"2023-11-14 22:13:20.25\"", Some(ns + 250_000_000)),
            ("\"2023-11-14T22:13:20,25Z\"", Some(ns + 250_000_000)),
            ("\"20231114T221320Z\"", Some(ns)),
            ("\"2023-11-14T23:13:20+0100\"", Some(ns)),
            ("\"2023-11-14T23:13:20.5+01\"", Some(ns + 500_000_000)),
            ("\"2023-11-14T23:13:20+01:00[Europe/Paris]\"", Some(ns)),
            ("\"2023-11-14 22:13:20 UTC\"", Some(ns)),
            ("\"2023-11-14 23:13:20 +0100\"", Some(ns)),
            (
                "\"2023-11-14 23:13:20.123456789 +0100 CET m=+0.01\"",
                Some(ns + 123_456_789),
            ),
            ("\"2023/11/14 22:13:20\"", Some(ns)),
            ("\"Tue, 14 Nov 2023 22:13:20 GMT\"", Some(ns)),
            ("\"Tue, 14 Nov 2023 23:13:20 +0100\"", Some(ns)),
            ("\"/Date(1700000000000)/\"", Some(ns)),
            ("\"/Date(1700000000000+0100)/\"", Some(ns)),
            ("\"/Date(\"", None),
            ("\"2023-11-14 at noon\"", None),
            ("\"yesterday\"", None),
            ("\"9999999999999999999999\"", Some(i64::MAX)),
            ("null", None),
            ("{}", None),
            ("1e300", Some(i64::MAX)),
        ] {
            let read_ns = super::super::json::read(text.as_bytes(), |json| read(&json));
            assert_eq!(read_ns, Ok(expected), "{text}");
        }
    }

    #[test]
    fn wrong_clocks_are_corrected_and_clamped() {
        let now = 1_700_000_000 * NS_PER_S;
        let hour = 3600 * NS_PER_S;
        let drift = drift_ns(Some(now - hour), now);
        assert_eq!(event_time(Some(now - hour - 5), drift, now), now - 5);
        assert_eq!(drift_ns(Some(now - NS_PER_S), now), 0);
        assert_eq!(event_time(Some(0), 0, now), now - PAST_NS_MAX);
        assert_eq!(event_time(Some(i64::MAX), hour, now), now + FUTURE_NS_MAX);
        assert_eq!(event_time(None, hour, now), now);
    }
}
