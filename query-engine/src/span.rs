//! Ranges of time, and ranges cut into buckets.
//!
//! Units: Unix seconds unless the name says otherwise. One rule for all numbers of
//! all answers: a range of less than 24 hours that begins within the last 24 hours
//! is counted in whole minutes, any other in whole hours, `from` rounded down, `to`
//! up ([`range`]). Buckets begin at multiples of their length (UTC), so that two
//! reads of the same range agree; the first and last bucket may reach beyond the
//! range and hold only what is within. So a chart's sum is the total of the list.

use read_model::issues::reader::{Range, Unit, Window};

use crate::error::ApiError;

const HOUR_S: u32 = 3600;
const DAY_S: u32 = 24 * HOUR_S;
/// Longest range of any statistic: 90 days.
pub(crate) const RANGE_MAX_S: u32 = 90 * DAY_S;
/// Shortest range of a sparkline.
const RANGE_MIN_S: u32 = HOUR_S;
/// What a range of 0 means.
const RANGE_DEFAULT_S: u32 = DAY_S;
/// How far the clock of a client may be ahead: events of the next minute count to a
/// range that ends now.
const AHEAD_MAX_S: i64 = 60;
/// Most buckets of a chosen chart.
const CHART_BUCKETS_MAX: u32 = 120;
/// Most buckets of a sparkline: a hundred pixels, three each.
const SPARKLINE_BUCKETS_MAX: u32 = 32;
/// Most buckets whatever was asked for: two days of minutes, 120 days of hours.
const BUCKETS_MAX: u32 = 2_880;
/// Lengths that buckets may have when we choose, each a divisor of a day or days.
const LENGTHS_S: [u32; 14] = [
    60,
    120,
    300,
    600,
    900,
    1800,
    HOUR_S,
    2 * HOUR_S,
    3 * HOUR_S,
    4 * HOUR_S,
    6 * HOUR_S,
    12 * HOUR_S,
    DAY_S,
    3 * DAY_S,
];

/// A range's length as asked for, 0 meaning the default.
pub(crate) fn range_s(asked: u32, field: &'static str) -> Result<u32, ApiError> {
    match asked {
        0 => Ok(RANGE_DEFAULT_S),
        RANGE_MIN_S..=RANGE_MAX_S => Ok(asked),
        _ => Err(ApiError::invalid(
            field,
            format!("{asked} is not within {RANGE_MIN_S} to {RANGE_MAX_S} seconds"),
        )),
    }
}

/// The range from `from_ms` (none: since the beginning) to `to_ms` (none: now).
pub(crate) fn range(
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    now_s: i64,
    field: &'static str,
) -> Result<Range, ApiError> {
    let now_ms = now_s * 1000;
    let from_ms = from_ms.unwrap_or(0);
    let end_ms = to_ms.unwrap_or(now_ms.max(from_ms + 1));
    if from_ms >= end_ms {
        return Err(ApiError::invalid(
            field,
            "the range begins at or after its end",
        ));
    }
    let day_ms = i64::from(DAY_S) * 1000;
    let unit = if end_ms.saturating_sub(from_ms) < day_ms && from_ms >= now_ms - day_ms {
        Unit::Minute
    } else {
        Unit::Hour
    };
    let unit_ms = i64::from(unit.seconds()) * 1000;
    let last_ms = match to_ms {
        Some(to_ms) => to_ms,
        None => end_ms + AHEAD_MAX_S * 1000,
    };
    Ok(Range {
        unit,
        from: from_ms.div_euclid(unit_ms),
        to: (last_ms - 1).div_euclid(unit_ms) + 1,
    })
}

/// The last `range_s` seconds, up to now.
pub(crate) fn trailing(range_s: u32, now_s: i64) -> Range {
    let from_ms = (now_s - i64::from(range_s)) * 1000;
    range(Some(from_ms), None, now_s, "from").unwrap_or(Range {
        unit: Unit::Hour,
        from: 0,
        to: 1,
    })
}

/// The buckets of a sparkline: of a range longer than 90 days its last 90.
pub(crate) fn sparkline(range: Range) -> Window {
    at_most(range, SPARKLINE_BUCKETS_MAX)
}

