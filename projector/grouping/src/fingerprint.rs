//! Grouping: from an event's head to its [`Fingerprint`], the identity of its
//! issue.
//!
//! Invariant: a pure function of the head and of the version of the algorithm
//! ([`crate::algorithm`]), which is hashed in. Total: any head has a fingerprint. Time is
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
    head::{ExceptionPart, WholeHead},
};

use crate::{
    Algorithm,
    chain::{self, Subject},
    frames::{self, Counted, Scope},
    names,
    parts::{Component, Parts, Whole},
    rules::{Judged, STEPS_MAX, Stack},
    text, variables,
};

/// The fingerprint of an event.
pub(crate) fn fingerprint(head: &WholeHead<'_>, judged: &Judged<'_>) -> Fingerprint {
    whole(head, judged, false).fingerprint
}

/// All of it, for people.
pub(crate) fn explained(head: &WholeHead<'_>, judged: &Judged<'_>) -> Component {
    let whole = whole(head, judged, true);
    let why = if let Some(rule) = judged.fingerprint {
        Cow::Owned(format!("the rule on line {}: {}", rule.line, rule.text))
    } else if !is_left_to_server(head) {
        Cow::Borrowed("the client gave a fingerprint")
    } else {
        Cow::Borrowed(match Subject::of(head) {
            Subject::Several { .. } => "errors of several kinds: the kinds count, not their order",
            Subject::Chain(chain) if chain.is_empty() => "a message",
            Subject::Chain(_) => "an error and its causes, oldest first",
        })
    };
    let mut component = whole.component("event", "", why);
    if judged.is_cut_short {
        let text = Component::text("rules", "not all were asked", "", "");
        let why = format!("all rules together may cost an event {STEPS_MAX} comparisons");
        component.parts.push(text.left_out(why));
    }
    component
}

/// What the server makes of it, whatever fingerprint a client or a rule gives; for people.
pub(crate) fn explained_by_default(head: &WholeHead<'_>, judged: &Judged<'_>) -> Component {
    by_default(head, judged, true).component("event", "", "")
}

/// Whether the client says nothing of what an event is to be known by.
pub(crate) fn is_left_to_server(head: &WholeHead<'_>) -> bool {
    let given = &head.fingerprint;
    given.is_empty() || (given.len() == 1 && variables::is_default(&given[0]))
}

fn whole(head: &WholeHead<'_>, judged: &Judged<'_>, explains: bool) -> Whole {
    if judged.fingerprint.is_some() || is_left_to_server(head) {
        return of_server(head, judged, explains);
    }
    of_client(head, judged.algorithm, explains, || {
        of_server(head, judged, explains)
    })
}

/// What an event is known by if its client says nothing: what a rule gives, or what all
/// events have without one.
pub(crate) fn of_server(head: &WholeHead<'_>, judged: &Judged<'_>, explains: bool) -> Whole {
    let Some(rule) = judged.fingerprint else {
        return by_default(head, judged, explains);
    };
    if let [only] = rule.then.entries.as_slice()
        && variables::is_default(only)
    {
        return by_default(head, judged, explains);
    }
    // What a rule gives is an issue with what a client gives that is the same.
    let mut parts = Parts::new(judged.algorithm, "client", explains);
    for entry in &rule.then.entries {
        if variables::is_default(entry) {
            let default = by_default(head, judged, explains);
            let why = "`{{ default }}`: as if there were no rule";
            parts.add_whole("default", default, "", why);
        } else {
            let text = variables::filled(entry, head);
            parts.add("entry", &text, entry, "an entry of the rule's fingerprint");
        }
    }
    parts.finish()
}

/// What the client gave, where no rule has the word and it is not left to the server.
pub(crate) fn of_client(
    head: &WholeHead<'_>,
    algorithm: Algorithm,
    explains: bool,
    mut default: impl FnMut() -> Whole,
) -> Whole {
    let mut parts = Parts::new(algorithm, "client", explains);
    for entry in head.fingerprint.iter() {
        if variables::is_default(entry) {
            let why = "`{{ default }}`: as if the client gave none";
            parts.add_whole("default", default(), "", why);
        } else {
            let text = variables::resolve(entry, head);
            parts.add(
                "entry",
                &text,
                entry,
                "an entry of the client's fingerprint",
            );
        }
    }
    parts.finish()
}

