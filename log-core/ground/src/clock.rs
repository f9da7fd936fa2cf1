//! What time it is, for whatever is decided or stored by it. It comes in as a value, so
//! that a test says what time it is instead of waiting for it.
//!
//! Units: Unix nanoseconds. Not for durations: those are measured by `Instant`, which no
//! administrator can set back.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The machine's clock, or one that a test sets.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's.
    pub const MACHINE: Self = Self(None);

    /// One that stands still at this time until somebody moves it. Clones are the same
    /// clock.
    pub fn standing_at(now_ns: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now_ns))))
    }

    /// Unix nanoseconds.
    pub fn now_ns(&self) -> i64 {
        match &self.0 {
            Some(standing) => standing.load(Ordering::Acquire),
            None => machine_ns(),
        }
    }

    /// Unix seconds.
    pub fn now_s(&self) -> i64 {
        self.now_ns().div_euclid(1_000_000_000)
    }

    /// Moves a clock that stands.
    ///
    /// # Panics
    /// If it is the machine's, which nobody moves.
    pub fn advance(&self, by: Duration) {
        let standing = self.0.as_ref().expect("a clock that stands");
        standing.fetch_add(by.as_nanos() as i64, Ordering::AcqRel);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the machine"
)]
fn machine_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos() as i64)
}

/// Whether they are the same clock.
impl PartialEq for Clock {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Clock {}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(_) => write!(f, "standing at {} ns", self.now_ns()),
            None => f.write_str("the machine's"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_when_it_is_told_to_and_with_it_its_clones() {
        let clock = Clock::standing_at(1_500_000_000);
        let other = clock.clone();
        assert_eq!((other.now_ns(), other.now_s()), (1_500_000_000, 1));
        assert_eq!(clock, other);
        assert_ne!(clock, Clock::standing_at(1_500_000_000));
        clock.advance(Duration::from_secs(2));
        assert_eq!((other.now_ns(), other.now_s()), (3_500_000_000, 3));
    }

    #[test]
    fn the_machines_clock_goes() {
        // After 2020: neither another epoch nor another unit.
        assert!(Clock::MACHINE.now_s() > 1_577_836_800);
        assert!(Clock::MACHINE.now_s() < 1 << 34);
    }
}
