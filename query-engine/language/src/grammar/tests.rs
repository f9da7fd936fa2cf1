//! What is read as what, and what is refused where.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::{Pattern, Version, VersionTest, When};

fn printed(text: &str) -> String {
    parse(text).map_or_else(|error| format!("{error:?}"), |query| query.to_string())
}

#[test]
fn queries_are_read_as_they_are_meant() {
    for (text, expected) in [
        ("", ""),
        ("  \u{2003} ", ""),
        ("is:unresolved  level:error", "is:unresolved level:error"),
        (
            "IS:Unresolved Level:ERR env:prod",
            "is:unresolved level:error environment:prod",
        ),
        (
            "release:\"shop@1.4*\" !browser:Safari",
            "release:shop@1.4* !browser:Safari",
        ),
        ("a b OR c d", "a b OR c d"),
        ("a AND b OR NOT c", "a b OR !c"),
        ("a (b OR c) d", "a (b OR c) d"),
        ("((a)) (b c)", "a b c"),
        ("NOT NOT a NOT !!b", "a !b"),
        ("!(a OR b) NOT (c d)", "!(a OR b) !(c d)"),
        ("user:id:42", "user:\"id:42\""),
        (
            "user.id:42 tag.level:9 tag.\"a b\":\"c d\"",
            "user.id:42 tag.level:9 tag.\"a b\":\"c d\"",
        ),
        (
            "has:release !has:browser has:\"a b\" has:tag.level",
            "has:release !has:browser has:\"a b\" has:tag.level",
        ),
        (
            "times_seen:>100 users:>=5 count:1k..2m",
            "times_seen:>100 users:>=5 times_seen:1000..2000000",
        ),
        (
            "users:..5 users:5.. users:=5",
            "users:<=5 users:>=5 users:5",
        ),
        (
            "age:-24h age:+90m age:>1w age:1d..1d12h",
            "age:<=1d age:>=1h30m age:>1w age:1d..1d12h",
        ),
        (
            "first_seen:-36h last_seen:+7d at:>2026-11-01",
            "first_seen:>=-1d12h last_seen:<=-1w timestamp:>2026-11-01",
        ),
        (
            "first_seen:\"2026-11-01 10:30\" at:<=2026-11-01T10:30:05Z",
            "first_seen:2026-11-01T10:30 timestamp:<=2026-11-01T10:30:05Z",
        ),
        (
            "at:today..now at:yesterday",
            "timestamp:today..now timestamp:yesterday",
        ),
        (
            "release.version:>=v2.1 release.version:2.1.* release.version:1.0-rc.1",
            "release.version:>=2.1 release.version:2.1.* release.version:1.0-rc.1",
        ),
        (
            "assigned:me assigned:none assigned:anna@x.y assigned:\"Anna B\"",
            "assigned:me assigned:none assigned:anna@x.y assigned:\"Anna B\"",
        ),
        (
            "level:>=warning level:info..error",
            "level:>=warning level:info..error",
        ),
        ("handled:NO platform:node", "handled:no platform:node"),
        (
            "\"bad json\" \"a \\\"b\\\" \\\\ \\* c\"",
            "\"bad json\" \"a \\\"b\\\" \\\\ \\* c\"",
        ),
        ("get*ById a**b *", "get*ById a*b *"),
        (
            "message:\"bad *\" project:shop",
            "message:\"bad *\" project:shop",
        ),
        // What titles hold stays words.
        ("TypeError: boom", "\"TypeError:\" boom"),
        (
            "std::io http://x/y C:\\x\\*y 12:30 != -1",
            "\"std::io\" \"http://x/y\" \"C:\\\\x\\*y\" \"12:30\" \"!=\" \"-1\"",
        ),
        (
            "handle(a, b) f() (in promise)",
            "\"handle(a,\" \"b)\" \"f()\" in promise",
        ),
        ("and or not android ORder", "and or not android ORder"),
        // Nothing has two of these.
        ("is:resolved x is:ignored", "(is:resolved OR is:ignored) x"),
        (
            "level:fatal level:error is:new is:regressed",
            "(level:fatal OR level:error) is:new is:regressed",
        ),
        ("is:resolved AND is:ignored", "is:resolved AND is:ignored"),
        ("!level:info !level:debug", "!level:info !level:debug"),
    ] {
        assert_eq!(printed(text), expected, "{text}");
        let query = parse(text).unwrap_or_default();
        assert_eq!(parse(expected).as_ref(), Ok(&query), "{expected}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_where_it_stands() {
    for (text, place, said, suggestion) in [
        (
            "is:unresolvd",
            "unresolvd",
            "is none of unresolved",
            Some("unresolved"),
        ),
        ("a is:open", "open", "is none of", None),
        ("level:eror", "eror", "is none of debug", Some("error")),
        ("level:", "level:", "level needs a value", None),
        ("x level: y", "level:", "level needs a value", None),
        ("tag.a: b", "tag.a:", "needs a value", None),
        ("browser:\"\"", "\"\"", "nothing stands between", None),
        ("times_seen:many", "many", "no number", None),
        ("times_seen:-5", "-5", "no number", None),
        (
            "times_seen:99999999999999999999",
            "99999999999999999999",
            "no number",
            None,
        ),
        ("users:5..1", "5..1", "ends before it begins", Some("1..5")),
        ("users:>1..5", ">1..5", "takes no sign", None),
        ("users:..", "..", "needs an end", None),
        ("users:1*", "1*", "no wildcard", None),
        (
            "level:fatal..info",
            "fatal..info",
            "ends before",
            Some("info..fatal"),
        ),
        ("age:24h", "24h", "no age", Some("-24h")),
        ("age:soon", "soon", "no age", None),
        ("at:2026-13-01", "2026-13-01", "no time", None),
        (
            "at:2026-11-02..2026-11-01",
            "2026-11-02..2026-11-01",
            "ends before",
            Some("2026-11-01..2026-11-02"),
        ),
        ("at:-1h..-2h", "-1h..-2h", "ends before", Some("-2h..-1h")),
        ("release.version:main", "main", "takes a version", None),
        ("browser:>5", ">5", "is not compared", None),
        ("id:12", "12", "32 hex digits", None),
        ("issue:xyz", "xyz", "16 hex digits", None),
        ("handled:maybe", "maybe", "none of yes, no", None),
        ("a OR", "", "must follow", None),
        ("a NOT", "", "must follow", None),
        ("OR a", "OR", "both sides", None),
        ("a AND OR b", "OR", "both sides", None),
        ("(a", "(", "never closed", None),
        ("a ()", ")", "before this parenthesis", None),
        ("a) b", ")", "closes nothing", None),
        ("x \"y z", "\"", "never closed", None),
        ("has:", "", "needs a key", None),
        ("has:a*", "a*", "no wildcard", None),
        ("has:is", "is", "everything has", None),
        (
            "a*b*c*d*e*f*g*h*i*j",
            "a*b*c*d*e*f*g*h*i*j",
            "9 wildcards, at most 8",
            None,
        ),
    ] {
        let error = parse(text).unwrap_err();
        let found = &text[error.span.start..error.span.end];
        assert!(error.message.contains(said), "{text}: {error}");
        assert_eq!(found, place, "{text}: {error}");
        assert_eq!(error.suggestion.as_deref(), suggestion, "{text}: {error}");
    }
    let (offset, length) = parse("äö level:eror")
        .unwrap_err()
        .span
        .characters("äö level:eror");
    assert_eq!((offset, length), (9, 4));
}

#[test]
fn what_is_too_much_is_refused_at_once() {
    let deep = "(".repeat(2000);
    assert!(parse(&deep).unwrap_err().message.contains("deep"));
    assert!(
        parse(&"NOT ".repeat(1000))
            .unwrap_err()
            .message
            .contains("must follow")
    );
    assert!(parse(&"!".repeat(4000)).is_ok(), "a word of marks");
    assert!(
        parse(&"a ".repeat(65))
            .unwrap_err()
            .message
            .contains("more than 64")
    );
    assert!(parse(&"a ".repeat(64)).is_ok());
    assert!(
        parse(&"a".repeat(4097))
            .unwrap_err()
            .message
            .contains("at most 4096")
    );
    assert!(parse(&"x".repeat(100 * 1024)).is_err());
    assert!(parse(&"*".repeat(4000)).is_ok(), "they are one");
}

#[test]
fn every_wildcard_is_matched_as_it_is_written() {
    for (pattern, text, is) in [
        ("a*", "abc", true),
        ("a*", "ba", false),
        ("*c", "abc", true),
        ("a*c", "ac", true),
        ("a*a", "a", false),
        ("*b*", "abc", true),
        ("a*b*c", "aXbYc", true),
        ("a*b*c", "acb", false),
        ("*", "", true),
        ("ab", "ab", true),
        ("ab", "abc", false),
        ("*ab", "aab", true),
    ] {
        let pieces = pattern.split('*').map(str::to_owned).collect();
        assert_eq!(
            Pattern::of_pieces(pieces).matches(text),
            is,
            "{pattern} {text}"
        );
    }
}

fn arbitrary_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "\\PC{1,8}",
        Just("AND".to_owned()),
        Just("a:b \"c\" (d) \\ * ".to_owned()),
    ]
}