fn by_default(head: &WholeHead<'_>, judged: &Judged<'_>, explains: bool) -> Whole {
    match Subject::of(head) {
        Subject::Chain(chain) => of_chain(head, judged, &chain, explains),
        Subject::Several { group, members } => {
            let kinds = members.iter().map(|member| {
                (
                    of_kind(head, *member, judged.of(head, *member), explains),
                    *member,
                )
            });
            let mut kinds: Vec<_> = kinds.collect();
            kinds.sort_unstable_by_key(|(kind, _)| kind.fingerprint);
            let mut parts = Parts::new(judged.algorithm, "group", explains);
            parts.note(|| {
                let name = Component::text("error", &group.ty, "", "");
                let index = index_of(group, *head);
                name.left_out("it holds the others").at(index)
            });
            for (kind, member) in kinds {
                let why = "one of its kinds of errors";
                parts.add_whole("part", kind, &member.ty, why);
            }
            parts.finish()
        }
    }
}

/// What tells an error from others, by itself: which errors of an event are one kind is the
/// same in all versions.
pub(crate) fn kind(exception: ExceptionPart<'_>, platform: &str) -> Fingerprint {
    let algorithm = Algorithm::ALL[0];
    let stack = Stack::bare(exception.frames(), algorithm);
    let mut parts = Parts::new(algorithm, "kind", false);
    add_chain(&mut parts, None, &[(exception, stack)], platform);
    parts.finish().fingerprint
}

/// Which of the event's errors it is.
fn index_of(exception: ExceptionPart<'_>, head: WholeHead<'_>) -> Option<usize> {
    head.exceptions().position(|other| other.is(exception))
}

fn of_kind(
    head: &WholeHead<'_>,
    exception: ExceptionPart<'_>,
    stack: Stack<'_>,
    explains: bool,
) -> Whole {
    let mut parts = Parts::new(stack.algorithm, "kind", explains);
    let all = Some(*head);
    add_chain(&mut parts, all, &[(exception, stack)], &head.platform);
    parts.finish()
}

