//! What one matcher or action must not be taken for: each of these fails if one word of the
//! language means its neighbour's.

use event_model::head::{FrameHeadV1, Head};

use super::{grouper, holds, print, python, sample};
use crate::{
    heads::{error, exception, frame, message, stored},
    rules::{Rules, STEPS_MAX},
};

/// Whether rules make of one stack what another has without them.
fn counts(rules: &str, all: &[&str], expected: &[&str]) {
    let judged = print(rules, &python(all));
    assert_eq!(judged, print("", &python(expected)), "{rules}");
}

const ALL: [&str; 4] = ["a in shop", "b in shop", "!c in lib", "d in shop"];

#[test]
fn frames_are_matched_by_what_is_said_of_them() {
    for matchers in [
        "!stack.function:query stack.module:shop.db",
        "stack.path:SRV/Shop/*",
        // A star goes over slashes.
        "stack.path:s*web.py",
        "app:no function:query",
        "app:false function:query",
        "app:0 function:query",
        "app:yes function:save",
        "app:true function:save",
        "app:1 function:save",
        // A tag that is not there is empty.
        "!tags.country:de",
    ] {
        assert!(holds(matchers), "{matchers}");
    }
    for matchers in [
        "!stack.function:save stack.module:shop.db",
        "!stack.function:* stack.module:*",
        "app:1 function:query",
        "!tags.region:eu-west",
    ] {
        assert!(!holds(matchers), "{matchers}");
    }
    let packaged = |package: &str| Head {
        exceptions: vec![event_model::head::ExceptionHeadV1 {
            frames: vec![FrameHeadV1 {
                package: package.into(),
                ..frame("run @ libshop.so")
            }],
            ..exception("E", "x", &[])
        }],
        ..sample()
    };
    let rule = "stack.package:LIB* -> x";
    assert_eq!(
        print(rule, &packaged("libpay.so")),
        print("type:* -> x", &sample())
    );
    assert_eq!(
        print(rule, &packaged("pay.so")),
        print("", &packaged("pay.so"))
    );
}

#[test]
fn types_and_values_are_those_of_any_error_of_the_chain() {
    let mut head = sample();
    let cause = exception("Timeout", "after 5 s", &[]);
    head.exceptions.insert(0, cause);
    let found = print("level:* -> found", &head);
    for matchers in [
        "type:Timeout",
        "type:DbError",
        "value:after*",
        "value:\"no connection*\"",
    ] {
        assert_eq!(
            print(&format!("{matchers} -> found"), &head),
            found,
            "{matchers}"
        );
    }
    let templated = Head {
        message: "no order 17".into(),
        message_template: "no order {}".into(),
        ..message("")
    };
    for matchers in ["message:\"no order {}\"", "message:*17"] {
        assert_eq!(
            print(&format!("{matchers} -> found"), &templated),
            found,
            "{matchers}"
        );
    }
}

#[test]
fn ranges_begin_at_the_outermost_frame_that_matches_and_leave_it_out() {
    counts("module:shop ^-group", &ALL, &["a in shop"]);
    counts("module:shop v-group", &ALL, &["d in shop"]);
    let with_lib = ["a in shop", "b in shop", "c in lib", "d in shop"];
    counts("function:a ^+app", &ALL, &with_lib);
    counts("function:d v+app", &ALL, &with_lib);
    counts("function:a ^-app", &ALL, &["a in shop"]);
    counts("function:d v-app", &ALL, &["d in shop"]);
    counts("function:b ^+group", &ALL, &with_lib);
    let head = python(&ALL);
    let told = grouper("# x\nfunction:a ^-group").explain(stored(&head).whole());
    let told = told.to_string();
    assert!(
        told.contains("- frame b (shop)  [the rule on line 2]"),
        "{told}"
    );
}

