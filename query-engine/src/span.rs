//! Ranges of time cut into buckets.
//!
//! Units: Unix seconds. Buckets begin at multiples of their length (UTC), so that
//! two reads of the same range agree. A chart covers all it was asked for, so its
//! first and last bucket may reach beyond; what counts back from now ends with the
//! current bucket.

use read_model::issues::reader::{Unit, Window};

use crate::error::ApiError;

const HOUR_S: u32 = 3600;
const DAY_S: u32 = 24 * HOUR_S;
/// Longest range of any statistic: 90 days.
pub(crate) const RANGE_MAX_S: u32 = 90 * DAY_S;
/// Shortest range of a sparkline.
const RANGE_MIN_S: u32 = HOUR_S;
/// What a range of 0 means.
const RANGE_DEFAULT_S: u32 = DAY_S;
/// Minutes are kept 48 hours behind the newest event; an hour less is safe to use.
const MINUTES_KEPT_S: i64 = 47 * HOUR_S as i64;
/// Most buckets of a chosen chart.
const CHART_BUCKETS_MAX: i64 = 120;
/// Most buckets of a sparkline: a hundred pixels, three each.
const SPARKLINE_BUCKETS_MAX: i64 = 30;
/// Most buckets whatever was asked for: 90 days of hours. Two days of minutes fit.
const BUCKETS_MAX: i64 = 2_880;
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

/// The buckets of a sparkline: the last `range_s` seconds, the current bucket
/// included.
pub(crate) fn sparkline(range_s: u32, now_s: i64) -> Window {
    let minutes = i64::from(range_s) < i64::from(DAY_S);
    trailing(range_s, now_s, |length| {
        (minutes || length >= HOUR_S)
            && i64::from(range_s.div_ceil(length)) <= SPARKLINE_BUCKETS_MAX
    })
}

/// A range for totals: minutes up to two hours, else whole hours, the current one
/// included.
pub(crate) fn totals(range_s: u32, now_s: i64) -> Window {
    trailing(range_s, now_s, |length| {
        length >= HOUR_S || length == 60 && range_s <= 2 * HOUR_S
    })
}

/// The buckets of a chart from `from_s` to `to_s`.
pub(crate) fn chart(from_s: i64, to_s: i64, bucket_s: u32, now_s: i64) -> Result<Window, ApiError> {
    if from_s >= to_s {
        return Err(ApiError::invalid(
            "from",
            "the range begins at or after its end",
        ));
    }
    if to_s - from_s > i64::from(RANGE_MAX_S) {
        return Err(ApiError::invalid(
            "from",
            "the range is longer than 90 days",
        ));
    }
    if bucket_s == 0 {
        // Minutes are not there for long, and a day reads better in hours.
        let minutes = from_s >= now_s - MINUTES_KEPT_S && to_s - from_s < i64::from(DAY_S);
        let chosen = LENGTHS_S
            .into_iter()
            .filter(|length| minutes || *length >= HOUR_S)
            .map(|length| covering(from_s, to_s, length))
            .find(|window| i64::from(window.buckets) <= CHART_BUCKETS_MAX);
        return Ok(chosen.unwrap_or_else(|| covering(from_s, to_s, 3 * DAY_S)));
    }
    if bucket_s != 60 && !bucket_s.is_multiple_of(HOUR_S) || bucket_s > RANGE_MAX_S {
        return Err(ApiError::invalid(
            "bucket_s",
            format!("{bucket_s} is neither 60 nor a multiple of 3600 up to {RANGE_MAX_S}"),
        ));
    }
    let window = covering(from_s, to_s, bucket_s);
    if i64::from(window.buckets) > BUCKETS_MAX {
        return Err(ApiError::invalid(
            "bucket_s",
            format!(
                "the range has {} buckets, at most {BUCKETS_MAX}",
                window.buckets
            ),
        ));
    }
    Ok(window)
}

/// Buckets of the first length that fits, ending with the current one.
fn trailing(range_s: u32, now_s: i64, fits: impl Fn(u32) -> bool) -> Window {
    let length = LENGTHS_S.into_iter().find(|length| fits(*length));
    let length = length.unwrap_or(3 * DAY_S);
    let end = now_s.div_euclid(length.into()) + 1;
    let buckets = range_s.div_ceil(length);
    window(end - i64::from(buckets), buckets, length)
}

