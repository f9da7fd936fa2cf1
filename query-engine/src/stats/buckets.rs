//! Buckets of a range, in a time zone.
//!
//! Lengths up to an hour are lengths of real time, from a whole hour of the zone on; hours of
//! more than one, days and weeks are those that clocks there show, so that a day may have 23
//! or 25 hours. The first and the last bucket are cut at the range's ends. Units: Unix
//! milliseconds. Pure.

use jiff::{Timestamp, ToSpan as _, civil::DateTime, tz::TimeZone};

use crate::error::ApiError;

/// Most buckets when the reader names no length.
const CHOSEN_MAX: usize = 120;
/// Most buckets whatever was asked for.
pub(crate) const BUCKETS_MAX: usize = 2_400;
/// How far the clock of a client may be ahead: a range that ends now ends a minute later.
const AHEAD_MS: i64 = 60_000;
/// What a range without a start has.
const DEFAULT_MS: i64 = 24 * 3_600_000;
/// The calendar's ends, as far as it goes in every zone: years 1900 to 9000.
const CALENDAR_MS: std::ops::Range<i64> = -2_208_988_800_000..221_845_392_000_000;

/// The length of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// The whole range is one.
    All,
    /// Divides an hour.
    Minutes(u32),
    /// Divides a day.
    Hours(u32),
    Days(u32),
    /// From Monday.
    Weeks(u32),
}

/// From the shortest on.
const CHOICES: [Length; 14] = [
    Length::Minutes(1),
    Length::Minutes(2),
    Length::Minutes(5),
    Length::Minutes(10),
    Length::Minutes(15),
    Length::Minutes(30),
    Length::Hours(1),
    Length::Hours(2),
    Length::Hours(3),
    Length::Hours(6),
    Length::Hours(12),
    Length::Days(1),
    Length::Weeks(1),
    Length::Weeks(4),
];

impl Length {
    /// As it is typed; none: to be chosen.
    pub(crate) fn read(text: &str) -> Result<Option<Self>, ApiError> {
        let refused = || {
            let text: String = text.chars().take(32).collect();
            let message = format!(
                "{text:?} is no length: 1m to 30m that divide an hour, 1h to 12h that divide a day, 1d, 1w, or all"
            );
            ApiError::invalid("interval", message)
        };
        match text {
            "" => return Ok(None),
            "all" => return Ok(Some(Self::All)),
            _ => {}
        }
        let unit = text.chars().last().unwrap_or_default();
        let number = text[..text.len() - unit.len_utf8()]
            .parse()
            .map_err(|_| refused())?;
        let length = match (unit, number) {
            ('m', 1..=30) if 60 % number == 0 => Self::Minutes(number),
            ('m', 60) => Self::Hours(1),
            ('h', 1..=12) if 24 % number == 0 => Self::Hours(number),
            ('h', 24) => Self::Days(1),
            ('d', 1..=31) => Self::Days(number),
            ('w', 1..=52) => Self::Weeks(number),
            _ => return Err(refused()),
        };
        Ok(Some(length))
    }

    /// As [`Self::read`] reads it.
    pub(crate) fn print(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Minutes(number) => format!("{number}m"),
            Self::Hours(number) => format!("{number}h"),
            Self::Days(number) => format!("{number}d"),
            Self::Weeks(number) => format!("{number}w"),
        }
    }

    /// About, ms.
    fn length_ms(self) -> i64 {
        const HOUR_MS: i64 = 3_600_000;
        match self {
            Self::All => i64::MAX,
            Self::Minutes(number) => 60_000 * i64::from(number),
            Self::Hours(number) => HOUR_MS * i64::from(number),
            Self::Days(number) => 24 * HOUR_MS * i64::from(number),
            Self::Weeks(number) => 7 * 24 * HOUR_MS * i64::from(number),
        }
    }
}

/// A range in buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Buckets {
    /// At least two, ascending: the first is the range's start, the last its end.
    pub(crate) edges_ms: Vec<i64>,
    pub(crate) length: Length,
}

/// The range as asked for: from the first on, before the second.
pub(crate) fn range_ms(
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    now_ms: i64,
) -> Result<(i64, i64), ApiError> {
    let to = to_ms.unwrap_or(now_ms + AHEAD_MS);
    let from = from_ms.unwrap_or_else(|| to_ms.unwrap_or(now_ms).saturating_sub(DEFAULT_MS));
    for (ms, field) in [(to, "to"), (from, "from")] {
        if !CALENDAR_MS.contains(&ms) {
            return Err(ApiError::invalid(
                field,
                "is not within the years 1900 to 9000",
            ));
        }
    }
    if from >= to {
        let message = "the range begins at or after its end";
        return Err(ApiError::invalid("from", message));
    }
    Ok((from, to))
}

impl Buckets {
    /// Of this length, or of one that is chosen, none being shorter than `least`.
    pub(crate) fn of(
        (from, to): (i64, i64),
        length: Option<Length>,
        least: Length,
        zone: &TimeZone,
    ) -> Result<Self, ApiError> {
        if let Some(length) = length {
            if length.length_ms() < least.length_ms() {
                let message = format!("{} is shorter than {}", length.print(), least.print());
                return Err(ApiError::invalid("interval", message));
            }
            let edges = edges((from, to), length, BUCKETS_MAX, zone);
            return edges
                .map(|edges_ms| Self { edges_ms, length })
                .ok_or_else(|| {
                    let message = format!(
                        "the range has more than {BUCKETS_MAX} buckets of {}",
                        length.print()
                    );
                    ApiError::invalid("interval", message)
                });
        }
        let choices = CHOICES.into_iter();
        let mut choices = choices.filter(|length| length.length_ms() >= least.length_ms());
        let chosen = choices.find_map(|length| {
            let edges_ms = edges((from, to), length, CHOSEN_MAX, zone)?;
            Some(Self { edges_ms, length })
        });
        // Of decades.
        Ok(chosen.unwrap_or_else(|| Self::whole((from, to))))
    }

