//! The one pass in which parts of free form are cut, scrubbed and written.
#![allow(clippy::unwrap_used)]

use event_model::free::Free;
use proptest::prelude::*;
use serde_json::Value;

use super::{
    super::json::{self, Budget},
    *,
};

/// Writes an object with `scrub`; the paths of what was masked.
fn write(mut scrub: Scrub, text: &str, mut budget: Budget) -> (Free, Vec<String>) {
    let free = json::read(text.as_bytes(), |json| {
        let members = json.into_object().unwrap();
        scrub.free(&Path::root("extra"), members, &mut budget)
    });
    (free.unwrap(), scrub.noted)
}

#[track_caller]
fn check(text: &str, expected: &str, noted: &[&str]) {
    let (free, paths) = write(Scrub::new(Rules::standard()), text, Budget::unlimited());
    assert_eq!(free.as_json(), expected);
    assert_eq!(paths, noted);
    let again = write(
        Scrub::new(Rules::standard()),
        free.as_json(),
        Budget::unlimited(),
    );
    assert_eq!(again, (free, Vec::new()), "not stable");
}

#[test]
fn secrets_are_masked_where_they_stand() {
    check("{}", "{}", &[]);
    check(
        r#"{"b":1.50,"a":[null,{"api_key":"x","author":"jane"}],"u":"redis://:pw@h/?a=1"}"#,
        r#"{"b":1.50,"a":[null,{"api_key":"[Filtered]","author":"jane"}],"u":"redis://:[Filtered]@h/?a=1"}"#,
        &["extra.a[1].api_key", "extra.u"],
    );
    check(
        r#"{"password":{"old":"x","n":[1,true,null,""]},"card":"4111 1111 1111 1111"}"#,
        r#"{"password":{"old":"[Filtered]","n":["[Filtered]",true,null,""]},"card":"[Filtered]"}"#,
        &["extra.password.old", "extra.password.n[0]", "extra.card"],
    );
    check(
        r#"{"argv":["x","--password","hunter2","--verbose"],"pairs":[["token","t"],["a","b"]]}"#,
        r#"{"argv":["x","--password","[Filtered]","--verbose"],"pairs":[["token","[Filtered]"],["a","b"]]}"#,
        &["extra.argv[2]", "extra.pairs[0][1]"],
    );
    check(
        "{\"p\\u0061ssword\":\"x\"}",
        r#"{"password":"[Filtered]"}"#,
        &["extra.password"],
    );
}

#[test]
fn a_value_named_secret_is_found_in_any_order() {
    for text in [
        r#"{"name":"password","value":"x","id":"y"}"#,
        r#"{"value":"x","id":"y","key":"password"}"#,
        r#"{"name":"colour","value":"x","id":"y","name":"password"}"#,
    ] {
        let (free, noted) = write(Scrub::new(Rules::standard()), text, Budget::unlimited());
        assert_eq!(free.to_map()["value"], MASK, "{text}");
        assert_eq!(free.to_map()["id"], "y", "{text}");
        assert_eq!(noted, ["extra.value"], "{text}");
    }
    check(
        r#"{"name":"colour","value":"x"}"#,
        r#"{"name":"colour","value":"x"}"#,
        &[],
    );
}

