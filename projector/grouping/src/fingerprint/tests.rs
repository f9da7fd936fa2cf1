#![allow(clippy::unwrap_used)]

use event_model::{Fingerprint, head::Head};

use super::fingerprint;
use crate::growth::assert_linear_in;
use crate::heads::{error, exception, frame, head, message, stored};
use crate::mask::mask;

mod groups;
mod properties;

fn print_of(head: &Head) -> Fingerprint {
    fingerprint(stored(head).head())
}

#[track_caller]
fn same(a: &Head, b: &Head) {
    assert_eq!(print_of(a), print_of(b), "should group:\n{a:#?}\n{b:#?}");
}

#[track_caller]
fn differ(a: &Head, b: &Head) {
    assert_ne!(
        print_of(a),
        print_of(b),
        "should not group:\n{a:#?}\n{b:#?}"
    );
}

#[test]
fn the_algorithm_has_not_changed_without_its_version() {
    let samples = [
        error(
            "python",
            "ValueError",
            "x",
            &["main in app", "load in app.db"],
        ),
        message("User 42 not found"),
        Head {
            fingerprint: vec!["{{ default }}".into(), "eu".into()],
            ..message("x")
        },
        head(),
    ];
    let prints: Vec<String> = samples.iter().map(|h| print_of(h).to_string()).collect();
    insta::assert_snapshot!(prints.join("\n"));
}

#[test]
fn lines_and_messages_do_not_split_a_stack() {
    let a = error(
        "python",
        "KeyError",
        "'a'",
        &["main in app", "get in app.cache"],
    );
    let mut b = error(
        "python",
        "KeyError",
        "'b'",
        &["main in app", "get in app.cache"],
    );
    b.exceptions[0].frames[1].lineno = 99;
    b.release = "2.0".into();
    same(&a, &b);
}

#[test]
fn functions_types_and_modules_split_stacks() {
    let base = error("python", "KeyError", "x", &["get in app.cache"]);
    for other in [
        error("python", "KeyError", "x", &["set in app.cache"]),
        error("python", "ValueError", "x", &["get in app.cache"]),
        error("python", "KeyError", "x", &["get in app.store"]),
        error(
            "python",
            "KeyError",
            "x",
            &["run in app", "get in app.cache"],
        ),
    ] {
        differ(&base, &other);
    }
}

#[test]
fn frames_that_count_the_same() {
    let cases: &[(&str, &str, &str)] = &[
        // platform, one frame, another one
        (
            "javascript",
            "onClick @ https://a.example/static/main.3f2a1c9b.js",
            "onClick @ https://b.example/main.99aa00ff.js?v=2",
        ),
        (
            "javascript",
            "onClick @ /assets/index-BwX3k_9a.js",
            "onClick @ /assets/index-Q7d2Zk1p.js",
        ),
        (
            "node",
            "Object.handler @ /srv/a/app.js",
            "exports.handler @ /srv/b/app.js",
        ),
        ("node", "async run in worker", "run in worker"),
        (
            "rust",
            "app::run::h0123456789abcdef",
            "app::run::hfedcba9876543210",
        ),
        ("rust", "app::run::{{closure}}", "app::run::{closure#3}"),
        (
            "go",
            "(*Server).Serve.func1 in main",
            "(*Server).Serve.func2.1 in main",
        ),
        ("python", "load @ /a/b/DB.py", "load @ c/db.py"),
        (
            "java",
            "lambda$run$0 in com.acme.Job",
            "lambda$run$12 in com.acme.Job",
        ),
        (
            "java",
            "apply in com.acme.Job$$Lambda$12",
            "apply in com.acme.Job$$Lambda$99",
        ),
        (
            "ruby",
            "block in index @ app.rb",
            "block (2 levels) in index @ app.rb",
        ),
        (
            "ruby",
            "_app_views__123_456 @ show.erb",
            "_app_views__99_1 @ show.erb",
        ),
        (
            "php",
            "class@anonymous\0/a.php:1",
            "class@anonymous\0/b.php:2",
        ),
    ];
    for (platform, a, b) in cases {
        let stack = |f: &str| error(platform, "E", "v", &["entry in app", f]);
        same(&stack(a), &stack(b));
        differ(&stack(a), &error(platform, "E", "v", &["entry in app"]));
    }
}

#[test]
fn frames_of_libraries_count_only_without_own_ones() {
    let own = ["!run in lib", "job in app", "!raise in lib.errors"];
    same(
        &error("python", "E", "v", &own),
        &error("python", "E", "v", &["job in app"]),
    );
    let foreign = |f: &str| error("python", "E", "v", &["!run in lib", f]);
    differ(&foreign("!a in lib"), &foreign("!b in lib"));
    // In-app anywhere in the chain decides for all of it.
    let chain = |cause: &str| Head {
        exceptions: vec![
            exception("Cause", "v", &[cause]),
            exception("E", "v", &["job in app"]),
        ],
        ..head()
    };
    same(&chain("!a in lib"), &chain("!b in lib"));
    differ(&chain("a in app"), &chain("b in app"));
}

