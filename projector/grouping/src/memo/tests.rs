//! What is remembered is what would be made, whatever came before and whatever is forgotten.
#![allow(clippy::unwrap_used)]

use event_model::head::{ExceptionHeadV1, Head};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{KEY_BYTES_MAX, Memo};
use crate::{
    Grouper, Rules,
    heads::{error, exception, frame, head, message, stored},
};

const PLATFORMS: [&str; 6] = ["python", "javascript", "java", "go", "native", "csharp"];
const TYPES: [&str; 10] = [
    "",
    "ValueError",
    "java.io.IOException",
    "java.util.concurrent.ExecutionException",
    "*fmt.wrapError",
    "*errors.errorString",
    "ExceptionGroup",
    "System.AggregateException",
    "DiagnosticCoroutineContextException",
    "SIGSEGV",
];
const TEXTS: [&str; 9] = [
    "",
    "order 17 is not open",
    "order 18 is not open",
    "shop is closed",
    "java.io.IOException: shop is closed",
    "Request processing failed",
    "x is not defined",
    "Maximum call stack size exceeded",
    "first:\nsecond",
];
const FRAMES: [&str; 12] = [
    "handle in acme.shop.views",
    "lambda$add$1 in com.acme.Cart$1",
    "Cart.add @ https://shop.example/assets/index-BwX3k_9a.js",
    "!run in java.lang.Thread",
    "!run @ node:internal/x",
    "<anonymous> @ app.js",
    "main",
    "shop::cart::add",
    "? @ cart.py",
    "main.closure @ main.go",
    "add @ chrome-extension://abc/x.js",
    "!<lambda>",
];
const ENTRIES: [&str; 7] = [
    "{{ default }}",
    "database",
    "{{ type }}",
    "{{ message }}",
    "{{ function }}",
    "{{ tags.region }}",
    "{{ unheard }}",
];
/// Each asks something else; the last ones differ in what they give alone.
const RULES: [&str; 12] = [
    "",
    "error.type:ValueError -> value",
    "error.value:*17* -> seventeen, {{ default }}",
    "message:*closed* -> {{ default }}",
    "release:shop@1 -> {{ release }}, {{ type }} title=\"{{ message }} of {{ tags.region }}\"",
    "tags.region:eu -> europe\nlevel:error -> {{ transaction }}",
    "stack.function:handle -group\nstack.module:acme.** -> acme, {{ default }}",
    "environment:live stack.function:* -app\nsdk:other -> other",
    "logger:pay -> {{ logger }}\nfamily:java -> java",
    "error.type:* -> a {{ tags.a }} of {{ value }}",
    "family:* -> one title=one",
    "family:* -> two title=\"{{ transaction }}\"",
];

fn errors() -> impl Strategy<Value = ExceptionHeadV1> {
    let links = (-1..4i32, -1..4i32, any::<bool>(), any::<bool>());
    let parts = (
        select(&TYPES[..]),
        select(&TEXTS[..]),
        vec(select(&FRAMES[..]), 0..4),
    );
    (parts, links, 0..6u8).prop_map(|((ty, value, frames), links, signs)| {
        let (exception_id, parent_id, is_exception_group, is_linked) = links;
        let bare = exception(ty, value, &frames);
        ExceptionHeadV1 {
            code: if signs == 1 {
                "domain 7".into()
            } else {
                String::new()
            },
            synthetic: signs == 2,
            is_suppressed: signs == 3,
            exception_id: if is_linked { exception_id } else { -1 },
            parent_id: if is_linked { parent_id } else { -1 },
            is_exception_group,
            ..bare
        }
    })
}

/// Few stacks, so that they come again with other texts.
fn stacks() -> impl Strategy<Value = Head> {
    let thread = vec(select(&FRAMES[..]), 0..3);
    (select(&PLATFORMS[..]), vec(errors(), 0..4), thread).prop_map(|(platform, errors, thread)| {
        Head {
            platform: platform.into(),
            exceptions: errors,
            thread_frames: thread.iter().map(|text| frame(text)).collect(),
            ..head()
        }
    })
}

