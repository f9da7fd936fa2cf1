//! Heads as tests write them, stored as the log stores them.

use event_model::{
    StoredEvent,
    head::{ExceptionHeadV1, FrameHeadV1, Head},
};

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
        kept_for: 0,
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
        debug_ids: Vec::new(),
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
        package: String::new(),
        lineno: 7,
        colno: 0,
        address: 0,
        debug_id: 0,
        in_app,
    }
}

pub(crate) fn exception(ty: &str, value: &str, frames: &[&str]) -> ExceptionHeadV1 {
    ExceptionHeadV1 {
        ty: ty.into(),
        value: value.into(),
        module: String::new(),
        code: String::new(),
        synthetic: false,
        exception_id: -1,
        parent_id: -1,
        is_exception_group: false,
        is_suppressed: false,
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
    StoredEvent::of(head).unwrap()
}
