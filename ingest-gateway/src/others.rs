//! What the gateway asks of other roles, as functions that the binary hands it: it knows
//! neither queries nor mail.
//!
//! Invariant: an answer only adds to what is recorded. What the events of an issue are
//! known by at the door may be incomplete: the projection judges every event by its issue
//! in any case, so nothing that was discarded comes back.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use event_model::{Fingerprint, IssueId, Position, ProjectId};
use proto::error::Refusal;

/// What a call to another role gives.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An issue, as the read model knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIssue {
    /// Which: the one that was asked for, or that it was merged into.
    pub id: IssueId,
    /// Whose.
    pub project_id: ProjectId,
    /// What it is made of; of very many some.
    pub fingerprints: Vec<Fingerprint>,
    /// Positions of events of it, newest first; a few of them.
    pub positions: Vec<Position>,
}

/// An issue that was asked for by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocatedIssue {
    /// As it was asked for.
    pub asked: IssueId,
    /// The issue that it leads to: itself, or the one that it was merged into.
    pub lead: IssueId,
    /// Whose.
    pub project_id: ProjectId,
    /// Position of that issue's first event.
    pub opened: Position,
    /// Fingerprints of that issue.
    pub fingerprints: u32,
}

/// Finds issues in the read model.
pub trait IssueLookup: Send + Sync + fmt::Debug {
    /// The issue; none: there is no such one. Fails with what the one who was asked
    /// answered, or that nobody could be.
    fn find(&self, id: IssueId) -> Answer<'_, Result<Option<KnownIssue>, Refusal>>;

    /// Which of these there are, whose they are, and where they lead. Fails as
    /// [`Self::find`].
    fn locate(&self, ids: Vec<IssueId>) -> Answer<'_, Result<Vec<LocatedIssue>, Refusal>>;
}

/// Knows how many events a project had.
pub trait History: Send + Sync + fmt::Debug {
    /// Events of each of `count` whole hours that end where the Unix hour `until_hour`
    /// begins, oldest first. Fails as [`IssueLookup::find`].
    fn hours(
        &self,
        project: ProjectId,
        until_hour: i64,
        count: i64,
    ) -> Answer<'_, Result<Vec<u64>, Refusal>>;
}

/// Sends mail.
pub trait TestMail: Send + Sync + fmt::Debug {
    /// Sends one to this address. Fails with what the mail server said.
    fn send_test(&self, to: String) -> Answer<'_, Result<(), String>>;
}

/// What of the others there is.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// The query role.
    pub issues: Option<Arc<dyn IssueLookup>>,
    /// The query role's counts.
    pub history: Option<Arc<dyn History>>,
    /// A mail server.
    pub mail: Option<Arc<dyn TestMail>>,
}
