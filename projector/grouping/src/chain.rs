//! Which exceptions of an event it is about.
//!
//! The main exception is the newest, or the one that this belongs to: clients put
//! suppressed and diagnostic errors behind the one that was thrown.
//!
//! | the main exception | shown and grouped by |
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
//! An exception that only wraps another ([`wrapper`]) is neither shown nor counted: what
//! it wraps is. One that only tells of a coroutine's context, and one that was suppressed
//! while another was thrown, are left out.
//!
//! Total: links that lead nowhere or in a circle end there.

mod wrapper;

use event_model::head::{ArchivedFrameHeadV1, ExceptionPart, WholeHead};

use crate::{fingerprint, frames};

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
    /// An error and its causes, oldest cause first, the error itself last; empty for
    /// messages.
    Chain(Vec<ExceptionPart<'a>>),
    /// Errors of several kinds.
    Several {
        /// What holds them.
        group: ExceptionPart<'a>,
        /// One of each kind.
        members: Vec<ExceptionPart<'a>>,
    },
}

impl<'a> Subject<'a> {
    /// The subject of an event.
    pub(crate) fn of(head: &'a WholeHead<'a>) -> Self {
        let chain: Vec<ExceptionPart<'a>> = head.exceptions().collect();
        // As most events are: nothing is to be told apart.
        if chain.len() == 1 {
            return Self::Chain(chain);
        }
        let chain = chain.as_slice();
        let Some(main) = main_of(chain) else {
            return Self::Chain(Vec::new());
        };
        let whole = || Self::Chain(in_order(chain, main).collect());
        if !is_group(chain, main) {
            return whole();
        }
        let mut seen = vec![false; chain.len()];
        let mut found = Vec::new();
        members(chain, main, &mut seen, &mut found);
        found.sort_by_key(|at| (chain[*at].exception_id.to_native(), *at));
        let mut kinds = Vec::new();
        found.retain(|at| {
            let kind = fingerprint::kind(chain[*at], &head.platform);
            let is_first = !kinds.contains(&kind);
            kinds.push(kind);
            is_first
        });
        match found.as_slice() {
            [] => whole(),
            [only] => Self::Chain(with_causes(chain, *only)),
            several => Self::Several {
                group: chain[main],
                members: several.iter().map(|at| chain[*at]).collect(),
            },
        }
    }

    /// The exception to show; none for messages.
    pub(crate) fn shown(&self) -> Option<ExceptionPart<'a>> {
        match self {
            Self::Chain(chain) => chain.get(shown_of(chain)?).copied(),
            Self::Several { group, .. } => Some(*group),
        }
    }

    /// The frame to point at: the newest of the application's own (of native code that
    /// has a name), in the shown exception, else in those it came from, else in what was
    /// suppressed; else the newest that is no machinery.
    pub(crate) fn frame(&self, head: &'a WholeHead<'a>) -> Option<&'a ArchivedFrameHeadV1> {
        let exceptions: Vec<ExceptionPart<'_>> = match self {
            Self::Chain(chain) => {
                let shown = shown_of(chain).map_or(0, |at| at + 1);
                let wrappers = chain[shown..].iter().rev();
                chain[..shown]
                    .iter()
                    .rev()
                    .chain(wrappers)
                    .copied()
                    .collect()
            }
            Self::Several { group, members } => [*group]
                .into_iter()
                .chain(members.iter().copied())
                .collect(),
        };
        let stacks = || {
            let of_exceptions = exceptions.iter().map(|e| e.frames());
            of_exceptions.chain([head.thread_frames()])
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
            // Reactor writes where the application asked into a suppressed exception.
            .or_else(|| {
                let suppressed = head.exceptions().rev().filter(|e| e.is_suppressed);
                let mut stacks = suppressed.map(ExceptionPart::frames);
                stacks.find_map(|stack| frames::newest_own(stack, &head.platform))
            })
            .or_else(|| stacks().find_map(|stack| frames::newest(stack, &head.platform)))
    }
}

/// How an event's errors hang together as far as its stack does not say: what an event is
/// about is the same in all events of one stack and platform that are of the same shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Bit `n`: the error at `n` of [`Subject::Chain`] only wraps the one before it.
    Chain {
        /// See above; 0 for messages.
        wraps: u64,
    },
    /// Whether members of a group are of one kind may depend on their texts.
    Group,
    /// There are more errors than bits.
    Long,
}

