//! Records as both encodings give them.

use std::{borrow::Cow, fmt::Write as _};

use event_model::Level;

use super::{
    ATTRIBUTES_MAX,
    any::{Any, Object},
};

/// Key and value, in the client's order; the last of equal keys counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes<'a>(pub(super) Object<'a>);

impl<'a> Attributes<'a> {
    pub(super) fn push(&mut self, key: Cow<'a, str>, value: Any<'a>) {
        if self.0.len() < ATTRIBUTES_MAX && !key.is_empty() {
            self.0.push((key, value));
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Any<'a>> {
        let found = self.0.iter().rev().find(|(known, _)| known == key);
        found.map(|(_, value)| value)
    }

    /// Takes every value of `key` out; the last one that is not null.
    pub(super) fn take(&mut self, key: &str) -> Option<Any<'a>> {
        let mut found = None;
        for (_, value) in self.0.extract_if(.., |(known, _)| known == key) {
            if value != Any::Null {
                found = Some(value);
            }
        }
        found
    }

    /// The first of `keys` that is a text or number that is not empty; all are
    /// taken out.
    pub(super) fn text(&mut self, keys: &[&str]) -> String {
        let mut found = String::new();
        for key in keys {
            let value = self.take(key).and_then(Any::into_text).unwrap_or_default();
            if found.is_empty() {
                value.trim().clone_into(&mut found);
            }
        }
        found
    }
}

/// `LogRecord`.
#[derive(Debug, Default)]
pub(super) struct Log<'a> {
    /// When it happened, else when it was seen; 0: unknown.
    pub(super) time_ns: i64,
    pub(super) severity: i64,
    pub(super) severity_text: Cow<'a, str>,
    pub(super) body: Any<'a>,
    pub(super) attributes: Attributes<'a>,
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) event_name: Cow<'a, str>,
}

/// `Span`, of its events only exceptions.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the protocol's word")]
pub(super) struct Span<'a> {
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) parent_id: String,
    pub(super) name: Cow<'a, str>,
    pub(super) kind: Kind,
    pub(super) attributes: Attributes<'a>,
    pub(super) exceptions: Vec<Recorded<'a>>,
}

/// A span event named `exception`.
#[derive(Debug)]
pub(super) struct Recorded<'a> {
    pub(super) time_ns: i64,
    pub(super) attributes: Attributes<'a>,
    /// As sent.
    pub(super) size_bytes: usize,
}

/// `SpanKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

impl Kind {
    pub(super) fn of(number: i64) -> Self {
        match number {
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Internal,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    /// Whether work comes in here from outside.
    pub(super) fn is_entry(self) -> bool {
        matches!(self, Self::Server | Self::Consumer)
    }
}

/// `InstrumentationScope`.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
    pub(super) attributes: Attributes<'a>,
}

/// Severity 1 to 24, or the log library's own word; none if there is neither.
pub(super) fn level(severity: i64, text: &str) -> Option<Level> {
    Some(match severity {
        1..=8 => Level::Debug,
        9..=12 => Level::Info,
        13..=16 => Level::Warning,
        17..=20 => Level::Error,
        21..=24 => Level::Fatal,
        _ => match text.trim().to_ascii_lowercase().as_str() {
            "trace" | "verbose" | "debug" | "fine" => Level::Debug,
            "info" | "information" | "notice" => Level::Info,
            "warn" | "warning" => Level::Warning,
            "err" | "error" | "severe" => Level::Error,
            "fatal" | "critical" | "crit" | "alert" | "emerg" | "emergency" | "panic" => {
                Level::Fatal
            }
            _ => return None,
        },
    })
}

/// An id in lower case; empty if it is none (all zeros).
pub(super) fn id_of(bytes: &[u8]) -> String {
    if bytes.len() > 32 || bytes.iter().all(|b| *b == 0) {
        return String::new();
    }
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Whether an event's name says that it is an exception.
pub(super) fn names_exception(name: &str) -> bool {
    name == "exception" || name.ends_with(".exception")
}
