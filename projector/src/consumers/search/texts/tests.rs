use std::borrow::Cow;

use event_model::{Event, head::Head};
use serde_json::json;

use read_model::search::TextPart;

use super::{Body, TEXT_BYTES_MAX, attributes, clipped, stack, stack_number};
use crate::testing::stored;

fn event(json: &serde_json::Value) -> Event {
    let mut whole = json!({
        "id": "0123456789abcdef0123456789abcdef", "project_id": 1,
        "received_ns": 1, "timestamp_ns": 1, "level": "error",
    });
    for (key, value) in json.as_object().unwrap() {
        whole[key] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}

fn sample() -> Event {
    event(&json!({
        "platform": "python",
        "exceptions": [{"type": "KeyError", "value": "no such cart", "frames": [
            {"function": "handle", "module": "shop.views", "filename": "shop/views.py",
             "context_line": "cart = carts[cart_id]", "pre_context": ["def handle(cart_id):"],
             "vars": {"cart_id": 4711, "who": ["Ada", {"deep": "Mauve"}]}}]}],
        "message": "while \"paying\"",
        "transaction": "/pay",
        "logger": "shop.pay",
        "user": {"id": "7", "email": "Ada@example.com", "data": {"plan": "gold"}},
        "request": {"url": "https://shop.example/pay", "method": "POST", "headers": {"Accept": "text/html"}},
        "breadcrumbs": [{"category": "ui.click", "message": "clicked Pay", "data": {"target": "button"}}],
        "extra": {"retries": 3, "ratio": 0.5, "ok": true, "none": null},
        "contexts": {"browser": {"name": "Firefox"}},
        "modules": {"django": "5.0"},
        "sdk": {"name": "sentry.python"},
    }))
}

fn all(body: &Body<'_>) -> String {
    let texts: Vec<String> = body.texts().into_iter().map(|(_, text)| text).collect();
    texts.concat()
}

#[test]
fn what_people_look_for_is_gathered_and_what_tells_nothing_is_not() {
    let event = sample();
    let body = event.to_json(0);
    let body = Body::read(&body);
    let text = all(&body);
    for found in [
        "ui.click",
        "clicked Pay",
        "target",
        "button",
        "https://shop.example/pay",
        "text/html",
        "Ada@example.com",
        "gold",
        "retries",
        "3",
        "Firefox",
        "cart_id",
        "4711",
        "Ada",
        "Mauve",
    ] {
        assert!(text.lines().any(|line| line == found), "{found}: {text}");
    }
    for (part, found) in body.texts() {
        let expected = match part {
            TextPart::Breadcrumb => "clicked Pay",
            TextPart::Request => "Ada@example.com",
            TextPart::Variables => "Mauve",
            TextPart::Extra => "Firefox",
            TextPart::Other => "",
        };
        assert!(found.contains(expected), "{part:?}: {found}");
    }
    for left_out in [
        "django",
        "sentry.python",
        "0.5",
        "true",
        "cart = carts[cart_id]",
    ] {
        assert!(!text.contains(left_out), "{left_out}: {text}");
    }
    assert_eq!(
        body.messages().collect::<Vec<_>>(),
        ["no such cart", "while \"paying\""]
    );
    assert_eq!(
        body.source(),
        ["def handle(cart_id):", "cart = carts[cart_id]"]
    );
    let named: Vec<(&str, Cow<'_, str>)> = body.attributes();
    for (key, value) in [
        ("user.id", "7"),
        ("user.email", "Ada@example.com"),
        ("user.ip", ""),
        ("http.url", "https://shop.example/pay"),
        ("http.method", "POST"),
    ] {
        assert!(named.contains(&(key, value.into())), "{key}: {named:?}");
    }
}

#[test]
fn what_every_event_says_is_left_out_and_a_text_counts_once() {
    let event = event(&json!({
        "user": {"id": "7", "ip_address": "10.1.2.3", "data": {"plan": "gold"}},
        "request": {"url": "/pay", "headers": {"X-Shard": "12"}},
        "breadcrumbs": [
            {"timestamp_ns": 1_700_000_000_000_000_000_i64, "type": "http", "level": "info",
             "category": "fetch", "message": "GET /carts", "data": {"status": 503}},
            {"timestamp_ns": 1_700_000_000_000_000_001_i64, "category": "fetch", "message": "GET /carts"},
        ],
        "contexts": {"billing": {"invoice": "A-7"}},
    }));
    let body = event.to_json(0);
    let body = Body::read(&body);
    let texts = body.texts();
    let of = |wanted: TextPart| {
        let (_, text) = texts.iter().find(|(part, _)| *part == wanted).unwrap();
        text.lines().collect::<Vec<_>>()
    };
    assert_eq!(
        of(TextPart::Breadcrumb),
        ["fetch", "GET /carts", "status", "503"]
    );
    let mut request = of(TextPart::Request);
    request.sort_unstable();
    assert_eq!(
        request,
        ["/pay", "10.1.2.3", "12", "7", "X-Shard", "gold", "plan"]
    );
    assert_eq!(of(TextPart::Extra), ["billing", "invoice", "A-7"]);
}

#[test]
fn a_stack_says_what_was_called_where_and_what_broke() {
    let event = sample();
    let stored = stored(&Head::of(&event, 0));
    let number = stack_number(&stored);
    assert_ne!(number, 0);
    let source = [Cow::Borrowed("x = 1")];
    let head = stored.whole();
    let document = stack(number, &head, &source);
    assert_eq!(document.functions, ["handle"]);
    assert_eq!(document.paths, ["shop.views", "shop/views.py", ""]);
    assert_eq!(
        (document.types, document.source),
        (vec!["KeyError"], vec!["x = 1"])
    );
    let named = attributes(&head);
    assert!(named.contains(&("transaction", "/pay")) && named.contains(&("logger", "shop.pay")));
}

#[test]
fn what_is_no_body_gives_nothing_and_a_large_one_is_cut() {
    for bytes in [
        &b""[..],
        b"{",
        b"[]",
        b"{\"extra\": 3, \"user\": \"x\"}",
        b"\xff\xfe",
    ] {
        let body = Body::read(bytes);
        assert!(body.source().is_empty() && all(&body).len() < 10);
        assert!(body.attributes().iter().all(|(_, value)| value.is_empty()));
    }
    let event = event(&json!({"extra": {"large": "ä".repeat(2 * TEXT_BYTES_MAX), "after": "x"}}));
    let body = event.to_json(0);
    assert!(all(&Body::read(&body)).len() <= TEXT_BYTES_MAX + 5);
    assert_eq!(clipped(&"ä".repeat(1000)).len(), 512);
}