fn of_chain(
    head: &WholeHead<'_>,
    judged: &Judged<'_>,
    all: &[ExceptionPart<'_>],
    explains: bool,
) -> Whole {
    let telling = chain::telling(all);
    let mut chain: Vec<(ExceptionPart<'_>, Stack<'_>)> = telling
        .iter()
        .map(|exception| (*exception, judged.of(head, *exception)))
        .collect();
    // A crash's stack may be in its thread alone.
    if let Some((_, last)) = chain.last_mut().filter(|(_, last)| last.frames.is_empty()) {
        *last = judged.of_thread(head);
    }
    let mut parts = Parts::new(judged.algorithm, "chain", explains);
    if explains {
        for (index, exception) in head.exceptions().enumerate() {
            if let Some(why) = chain::why_left_out(exception, all, &telling) {
                let text = format!("{}: {}", exception.ty, exception.value);
                let error = Component::text("error", &text, "", "").left_out(why);
                parts.note(|| error.at(Some(index)));
            }
        }
    }
    let message = message(head);
    if chain.is_empty() {
        parts.depend_on_texts();
        let why = "no error: the message, masked";
        parts.add(
            "message",
            &counted_message(head, judged.algorithm),
            message,
            why,
        );
        add_stack(&mut parts, judged.of_thread(head), &head.platform);
    } else {
        let is_told = add_chain(&mut parts, Some(*head), &chain, &head.platform);
        let says_nothing = |e: ExceptionPart<'_>| e.value.is_empty() && e.ty.is_empty();
        if !is_told {
            parts.depend_on_texts();
        }
        if !is_told && chain.iter().all(|(exception, _)| says_nothing(*exception)) {
            let why = "the errors say nothing: the message, masked";
            parts.add(
                "message",
                &counted_message(head, judged.algorithm),
                message,
                why,
            );
        }
    }
    parts.finish()
}

/// Adds errors, of all that the event has, with what counts of their stacks, and their
/// texts if the stacks say too little. Whether the stacks were enough.
fn add_chain(
    parts: &mut Parts,
    head: Option<WholeHead<'_>>,
    chain: &[(ExceptionPart<'_>, Stack<'_>)],
    platform: &str,
) -> bool {
    let explains = parts.explains();
    let scope = Scope::of(chain.iter().map(|(_, stack)| *stack), platform);
    let counted = chain.iter().map(|(_, stack)| match scope {
        Some(scope) => frames::counted(*stack, platform, scope, explains),
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
        let is_bare_cause = at < newest && stack.frames.is_empty();
        let ty = shown_type(*exception, platform);
        let whole = head.filter(|_| explains);
        let index = whole.and_then(|head| index_of(*exception, head));
        // Go's wrapped texts between the first and the last error are the callers'.
        if is_bare_cause && at > 0 && platform == "go" && names::ty(&ty, platform).is_empty() {
            parts.note(|| {
                let text = Component::text("error", exception.value, "", "");
                let why = "a text that a caller put around another";
                text.left_out(why).at(index)
            });
            continue;
        }
        let mut part = Parts::new(parts.algorithm(), "error", explains);
        if (!is_told || is_bare_cause) && exception.code.is_empty() {
            // Also if it is a try like the one before, which is left out.
            parts.depend_on_texts();
            let text = text::of_error(exception.value, platform);
            let (shown, why) = if text.is_of_any_type {
                ("", "engines have other types for this")
            } else {
                (&*ty, "the type")
            };
            part.add("type", shown, &exception.ty, why);
            let why = if is_bare_cause {
                "a cause without a stack: its text, masked"
            } else if is_vague {
                "the only frame has no name: the text, masked"
            } else {
                "no frame says where it broke: the text, masked"
            };
            part.add("value", &text.text, exception.value, why);
        } else {
            part.add("type", &ty, &exception.ty, "the type");
            part.note(|| {
                let value = Component::text("value", exception.value, "", "");
                value.left_out("the stack tells enough")
            });
        }
        part.add("code", &exception.code, "", "domain and code of an NSError");
        add_frames(&mut part, *stack, counted, scope, platform);
        let part = part.finish();
        // A try after a try that failed alike.
        let print = part.fingerprint;
        if before == Some(print) {
            parts.note(|| {
                let whole = part.component("error", &exception.ty, "");
                let why = "a try that failed like the one before";
                whole.left_out(why).at(index)
            });
        } else {
            parts.add_whole_at(index, "error", part, &exception.ty, "");
        }
        before = Some(print);
    }
    is_told
}

fn add_stack(parts: &mut Parts, stack: Stack<'_>, platform: &str) {
    let scope = Scope::of([stack].into_iter(), platform);
    let counted = scope.map(|scope| frames::counted(stack, platform, scope, parts.explains()));
    add_frames(parts, stack, &counted.unwrap_or_default(), scope, platform);
}

fn add_frames(
    parts: &mut Parts,
    stack: Stack<'_>,
    counted: &Counted,
    scope: Option<Scope>,
    platform: &str,
) {
    for hash in &counted.hashes {
        parts.add_frame(*hash);
    }
    if parts.explains() {
        for frame in frames::explained(stack, counted, scope, platform) {
            parts.note(|| frame);
        }
    }
}

fn shown_type<'a>(exception: ExceptionPart<'a>, platform: &str) -> Cow<'a, str> {
    if exception.synthetic {
        Cow::Borrowed("")
    } else {
        names::own_type(exception.ty(), platform)
    }
}

/// The message as grouping reads it: without its parameters if the client tells.
pub(crate) fn message<'a>(head: &'a WholeHead<'a>) -> &'a str {
    if head.message_template.is_empty() {
        &head.message
    } else {
        &head.message_template
    }
}

/// What counts of it.
fn counted_message(head: &WholeHead<'_>, algorithm: Algorithm) -> String {
    let message = message(head);
    let is_template = !head.message_template.is_empty() && text::has_gaps(message);
    if is_template && algorithm.keeps_templates() {
        text::as_written(message)
    } else {
        text::masked(message)
    }
}

#[cfg(test)]
mod tests;
