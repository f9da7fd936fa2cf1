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
//!    count, and an `NSError`'s domain and code; values do not. Of a group of several
//!    kinds of errors the kinds count, whatever their order.
//! 3. Where no frame says more than that something broke in a file, or where the only
//!    one is a function without a name: frames, types and values.
//! 4. Types and values, or the message, with what varies masked ([`crate::text`]), and
//!    the stack a message was captured with.
//!
//! Exceptions that only wrap another one, and those suppressed meanwhile, do not count.
//!
//! The hash is xxh3-128: fast, stable by its specification. It need not withstand
//! forgery, since whoever may write to a project may name any fingerprint anyway.

use std::borrow::Cow;

use event_model::{
    Fingerprint,
    head::{ArchivedExceptionHeadV1, ArchivedFrameHeadV1, ArchivedHead},
};
use xxhash_rust::xxh3::Xxh3;

use crate::{
    chain::{self, Subject},
    frames::{self, Counted, Scope},
    names, text, variables,
};

/// Hashed into every fingerprint.
pub const ALGORITHM_VERSION: u32 = 6;

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
        Subject::Chain(chain) => of_chain(head, &chain::telling(&chain)),
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
    let mut hash = Parts::new("kind");
    let stack = exception.frames.as_slice();
    add_chain(&mut hash, &[(exception, stack)], platform);
    hash.finish()
}

fn of_chain(head: &ArchivedHead, chain: &[&ArchivedExceptionHeadV1]) -> Fingerprint {
    let mut chain: Vec<(&ArchivedExceptionHeadV1, &[ArchivedFrameHeadV1])> = chain
        .iter()
        .map(|exception| (*exception, exception.frames.as_slice()))
        .collect();
    // A crash's stack may be in its thread alone.
    if let Some((_, last)) = chain.last_mut().filter(|(_, last)| last.is_empty()) {
        *last = head.thread_frames.as_slice();
    }
    let mut hash = Parts::new("chain");
    if chain.is_empty() {
        hash.add("message", &text::masked(message(head)));
        add_stack(&mut hash, &head.thread_frames, &head.platform);
    } else {
        let is_told = add_chain(&mut hash, &chain, &head.platform);
        let says_nothing = |e: &ArchivedExceptionHeadV1| e.value.is_empty() && e.ty.is_empty();
        if !is_told && chain.iter().all(|(exception, _)| says_nothing(exception)) {
            hash.add("message", &text::masked(message(head)));
        }
    }
    hash.finish()
}

/// Adds errors with what counts of their stacks, and their texts if the stacks say too
/// little. Whether the stacks were enough.
fn add_chain(
    hash: &mut Parts,
    chain: &[(&ArchivedExceptionHeadV1, &[ArchivedFrameHeadV1])],
    platform: &str,
) -> bool {
    let scope = Scope::of(chain.iter().map(|(_, stack)| *stack), platform);
    let counted = chain.iter().map(|(_, stack)| match scope {
        Some(scope) => frames::counted(stack, platform, scope),
        None => Counted::default(),
    });
    let counted: Vec<Counted> = counted.collect();
    let frames: usize = counted.iter().map(|c| c.hashes.len()).sum();
    let named: usize = counted.iter().map(|c| c.named).sum();
    // One function of several without names: which one, the stack does not say.
    let is_vague = frames == 1 && counted.iter().any(|c| c.is_closure);
    let is_told = named > 0 && !is_vague;
    let newest = chain.len().saturating_sub(1);
    let mut before = None;
    for (at, ((exception, stack), counted)) in chain.iter().zip(&counted).enumerate() {
        // A cause without a stack has nothing but its text.
        let is_bare_cause = at < newest && stack.is_empty();
        let ty = shown_type(exception, platform);
        // Go's wrapped texts between the first and the last error are the callers'.
        if is_bare_cause && at > 0 && platform == "go" && names::ty(&ty, platform).is_empty() {
            continue;
        }
        let mut part = Parts::new("error");
        if (!is_told || is_bare_cause) && exception.code.is_empty() {
            let text = text::of_error(&exception.value, platform);
            part.add("type", if text.is_of_any_type { "" } else { &ty });
            part.add("value", &text.text);
        } else {
            part.add("type", &ty);
        }
        part.add("code", &exception.code);
        for frame in &counted.hashes {
            part.add_bytes("frame", &frame.to_le_bytes());
        }
        let part = part.finish();
        // A try after a try that failed alike.
        if before != Some(part) {
            hash.add_bytes("error", &part.0);
        }
        before = Some(part);
    }
    is_told
}

fn add_stack(hash: &mut Parts, stack: &[ArchivedFrameHeadV1], platform: &str) {
    if let Some(scope) = Scope::of([stack].into_iter(), platform) {
        for frame in frames::counted(stack, platform, scope).hashes {
            hash.add_bytes("frame", &frame.to_le_bytes());
        }
    }
}

fn shown_type<'a>(exception: &'a ArchivedExceptionHeadV1, platform: &str) -> Cow<'a, str> {
    if exception.synthetic {
        Cow::Borrowed("")
    } else {
        names::own_type(&exception.ty, platform)
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
