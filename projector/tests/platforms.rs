//! Events as the SDKs of each platform send them (`tests/fixtures/platforms`), through
//! the gateway's parser to what people see of them: title, culprit, whose code each
//! frame is, and what of it counts for grouping.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use event_intake::{Context, Item, Limits};
use event_model::{Event, ProjectId, StoredEvent, head::Head};
use grouping::Grouper;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/platforms")
}

fn fixtures() -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder()).unwrap().map(Result::unwrap);
    let payloads = files.filter_map(|file| {
        let name = file.file_name().into_string().unwrap();
        let name = name.strip_suffix(".json").filter(|n| *n != "expected")?;
        Some((name.to_owned(), fs::read(file.path()).unwrap()))
    });
    payloads.collect()
}

fn reading(payload: &[u8]) -> Event {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(1),
        // 22 Nov 2026, 16:00 UTC.
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: event_intake::scrub::Rules::standard(),
    };
    let read = event_intake::read_store(payload, &context).unwrap();
    match read.items.into_iter().next() {
        Some(Item::Event(event)) => event.event,
        other => unreachable!("{other:?}"),
    }
}

fn stored(event: &Event) -> StoredEvent {
    StoredEvent::of(&Head::of(event, 0)).unwrap()
}

/// What is seen of an event, line by line.
fn seen(event: &Event) -> String {
    let stored = stored(event);
    let headline = Grouper::standard().headline(stored.whole());
    let mut text = format!(
        "title   {}\nculprit {}\ntype    {}\n",
        headline.title, headline.culprit, headline.ty
    );
    let stacks = event.exceptions.iter().map(|e| (e.ty.as_str(), &e.frames));
    let threads = event.threads.iter().map(|t| ("thread", &t.frames));
    for (name, frames) in stacks.chain(threads).filter(|(_, f)| !f.is_empty()) {
        let _ = writeln!(text, "{name}");
        for frame in frames.iter().rev() {
            let whose = match (frame.in_app, frame.overruled()) {
                (true, None) => "own   ",
                (true, Some(_)) => "own !  ",
                (false, None) => "others",
                (false, Some(_)) => "others !",
            };
            let place = [&frame.module, &frame.filename, &frame.package];
            let place = place.into_iter().find(|place| !place.is_empty());
            let place = place.map_or("?", String::as_str);
            let _ = writeln!(text, "  {whose:8} {} · {place}", frame.function);
        }
    }
    text
}

#[test]
fn every_platform_is_seen_as_its_people_expect() {
    let expected: BTreeMap<String, Value> =
        serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap();
    let fixtures = fixtures();
    assert!(
        fixtures.keys().eq(expected.keys()),
        "each fixture has its expectation"
    );
    for (name, payload) in &fixtures {
        let event = reading(payload);
        let stored = stored(&event);
        let headline = Grouper::standard().headline(stored.whole());
        let expected = &expected[name];
        assert_eq!(headline.title, expected["title"], "{name}");
        assert_eq!(headline.culprit, expected["culprit"], "{name}");
    }
}

#[test]
fn frames_are_told_apart() {
    let mut text = String::new();
    for (name, payload) in fixtures() {
        let _ = writeln!(text, "== {name}\n{}", seen(&reading(&payload)));
    }
    insta::assert_snapshot!(text);
}

/// Another build, another machine, another customer: the same issue.
#[test]
fn what_varies_between_two_occurrences_does_not_split_an_issue() {
    for (name, payload) in fixtures() {
        let event = reading(&payload);
        let mut other = event.clone();
        let exceptions = other.exceptions.iter_mut().map(|e| &mut e.frames);
        let threads = other.threads.iter_mut().map(|t| &mut t.frames);
        for frame in exceptions.chain(threads).flatten() {
            frame.lineno += 3;
            frame.colno += 1;
            if frame.function.contains("$1") {
                frame.function = frame.function.replace("$1", "$2");
            }
            frame.function = frame.function.replace("{{closure}}", "{closure#4}");
        }
        "shop@9.9".clone_into(&mut other.release);
        let print = |event: &Event| Grouper::standard().fingerprint(stored(event).whole());
        assert_eq!(print(&event), print(&other), "{name}");
        // The newest own call is another one: another issue.
        let mut moved = event.clone();
        let exceptions = moved.exceptions.iter_mut().map(|e| &mut e.frames);
        let threads = moved.threads.iter_mut().map(|t| &mut t.frames);
        let mut changed = false;
        for frame in exceptions.chain(threads).flatten().filter(|f| f.in_app) {
            frame.function = format!("another{}", frame.function.len());
            "another".clone_into(&mut frame.module);
            changed = true;
        }
        if changed {
            assert_ne!(print(&event), print(&moved), "{name}");
        }
    }
}
