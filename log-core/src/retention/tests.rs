use std::time::Duration;

use proptest::prelude::*;

use super::{Claim, Plan, Reason, Retention, SegmentFacts, plan, unread_bytes};

const SECOND_NS: i64 = 1_000_000_000;
const NOW_NS: i64 = 1_000 * SECOND_NS;

/// Complete segments of 10 records and 100 bytes each, the newest records 10 s apart, and an open one of 50 bytes.
fn segments(complete: u64) -> Vec<SegmentFacts> {
    let segment = |index: u64| SegmentFacts {
        number: index + 7,
        base: 101 + index * 10,
        end: 111 + index * 10,
        last_ns: NOW_NS - (complete - index) as i64 * 10 * SECOND_NS,
        disk_bytes: 100,
        complete: true,
    };
    let mut segments: Vec<_> = (0..complete).map(segment).collect();
    segments.push(SegmentFacts {
        last_ns: NOW_NS,
        disk_bytes: 50,
        complete: false,
        ..segment(complete)
    });
    segments
}

fn claim(cursor: &str, position: u64) -> Claim {
    Claim {
        cursor: cursor.into(),
        position,
    }
}

/// Both bounds, no cursor.
fn bounds(age_s: Option<u64>, bytes_max: Option<u64>) -> Retention {
    Retention {
        age_max: age_s.map(Duration::from_secs),
        bytes_max,
        ..Retention::default()
    }
}

#[test]
fn age_and_size_drop_a_prefix_of_the_complete_segments() {
    // Ages of five complete segments: 50, 40, 30, 20, 10 s; 550 bytes in all.
    for (age_s, bytes_max, dropped, reason) in [
        (None, None, 0, None),
        (Some(1000), None, 0, None),
        (Some(50), None, 0, None),
        (Some(49), None, 1, Some(Reason::Age)),
        (Some(29), None, 3, Some(Reason::Age)),
        (Some(0), None, 5, Some(Reason::Age)),
        (None, Some(550), 0, None),
        (None, Some(549), 1, Some(Reason::Size)),
        (None, Some(450), 1, Some(Reason::Size)),
        (None, Some(0), 5, Some(Reason::Size)),
        (Some(39), Some(350), 2, Some(Reason::Age)),
        (Some(49), Some(350), 2, Some(Reason::Size)),
        (Some(29), Some(550), 3, Some(Reason::Age)),
    ] {
        let expected = Plan {
            below: 101 + dropped * 10,
            wanted: 101 + dropped * 10,
            segments: dropped,
            bytes: dropped * 100,
            reason,
            held_by: Vec::new(),
            overruled: Vec::new(),
        };
        let found = plan(&segments(5), &[], &bounds(age_s, bytes_max), NOW_NS);
        assert_eq!(found, expected, "{age_s:?} {bytes_max:?}");
        assert_eq!(found.is_empty(), dropped == 0);
    }
}

#[test]
fn the_last_segment_stays_even_when_it_is_complete() {
    let mut all = segments(3);
    all[3].complete = true;
    let found = plan(&all, &[], &bounds(Some(0), Some(0)), NOW_NS + SECOND_NS);
    assert_eq!((found.below, found.segments), (131, 3));
    let found = plan(&[], &[], &bounds(Some(0), Some(0)), NOW_NS);
    assert_eq!((found.below, found.segments), (1, 0));
}

#[test]
fn a_segment_between_that_is_young_keeps_those_behind_it() {
    let mut all = segments(4);
    // The clock was set back: what follows looks older.
    all[1].last_ns = NOW_NS;
    let found = plan(&all, &[], &bounds(Some(5), None), NOW_NS);
    assert_eq!((found.below, found.segments), (111, 1));
}

