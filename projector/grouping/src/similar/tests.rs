#![allow(clippy::unwrap_used)]

use event_model::{
    StoredEvent,
    head::{ExceptionHeadV1, FrameHeadV1, Head},
};
use proptest::prelude::*;

use super::*;
use crate::{
    Grouper, Rules,
    heads::{error, exception, frame, head, message, stored},
};

fn profile(head: &Head) -> Profile {
    Grouper::standard().profile(stored(head).whole())
}

fn sketch(head: &Head) -> Option<[u16; sketch::PLACES]> {
    Grouper::standard().sketch(stored(head).whole())
}

fn likeness(a: &Head, b: &Head) -> Likeness {
    profile(a).likeness(&profile(b))
}

const STACK: [&str; 5] = [
    "main in app",
    "handle in app.web",
    "checkout in app.cart",
    "charge in app.pay",
    "send in app.pay.http",
];

fn timeout(frames: &[&str]) -> Head {
    error("python", "TimeoutError", "no answer within 5 s", frames)
}

/// The same calls, `more` among them before `at`.
fn with(more: &str, at: usize) -> Head {
    let mut frames = STACK.to_vec();
    frames.insert(at, more);
    timeout(&frames)
}

#[test]
fn what_is_shared_and_what_differs_is_told_in_short_words() {
    let check = |other: &Head, shared: &str, differs: &str, least: f64, most: f64| {
        let found = likeness(&timeout(&STACK), other);
        let words = (found.shared.as_str(), found.differs.as_str());
        assert_eq!(words, (shared, differs));
        let is_within = (least..=most).contains(&found.score);
        assert!(is_within, "{differs}: {}", found.score);
    };
    check(
        &with("retry in app.tools", 3),
        "same error, 5 of 6 frames and same text",
        "frame `retry` there",
        0.75,
        0.95,
    );
    let mut renamed = STACK.to_vec();
    renamed[3] = "bill in app.pay";
    check(
        &timeout(&renamed),
        "same error, 4 of 5 frames and same text",
        "frame `charge` here and frame `bill` there",
        0.6,
        0.9,
    );
    let other_type = Head {
        exceptions: vec![exception("OSError", "no route", &STACK)],
        ..timeout(&STACK)
    };
    check(
        &other_type,
        "all 5 frames",
        "error `OSError` there",
        0.4,
        0.8,
    );
    check(
        &error("python", "KeyError", "'id'", &["load in app.store"]),
        "",
        "error `KeyError` there, frames `send`, `charge` and 3 more here and frame `load` there",
        0.0,
        0.1,
    );
}

#[test]
fn messages_are_alike_by_their_words() {
    let one = message("connection to db-1.example lost after 3 tries");
    let other = message("connection to db-2.example refused after 7 tries");
    let found = likeness(&one, &other);
    assert!(found.score > 0.4, "{found:?}");
    assert_eq!(found.shared, "6 of 7 words");
    assert_eq!(found.differs, "text");
    let third = message("cart 17 has no items");
    assert!(likeness(&one, &third).score < 0.2);
}

#[test]
fn what_a_client_gives_is_one_feature_of_many() {
    let given = |name: &str| Head {
        fingerprint: vec!["{{ default }}".into(), name.into()],
        ..timeout(&STACK)
    };
    let found = likeness(&given("acme"), &given("globex"));
    assert_eq!(found.differs, "fingerprint given");
    assert!((0.6..0.9).contains(&found.score), "{found:?}");
}

#[test]
fn an_event_that_says_nothing_is_like_nothing() {
    assert_eq!(sketch(&head()), None);
    assert!(profile(&head()).is_empty());
    let score = profile(&head()).score(&profile(&head()));
    assert!(score.abs() < f64::EPSILON);
    assert_eq!(
        suggestions(&profile(&head()), &profile(&head()), ""),
        Vec::<String>::new()
    );
}

/// What is stored must not change without the version of the issue database.
#[test]
fn sketches_are_what_they_were() {
    let found = [timeout(&STACK), message("cart 17 has no items")].map(|head| sketch(&head));
    let sums = found.map(|sketch| {
        let numbers = sketch.unwrap().map(u64::from);
        numbers.iter().fold(0_u64, |sum, number| {
            sum.wrapping_mul(31).wrapping_add(*number)
        })
    });
    assert_eq!(
        sums,
        [11_381_139_517_418_748_630, 10_238_210_121_609_338_468]
    );
}

/// The rules that make one issue of two events, as they are suggested.
fn joining(a: &StoredEvent, b: &StoredEvent) -> Vec<String> {
    let plain = Grouper::standard();
    let [one, other] = [a, b].map(|event| plain.profile(event.whole()));
    let lines = suggestions(&one, &other, "");
    let joins = |line: &String| {
        let rules = Rules::parse(line).unwrap_or_else(|errors| panic!("{line}: {errors:?}"));
        let grouper = Grouper::with_rules(std::sync::Arc::new(rules));
        grouper.fingerprint(a.whole()) == grouper.fingerprint(b.whole())
    };
    lines.into_iter().filter(joins).collect()
}

