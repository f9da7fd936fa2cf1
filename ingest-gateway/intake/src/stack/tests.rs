//! Each fixture is what a runtime printed, see `fixtures/README.md`.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use super::{Said, TextErrors, errors_of, tree};

fn read(text: &str, platform: &str) -> TextErrors {
    errors_of(Said::default(), text, platform)
}

/// One line an error and a frame, for people to compare.
fn drawn(errors: &TextErrors) -> String {
    let mut out = String::new();
    let frames = |out: &mut String, frames: &[event_model::event::Frame]| {
        for frame in frames {
            let path = if frame.abs_path.is_empty() {
                &frame.filename
            } else {
                &frame.abs_path
            };
            let _ = write!(
                out,
                "  {} | {} | {path}:{}",
                frame.function, frame.module, frame.lineno
            );
            if frame.colno > 0 {
                let _ = write!(out, ":{}", frame.colno);
            }
            if let Some(line) = &frame.context_line {
                let _ = write!(out, " | {line}");
            }
            out.push('\n');
        }
    };
    for error in &errors.exceptions {
        let _ = write!(out, "{:?} {:?} {:?}", error.module, error.ty, error.value);
        if let Some(m) = &error.mechanism {
            let _ = write!(out, " {:?}→{:?} {}", m.exception_id, m.parent_id, m.source);
            out.push_str(if m.is_exception_group { " group" } else { "" });
        }
        out.push('\n');
        frames(&mut out, &error.frames);
    }
    for thread in &errors.threads {
        let _ = writeln!(out, "thread {}", thread.name);
        frames(&mut out, &thread.frames);
    }
    if let Some(text) = &errors.text_left {
        let _ = writeln!(out, "left: {text:?}");
    }
    out
}

macro_rules! fixtures {
    ($($name:ident $platform:literal)*) => {
        const FIXTURES: &[(&str, &str, &str)] = &[
            $((stringify!($name), $platform, include_str!(concat!("fixtures/", stringify!($name), ".txt"))),)*
        ];
    };
}

fixtures! {
    dotnet_aggregate "csharp"
    dotnet_async "csharp"
    go_debug_stack "go"
    go_panic "go"
    java_causes "java"
    java_root_cause_first "java"
    java_suppressed "java"
    javascript_firefox "javascript"
    javascript_safari "javascript"
    mono "csharp"
    node_cause "node"
    node_inspected "node"
    php_opentelemetry "php"
    php_to_string "php"
    php_trace "php"
    python_chain "python"
    python_group "python"
    python_recursion "python"
    ruby_backtrace "ruby"
    ruby_full_message "ruby"
    rust_anyhow "rust"
    rust_panic "rust"
}

#[test]
fn texts_of_real_runtimes_become_frames() {
    for (name, platform, text) in FIXTURES {
        let errors = read(text, platform);
        assert_eq!(errors.text_left, None, "{name}");
        insta::assert_snapshot!(*name, drawn(&errors));
    }
}

#[test]
fn the_form_is_recognised_without_a_platform() {
    for (name, platform, text) in FIXTURES {
        // Whether a type holds a module depends on the platform.
        let bare = |errors: &TextErrors| -> Vec<(String, u32)> {
            let frames = errors.exceptions.iter().flat_map(|e| &e.frames);
            frames.map(|f| (f.function.clone(), f.lineno)).collect()
        };
        assert_eq!(
            bare(&read(text, "other")),
            bare(&read(text, platform)),
            "{name}"
        );
        assert_eq!(
            bare(&read(text, "cobol")),
            bare(&read(text, platform)),
            "{name}"
        );
    }
}

