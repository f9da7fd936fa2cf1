//! The way in: one call an event, whose result all consumers share.

use std::sync::Arc;

use event_model::{Fingerprint, head::WholeHead};

use crate::{
    Algorithm, Apart, Explanation, Matched, Profile, Rules, explain, fingerprint,
    rules::{FingerprintTo, Judged, Rule},
    similar::sketch::{self, PLACES},
    title, variables,
};

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

/// The identity of an event's issue, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The identity of its issue.
    pub fingerprint: Fingerprint,
    /// There were more rules than may be asked of one event.
    pub is_cut_short: bool,
}

/// Groups events. Two that are equal make the same of each event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grouper {
    rules: Arc<Rules>,
    algorithm: Algorithm,
}

impl Grouper {
    /// With a project's own rules, by this version of the algorithm.
    pub fn new(rules: Arc<Rules>, algorithm: Algorithm) -> Self {
        Self { rules, algorithm }
    }

    /// Without rules, by the newest version.
    pub fn standard() -> Self {
        Self::default()
    }

    /// With a project's own rules, by the newest version.
    pub fn with_rules(rules: Arc<Rules>) -> Self {
        Self::new(rules, Algorithm::NEWEST)
    }

    /// The same rules by another version.
    #[must_use]
    pub fn by(&self, algorithm: Algorithm) -> Self {
        Self::new(Arc::clone(&self.rules), algorithm)
    }

    /// The version of the algorithm that it groups by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The rules that it groups by.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// What the rules say of an event, for this version.
    pub(crate) fn judge(&self, head: &WholeHead<'_>) -> Judged<'_> {
        let mut judged = self.rules.judge(head);
        judged.algorithm = self.algorithm;
        judged
    }

    /// All that is made of an event.
    pub fn group(&self, head: WholeHead<'_>) -> Group {
        let (head, judged) = (&head, self.judge(&head));
        Group {
            fingerprint: fingerprint::fingerprint(head, &judged),
            headline: headline(head, &judged),
        }
    }

    /// The identity of an event's issue alone: for the fold, which shows only the
    /// newest event of a batch.
    pub fn fingerprint(&self, head: WholeHead<'_>) -> Fingerprint {
        fingerprint::fingerprint(&head, &self.judge(&head))
    }

    /// The same, and whether all rules could be asked.
    pub fn place(&self, head: WholeHead<'_>) -> Placed {
        let judged = self.judge(&head);
        Placed {
            fingerprint: fingerprint::fingerprint(&head, &judged),
            is_cut_short: judged.is_cut_short,
        }
    }

    /// How many rules it has.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// What of an event counts and what does not, and why.
    pub fn explain(&self, head: WholeHead<'_>) -> Explanation {
        Explanation::of(fingerprint::explained(&head, &self.judge(&head)))
    }

    /// Why two events are not in one issue; none if they are.
    pub fn why_apart(&self, a: WholeHead<'_>, b: WholeHead<'_>) -> Option<Apart> {
        explain::why_apart(&self.explain(a), &self.explain(b))
    }

    /// Which rules hold of an event.
    pub fn matched(&self, head: WholeHead<'_>) -> Matched {
        self.rules.matched(&head)
    }

    /// What of an event may be compared with others.
    pub fn profile(&self, head: WholeHead<'_>) -> Profile {
        Profile::of(&head, &self.judge(&head))
    }

    /// What stands for an event where those alike are looked for: two events have about the
    /// share of equal numbers that [`Profile::score`] tells. None if it says nothing.
    pub fn sketch(&self, head: WholeHead<'_>) -> Option<[u16; PLACES]> {
        sketch::of(&self.profile(head))
    }

    /// How an event is shown.
    pub fn headline(&self, head: WholeHead<'_>) -> Headline {
        headline(&head, &self.judge(&head))
    }
}

/// As an event is shown, with the title that a rule gives.
fn headline(head: &WholeHead<'_>, judged: &Judged<'_>) -> Headline {
    titled(title::headline(head), judged.fingerprint, head)
}

/// A headline with the title that a rule gives.
pub(crate) fn titled(
    mut headline: Headline,
    rule: Option<&Rule<FingerprintTo>>,
    head: &WholeHead<'_>,
) -> Headline {
    let title = rule.map_or("", |rule| &rule.then.title);
    if !title.is_empty() {
        let filled = variables::filled(title, head);
        title::clip(&filled, title::TITLE_CHARS_MAX).clone_into(&mut headline.title);
    }
    headline
}
