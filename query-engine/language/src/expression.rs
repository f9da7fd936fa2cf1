//! AND, OR and NOT over something.
//!
//! Invariant of those made by the functions here: no AND stands right within an AND, no OR
//! within an OR, no NOT within a NOT; AND and OR have two parts at least. So two trees that
//! are written alike are alike.

/// Terms, composed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expression<T> {
    /// All hold; of none: everything passes.
    And(Vec<Self>),
    /// One holds at least; of none: nothing passes.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A term.
    Term(T),
}

impl<T> Expression<T> {
    /// All of these.
    pub fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::And(inner) => all.extend(inner),
                other => all.push(other),
            }
        }
        match all.pop() {
            Some(only) if all.is_empty() => only,
            Some(last) => {
                all.push(last);
                Self::And(all)
            }
            None => Self::And(all),
        }
    }

    /// One of these at least.
    pub fn or(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::Or(inner) => all.extend(inner),
                other => all.push(other),
            }
        }
        match all.pop() {
            Some(only) if all.is_empty() => only,
            Some(last) => {
                all.push(last);
                Self::Or(all)
            }
            None => Self::Or(all),
        }
    }

    /// Not this.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a word of the language")]
    pub fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// What must all hold, each: the parts of an AND, else the whole.
    pub fn into_parts(self) -> Vec<Self> {
        match self {
            Self::And(parts) => parts,
            other => vec![other],
        }
    }

    /// The same over something else.
    pub fn try_map<U, E>(
        self,
        change: &mut impl FnMut(T) -> Result<Expression<U>, E>,
    ) -> Result<Expression<U>, E> {
        Ok(match self {
            Self::And(parts) => Expression::And(
                parts
                    .into_iter()
                    .map(|part| part.try_map(change))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Or(parts) => Expression::Or(
                parts
                    .into_iter()
                    .map(|part| part.try_map(change))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Not(inner) => Expression::Not(Box::new(inner.try_map(change)?)),
            Self::Term(term) => change(term)?,
        })
    }

    /// Each term, in the order of the text.
    pub fn for_each<'e>(&'e self, see: &mut impl FnMut(&'e T)) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.for_each(see);
                }
            }
            Self::Not(inner) => inner.for_each(see),
            Self::Term(term) => see(term),
        }
    }

    /// Whether all terms are so.
    pub fn all(&self, mut is: impl FnMut(&T) -> bool) -> bool {
        let mut all = true;
        self.for_each(&mut |term| all &= is(term));
        all
    }

    /// Whether it holds, given which terms do.
    pub fn holds(&self, term: &mut impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(term)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(term)),
            Self::Not(inner) => !inner.holds(term),
            Self::Term(each) => term(each),
        }
    }
}
