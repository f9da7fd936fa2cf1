//! What merges issues or takes fingerprints out of one.
//!
//! Invariant: it names fingerprints by their id and says of each issue it makes how it
//! stands; what their events count is already in the database, so its size and its time are
//! those of the mapping.

use event_model::{IssueId, Position, ProjectId};

use super::Stand;

/// Each issue at most once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Regroup {
    /// Of the record that decides it.
    pub changed: Position,
    /// Issues that are no more, and how they stood: kept with the fingerprint of their id
    /// until that is taken out.
    pub gone: Vec<(IssueId, Stand)>,
    /// Issues that are made anew of these fingerprints.
    pub wholes: Vec<Whole>,
    /// How others stand from now on.
    pub stands: Vec<(IssueId, Stand)>,
}

/// An issue and all that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Which.
    pub id: IssueId,
    /// Whose.
    pub project_id: ProjectId,
    /// Ids of its fingerprints.
    pub fingerprints: Vec<IssueId>,
    /// How it stands from now on.
    pub stand: Stand,
}
