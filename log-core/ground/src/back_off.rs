//! How long to wait before the next attempt: the first wait, each further one a multiple
//! of the last, none longer than the bound.
//!
//! Invariant: the waits never end; who gives up counts attempts. No wait is random: a
//! process has a handful of loops, and no crowd that would come at one moment.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// The waits between attempts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BackOff {
    /// Before the second attempt.
    pub first: Duration,
    /// Each further wait is this many times the last one.
    pub factor: f32,
    /// No wait is longer.
    pub longest: Duration,
}

impl BackOff {
    /// Doubles from the first wait to the longest.
    pub const fn doubling(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            factor: 2.0,
            longest,
        }
    }

    /// The waits, from the first one on.
    pub fn waits(self) -> Waits {
        Waits {
            waits: self.builder().build(),
            back_off: self,
        }
    }

    fn builder(self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_min_delay(self.first)
            .with_factor(self.factor)
            .with_max_delay(self.longest)
            .without_max_times()
    }
}

/// How far a loop has come in its waits.
#[derive(Debug)]
pub struct Waits {
    back_off: BackOff,
    waits: ExponentialBackoff,
}

impl Waits {
    /// How long to wait now.
    pub fn next_wait(&mut self) -> Duration {
        let wait = self.waits.next();
        wait.map_or(self.back_off.longest, |wait| {
            wait.min(self.back_off.longest)
        })
    }

    /// It went well: the next wait is the first one again.
    pub fn reset(&mut self) {
        self.waits = self.back_off.builder().build();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_bound_and_begin_anew_after_a_success() {
        let millis = Duration::from_millis;
        for (factor, expected) in [
            (1.0, [100, 100, 100, 100, 100, 100]),
            (2.0, [100, 200, 400, 800, 1000, 1000]),
            (4.0, [100, 400, 1000, 1000, 1000, 1000]),
        ] {
            let back_off = BackOff {
                factor,
                ..BackOff::doubling(millis(100), millis(1000))
            };
            let mut waits = back_off.waits();
            let seen: Vec<u128> = (0..6).map(|_| waits.next_wait().as_millis()).collect();
            assert_eq!(seen, expected, "{factor}");
            waits.reset();
            assert_eq!(waits.next_wait(), millis(100));
        }
    }

    #[test]
    fn no_number_of_attempts_ends_or_outgrows_the_waits() {
        let longest = Duration::from_mins(5);
        let mut waits = BackOff::doubling(longest * 2, longest).waits();
        assert!((0..10_000).all(|_| waits.next_wait() == longest));
    }
}