    /// The whole range as one.
    pub(crate) fn whole((from, to): (i64, i64)) -> Self {
        Self {
            edges_ms: vec![from, to],
            length: Length::All,
        }
    }

    /// The bucket of a time.
    pub(crate) fn bucket_of(&self, ms: i64) -> Option<usize> {
        let after = self.edges_ms.partition_point(|edge| *edge <= ms);
        (after > 0 && after < self.edges_ms.len()).then(|| after - 1)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.edges_ms.len() - 1
    }

    /// The range's start and end.
    pub(crate) fn ends(&self) -> (i64, i64) {
        (self.edges_ms[0], self.edges_ms[self.edges_ms.len() - 1])
    }

    /// The range before this one: as many days, if it is days from midnight to midnight;
    /// otherwise as long.
    pub(crate) fn before(&self, zone: &TimeZone) -> Self {
        let (from, to) = self.ends();
        let start = days_before(from, to, zone).unwrap_or(from - (to - from));
        // A change of clocks may make it longer by a bucket.
        let edges = edges((start, from), self.length, BUCKETS_MAX + 2, zone);
        Self {
            edges_ms: edges.unwrap_or_else(|| vec![start, from]),
            length: self.length,
        }
    }
}

/// Where the range of as many whole days before this one begins; none: it is not of whole
/// days.
fn days_before(from: i64, to: i64, zone: &TimeZone) -> Option<i64> {
    let (first, last) = (civil(from, zone)?, civil(to, zone)?);
    let midnight = |time: DateTime| time.time() == jiff::civil::Time::midnight();
    if !midnight(first) || !midnight(last) {
        return None;
    }
    let days = first.date().until(last.date()).ok()?.get_days();
    let start = first.checked_sub(i64::from(days).days()).ok()?;
    Some(instant(start, zone))
}

fn civil(ms: i64, zone: &TimeZone) -> Option<DateTime> {
    let time = Timestamp::from_millisecond(ms).ok()?;
    Some(zone.to_datetime(time))
}

/// When clocks there show this: of a time that a change of clocks left out, what comes then;
/// of one that came twice, the first.
fn instant(time: DateTime, zone: &TimeZone) -> i64 {
    let found = zone.to_ambiguous_timestamp(time).compatible();
    found.map_or(i64::MAX, Timestamp::as_millisecond)
}

/// The edges of buckets; none if there are more than `most`.
fn edges((from, to): (i64, i64), length: Length, most: usize, zone: &TimeZone) -> Option<Vec<i64>> {
    let length_ms = length.length_ms();
    // A change of clocks makes one more of a hundred, never fewer than half.
    if (to - from) / length_ms > 2 * most as i64 {
        return None;
    }
    let mut edges = vec![from];
    let start = civil(from, zone)?;
    match length {
        Length::All => {}
        Length::Minutes(_) | Length::Hours(1) => {
            // What clocks show within the hour is the same all over the range, but for
            // the few zones that change by half an hour.
            let offset_ms = i64::from(zone.to_offset(at(from)).seconds()) * 1000;
            let mut edge = (from + offset_ms).div_euclid(length_ms) * length_ms - offset_ms;
            while edge < to {
                push(&mut edges, edge, to);
                edge += length_ms;
                if edges.len() > most {
                    return None;
                }
            }
        }
        Length::Hours(_) | Length::Days(_) | Length::Weeks(_) => {
            let mut time = floor(start, length);
            loop {
                let edge = instant(time, zone);
                if edge >= to {
                    break;
                }
                push(&mut edges, edge, to);
                if edges.len() > most {
                    return None;
                }
                time = step(time, length)?;
            }
        }
    }
    edges.push(to);
    Some(edges)
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// Edges ascend: what a change of clocks left out has none.
fn push(edges: &mut Vec<i64>, edge: i64, to: i64) {
    if edges.last().is_some_and(|last| edge > *last) && edge < to {
        edges.push(edge);
    }
}

/// Where the bucket of a time begins.
fn floor(time: DateTime, length: Length) -> DateTime {
    let midnight = time.date().at(0, 0, 0, 0);
    match length {
        Length::Hours(number) => {
            let hours = i8::try_from(number).unwrap_or(1);
            time.date().at(time.hour() / hours * hours, 0, 0, 0)
        }
        Length::Weeks(_) => {
            let days = i64::from(time.weekday().to_monday_zero_offset());
            midnight.checked_sub(days.days()).unwrap_or(midnight)
        }
        _ => midnight,
    }
}

fn step(time: DateTime, length: Length) -> Option<DateTime> {
    let span = match length {
        Length::Hours(number) => i64::from(number).hours(),
        Length::Days(number) => i64::from(number).days(),
        Length::Weeks(number) => i64::from(number).weeks(),
        Length::All | Length::Minutes(_) => return None,
    };
    time.checked_add(span).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