/// The same of a histogram.
pub(crate) fn histogram(range: Range) -> Window {
    at_most(range, CHART_BUCKETS_MAX)
}

fn at_most(range: Range, buckets_max: u32) -> Window {
    let most = i64::from(RANGE_MAX_S / range.unit.seconds());
    let range = Range {
        from: range.from.max(range.to - most),
        ..range
    };
    let lengths = LENGTHS_S.into_iter();
    let mut windows = lengths.filter_map(|length_s| covering(range, length_s));
    let fits = windows.find(|window| window.buckets <= buckets_max);
    fits.unwrap_or_else(|| whole(range))
}

/// One bucket.
fn whole(range: Range) -> Window {
    Window {
        range,
        from: range.from,
        per_bucket: u32::try_from(range.to - range.from).unwrap_or(u32::MAX),
        buckets: 1,
    }
}

/// The buckets of a chart of a range.
pub(crate) fn chart(range: Range, bucket_s: u32) -> Result<Window, ApiError> {
    let length_s = (range.to_ms() - range.from_ms()) / 1000;
    // Rounding may have added an hour at either end.
    if length_s > i64::from(RANGE_MAX_S + 2 * HOUR_S) {
        return Err(ApiError::invalid(
            "from",
            "the range is longer than 90 days",
        ));
    }
    if bucket_s == 0 {
        let lengths = LENGTHS_S.into_iter();
        let mut windows = lengths.filter_map(|length_s| covering(range, length_s));
        let chosen = windows.find(|window| window.buckets <= CHART_BUCKETS_MAX);
        return Ok(chosen.unwrap_or_else(|| whole(range)));
    }
    if bucket_s != 60 && !bucket_s.is_multiple_of(HOUR_S) || bucket_s > RANGE_MAX_S {
        return Err(ApiError::invalid(
            "bucket_s",
            format!("{bucket_s} is neither 60 nor a multiple of 3600 up to {RANGE_MAX_S}"),
        ));
    }
    // Whole hours are whole minutes: the same range, looked at more closely.
    let range = match (range.unit, bucket_s) {
        (Unit::Hour, 60) => Range {
            unit: Unit::Minute,
            from: range.from * 60,
            to: range.to * 60,
        },
        _ => range,
    };
    let window = covering(range, bucket_s);
    window
        .filter(|window| window.buckets <= BUCKETS_MAX)
        .ok_or_else(|| {
            ApiError::invalid(
                "bucket_s",
                format!("the range has more than {BUCKETS_MAX} buckets of {bucket_s} seconds"),
            )
        })
}

