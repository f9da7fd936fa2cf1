//! What time it is. Everything that stores a time asks here, once.

/// Unix nanoseconds, this machine's clock.
pub(crate) fn now_ns() -> i64 {
    ground::Clock::MACHINE.now_ns()
}
