//! What clients send, and what is made of it.
#![allow(clippy::unwrap_used)]

use super::*;

fn check(body: &[u8], expected: &str) {
    let mut budget = Budget::new(1 << 20, 1 << 20);
    let value = read(body, |json| json.into_value(&mut budget)).unwrap();
    assert_eq!(value, serde_json::from_str::<Value>(expected).unwrap());
}

#[test]
fn what_clients_get_wrong_is_repaired() {
    check(br#"{"a":"\ud800"}"#, r#"{"a":"\ufffd"}"#);
    check(br#"{"a":"\ud83d\ude80"}"#, r#"{"a":"\ud83d\ude80"}"#);
    check(
        br#"{"a":"x\udc00y\ud83d\ude80"}"#,
        r#"{"a":"x\ufffdy\ud83d\ude80"}"#,
    );
    check(
        br#"{"\ud800":"\ud800\ud800\udc00"}"#,
        r#"{"\ufffd":"\ufffd\ud800\udc00"}"#,
    );
    check(br#"{"a":"n\u0000l"}"#, r#"{"a":"n\ufffdl"}"#);
    check(b"{\"a\":\"n\0l\"}", r#"{"a":"n\ufffdl"}"#);
    check(b"{\"a\":\"\xff\"}", r#"{"a":"\ufffd"}"#);
    check(b"{\"a\":\"tab\there\"}", r#"{"a":"tab\there"}"#);
    check(
        br#"{"a":NaN,"b":[-Infinity,1e999,.5,5.,+1,007,-0,undefined]}"#,
        r#"{"a":null,"b":[null,null,0.5,5.0,1.0,7.0,-0.0,null]}"#,
    );
    check(br#"{"a":"\x41\u12"}"#, r#"{"a":"\\x41\ufffd12"}"#);
    check(
        br#"{"a":"\u12\"\u+123"}"#,
        r#"{"a":"\ufffd12\"\ufffd+123"}"#,
    );
    check(b"\xef\xbb\xbf{}", "{}");
}

#[test]
fn what_is_right_is_read_as_everybody_reads_it() {
    for text in [
        "null",
        " true ",
        "-12.5e+3",
        "18446744073709551615",
        "\"\"",
        r#""a\"\\\/\b\f\n\r\tü\u00fc\ud83d\ude80 and sixteen more""#,
        "[]",
        "{}",
        "[[],[{}],{\"a\":[1,{\"b\":null}]}]",
        " { \"a\" : [ 1 , 2 ] , \"b\" : { } , \"\" : \"\" } ",
        "{\"a\":1,\"a\":{\"x\":[2]},\"a\":3}",
    ] {
        check(text.as_bytes(), text);
    }
}

#[test]
fn numbers_keep_their_digits() {
    let text = "[1180591620717411303424,0.1,1E5,-1,12345678901234567890123456789012345678901.5]";
    let texts = read(text.as_bytes(), |json| match json {
        Json::Array(items) => items
            .filter_map(Json::into_text)
            .map(Cow::into_owned)
            .collect(),
        _ => Vec::new(),
    });
    assert_eq!(
        texts.unwrap(),
        [
            "1180591620717411303424",
            "0.1",
            "1E5",
            "-1",
            "1.2345678901234568e+40"
        ]
    );
}

#[test]
fn depth_never_fails_a_body() {
    let deep = format!(
        r#"{{"a":{}"[\"",1{},"b":2}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let read = read(deep.as_bytes(), |json| {
        let text = json.get("a").unwrap().into_any_text(1 << 20).unwrap();
        (json.get("b").unwrap().as_integer(), text.into_owned())
    });
    let (b, a) = read.unwrap();
    assert_eq!(b, Some(2));
    assert_eq!(a.matches('[').count(), usize::from(DEPTH_MAX));
    assert!(a.contains(TOO_DEEP));
}

#[test]
fn what_is_no_json_is_named_with_its_position() {
    for bad in [
        "",
        "{",
        "nope",
        "{\"a\":}",
        "{} x",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "[1 2]",
        "{\"a\" 1}",
        "\"a",
        "\"a\\",
        "[1}",
        "]",
        "1..5",
        "--1",
        "{\"a\"",
        "[",
        "tru",
    ] {
        let invalid = read(bad.as_bytes(), |_| ()).unwrap_err();
        assert!(invalid.message.contains("line 1"), "{bad}: {invalid}");
    }
    let invalid = read(b"{\"a\":1,\n \"b\":?}", |_| ()).unwrap_err();
    assert_eq!(
        invalid.message,
        "not JSON: expected a value at line 2 column 6"
    );
}

#[test]
fn a_budget_bounds_what_is_taken_over() {
    let body = format!(
        r#"{{"a":"{}","b":[{}1]}}"#,
        "x".repeat(500),
        "1,".repeat(500)
    );
    let mut budget = Budget::new(200, 50);
    let value = read(body.as_bytes(), |json| json.into_value(&mut budget)).unwrap();
    let text = value.to_string();
    assert!(text.len() < 300, "{text}");
    assert!(text.contains('…') && text.contains(TRUNCATED), "{text}");
}