fn arbitrary_pattern() -> impl Strategy<Value = Pattern> {
    let pieces =
        proptest::collection::vec(prop_oneof![Just(String::new()), arbitrary_text()], 1..5);
    pieces.prop_filter_map("empty", |pieces| {
        let pattern = Pattern::of_pieces(pieces);
        (pattern.as_literal() != Some("")).then_some(pattern)
    })
}

fn arbitrary_bounds<T: Clone + std::fmt::Debug + PartialOrd + 'static>(
    value: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Bounds<T>> {
    (0..6, value.clone(), value).prop_map(|(kind, a, b)| match kind {
        0 => Bounds::Equal(a),
        1 => Bounds::Less(a),
        2 => Bounds::AtMost(a),
        3 => Bounds::More(a),
        4 => Bounds::AtLeast(a),
        _ if a > b => Bounds::Between(b, a),
        _ => Bounds::Between(a, b),
    })
}

fn arbitrary_time() -> impl Strategy<Value = Bounds<When>> {
    let seconds = 0..3_000_000_000_i64;
    prop_oneof![
        arbitrary_bounds(0..100_000_u64).prop_map(|bounds| {
            // The further ago the earlier; a moment alone is all since then.
            match bounds {
                Bounds::Equal(a) => Bounds::AtLeast(When::Ago(a)),
                Bounds::Between(a, b) => Bounds::Between(When::Ago(b), When::Ago(a)),
                other => match other.try_map(|a| Ok::<_, ()>(When::Ago(a))) {
                    Ok(bounds) => bounds,
                    Err(()) => Bounds::Equal(When::Now),
                },
            }
        }),
        arbitrary_bounds(seconds.clone()).prop_filter_map("in the calendar", |bounds| {
            let date = |s: i64| {
                jiff::Timestamp::from_second(s)
                    .map(|t| When::Date(t.to_zoned(jiff::tz::TimeZone::UTC).date()))
            };
            bounds.try_map(date).ok()
        }),
        arbitrary_bounds(seconds).prop_filter_map("in the calendar", |bounds| {
            bounds
                .try_map(|s| jiff::Timestamp::from_second(s).map(When::Instant))
                .ok()
        }),
        prop_oneof![Just(When::Today), Just(When::Yesterday), Just(When::Now)]
            .prop_map(Bounds::Equal),
    ]
}

