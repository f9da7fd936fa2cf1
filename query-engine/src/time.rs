//! Times: Unix milliseconds and nanoseconds to what travels.

use prost_types::Timestamp;

const NS_A_SECOND: i64 = 1_000_000_000;

pub(crate) fn stamp_ns(ns: i64) -> Timestamp {
    Timestamp {
        seconds: ns.div_euclid(NS_A_SECOND),
        nanos: ns.rem_euclid(NS_A_SECOND) as i32,
    }
}

pub(crate) fn stamp_ms(ms: i64) -> Timestamp {
    Timestamp {
        seconds: ms.div_euclid(1000),
        nanos: (ms.rem_euclid(1000) * 1_000_000) as i32,
    }
}

/// Unix milliseconds, rounded down; far ends of the calendar are cut to fit.
pub(crate) fn ms_of(stamp: &Timestamp) -> i64 {
    let ms = i64::from(stamp.nanos.clamp(0, 999_999_999)) / 1_000_000;
    stamp.seconds.saturating_mul(1000).saturating_add(ms)
}

/// RFC 3339, UTC, with as many digits of the second as there are.
pub(crate) fn rfc3339(stamp: &Timestamp) -> String {
    jiff::Timestamp::new(stamp.seconds, stamp.nanos)
        .unwrap_or_default()
        .to_string()
}