/// Buckets of a length that cover the whole range; none if its unit is longer.
fn covering(range: Range, length_s: u32) -> Option<Window> {
    let unit_s = range.unit.seconds();
    if !length_s.is_multiple_of(unit_s) {
        return None;
    }
    let per_bucket = i64::from(length_s / unit_s);
    let first = range.from.div_euclid(per_bucket);
    let last = (range.to - 1).div_euclid(per_bucket);
    Some(Window {
        range,
        from: first * per_bucket,
        per_bucket: length_s / unit_s,
        buckets: u32::try_from(last - first + 1).ok()?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 2026-11-22T10:20:30Z.
    const NOW_S: i64 = 1_795_342_830;

    const DAY: i64 = DAY_S as i64;

    fn bucket_s(window: &Window) -> u32 {
        window.per_bucket * window.range.unit.seconds()
    }

    fn last(range_s: u32) -> Range {
        trailing(range_s, NOW_S)
    }

    #[test]
    fn short_recent_ranges_are_of_minutes_and_all_others_of_hours() {
        let at = |from_s: i64, to_s: Option<i64>| {
            let range = range(
                Some(from_s * 1000),
                to_s.map(|to_s| to_s * 1000),
                NOW_S,
                "from",
            );
            range.unwrap()
        };
        for (from_s, to_s, unit) in [
            (NOW_S - 3600, None, Unit::Minute),
            (NOW_S - DAY + 1, None, Unit::Minute),
            (NOW_S - DAY, None, Unit::Hour),
            (NOW_S - DAY, Some(NOW_S - 3600), Unit::Minute),
            (NOW_S - DAY - 1, Some(NOW_S - 3600), Unit::Hour),
            (NOW_S - 10 * DAY, Some(NOW_S - 10 * DAY + 60), Unit::Hour),
        ] {
            let range = at(from_s, to_s);
            assert_eq!(range.unit, unit, "{from_s} {to_s:?}");
            let unit_ms = i64::from(unit.seconds()) * 1000;
            let (from_ms, to_ms) = (range.from_ms(), range.to_ms());
            assert!(from_ms <= from_s * 1000 && from_s * 1000 - from_ms < unit_ms);
            let end_ms = to_s.unwrap_or(NOW_S + AHEAD_MAX_S) * 1000;
            assert!(to_ms >= end_ms && to_ms - end_ms < unit_ms);
        }
        // What is whole stays.
        let hour_s = NOW_S - NOW_S % 3600;
        let whole = at(hour_s - 2 * DAY, Some(hour_s));
        assert_eq!((whole.to_ms() - whole.from_ms()) / 1000, 2 * DAY);
    }

    #[test]
    fn charts_have_24_to_120_buckets_and_cover_the_range() {
        for (range_s, length_s, buckets) in [
            (HOUR_S, 60, 62),
            (2 * HOUR_S, 120, 61),
            (3 * HOUR_S, 120, 91),
            (DAY_S, HOUR_S, 25),
            (2 * DAY_S, HOUR_S, 49),
            (7 * DAY_S, 2 * HOUR_S, 85),
            (30 * DAY_S, 12 * HOUR_S, 61),
            (90 * DAY_S, DAY_S, 91),
        ] {
            let window = chart(last(range_s), 0).unwrap();
            assert_eq!(
                (bucket_s(&window), window.buckets),
                (length_s, buckets),
                "{range_s}"
            );
            let units = i64::from(window.per_bucket);
            let end = window.from + units * i64::from(window.buckets);
            assert!(window.from <= window.range.from, "{range_s}");
            assert!(end >= window.range.to && end - window.range.to < units);
            assert_eq!(end % units, 0, "{range_s}");
        }
    }

    #[test]
    fn sparklines_have_few_buckets_and_a_day_is_hours() {
        let day = sparkline(last(DAY_S));
        assert_eq!((bucket_s(&day), day.buckets), (HOUR_S, 25));
        for range_s in [RANGE_MIN_S, 5 * HOUR_S, 2 * DAY_S, RANGE_MAX_S] {
            let window = sparkline(last(range_s));
            assert!((20..=32).contains(&window.buckets), "{range_s}: {window:?}");
        }
        let ever = sparkline(range(None, None, NOW_S, "from").unwrap());
        assert!((20..=32).contains(&ever.buckets), "{ever:?}");
    }

    #[test]
    fn minutes_of_a_longer_range_are_those_of_its_hours() {
        let range = last(2 * DAY_S - 2 * HOUR_S);
        let window = chart(range, 60).unwrap();
        assert_eq!(window.range.unit, Unit::Minute);
        assert_eq!(window.range.from_ms(), range.from_ms());
        assert_eq!(window.range.to_ms(), range.to_ms());
    }

    #[test]
    fn malformed_ranges_are_refused_by_name() {
        let backwards = range(Some(10_000), Some(10_000), NOW_S, "filter.from");
        assert_eq!(backwards.unwrap_err().field, "filter.from");
        for (range_s, bucket, field) in [
            (RANGE_MAX_S + DAY_S, 0, "from"),
            (DAY_S, 61, "bucket_s"),
            (DAY_S, 1800, "bucket_s"),
            (RANGE_MAX_S, 60, "bucket_s"),
        ] {
            let error = chart(last(range_s), bucket).unwrap_err();
            assert_eq!(error.field, field, "{range_s} {bucket}");
        }
        assert!(range_s(3599, "range_s").is_err());
        assert!(range_s(RANGE_MAX_S + 1, "range_s").is_err());
        assert_eq!(range_s(0, "range_s").unwrap(), DAY_S);
    }
}
