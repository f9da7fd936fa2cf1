//! When runs of a monitor are due: a crontab, or an interval, in a time zone.
//!
//! Pure. Units: Unix milliseconds. Times that a change of clocks leaves out are due when
//! clocks go on; those that come twice are due once.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde_json::Value;

/// How long after it is due a run is not missed, and how long it may take, where the client
/// has told neither; minutes.
const MARGIN_MIN: u64 = 1;
const RUNTIME_MIN: u64 = 30;
/// Longest of either: a month.
const MINUTES_MAX: u64 = 31 * 24 * 60;
/// Most days looked at for the next time of a crontab: 29 February comes within 8 years.
const DAYS_MAX: usize = 366 * 8 + 2;

/// What a monitor's client told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Schedule {
    /// None: nothing, or nothing that can be read.
    every: Option<Every>,
    zone: TimeZone,
    /// As people read it; empty: none.
    pub(super) text: String,
    /// The zone's name.
    pub(super) zone_name: String,
    pub(super) margin_ms: i64,
    pub(super) runtime_ms: i64,
}

#[derive(Debug, Clone, PartialEq)]
enum Every {
    Crontab(Box<Crontab>),
    Interval(u32, Unit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Schedule {
    /// Out of a monitor's configuration, a JSON object; lenient.
    pub(super) fn read(config: &str) -> Self {
        let config: Value = serde_json::from_str(config).unwrap_or_default();
        let zone_name = config["timezone"].as_str().unwrap_or("UTC").to_owned();
        let minutes = |key: &str, default: u64| {
            let asked = config[key].as_u64().filter(|minutes| *minutes > 0);
            asked.unwrap_or(default).min(MINUTES_MAX) as i64 * 60_000
        };
        let (every, text) = every(&config["schedule"]);
        Self {
            every,
            text,
            zone: TimeZone::get(&zone_name).unwrap_or(TimeZone::UTC),
            zone_name,
            margin_ms: minutes("checkin_margin", MARGIN_MIN),
            runtime_ms: minutes("max_runtime", RUNTIME_MIN),
        }
    }

    /// Whether it is told when runs are due.
    #[cfg(test)]
    fn is_known(&self) -> bool {
        self.every.is_some()
    }

    /// When the next run is due behind a time at which one was; none: unknown, or never.
    pub(super) fn after(&self, ms: i64) -> Option<i64> {
        let time = Timestamp::from_millisecond(ms).ok()?;
        let local = self.zone.to_datetime(time);
        match self.every.as_ref()? {
            Every::Crontab(crontab) => crontab.after(local, ms, &self.zone),
            Every::Interval(number, unit) => {
                let number = i64::from(*number);
                let span = match unit {
                    // Of real time, whatever clocks show.
                    Unit::Minute => return Some(ms + number * 60_000),
                    Unit::Hour => return Some(ms + number * 3_600_000),
                    Unit::Day => number.days(),
                    Unit::Week => number.weeks(),
                    Unit::Month => number.months(),
                    Unit::Year => number.years(),
                };
                Some(instant(local.checked_add(span).ok()?, &self.zone))
            }
        }
    }

    /// From when the next run is reckoned, of one that began and was due then.
    pub(super) fn base(&self, started_ms: i64, due: Option<i64>) -> i64 {
        match (&self.every, due) {
            // One that began a moment early is not due again.
            (Some(Every::Crontab(_)), Some(due)) => due.max(started_ms),
            _ => started_ms,
        }
    }

    /// When the run was due that began at a time; `before` is when the one before it began.
    pub(super) fn due(&self, started_ms: i64, before: Option<i64>) -> Option<i64> {
        // Clocks of machines differ a little: what begins a moment early is on time.
        const EARLY_MS: i64 = 30_000;
        match self.every.as_ref()? {
            Every::Interval(..) => {
                let mut due = self.after(before?)?;
                loop {
                    let next = self.after(due)?;
                    if next > started_ms + EARLY_MS || next <= due {
                        return Some(due);
                    }
                    due = next;
                }
            }
            Every::Crontab(crontab) => {
                let time = Timestamp::from_millisecond(started_ms + EARLY_MS).ok()?;
                crontab.at_or_before(self.zone.to_datetime(time), &self.zone)
            }
        }
    }
}

fn every(schedule: &Value) -> (Option<Every>, String) {
    let kind = schedule["type"].as_str().unwrap_or_default();
    match (kind, &schedule["value"]) {
        ("crontab", Value::String(text)) => {
            let crontab = Crontab::read(text);
            (
                crontab.map(|crontab| Every::Crontab(Box::new(crontab))),
                text.clone(),
            )
        }
        ("interval", value) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            let number = number.filter(|number| (1..=100_000).contains(number));
            let unit = schedule["unit"].as_str().unwrap_or_default();
            let unit = match unit.trim_end_matches('s') {
                "minute" => Some((Unit::Minute, "minute")),
                "hour" => Some((Unit::Hour, "hour")),
                "day" => Some((Unit::Day, "day")),
                "week" => Some((Unit::Week, "week")),
                "month" => Some((Unit::Month, "month")),
                "year" => Some((Unit::Year, "year")),
                _ => None,
            };
            match number.zip(unit) {
                None => (None, String::new()),
                Some((1, (unit, name))) => {
                    (Some(Every::Interval(1, unit)), format!("every {name}"))
                }
                Some((number, (unit, name))) => (
                    Some(Every::Interval(number, unit)),
                    format!("every {number} {name}s"),
                ),
            }
        }
        _ => (None, String::new()),
    }
}

fn instant(time: DateTime, zone: &TimeZone) -> i64 {
    let found = zone.to_ambiguous_timestamp(time).compatible();
    found.map_or(i64::MAX, Timestamp::as_millisecond)
}

/// Five fields as cron(8) reads them, each a set of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Crontab {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether days of the month, and days of the week, are named: of both either counts.
    names_days: (bool, bool),
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Crontab {
    fn read(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return None;
        };
        let week = set(weekdays, (0, 7), &WEEKDAYS, 0)?;
        Some(Self {
            minutes: set(minutes, (0, 59), &[], 0)?,
            hours: set(hours, (0, 23), &[], 0)?,
            days: set(days, (1, 31), &[], 0)?,
            months: set(months, (1, 12), &MONTHS, 1)?,
            // Sunday is 7, too.
            weekdays: (week | week >> 7) & 0x7f,
            names_days: (!days.starts_with('*'), !weekdays.starts_with('*')),
        })
    }

