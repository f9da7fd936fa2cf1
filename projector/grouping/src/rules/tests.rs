#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use event_model::head::Head;
use proptest::prelude::*;

use super::{Matched, RULES_MAX, RuleError, Rules, STEPS_MAX};
use crate::{
    Grouper,
    heads::{error, exception, message, stored},
};

mod matching;

fn grouper(rules: &str) -> Grouper {
    let rules = Rules::parse(rules).unwrap_or_else(|errors| panic!("{errors:?}"));
    Grouper::with_rules(Arc::new(rules))
}

fn print(rules: &str, head: &Head) -> [u8; 16] {
    grouper(rules).fingerprint(stored(head).whole()).0
}

fn sample() -> Head {
    Head {
        release: "shop@1.2.3".into(),
        environment: "live".into(),
        logger: "pay".into(),
        sdk: ("errata.python".into(), "1".into()),
        tags: vec![("region".into(), "eu-west".into())],
        ..error(
            "python",
            "DbError",
            "no connection to 10.0.0.1",
            &[
                "main in shop.app",
                "handle @ srv/shop/web.py",
                "!query in driver.core",
                "save in shop.db",
            ],
        )
    }
}

/// Whether a rule holds of the sample.
fn holds(matchers: &str) -> bool {
    print(&format!("{matchers} -> found"), &sample()) != print("", &sample())
}

#[test]
fn matchers_look_at_what_they_name() {
    let yes = [
        "error.type:DbError",
        "type:Db*",
        "error.value:\"no connection*\"",
        "message:*connection*",
        "level:error",
        "level:ERROR",
        "logger:pay",
        "release:shop@1.*",
        "environment:l?ve",
        "sdk:errata.*",
        "family:python",
        "family:other",
        "tags.region:eu*",
        "stack.function:save",
        "stack.module:shop.*",
        "stack.path:**/shop/*.py",
        "stack.path:srv\\shop\\web.py",
        "app:no stack.function:query",
        "!error.type:ValueError",
        "error.type:DbError !environment:test",
        "[ stack.function:query ] | stack.function:save",
        "stack.function:handle | [ stack.module:driver.* ]",
        "[stack.function:main] | stack.function:handle error.type:Db*",
    ];
    for matchers in yes {
        assert!(holds(matchers), "{matchers}");
    }
    let no = [
        "error.type:Db",
        "error.type:dberror",
        "!error.type:DbError",
        "tags.country:*x",
        "stack.function:query stack.module:shop.*",
        "app:yes stack.function:query",
        "[ stack.function:main ] | stack.function:save",
        "[ stack.function:* ] | stack.function:main",
        "stack.function:save | [ stack.function:* ]",
        "error.type:DbError environment:test",
    ];
    for matchers in no {
        assert!(!holds(matchers), "{matchers}");
    }
}

#[test]
fn the_first_rule_that_holds_gives_fingerprint_and_title() {
    let rules = "\
# The database.
error.type:Nothing -> never
error.type:Db* -> db, {{ error.type }} title=\"{{ error.type }} in {{ tags.region }}\" # why
error.type:* -> later
";
    let grouper = grouper(rules);
    let (one, other) = (
        sample(),
        error("python", "DbGone", "x", &["other in shop.x"]),
    );
    let group = grouper.group(stored(&one).whole());
    assert_eq!(group.headline.title, "DbError in eu-west");
    let told = grouper.explain(stored(&one).whole()).to_string();
    assert!(
        told.contains("the rule on line 3: error.type:Db* -> db"),
        "{told}"
    );
    assert!(
        told.contains("+ entry DbError ← {{ error.type }}"),
        "{told}"
    );
    assert_ne!(print(rules, &one), print(rules, &other));
    // As if a client had sent it.
    let sent = Head {
        fingerprint: vec!["db".into(), "DbError".into()],
        ..message("x")
    };
    assert_eq!(print(rules, &one), print("", &sent));
    // `{{ default }}` alone is what groups without rules.
    assert_eq!(
        print("error.type:Db* -> {{ default }}", &one),
        print("", &one)
    );
    let both = "error.type:Db* -> {{ default }}, eu";
    assert_ne!(print(both, &one), print(both, &other));
    assert_ne!(print(both, &one), print("", &one));
    // A rule goes before what the client gave.
    let given = Head {
        fingerprint: vec!["mine".into()],
        ..one
    };
    assert_eq!(print(rules, &given), print(rules, &sample()));
    // Within a word.
    let within = print("type:Db* -> db-{{ level }}", &sample());
    assert_eq!(within, print("type:Db* -> db-error", &sample()));
}

