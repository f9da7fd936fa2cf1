//! The time as it travels and as limits count it: Unix nanoseconds.

use std::time::Duration;

use ground::Clock;

/// Longest sleep until something is due: clocks may be set.
const SLEEP_MAX: Duration = Duration::from_mins(1);

/// Sleeps until `due_ns` by this clock, or a while; for good if nothing is due.
pub(crate) async fn until(due_ns: Option<i64>, clock: &Clock) {
    let Some(due_ns) = due_ns else {
        return std::future::pending().await;
    };
    let wait_ns = due_ns.saturating_sub(clock.now_ns()).max(0);
    let wait = Duration::from_nanos(wait_ns.unsigned_abs());
    tokio::time::sleep(wait.min(SLEEP_MAX)).await;
}

pub(crate) fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

pub(crate) fn timestamp(at_ns: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at_ns.div_euclid(1_000_000_000),
        nanos: at_ns.rem_euclid(1_000_000_000) as i32,
    }
}

pub(crate) fn unix_ns(at: &prost_types::Timestamp) -> i64 {
    at.seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(i64::from(at.nanos))
}
