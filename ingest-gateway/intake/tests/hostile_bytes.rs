//! Arbitrary and mutated bodies: nothing panics, nothing is lost beside what was
//! broken.
#![allow(clippy::unwrap_used)]

use event_intake::{
    Context, Item, Limits, read_envelope, read_native, read_native_batch, read_store, scrub::Rules,
};
use event_model::ProjectId;
use proptest::prelude::*;

const ENVELOPE: &str = concat!(
    r#"{"event_id":"44d736d9-ac1e-42bb-909a-c78a5ac24ed8","sent_at":"2026-11-22T15:28:06.372267Z"}"#,
    "\n",
    r#"{"type":"event","length":420}"#,
    "\n",
    r#"{"level":"error","timestamp":1795361721.334,"exception":{"values":[{"type":"E","value":"v","mechanism":{"handled":false},"#,
    r#""stacktrace":{"frames":[{"function":"f","lineno":1,"vars":{"password":"x","u":"http://a:b@c/?token=1"}},null]}}]},"#,
    r#""request":{"url":"http://h/p?q=1#f","headers":[["cookie","a=b"]],"data":"{\"pin\":1}"},"tags":[["a","1"]],"#,
    r#""user":{"id":1,"ip_address":"{{auto}}"},"breadcrumbs":{"values":[{"timestamp":"2026","data":{"a":1}}]},"x":[1e3]}"#,
    "\n",
    r#"{"type":"attachment","length":3}"#,
    "\na\nb\n",
    r#"{"type":"session"}"#,
    "\n{}\n",
);

fn feed(body: &[u8]) -> usize {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: Some("Mozilla/5.0"),
        limits: &limits,
        scrub: Rules::standard(),
    };
    let _ = event_intake::envelope_header(body);
    let reading = read_envelope(body, &context);
    let _ = read_store(body, &context);
    let _ = read_native(body, &context);
    let _ = read_native_batch(body, &context);
    let items = reading.map(|p| p.items).unwrap_or_default();
    items
        .iter()
        .filter(|item| matches!(item, Item::Event(_)))
        .count()
}

#[test]
fn the_envelope_to_mutate_is_sound() {
    let length = ENVELOPE.lines().nth(2).unwrap().len();
    let body = ENVELOPE.replace("\"length\":420", &format!("\"length\":{length}"));
    assert_eq!(feed(body.as_bytes()), 1);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        feed(&body);
    }

    #[test]
    fn arbitrary_json_like_text_never_panics(body in r#"[\[\]{}":,\\u0-9dD8a-f \n=/@.%'-]{0,300}"#) {
        feed(body.as_bytes());
        feed(format!(r#"{{"request":{{"data":"{body}","query_string":"{body}"}},"exception":{body}}}"#).as_bytes());
        feed(format!("{{}}\n{{\"type\":\"event\"}}\n{{\"extra\":[\"{body}\"],\"a\":{body}}}").as_bytes());
        feed(format!(r#"{{"error":{{"message":"m","stack":"{body}","frames":{body}}}}}"#).as_bytes());
    }

    #[test]
    fn mutated_envelopes_never_panic(
        edits in proptest::collection::vec((0..ENVELOPE.len(), any::<u8>(), 0..3u8), 1..12),
    ) {
        let length = ENVELOPE.lines().nth(2).unwrap().len();
        let mut body = ENVELOPE.replace("\"length\":420", &format!("\"length\":{length}")).into_bytes();
        for (at, byte, kind) in edits {
            let at = at.min(body.len() - 1);
            match kind {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => { body.remove(at); }
            }
        }
        feed(&body);
    }

    #[test]
    fn garbage_before_an_event_never_loses_it(garbage in "[^\n\r]{1,60}", payload in "[^\n\r]{0,60}") {
        // A line that happens to be a sound header would rightly take the next one.
        prop_assume!(!garbage.trim_start().starts_with('{') && !garbage.trim().is_empty());
        let body = format!("{{}}\n{garbage}\n{payload}\n{{\"type\":\"event\"}}\n{{\"message\":\"kept\"}}\n");
        prop_assert_eq!(feed(body.as_bytes()), 1);
    }
}

#[test]
fn the_costliest_shapes_are_bounded() {
    let open = "[".repeat(500_000);
    let body = format!("{{}}\n{{\"type\":\"event\"}}\n{{\"extra\":{open}");
    feed(body.as_bytes());
    let keys: Vec<String> = (0..40_000)
        .map(|n| format!("\"password{n}\":[{n}],"))
        .collect();
    let keys = keys.concat();
    feed(format!("{{}}\n{{\"type\":\"event\"}}\n{{\"extra\":{{{keys}\"a\":1}}}}").as_bytes());
    let text = "password=[".repeat(90_000);
    feed(format!("{{}}\n{{\"type\":\"event\"}}\n{{\"extra\":{{\"a\":\"{text}\"}}}}").as_bytes());
    let headers = "{\"type\":\"session\"}\n\n".repeat(50_000);
    feed(format!("{{}}\n{headers}").as_bytes());
}
