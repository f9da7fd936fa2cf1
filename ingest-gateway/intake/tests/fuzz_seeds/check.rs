//! What must hold of any bytes that a client sends: the functions that the fuzzers
//! call, and the tests with the fuzzers' seeds.
//!
//! Of every event that is made of them: it is stored as sound JSON and read back the
//! same, its lists keep to their limits, its size to a multiple of what was sent, its
//! time to the window around its receipt; and the same bytes give the same again.

use bytes::Bytes;
use event_intake::{
    Context, Item, Limits, ReadEvent,
    otlp::{Encoding, OtlpItem, Signal},
    scrub::Rules,
};
use event_model::{Event, EventId, Head, ProjectId};
use serde_json::{Value, json};

/// Called with a seed or whatever a fuzzer makes of it.
pub(crate) type Check = fn(&[u8]);

/// All of them, by the names of their seeds' directories.
pub(crate) const TARGETS: [(&str, Check); 6] = [
    ("envelope", envelope),
    ("store", store),
    ("otlp", otlp),
    ("native", native),
    ("stack", stack),
    ("scrub", scrub),
];

/// 22 Nov 2026, 16:00 UTC: just after the captures.
const RECEIVED_NS: i64 = 1_795_363_200_000_000_000;
const DAY_NS: i64 = 86_400_000_000_000;
const MINUTE_NS: i64 = 60_000_000_000;
/// Bytes stored for each byte sent, at most: a masked value is longer than an empty
/// one, a byte that is no UTF-8 becomes three, and what is found to be a stack is
/// frames with names.
const GROWTH_MAX: usize = 24;
/// Stored beside what was sent: ids, times, names of fields.
const OVERHEAD_BYTES_MAX: usize = 64 * 1024;