fn python(frames: &[&str]) -> Head {
    error("python", "E", "x", frames)
}

#[test]
fn stack_rules_say_what_counts() {
    let all = ["a in shop", "b in shop", "!c in lib", "d in shop"];
    let cases: [(&str, &[&str]); 14] = [
        ("function:b -group", &["a in shop", "d in shop"]),
        ("function:b ignore", &["a in shop", "d in shop"]),
        ("function:b -app", &["a in shop", "d in shop"]),
        (
            "module:lib +app",
            &["a in shop", "b in shop", "c in lib", "d in shop"],
        ),
        (
            "module:lib +group",
            &["a in shop", "b in shop", "c in lib", "d in shop"],
        ),
        ("function:b ^-group", &["a in shop", "b in shop"]),
        ("function:b v-group", &["b in shop", "d in shop"]),
        ("function:b v-group -group", &["d in shop"]),
        ("function:d max-frames=1", &["d in shop"]),
        (
            "function:nothing max-frames=1",
            &["a in shop", "b in shop", "d in shop"],
        ),
        (
            "family:python function:b +sentinel",
            &["b in shop", "d in shop"],
        ),
        ("function:d +prefix", &["b in shop", "d in shop"]),
        (
            "[ function:a ] | function:b -group",
            &["a in shop", "d in shop"],
        ),
        (
            "type:Other function:b -group",
            &["a in shop", "b in shop", "d in shop"],
        ),
    ];
    for (rules, expected) in cases {
        let judged = print(rules, &python(&all));
        assert_eq!(judged, print("", &python(expected)), "{rules}");
    }
    // The last word counts.
    let twice = "function:b -group\nfunction:b +group";
    assert_eq!(print(twice, &python(&all)), print("", &python(&all)));
    // Too few frames: the text tells errors apart.
    let few = "function:* min-frames=4";
    let other = error("python", "E", "something else", &all);
    assert_ne!(print(few, &python(&all)), print(few, &other));
    assert_eq!(print("", &python(&all)), print("", &other));
}

#[test]
fn explanations_name_the_rule() {
    let head = python(&["a in shop", "b in shop", "!c in lib"]);
    let told = grouper("# x\nfunction:b -group\nmodule:lib +group").explain(stored(&head).whole());
    let told = told.to_string();
    assert!(
        told.contains("- frame b (shop)  [the rule on line 2]"),
        "{told}"
    );
    assert!(
        told.contains("+ frame c (lib)  [the rule on line 3]"),
        "{told}"
    );
    assert!(
        told.contains("+ frame a (shop)  [the application's own]"),
        "{told}"
    );
}