/// What an event has of its own.
#[derive(Debug, Clone)]
struct Own {
    values: Vec<&'static str>,
    message: &'static str,
    template: &'static str,
    entries: Vec<&'static str>,
    /// Of release, environment, logger, SDK, transaction, tag and level.
    signs: [bool; 7],
}

fn owns() -> impl Strategy<Value = Own> {
    let entries = prop_oneof![3 => Just(Vec::new()), 1 => vec(select(&ENTRIES[..]), 1..3)];
    let texts = || select(&TEXTS[..]);
    let template = prop_oneof![3 => Just(""), 1 => texts()];
    (
        vec(texts(), 3..4),
        texts(),
        template,
        entries,
        any::<[bool; 7]>(),
    )
        .prop_map(|(values, message, template, entries, signs)| Own {
            values,
            message,
            template,
            entries,
            signs,
        })
}

fn with(stack: &Head, own: &Own) -> Head {
    let mut head = stack.clone();
    for (exception, value) in head.exceptions.iter_mut().zip(&own.values) {
        (*value).clone_into(&mut exception.value);
    }
    let sign = |at: usize, yes: &str, no: &str| if own.signs[at] { yes } else { no }.to_owned();
    Head {
        message: own.message.into(),
        message_template: own.template.into(),
        fingerprint: own.entries.iter().map(|&entry| entry.into()).collect(),
        release: sign(0, "shop@1", "shop@2"),
        environment: sign(1, "live", ""),
        logger: sign(2, "pay", ""),
        sdk: (sign(3, "errata.python", "other"), String::new()),
        transaction: sign(4, "GET /cart", ""),
        tags: vec![("region".into(), sign(5, "eu", "us"))],
        level: if own.signs[6] { 4 } else { 2 },
        ..head
    }
}

