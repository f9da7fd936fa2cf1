//! The tree of a query.
//!
//! Times are as they were written ("24 hours ago"), people and projects by the names that
//! were typed: what they are is told by [`crate::resolve`].

use event_model::{EventId, IssueId, Level};

use crate::{
    error::Span,
    expression::Expression,
    field::Field,
    pattern::Pattern,
    values::{state::State, time::When, version::VersionTest},
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// None: everything.
    pub root: Option<Expression<Term>>,
}

/// One condition.
#[derive(Debug, Clone)]
pub struct Term {
    /// Of what.
    pub field: Field,
    /// What must be.
    pub test: Test,
    /// Where it stands in the text, with its key.
    pub span: Span,
}

/// Where it stood does not matter.
impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.field == other.field && self.test == other.test
    }
}
impl Eq for Term {}

/// What a field must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It is there: `has:release`.
    Present,
    /// A text matches; of fields of words: holds it.
    Text(Pattern),
    /// How an issue stands.
    State(State),
    /// A level.
    Level(Bounds<Level>),
    /// A whole number.
    Number(Bounds<u64>),
    /// A time.
    Time(Bounds<When>),
    /// How long ago, seconds.
    Age(Bounds<u64>),
    /// A semantic version.
    Version(VersionTest),
    /// Somebody: "me", "none", an address, a name, or the number of a user.
    Person(String),
    /// A project, by name or number.
    Project(Pattern),
    /// Yes or no.
    Flag(bool),
    /// An event.
    Event(EventId),
    /// An issue.
    Issue(IssueId),
}

/// Values of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bounds<T> {
    /// This one.
    Equal(T),
    /// Those below.
    Less(T),
    /// This one and those below.
    AtMost(T),
    /// Those above.
    More(T),
    /// This one and those above.
    AtLeast(T),
    /// From the first to the second, both included.
    Between(T, T),
}

impl<T> Bounds<T> {
    /// The same over something else.
    pub fn try_map<U, E>(self, mut change: impl FnMut(T) -> Result<U, E>) -> Result<Bounds<U>, E> {
        Ok(match self {
            Self::Equal(value) => Bounds::Equal(change(value)?),
            Self::Less(value) => Bounds::Less(change(value)?),
            Self::AtMost(value) => Bounds::AtMost(change(value)?),
            Self::More(value) => Bounds::More(change(value)?),
            Self::AtLeast(value) => Bounds::AtLeast(change(value)?),
            Self::Between(from, to) => Bounds::Between(change(from)?, change(to)?),
        })
    }
}

impl<T: Ord> Bounds<T> {
    /// Whether a value is among them.
    pub fn has(&self, value: &T) -> bool {
        match self {
            Self::Equal(bound) => value == bound,
            Self::Less(bound) => value < bound,
            Self::AtMost(bound) => value <= bound,
            Self::More(bound) => value > bound,
            Self::AtLeast(bound) => value >= bound,
            Self::Between(from, to) => value >= from && value <= to,
        }
    }
}
