//! The way in: one call an event, whose result all consumers share.

use event_model::{Fingerprint, head::ArchivedHead};

use crate::{fingerprint, title};

/// How an issue is shown: taken from one of its events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headline {
    /// "Type: first line of the value".
    pub title: String,
    /// Where it broke; empty if nothing tells.
    pub culprit: String,
    /// The exception's type; empty for messages.
    pub ty: String,
    /// First line of the exception's value.
    pub value: String,
}

/// What grouping makes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The identity of its issue.
    pub fingerprint: Fingerprint,
    /// How it is shown.
    pub headline: Headline,
}

/// Groups events.
#[derive(Debug, Clone, Copy, Default)]
pub struct Grouper;

impl Grouper {
    /// By the newest algorithm.
    pub fn new() -> Self {
        Self
    }

    /// All that is made of an event.
    pub fn group(&self, head: &ArchivedHead) -> Group {
        Group {
            fingerprint: self.fingerprint(head),
            headline: self.headline(head),
        }
    }

    /// The identity of an event's issue alone: for the fold, which shows only the
    /// newest event of a batch.
    pub fn fingerprint(&self, head: &ArchivedHead) -> Fingerprint {
        fingerprint::fingerprint(head)
    }

    /// How an event is shown.
    pub fn headline(&self, head: &ArchivedHead) -> Headline {
        title::headline(head)
    }
}
