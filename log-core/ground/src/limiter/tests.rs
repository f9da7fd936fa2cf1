use proptest::prelude::*;

use super::*;

const HUNDRED: Rate = Rate::per_minute(100);

fn limiter() -> (Limiter<u32>, Clock) {
    let clock = Clock::standing_at(1_700_000_000_000_000_000);
    (Limiter::new(clock.clone()), clock)
}

fn taken(limiter: &Limiter<u32>, key: u32, rate: Rate, attempts: usize) -> usize {
    (0..attempts)
        .filter(|_| limiter.take(&key, rate).is_ok())
        .count()
}

#[test]
fn a_bucket_is_full_at_first_and_fills_again_evenly() {
    let (limiter, clock) = limiter();
    assert_eq!(taken(&limiter, 1, HUNDRED, 150), 100);
    let refused = limiter.take(&1, HUNDRED).expect_err("limited");
    assert_eq!((refused.remaining, refused.next.as_millis()), (0, 600));
    assert_eq!(refused.full, Duration::from_mins(1));
    for (wait_ms, expected) in [(599, 0), (1, 1), (600, 1), (6_000, 10), (90_000, 100)] {
        clock.advance(Duration::from_millis(wait_ms));
        assert_eq!(taken(&limiter, 1, HUNDRED, 150), expected, "{wait_ms} ms");
    }
}

#[test]
fn what_is_given_back_can_be_taken_again_and_a_look_costs_nothing() {
    let (limiter, _) = limiter();
    assert_eq!(limiter.look(&1, HUNDRED).remaining, 100);
    assert_eq!(limiter.cells(), 0, "a look leaves nothing");
    assert_eq!(taken(&limiter, 1, HUNDRED, 100), 100);
    limiter.give_back(&1, HUNDRED);
    assert_eq!(limiter.look(&1, HUNDRED).remaining, 1);
    assert_eq!(taken(&limiter, 1, HUNDRED, 5), 1);
    limiter.give_back(&2, HUNDRED);
    assert_eq!(
        limiter.look(&2, HUNDRED).remaining,
        100,
        "never more than all"
    );
}

/// Made-up keys neither grow the map nor make anybody forgotten who is limited.
#[test]
fn cells_are_bounded_and_idle_ones_go_first() {
    let clock = Clock::standing_at(1_700_000_000_000_000_000);
    let limiter = Limiter::bounded(clock.clone(), 10);
    assert_eq!(taken(&limiter, 0, HUNDRED, 200), 100);
    for key in 1..1_000 {
        let _ = limiter.take(&key, HUNDRED);
    }
    assert_eq!(limiter.cells(), 10);
    assert_eq!(taken(&limiter, 0, HUNDRED, 10), 0, "still limited");
    let newcomers = (2_000..2_200).filter(|key| limiter.take(key, HUNDRED).is_ok());
    assert_eq!(newcomers.count(), 0, "strangers share one cell");
    clock.advance(Duration::from_secs(30));
    assert_eq!(
        taken(&limiter, 7_777, HUNDRED, 200),
        100,
        "a cell of its own"
    );
    assert!(limiter.cells() <= 10);
    assert_eq!(
        taken(&limiter, 0, HUNDRED, 200),
        50,
        "remembered all the while"
    );
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait_longer_than_the_window() {
    let earlier = Clock::standing_at(1_600_000_000_000_000_000);
    let (mut limiter, _) = limiter();
    assert_eq!(taken(&limiter, 1, HUNDRED, 100), 100);
    limiter.clock = earlier.clone();
    let refused = limiter.take(&1, HUNDRED).expect_err("limited");
    assert_eq!(refused.next.as_millis(), 600);
    earlier.advance(Duration::from_mins(1));
    // The cell still names a time to come; what it says is at most a window.
    assert!(limiter.look(&1, HUNDRED).next <= Duration::from_millis(600));
}

proptest! {
    /// In any time that begins and ends with one that was let in, no more were than the
    /// bucket holds and what was filled meanwhile; and what one key does, no other feels.
    #[test]
    fn never_more_than_the_bucket_and_what_was_filled(
        times in 1u32..40,
        steps in prop::collection::vec((0u64..3_000, 0u32..3, any::<bool>()), 1..300),
    ) {
        let rate = Rate { times, window: Duration::from_secs(10) };
        let (limiter, clock) = limiter();
        let alone: Vec<Limiter<u32>> = (0..3).map(|_| Limiter::new(clock.clone())).collect();
        let mut admitted: [Vec<i64>; 3] = Default::default();
        for (wait_ms, key, gives_back) in steps {
            clock.advance(Duration::from_millis(wait_ms));
            let is_in = limiter.take(&key, rate).is_ok();
            let by_itself = alone[key as usize].take(&key, rate).is_ok();
            prop_assert_eq!(is_in, by_itself, "a neighbour was felt");
            if is_in && gives_back {
                limiter.give_back(&key, rate);
                alone[key as usize].give_back(&key, rate);
            } else if is_in {
                admitted[key as usize].push(clock.now_ns());
            }
        }
        for of_key in &admitted {
            for (first, from) in of_key.iter().enumerate() {
                for (last, until) in of_key.iter().enumerate().skip(first) {
                    let filled = (until - from) / rate.each_ns();
                    let count = (last - first + 1) as i64;
                    prop_assert!(count <= i64::from(times) + filled, "{count} > {times} + {filled}");
                }
            }
        }
    }
}