#[test]
fn the_last_word_on_a_frame_and_on_a_stack_counts() {
    let own = ["a in shop", "b in shop", "d in shop"];
    let with_lib = ["a in shop", "b in shop", "c in lib", "d in shop"];
    counts("function:b -app\nfunction:b +app", &ALL, &own);
    counts("function:a ^-app\nfunction:a ^+app", &ALL, &with_lib);
    counts(
        "function:a ^-group\nfunction:d v+group",
        &ALL,
        &with_lib[..3],
    );
    counts(
        "function:d max-frames=1\nfunction:d max-frames=2",
        &ALL,
        &own[1..],
    );
    counts(
        "function:* min-frames=9\nfunction:* min-frames=1",
        &ALL,
        &own,
    );
    // What is said before is what the next rule finds, whether of stacks or fingerprints.
    counts(
        "function:b -app\napp:no function:b ^-group",
        &ALL,
        &["a in shop"],
    );
    let told = "function:b -app\napp:no function:b -> x";
    assert_eq!(
        print(told, &python(&ALL)),
        print("type:* -> x", &python(&ALL))
    );
}

#[test]
fn sentinels_prefixes_and_numbers_of_frames_cut_where_they_say() {
    let own = ["a in shop", "b in shop", "d in shop"];
    counts(
        "function:a +sentinel\nfunction:b +sentinel",
        &ALL,
        &own[1..],
    );
    // A prefix that others follow says enough.
    counts("function:a +prefix", &ALL, &own);
    counts("function:d +sentinel +prefix", &ALL, &own[2..]);
    counts("function:b +sentinel max-frames=3", &ALL, &own[1..]);
    counts("function:* min-frames=3", &ALL, &own);
    // Fewer than so many once the others have cut: the text tells errors apart.
    let other = error("python", "E", "something else", &ALL);
    let few = "function:d max-frames=2 min-frames=3";
    assert_ne!(print(few, &python(&ALL)), print(few, &other));
}

#[test]
fn the_stack_of_a_thread_is_asked_as_those_of_errors_are() {
    let thread = |frames: &[&str]| Head {
        thread_frames: frames.iter().map(|text| frame(text)).collect(),
        ..message("stuck")
    };
    let all = thread(&["main in shop", "poll in shop"]);
    let found = print("level:* -> found", &all);
    assert_eq!(print("function:poll -> found", &all), found);
    let cut = print("function:poll -group", &all);
    assert_eq!(cut, print("", &thread(&["main in shop"])));
}

#[test]
fn of_a_stack_deeper_than_any_only_the_newest_frames_are_asked_what_counts() {
    let frames: Vec<String> = (0..=2_000).map(|at| format!("f{at} in shop")).collect();
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let head = python(&frames);
    assert_eq!(print("function:f0 ^-group", &head), print("", &head));
    assert_ne!(print("function:f1 ^-group", &head), print("", &head));
}

/// A matcher that could not be asked to its end does not hold, negated or not.
#[test]
fn a_matcher_that_spends_the_last_step_does_not_hold() {
    let long = "a".repeat(1_000);
    let mut head = error("python", "E", &long, &["x in shop"]);
    head.exceptions[0].frames[0].function.clone_from(&long);
    let hostile = format!("{}b", "*a".repeat(100));
    let stored = stored(&head);
    let rules = |text: &str| Rules::parse(text).unwrap();
    let cost = rules(&format!("value:{hostile} -> x"))
        .matched(&stored.whole())
        .steps;
    let spent = usize::try_from(STEPS_MAX / cost).unwrap();
    for last in ["value", "function"] {
        let before = format!("value:{hostile} -> never\n").repeat(spent);
        let text = format!("{before}!{last}:{hostile} -> x");
        let matched = rules(&text).matched(&stored.whole());
        assert!(
            matched.is_cut_short && matched.lines.is_empty(),
            "{last}: {matched:?}"
        );
    }
}

#[test]
fn rules_that_follow_others_are_as_if_written_behind_them() {
    let (first, then) = (
        "# why\ntype:A -> b\nfunction:x -app",
        "message:a* -> c\n\nfunction:y -group",
    );
    let rules = |text: &str| Rules::parse(text).unwrap();
    let followed = rules(first).followed_by(&rules(then), 3);
    assert_eq!(followed, rules(&format!("{first}\n{then}")));
}
