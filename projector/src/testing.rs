//! Heads and records for the tests of this crate.

use event_model::{
    Command, Decision, Position, StoredEvent,
    command::Actor,
    head::{ExceptionHeadV1, FrameHeadV1, Head},
    record::{BodyPlace, SCHEMA_EVENT_V1, archive_head, encode_event},
};

use event_log::Entry;

/// 2026-11-22T10:00:00Z.
pub(crate) const NOON_NS: i64 = 1_795_341_600_000_000_000;

pub(crate) fn head() -> Head {
    Head {
        event_id: [1; 16],
        project_id: 1,
        level: 4,
        received_ns: NOON_NS,
        timestamp_ns: NOON_NS,
        weight: 1,
        size_bytes: 0,
        handled: 0,
        platform: "python".into(),
        exceptions: Vec::new(),
        thread_frames: Vec::new(),
        message: String::new(),
        message_template: String::new(),
        transaction: String::new(),
        logger: String::new(),
        release: String::new(),
        environment: String::new(),
        server_name: String::new(),
        user: String::new(),
        tags: Vec::new(),
        fingerprint: Vec::new(),
        sdk: (String::new(), String::new()),
    }
}

pub(crate) fn message(text: &str) -> Head {
    Head {
        message: text.into(),
        ..head()
    }
}

/// "function @ file", "function in module"; `!` before it: not in-app.
pub(crate) fn frame(text: &str) -> FrameHeadV1 {
    let (in_app, text) = match text.strip_prefix('!') {
        Some(rest) => (false, rest),
        None => (true, text),
    };
    let (function, module, filename) = if let Some((function, file)) = text.split_once(" @ ") {
        (function, "", file)
    } else if let Some((function, module)) = text.split_once(" in ") {
        (function, module, "")
    } else {
        (text, "", "")
    };
    FrameHeadV1 {
        function: function.into(),
        module: module.into(),
        filename: filename.into(),
        lineno: 7,
        in_app,
    }
}

pub(crate) fn exception(ty: &str, value: &str, frames: &[&str]) -> ExceptionHeadV1 {
    ExceptionHeadV1 {
        ty: ty.into(),
        value: value.into(),
        synthetic: false,
        exception_id: -1,
        parent_id: -1,
        is_exception_group: false,
        frames: frames.iter().map(|text| frame(text)).collect(),
    }
}

/// An event with one exception.
pub(crate) fn error(platform: &str, ty: &str, value: &str, frames: &[&str]) -> Head {
    Head {
        platform: platform.into(),
        exceptions: vec![exception(ty, value, frames)],
        ..head()
    }
}

pub(crate) fn stored(head: &Head) -> StoredEvent {
    let record = encode_event(&archive_head(head), BodyPlace::Plain(b"{}"));
    StoredEvent::parse(SCHEMA_EVENT_V1, record.into()).unwrap()
}

pub(crate) fn event(head: &Head) -> Entry {
    Entry::Event(stored(head))
}

pub(crate) fn command(decision: Decision) -> Entry {
    Entry::Command {
        number: 1,
        command: Command {
            actor: Actor::User(event_model::UserId(7)),
            at_ns: NOON_NS,
            decision,
        },
    }
}

/// Entries with positions from 1.
pub(crate) fn numbered(entries: Vec<Entry>) -> Vec<(Position, Entry)> {
    (1..).map(Position).zip(entries).collect()
}
