//! Times as people write them: absolute ones in the reader's zone, or relative to now.
//!
//! Each stands for a stretch: a day for its hours, a minute for its seconds. `>` means
//! behind its end, `>=` from its start on, `<` before its start, `<=` up to its end.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::number::{print_duration, read_duration};

/// A time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// So many seconds ago.
    Ago(u64),
    /// This moment.
    Now,
    /// The reader's day.
    Today,
    /// The day before.
    Yesterday,
    /// A day of the reader's zone.
    Date(Date),
    /// A minute of the reader's zone, or a second where seconds were written.
    Local(DateTime, Precision),
    /// A moment that names its zone.
    Instant(Timestamp),
}

/// How exactly a local time was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// `10:30`
    Minute,
    /// `10:30:00`
    Second,
}

impl When {
    /// Whether it is later than another one whatever "now" is and wherever the reader is.
    pub(crate) fn is_surely_after(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ago(own), Self::Ago(other)) => own < other,
            (Self::Date(own), Self::Date(other)) => own > other,
            (Self::Local(own, _), Self::Local(other, _)) => own > other,
            (Self::Instant(own), Self::Instant(other)) => own > other,
            _ => false,
        }
    }
}

/// A time; relative ones with their minus.
pub(crate) fn read(text: &str) -> Option<When> {
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(When::Now),
        "today" => return Some(When::Today),
        "yesterday" => return Some(When::Yesterday),
        _ => {}
    }
    if let Some(ago) = text.strip_prefix('-') {
        return read_duration(ago).map(When::Ago);
    }
    // The library reads other forms, too: what is written should be plain to see.
    let shape: String = text
        .chars()
        .take(SHAPE_MAX)
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    match shape.as_str() {
        "0000-00-00" => text.parse().ok().map(When::Date),
        "0000-00-00T00:00" | "0000-00-00 00:00" => local(text, Precision::Minute),
        "0000-00-00T00:00:00" | "0000-00-00 00:00:00" => local(text, Precision::Second),
        _ if shape.starts_with("0000-00-00T00:00") => text.parse().ok().map(When::Instant),
        _ => None,
    }
}

/// Characters of a time that tell its form.
const SHAPE_MAX: usize = 20;

fn local(text: &str, precision: Precision) -> Option<When> {
    let time = text.replace(' ', "T").parse().ok()?;
    Some(When::Local(time, precision))
}

impl When {
    /// As [`read`] reads it.
    pub(crate) fn print(self) -> String {
        match self {
            Self::Ago(seconds) => format!("-{}", print_duration(seconds)),
            Self::Now => "now".to_owned(),
            Self::Today => "today".to_owned(),
            Self::Yesterday => "yesterday".to_owned(),
            Self::Date(date) => date.to_string(),
            Self::Local(time, Precision::Minute) => time.strftime("%Y-%m-%dT%H:%M").to_string(),
            Self::Local(time, Precision::Second) => time.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            Self::Instant(instant) => instant.to_string(),
        }
    }

    /// The stretch it stands for, Unix ms: from, and before.
    pub(crate) fn stretch(self, now_ms: i64, zone: &TimeZone) -> (i64, i64) {
        let day = |date: Date| {
            let end = date.tomorrow().unwrap_or(date);
            (start_of(date.into(), zone), start_of(end.into(), zone))
        };
        let today = || at(now_ms).to_zoned(zone.clone()).date();
        match self {
            Self::Ago(seconds) => {
                let then = now_ms.saturating_sub(seconds.saturating_mul(1000) as i64);
                (then, then.saturating_add(1))
            }
            Self::Now => (now_ms, now_ms.saturating_add(1)),
            Self::Today => day(today()),
            Self::Yesterday => day(today().yesterday().unwrap_or_else(|_| today())),
            Self::Date(date) => day(date),
            Self::Local(time, precision) => {
                let start = start_of(time, zone);
                let length = match precision {
                    Precision::Minute => 60_000,
                    Precision::Second => 1_000,
                };
                (start, start.saturating_add(length))
            }
            Self::Instant(instant) => {
                let start = instant.as_millisecond();
                let length = if instant.subsec_nanosecond() == 0 {
                    1_000
                } else {
                    1
                };
                (start, start.saturating_add(length))
            }
        }
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// Where a local time begins: of one that a change of clocks left out, what comes then.
fn start_of(time: DateTime, zone: &TimeZone) -> i64 {
    zone.to_ambiguous_timestamp(time)
        .compatible()
        .map_or(i64::MAX, Timestamp::as_millisecond)
}
