//! What rules say of the frames of a stack.

use event_model::head::{ArchivedFrameHeadV1, ExceptionPart, WholeHead};

use super::{Budget, FingerprintTo, Rule};
use crate::Algorithm;

/// Frames of a stack that stack rules look at, the newest; clients send far fewer.
const FRAMES_MAX: usize = 2_000;

/// Which frames an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// The one that matched.
    This,
    /// `^`: those it called, towards where it broke.
    Newer,
    /// `v`: those that led to it.
    Older,
}

/// What is done with a frame or with its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// `+app`, `-app`
    InApp(Range, bool),
    /// `+group`, `-group`, `ignore`
    Group(Range, bool),
    /// `+prefix`: says too little without what called it.
    Prefix,
    /// `+sentinel`: the stack counts from here on; what led here does not.
    Sentinel,
    /// `max-frames=N`: so many of the newest that count.
    FramesMax(u32),
    /// `min-frames=N`: fewer do not count.
    FramesMin(u32),
}

/// What rules say of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) in_app: Option<bool>,
    pub(crate) group: Option<bool>,
    pub(crate) is_prefix: bool,
    pub(crate) is_sentinel: bool,
    /// The line of the rule that spoke last; 0: none.
    pub(crate) line: u32,
}

/// What rules say of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// One a frame; empty if no rule spoke.
    frames: Vec<Mark>,
    pub(crate) frames_max: Option<u32>,
    pub(crate) frames_min: Option<u32>,
}

/// Frames with what rules say of them.
#[derive(Clone, Copy)]
pub(crate) struct Stack<'a> {
    pub(crate) frames: &'a [ArchivedFrameHeadV1],
    pub(crate) marks: Option<&'a Marks>,
    pub(crate) algorithm: Algorithm,
}

impl<'a> Stack<'a> {
    /// Without rules.
    pub(crate) fn bare(frames: &'a [ArchivedFrameHeadV1], algorithm: Algorithm) -> Self {
        Self {
            frames,
            marks: None,
            algorithm,
        }
    }

    #[inline]
    pub(crate) fn mark(&self, at: usize) -> Mark {
        let mark = self.marks.and_then(|marks| marks.frames.get(at));
        mark.copied().unwrap_or_default()
    }

    /// Whether a frame is the application's own.
    #[inline]
    pub(crate) fn in_app(&self, at: usize) -> bool {
        let told = self.mark(at).in_app;
        told.unwrap_or_else(|| self.frames.get(at).is_some_and(|frame| frame.in_app))
    }

    /// Each frame with its place.
    pub(crate) fn places(
        &self,
    ) -> impl DoubleEndedIterator<Item = (usize, &'a ArchivedFrameHeadV1)> + Clone + use<'a> {
        self.frames.iter().enumerate()
    }
}

/// What rules say of an event.
#[derive(Debug, Default)]
pub(crate) struct Judged<'r> {
    /// What groups it.
    pub(crate) algorithm: Algorithm,
    /// By exception, then the thread's.
    stacks: Vec<Marks>,
    pub(crate) fingerprint: Option<&'r Rule<FingerprintTo>>,
    /// There were more rules than may be asked of one event.
    pub(crate) is_cut_short: bool,
    /// The lines of stack rules that hold of a frame, once a stack.
    pub(crate) spoke: Vec<u32>,
    /// Steps that it took.
    pub(crate) steps: u64,
}

impl Judged<'_> {
    /// An exception's stack.
    pub(crate) fn of<'a>(
        &'a self,
        head: &WholeHead<'_>,
        exception: ExceptionPart<'a>,
    ) -> Stack<'a> {
        let mut all = head.exceptions();
        let marks = if self.stacks.is_empty() {
            None
        } else {
            let at = all.position(|other| other.is(exception));
            at.and_then(|at| self.stacks.get(at))
        };
        Stack {
            frames: exception.frames(),
            marks,
            algorithm: self.algorithm,
        }
    }

    /// The thread's stack.
    pub(crate) fn of_thread<'a>(&'a self, head: &'a WholeHead<'a>) -> Stack<'a> {
        Stack {
            frames: head.thread_frames(),
            marks: self.stacks.last(),
            algorithm: self.algorithm,
        }
    }

    /// All stacks.
    pub(super) fn stacks<'a>(&'a self, head: &'a WholeHead<'a>) -> impl Iterator<Item = Stack<'a>> {
        let of_exceptions = head.exceptions().map(|e| self.of(head, e));
        of_exceptions.chain([self.of_thread(head)])
    }
}

/// Applies all stack rules to all stacks.
pub(super) fn judge<'r>(
    rules: &[Rule<Vec<Action>>],
    head: &WholeHead<'_>,
    budget: &mut Budget,
) -> Judged<'r> {
    let mut judged = Judged::default();
    if rules.is_empty() {
        return judged;
    }
    let mut holding = Vec::new();
    for rule in rules {
        if budget.left == 0 {
            break;
        }
        if rule.holds_of_event(head, budget) {
            holding.push(rule);
        }
    }
    let stacks = head.exceptions().map(ExceptionPart::frames);
    for frames in stacks.chain([head.thread_frames()]) {
        let mut marks = Marks {
            frames: vec![Mark::default(); frames.len()],
            ..Marks::default()
        };
        for rule in &holding {
            if budget.left == 0 {
                break;
            }
            if apply(rule, frames, &mut marks, budget) {
                judged.spoke.push(rule.line);
            }
        }
        judged.stacks.push(marks);
    }
    judged
}

/// Whether the rule holds of any frame.
fn apply(
    rule: &Rule<Vec<Action>>,
    frames: &[ArchivedFrameHeadV1],
    marks: &mut Marks,
    budget: &mut Budget,
) -> bool {
    let from = frames.len().saturating_sub(FRAMES_MAX);
    let matching = |marks: &Marks, at: usize, budget: &mut Budget| {
        let stack = Stack {
            frames,
            marks: Some(marks),
            // Rules ask what is called how, which is one in all versions.
            algorithm: Algorithm::NEWEST,
        };
        rule.holds_of_frame(stack, at, budget)
    };
    // The oldest and the newest that match: ranges need no others.
    let (mut oldest, mut newest) = (None, None);
    for at in from..frames.len() {
        if !matching(marks, at, budget) {
            continue;
        }
        oldest.get_or_insert(at);
        newest = Some(at);
        for action in &rule.then {
            let mark = &mut marks.frames[at];
            match action {
                Action::InApp(Range::This, is) => mark.in_app = Some(*is),
                Action::Group(Range::This, is) => mark.group = Some(*is),
                Action::Prefix => mark.is_prefix = true,
                Action::Sentinel => mark.is_sentinel = true,
                Action::FramesMax(most) => marks.frames_max = Some(*most),
                Action::FramesMin(least) => marks.frames_min = Some(*least),
                Action::InApp(..) | Action::Group(..) => continue,
            }
            marks.frames[at].line = rule.line;
        }
    }
    let (Some(oldest), Some(newest)) = (oldest, newest) else {
        return false;
    };
    for action in &rule.then {
        let range = match action {
            Action::InApp(Range::Newer, _) | Action::Group(Range::Newer, _) => {
                oldest + 1..frames.len()
            }
            Action::InApp(Range::Older, _) | Action::Group(Range::Older, _) => 0..newest,
            _ => continue,
        };
        for mark in &mut marks.frames[range] {
            match action {
                Action::InApp(_, is) => mark.in_app = Some(*is),
                Action::Group(_, is) => mark.group = Some(*is),
                _ => {}
            }
            mark.line = rule.line;
        }
    }
    true
}
