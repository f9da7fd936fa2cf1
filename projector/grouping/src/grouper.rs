//! The way in: one call an event, whose result all consumers share.

use std::sync::Arc;

use event_model::{Fingerprint, head::ArchivedHead};

use crate::{Apart, Explanation, Rules, explain, fingerprint, rules::Judged, title, variables};

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
#[derive(Debug, Clone, Default)]
pub struct Grouper {
    rules: Arc<Rules>,
}

impl Grouper {
    /// Without rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a project's own rules.
    pub fn with_rules(rules: Arc<Rules>) -> Self {
        Self { rules }
    }

    /// All that is made of an event.
    pub fn group(&self, head: &ArchivedHead) -> Group {
        let judged = self.rules.judge(head);
        Group {
            fingerprint: fingerprint::fingerprint(head, &judged),
            headline: headline(head, &judged),
        }
    }

    /// The identity of an event's issue alone: for the fold, which shows only the
    /// newest event of a batch.
    pub fn fingerprint(&self, head: &ArchivedHead) -> Fingerprint {
        fingerprint::fingerprint(head, &self.rules.judge(head))
    }

    /// What of an event counts and what does not, and why.
    pub fn explain(&self, head: &ArchivedHead) -> Explanation {
        Explanation::of(fingerprint::explained(head, &self.rules.judge(head)))
    }

    /// Why two events are not in one issue; none if they are.
    pub fn why_apart(&self, a: &ArchivedHead, b: &ArchivedHead) -> Option<Apart> {
        explain::why_apart(&self.explain(a), &self.explain(b))
    }

    /// How an event is shown.
    pub fn headline(&self, head: &ArchivedHead) -> Headline {
        headline(head, &self.rules.judge(head))
    }
}

/// As an event is shown, with the title that a rule gives.
fn headline(head: &ArchivedHead, judged: &Judged<'_>) -> Headline {
    let mut headline = title::headline(head);
    let title = judged.fingerprint.map_or("", |rule| &rule.then.title);
    if !title.is_empty() {
        let filled = variables::filled(title, head);
        title::clip(&filled, title::TITLE_CHARS_MAX).clone_into(&mut headline.title);
    }
    headline
}
