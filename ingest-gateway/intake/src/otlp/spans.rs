//! Who called whom within one request: the span that an error's request came in by.

use std::{borrow::Cow, collections::HashMap};

use super::{
    super::json,
    any::Any,
    http,
    model::{Attributes, Kind, Span},
};

/// Callers followed; real traces are a dozen deep.
const STEPS_MAX: usize = 64;
/// Memory for the request attributes of entry spans, bytes; further ones give their
/// name alone.
const ATTRIBUTES_BYTES_MAX: usize = 8 << 20;
/// Longest name kept, bytes.
const NAME_BYTES_MAX: usize = 200;

/// What is known of a span that others may name as their caller.
#[derive(Debug)]
pub(super) struct Caller {
    parent_id: String,
    pub(super) name: String,
    kind: Kind,
    /// What tells of the request and its user.
    pub(super) attributes: Attributes<'static>,
}

/// The spans of one request by trace and id.
#[derive(Debug, Default)]
pub(super) struct Spans {
    callers: HashMap<(String, String), Caller>,
    used_bytes: usize,
}

impl Spans {
    pub(super) fn note(&mut self, span: Span<'_>) {
        let mut attributes = Attributes::default();
        if span.kind.is_entry() || span.parent_id.is_empty() {
            for (key, value) in span.attributes.0 {
                if let Some(text) = value.into_text().filter(|_| http::is_request(&key)) {
                    self.used_bytes += key.len() + text.len();
                    if self.used_bytes > ATTRIBUTES_BYTES_MAX {
                        break;
                    }
                    let value = Any::String(text.into_owned().into());
                    attributes.push(Cow::Owned(key.into_owned()), value);
                }
            }
        }
        let caller = Caller {
            parent_id: span.parent_id,
            name: json::cut(span.name, NAME_BYTES_MAX),
            kind: span.kind,
            attributes,
        };
        self.callers.insert((span.trace_id, span.span_id), caller);
    }

    /// The nearest server or consumer above `span`, itself included; else the
    /// topmost span known.
    pub(super) fn entry_of(&self, span: &Span<'_>) -> Option<&Caller> {
        let mut found = self
            .callers
            .get(&(span.trace_id.clone(), span.span_id.clone()));
        for _ in 0..STEPS_MAX {
            let caller = found?;
            if caller.kind.is_entry() || caller.parent_id.is_empty() {
                break;
            }
            let above = (span.trace_id.clone(), caller.parent_id.clone());
            match self.callers.get(&above) {
                Some(above) => found = Some(above),
                None => break,
            }
        }
        found
    }
}
