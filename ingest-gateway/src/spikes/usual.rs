//! How many events a project usually has in a minute, from its last four weeks.
//!
//! Once there are three weeks it is the median of the same hour of the week; before, the
//! median of all hours since its first event. Medians, because the storm of last Tuesday
//! is in the history, too.

/// Hours that are looked back on: four weeks.
pub(crate) const HISTORY_HOURS: i64 = 4 * WEEK as i64;
const WEEK: usize = 7 * 24;
/// Weeks that make an hour of the week: a median of fewer is no median.
const WEEKS_MIN: usize = 3;

/// Events a minute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Usual {
    /// By hour of the week, as far as there is history for it; hour 0 is that of the Unix
    /// epoch.
    by_hour: Vec<Option<u32>>,
    /// At any other time.
    otherwise: u32,
}

impl Usual {
    /// Of whole hours that follow each other from `first_hour` (Unix hours) on.
    pub(crate) fn of_hours(first_hour: i64, hours: &[u64]) -> Self {
        let begun = hours.iter().position(|events| *events > 0);
        let Some(begun) = begun else {
            return Self::default();
        };
        let first_hour = first_hour + begun as i64;
        let hours = &hours[begun..];
        let mut by_hour: Vec<Vec<u64>> = vec![Vec::new(); WEEK];
        for (hour, events) in (first_hour..).zip(hours) {
            by_hour[hour.rem_euclid(WEEK as i64) as usize].push(*events);
        }
        let of_hour = |events: Vec<u64>| (events.len() >= WEEKS_MIN).then(|| median(events));
        Self {
            by_hour: by_hour.into_iter().map(of_hour).collect(),
            otherwise: median(hours.to_vec()),
        }
    }

    /// Of a Unix minute.
    pub(crate) fn of(&self, minute: i64) -> u32 {
        let hour = minute.div_euclid(60).rem_euclid(WEEK as i64) as usize;
        let known = self.by_hour.get(hour).copied().flatten();
        known.unwrap_or(self.otherwise)
    }
}

/// The median hour, as events a minute, rounded up.
fn median(mut hours: Vec<u64>) -> u32 {
    let middle = hours.len() / 2;
    let (_, median, _) = hours.select_nth_unstable(middle);
    u32::try_from(median.div_ceil(60)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 28 days: 60 a minute by day, 6 by night, nothing at weekends.
    fn weeks() -> Vec<u64> {
        let of_hour = |hour: usize| match (hour / 24 % 7, hour % 24) {
            (5 | 6, _) => 0,
            (_, 8..20) => 3_600,
            _ => 360,
        };
        (0..HISTORY_HOURS as usize).map(of_hour).collect()
    }

    #[test]
    fn each_hour_of_the_week_has_its_own_once_there_are_three_weeks() {
        let hours = weeks();
        let usual = Usual::of_hours(0, &hours);
        let day = 24 * 60;
        for (minute, expected) in [
            (9 * 60, 60),
            (3 * 60, 6),
            (5 * day + 600, 0),
            (9 * 60 + 59, 60),
        ] {
            assert_eq!(usual.of(minute), expected, "{minute}");
            assert_eq!(usual.of(minute + 7 * day * 100), expected, "{minute}");
        }
        // Ten days of it: the median of all, at any hour.
        let usual = Usual::of_hours(0, &hours[..240]);
        assert_eq!((usual.of(9 * 60), usual.of(5 * day)), (6, 6));
    }

    #[test]
    fn a_storm_in_the_history_is_not_what_is_usual() {
        let mut hours = weeks();
        for hour in &mut hours[7 * 24..7 * 24 + 20] {
            *hour = 10_000_000;
        }
        assert_eq!(Usual::of_hours(0, &hours), Usual::of_hours(0, &weeks()));
        // Of a young project neither.
        let mut hours = vec![600; 48];
        hours[40..].fill(10_000_000);
        assert_eq!(Usual::of_hours(77, &hours).of(0), 10);
    }

    #[test]
    fn a_project_begins_with_its_first_event() {
        assert_eq!(Usual::of_hours(5, &[]), Usual::default());
        assert_eq!(Usual::of_hours(5, &[0; 672]).of(7), 0);
        let mut hours = vec![0; 672];
        hours[660..].fill(120_000);
        assert_eq!(Usual::of_hours(0, &hours).of(0), 2_000);
    }
}
