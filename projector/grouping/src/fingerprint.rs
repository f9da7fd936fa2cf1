//! Grouping: from an event's head to its [`Fingerprint`], the identity of its
//! issue.
//!
//! Invariant: a pure function of the head; [`ALGORITHM_VERSION`] is hashed in and
//! rises with every change of a result. Total: any head has a fingerprint. Time is
//! linear in the head.
//!
//! The first that applies:
//! 1. The client's fingerprint, variables filled in; `{{ default }}` among other
//!    entries stands for the result of the steps below.
//! 2. The frames of what the event is about ([`crate::chain`]): the application's
//!    own, or all if it has none ([`crate::frames`] says what of a frame counts). Types
//!    count, values do not. Of a group of several kinds of errors the kinds count,
//!    whatever their order.
//! 3. Types and values, or the message, with numbers, ids and addresses masked
//!    ([`crate::mask`]), and the stack a message was captured with.
//!
//! The hash is xxh3-128: fast, stable by its specification. It need not withstand
//! forgery, since whoever may write to a project may name any fingerprint anyway.

use event_model::{
    Fingerprint,
    head::{ArchivedExceptionHeadV1, ArchivedFrameHeadV1, ArchivedHead},
};
use xxhash_rust::xxh3::Xxh3;

use crate::{
    chain::Subject,
    frames::{self, Scope},
    mask, variables,
};

/// Hashed into every fingerprint.
pub const ALGORITHM_VERSION: u32 = 3;

/// Lines of a message or value that count: the first ones say what happened, the
/// rest are details (a dump, a query).
const LINES_MAX: usize = 2;

/// The fingerprint of an event.
pub(crate) fn fingerprint(head: &ArchivedHead) -> Fingerprint {
    let given = &head.fingerprint;
    if given.is_empty() || (given.len() == 1 && variables::is_default(&given[0])) {
        return default_fingerprint(head);
    }
    let mut hash = Parts::new("client");
    for entry in given.iter() {
        if variables::is_default(entry) {
            hash.add_bytes("default", &default_fingerprint(head).0);
        } else {
            hash.add("entry", &variables::resolve(entry, head));
        }
    }
    hash.finish()
}

fn default_fingerprint(head: &ArchivedHead) -> Fingerprint {
    match Subject::of(head) {
        Subject::Chain(chain) => of_chain(head, &chain),
        Subject::Several { members, .. } => {
            let kinds = members.iter().map(|member| kind(member, &head.platform));
            let mut kinds: Vec<Fingerprint> = kinds.collect();
            kinds.sort_unstable();
            let mut hash = Parts::new("group");
            for kind in kinds {
                hash.add_bytes("part", &kind.0);
            }
            hash.finish()
        }
    }
}

/// What tells an error from others, by itself.
pub(crate) fn kind(exception: &ArchivedExceptionHeadV1, platform: &str) -> Fingerprint {
    let stack = exception.frames.as_slice();
    let scope = Scope::of([stack].into_iter(), platform);
    let hashes = scope.map_or_else(Vec::new, |scope| frames::hashes(stack, platform, scope));
    if hashes.is_empty() {
        let mut hash = Parts::new("text");
        hash.add("type", shown_type(exception));
        hash.add("value", &masked(&exception.value));
        return hash.finish();
    }
    with_frames(exception, &hashes)
}

fn with_frames(exception: &ArchivedExceptionHeadV1, stack: &[u64]) -> Fingerprint {
    let mut part = Parts::new("exception");
    part.add("type", shown_type(exception));
    for frame in stack {
        part.add_bytes("frame", &frame.to_le_bytes());
    }
    part.finish()
}

fn of_chain(head: &ArchivedHead, chain: &[&ArchivedExceptionHeadV1]) -> Fingerprint {
    let mut stacks: Vec<&[ArchivedFrameHeadV1]> =
        chain.iter().map(|e| e.frames.as_slice()).collect();
    // A crash's stack may be in its thread alone.
    if let Some(last) = stacks.last_mut().filter(|last| last.is_empty()) {
        *last = head.thread_frames.as_slice();
    }
    let scope = Scope::of(stacks.iter().copied(), &head.platform);
    let hashes: Vec<Vec<u64>> = match scope {
        Some(scope) => stacks
            .iter()
            .map(|stack| frames::hashes(stack, &head.platform, scope))
            .collect(),
        None => Vec::new(),
    };
    if hashes.iter().all(Vec::is_empty) {
        return by_text(head, chain);
    }
    let mut hash = Parts::new("stack");
    for (exception, stack) in chain.iter().zip(&hashes) {
        hash.add_bytes("part", &with_frames(exception, stack).0);
    }
    hash.finish()
}

fn by_text(head: &ArchivedHead, chain: &[&ArchivedExceptionHeadV1]) -> Fingerprint {
    let mut hash = Parts::new("text");
    for exception in chain {
        hash.add("type", shown_type(exception));
        hash.add("value", &masked(&exception.value));
    }
    hash.add("message", &masked(message(head)));
    let stack: &[ArchivedFrameHeadV1] = &head.thread_frames;
    if let Some(scope) = Scope::of([stack].into_iter(), &head.platform) {
        for frame in frames::hashes(stack, &head.platform, scope) {
            hash.add_bytes("frame", &frame.to_le_bytes());
        }
    }
    hash.finish()
}

fn shown_type(exception: &ArchivedExceptionHeadV1) -> &str {
    if exception.synthetic {
        ""
    } else {
        &exception.ty
    }
}

/// The message as grouping reads it: without its parameters if the client tells.
pub(crate) fn message(head: &ArchivedHead) -> &str {
    if head.message_template.is_empty() {
        &head.message
    } else {
        &head.message_template
    }
}

/// The first lines of a text that are not empty, masked.
pub(crate) fn masked(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.take(LINES_MAX).collect();
    mask::mask(&lines.join("\n"))
}

/// A hash of labelled parts, none of which can run into the next.
struct Parts(Xxh3);

impl Parts {
    fn new(kind: &str) -> Self {
        let mut parts = Self(Xxh3::new());
        parts.add_bytes("errata grouping", &ALGORITHM_VERSION.to_le_bytes());
        parts.add("kind", kind);
        parts
    }

    fn add(&mut self, label: &str, text: &str) {
        self.add_bytes(label, text.as_bytes());
    }

    fn add_bytes(&mut self, label: &str, bytes: &[u8]) {
        self.0.update(label.as_bytes());
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> Fingerprint {
        Fingerprint(self.0.digest128().to_be_bytes())
    }
}

#[cfg(test)]
mod tests;
