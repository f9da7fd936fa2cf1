//! Which exceptions of an event it is about.
//!
//! | the newest exception | shown and grouped by |
//! | --- | --- |
//! | any | it and its causes: all of the chain, oldest first |
//! | a group whose members are of one kind | that member and its causes, as if it had come alone |
//! | a group of several kinds | the group, and one member of each kind in the group's order |
//!
//! A group is an exception that says so and either has several members or is of a
//! type made for groups (`ExceptionGroup`, `AggregateError`, …): some clients say so
//! of whatever has a cause. Members are found through groups in groups. Two members
//! are of one kind if they alone would make one issue.
//!
//! Total: links that lead nowhere or in a circle end there.

use event_model::head::{ArchivedExceptionHeadV1, ArchivedFrameHeadV1, ArchivedHead};

use crate::grouping::{self, frames};

/// Endings of types that hold other errors.
const GROUP_TYPES: [&str; 6] = [
    "ExceptionGroup",
    "AggregateError",
    "AggregateException",
    "CompositeException",
    "MultiError",
    "joinError",
];

/// What an event is about.
pub(crate) enum Subject<'a> {
    /// An error and its causes, oldest cause first; empty for messages.
    Chain(Vec<&'a ArchivedExceptionHeadV1>),
    /// Errors of several kinds.
    Several {
        /// What holds them.
        group: &'a ArchivedExceptionHeadV1,
        /// One of each kind.
        members: Vec<&'a ArchivedExceptionHeadV1>,
    },
}

impl<'a> Subject<'a> {
    /// The subject of an event.
    pub(crate) fn of(head: &'a ArchivedHead) -> Self {
        let chain = head.exceptions.as_slice();
        let whole = || Self::Chain(chain.iter().collect());
        let Some(newest) = chain.len().checked_sub(1) else {
            return whole();
        };
        if !is_group(chain, newest) {
            return whole();
        }
        let mut seen = vec![false; chain.len()];
        let mut found = Vec::new();
        members(chain, newest, &mut seen, &mut found);
        found.sort_by_key(|at| (chain[*at].exception_id.to_native(), *at));
        let mut kinds = Vec::new();
        found.retain(|at| {
            let kind = grouping::kind(&chain[*at], &head.platform);
            let is_first = !kinds.contains(&kind);
            kinds.push(kind);
            is_first
        });
        match found.as_slice() {
            [] => whole(),
            [only] => Self::Chain(with_causes(chain, *only)),
            several => Self::Several {
                group: &chain[newest],
                members: several.iter().map(|at| &chain[*at]).collect(),
            },
        }
    }

    /// The exception to show; none for messages.
    pub(crate) fn shown(&self) -> Option<&'a ArchivedExceptionHeadV1> {
        match self {
            Self::Chain(chain) => chain.last().copied(),
            Self::Several { group, .. } => Some(group),
        }
    }

    /// The frame to point at: the newest of the application's own (of native code that
    /// has a name), in the shown exception, else in those it came from; else the newest
    /// that is no machinery.
    pub(crate) fn frame(&self, head: &'a ArchivedHead) -> Option<&'a ArchivedFrameHeadV1> {
        let exceptions: Vec<&ArchivedExceptionHeadV1> = match self {
            Self::Chain(chain) => chain.iter().rev().copied().collect(),
            Self::Several { group, members } => [*group]
                .into_iter()
                .chain(members.iter().copied())
                .collect(),
        };
        let stacks = || {
            let of_exceptions = exceptions.iter().map(|e| e.frames.as_slice());
            of_exceptions.chain([head.thread_frames.as_slice()])
        };
        // An address without a symbol says no more than its image.
        let is_named = |frame: &&ArchivedFrameHeadV1| !frame.function.is_empty();
        let is_native = matches!(head.platform.as_str(), "native" | "cocoa" | "swift");
        let of_native = || {
            let named = |stack: &'a [ArchivedFrameHeadV1]| {
                frames::own(stack, &head.platform).find(is_named)
            };
            stacks().find_map(named).filter(|_| is_native)
        };
        of_native()
            .or_else(|| stacks().find_map(|stack| frames::newest_own(stack, &head.platform)))
            .or_else(|| stacks().find_map(|stack| frames::newest(stack, &head.platform)))
    }
}

fn is_group(chain: &[ArchivedExceptionHeadV1], at: usize) -> bool {
    let exception = &chain[at];
    let made_for_it = || GROUP_TYPES.iter().any(|ty| exception.ty.ends_with(ty));
    exception.is_exception_group
        && children(chain, at).next().is_some()
        && (made_for_it() || children(chain, at).nth(1).is_some())
}

/// The exceptions that name this one as what holds them.
fn children(chain: &[ArchivedExceptionHeadV1], at: usize) -> impl Iterator<Item = usize> {
    let id = chain[at].exception_id;
    let is_child = move |(other, child): (usize, &ArchivedExceptionHeadV1)| {
        (id >= 0 && other != at && child.parent_id == id).then_some(other)
    };
    chain.iter().enumerate().filter_map(is_child)
}

/// The members of a group that are no groups themselves.
fn members(
    chain: &[ArchivedExceptionHeadV1],
    group: usize,
    seen: &mut [bool],
    found: &mut Vec<usize>,
) {
    let mut groups = vec![group];
    while let Some(group) = groups.pop() {
        if std::mem::replace(&mut seen[group], true) {
            continue;
        }
        for child in children(chain, group) {
            if is_group(chain, child) {
                groups.push(child);
            } else if !std::mem::replace(&mut seen[child], true) {
                found.push(child);
            }
        }
    }
}

/// An exception after what it came from, oldest first.
fn with_causes(chain: &[ArchivedExceptionHeadV1], at: usize) -> Vec<&ArchivedExceptionHeadV1> {
    let mut wanted = vec![false; chain.len()];
    let mut open = vec![at];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut wanted[at], true) {
            open.extend(children(chain, at));
        }
    }
    let kept = chain.iter().zip(&wanted).enumerate();
    let mut causes: Vec<_> = kept
        .filter(|(other, (_, wanted))| **wanted && *other != at)
        .map(|(_, (exception, _))| exception)
        .collect();
    causes.push(&chain[at]);
    causes
}