#[test]
fn panic_machinery_does_not_count() {
    let rust = error(
        "rust",
        "panic",
        "v",
        &[
            "!std::rt::lang_start",
            "app::main",
            "app::load",
            "core::panicking::panic_fmt",
            "rust_begin_unwind",
            "__rustc::rust_begin_unwind",
            "<alloc::boxed::Box<F,A> as core::ops::function::Fn<Args>>::call",
            "<sentry_panic::PanicIntegration as sentry_core::Integration>::setup::{{closure}}",
            "<E as anyhow::context::ext::StdError>::ext_context",
            "<std::backtrace::Backtrace>::capture",
            "<usize as core::slice::index::SliceIndex<[T]>>::index",
        ],
    );
    same(
        &rust,
        &error("rust", "panic", "v", &["app::main", "app::load"]),
    );
    let go = error(
        "go",
        "E",
        "v",
        &[
            "main in runtime",
            "Handle in acme/api",
            "gopanic in runtime",
        ],
    );
    same(&go, &error("go", "E", "v", &["Handle in acme/api"]));
    let node = error(
        "node",
        "E",
        "v",
        &[
            "handle in api",
            "sentryWrapped @ /srv/node_modules/@sentry/browser/index.js",
        ],
    );
    same(&node, &error("node", "E", "v", &["handle in api"]));
}

#[test]
fn recursion_of_any_depth_is_one() {
    let stack = |depth: usize| {
        let mut frames = vec!["main in app"];
        for _ in 0..depth {
            frames.extend(["even in app", "odd in app"]);
        }
        frames.push("fail in app");
        error("python", "RecursionError", "v", &frames)
    };
    same(&stack(1), &stack(2));
    same(&stack(1), &stack(100));
}

#[test]
fn a_page_and_no_function_is_no_stack() {
    let at = |value: &str| {
        error(
            "javascript",
            "Error",
            value,
            &["? @ https://a.example/index.html"],
        )
    };
    differ(&at("no connection"), &at("no memory"));
    same(&at("timeout after 10 s"), &at("timeout after 20 s"));
}

#[test]
fn messages_group_by_their_masked_first_lines() {
    same(
        &message("User 42 not found"),
        &message("User 1234567 not found"),
    );
    differ(
        &message("User 42 not found"),
        &message("Order 42 not found"),
    );
    same(
        &message("failed\n\n  at step 1\nrow 1"),
        &message("failed\n  at step 2\nother"),
    );
    let with = |template: &str, text: &str| Head {
        message_template: template.into(),
        ..message(text)
    };
    same(
        &with("hello %s", "hello ann"),
        &with("hello %s", "hello bob"),
    );
    let logged = |text: &str, function: &str| Head {
        thread_frames: vec![frame(function)],
        ..message(text)
    };
    differ(&logged("a", "f in app"), &logged("a", "g in app"));
    differ(&logged("a", "f in app"), &logged("b", "f in app"));
}

#[test]
fn a_clients_fingerprint_decides() {
    let with = |entries: &[&str], head: Head| Head {
        fingerprint: entries.iter().map(|e| (*e).to_owned()).collect(),
        ..head
    };
    let (a, b) = (message("a"), message("b"));
    same(&with(&["db"], a.clone()), &with(&["db"], b.clone()));
    differ(&with(&["db"], a.clone()), &with(&["dc"], a.clone()));
    differ(&with(&["db", "x"], a.clone()), &with(&["dbx"], a.clone()));
    same(&with(&["{{ default }}"], a.clone()), &a);
    same(&with(&["{{default}}"], a.clone()), &a);
    differ(&with(&["{{ default }}", "eu"], a.clone()), &a);
    differ(
        &with(&["{{ default }}", "eu"], a.clone()),
        &with(&["{{ default }}", "eu"], b.clone()),
    );
    same(
        &with(&["{{ default }}", "eu"], a.clone()),
        &with(&["{{ default }}", "eu"], a),
    );
    drop(b);
}

#[test]
fn variables_stand_for_their_values() {
    let mut event = error(
        "python",
        "KeyError",
        "no user 7",
        &["main in app", "get @ cache.py"],
    );
    event.transaction = "/users".into();
    event.tags = vec![("tenant".into(), "acme".into())];
    event.level = 3;
    let cases = [
        ("{{ type }}", "KeyError"),
        ("{{error.value}}", "no user 7"),
        ("{{ message }}", "no user <#>"),
        ("{{ function }}", "get"),
        ("{{ stack.filename }}", "cache.py"),
        ("{{ module }}", "<no-module>"),
        ("{{ transaction }}", "/users"),
        ("{{ level }}", "warning"),
        ("{{ tags.tenant }}", "acme"),
        ("{{ tags.other }}", "<no-tags.other>"),
        ("{{ logger }}", "<no-logger>"),
        ("{{ typo }}", "<unrecognized-variable-typo>"),
        ("plain", "plain"),
        ("{{ half", "{{ half"),
    ];
    let stored = stored(&event);
    for (entry, expected) in cases {
        let resolved = super::variables::resolve(entry, stored.head());
        assert_eq!(resolved, expected, "{entry}");
    }
}

#[test]
fn masks() {
    let cases = [
        ("User 42 not found", "User <#> not found"),
        ("took 12ms of 1.5s", "took <duration> of <duration>"),
        ("1,234,567 rows, 3 files", "<#> rows, <#> files"),
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
        ("May we go on Sunday", "May we go on Sunday"),
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
    fn numbers_of_any_length_mask_alike(a in 10u64..u64::MAX, b in 10u64..u64::MAX) {
        proptest::prop_assert_eq!(mask(&format!("row {a} gone")), mask(&format!("row {b} gone")));
    }
}
