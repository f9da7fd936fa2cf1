use proptest::prelude::*;

use super::mask;
use crate::growth::assert_linear_in;

#[test]
fn masks() {
    let cases = [
        ("User 42 not found", "User <#> not found"),
        ("took 12ms of 1.5s", "took <duration> of <duration>"),
        ("1,234,567 rows, 3 files", "<#> row, <#> file"),
        ("at 2e-3 and 1.5E+10", "at <#> and <#>"),
        ("balance -5, was +7", "balance <#>, was <#>"),
        ("GET https://a.example/x?y=1, again", "GET <url>, again"),
        ("mail to ann.lee+x@mail.example.com.", "mail to <email>."),
        (
            "dial tcp 10.0.0.12:5432: refused",
            "dial tcp <host>:<#>: refused",
        ),
        ("from [2001:db8::1] and ::1", "from [<host>] and <host>"),
        ("no a1.db.example.com", "no <host>"),
        ("std::io::Error at 12:30:45", "std::io::Error at <time>"),
        ("on 2024-05-01T12:30:45Z", "on <date>"),
        ("on Mon, 03 Mar 2025 10:15:00 GMT.", "on <date>."),
        ("May we go on Sunday", "May we go on <date>"),
        ("id 123e4567-e89b-12d3-a456-426614174000!", "id <#>!"),
        ("segfault at 0x7ffe01 ip 0X1F", "segfault at <#> ip <#>"),
        ("commit 9f86d08 by x", "commit <#> by x"),
        ("com.acme.User@6d06d69c", "com.acme.User@<#>"),
        ("deadbeef cafe decade", "deadbeef cafe decade"),
        ("req_8fJk29Dl2mZp01Qw7t failed", "req_<#> failed"),
        ("S3Client and R2Bucket", "S3Client and R2Bucket"),
        ("/users/17/orders/9f86d081/x", "/users/<#>/orders/<#>/x"),
        ("read /home/ann/a.txt", "read <home>/a.txt"),
        ("C:\\data\\run42\\log", "C:\\data\\run<#>\\log"),
        (
            "utf8 and http2 on worker-17",
            "utf8 and http2 on worker-<#>",
        ),
        ("version 1.2.3.4.5", "version <#>"),
        ("ids 1, 2, 3", "ids <#>"),
        ("größe 5 über 日本 7", "größe <#> über 日本 <#>"),
        ("User 'ann' not found", "User <text> not found"),
        ("no column 'name'", "no column 'name'"),
        (
            "{\"id\": 17, \"user\": \"ann\"}",
            "{\"id\": <#>, \"user\": <text>}",
        ),
        ("can't find it", "can't find it"),
        ("call +49 431 220 13 30 now", "call <#> now"),
        ("EUR 12.50, 3 USD, €5 or 5 €", "<#> or <#>"),
        ("v4.17.21 and 5.0.0-rc.2", "<#> and <#>"),
        ("PT1H30M or PT45.2S", "<duration> or <duration>"),
        ("IN ($1, $2) of (3,4) (5,)", "IN (<#>) of (<#>) (<#>)"),
        ("SQLSTATE[42P01]: no", "SQLSTATE[42P01]: no"),
        ("14 entries, 1 entry", "<#> entry, <#> entry"),
        ("to Ann Lee <ann@a.example>", "to <<email>>"),
        ("open '/data/in/a17.csv'", "open '/data/in/<#>.csv'"),
        ("open '/home/ann/x.md'", "open '<home>/x.md'"),
        ("", ""),
        ("::::", "::::"),
    ];
    for (text, expected) in cases {
        assert_eq!(mask(text), expected, "{text}");
    }
}

#[test]
fn masking_long_and_hostile_texts_takes_linear_time() {
    for unit in [
        "1", "1,", "1.", "a1", "1e", "1:", "::", "@", "a@b.", "://", "0x", "f-", "é1", "1,234",
        "/", "/.", "'", "\"a", "a=", "2024-", "Jan 1 ", "a.com ", "é\"",
    ] {
        assert_linear_in(unit, 25_000, |text| assert!(!mask(text).is_empty()));
    }
}

/// A word as messages have them.
fn part() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::prop_oneof![
        "[a-z]{1,9}",
        "[A-Z][a-z]{2,8}",
        "-?[0-9]{1,9}(\\.[0-9]{1,3})?",
        "[0-9a-f]{8,40}",
        "[0-9]{1,3}(ms| MB|%|px)",
        "'[a-z]{1,9}'",
        "[a-z]{1,9}=\"[a-z]{1,9}\"",
        "[a-z]{1,9}=[a-z]{1,9}",
        "https://[a-z]{1,9}\\.example/[a-z0-9]{0,9}",
        "[a-z]{1,9}@[a-z]{1,9}\\.com",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:00Z",
        "/tmp/tmp[a-z0-9]{8}/[a-z]{1,9}\\.csv",
        "[a-z]{1,5}-[0-9]{1,3}:",
    ]
}

