//! What the tests write, and how they look at what was read.

use std::path::Path;

use event_log::{Entry, Item, LogConfig, LogReader, LogWriter};
use event_model::{
    Actor, Command, Decision, Head, Note, Position, ProjectId, event::Event, note::ClientReport,
};

/// A log small enough to roll within a test.
pub(crate) fn config(dir: &Path) -> LogConfig {
    LogConfig {
        events_segment_bytes: 1024 * 1024,
        ..LogConfig::new(dir)
    }
}

pub(crate) fn open(dir: &Path) -> LogWriter {
    LogWriter::open(config(dir)).unwrap()
}

/// Head and body of event `number`, the body about `body_bytes` long.
pub(crate) fn event(number: u64, body_bytes: usize) -> (Head, Vec<u8>) {
    let mut id = [0u8; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    let text = format!(
        r#"{{"id":"{}","project_id":1,"received_ns":5,"timestamp_ns":4,"message":"event {number}"}}"#,
        event_model::EventId(id)
    );
    let mut event: Event = serde_json::from_str(&text).unwrap();
    event.project_id = ProjectId(1);
    let head = Head::of(&event, body_bytes as u32);
    event.extra.insert("filler", filler(number, body_bytes));
    (head, serde_json::to_vec(&event).unwrap())
}

/// Text that compresses about as well as stack traces do.
fn filler(number: u64, bytes: usize) -> String {
    let line = format!(
        "at handler_{} (app/views/{}.py:{});",
        number % 7,
        number % 3,
        number
    );
    line.chars().cycle().take(bytes).collect()
}

/// A note of project `number`.
pub(crate) fn note(number: u32) -> Note {
    Note::ClientReport(ClientReport {
        project_id: number,
        received_ns: 5,
        drops: Vec::new(),
    })
}

pub(crate) fn command(name: &str) -> Command {
    Command {
        actor: Actor::System,
        at_ns: 7,
        decision: Decision::CreateOrganization { name: name.into() },
    }
}

/// An item in short: "event N" or "command N NAME".
pub(crate) fn short(item: &Item) -> String {
    match &item.entry {
        Entry::Event(event) => event.head().message.to_string(),
        Entry::Command { number, command } => match &command.decision {
            Decision::CreateOrganization { name } => format!("command {number} {name}"),
            other => format!("command {number} {other:?}"),
        },
        Entry::Note(note) => format!("note {}", note.project_id().unwrap_or_default()),
        Entry::Opaque { schema } => format!("opaque {schema:#06x}"),
    }
}

/// The whole stream in short, its positions dense from 1.
pub(crate) fn stream(reader: &LogReader) -> Vec<String> {
    let items: Vec<Item> = reader.read_after(Position(0)).map(Result::unwrap).collect();
    for (index, item) in items.iter().enumerate() {
        assert_eq!(item.position, Position(index as u64 + 1));
        assert!(item.time_ns > 0);
    }
    assert_eq!(reader.end(), Position(items.len() as u64));
    items.iter().map(short).collect()
}

/// The bodies of all events, in order.
pub(crate) fn bodies(reader: &LogReader) -> Vec<Vec<u8>> {
    let items = reader.read_after(Position(0)).map(Result::unwrap);
    items
        .filter_map(|item| match item.entry {
            Entry::Event(event) => Some(reader.body(item.position, &event).unwrap().to_vec()),
            _ => None,
        })
        .collect()
}
