//! Variables in a client's fingerprint: an entry that is `{{ name }}` as a whole.
//!
//! Known names: `default`, `transaction`, `message`, `type` (`error.type`), `value`
//! (`error.value`), `function`, `module`, `path` and `filename` (each also with
//! `stack.` before it), `level`, `logger`, `release`, `environment`, `tags.NAME`. A
//! known name without a value becomes `<no-NAME>`, an unknown one
//! `<unrecognized-variable-NAME>`, so that a typing error is visible and groups.

use std::borrow::Cow;

use event_model::{
    Level,
    head::{ArchivedFrameHeadV1, ArchivedHead},
};

use crate::{chain::Subject, fingerprint::message, text::masked};

/// Whether an entry stands for the server's own grouping.
pub(crate) fn is_default(entry: &str) -> bool {
    name_of(entry) == Some("default")
}

/// An entry with its variable filled in; other entries as they are.
pub(crate) fn resolve<'a>(entry: &'a str, head: &'a ArchivedHead) -> Cow<'a, str> {
    let Some(name) = name_of(entry) else {
        return Cow::Borrowed(entry);
    };
    let subject = Subject::of(head);
    let exception = subject.shown();
    let frame = subject.frame(head);
    let of_frame = |part: fn(&ArchivedFrameHeadV1) -> &str| frame.map_or("", part);
    let value: Cow<'a, str> = match name {
        "transaction" => Cow::Borrowed(&head.transaction),
        "message" => match exception {
            Some(exception) if message(head).is_empty() => Cow::Owned(masked(&exception.value)),
            _ => Cow::Owned(masked(message(head))),
        },
        "type" | "error.type" => Cow::Borrowed(exception.map_or("", |e| &e.ty)),
        "value" | "error.value" => Cow::Borrowed(exception.map_or("", |e| &e.value)),
        "function" | "stack.function" => Cow::Borrowed(of_frame(|f| &f.function)),
        "module" | "stack.module" => Cow::Borrowed(of_frame(|f| &f.module)),
        "path" | "filename" | "stack.abs_path" | "stack.filename" => {
            Cow::Borrowed(of_frame(|f| &f.filename))
        }
        "level" => Cow::Borrowed(Level::from_number(head.level).name()),
        "logger" => Cow::Borrowed(&head.logger),
        "release" => Cow::Borrowed(&head.release),
        "environment" => Cow::Borrowed(&head.environment),
        _ => match name.strip_prefix("tags.") {
            Some(key) => Cow::Borrowed(tag(head, key)),
            None => return Cow::Owned(format!("<unrecognized-variable-{name}>")),
        },
    };
    if value.is_empty() {
        Cow::Owned(format!("<no-{name}>"))
    } else {
        value
    }
}

fn name_of(entry: &str) -> Option<&str> {
    let inner = entry.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    Some(inner.trim())
}

fn tag<'a>(head: &'a ArchivedHead, key: &str) -> &'a str {
    let mut tags = head.tags.iter();
    tags.find(|pair| pair.0 == key).map_or("", |pair| &pair.1)
}