fn arbitrary_version() -> impl Strategy<Value = VersionTest> {
    let version = "[0-9]{1,2}(\\.[0-9]{1,2}){0,3}(-(rc|alpha)\\.[1-9])?"
        .prop_filter_map("read", |text| Version::read(&text));
    prop_oneof![
        arbitrary_bounds(version).prop_map(VersionTest::Bounds),
        proptest::collection::vec(0..100_u64, 1..4).prop_map(VersionTest::Within),
    ]
}

fn arbitrary_term() -> impl Strategy<Value = Term> {
    let known = |key: Key| Just(Field::Known(key));
    let tag = || arbitrary_text().prop_map(Field::Tag);
    let text =
        |field: BoxedStrategy<Field>| (field, arbitrary_pattern().prop_map(Test::Text)).boxed();
    let states = State::ALL.map(|(state, _)| Test::State(state));
    let levels = prop::sample::select(Level::ALL.to_vec());
    prop_oneof![
        text(Just(Field::Any).boxed()),
        text(tag().boxed()),
        text(
            prop::sample::select(vec![Key::Release, Key::Title, Key::User])
                .prop_map(Field::Known)
                .boxed()
        ),
        (tag(), Just(Test::Present)),
        (known(Key::Release), Just(Test::Present)),
        (known(Key::Is), prop::sample::select(states.to_vec())),
        (
            known(Key::Level),
            arbitrary_bounds(levels).prop_map(Test::Level)
        ),
        (
            known(Key::Users),
            arbitrary_bounds(0..u64::MAX / 2).prop_map(Test::Number)
        ),
        (known(Key::LastSeen), arbitrary_time().prop_map(Test::Time)),
        (
            known(Key::Age),
            arbitrary_bounds(0..100_000_u64).prop_map(Test::Age)
        ),
        (
            known(Key::ReleaseVersion),
            arbitrary_version().prop_map(Test::Version)
        ),
        (
            known(Key::Assigned),
            arbitrary_text().prop_map(Test::Person)
        ),
        (
            known(Key::Project),
            arbitrary_pattern().prop_map(Test::Project)
        ),
        (
            known(Key::Handled),
            proptest::arbitrary::any::<bool>().prop_map(Test::Flag)
        ),
        (
            known(Key::Id),
            proptest::arbitrary::any::<[u8; 16]>()
                .prop_map(|id| Test::Event(event_model::EventId(id)))
        ),
        (
            known(Key::Issue),
            proptest::arbitrary::any::<u64>().prop_map(|id| Test::Issue(event_model::IssueId(id)))
        ),
    ]
    .prop_map(|(field, test)| Term {
        field,
        test,
        span: Span::default(),
    })
}

