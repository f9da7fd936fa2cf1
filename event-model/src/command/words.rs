//! The words of decisions: who decides, what a role or a token may, states and
//! reasons.
//!
//! Invariant: part of the stored form of [`super::Command`], so what its doc says of
//! changes holds here too.

use rkyv::{Archive, Deserialize, Serialize};

use crate::{IssueId, ProjectId, UserId};

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Actor {
    /// Errata itself (first start, repair of markers).
    System = 1,
    /// The command line on the host.
    Admin = 2,
    /// A signed-in person or a token with that person's rights.
    User(UserId) = 3,
    /// The alerter.
    Alerter = 4,
}

/// What a person may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, and changes issues.
    Member = 1,
    /// Also projects, keys, users.
    Owner = 2,
}

/// Which projects somebody sees.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Hash, Archive, Serialize, Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Sight {
    /// All there are and will be.
    #[default]
    All = 1,
    /// These alone, ascending, each once: [`Self::only`]. An empty list: none.
    Only(Vec<ProjectId>) = 2,
}

impl Sight {
    /// Nothing at all.
    pub const NOTHING: Self = Self::Only(Vec::new());

    /// These alone.
    pub fn only(projects: impl IntoIterator<Item = ProjectId>) -> Self {
        let mut projects: Vec<ProjectId> = projects.into_iter().collect();
        projects.sort_unstable();
        projects.dedup();
        Self::Only(projects)
    }

    /// Whether it takes in this project.
    pub fn has(&self, project: ProjectId) -> bool {
        match self {
            Self::All => true,
            Self::Only(projects) => projects.binary_search(&project).is_ok(),
        }
    }

    /// What both take in.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, one) | (one, Self::All) => one.clone(),
            (Self::Only(projects), other) => {
                let both = projects.iter().copied().filter(|id| other.has(*id));
                Self::Only(both.collect())
            }
        }
    }
}

/// Where an issue stands.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum IssueStatus {
    /// Needs someone.
    Unresolved = 1,
    /// Mended; a new event is a regression.
    Resolved = 2,
    /// Not worth anyone's time; counts, does not alert.
    Ignored = 3,
}

impl IssueStatus {
    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Resolved => "resolved",
            Self::Ignored => "ignored",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unresolved, Self::Resolved, Self::Ignored]
            .into_iter()
            .find(|s| s.name() == name)
    }
}

/// Where a notification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// About to be sent.
    Sending = 1,
    /// The channel took it.
    Sent = 2,
    /// Given up.
    Failed = 3,
    /// Not sent: told with something newer, or no longer true.
    Suppressed = 4,
    /// Waits for the end of a limit.
    Held = 5,
}

impl DeliveryState {
    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
            Self::Held => "held",
        }
    }
}

/// One step in the life of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct DeliveryStep {
    /// Hash of (transition, rule, channel).
    #[serde(serialize_with = "crate::id::hex")]
    pub notification_id: [u8; 16],
    /// The transition it tells of: a packed [`crate::Position`].
    pub transition_position: u64,
    /// The issue it tells of.
    pub issue_id: IssueId,
    /// "new_issue", "regression", "digest".
    pub rule: String,
    /// "email".
    pub channel: String,
    /// Where to.
    pub target: String,
    /// The step.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// The last attempt's error, or why it was not sent; empty: none.
    pub error: String,
    /// Unix nanoseconds, alerter's clock.
    pub at_ns: i64,
}

/// Why the oldest records of the events log go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// They are older than they are to be kept.
    Age = 1,
    /// The log takes more space than it may.
    Size = 2,
    /// The disk was about to be full.
    Space = 3,
}

/// A consumer that had not read all of what goes, and is no longer waited for.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct OverruledCursor {
    /// Its name.
    pub cursor: String,
    /// The packed [`crate::Position`] it wanted next.
    pub position: u64,
}

/// An issue that is not wanted, and the stacks it is known by at the door.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct DiscardedIssue {
    /// Which.
    pub id: IssueId,
    /// Whose.
    pub project_id: ProjectId,
    /// [`crate::stack_hash`] of events of it; may be empty: then its events are stored
    /// all the same, and the projection counts them as turned away.
    pub stacks: Vec<u64>,
}

/// What an API token may do of what its user may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Reads only.
    Read = 1,
    /// All that its user may.
    Full = 2,
}

/// A one-time link to set a password, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct LinkSecret {
    /// SHA-256 of the link's secret.
    #[serde(skip)]
    pub sha256: [u8; 32],
    /// Unix nanoseconds.
    pub expires_ns: i64,
}