    fn has_day(&self, date: Date) -> bool {
        let has = |set: u64, number: i8| (set >> number) & 1 == 1;
        let weekday = date.weekday().to_sunday_zero_offset();
        let (day, week) = (has(self.days, date.day()), has(self.weekdays, weekday));
        let is_day = match self.names_days {
            (true, true) => day || week,
            _ => day && week,
        };
        is_day && has(self.months, date.month())
    }

    /// Minutes of a day, ascending.
    fn times(&self) -> impl DoubleEndedIterator<Item = (i8, i8)> + '_ {
        let of = |set: u64, end: i8| (0..end).filter(move |number| (set >> number) & 1 == 1);
        of(self.hours, 24)
            .flat_map(move |hour| of(self.minutes, 60).map(move |minute| (hour, minute)))
    }

    fn after(&self, local: DateTime, ms: i64, zone: &TimeZone) -> Option<i64> {
        let mut date = local.date();
        for _ in 0..DAYS_MAX {
            if self.has_day(date) {
                let mut times = self
                    .times()
                    .map(|(hour, minute)| instant(date.at(hour, minute, 0, 0), zone));
                if let Some(found) = times.find(|found| *found > ms) {
                    return Some(found);
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn at_or_before(&self, local: DateTime, zone: &TimeZone) -> Option<i64> {
        let mut date = local.date();
        for _ in 0..DAYS_MAX {
            if self.has_day(date) {
                let mut times = self.times().rev();
                let found = times.find(|(hour, minute)| date.at(*hour, *minute, 0, 0) <= local);
                if let Some((hour, minute)) = found {
                    return Some(instant(date.at(hour, minute, 0, 0), zone));
                }
            }
            date = date.yesterday().ok()?;
        }
        None
    }
}

/// The numbers of a field: `*`, `3`, `1-5`, `*/10`, `1-30/2`, names, and lists of those.
fn set(text: &str, (least, most): (u32, u32), names: &[&str], first: u32) -> Option<u64> {
    let number = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let named = names.iter().position(|name| *name == lower);
        match named {
            Some(at) => Some(at as u32 + first),
            None => text
                .parse()
                .ok()
                .filter(|number| (least..=most).contains(number)),
        }
    };
    let mut all = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1_u32),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from > to {
            return None;
        }
        for number in (from..=to).step_by(step as usize) {
            all |= 1 << number;
        }
    }
    Some(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn schedule(value: &str, zone: &str) -> Schedule {
        Schedule::read(&format!(
            r#"{{"schedule":{{"type":"crontab","value":"{value}"}},"timezone":"{zone}"}}"#
        ))
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn text(ms: Option<i64>) -> String {
        ms.map_or("never".to_owned(), |ms| {
            Timestamp::from_millisecond(ms).unwrap().to_string()
        })
    }

    #[test]
    fn a_crontab_tells_the_next_time() {
        for (crontab, zone, after, expected) in [
            (
                "0 * * * *",
                "UTC",
                "2026-11-22T10:20:00Z",
                "2026-11-22T11:00:00Z",
            ),
            (
                "0 * * * *",
                "UTC",
                "2026-11-22T11:00:00Z",
                "2026-11-22T12:00:00Z",
            ),
            (
                "*/15 9-17 * * mon-fri",
                "UTC",
                "2026-11-20T17:45:00Z",
                "2026-11-23T09:00:00Z",
            ),
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-11-22T10:00:00Z",
                "2026-11-23T01:30:00Z",
            ),
            (
                "0 0 29 2 *",
                "UTC",
                "2026-11-22T10:00:00Z",
                "2028-02-29T00:00:00Z",
            ),
            (
                "0 12 1,15 * 0",
                "UTC",
                "2026-11-22T12:00:00Z",
                "2026-11-29T12:00:00Z",
            ),
            (
                "0 12 * * 7",
                "UTC",
                "2026-11-22T12:00:00Z",
                "2026-11-29T12:00:00Z",
            ),
            (
                "@daily",
                "UTC",
                "2026-11-22T12:00:00Z",
                "2026-11-23T00:00:00Z",
            ),
            // Clocks go ahead at two: it is due at three.
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-03-28T10:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            ("0 0 31 2 *", "UTC", "2026-11-22T12:00:00Z", "never"),
        ] {
            let found = schedule(crontab, zone).after(ms(after));
            assert_eq!(text(found), expected, "{crontab} after {after}");
        }
    }

    #[test]
    fn a_run_is_of_the_time_before_it() {
        let hourly = schedule("0 * * * *", "UTC");
        for (started, due) in [
            ("2026-11-22T10:00:02Z", "2026-11-22T10:00:00Z"),
            ("2026-11-22T09:59:45Z", "2026-11-22T10:00:00Z"),
            ("2026-11-22T10:59:00Z", "2026-11-22T10:00:00Z"),
        ] {
            assert_eq!(text(hourly.due(ms(started), None)), due);
        }
        let interval = Schedule::read(
            r#"{"schedule":{"type":"interval","value":10,"unit":"minute"},"checkin_margin":5,"max_runtime":0}"#,
        );
        assert_eq!(
            (interval.margin_ms, interval.runtime_ms),
            (300_000, 1_800_000)
        );
        assert_eq!(interval.text, "every 10 minutes");
        let before = Some(ms("2026-11-22T10:00:00Z"));
        for (started, due) in [
            ("2026-11-22T10:10:05Z", "2026-11-22T10:10:00Z"),
            ("2026-11-22T10:03:00Z", "2026-11-22T10:10:00Z"),
            ("2026-11-22T10:45:00Z", "2026-11-22T10:40:00Z"),
        ] {
            assert_eq!(text(interval.due(ms(started), before)), due);
        }
        assert_eq!(interval.due(0, None), None);
    }

    #[test]
    fn what_cannot_be_read_tells_nothing() {
        for crontab in [
            "",
            "* * * *",
            "60 * * * *",
            "a * * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "* * 0 * *",
            "* * * 13 *",
        ] {
            assert!(!schedule(crontab, "UTC").is_known(), "{crontab}");
        }
        for config in [
            "",
            "nope",
            "[]",
            "{}",
            r#"{"schedule":{"type":"interval","value":-1,"unit":"day"}}"#,
        ] {
            let found = Schedule::read(config);
            assert!(!found.is_known() && found.after(0).is_none(), "{config}");
        }
    }
}
