//! How much two events are alike that are not one issue: what they share, what differs, and
//! which rule would have joined them.
//!
//! A [`Profile`] is what of an event may be compared: its errors' types, the calls that
//! count, the words of its texts, masked. Each feature has a weight: the newest calls and the
//! type of what broke most, causes and words of a text that the stack explains least. How
//! alike two profiles are is the weight that they share of all that either has (Jaccard's
//! index with weights). A [`sketch`] is a short stand-in for a profile that can be looked up
//! among many: MinHash, so that the share of equal places estimates the index.
//!
//! Read from the tree that explains an event, so that what counts here is what groups: other
//! people's frames, lines, numbers in texts change nothing. A fingerprint that a client or a
//! rule gives counts as a feature beside those, and not in their place: events that somebody
//! keeps apart may be much alike.
//!
//! Invariant: pure and total; the same head and rules give the same profile. Bounded: at most
//! [`ERRORS_MAX`] errors, [`CALLS_MAX`] calls of each, [`WORDS_MAX`] words.

mod likeness;
pub mod sketch;
mod suggest;

use event_model::head::{ArchivedFrameHeadV1, WholeHead};

use crate::{Component, fingerprint, rules::Judged, text};

pub use likeness::Likeness;
pub use suggest::suggestions;

/// Errors of an event that are compared, what broke first.
const ERRORS_MAX: usize = 4;
/// Calls of an error that are compared, the newest.
const CALLS_MAX: usize = 32;
/// Words of an error's text that are compared, the first.
const WORDS_MAX: usize = 24;

/// What of an event may be compared with another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// What broke, then what it came from; a message is one without a type.
    errors: Vec<Failure>,
    /// What a client or a rule gives instead of what the server would make of it.
    entries: Vec<String>,
}

/// An error, or a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Failure {
    ty: String,
    code: String,
    /// Masked.
    text: String,
    /// Whether the text tells issues apart.
    is_told_by_text: bool,
    is_message: bool,
    /// Those that count, the newest first.
    calls: Vec<Call>,
    /// Type and text as they were sent, for rules.
    raw_ty: String,
    raw_text: String,
}

/// A call that counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Call {
    place: String,
    function: String,
    address: String,
    /// As they were sent, for rules.
    raw_function: String,
    raw_module: String,
    raw_path: String,
}

impl Call {
    /// What it is called in few words.
    fn shown(&self) -> &str {
        match (self.function.as_str(), self.address.as_str()) {
            ("", "") => &self.place,
            ("", address) => address,
            (function, _) => function,
        }
    }

    fn is(&self, other: &Self) -> bool {
        (&self.place, &self.function, &self.address)
            == (&other.place, &other.function, &other.address)
    }
}

impl Profile {
    /// Of an event, by what rules say of its stacks.
    pub(crate) fn of(head: &WholeHead<'_>, judged: &Judged<'_>) -> Self {
        let root = fingerprint::explained(head, judged);
        let own = fingerprint::explained_by_default(head, judged);
        let entries = root.parts.iter().filter(|part| part.counts);
        let entries = entries.filter(|part| part.name == "entry");
        let mut profile = Self {
            errors: Vec::new(),
            entries: entries.map(|part| part.value.clone()).collect(),
        };
        profile.take(head, &own);
        // What broke stands last in an event.
        profile.errors.reverse();
        profile.errors.truncate(ERRORS_MAX);
        profile
    }

    fn take(&mut self, head: &WholeHead<'_>, whole: &Component) {
        let mut message = Failure {
            is_message: true,
            is_told_by_text: true,
            ..Failure::default()
        };
        let mut is_message = false;
        for part in whole.parts.iter().filter(|part| part.counts) {
            match part.name {
                // One of the kinds of errors that a group has.
                "part" => self.take(head, part),
                "error" => self.errors.push(Failure::of(head, part)),
                "message" => {
                    is_message = !part.value.is_empty();
                    message.text.clone_from(&part.value);
                    let raw = if part.raw.is_empty() {
                        &part.value
                    } else {
                        &part.raw
                    };
                    message.raw_text.clone_from(raw);
                }
                "frame" => message.calls.push(Call::of(part, head.thread_frames())),
                _ => {}
            }
        }
        if is_message || !message.calls.is_empty() {
            message.calls.reverse();
            message.calls.truncate(CALLS_MAX);
            self.errors.push(message);
        }
    }

    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        sketch::features(self).is_empty()
    }
}

impl Failure {
    fn of(head: &WholeHead<'_>, error: &Component) -> Self {
        let exception = error.index.and_then(|index| head.exceptions().nth(index));
        let frames = exception.map_or(&[] as &[_], |exception| exception.frames());
        // A crash's stack may be in its thread alone.
        let frames = if frames.is_empty() {
            head.thread_frames()
        } else {
            frames
        };
        let mut failure = Self::default();
        if let Some(exception) = exception {
            failure.raw_ty = exception.ty.to_string();
            exception.value.clone_into(&mut failure.raw_text);
        }
        for part in &error.parts {
            match (part.name, part.counts) {
                ("type", true) => failure.ty.clone_from(&part.value),
                ("code", true) => failure.code.clone_from(&part.value),
                ("value", true) => {
                    failure.text.clone_from(&part.value);
                    failure.is_told_by_text = !part.value.is_empty();
                }
                ("value", false) => {
                    let text = text::of_error(&part.value, &head.platform);
                    failure.text = text.text.into_owned();
                }
                ("frame", true) => failure.calls.push(Call::of(part, frames)),
                _ => {}
            }
        }
        failure.calls.reverse();
        failure.calls.truncate(CALLS_MAX);
        failure
    }
}

impl Call {
    fn of(frame: &Component, stack: &[ArchivedFrameHeadV1]) -> Self {
        let part = |name| {
            let found = frame.parts.iter().find(|part| part.name == name);
            found.map_or_else(String::new, |part| part.value.clone())
        };
        let mut call = Self {
            place: part("place"),
            function: part("function"),
            address: part("address"),
            ..Self::default()
        };
        if let Some(sent) = frame.index.and_then(|index| stack.get(index)) {
            call.raw_function = sent.function.to_string();
            call.raw_module = sent.module.to_string();
            call.raw_path = sent.filename.to_string();
        }
        call
    }
}

#[cfg(test)]
mod tests;
