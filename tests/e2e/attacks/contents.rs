//! Events that no program would send: too deep, too wide, too long, of no time and no
//! language. Each gets a clear answer, memory stays within its bound, and what is stored
//! of it is bounded, too.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use ground::Clock;
use serde_json::{Value, json};

use super::{
    siege::{besiege, check_account},
    wire::post,
};
use crate::support::{Client, KEY, Server, wait_for};

/// Largest answer about one event, bytes: what was stored of it, and some more.
const ANSWER_BYTES_MAX: usize = 4 << 20;

fn native() -> String {
    format!("/api/errors?key={KEY}")
}

fn store() -> String {
    format!("/api/1/store/?sentry_key={KEY}")
}

/// A value within the extra of an event, in the native form and in Sentry's.
fn within(extra: &str) -> [(String, Vec<u8>); 2] {
    let body = |rest: &str| format!("{{{rest},\"extra\":{{\"x\":{extra}}}}}").into_bytes();
    [
        (native(), body("\"error\":{\"type\":\"E\"}")),
        (store(), body("\"message\":\"m\"")),
    ]
}

/// Keys that many hashes without a seed (sums by 31 and 33) put into one place.
fn colliding_keys(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| {
        let pair = |bit: usize| if number >> bit & 1 == 0 { "Aa" } else { "BB" };
        (0..17).map(pair).collect()
    })
}

/// An object of so many keys, each with a value.
fn object(keys: impl Iterator<Item = String>, value: &str) -> String {
    let mut text = String::from("{");
    for key in keys {
        let separator = if text.len() > 1 { "," } else { "" };
        let _ = write!(text, "{separator}\"{key}\":{value}");
    }
    text + "}"
}

fn numbered(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("k{number}"))
}

/// Name, path, body, and the answers that are clear ones.
type Row = (&'static str, String, Vec<u8>, &'static [u16]);

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut both = |name, extra: &str, expected: &'static [u16]| {
        for (path, body) in within(extra) {
            rows.push((name, path, body, expected));
        }
    };
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    both("ten million deep", &deep(9_000_000), &[413]);
    both("half a million deep", &deep(500_000), &[200, 202, 400]);
    both("a million keys", &object(numbered(1_000_000), "1"), &[413]);
    both(
        "as many keys as fit",
        &object(numbered(80_000), "1"),
        &[200, 202],
    );
    both(
        "keys that collide",
        &object(colliding_keys(20_000), "1"),
        &[200, 202],
    );
    both(
        "one key again and again",
        &object(std::iter::repeat_n("k".into(), 100_000), "1"),
        &[200, 202],
    );
    both("a million digits", &"9".repeat(1_000_000), &[200, 202, 400]);
    both(
        "a million digits behind the point",
        &format!("0.{}", "3".repeat(1_000_000)),
        &[200, 202, 400],
    );
    both("a large exponent", "1e999999999", &[200, 202, 400]);
    both(
        "an exponent of a million digits",
        &format!("1e{}", "9".repeat(1_000_000)),
        &[200, 202, 400],
    );
    let million = "9".repeat(1_000_000);
    let tags = object(numbered(60_000), "\"v\"");
    let colliding_tags = object(colliding_keys(15_000), "\"v\"");
    for (name, field) in [
        (
            "a time of a million digits",
            format!("\"timestamp\":{million}"),
        ),
        ("a time beyond all", "\"timestamp\":1e300".to_owned()),
        ("a time before all", "\"timestamp\":-1e300".to_owned()),
        (
            "a time in words",
            format!("\"timestamp\":\"{}\"", "2026-".repeat(100_000)),
        ),
        ("as many tags as fit", format!("\"tags\":{tags}")),
        ("tags that collide", format!("\"tags\":{colliding_tags}")),
        (
            "a long fingerprint",
            format!("\"fingerprint\":[{}0]", "0,".repeat(400_000)),
        ),
        (
            "a long release",
            format!("\"release\":\"{}\"", "r".repeat(1_000_000)),
        ),
        (
            "a long user",
            format!("\"user\":{{\"id\":\"{}\"}}", "u".repeat(1_000_000)),
        ),
    ] {
        let sentry = format!("{{\"message\":\"m\",{field}}}").into_bytes();
        rows.push((name, store(), sentry, &[200]));
        let own = format!("{{\"error\":{{\"type\":\"E\"}},{field}}}").into_bytes();
        rows.push((name, native(), own, &[202, 400, 413]));
    }
    for bytes in [
        &b"\xff\xfe\xfd"[..],
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"a\0b",
    ] {
        let with = |before: &[u8], after: &[u8]| [before, bytes, after].concat();
        let sentry = with(b"{\"message\":\"", b"\",\"tags\":{\"k\":\"v\"}}");
        rows.push(("no UTF-8", store(), sentry, &[200, 400]));
        let own = with(b"{\"error\":{\"type\":\"", b"\"}}");
        rows.push(("no UTF-8", native(), own, &[202, 400]));
    }
    rows
}