#[test]
fn required_cursors_hold_back_what_they_have_not_passed() {
    let retention = Retention {
        cursors_required: vec!["cold".into(), "search".into()],
        ..bounds(Some(0), None)
    };
    let cursors = |cold, search| vec![("cold".to_owned(), cold), ("search".to_owned(), search)];
    for (cold, search, below, held_by) in [
        (151, 151, 151, vec![]),
        (161, 200, 151, vec![]),
        (150, 151, 141, vec![claim("cold", 150)]),
        (
            111,
            121,
            111,
            vec![claim("cold", 111), claim("search", 121)],
        ),
        (
            110,
            121,
            101,
            vec![claim("cold", 110), claim("search", 121)],
        ),
    ] {
        let found = plan(&segments(5), &cursors(cold, search), &retention, NOW_NS);
        assert_eq!((found.below, found.wanted), (below, 151), "{cold} {search}");
        assert_eq!(found.held_by, held_by);
        assert_eq!(found.overruled, []);
    }
}

#[test]
fn a_cursor_beyond_the_cap_loses_its_claim_loudly_and_a_missing_one_never() {
    let retention = Retention {
        cursors_required: vec!["cold".into(), "search".into()],
        cursor_lag_bytes_max: Some(250),
        ..bounds(Some(0), None)
    };
    let at = |cold, search| vec![("cold".to_owned(), cold), ("search".to_owned(), search)];
    // From 131 on there are two complete segments and the open one: 250 bytes.
    let found = plan(&segments(5), &at(131, 151), &retention, NOW_NS);
    assert_eq!((found.below, found.overruled), (131, vec![]));
    let found = plan(&segments(5), &at(130, 151), &retention, NOW_NS);
    assert_eq!((found.below, found.held_by), (151, vec![]));
    assert_eq!(found.overruled, [claim("cold", 130)]);
    // Overruled, but the other one still holds.
    let found = plan(&segments(5), &at(105, 135), &retention, NOW_NS);
    assert_eq!(found.below, 131);
    assert_eq!(found.held_by, [claim("search", 135)]);
    assert_eq!(found.overruled, [claim("cold", 105)]);

    let found = plan(&segments(5), &at(151, 151)[..1], &retention, NOW_NS);
    assert_eq!(found.below, 101);
    assert_eq!(found.held_by, [claim("search", 0)]);
}

#[test]
fn cursors_that_nobody_requires_hold_nothing() {
    let cursors = [("issues".to_owned(), 101)];
    let found = plan(&segments(5), &cursors, &bounds(Some(0), None), NOW_NS);
    assert_eq!((found.below, found.held_by), (151, vec![]));
}

fn arbitrary_segments() -> impl Strategy<Value = Vec<SegmentFacts>> {
    let one = (
        1..50_u64,
        0..2_000_i64,
        0..1_000_u64,
        prop::bool::weighted(0.9),
    );
    (1..1_000_u64, prop::collection::vec(one, 1..12)).prop_map(|(first, parts)| {
        let mut base = first;
        let segment = |(index, (records, last_s, disk_bytes, complete))| {
            let facts = SegmentFacts {
                number: index as u64 + 1,
                base,
                end: base + records,
                last_ns: last_s * SECOND_NS,
                disk_bytes,
                complete,
            };
            base = facts.end;
            facts
        };
        parts.into_iter().enumerate().map(segment).collect()
    })
}

fn arbitrary_retention() -> impl Strategy<Value = Retention> {
    let cap = prop::option::of(0..6_000_u64);
    let required = prop::sample::subsequence(vec!["a", "b", "c"], 0..=3);
    (
        prop::option::of(0..2_000_u64),
        prop::option::of(0..6_000_u64),
        required,
        cap,
    )
        .prop_map(|(age_s, bytes_max, required, cap)| Retention {
            cursors_required: required.into_iter().map(str::to_owned).collect(),
            cursor_lag_bytes_max: cap,
            ..bounds(age_s, bytes_max)
        })
}

