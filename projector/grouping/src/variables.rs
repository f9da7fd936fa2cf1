//! Variables in a client's fingerprint or a rule's: an entry that is `{{ name }}` as a whole,
//! in a rule also within other text.
//!
//! Known names: `default`, `transaction`, `message`, `type` (`error.type`), `value`
//! (`error.value`), `function`, `module`, `package`, `path` and `filename` (each also with
//! `stack.` before it), `level`, `logger`, `release`, `environment`, `platform`, `sdk`,
//! `tags.NAME`. A
//! known name without a value becomes `<no-NAME>`, an unknown one
//! `<unrecognized-variable-NAME>`, so that a typing error is visible and groups.

use std::borrow::Cow;

use event_model::{
    Level,
    head::{ArchivedFrameHeadV1, ArchivedHead},
};

use crate::{chain::Subject, fingerprint::message, text::masked};

/// All names but those of tags.
pub(crate) const KNOWN: [&str; 23] = [
    "default",
    "transaction",
    "message",
    "error.type",
    "error.value",
    "stack.function",
    "stack.module",
    "stack.package",
    "stack.abs_path",
    "stack.filename",
    "stack.path",
    "level",
    "logger",
    "release",
    "environment",
    "platform",
    "sdk",
    "type",
    "value",
    "function",
    "module",
    "path",
    "package",
];

/// Whether a variable is known.
pub(crate) fn is_known(name: &str) -> bool {
    let tag = name.strip_prefix("tags.");
    KNOWN.contains(&name) || name == "filename" || tag.is_some_and(|key| !key.is_empty())
}

/// The variables within a text.
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split("{{").skip(1);
    behind.filter_map(|rest| Some(rest.split_once("}}")?.0.trim()))
}

/// A text with its variables filled in, wherever they stand.
pub(crate) fn filled(text: &str, head: &ArchivedHead) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((name, after)) = behind.split_once("}}") else {
            break;
        };
        filled.push_str(before);
        filled.push_str(&value_of(name.trim(), head));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Whether an entry stands for the server's own grouping.
pub(crate) fn is_default(entry: &str) -> bool {
    name_of(entry) == Some("default")
}

/// An entry with its variable filled in; other entries as they are.
pub(crate) fn resolve<'a>(entry: &'a str, head: &'a ArchivedHead) -> Cow<'a, str> {
    match name_of(entry) {
        Some(name) => value_of(name, head),
        None => Cow::Borrowed(entry),
    }
}

fn value_of<'a>(name: &'a str, head: &'a ArchivedHead) -> Cow<'a, str> {
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
        "package" | "stack.package" => Cow::Borrowed(of_frame(|f| &f.package)),
        "platform" => Cow::Borrowed(&head.platform),
        "sdk" => Cow::Borrowed(&head.sdk.0),
        "path" | "filename" | "stack.abs_path" | "stack.filename" | "stack.path" => {
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