#[test]
fn what_is_no_rule_is_told_with_its_place() {
    let cases = [
        (
            "error.typ:x -> y",
            "line 1, column 1: `error.typ` is nothing that can be matched (did you mean `error.type:x`?)",
        ),
        (
            "# a\n  stack.functon:x -app",
            "line 2, column 3: `stack.functon` is nothing that can be matched (did you mean `stack.function:x`?)",
        ),
        (
            "stack.function:x -ap",
            "line 1, column 18: `-ap` is no action (did you mean `-app`?)",
        ),
        (
            "stack.function:x max-frame=3",
            "line 1, column 18: `max-frame=3` is no action (did you mean `max-frames=`?)",
        ),
        (
            "stack.function:x max-frames=many",
            "line 1, column 29: `many` is no number of frames: 0 to 1000",
        ),
        (
            "stack.function:x",
            "line 1, column 17: neither `-> fingerprint` nor an action follows the matchers (did you mean `stack.function:x -> …`?)",
        ),
        (
            "type:x ->",
            "line 1, column 10: no fingerprint follows the arrow (did you mean `-> {{ default }}`?)",
        ),
        (
            "-> x",
            "line 1, column 1: nothing says of which events: put `error.type:…` or another matcher before",
        ),
        (
            "type:x -> {{ tpye }}",
            "line 1, column 11: `tpye` is no variable (did you mean `{{ type }}`?)",
        ),
        (
            "type:x -> {{ type",
            "line 1, column 11: `{{` is not closed by `}}`",
        ),
        (
            "type:\"x -> y",
            "line 1, column 6: this quotation mark is not closed",
        ),
        (
            "[ function:x | function:y -app",
            "line 1, column 14: one `|` at most, outside of brackets",
        ),
        (
            "[ function:x ] function:y -app",
            "line 1, column 26: a `|` and a frame follow a neighbour in brackets",
        ),
        (
            "[ type:x ] | function:y -app",
            "line 1, column 3: only matchers of frames (`stack.…`) stand in brackets",
        ),
        (
            "größe type: -> y",
            "line 1, column 1: `größe` is no matcher: `name:pattern`",
        ),
        (
            "type:x -> db-{{ default }}",
            "line 1, column 11: `{{ default }}` stands alone, as an entry of the fingerprint",
        ),
        (
            "type:x -> {{default}} title=\"{{ Default }}\"",
            "line 1, column 29: `{{ default }}` stands alone, as an entry of the fingerprint",
        ),
        (
            "type: -> y",
            "line 1, column 6: `type:` has no pattern; `type:\"\"` cannot match",
        ),
    ];
    for (text, expected) in cases {
        let errors = Rules::parse(text).unwrap_err();
        assert_eq!(errors[0].to_string(), expected, "{text}");
    }
    // All of them at once.
    let errors = Rules::parse("a\nb:c -> d\ntype:x -> y\ne").unwrap_err();
    let lines: Vec<u32> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [1, 2, 4]);
    // As commands and previews refuse them: the first, and how many more.
    let (field, message) = RuleError::refused(&errors);
    assert_eq!(field, "text:1:2");
    assert!(message.starts_with(&errors[0].to_string()), "{message}");
    assert!(message.ends_with(", and 2 more"), "{message}");
    let (field, message) = RuleError::refused(&errors[1..2]);
    assert_eq!((field, message), ("text:2:1".into(), errors[1].to_string()));
    assert_eq!(RuleError::refused(&[]).0, "text");
}

#[test]
fn whatever_the_rules_an_event_costs_so_many_steps_at_most() {
    let stars = format!("{}b", "*a".repeat(100));
    let hostile = format!("value:{stars} -> x\nfunction:{stars} -group");
    let many = "function:*q*w*e*r*t*y -group\n".repeat(RULES_MAX);
    let mut deep = python(&[]);
    let frames = vec!["a in shop"; 10_000];
    deep.exceptions = vec![exception("E", &"a".repeat(1024), &frames)];
    for frame in &mut deep.exceptions[0].frames {
        frame.function = "a".repeat(100);
    }
    for text in [
        hostile.as_str(),
        many.as_str(),
        "function:* -group",
        "function:* ^-group v-group",
    ] {
        let rules = Rules::parse(text).unwrap();
        let stored = stored(&deep);
        let judged = rules.judge(&stored.whole());
        assert!(judged.steps <= STEPS_MAX, "{}", judged.steps);
        let grouper = Grouper::with_rules(Arc::new(rules.clone()));
        let told = grouper.explain(stored.whole());
        assert_eq!(told.fingerprint, grouper.fingerprint(stored.whole()));
        let says = told.to_string().contains("not all were asked");
        assert_eq!(says, judged.is_cut_short, "{}", judged.steps);
    }
    // What a usual rule costs: a pass over the names.
    let usual = Rules::parse("stack.module:vendor.* -app").unwrap();
    let stored = stored(&python(&["a in shop"; 50]));
    assert!(usual.judge(&stored.whole()).steps < 1_000);
}

#[test]
fn an_arrow_within_quotation_marks_or_a_comment_is_none() {
    let head = Head {
        message: "a -> b".into(),
        ..message("")
    };
    assert_eq!(
        print("message:\"a -> b\" -> {{ message }}", &head),
        print("message:a* -> \"a -> b\"", &head)
    );
    assert_ne!(print("message:\"a -> b\" -> x", &head), print("", &head));
    let all = python(&["a in shop", "b in shop"]);
    let one = python(&["a in shop"]);
    assert_eq!(
        print("function:b -group # b -> nothing", &all),
        print("", &one)
    );
}

