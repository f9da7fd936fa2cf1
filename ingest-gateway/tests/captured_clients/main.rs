//! What real SDKs sent (`tests/captures`, one request a line; made by the SDKs named
//! in the file names, source lines of third parties replaced), compared with what was
//! derived from the requests by hand-made rules (`expected.jsonl.gz`): as reading, and
//! as stored after every request came in by HTTP as it was sent ([`replay`]).
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod compare;
mod replay;
mod requests;

use event_intake::{Context, Item, Limits, Reading};
use event_model::{Event, ProjectId};

use self::{
    compare::{compare, compare_time},
    requests::{Request, expected, is_error, requests},
};

/// Error and message events in the captures; none may get lost.
const EVENTS: usize = 258;

/// Envelopes and events, without browsers' reports.
fn event_requests() -> impl Iterator<Item = Request> {
    let all = requests().into_iter();
    all.filter(|request| !request.is_report())
}

fn parse(request: &Request) -> Reading {
    let limits = Limits::default();
    let context = Context {
        project_id: ProjectId(42),
        // 22 Nov 2026, 16:00 UTC: just after the captures.
        received_ns: 1_795_363_200_000_000_000,
        client_ip: None,
        user_agent: None,
        limits: &limits,
        scrub: event_intake::scrub::Rules::standard(),
    };
    if request.path.contains("/store") {
        event_intake::read_store(&request.body, &context).unwrap()
    } else {
        event_intake::read_envelope(&request.body, &context).unwrap()
    }
}

#[test]
fn every_captured_event_is_read_as_expected() {
    let mut expected = expected();
    let mut events = 0;
    for request in event_requests() {
        let place = request.place();
        let reading = parse(&request);
        let wanted = expected
            .remove(&(request.file, request.line))
            .unwrap_or_default();
        let mut wanted = wanted.iter().filter(|wanted| is_error(wanted));
        for item in reading.items {
            match item {
                Item::Event(event) => {
                    let wanted = wanted
                        .next()
                        .unwrap_or_else(|| panic!("{place}: not expected"));
                    compare(&event.event, wanted, &place);
                    let mut again = event.event.clone();
                    event_intake::settle(&mut again, &Limits::default());
                    assert_eq!(again, event.event, "{place}: settled again");
                    compare_time(&event.event, wanted, &place);
                    events += 1;
                }
                Item::File(_) | Item::Note { .. } => {}
                Item::NotStored { kind, .. } => assert_ne!(kind, "unknown", "{place}"),
                Item::Broken { invalid, .. } => panic!("{place}: {invalid}"),
            }
        }
        assert!(wanted.next().is_none(), "{place}: an event is missing");
    }
    assert!(
        expected.is_empty(),
        "requests missing: {:?}",
        expected.keys()
    );
    assert_eq!(events, EVENTS);
}

/// What the captures are known to hold (PROTOCOLS: "secrets still in the
/// payload"): none of it may reach a record's body or head.
#[test]
fn no_captured_secret_survives() {
    let mut masked = 0;
    for request in event_requests() {
        for item in parse(&request).items {
            let Item::Event(event) = item else { continue };
            masked += event.event.scrubbed.len();
            let mut event = event.event;
            // Source lines are the program's text, and not scrubbed.
            for frame in event.exceptions.iter_mut().flat_map(|e| &mut e.frames) {
                frame.context_line = None;
                frame.pre_context.clear();
                frame.post_context.clear();
            }
            let body = serde_json::to_string(&event).unwrap();
            for secret in ["hunter2", "abc123secret", "4111 1111 1111 1111"] {
                let found = body.find(secret).map(|at| {
                    let from = body.floor_char_boundary(at.saturating_sub(120));
                    &body[from..at + secret.len()]
                });
                assert_eq!(found, None, "{}", request.place());
            }
        }
    }
    assert!(masked > 50, "{masked}");
}

/// A body is read again by the model: nothing in it may fail there.
#[test]
fn every_captured_event_survives_its_stored_form() {
    for request in event_requests() {
        for item in parse(&request).items {
            let Item::Event(event) = item else { continue };
            let body = serde_json::to_vec(&event.event).unwrap();
            let read: Event = serde_json::from_slice(&body).unwrap();
            assert_eq!(read, event.event);
        }
    }
}
