//! Variables in a client's fingerprint or a rule's: an entry that is `{{ name }}` as a whole,
//! in a rule also within other text.
//!
//! Known names, in any case: `default`, `transaction`, `message`, `type` (`error.type`), `value`
//! (`error.value`), `function`, `module`, `package`, `path` and `filename` (each also with
//! `stack.` before it), `level`, `logger`, `release`, `environment`, `platform`, `sdk`,
//! `tags.NAME`. A
//! known name without a value becomes `<no-NAME>`, an unknown one
//! `<unrecognized-variable-NAME>`, so that a typing error is visible and groups.

use std::borrow::Cow;

use event_model::{
    Level,
    head::{ArchivedFrameHeadV1, ExceptionPart, WholeHead},
};

use crate::{chain::Subject, fingerprint::message, text::masked};

/// What stands before a tag's key.
const TAGS: &str = "tags.";

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
    let name = canonical(name);
    KNOWN.contains(&&*name)
        || name == "filename"
        || tag_of(&name).is_some_and(|key| !key.is_empty())
}

/// Names are written in any case; a tag's key is the client's own.
fn canonical(name: &str) -> Cow<'_, str> {
    if !name.contains(|c: char| c.is_ascii_uppercase()) {
        return Cow::Borrowed(name);
    }
    match name.split_at_checked(TAGS.len()) {
        Some((start, key)) if start.eq_ignore_ascii_case(TAGS) => {
            Cow::Owned(format!("{TAGS}{key}"))
        }
        _ => Cow::Owned(name.to_ascii_lowercase()),
    }
}

fn tag_of(name: &str) -> Option<&str> {
    name.strip_prefix(TAGS)
}

/// The variables within a text.
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split("{{").skip(1);
    behind.filter_map(|rest| Some(rest.split_once("}}")?.0.trim()))
}

/// A text with its variables filled in, wherever they stand.
pub(crate) fn filled(text: &str, head: &WholeHead<'_>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        filled.push_str(before);
        filled.push_str(&value_of(name, head));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The variables that [`filled`] fills in.
pub(crate) fn filled_in(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, name, after) = next(rest)?;
        rest = after;
        Some(name)
    })
}

/// What stands before the first variable, its name, and what stands behind it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, behind) = text.split_once("{{")?;
    let (name, after) = behind.split_once("}}")?;
    Some((before, name.trim(), after))
}

/// Whether an entry stands for the server's own grouping.
pub(crate) fn is_default(entry: &str) -> bool {
    name_of(entry).is_some_and(|name| name.eq_ignore_ascii_case("default"))
}

/// An entry with its variable filled in; other entries as they are.
pub(crate) fn resolve<'a>(entry: &'a str, head: &'a WholeHead<'a>) -> Cow<'a, str> {
    match name_of(entry) {
        Some(name) => value_of(name, head),
        None => Cow::Borrowed(entry),
    }
}

/// What a variable stands for.
pub(crate) enum Asked {
    Transaction,
    Message,
    Type,
    Value,
    Function,
    Module,
    Package,
    Path,
    Platform,
    Sdk,
    Level,
    Logger,
    Release,
    Environment,
    Tag(String),
    /// It is unknown.
    Nothing,
}

/// What a variable stands for.
pub(crate) fn asked(name: &str) -> Asked {
    let name = &*canonical(name);
    match name {
        "transaction" => Asked::Transaction,
        "message" => Asked::Message,
        "type" | "error.type" => Asked::Type,
        "value" | "error.value" => Asked::Value,
        "function" | "stack.function" => Asked::Function,
        "module" | "stack.module" => Asked::Module,
        "package" | "stack.package" => Asked::Package,
        "path" | "filename" | "stack.abs_path" | "stack.filename" | "stack.path" => Asked::Path,
        "platform" => Asked::Platform,
        "sdk" => Asked::Sdk,
        "level" => Asked::Level,
        "logger" => Asked::Logger,
        "release" => Asked::Release,
        "environment" => Asked::Environment,
        _ => tag_of(name).map_or(Asked::Nothing, |key| Asked::Tag(key.to_owned())),
    }
}

fn value_of<'a>(name: &str, head: &'a WholeHead<'a>) -> Cow<'a, str> {
    let subject = Subject::of(head);
    let exception = subject.shown();
    let frame = subject.frame(head);
    let of_frame = |part: fn(&ArchivedFrameHeadV1) -> &str| frame.map_or("", part);
    let value: Cow<'a, str> = match asked(name) {
        Asked::Transaction => Cow::Borrowed(&head.transaction),
        Asked::Message => match exception {
            Some(exception) if message(head).is_empty() => Cow::Owned(masked(exception.value)),
            _ => Cow::Owned(masked(message(head))),
        },
        Asked::Type => Cow::Borrowed(exception.map_or("", ExceptionPart::ty)),
        Asked::Value => Cow::Borrowed(exception.map_or("", |e| e.value)),
        Asked::Function => Cow::Borrowed(of_frame(|f| &f.function)),
        Asked::Module => Cow::Borrowed(of_frame(|f| &f.module)),
        Asked::Package => Cow::Borrowed(of_frame(|f| &f.package)),
        Asked::Path => Cow::Borrowed(of_frame(|f| &f.filename)),
        Asked::Platform => Cow::Borrowed(&head.platform),
        Asked::Sdk => Cow::Borrowed(&head.sdk.0),
        Asked::Level => Cow::Borrowed(Level::from_number(head.level).name()),
        Asked::Logger => Cow::Borrowed(&head.logger),
        Asked::Release => Cow::Borrowed(&head.release),
        Asked::Environment => Cow::Borrowed(&head.environment),
        Asked::Tag(key) => Cow::Borrowed(tag(head, &key)),
        Asked::Nothing => {
            let name = canonical(name);
            return Cow::Owned(format!("<unrecognized-variable-{name}>"));
        }
    };
    if value.is_empty() {
        Cow::Owned(format!("<no-{}>", canonical(name)))
    } else {
        value
    }
}

fn name_of(entry: &str) -> Option<&str> {
    let inner = entry.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    Some(inner.trim())
}

/// The value of a tag; empty if there is none.
pub(crate) fn tag<'a>(head: &'a WholeHead<'a>, key: &str) -> &'a str {
    let mut tags = head.tags.iter();
    tags.find(|pair| pair.0 == key).map_or("", |pair| &pair.1)
}

#[cfg(test)]
mod tests;
