//! What time it is. Everything that stores a time asks here, once.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix nanoseconds, this machine's clock.
pub(crate) fn now_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos() as i64)
}