fn groupers() -> Vec<Grouper> {
    let rules = RULES.iter().map(|text| Rules::parse(text).unwrap());
    rules
        .map(|rules| Grouper::with_rules(rules.into()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_remembered_is_what_would_be_made(
        stacks in vec(stacks(), 1..4),
        owns in vec(owns(), 1..4),
        asked in vec((0..4usize, 0..4usize, 0..RULES.len(), 0..4u8), 1..80),
        bytes_max in select(&[0, 1_500, 6_000, 1 << 20][..]),
    ) {
        let mut groupers = groupers();
        let mut memo = Memo::new(bytes_max);
        for (stack, own, rules, what) in asked {
            let event = stored(&with(&stacks[stack % stacks.len()], &owns[own % owns.len()]));
            let grouper = &groupers[rules];
            let expected = grouper.group(event.whole());
            match what {
                0 => prop_assert_eq!(memo.fingerprint(grouper, &event), expected.fingerprint),
                1 => prop_assert_eq!(memo.headline(grouper, &event), expected.headline),
                2 => prop_assert_eq!(memo.group(grouper, &event), expected),
                // The rules change: others may come to stand where these did.
                _ => {
                    let text = RULES[(rules + 1) % RULES.len()];
                    groupers[rules] = Grouper::with_rules(Rules::parse(text).unwrap().into());
                }
            }
        }
    }
}

/// Asks of each event in turn; how often what was asked was known.
fn hits(grouper: &Grouper, heads: &[Head]) -> u64 {
    let mut memo = Memo::default();
    for head in heads {
        let event = stored(head);
        assert_eq!(memo.group(grouper, &event), grouper.group(event.whole()));
    }
    let lookups = memo.take_lookups();
    assert_eq!(lookups.hits + lookups.misses, heads.len() as u64);
    assert_eq!(memo.take_lookups().hits, 0, "each is told once");
    lookups.hits
}

#[test]
fn a_stack_that_came_before_is_not_grouped_again() {
    let orders: Vec<Head> = (0..10)
        .map(|number| Head {
            release: format!("shop@{number}"),
            transaction: format!("GET /{number}"),
            ..error(
                "python",
                "ValueError",
                &format!("order {number}"),
                &["pay in shop"],
            )
        })
        .collect();
    let ruled = |text: &str| Grouper::with_rules(Rules::parse(text).unwrap().into());
    assert_eq!(hits(&Grouper::standard(), &orders), 9);
    assert_eq!(
        hits(
            &ruled("type:ValueError -> value title=\"{{ value }}\""),
            &orders
        ),
        9
    );
    // Rules that ask what differs make them differ.
    assert_eq!(hits(&ruled("release:shop@3 -> three"), &orders), 0);
    let chain: Vec<Head> = (0..10)
        .map(|number| {
            let cause = exception(
                "IOException",
                &format!("port {number}"),
                &["open in acme.Net"],
            );
            let mut head = error(
                "java",
                "Broken",
                &format!("cart {number}"),
                &["add in acme.Cart"],
            );
            head.exceptions.insert(0, cause);
            head
        })
        .collect();
    assert_eq!(hits(&Grouper::standard(), &chain), 9);
}

#[test]
fn where_texts_count_the_same_text_is_not_read_again() {
    let texts = [
        "shop is closed",
        "no such cart",
        "shop is closed",
        "no such cart",
    ];
    let messages = texts.map(message);
    assert_eq!(hits(&Grouper::standard(), &messages), 2);
    let bare = texts.map(|text| error("python", "ValueError", text, &[]));
    assert_eq!(hits(&Grouper::standard(), &bare), 2);
    let group = texts.map(|text| {
        let mut members = [
            exception("ValueError", text, &[]),
            exception("KeyError", "x", &[]),
            exception("ExceptionGroup", "two (2 sub-exceptions)", &[]),
        ];
        for (at, member) in (0..).zip(&mut members) {
            (member.exception_id, member.parent_id) = (at, if at == 2 { -1 } else { 2 });
        }
        members[2].is_exception_group = true;
        Head {
            exceptions: members.into(),
            ..head()
        }
    });
    assert_eq!(hits(&Grouper::standard(), &group), 2);
}

#[test]
fn what_is_remembered_is_bounded() {
    let bytes_max = 64 << 10;
    let (mut memo, grouper) = (Memo::new(bytes_max), Grouper::standard());
    for number in 0..3_000 {
        let stack = [&*format!("call{number} in shop")];
        let event = stored(&error("python", "ValueError", "x", &stack));
        memo.group(&grouper, &event);
        memo.group(
            &grouper,
            &stored(&message(&format!("text{number} that counts"))),
        );
        assert!(memo.bytes() <= bytes_max + 2_000, "{}", memo.bytes());
    }
    assert!(memo.bytes() > bytes_max / 3, "{} are used", memo.bytes());
    // What takes more than its share is not remembered at all.
    let long = message(&"word ".repeat(KEY_BYTES_MAX / 5));
    let before = memo.bytes();
    memo.group(
        &grouper,
        &stored(&Head {
            message_template: long.message.clone(),
            ..long
        }),
    );
    assert!(memo.bytes() <= before + 2_000);
}

#[test]
fn what_is_asked_for_again_and_again_is_not_driven_out() {
    let (mut memo, grouper) = (Memo::new(64 << 10), Grouper::standard());
    let often = stored(&error("python", "KeyError", "x", &["pay in shop"]));
    memo.group(&grouper, &often);
    memo.take_lookups();
    for number in 0..3_000 {
        let stack = [&*format!("call{number} in shop")];
        memo.group(
            &grouper,
            &stored(&error("python", "ValueError", "x", &stack)),
        );
        memo.group(&grouper, &often);
    }
    assert_eq!(memo.take_lookups().hits, 3_000);
}