impl Shape {
    /// The shape of an event.
    pub(crate) fn of(head: &WholeHead<'_>) -> Self {
        let count = head.exception_count();
        if count < 2 {
            return Self::Chain { wraps: 0 };
        }
        if count > u64::BITS as usize {
            return Self::Long;
        }
        let chain: Vec<ExceptionPart<'_>> = head.exceptions().collect();
        let Some(main) = main_of(&chain) else {
            return Self::Chain { wraps: 0 };
        };
        if is_group(&chain, main) {
            return Self::Group;
        }
        let mut wraps = 0;
        let mut before: Option<ExceptionPart<'_>> = None;
        for (at, exception) in in_order(&chain, main).enumerate() {
            let does = before.is_some_and(|before| wrapper::wraps(exception, before));
            wraps |= u64::from(does) << at;
            before = Some(exception);
        }
        Self::Chain { wraps }
    }
}

/// A chain that is no group's: what was suppressed or only tells of a place left out, the
/// main exception last.
fn in_order<'c, 'a>(
    chain: &'c [ExceptionPart<'a>],
    main: usize,
) -> impl Iterator<Item = ExceptionPart<'a>> + use<'a, 'c> {
    let others = chain.iter().enumerate().filter(move |(at, exception)| {
        let says = !wrapper::is_diagnostic(&exception.ty) && !exception.is_suppressed;
        *at != main && says
    });
    others.map(|(_, exception)| *exception).chain([chain[main]])
}

/// What of a chain tells errors apart: all but those that only wrap the one before them.
pub(crate) fn telling<'a>(chain: &[ExceptionPart<'a>]) -> Vec<ExceptionPart<'a>> {
    let tells = |at: &usize| *at == 0 || !wrapper::wraps(chain[*at], chain[*at - 1]);
    (0..chain.len()).filter(tells).map(|at| chain[at]).collect()
}

/// Why an exception does not count; none if it does.
pub(crate) fn why_left_out(
    exception: ExceptionPart<'_>,
    chain: &[ExceptionPart<'_>],
    telling: &[ExceptionPart<'_>],
) -> Option<&'static str> {
    let holds = |list: &[ExceptionPart<'_>]| list.iter().any(|e| e.is(exception));
    if holds(telling) {
        None
    } else if holds(chain) {
        Some("it only wraps the one before it")
    } else if exception.is_suppressed {
        Some("it was suppressed meanwhile")
    } else if wrapper::is_diagnostic(&exception.ty) {
        Some("it only tells where, in which coroutine")
    } else {
        Some("of a group's members of one kind one counts")
    }
}

/// The newest exception, or the one it belongs to in the end; none for messages.
fn main_of(chain: &[ExceptionPart<'_>]) -> Option<usize> {
    let newest = chain.len().checked_sub(1)?;
    let mut at = newest;
    for _ in 0..chain.len() {
        let parent_id = chain[at].parent_id;
        let is_parent = |other: &usize| {
            *other != at && parent_id >= 0 && chain[*other].exception_id == parent_id
        };
        match (0..chain.len()).rev().find(is_parent) {
            Some(parent) => at = parent,
            None => return Some(at),
        }
    }
    // In a circle.
    Some(newest)
}

/// The newest of a chain that does more than wrap the one before it.
fn shown_of(chain: &[ExceptionPart<'_>]) -> Option<usize> {
    let newest = chain.len().checked_sub(1)?;
    let says = |at: &usize| *at == 0 || !wrapper::wraps(chain[*at], chain[*at - 1]);
    (0..=newest).rev().find(says)
}

fn is_group(chain: &[ExceptionPart<'_>], at: usize) -> bool {
    let exception = &chain[at];
    let made_for_it = || GROUP_TYPES.iter().any(|ty| exception.ty.ends_with(ty));
    exception.is_exception_group
        && children(chain, at).next().is_some()
        && (made_for_it() || children(chain, at).nth(1).is_some())
}

/// The exceptions that name this one as what holds them.
fn children(chain: &[ExceptionPart<'_>], at: usize) -> impl Iterator<Item = usize> {
    let id = chain[at].exception_id;
    let is_child = move |(other, child): (usize, &ExceptionPart<'_>)| {
        let belongs = id >= 0 && other != at && child.parent_id == id;
        (belongs && !child.is_suppressed).then_some(other)
    };
    chain.iter().enumerate().filter_map(is_child)
}

/// The members of a group that are no groups themselves.
fn members(chain: &[ExceptionPart<'_>], group: usize, seen: &mut [bool], found: &mut Vec<usize>) {
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
fn with_causes<'a>(chain: &[ExceptionPart<'a>], at: usize) -> Vec<ExceptionPart<'a>> {
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
        .map(|(_, (exception, _))| *exception)
        .collect();
    causes.push(chain[at]);
    causes
}