#[test]
fn the_first_rule_that_joins_is_as_narrow_as_what_differs() {
    let check = |a: &Head, b: &Head, expected: &str| {
        let found = joining(&stored(a), &stored(b));
        assert_eq!(
            found.first().map_or("", |line| line),
            expected,
            "{found:#?}"
        );
    };
    check(
        &timeout(&STACK),
        &with("retry in app.tools", 3),
        "stack.function:retry stack.module:app.tools -group",
    );
    let mut renamed = STACK.to_vec();
    renamed[3] = "bill in app.pay";
    check(
        &timeout(&STACK),
        &timeout(&renamed),
        "error.type:TimeoutError stack.function:send stack.module:app.pay.http -> timeout-error-send",
    );
    check(
        &error("python", "OSError", "no route to host db-1", &["a in m"]),
        &error("python", "OSError", "no route to host db-2", &["b in m"]),
        "error.type:OSError error.value:\"no route to host db-*\" -> oserror",
    );
    check(
        &message("connection to the ledger was lost"),
        &message("connection to the archive was lost"),
        "message:\"connection to the * was lost*\" -> connection-to-the-ledger-was-lost",
    );
    check(
        &error("python", "A", "x", &["load in m \"q\" # |"]),
        &error("python", "B", "x", &["load in m \"q\" # |"]),
        "stack.function:load stack.module:\"m \\\"q\\\" # |\" -> a-load",
    );
    check(&message("alpha"), &message("omega"), "");
}

#[test]
fn a_suggested_fingerprint_is_none_that_the_rules_have() {
    let [one, other] = [
        profile(&message("connection to the ledger was lost")),
        profile(&message("connection to the archive was lost")),
    ];
    let rules = "message:x -> connection-to-the-ledger-was-lost";
    let lines = suggestions(&one, &other, rules);
    assert!(
        lines[0].ends_with("-> connection-to-the-ledger-was-lost-2"),
        "{lines:?}"
    );
}

/// A group of errors, linked as clients link them.
fn group(members: &[String]) -> Head {
    let member = |(number, ty): (i32, &String)| ExceptionHeadV1 {
        exception_id: number,
        parent_id: 0,
        ..exception(ty, "v", &["task in app"])
    };
    let whole = ExceptionHeadV1 {
        exception_id: 0,
        is_exception_group: true,
        ..exception("ExceptionGroup", "3 sub-exceptions", &["main in app"])
    };
    let members = (1..).zip(members).map(member);
    Head {
        exceptions: members.chain([whole]).collect(),
        ..head()
    }
}

fn stack() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z]{4,9}[A-Z][a-z]{3,6} in [a-z]{3,9}\\.[a-z]{3,9}", 1..9)
}

fn of_stack(frames: &[String]) -> Head {
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    timeout(&frames)
}

proptest! {
    #[test]
    fn foreign_frames_lines_and_numbers_change_nothing(
        frames in stack(),
        foreign in prop::collection::vec(("[a-zA-Z.$<>_]{0,12}", 0..9usize), 0..6),
        line in any::<u32>(),
        seconds in 2..99_u32,
    ) {
        let bare = of_stack(&frames);
        let mut more = bare.clone();
        more.exceptions[0].value = format!("no answer within {seconds} s");
        let stack = &mut more.exceptions[0].frames;
        for frame in stack.iter_mut() {
            frame.lineno = line;
        }
        for (function, at) in foreign {
            let at = at.min(stack.len());
            let foreign = FrameHeadV1 {
                in_app: false,
                function,
                ..frame("!x @ lib.x")
            };
            stack.insert(at, foreign);
        }
        prop_assert_eq!(sketch(&bare), sketch(&more));
    }

    #[test]
    fn of_a_group_the_order_of_its_members_changes_nothing(
        members in prop::collection::vec("[a-z]{4,9}", 2..5),
    ) {
        let group = |members: &[String]| sketch(&group(members));
        let turned: Vec<String> = members.iter().rev().cloned().collect();
        prop_assert_eq!(group(&members), group(&turned));
    }

    /// The estimate is as good as 64 numbers can be: four deviations off at most.
    #[test]
    fn a_sketch_estimates_the_score(one in stack(), other in stack(), kept in 0..9usize) {
        let kept = kept.min(one.len());
        let mixed: Vec<String> = one[..kept].iter().chain(&other).cloned().collect();
        let (a, b) = (of_stack(&one), of_stack(&mixed));
        let score = profile(&a).score(&profile(&b));
        let (Some(x), Some(y)) = (sketch(&a), sketch(&b)) else { return Err(TestCaseError::fail("no sketch")) };
        let equal = x.iter().zip(&y).filter(|(x, y)| x == y).count();
        let estimate = equal as f64 / sketch::PLACES as f64;
        let deviation = (score * (1.0 - score) / sketch::PLACES as f64).sqrt();
        prop_assert!((estimate - score).abs() <= 4.5 * deviation + 0.02, "{estimate} {score}");
    }

    #[test]
    fn any_two_events_compare_alike_both_ways(
        texts in prop::collection::vec("\\PC{0,40}", 8),
    ) {
        let of = |at: usize| {
            let mut head = error("javascript", &texts[at], &texts[at + 1], &[]);
            head.exceptions[0].frames.push(FrameHeadV1 {
                function: texts[at + 2].clone(),
                module: texts[at + 3].clone(),
                ..frame("x @ y.js")
            });
            head
        };
        let [one, other] = [profile(&of(0)), profile(&of(4))];
        prop_assert!((one.score(&other) - other.score(&one)).abs() < f64::EPSILON);
        if !one.is_empty() {
            prop_assert!((one.score(&one) - 1.0).abs() < f64::EPSILON);
        }
        for line in suggestions(&one, &other, "") {
            prop_assert!(Rules::parse(&line).is_ok(), "{}", line);
        }
    }
}
