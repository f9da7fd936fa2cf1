//! Titles and culprits of each kind of event.
#![allow(clippy::unwrap_used)]

use event_model::head::{ExceptionHeadV1, Head};

use super::{CULPRIT_CHARS_MAX, TITLE_CHARS_MAX, headline};
use crate::heads::{error, exception, head, message, stored};

#[test]
fn titles_and_culprits() {
    let mut synthetic = error("javascript", "Error", "", &["onClick @ app.js"]);
    synthetic.exceptions[0].synthetic = true;
    let route = |head: Head| Head {
        transaction: "GET /users".into(),
        ..head
    };
    let samples = [
        error(
            "python",
            "KeyError",
            "'user'\nmore",
            &["main in app", "get in app.cache", "!pop in lib"],
        ),
        error("javascript", "", "Script error.", &[]),
        error(
            "javascript",
            "TypeError",
            "x is undefined",
            &[
                "? @ https://a.example/main.js",
                "render @ https://a.example/app.js",
            ],
        ),
        error("go", "*errors.errorString", "", &["Serve in acme/api"]),
        error(
            "rust",
            "panic",
            "boom",
            &["app::run", "core::panicking::panic", "rust_begin_unwind"],
        ),
        synthetic,
        error(
            "native",
            "SIGSEGV",
            "Segfault",
            &["main", "shop::Cart::add(int)"],
        ),
        error(
            "ruby",
            "RuntimeError",
            "no stock (RuntimeError)",
            &["block in add @ cart.rb"],
        ),
        error("dart", "_Exception", "Exception: no stock", &[]),
        route(error("node", "Error", "x", &["!read in node:fs"])),
        route(error("node", "Error", "x", &["read in api"])),
        message("\n  first line\nsecond"),
        head(),
    ];
    let lines: Vec<String> = samples
        .iter()
        .map(|head| {
            let stored = stored(head);
            {
                let headline = headline(&stored.whole());
                format!("{} | {}", headline.title, headline.culprit)
            }
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// A group and its members: id, parent's id, type, and whether it is a group.
fn tree(platform: &str, value: &str, entries: &[(i32, i32, &str, bool)]) -> Head {
    let mut head = error(platform, "", "", &[]);
    head.exceptions.clear();
    for (id, parent_id, ty, is_exception_group) in entries {
        head.exceptions.push(ExceptionHeadV1 {
            exception_id: *id,
            parent_id: *parent_id,
            is_exception_group: *is_exception_group,
            ..exception(ty, if *id == 0 { value } else { "v" }, &["!run in lib"])
        });
    }
    head
}

#[track_caller]
fn check(head: &Head, expected: &str) {
    let stored = stored(head);
    let headline = headline(&stored.whole());
    assert_eq!(
        format!("{} | {}", headline.title, headline.culprit),
        expected
    );
}

#[test]
fn a_group_is_named_after_what_it_holds() {
    let group = |members: &[&'static str]| {
        let mut entries: Vec<(i32, i32, &str, bool)> = Vec::new();
        entries.extend((1..).zip(members).map(|(id, ty)| (id, 0, *ty, false)));
        entries.push((0, -1, "ExceptionGroup", true));
        tree("python", "import failed (9 sub-exceptions)", &entries)
    };
    check(&group(&["KeyError"]), "KeyError: v | run (lib)");
    check(&group(&["KeyError", "KeyError"]), "KeyError: v | run (lib)");
    check(
        &group(&["KeyError", "ValueError", "KeyError"]),
        "ExceptionGroup: import failed (KeyError, ValueError) | run (lib)",
    );
    check(
        &group(&["A", "B", "C", "D", "E"]),
        "ExceptionGroup: import failed (A, B, C and 2 more) | run (lib)",
    );
    let empty = tree(
        "node",
        "All promises were rejected",
        &[(0, -1, "AggregateError", true)],
    );
    check(
        &empty,
        "AggregateError: All promises were rejected | run (lib)",
    );
    let dotnet = [
        (1, 0, "System.IO.IOException", false),
        (2, 0, "Acme.CartException", false),
        (0, -1, "System.AggregateException", true),
    ];
    check(
        &tree("csharp", "One or more errors occurred. (v) (v)", &dotnet),
        "System.AggregateException: One or more errors occurred. \
         (System.IO.IOException, Acme.CartException) | run (lib)",
    );
}

#[test]
fn a_line_that_ends_in_a_colon_goes_on() {
    let of = |value: &str| error("ruby", "ActiveRecord::RecordInvalid", value, &[]);
    for (value, title) in [
        (
            "Validation failed:\n\n  Name is blank\nEmail too",
            "Validation failed: Name is blank",
        ),
        ("a:\nb:\nc:\nd", "a: b: c:"),
        (
            "ActiveRecord::RecordInvalid:\nName is blank",
            "Name is blank",
        ),
        ("ActiveRecord::RecordInvalid: no\nmore", "no"),
        ("Validation failed:", "Validation failed:"),
    ] {
        let shown = headline(&stored(&of(value)).whole()).title;
        assert_eq!(
            shown,
            format!("ActiveRecord::RecordInvalid: {title}"),
            "{value}"
        );
    }
    check(
        &message("Failed to load:\n/cart.js"),
        "Failed to load: /cart.js | ",
    );
}

#[test]
fn an_exception_that_only_wraps_another_does_not_hide_it() {
    let with_cause = |ty: &str, value: &str| {
        let frames: &[&str] = &["!run in java.lang.Thread"];
        let mut head = error("java", ty, value, frames);
        let cause = exception("CartException", "no stock", &["add in com.acme.Cart"]);
        head.exceptions.insert(0, cause);
        head
    };
    let cause = "CartException: no stock | add (com.acme.Cart)";
    for (ty, value) in [
        ("OnErrorNotImplementedException", "not implemented"),
        (
            "io.reactivex.exceptions.UndeliverableException",
            "could not be delivered",
        ),
        (
            "java.util.concurrent.ExecutionException",
            "com.acme.CartException: no stock",
        ),
        ("Exceptions$ReactiveException", "x"),
        ("RuntimeException", "com.acme.CartException: no stock"),
        ("Error", "There was an error while hydrating. Because …"),
        (
            "ServletException",
            "Request processing failed: com.acme.CartException: no stock",
        ),
    ] {
        check(&with_cause(ty, value), cause);
    }
    let own_words = with_cause("OrderException", "order 7 failed");
    check(
        &own_words,
        "OrderException: order 7 failed | add (com.acme.Cart)",
    );
    // Wrapped twice, and a wrapper of nothing.
    let mut twice = with_cause("ExecutionException", "x");
    twice
        .exceptions
        .push(exception("InvocationTargetException", "", &[]));
    check(&twice, cause);
    let alone = error("java", "ExecutionException", "x", &[]);
    check(&alone, "ExecutionException: x | ");
}

#[test]
fn what_was_put_behind_the_main_exception_is_not_shown() {
    let linked = |ty: &str, id: i32, parent_id: i32| ExceptionHeadV1 {
        exception_id: id,
        parent_id,
        ..exception(ty, "v", &["run in app"])
    };
    let of = |exceptions: Vec<ExceptionHeadV1>| Head {
        exceptions,
        ..error("java", "", "", &[])
    };
    let diagnostic = linked("DiagnosticCoroutineContextException", 1, 0);
    let behind = of(vec![linked("Main", 0, -1), diagnostic.clone()]);
    check(&behind, "Main: v | run (app)");
    let before = of(vec![diagnostic.clone(), linked("Main", 0, -1)]);
    assert_eq!(
        crate::Grouper::standard().fingerprint(stored(&behind).whole()),
        crate::Grouper::standard().fingerprint(stored(&before).whole())
    );
    let suppressed = of(vec![linked("Main", 0, -1), linked("Closing", 1, 0)]);
    check(&suppressed, "Main: v | run (app)");
    // Reactor's: the application's own code is told there alone.
    let foreign = ExceptionHeadV1 {
        exception_id: 0,
        ..exception("Main", "v", &["!wrap in org.reactor"])
    };
    let observed = ExceptionHeadV1 {
        is_suppressed: true,
        ..linked("Observed", 1, 0)
    };
    let reactor = of(vec![foreign, observed]);
    check(&reactor, "Main: v | run (app)");
    check(
        &of(vec![diagnostic]),
        "DiagnosticCoroutineContextException: v | run (app)",
    );
    let circle = of(vec![linked("A", 0, 1), linked("B", 1, 0)]);
    check(&circle, "B: v | run (app)");
}

#[test]
fn a_culprit_is_own_code_of_a_cause_rather_than_a_library() {
    let mut head = error(
        "java",
        "ServletException",
        "x",
        &["!service in javax.servlet"],
    );
    let cause = exception(
        "CartException",
        "y",
        &["add in com.acme.Cart", "!get in java.util"],
    );
    head.exceptions.insert(0, cause);
    check(&head, "ServletException: x | add (com.acme.Cart)");
}

#[test]
fn errors_that_only_wrap_have_the_type_of_what_they_wrap() {
    let mut head = error(
        "go",
        "*fmt.wrapError",
        "pay: cart is empty",
        &["Pay in main"],
    );
    let cause = exception("*main.CartError", "cart is empty", &[]);
    head.exceptions.insert(0, cause);
    check(&head, "main.CartError: pay: cart is empty | Pay (main)");
    let plain = error("go", "*errors.errorString", "no stock", &["Pay in main"]);
    check(&plain, "no stock | Pay (main)");
}

#[test]
fn the_type_of_a_synthetic_exception_counts_only_for_signals() {
    let synthetic = |ty: &str, value: &str| {
        let mut head = error("native", ty, value, &["shop::pay::h0123456789abcdef"]);
        head.exceptions[0].synthetic = true;
        head
    };
    check(&synthetic("Error", "told"), "told | shop::pay");
    check(&synthetic("Error", ""), "shop::pay | shop::pay");
    check(
        &synthetic("EXC_BAD_ACCESS", ""),
        "EXC_BAD_ACCESS | shop::pay",
    );
}

#[test]
fn long_ones_are_cut_at_a_character() {
    let head = error("python", &"é".repeat(500), &"ü".repeat(500), &[]);
    let title = headline(&stored(&head).whole()).title;
    assert_eq!(title.chars().count(), TITLE_CHARS_MAX);
    assert!(title.contains("é: ü"), "{title}");
    let deep = format!("f in {}", "m".repeat(500));
    let head = error("python", "E", "", &[&deep]);
    let culprit = headline(&stored(&head).whole()).culprit;
    assert_eq!(culprit.chars().count(), CULPRIT_CHARS_MAX);
}