#[test]
fn of_equal_keys_the_last_one_is_kept() {
    check(
        r#"{"a":1,"b":2,"a":{"x":3}}"#,
        r#"{"b":2,"a":{"x":3}}"#,
        &[],
    );
    check("{\"a\":1,\"\\u0061\":2,\"a\":3}", r#"{"a":3}"#, &[]);
    check(
        r#"{"token":"x","b":{"c":1,"c":2},"token":null}"#,
        r#"{"b":{"c":2},"token":null}"#,
        &[],
    );
    let many: Vec<String> = (0..100).map(|n| format!("\"k{}\":{n}", n % 50)).collect();
    let (free, _) = write(
        Scrub::new(Rules::standard()),
        &format!("{{{}}}", many.join(",")),
        Budget::unlimited(),
    );
    let members = free.members();
    assert_eq!(members.len(), 50);
    assert!(members.iter().all(|(_, part)| part.as_json().len() == 2));
}

#[test]
fn a_budget_bounds_what_is_written() {
    let text = format!(
        r#"{{"a":"{}","list":[{}1],"password":"{}","z":{{"y":1}}}}"#,
        "ü".repeat(500),
        "1,".repeat(500),
        "x".repeat(500),
    );
    for bytes in [0, 1, 5, 20, 60, 61, 62, 63, 64, 200, 2000, 5000] {
        let (free, _) = write(Scrub::new(Rules::standard()), &text, Budget::new(bytes, 50));
        let length = free.as_json().len();
        assert!(length <= 2 * bytes + 100, "{bytes}: {length}");
        assert!(
            serde_json::from_str::<Value>(free.as_json()).is_ok(),
            "{bytes}"
        );
        assert!(
            bytes == 5000 || free.as_json().contains(TRUNCATED),
            "{bytes}"
        );
        assert!(!free.as_json().contains("xx"), "{bytes}");
    }
}

#[test]
fn what_is_not_to_be_scrubbed_is_left_as_it_is() {
    let text = r#"{"password":"x","argv":["--token","y"],"n":{"name":"secret","value":"z"}}"#;
    let (free, noted) = write(Scrub::inactive(), text, Budget::unlimited());
    assert_eq!(free.as_json(), text);
    assert!(noted.is_empty());
}

#[test]
fn paths_follow_what_moves() {
    let mut scrub = Scrub::new(Rules::standard());
    scrub.note(&Path::root("stacktrace").key("frames").index(0).key("vars"));
    scrub.note(&Path::root("stacktraces").key("x"));
    scrub.moved("stacktrace", &Path::root("threads").index(2));
    assert_eq!(scrub.noted, ["threads[2].frames[0].vars", "stacktraces.x"]);
}

#[test]
fn the_costliest_shapes_take_linear_time() {
    for (small, large) in costly(1).iter().zip(&costly(8)) {
        let run = |text: &str| {
            let scrub = || Scrub::new(Rules::standard());
            write(scrub(), text, Budget::unlimited());
            write(scrub(), text, Budget::new(256 << 10, 16 << 10));
        };
        let start: String = large.chars().take(40).collect();
        crate::growth::assert_linear(&start, || run(small), || run(large));
    }
}

/// Shapes of which each byte costs much, of some 120 kB each an eighth.
fn costly(eighths: usize) -> [String; 9] {
    let nested = |open: &str, close: &str| {
        let depth = 64;
        let one = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        format!(
            "{{\"a\":[{}1]}}",
            format!("{one},").repeat(125_000 * eighths / one.len())
        )
    };
    let distinct: Vec<String> = (0..10_000 * eighths)
        .map(|n| format!("\"k{n}\":0,"))
        .collect();
    [
        format!("{{{}\"a\":1}}", distinct.concat()),
        format!("{{{}\"a\":1}}", "\"a\":0,".repeat(20_000 * eighths)),
        format!("{{{}\"a\":1}}", "\"\\u0061\":0,".repeat(11_250 * eighths)),
        format!(
            "{{\"a\":[{}1]}}",
            "[\"password\",1],".repeat(7_500 * eighths)
        ),
        format!("{{\"a\":\"{}\"}}", "\\u0000".repeat(20_000 * eighths)),
        format!("{{\"a\":\"{}\"}}", "\\".repeat(125_000 * eighths)),
        nested("{\"value\":{\"name\":\"password\",\"value\":", "}}"),
        nested("[", "]"),
        nested("{\"a\":", "}"),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300..1e300f64).prop_map(Value::from),
        "\\PC{0,24}".prop_map(Value::from),
        "[\u{1}-\u{1f}\"\\\\/a-z]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-c\"\\\\ü]{0,3}", inner, 0..20)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What others write is read as they would, and written so that they read it.
    #[test]
    fn any_json_is_written_as_it_was_read(value in any_json(), pretty in any::<bool>()) {
        let whole = Value::Object([("v".to_owned(), value)].into_iter().collect());
        let text = if pretty {
            serde_json::to_string_pretty(&whole).unwrap()
        } else {
            whole.to_string()
        };
        let (free, _) = write(Scrub::inactive(), &text, Budget::unlimited());
        // Floats by the same reader: serde_json's own is not exact.
        let expected: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(Value::Object(free.to_map()), expected);
    }
}
