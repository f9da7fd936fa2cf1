#![allow(clippy::unwrap_used)]

use event_model::head::Head;

use crate::{
    Grouper,
    heads::{error, exception, message, stored},
};

fn told(head: &Head) -> String {
    Grouper::standard()
        .explain(stored(head).whole())
        .to_string()
}

fn apart(a: &Head, b: &Head) -> String {
    let apart = Grouper::standard().why_apart(stored(a).whole(), stored(b).whole());
    apart.map(|apart| apart.to_string()).unwrap_or_default()
}

#[test]
fn an_explanation_says_what_counts_and_what_does_not() {
    let mut head = error(
        "java",
        "IllegalStateException",
        "cart 17 is closed",
        &[
            "!run in java.lang.Thread",
            "lambda$pay$0 in shop.Cart",
            "!close in java.io.Reader",
            "pay in shop.Till",
        ],
    );
    let mut wrapper = exception(
        "java.util.concurrent.ExecutionException",
        "x",
        &["get in shop.Pool"],
    );
    wrapper.value = "java.lang.IllegalStateException: cart 17 is closed".into();
    head.exceptions.push(wrapper);
    insta::assert_snapshot!(told(&head));
}

#[test]
fn texts_and_clients_fingerprints_are_explained() {
    let plain = message("User 42 of 10.0.0.1 not found");
    let given = Head {
        fingerprint: vec!["{{ default }}".into(), "{{ level }}".into(), "eu".into()],
        ..plain.clone()
    };
    let bare = error("python", "KeyError", "'a17'", &[]);
    insta::assert_snapshot!([told(&plain), told(&given), told(&bare)].join("\n"));
}

#[test]
fn two_events_differ_where_they_first_do() {
    let frames = ["main in app", "pay in app.till"];
    let a = error("python", "KeyError", "'a'", &frames);
    let other_type = error("python", "ValueError", "'a'", &frames);
    let other_frame = error(
        "python",
        "KeyError",
        "'a'",
        &["main in app", "sell in app.till"],
    );
    let longer = error(
        "python",
        "KeyError",
        "'a'",
        &["main in app", "pay in app.till", "go in app.x"],
    );
    let text = message("User 42 not found");
    let given = Head {
        fingerprint: vec!["x".into()],
        ..a.clone()
    };
    assert_eq!(apart(&a, &error("python", "KeyError", "'b'", &frames)), "");
    let told = [&other_type, &other_frame, &longer, &text, &given].map(|other| apart(&a, other));
    insta::assert_snapshot!(told.join("\n"));
}
