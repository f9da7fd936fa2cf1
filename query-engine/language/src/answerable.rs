//! Whether a query can be answered where it was asked.

use crate::{
    error::QueryError,
    field::{Answer, Field, Key},
    query::{Query, Term, Test},
};

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Issues.
    Issues,
    /// Events.
    Events,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::Events => "events",
        }
    }
}

impl Query {
    /// Refuses what cannot be answered there, by name and place.
    pub fn check(&self, place: Place) -> Result<(), QueryError> {
        let mut refused = None;
        if let Some(root) = &self.root {
            root.for_each(&mut |term| {
                if refused.is_none() {
                    refused = refusal(term, place);
                }
            });
        }
        refused.map_or(Ok(()), Err)
    }
}

fn refusal(term: &Term, place: Place) -> Option<QueryError> {
    let refuse = |message: String| Some(QueryError::new(term.span, message));
    let name = term.field.name();
    let listed = place.name();
    if let Some(info) = term.field.info() {
        let answer = match place {
            Place::Issues => info.issues,
            Place::Events => info.events,
        };
        match answer {
            Answer::Stored | Answer::OfIssue | Answer::OfEvents => {}
            Answer::Never(instead) => {
                return refuse(format!("{name} is no field of {listed}: {instead}"));
            }
        }
    }
    let is_user = matches!(term.field, Field::Known(Key::User | Key::UserId));
    match &term.test {
        // Issues keep hashes of their users.
        Test::Text(pattern) if is_user && place == Place::Issues && pattern.wildcards() > 0 => {
            refuse(format!("{name} takes no wildcard in lists of issues"))
        }
        _ => None,
    }
}
