//! What the gateway asks of other roles, as functions that the binary hands it: it knows
//! neither queries nor mail.
//!
//! Invariant: an answer only adds to what is recorded. What the events of an issue are
//! known by at the door may be incomplete: the projection judges every event by its issue
//! in any case, so nothing that was discarded comes back.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use event_model::{IssueId, Position, ProjectId};
use proto::error::Refusal;

/// What a call to another role gives.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An issue, as the read model knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIssue {
    /// Whose.
    pub project_id: ProjectId,
    /// Positions of events of it, newest first; a few of them.
    pub positions: Vec<Position>,
}

/// Finds issues in the read model.
pub trait IssueLookup: Send + Sync + fmt::Debug {
    /// The issue; none: there is no such one. Fails with what the one who was asked
    /// answered, or that nobody could be.
    fn find(&self, id: IssueId) -> Answer<'_, Result<Option<KnownIssue>, Refusal>>;

    /// Which of these there are, and whose they are. Fails as [`Self::find`].
    fn locate(&self, ids: Vec<IssueId>) -> Answer<'_, Result<Vec<(IssueId, ProjectId)>, Refusal>>;
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
    /// A mail server.
    pub mail: Option<Arc<dyn TestMail>>,
}
