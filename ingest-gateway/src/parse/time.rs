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
/// Seconds beyond the year 5138: the client meant milliseconds.
const SECONDS_MAX: f64 = 1e11;

/// How far the client's clock is behind the server's: 0 if not far, or unknown.
pub(crate) fn drift_ns(sent_at_ns: Option<i64>, received_ns: i64) -> i64 {
    let drift = sent_at_ns.map_or(0, |sent| received_ns.saturating_sub(sent));
    if drift.saturating_abs() < DRIFT_NS_MIN {
        0
    } else {
        drift
    }
}

/// Seconds (float or whole, in a number or a string) or RFC 3339, with or without
/// a zone (UTC then).
pub(crate) fn read(json: &Json<'_>) -> Option<i64> {
    match json {
        Json::Number(number) => match number.as_i64() {
            Some(whole) if (whole.unsigned_abs() as f64) < SECONDS_MAX => {
                Some(whole.saturating_mul(NS_PER_S))
            }
            _ => from_seconds(number.as_f64()?),
        },
        Json::String(text) => from_text(text),
        _ => None,
    }
}

fn from_seconds(seconds: f64) -> Option<i64> {
    if !seconds.is_finite() {
        return None;
    }
    let seconds = if seconds.abs() >= SECONDS_MAX {
        seconds / 1e3
    } else {
        seconds
    };
    // f64 holds today's seconds to a quarter of a microsecond; the rest is noise.
    Some(((seconds * 1e6).round() as i64).saturating_mul(1_000))
}

/// RFC 3339, a blank for the `T` and a missing zone allowed; or seconds.
pub(crate) fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return i64::try_from(timestamp.as_nanosecond()).ok();
    }
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return i64::try_from(zoned.timestamp().as_nanosecond()).ok();
    }
    from_seconds(text.parse().ok()?)
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
            ("\"1700000000\"", Some(ns)),
            ("\"2023-11-14T22:13:20Z\"", Some(ns)),
            ("\"2023-11-14T22:13:20.123456789Z\"", Some(ns + 123_456_789)),
            ("\"2023-11-14T23:13:20+01:00\"", Some(ns)),
            ("\"2023-11-14T22:13:20\"", Some(ns)),
            ("\"2023-11-14 22:13:20.25\"", Some(ns + 250_000_000)),
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
