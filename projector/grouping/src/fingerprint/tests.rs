#![allow(clippy::unwrap_used)]

use event_model::{Fingerprint, head::Head};

use super::fingerprint;
use crate::heads::{error, exception, frame, head, message, stored};
use crate::rules::Judged;

mod groups;
mod properties;

fn print_of(head: &Head) -> Fingerprint {
    fingerprint(&stored(head).whole(), &Judged::default())
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
        let whole = stored.whole();
        let resolved = super::variables::resolve(entry, &whole);
        assert_eq!(resolved, expected, "{entry}");
    }
}