#[test]
fn what_holds_is_told_by_line() {
    let rules = grouper(
        "type:Other -> x\ntype:Db* -> y\ntype:* -> z\nfunction:save -app\nfunction:none -app\n\
         release:shop@* function:handle ^-group\nfunction:save +app",
    );
    let matched = rules.matched(stored(&sample()).whole());
    assert_eq!(matched.lines, [4, 6, 7, 2]);
    assert!(!matched.is_cut_short && matched.steps > 0);
    assert_eq!(
        grouper("").matched(stored(&sample()).whole()),
        Matched::default()
    );
    let parsed = Rules::parse("a:b -> c").is_err();
    assert!(parsed);
    let lines: Vec<(u32, String)> = Rules::parse("# x\n type:a -> b \nfunction:c -app")
        .unwrap()
        .lines()
        .map(|(line, text)| (line, text.to_owned()))
        .collect();
    assert_eq!(
        lines,
        [
            (2, "type:a -> b".to_owned()),
            (3, "function:c -app".to_owned())
        ]
    );
}

#[test]
fn a_message_about_a_megabyte_is_short_and_errors_are_few() {
    let long = "x".repeat(1 << 19);
    for text in [
        format!("{long}:a -> b"),
        format!("{long} -app"),
        format!("type:{long} -> b"),
        format!("tags.{long}:a -> b"),
        format!("function:a {long}=1"),
        format!("function:a max-frames={long}"),
        format!("function:a +{long}"),
        format!("type:a -> {{{{ {long} }}}}"),
        format!("function:a {long}"),
        format!("type:a {}-> b", "type:a ".repeat(70_000)),
        format!("type:a -> {}", "a,".repeat(250_000)),
        "a\n".repeat(1 << 19),
    ] {
        let shown: String = text.chars().take(30).collect();
        let errors = Rules::parse(&text).expect_err(&shown);
        assert!(errors.len() <= 100, "{shown}");
        let told: usize = errors.iter().map(|error| error.to_string().len()).sum();
        assert!(told < 300 * errors.len().max(2), "{shown}: {told}");
    }
}

#[test]
fn rules_that_are_not_reached_cost_nothing() {
    // Each rule is good for a pass over all frames of all stacks.
    let many = "function:*a*b*c* ^-group\n".repeat(RULES_MAX);
    let rules = Rules::parse(&many).unwrap();
    let mut deep = python(&[]);
    let frames = vec!["abcabcabcabc in shop"; 2_000];
    deep.exceptions = (0..20).map(|_| exception("E", "x", &frames)).collect();
    let stored = stored(&deep);
    let matched = rules.matched(&stored.whole());
    assert!(matched.is_cut_short);
    // Only rules that were asked hold, and once the budget is spent none is asked.
    assert!(matched.lines.len() < 100, "{}", matched.lines.len());
}

#[test]
fn too_many_or_too_long_rules_are_refused() {
    let many = "type:x -> y\n".repeat(RULES_MAX + 1);
    let long = "#".repeat(super::RULES_BYTES_MAX + 1);
    let wide = format!("type:{} -> y", "x".repeat(257));
    for text in [many, long, wide] {
        assert!(Rules::parse(&text).is_err());
    }
}

proptest! {
    #[test]
    fn parsing_is_total(text in "\\PC{0,200}") {
        let _ = Rules::parse(&text);
    }

    #[test]
    fn any_words_of_rules_are_read_or_refused(
        words in prop::collection::vec(prop::sample::select(&[
            "type:x", "function:*", "[", "]", "|", "->", "{{", "}}", "default", "-app", "^-group",
            "v+app", "max-frames=2", "title=", "\"", "!", ":", "a", "tags.b:c", "#", ",", "\n", "é",
        ][..]), 0..16),
    ) {
        let head = sample();
        if let Ok(rules) = Rules::parse(&words.join(" ")) {
            let grouper = Grouper::with_rules(Arc::new(rules));
            let told = grouper.explain(stored(&head).whole());
            prop_assert_eq!(told.fingerprint, grouper.fingerprint(stored(&head).whole()));
        }
    }
}