fn with_context<T>(act: impl FnOnce(&Context<'_>) -> T) -> T {
    let limits = Limits::default();
    act(&Context {
        project_id: ProjectId(1),
        received_ns: RECEIVED_NS,
        client_ip: Some(std::net::Ipv4Addr::LOCALHOST.into()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
        limits: &limits,
        scrub: Rules::standard(),
    })
}

/// What holds of every event; `sent` are the bytes it came from, `had_id` tells
/// whether it came with its id.
fn check_event(reading: &ReadEvent, sent: usize) {
    let event = &reading.event;
    let stored = serde_json::to_vec(event).expect("an event is JSON");
    let read: Event = serde_json::from_slice(&stored).expect("what is stored is read back");
    assert_eq!(&read, event, "an event changes on its way through the log");
    let _: Value = serde_json::from_slice(&stored).expect("what is stored is JSON to anyone");
    assert!(
        stored.len() <= sent * GROWTH_MAX + OVERHEAD_BYTES_MAX,
        "{} bytes of {sent}",
        stored.len()
    );
    let _ = Head::of(event, reading.size_bytes);
    let since = event.timestamp_ns - event.received_ns;
    assert!((-30 * DAY_NS..=MINUTE_NS).contains(&since), "{since} ns");
    let limits = Limits::default();
    assert!(event.exceptions.len() <= limits.exceptions_max);
    assert!(event.threads.len() <= limits.threads_max);
    assert!(event.breadcrumbs.len() <= limits.breadcrumbs_max);
    assert!(event.tags.len() <= limits.tags_max);
    let stacks = event.exceptions.iter().map(|one| &one.frames);
    for frames in stacks.chain(event.threads.iter().map(|one| &one.frames)) {
        assert!(frames.len() <= limits.frames_max, "{} frames", frames.len());
    }
}

/// The same event, whatever id it was given.
fn without_id(mut reading: ReadEvent) -> ReadEvent {
    reading.event.id = EventId([0; 16]);
    reading
}

fn events(items: Vec<Item>) -> Vec<ReadEvent> {
    let event = |item| match item {
        Item::Event(event) => Some(without_id(*event)),
        _ => None,
    };
    items.into_iter().filter_map(event).collect()
}

/// An envelope.
pub(crate) fn envelope(bytes: &[u8]) {
    with_context(|context| {
        let reading = event_intake::read_envelope(bytes, context);
        let header = event_intake::envelope_header(bytes);
        assert_eq!(
            header.is_ok(),
            reading.is_ok(),
            "header and envelope disagree"
        );
        let Ok(reading) = reading else { return };
        // What follows the last item that is read is one more, broken.
        assert!(reading.items.len() <= context.limits.items_max + 1);
        let first = events(reading.items);
        for event in &first {
            check_event(event, bytes.len());
        }
        let again = event_intake::read_envelope(bytes, context).expect("it was read before");
        assert_eq!(first, events(again.items));
    });
}

/// The body of `/store/`.
pub(crate) fn store(bytes: &[u8]) {
    with_context(|context| {
        let Ok(reading) = event_intake::read_store(bytes, context) else {
            return;
        };
        // It may be base64 of zlib: what counts is what was in it.
        let sent = match reading.items.first() {
            Some(Item::Event(event)) => event.size_bytes as usize,
            _ => bytes.len(),
        };
        let first = events(reading.items);
        for event in &first {
            check_event(event, sent);
        }
        let again = event_intake::read_store(bytes, context).expect("it was read before");
        assert_eq!(first, events(again.items));
    });
}

/// An OpenTelemetry export; the first byte tells signal and encoding.
pub(crate) fn otlp(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else {
        return;
    };
    let signal = [Signal::Logs, Signal::Traces, Signal::Metrics][usize::from(first) / 2 % 3];
    let encoding = [Encoding::Protobuf, Encoding::Json][usize::from(first) % 2];
    let body = Bytes::copy_from_slice(rest);
    with_context(|context| {
        let Ok(items) = event_intake::otlp::otlp(signal, encoding, &body, context) else {
            return;
        };
        let again = event_intake::otlp::otlp(signal, encoding, &body, context);
        assert_eq!(again.as_ref(), Ok(&items), "ids are made of what was sent");
        let mut found = 0usize;
        for item in &items {
            match item {
                OtlpItem::Event(event) => {
                    found += 1;
                    // Each carries its resource and scope.
                    check_event(event, rest.len());
                }
                OtlpItem::NotStored(count) | OtlpItem::Rejected(count, _) => {
                    assert!(*count > 0, "none of nothing");
                }
            }
        }
        assert!(found <= event_intake::otlp::EVENTS_MAX);
    });
}

/// A native event, and a batch.
pub(crate) fn native(bytes: &[u8]) {
    with_context(|context| {
        if let Ok(event) = event_intake::read_native(bytes, context) {
            check_event(&event, bytes.len());
            let again = event_intake::read_native(bytes, context).expect("it was read before");
            assert_eq!(without_id(event), without_id(again));
        }
        for scan in [
            event_intake::NativeBatch::scan,
            event_intake::NativeBatch::scan_message,
        ] {
            let Ok(batch) = scan(Bytes::copy_from_slice(bytes), 1_000) else {
                continue;
            };
            if let Some(Ok(event_model::Note::ClientReport(note))) = batch.discarded(context) {
                assert!((1..=100).contains(&note.drops.len()));
            }
        }
        if let Ok(batch) = event_intake::read_native_batch(bytes, context) {
            assert!(batch.len() <= context.limits.batch_max);
            for event in batch.iter().flatten() {
                check_event(event, bytes.len());
            }
        }
    });
}

/// The text of a stack; the first byte tells the platform.
pub(crate) fn stack(bytes: &[u8]) {
    const PLATFORMS: [&str; 10] = [
        "python",
        "javascript",
        "node",
        "java",
        "go",
        "csharp",
        "ruby",
        "php",
        "rust",
        "other",
    ];
    let Some((&first, rest)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    let event = json!({
        "error": {"type": "E", "message": "m", "stack": text},
        "platform": PLATFORMS[usize::from(first) % PLATFORMS.len()],
    });
    with_context(|context| {
        let body = event.to_string();
        if let Ok(event) = event_intake::read_native(body.as_bytes(), context) {
            check_event(&event, body.len());
            let last = event.event.exceptions.last();
            assert!(last.is_some(), "the exception is lost with its stack");
        }
    });
}

/// A text in the places of an event where secrets stand: what was masked once stays
/// as it is.
pub(crate) fn scrub(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    with_context(|context| {
        let Some(once) = scrubbed(&text, context) else {
            return;
        };
        for (place, masked) in &once {
            let twice = scrubbed(masked, context).expect("it was an event before");
            let (_, again) = twice
                .iter()
                .find(|(name, _)| name == place)
                .expect("the same places");
            assert_eq!(again, masked, "{place} of {text:?} is masked again");
        }
    });
}

/// The text after the scrub, by place.
fn scrubbed(text: &str, context: &Context<'_>) -> Option<Vec<(&'static str, String)>> {
    let event = json!({
        "message": text,
        "exception": {"values": [{"type": "E", "value": text}]},
        "transaction": text,
        "extra": {"note": text},
        "breadcrumbs": [{"message": text, "category": "log"}],
    });
    let body = event.to_string();
    let reading = event_intake::read_store(body.as_bytes(), context).ok()?;
    let Some(Item::Event(reading)) = reading.items.into_iter().next() else {
        return None;
    };
    check_event(&reading, body.len());
    let event = reading.event;
    let stored: Value = serde_json::to_value(&event).expect("an event is JSON");
    let note = stored["extra"]["note"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let crumb = event.breadcrumbs.first();
    Some(vec![
        ("message", event.message.clone()),
        ("value", event.exceptions.first()?.value.clone()),
        ("extra", note),
        (
            "breadcrumb",
            crumb.map_or_else(String::new, |crumb| crumb.message.clone()),
        ),
    ])
}