#[test]
fn events_that_no_program_sends_get_a_clear_answer_and_hold_up_nobody() {
    let server = Server::start();
    for (name, path, body, expected) in rows() {
        let report = besiege(&server, 2, 2, || {
            let status = post(&server, &path, &[], &body);
            assert!(expected.contains(&status), "{name} at {path}: {status}");
        });
        println!("{name}, {} bytes: {report:?}", body.len());
    }
    check_account(&server);
    // All of it can be listed and looked at, in answers of a bounded size.
    let client = Client::new(&server);
    let (status, _, listed) = client.download("/api/errors?limit=1000");
    assert_eq!(status, 200);
    assert!(listed.len() < ANSWER_BYTES_MAX, "{} bytes", listed.len());
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    for error in listed["errors"].as_array().unwrap() {
        if error["type"] == "Honest" {
            continue;
        }
        let path = format!("/api/errors/{}", error["id"].as_str().unwrap());
        let (status, _, whole) = client.download(&path);
        assert_eq!(status, 200, "{path}");
        assert!(
            whole.len() < ANSWER_BYTES_MAX,
            "{path}: {} bytes",
            whole.len()
        );
    }
}

#[test]
fn clocks_that_are_a_year_off_are_held_to_the_servers() {
    let server = Server::start();
    let client = Client::new(&server);
    let begun_s = Clock::MACHINE.now_s();
    let (year_s, day_s) = (365 * 86_400, 86_400);
    let mut ids = Vec::new();
    for (number, off_s) in [-year_s, year_s, 100 * year_s, -100 * year_s]
        .iter()
        .enumerate()
    {
        let id = format!("{:032x}", 0x0ff0 + number);
        let event = json!({"event_id": id, "message": "m", "timestamp": begun_s + off_s});
        assert_eq!(
            post(&server, &store(), &[], event.to_string().as_bytes()),
            200
        );
        ids.push((id, *off_s));
    }
    for (id, off_s) in ids {
        let event = wait_for("the event", || {
            let (status, event) = client.get(&format!("/api/errors/{id}"));
            (status == 200).then_some(event)
        });
        let said = event["timestamp"]
            .as_str()
            .unwrap_or_else(|| panic!("{event}"));
        let at_s = said.parse::<jiff::Timestamp>().unwrap().as_second();
        let ended_s = Clock::MACHINE.now_s();
        let held = if off_s > 0 {
            begun_s - 1..=ended_s + 61
        } else {
            begun_s - 30 * day_s - 1..=ended_s - 30 * day_s + 1
        };
        assert!(held.contains(&at_s), "{off_s} s off: {said}");
    }
}

#[test]
fn an_id_sent_by_everybody_at_once_is_stored_once() {
    const SENDERS: usize = 8;
    const TIMES: usize = 100;
    let server = Server::start();
    let event = json!({"event_id": "d".repeat(32), "message": "again"}).to_string();
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    assert_eq!(post(&server, &store(), &[], event.as_bytes()), 200);
                    taken.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), SENDERS * TIMES);
    server.wait_for_issues("", |issues| issues.len() == 1 && issues[0]["count"] == 1);
    let duplicates = "errata_ingest_items_total{outcome=\"dropped\",reason=\"duplicate\"";
    assert_eq!(server.metric(duplicates) as usize, SENDERS * TIMES - 1);
    check_account(&server);
}