proptest! {
    #[test]
    fn a_plan_obeys_every_claim_and_cuts_at_segment_ends(
        all in arbitrary_segments(),
        retention in arbitrary_retention(),
        a in 1..2_000_u64,
        b in 1..2_000_u64,
    ) {
        let cursors = [("a".to_owned(), a), ("b".to_owned(), b)];
        let found = plan(&all, &cursors, &retention, NOW_NS);
        let dropped = &all[..found.segments as usize];
        prop_assert!(dropped.len() < all.len());
        prop_assert!(dropped.iter().all(|segment| segment.complete));
        prop_assert_eq!(found.below, dropped.last().map_or(all[0].base, |last| last.end));
        prop_assert_eq!(found.bytes, dropped.iter().map(|segment| segment.disk_bytes).sum::<u64>());
        prop_assert_eq!(found.reason.is_some(), !dropped.is_empty());
        prop_assert!(found.below <= found.wanted);
        for name in &retention.cursors_required {
            let position = cursors.iter().find(|(cursor, _)| cursor == name).map(|(_, position)| *position);
            let overruled = found.overruled.iter().any(|claim| &claim.cursor == name);
            match position {
                None => prop_assert!(found.is_empty()),
                Some(position) => {
                    prop_assert!(dropped.is_empty() || overruled || found.below <= position);
                    prop_assert!(!overruled || retention.cursor_lag_bytes_max.is_some());
                }
            }
        }
    }

    #[test]
    fn time_passing_cursors_moving_and_stricter_bounds_never_keep_more(
        all in arbitrary_segments(),
        retention in arbitrary_retention(),
        (a, b, c) in (1..2_000_u64, 1..2_000_u64, 1..2_000_u64),
        step in 0..500_u64,
    ) {
        let at = |a| [("a".to_owned(), a), ("b".to_owned(), b), ("c".to_owned(), c)];
        let before = plan(&all, &at(a), &retention, NOW_NS);
        let later = plan(&all, &at(a), &retention, NOW_NS + step as i64 * SECOND_NS);
        prop_assert!(later.below >= before.below);
        // Only without the cap: passing it again renews a claim.
        if retention.cursor_lag_bytes_max.is_none() {
            prop_assert!(plan(&all, &at(a + step), &retention, NOW_NS).below >= before.below);
        }
        let stricter = Retention {
            bytes_max: Some(retention.bytes_max.unwrap_or(6_000).saturating_sub(step)),
            ..retention
        };
        prop_assert!(plan(&all, &at(a), &stricter, NOW_NS).below >= before.below);
    }
}

#[test]
fn a_lack_of_room_sheds_the_oldest_segments_until_enough_is_free() {
    // What age drops counts as room made.
    for (age_s, shed_bytes, dropped, reason) in [
        (None, 0, 0, None),
        (None, 1, 1, Some(Reason::Space)),
        (None, 100, 1, Some(Reason::Space)),
        (None, 101, 2, Some(Reason::Space)),
        (None, u64::MAX, 5, Some(Reason::Space)),
        (Some(39), 100, 2, Some(Reason::Age)),
        (Some(39), 250, 3, Some(Reason::Space)),
    ] {
        let retention = Retention {
            shed_bytes,
            ..bounds(age_s, None)
        };
        let plan = plan(&segments(5), &[], &retention, NOW_NS);
        assert_eq!(
            (plan.segments, plan.reason),
            (dropped, reason),
            "{shed_bytes}"
        );
    }
}

#[test]
fn what_the_slowest_of_the_named_cursors_has_not_passed_is_unread() {
    let at = |search: u64, cold: u64| vec![("search".into(), search), ("cold".into(), cold)];
    for (cursors, bytes) in [
        (vec![], 550),
        (at(151, 0), 550),
        (at(151, 121), 350),
        (at(121, 151), 350),
        // In the middle of a segment: all of it.
        (at(125, 151), 350),
        (at(151, 151), 50),
        (at(161, 161), 50),
    ] {
        let found = unread_bytes(&segments(5), &cursors, &["search", "cold"]);
        assert_eq!(found, bytes, "{cursors:?}");
    }
    assert_eq!(unread_bytes(&segments(5), &[], &[]), 0);
}
