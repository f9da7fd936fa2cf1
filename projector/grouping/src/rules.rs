//! A project's own rules of grouping, in a text of lines.
//!
//! ```text
//! # A fingerprint and a title for what matches.
//! error.type:DatabaseDown tags.region:eu* -> database-down title="The database is down"
//! !release:dev-* stack.module:shop.pay.** -> pay, {{ error.type }}
//! # What of a stack counts.
//! stack.path:**/generated/** -app -group
//! [ stack.function:handle* ] | stack.function:log_* ^-group
//! family:javascript stack.function:retry max-frames=3
//! ```
//!
//! A line is matchers, all of which must hold, then `->` and a fingerprint or the actions on
//! a stack. Matchers of frames hold of one and the same frame, `[ … ] |` before them of
//! its caller, `| [ … ]` behind them of what it called. The first fingerprint rule that
//! holds decides; of stack rules all are applied in their order, the last word counts.
//!
//! Invariant: pure; `parse` is total. What rules cost an event is bounded by [`STEPS_MAX`],
//! counted, not timed: whatever the rules, the same event has the same result anywhere.

mod glob;
mod matcher;
mod parse;
mod reads;
mod spelling;
mod stack;
pub mod tokens;
mod words;

use event_model::head::WholeHead;

pub use parse::RuleError;

pub(crate) use reads::Reads;
pub(crate) use stack::{Judged, Stack};

use matcher::{Matcher, Sibling};

/// Most rules of a text.
pub const RULES_MAX: usize = 10_000;
/// Longest text, bytes.
pub const RULES_BYTES_MAX: usize = 1 << 20;
/// What all rules together may cost an event: comparisons of a character or of a matcher.
/// Rules that are not reached do not hold, and an explanation says so.
pub const STEPS_MAX: u64 = 1_000_000;

/// Rules, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    fingerprints: Vec<Rule<FingerprintTo>>,
    stacks: Vec<Rule<Vec<stack::Action>>>,
    reads: Reads,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule<T> {
    /// 1-based.
    pub(crate) line: u32,
    /// As it was written.
    pub(crate) text: String,
    of_event: Vec<Matcher>,
    of_frame: Vec<Matcher>,
    sibling: Option<(Sibling, Vec<Matcher>)>,
    pub(crate) then: T,
}

/// What a fingerprint rule makes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FingerprintTo {
    /// Entries, as a client would send them.
    pub(crate) entries: Vec<String>,
    /// With variables; empty: none.
    pub(crate) title: String,
}

/// Which rules hold of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matched {
    /// The lines of stack rules that hold of a frame, then that of the fingerprint rule
    /// that decides; from 1.
    pub lines: Vec<u32>,
    /// There were more rules than may be asked of one event.
    pub is_cut_short: bool,
    /// Comparisons that it took.
    pub steps: u64,
}

/// What may still be spent on an event.
pub(crate) struct Budget {
    pub(crate) left: u64,
}

impl Budget {
    fn new() -> Self {
        Self { left: STEPS_MAX }
    }

    /// Whether a step may still be made.
    fn step(&mut self) -> bool {
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}

impl Rules {
    /// Reads rules.
    ///
    /// # Errors
    ///
    /// All lines that cannot be read, each with its place and, if there is one, a suggestion.
    pub fn parse(text: &str) -> Result<Self, Vec<RuleError>> {
        parse::rules(text)
    }

    /// These and then others, whose lines are counted behind `lines` of them.
    #[must_use]
    pub fn followed_by(&self, others: &Self, lines: u32) -> Self {
        let mut all = self.clone();
        let behind = |line: u32| line.saturating_add(lines);
        all.fingerprints
            .extend(others.fingerprints.iter().map(|rule| Rule {
                line: behind(rule.line),
                ..rule.clone()
            }));
        all.stacks.extend(others.stacks.iter().map(|rule| Rule {
            line: behind(rule.line),
            ..rule.clone()
        }));
        all.reads = Reads::of(&all);
        all
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty() && self.stacks.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.fingerprints.len() + self.stacks.len()
    }

    /// What they ask of an event besides its stack.
    pub(crate) fn reads(&self) -> &Reads {
        &self.reads
    }

    /// The place of a fingerprint rule of theirs.
    pub(crate) fn place_of(&self, rule: &Rule<FingerprintTo>) -> Option<usize> {
        let mut all = self.fingerprints.iter();
        all.position(|other| std::ptr::eq(other, rule))
    }

    /// The fingerprint rule of this place.
    pub(crate) fn fingerprint_at(&self, place: usize) -> Option<&Rule<FingerprintTo>> {
        self.fingerprints.get(place)
    }

    /// Which of them hold of an event.
    pub(crate) fn matched(&self, head: &WholeHead<'_>) -> Matched {
        let judged = self.judge(head);
        let mut lines = judged.spoke;
        lines.sort_unstable();
        lines.dedup();
        lines.extend(judged.fingerprint.map(|rule| rule.line));
        Matched {
            lines,
            is_cut_short: judged.is_cut_short,
            steps: judged.steps,
        }
    }

    /// The line of each rule, as it was written.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        let fingerprints = self.fingerprints.iter();
        let stacks = self.stacks.iter();
        fingerprints
            .map(|rule| (rule.line, &*rule.text))
            .chain(stacks.map(|rule| (rule.line, &*rule.text)))
    }

    /// What the rules say of an event's frames, and which fingerprint rule holds.
    pub(crate) fn judge<'r>(&'r self, head: &WholeHead<'_>) -> Judged<'r> {
        if self.is_empty() {
            return Judged::default();
        }
        let mut budget = Budget::new();
        let mut judged = stack::judge(&self.stacks, head, &mut budget);
        judged.fingerprint = self
            .fingerprints
            .iter()
            .find(|rule| holds(rule, head, &judged, &mut budget));
        judged.is_cut_short = budget.left == 0;
        judged.steps = STEPS_MAX - budget.left;
        judged
    }
}

/// Whether a fingerprint rule holds.
fn holds(
    rule: &Rule<FingerprintTo>,
    head: &WholeHead<'_>,
    judged: &Judged<'_>,
    budget: &mut Budget,
) -> bool {
    if !rule.holds_of_event(head, budget) {
        return false;
    }
    if rule.of_frame.is_empty() && rule.sibling.is_none() {
        return true;
    }
    judged
        .stacks(head)
        .any(|stack| (0..stack.frames.len()).any(|at| rule.holds_of_frame(stack, at, budget)))
}

impl<T> Rule<T> {
    fn holds_of_event(&self, head: &WholeHead<'_>, budget: &mut Budget) -> bool {
        self.of_event.iter().all(|m| m.holds_of_event(head, budget))
    }

    fn holds_of_frame(&self, stack: Stack<'_>, at: usize, budget: &mut Budget) -> bool {
        let mut all = |matchers: &[Matcher], at: usize| {
            let frame = stack.frames.get(at);
            frame.is_some_and(|frame| {
                let in_app = stack.in_app(at);
                let mut holds = |m: &Matcher| m.holds_of_frame(frame, in_app, budget);
                matchers.iter().all(&mut holds)
            })
        };
        let holds = all(&self.of_frame, at);
        holds
            && match &self.sibling {
                None => true,
                Some((Sibling::Caller, matchers)) => at > 0 && all(matchers, at - 1),
                Some((Sibling::Callee, matchers)) => all(matchers, at + 1),
            }
    }
}

#[cfg(test)]
mod tests;
