//! Rounds: what is compared takes turns, so that a noisy neighbour hits all of it alike.
//!
//! Pure but for the clock. A ratio is taken within a round, then the median and the spread over rounds are reported:
//! on a shared machine the absolute figures of two runs differ by more than anything measured here.

use serde::Serialize;

/// One measured quantity over all rounds.
#[derive(Debug, Clone, Serialize)]
pub struct Spread {
    /// Half of the rounds are at or below it.
    pub median: f64,
    /// The lowest round.
    pub min: f64,
    /// The highest round.
    pub max: f64,
    /// Rounds.
    pub rounds: usize,
}

impl Spread {
    /// Of the given values; `None` of no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, *sorted.get(middle)?)
        } else {
            *sorted.get(middle)?
        };
        Some(Self {
            median,
            min: *sorted.first()?,
            max: *sorted.last()?,
            rounds: sorted.len(),
        })
    }

    /// Of `values[i] / limits[i]`, round by round.
    pub fn of_ratios(values: &[f64], limits: &[f64]) -> Option<Self> {
        let ratios: Vec<f64> = values
            .iter()
            .zip(limits)
            .map(|(value, limit)| value / limit)
            .collect();
        Self::of(&ratios)
    }
}

/// The order of `count` competitors in round `round`: who goes first changes, so that none always runs after the same.
pub fn turns(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |turn| {
        // Every other round runs backwards, so that the predecessor changes as well.
        let step = if round.is_multiple_of(2) {
            turn
        } else {
            count - turn
        };
        (round + step) % count
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_the_ratios_not_of_the_values() {
        let spread = Spread::of_ratios(&[90.0, 10.0, 45.0], &[100.0, 20.0, 50.0]);
        let spread = spread.expect("there are values");
        assert_eq!((spread.min, spread.median, spread.max), (0.5, 0.9, 0.9));
        assert_eq!(
            Spread::of(&[1.0, 3.0]).map(|spread| spread.median),
            Some(2.0)
        );
        assert!(Spread::of(&[]).is_none());
    }

    #[test]
    fn everyone_has_a_turn_in_each_round_and_the_first_changes() {
        for round in 0..6 {
            let mut order: Vec<usize> = turns(3, round).collect();
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2]);
        }
        let firsts: Vec<_> = (0..4).filter_map(|round| turns(3, round).next()).collect();
        assert!(
            firsts.windows(2).all(|pair| pair[0] != pair[1]),
            "{firsts:?}"
        );
    }
}