/// Buckets of a length that cover the whole range.
fn covering(from_s: i64, to_s: i64, length_s: u32) -> Window {
    let length = i64::from(length_s);
    let first = from_s.div_euclid(length);
    let end = to_s.div_euclid(length) + i64::from(to_s.rem_euclid(length) != 0);
    // At most 90 days of minutes, far within a u32.
    window(first, (end - first) as u32, length_s)
}

/// `first` counts lengths since 1970.
fn window(first: i64, buckets: u32, length_s: u32) -> Window {
    let unit = if length_s.is_multiple_of(HOUR_S) {
        Unit::Hour
    } else {
        Unit::Minute
    };
    let per_bucket = length_s / unit.seconds();
    Window {
        unit,
        from: first * i64::from(per_bucket),
        per_bucket,
        buckets,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 2026-11-22T10:20:30Z.
    const NOW_S: i64 = 1_795_342_830;

    fn bucket_s(window: &Window) -> u32 {
        window.per_bucket * window.unit.seconds()
    }

    #[test]
    fn charts_have_24_to_120_buckets_and_cover_the_range() {
        for (range_s, length_s, buckets) in [
            (HOUR_S, 60, 61),
            (2 * HOUR_S, 120, 61),
            (3 * HOUR_S, 120, 91),
            (DAY_S, HOUR_S, 25),
            (2 * DAY_S, HOUR_S, 49),
            (7 * DAY_S, 2 * HOUR_S, 85),
            (30 * DAY_S, 12 * HOUR_S, 61),
            (90 * DAY_S, DAY_S, 91),
        ] {
            let from = NOW_S - i64::from(range_s);
            let window = chart(from, NOW_S, 0, NOW_S).unwrap();
            assert_eq!(
                (bucket_s(&window), window.buckets),
                (length_s, buckets),
                "{range_s}"
            );
            let unit_s = i64::from(window.unit.seconds());
            let end_s = window.to() * unit_s;
            assert!(
                end_s >= NOW_S && end_s < NOW_S + i64::from(length_s),
                "{range_s}"
            );
            assert!(window.from * unit_s <= from, "{range_s}");
            assert_eq!(end_s % i64::from(length_s), 0, "{range_s}");
        }
    }

    #[test]
    fn sparklines_have_at_most_30_buckets_and_a_day_is_hours() {
        let day = sparkline(DAY_S, NOW_S);
        assert_eq!((bucket_s(&day), day.buckets), (HOUR_S, 24));
        for range_s in [RANGE_MIN_S, 5 * HOUR_S, 2 * DAY_S, RANGE_MAX_S] {
            let window = sparkline(range_s, NOW_S);
            assert!((20..=30).contains(&window.buckets), "{range_s}: {window:?}");
        }
    }

    #[test]
    fn an_aligned_range_has_exactly_its_buckets() {
        let from = NOW_S - NOW_S % 3600;
        let window = chart(from - 7200, from, 3600, NOW_S).unwrap();
        assert_eq!((window.from, window.buckets), ((from - 7200) / 3600, 2));
    }

    #[test]
    fn old_ranges_never_read_minutes() {
        let to = NOW_S - 10 * i64::from(DAY_S);
        let window = chart(to - 3600, to, 0, NOW_S).unwrap();
        assert_eq!(window.unit, Unit::Hour);
    }

    #[test]
    fn malformed_ranges_are_refused_by_name() {
        for (from, to, bucket, field) in [
            (10, 10, 0, "from"),
            (0, i64::from(RANGE_MAX_S) + 1, 0, "from"),
            (0, 7200, 61, "bucket_s"),
            (0, 7200, 1800, "bucket_s"),
            (0, 90 * i64::from(DAY_S), 60, "bucket_s"),
        ] {
            assert_eq!(
                chart(from, to, bucket, NOW_S).unwrap_err().field,
                field,
                "{from} {to} {bucket}"
            );
        }
        assert!(range_s(3599, "range_s").is_err());
        assert!(range_s(RANGE_MAX_S + 1, "range_s").is_err());
        assert_eq!(range_s(0, "range_s").unwrap(), DAY_S);
    }
}
