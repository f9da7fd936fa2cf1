use proptest::prelude::*;

use super::*;

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn of(from: &str, to: &str, length: &str, zone_name: &str) -> Vec<String> {
    let length = Length::read(length).unwrap();
    let buckets = Buckets::of(
        (ms(from), ms(to)),
        length,
        Length::Minutes(1),
        &zone(zone_name),
    );
    let text = |edge: &i64| at(*edge).to_string();
    buckets.unwrap().edges_ms.iter().map(text).collect()
}

#[test]
fn days_are_those_of_the_zone_right_across_changes_of_clocks() {
    // Berlin sets its clocks back on 25 October 2026, and ahead on 29 March.
    assert_eq!(
        of(
            "2026-10-24T10:00:00Z",
            "2026-10-27T00:00:00Z",
            "1d",
            "Europe/Berlin"
        ),
        [
            "2026-10-24T10:00:00Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
            "2026-10-26T23:00:00Z",
            "2026-10-27T00:00:00Z"
        ]
    );
    assert_eq!(
        of(
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
            "6h",
            "Europe/Berlin"
        ),
        [
            "2026-03-28T23:00:00Z",
            "2026-03-29T04:00:00Z",
            "2026-03-29T10:00:00Z",
            "2026-03-29T16:00:00Z",
            "2026-03-29T22:00:00Z"
        ]
    );
    // Hours are real hours: 23 of that day, 25 of the other.
    let hours = |from, to| of(from, to, "1h", "Europe/Berlin").len() - 1;
    assert_eq!(hours("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), 23);
    assert_eq!(hours("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), 25);
    // Midnight itself is left out: the day begins at one.
    assert_eq!(
        of(
            "2018-11-03T12:00:00Z",
            "2018-11-05T12:00:00Z",
            "1d",
            "America/Sao_Paulo"
        ),
        [
            "2018-11-03T12:00:00Z",
            "2018-11-04T03:00:00Z",
            "2018-11-05T02:00:00Z",
            "2018-11-05T12:00:00Z"
        ]
    );
}

#[test]
fn hours_are_whole_where_offsets_are_not() {
    assert_eq!(
        of(
            "2026-11-22T10:10:00Z",
            "2026-11-22T12:00:00Z",
            "1h",
            "Asia/Kathmandu"
        ),
        [
            "2026-11-22T10:10:00Z",
            "2026-11-22T10:15:00Z",
            "2026-11-22T11:15:00Z",
            "2026-11-22T12:00:00Z"
        ]
    );
}

#[test]
fn weeks_begin_on_monday() {
    assert_eq!(
        of("2026-11-18T00:00:00Z", "2026-12-01T00:00:00Z", "1w", "UTC"),
        [
            "2026-11-18T00:00:00Z",
            "2026-11-23T00:00:00Z",
            "2026-11-30T00:00:00Z",
            "2026-12-01T00:00:00Z"
        ]
    );
}

#[test]
fn lengths_are_chosen_by_the_range() {
    for (hours, length, count) in [
        (1, "1m", 60),
        (3, "2m", 90),
        (24, "15m", 96),
        (7 * 24, "2h", 84),
        (30 * 24, "6h", 120),
        (90 * 24, "1d", 90),
        (365 * 24, "1w", 53),
    ] {
        let to = ms("2026-11-22T00:00:00Z");
        let range = (to - hours * 3_600_000, to);
        let found = Buckets::of(range, None, Length::Minutes(1), &TimeZone::UTC).unwrap();
        assert_eq!(
            (found.length.print().as_str(), found.count()),
            (length, count)
        );
    }
}

#[test]
fn the_days_before_are_as_many_days() {
    let berlin = zone("Europe/Berlin");
    let week = (ms("2026-10-25T23:00:00Z"), ms("2026-11-01T23:00:00Z"));
    let week = Buckets::of(week, Some(Length::Days(1)), Length::Days(1), &berlin).unwrap();
    let before = week.before(&berlin);
    assert_eq!(before.count(), 7);
    // With an hour more: clocks were set back within it.
    assert_eq!(before.ends(), (ms("2026-10-18T22:00:00Z"), week.ends().0));
    let day = (ms("2026-11-20T10:30:00Z"), ms("2026-11-21T10:30:00Z"));
    let day = Buckets::of(day, Some(Length::Hours(1)), Length::Hours(1), &berlin).unwrap();
    let start = ms("2026-11-19T10:30:00Z");
    assert_eq!(day.before(&berlin).ends(), (start, day.ends().0));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for text in ["x", "7m", "5h", "0h", "1y", "-1h", "h", "99999999999d", "é"] {
        assert_eq!(Length::read(text).unwrap_err().field, "interval", "{text}");
    }
    let year = (ms("2025-11-22T00:00:00Z"), ms("2026-11-22T00:00:00Z"));
    let many = Buckets::of(
        year,
        Some(Length::Minutes(1)),
        Length::Minutes(1),
        &TimeZone::UTC,
    );
    assert_eq!(many.unwrap_err().field, "interval");
    let short = Buckets::of(
        year,
        Some(Length::Minutes(5)),
        Length::Hours(1),
        &TimeZone::UTC,
    );
    assert_eq!(short.unwrap_err().field, "interval");
    assert_eq!(range_ms(Some(5), Some(5), 0).unwrap_err().field, "from");
    assert_eq!(range_ms(Some(i64::MIN), None, 0).unwrap_err().field, "from");
    assert_eq!(range_ms(None, Some(i64::MAX), 0).unwrap_err().field, "to");
}

proptest! {
    #[test]
    fn edges_ascend_from_start_to_end_at_starts_of_the_zones_units(
        from in 946_684_800_000..2_000_000_000_000_i64,
        hours in 1..3_000_i64,
        length in prop::sample::select(&["30m", "1h", "6h", "1d", "1w"][..]),
        name in prop::sample::select(&["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"][..]),
    ) {
        let (to, zone) = (from + hours * 3_600_000, zone(name));
        let asked = Length::read(length).unwrap();
        let Ok(found) = Buckets::of((from, to), asked, Length::Minutes(1), &zone) else {
            prop_assert!(hours > 900);
            return Ok(());
        };
        prop_assert_eq!(found.ends(), (from, to));
        prop_assert!(found.edges_ms.is_sorted_by(|a, b| a < b));
        for edge in &found.edges_ms[1..found.count()] {
            let time = civil(*edge, &zone).unwrap();
            // One that clocks leave out begins where they go on.
            let at_start = floor(time, asked.unwrap()) == time;
            let jumped = civil(*edge - 1, &zone).unwrap().date() != time.date() || time.hour() > 0;
            prop_assert!(length.ends_with('m') || length == "1h" || at_start || jumped, "{}", time);
        }
        prop_assert_eq!(found.before(&zone).ends().1, from);
    }
}