/// What a rule begins, ends or breaks off with.
fn piece() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::prop_oneof![
        "[\\[\\](){}<>'\"`“”«»=:;,./\\\\@$€%+_# -]{1,2}",
        "[a-zA-Z0-9]{1,4}",
        "[0-9]{1,3}",
        proptest::sample::select(
            &[
                "<#>",
                "<text>",
                "<date>",
                "<tmp>",
                "<home>",
                "ms",
                "MB",
                "s",
                "items",
                "boxes",
                "was",
                "EUR",
                "v1.",
                "map[",
                "data:a/b,",
                "arn:aws:s3:",
                "eyJhbGciOiJI",
                "Mozilla/5.0 (a) ",
                "PT1H",
                "Monday",
                "Jan ",
                "2024-01-02",
                " at ",
                "10:30",
                "PM",
                "nan",
                "/tmp/",
                "/home/a/",
                "C:\\\\",
                "::1",
                "10.0.0.1",
                "a@b.example",
                "https://",
                "error",
                "status ",
                "SQLSTATE[",
                "column ",
                "key=",
                "\\\"",
                "-rc.1",
                "==",
                "9f86d081",
                "٣",
                "é",
                "\n",
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

/// Where a random name of 22 letters would begin, in the middle of one of several bytes.
#[test]
fn a_path_is_cut_at_letters_alone() {
    for path in [
        "/\u{180f}\u{ab20}0\u{fffc}0a\u{830}\u{d81}0\u{3a3}aA==/",
        "/x-€aaaaaaaaaaaaaaaaaaaaa==/",
    ] {
        assert!(!mask(path).is_empty(), "{path}");
    }
}

proptest::proptest! {
    #[test]
    fn masking_is_total(text in "\\PC{0,200}") {
        let _ = mask(&text);
    }

    #[test]
    fn masking_twice_changes_nothing(parts in proptest::collection::vec(part(), 0..8)) {
        let once = mask(&parts.join(" "));
        proptest::prop_assert_eq!(mask(&once), once);
    }

    #[test]
    fn masking_anything_twice_changes_nothing(text in "\\PC{0,120}") {
        let once = mask(&text);
        proptest::prop_assert_eq!(mask(&once), once);
    }

    /// Signs and words that the rules look for, in any order.
    #[test]
    fn masking_hostile_texts_twice_changes_nothing(
        pieces in proptest::collection::vec(piece(), 0..24),
    ) {
        let once = mask(&pieces.concat());
        proptest::prop_assert_eq!(mask(&once), once);
    }

    #[test]
    fn numbers_of_any_length_mask_alike(a in 10u64..u64::MAX, b in 10u64..u64::MAX) {
        proptest::prop_assert_eq!(mask(&format!("row {a} gone")), mask(&format!("row {b} gone")));
    }
}

/// Words that are masked or kept for the sake of their neighbours, and plain ones.
const WORDS: [&str; 40] = [
    "order",
    "is",
    "not",
    "items",
    "classes",
    "null",
    "true",
    "nan",
    "inf",
    "infinity",
    "at",
    "may",
    "mon",
    "utc",
    "am",
    "5",
    "17",
    "1.5",
    "ms",
    "seconds",
    "gb",
    "EUR",
    "error",
    "status",
    "code",
    "deadbeef",
    "abcde",
    "Sunday",
    "\"ok\":",
    "':",
    "key=",
    "a_b",
    "x1",
    "<#>",
    "<text>,",
    "(",
    ")",
    "$",
    "é",
    "ann@example.com",
];

proptest! {
    #[test]
    fn plain_words_are_masked_as_all_are(
        words in prop::collection::vec(
            (prop::sample::select(&WORDS[..]), prop::sample::select(&[" ", " ", " ", "", "-", ", ", "\n"][..])),
            0..12,
        ),
        more in "[a-z]{0,3} [ -~]{0,20}",
    ) {
        let mut text: String = words.iter().flat_map(|(word, gap)| [*word, *gap]).collect();
        text.push_str(&more);
        prop_assert_eq!(super::scanned(&text, true), super::scanned(&text, false));
    }

    #[test]
    fn lines_that_are_plain_are_as_if_written_anew(line in "[a-z \\t\u{1b}\u{a0}é\\[]{0,20}") {
        prop_assert_eq!(crate::text::plain(&line), crate::text::respaced(&line));
    }
}