fn arbitrary_tree() -> impl Strategy<Value = Expression<Term>> {
    let leaf = arbitrary_term().prop_map(Expression::Term);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let some = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            some().prop_map(Expression::and),
            some().prop_map(Expression::or),
            inner.prop_map(Expression::not),
        ]
    })
}

proptest! {
    #[test]
    fn a_tree_that_is_printed_is_read_as_the_same(tree in arbitrary_tree()) {
        let query = Query { root: Some(tree) };
        let text = query.to_string();
        prop_assume!(text.len() <= TEXT_BYTES_MAX);
        prop_assert_eq!(parse(&text), Ok(query), "{}", text);
    }

    #[test]
    fn every_text_is_read_or_refused_within_it(text in "\\PC{0,60}") {
        check(&text)?;
    }

    #[test]
    fn what_looks_like_a_query_is_read_or_refused_within_it(
        parts in proptest::collection::vec(prop::sample::select(vec![
            "(", ")", "\"", "\\", "*", ":", "!", " ", " ", "OR ", "AND ", "NOT ", "is:", "level:", "age:",
            "tag.", "has:", ">", "<=", "..", "-", "error", "1", "24h", "2026-11-01", "ä", "a",
        ]), 0..40)
    ) {
        check(&parts.concat())?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            prop_assert_eq!(parse(&printed), Ok(query), "{} as {}", text, printed);
        }
        Err(error) => {
            prop_assert!(!error.may_try, "{}: {:?}", text, error);
            prop_assert!(
                text.get(error.span.start..error.span.end).is_some(),
                "{}: {:?}",
                text,
                error
            );
            prop_assert!(!error.message.is_empty());
        }
    }
    // Whatever is typed on the way is looked at, too.
    let at = text.len() / 2;
    let typing = crate::complete::typing(text, at);
    prop_assert!(text.get(typing.span.start..typing.span.end).is_some());
    Ok(())
}