#[track_caller]
fn check(text: &str, expected: &[(&str, &str, u32, u32, bool)]) {
    let read = read(text, "");
    let own = read.exceptions.last().map(|e| e.frames.as_slice());
    let found: Vec<_> = own
        .unwrap_or_default()
        .iter()
        .map(|f| {
            (
                f.function.as_str(),
                f.abs_path.as_str(),
                f.lineno,
                f.colno,
                f.in_app,
            )
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn v8_stacks_are_read() {
    check(
        "TypeError: x: at home\n    at pay (/srv/shop.js:3:15)\n    at async Object.run [as go] (file:///srv/app.mjs:7:1)\n    \
         at new Cart (https://shop.example/a.js?v=1:2:3)\n    at /srv/node_modules/x/i.js:1:2\n    at Array.map (<anonymous>)\n    \
         at eval (eval at f (https://shop.example/e.js:9:8), <anonymous>:1:1)\n    at node:internal/main:1:2",
        &[
            ("?", "node:internal/main", 1, 2, false),
            ("eval", "https://shop.example/e.js", 9, 8, true),
            ("Array.map", "<anonymous>", 0, 0, false),
            ("?", "/srv/node_modules/x/i.js", 1, 2, false),
            ("new Cart", "https://shop.example/a.js?v=1", 2, 3, true),
            ("Object.run", "/srv/app.mjs", 7, 1, true),
            ("pay", "/srv/shop.js", 3, 15, true),
        ],
    );
}

#[test]
fn firefox_and_safari_stacks_are_read() {
    check(
        "pay@https://shop.example/a.js:3:15\n@https://shop.example/a.js:9:1\nasync*run@https://shop.example/a.js:1:2\n",
        &[
            ("async*run", "https://shop.example/a.js", 1, 2, true),
            ("?", "https://shop.example/a.js", 9, 1, true),
            ("pay", "https://shop.example/a.js", 3, 15, true),
        ],
    );
    check(
        "pay@https://shop.example/a.js:3:15\n[native code]\nmap@[native code]\nglobal code@https://shop.example/a.js:9:1",
        &[
            ("global code", "https://shop.example/a.js", 9, 1, true),
            ("map", "[native code]", 0, 0, false),
            ("?", "[native code]", 0, 0, false),
            ("pay", "https://shop.example/a.js", 3, 15, true),
        ],
    );
}

#[test]
fn anything_else_is_kept_as_text() {
    for text in [
        "Error: nothing here",
        "see jane@shop.example at 12:30",
        "time: 12:30:45",
        "at last (we hope)",
        "#1 in the charts: again",
    ] {
        let errors = read(text, "");
        assert_eq!(errors.text_left.as_deref(), Some(text));
        assert!(errors.exceptions[0].frames.is_empty(), "{text}");
    }
    assert_eq!(read("", "").text_left, None);
}

#[test]
fn the_clients_words_win_over_the_text() {
    let text = "PaymentDeclined: order A-1 declined\n    at pay (/srv/shop.js:3:15)";
    let said = |ty: &str, value: &str| Said {
        ty: ty.to_owned(),
        value: value.to_owned(),
        ..Said::default()
    };
    let own = |said: Said| {
        let mut errors = errors_of(said, text, "node");
        let own = errors.exceptions.pop().unwrap();
        (own.ty, own.value)
    };
    let of = |ty: &str, value: &str| (ty.to_owned(), value.to_owned());
    assert_eq!(
        own(said("", "")),
        of("PaymentDeclined", "order A-1 declined")
    );
    assert_eq!(own(said("CartError", "x")), of("CartError", "x"));
    // An error's code is no class.
    assert_eq!(own(said("E_DECLINED", "x")), of("PaymentDeclined", "x"));
}

#[test]
fn hostile_texts_take_linear_time_and_bounded_memory() {
    for (small, large) in hostile(1).iter().zip(&hostile(8)) {
        let run = |text: &str| {
            for platform in ["", "java", "python"] {
                let errors = read(text, platform);
                // How many of them stay is for `settle`.
                assert!(errors.exceptions.len() <= tree::NODES_MAX);
                assert!(errors.exceptions.iter().all(|e| e.value.len() <= 9_000));
            }
        };
        let start = &large[..large.floor_char_boundary(40)];
        crate::growth::assert_linear(start, || run(small), || run(large));
    }
}

/// Texts that end nowhere, in eighths of their full length.
fn hostile(eighths: usize) -> Vec<String> {
    let mut nested = String::new();
    for depth in 0..25 * eighths {
        let _ = writeln!(nested, "{}Caused by: a.B: c", "\t".repeat(depth));
    }
    let repeated = format!(
        "a.B: c\n{}{}",
        "\tat a.B.c(D.java:1)\n".repeat(250 * eighths),
        "Caused by: a.B: c\n\t... 2000 more\n".repeat(1_250 * eighths)
    );
    vec![
        nested,
        repeated,
        "  + Exception Group Traceback (most recent call last):\n  | E: x (1 sub-exception)\n  +-+-- 1 --\n".repeat(1_125 * eighths),
        "    | Traceback (most recent call last):\n    +-----\n".repeat(1_125 * eighths),
        " ---> A: b\n   at X.Y(Z)\n".repeat(2_500 * eighths),
        "goroutine 1 [running]:\na.b(...)\n\t/x.go:1\n".repeat(1_250 * eighths),
        "#0 /x.php(1): a()\nNext B: c in /x.php:2\n".repeat(1_250 * eighths),
        "x.rb:1:in `a': b (C)\n".repeat(2_500 * eighths),
        "  0: a\n  at /x.rs:1:1\nCaused by:\n".repeat(1_875 * eighths),
        "[cause]: A: b\n at c (/d.js:1:1)\n".repeat(1_875 * eighths),
        "(".repeat(eighths << 17),
        "at ((((((((((((((((((((((((((((((((\n".repeat(3_750 * eighths),
        "\n".repeat(eighths << 17),
    ]
}

/// The text's errors as "Type: value", and all functions, oldest first.
#[track_caller]
fn reads_as(text: &str, platform: &str, errors: &[&str], functions: &[&str]) {
    let read = read(text, platform);
    let found: Vec<String> = read
        .exceptions
        .iter()
        .map(|e| format!("{}: {}", e.ty, e.value))
        .collect();
    assert_eq!(found, errors);
    let threads = read.threads.iter().flat_map(|t| &t.frames);
    let frames = read.exceptions.iter().flat_map(|e| &e.frames);
    let named: Vec<&str> = frames.chain(threads).map(|f| f.function.as_str()).collect();
    assert_eq!(named, functions);
}

#[test]
fn rarer_forms_are_read_too() {
    // Other goroutines are stacks of their own; Go 1.21 says who made them.
    reads_as(
        "panic: first [recovered]\n\tpanic: second\n\ngoroutine 7 [running]:\nmain.pay(...)\n\t/srv/main.go:3 +0x1d\n\
         created by main.main in goroutine 1\n\t/srv/main.go:9 +0x20\n\ngoroutine 1 [chan receive, 2 minutes]:\n\
         example%2ecom/shop.(*Till).Wait(0xc0001)\n\t/srv/till.go:4 +0x1\n",
        "go",
        &["panic: first"],
        &["main", "pay", "(*Till).Wait"],
    );
    // "%+v" of errors with stacks: the cause first.
    reads_as(
        "no rows\nmain.load\n\t/srv/db.go:3\nmain.main\n\t/srv/main.go:9\ncannot pay\nmain.pay\n\t/srv/pay.go:5\n",
        "go",
        &[": no rows", ": cannot pay"],
        &["main", "load", "pay"],
    );
    reads_as(
        "PHP Fatal error:  Uncaught Shop\\Declined: no\nmoney in /srv/pay.php:8\nStack trace:\n#0 /srv/index.php(3): Shop\\pay(Object(Cart))\n#1 {main}\n  thrown in /srv/pay.php on line 8",
        "php",
        &["Shop\\Declined: no\nmoney"],
        &["{main}", "Shop\\pay"],
    );
    // Ruby 3.4 names the class; an uncaught error of old ones is turned.
    reads_as(
        "shop.rb:3:in 'Cart#pay': no (Declined)\n\tfrom shop.rb:9:in '<main>'\n",
        "ruby",
        &["Declined: no"],
        &["<main>", "Cart#pay"],
    );
    reads_as(
        "Traceback (most recent call last):\n\t2: from shop.rb:9:in `<main>'\n\t1: from shop.rb:5:in `each'\nshop.rb:3:in `pay': no (Declined)\n",
        "ruby",
        &["Declined: no"],
        &["<main>", "each", "pay"],
    );
    // Logback's words, jars, lambdas and loaders.
    reads_as(
        "a.B: outer\n\tat app//a.C.pay(C.java:3) ~[shop.jar:1.0]\n\tat a.C$$Lambda$14/0x0000000800066840.run(Unknown Source)\n\tat java.base@17/java.lang.Thread.run(Thread.java:9)\n\
         Caused by: a.D: inner\n\tat a.E.load(E.kt:4)\n\t... 2 common frames omitted\n",
        "java",
        &["D: inner", "B: outer"],
        &["run", "run", "load", "run", "run", "pay"],
    );
    reads_as(
        "thread 'main' panicked at 'no money', src/main.rs:3:5\nstack backtrace:\n   0: 0x55d1c1a2 - rust_begin_unwind\n   1: 0x55d1c1a3 - shop::pay::h0123456789abcdef\n             at ./src/main.rs:3:5\n      shop::inlined\n             at ./src/main.rs:9:5\n",
        "rust",
        &["panic: no money"],
        &["shop::inlined", "shop::pay", "rust_begin_unwind"],
    );
    // Node's own code in a heading, and an uncaught error in a browser.
    reads_as(
        "TypeError [ERR_INVALID_ARG_TYPE]: bad\n    at pay (/srv/shop.js:3:1)",
        "node",
        &["TypeError: bad"],
        &["pay"],
    );
    reads_as(
        "Uncaught CartError: bad\n    at pay (https://shop.example/a.js:3:1)",
        "javascript",
        &["CartError: bad"],
        &["pay"],
    );
}
