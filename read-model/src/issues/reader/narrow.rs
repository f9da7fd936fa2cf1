//! A filter narrowed by a query.
//!
//! What lists can be filtered by without one (statuses, levels, words, who looks after it) is
//! lifted out of a query where it must hold as a whole, so that the indexes serve it. The
//! first environment and the first release that must hold become the scope: an event must
//! be of both, and the numbers of the list are counted within them. The rest is compiled by
//! [`super::asked`].

use event_model::IssueStatus;
use search_language::{Expression, Field, Key, Known, Leaf, State};

use super::list::IssueFilter;

impl IssueFilter {
    /// Narrows it to what a query asks, too; once.
    #[must_use]
    pub fn and(mut self, asked: Expression<Leaf>) -> Self {
        let mut rest = Vec::new();
        for part in asked.into_parts() {
            rest.extend(lift(&mut self, part));
        }
        self.asked = (!rest.is_empty()).then(|| Expression::and(rest));
        self
    }
}

/// Puts what must hold into the filter's own fields, if there is one for it; else gives it
/// back.
fn lift(filter: &mut IssueFilter, part: Expression<Leaf>) -> Option<Expression<Leaf>> {
    if let Some(statuses) = statuses_of(&part) {
        return common(&mut filter.statuses, statuses);
    }
    let leaf = match part {
        Expression::Term(leaf) => leaf,
        other => return Some(other),
    };
    match (&leaf.field, &leaf.test) {
        (Field::Any, Known::Text(pattern)) if pattern.wildcards() == 0 => {
            filter.words.extend(pattern.as_literal().map(str::to_owned));
            return None;
        }
        (Field::Known(Key::Level), Known::Levels(levels)) => {
            return common(&mut filter.levels, levels.clone());
        }
        (Field::Known(_), Known::State(State::New)) => filter.is_new = true,
        (Field::Known(_), Known::State(State::Regressed)) => filter.is_regressed = true,
        (Field::Known(Key::Assigned), Known::People(people)) => match people.as_slice() {
            [] => filter.unassigned = true,
            [one] if filter.assignee.is_none() => filter.assignee = Some(*one),
            _ => return Some(Expression::Term(leaf)),
        },
        (Field::Known(Key::Environment), Known::Text(pattern)) => {
            let name = pattern.as_literal();
            if !scoped(&mut filter.scope.environment, name) {
                return Some(Expression::Term(leaf));
            }
        }
        (Field::Known(Key::Release), Known::Text(pattern)) => {
            let name = pattern.as_literal();
            if !scoped(&mut filter.scope.release, name) {
                return Some(Expression::Term(leaf));
            }
        }
        _ => return Some(Expression::Term(leaf)),
    }
    None
}

/// Whether the scope is now this name and no other.
fn scoped(scope: &mut String, name: Option<&str>) -> bool {
    let Some(name) = name else {
        return false;
    };
    if scope.is_empty() {
        name.clone_into(scope);
    }
    scope == name
}

/// Leaves what is in both lists, an empty one being all; what never holds if that is nothing.
fn common<T: PartialEq>(given: &mut Vec<T>, asked: Vec<T>) -> Option<Expression<Leaf>> {
    if given.is_empty() {
        *given = asked;
    } else {
        given.retain(|each| asked.contains(each));
    }
    given.is_empty().then(|| Expression::Or(Vec::new()))
}

/// The statuses that a part asks for, if it asks for nothing else.
fn statuses_of(part: &Expression<Leaf>) -> Option<Vec<IssueStatus>> {
    let of = |part: &Expression<Leaf>| match part {
        Expression::Term(Leaf {
            test: Known::State(State::Status(status)),
            ..
        }) => Some(*status),
        _ => None,
    };
    match part {
        Expression::Or(parts) if !parts.is_empty() => parts.iter().map(of).collect(),
        one => of(one).map(|status| vec![status]),
    }
}
