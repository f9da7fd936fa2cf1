//! How an issue stands: the values of `is:`.

use event_model::IssueStatus;

/// What `is:` may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Its status.
    Status(IssueStatus),
    /// Its first event is within the list's range.
    New,
    /// It came back within the list's range.
    Regressed,
    /// It grows faster than before.
    Escalating,
    /// Somebody looks after it.
    Assigned,
    /// Nobody does.
    Unassigned,
    /// Its events to come are turned away.
    Discarded,
    /// It is made of several fingerprints.
    Merged,
}

impl State {
    /// All of them with their words.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Status(IssueStatus::Unresolved), "unresolved"),
        (Self::Status(IssueStatus::Resolved), "resolved"),
        (Self::Status(IssueStatus::Ignored), "ignored"),
        (Self::New, "new"),
        (Self::Regressed, "regressed"),
        (Self::Escalating, "escalating"),
        (Self::Assigned, "assigned"),
        (Self::Unassigned, "unassigned"),
        (Self::Discarded, "discarded"),
        (Self::Merged, "merged"),
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        let row = Self::ALL.iter().find(|(state, _)| *state == self);
        row.map_or("", |(_, name)| name)
    }
}

/// The state of a word in any case.
pub(crate) fn read(text: &str) -> Option<State> {
    let mut all = State::ALL.into_iter();
    all.find(|(_, name)| name.eq_ignore_ascii_case(text))
        .map(|(state, _)| state)
}
