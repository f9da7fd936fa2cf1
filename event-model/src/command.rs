//! Commands: decisions by people, rules and the system, as they stand in the
//! control log.
//!
//! Invariant: a stored command never changes meaning. [`CommandV3`] is an rkyv
//! archive (small, read once, so it is deserialised rather than read in place); a
//! new field or a new decision is a new version with an up-conversion: an archived
//! enum is as large as its largest variant, and a release that does not know a
//! decision must find an opaque record, not a damaged one. A command is stored in the
//! oldest version that has words for it, so that the release before reads it. As JSON
//! (for `errata log dump` only) a command leaves out hashes of passwords, links and
//! tokens.

#[expect(missing_docs, reason = "frozen; the words are at version 3")]
pub mod v1;
#[expect(missing_docs, reason = "frozen; the words are at version 3")]
pub mod v2;

use rkyv::{Archive, Deserialize, Serialize, rancor};

use crate::{
    IssueId, ProjectId, PublicKey, TokenId, UserId,
    record::{RecordError, SCHEMA_COMMAND_V1, SCHEMA_COMMAND_V2, SCHEMA_COMMAND_V3},
    settings::{FiltersV1, ScrubbingV1},
};

/// The newest command.
pub type Command = CommandV3;
/// The newest decision.
pub type Decision = DecisionV3;

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Errata itself (first start, repair of markers).
    System,
    /// The command line on the host.
    Admin,
    /// A signed-in person or a token with that person's rights.
    User(UserId),
    /// The alerter.
    Alerter,
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
    Member,
    /// Also projects, keys, users.
    Owner,
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
    Unresolved,
    /// Mended; a new event is a regression.
    Resolved,
    /// Not worth anyone's time; counts, does not alert.
    Ignored,
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
    Sending,
    /// The channel took it.
    Sent,
    /// Given up.
    Failed,
    /// Not sent: told with something newer, or no longer true.
    Suppressed,
    /// Waits for the end of a limit.
    Held,
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
    Age,
    /// The log takes more space than it may.
    Size,
}

/// A consumer that had not read all of what goes, and is no longer waited for.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct OverruledCursor {
    /// Its name.
    pub cursor: String,
    /// The packed [`crate::Position`] it wanted next.
    pub position: u64,
}

/// A decision with who and when. Version 3.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct CommandV3 {
    /// Who.
    pub actor: Actor,
    /// Unix nanoseconds, gateway's clock.
    pub at_ns: i64,
    /// What.
    pub decision: DecisionV3,
}

/// What was decided. Version 3.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionV3 {
    /// First start: the organisation.
    CreateOrganization {
        /// Shown in the UI.
        name: String,
    },
    /// A source of events.
    CreateProject {
        /// Dense from 1.
        id: ProjectId,
        /// Unique without regard to case.
        name: String,
        /// May be empty.
        platform: String,
    },
    /// A key that clients write with.
    CreateKey {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
        /// May be empty.
        label: String,
    },
    /// The key no longer writes.
    DisableKey {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
    },
    /// A person.
    CreateUser {
        /// Dense from 1.
        id: UserId,
        /// Unique without regard to case.
        email: String,
        /// May be empty.
        name: String,
        /// What they may do.
        role: Role,
        /// argon2id, PHC string; empty: none yet.
        #[serde(skip)]
        password_hash: String,
    },
    /// A one-time link to set a user's password.
    CreatePasswordLink {
        /// Whose; the owner's link of the first start names the user made with it.
        user_id: UserId,
        /// SHA-256 of the link's secret.
        #[serde(skip)]
        secret_sha256: [u8; 32],
        /// Unix nanoseconds.
        expires_ns: i64,
    },
    /// A password set; ends the user's sessions and password links.
    SetPassword {
        /// Whose.
        user_id: UserId,
        /// The owner's address given with the first link; empty: unchanged.
        email: String,
        /// argon2id, PHC string.
        #[serde(skip)]
        password_hash: String,
    },
    /// "Log out everywhere": bumps the session epoch.
    EndSessions {
        /// Whose.
        user_id: UserId,
    },
    /// An API token with its user's rights.
    CreateToken {
        /// Dense from 1.
        id: TokenId,
        /// Whose rights.
        user_id: UserId,
        /// Shown in lists.
        label: String,
        /// SHA-256 of the token.
        #[serde(skip)]
        token_sha256: [u8; 32],
    },
    /// The token no longer works.
    RevokeToken {
        /// Which.
        id: TokenId,
    },
    /// Resolve, ignore, reopen. Ids that are no issues are passed over by the
    /// projection.
    SetIssueStatus {
        /// Which.
        issues: Vec<IssueId>,
        /// To what.
        status: IssueStatus,
    },
    /// Assign, or unassign.
    AssignIssues {
        /// Which.
        issues: Vec<IssueId>,
        /// To whom; none: nobody.
        user_id: Option<UserId>,
    },
    /// A notification's step.
    RecordDelivery {
        /// The step.
        step: DeliveryStep,
    },
    /// All transitions up to this packed position are dealt with.
    AdvanceAlertCursor {
        /// A packed [`crate::Position`].
        position: u64,
    },
    /// The oldest records of the events log go, by its retention.
    RangeDropped {
        /// The packed [`crate::Position`] of the first record kept.
        below: u64,
        /// Why.
        reason: DropReason,
        /// Segments that go.
        segments: u64,
        /// Bytes on disk that they take.
        bytes: u64,
        /// Who loses records unread.
        overruled: Vec<OverruledCursor>,
    },
    /// What of a project's events is masked, beyond the default. Takes the place of
    /// what was set before.
    SetScrubbing {
        /// Whose.
        project_id: ProjectId,
        /// The rules.
        scrubbing: ScrubbingV1,
    },
    /// Which of a project's events are not wanted. Takes the place of what was set
    /// before.
    SetFilters {
        /// Whose.
        project_id: ProjectId,
        /// The filters.
        filters: FiltersV1,
    },
    /// Issues whose events are not wanted any more: they are ignored, and events of
    /// their stacks are not stored. Ids that are no issues are passed over by the
    /// projection.
    DiscardIssues {
        /// Which, with what their events are known by at the door.
        issues: Vec<DiscardedIssue>,
    },
    /// Takes [`Self::DiscardIssues`] back, for events to come; the issues are open again.
    KeepIssues {
        /// Which.
        issues: Vec<IssueId>,
    },
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

impl CommandV3 {
    /// The schema of [`Self::encode`]'s bytes: the oldest that has words for it.
    pub fn schema(&self) -> u16 {
        match v2::CommandV2::of(self) {
            None => SCHEMA_COMMAND_V3,
            Some(old) if v1::CommandV1::of(&old).is_none() => SCHEMA_COMMAND_V2,
            Some(_) => SCHEMA_COMMAND_V1,
        }
    }

    /// The record's bytes, of schema [`Self::schema`].
    pub fn encode(&self) -> Vec<u8> {
        let archive = match v2::CommandV2::of(self) {
            None => rkyv::to_bytes::<rancor::Error>(self),
            Some(old) => match v1::CommandV1::of(&old) {
                None => rkyv::to_bytes::<rancor::Error>(&old),
                Some(oldest) => rkyv::to_bytes::<rancor::Error>(&oldest),
            },
        };
        archive
            .expect("a command holds only numbers, strings and lists, which always archive")
            .into_vec()
    }

    /// Reads a record of the control log.
    pub fn decode(schema: u16, record: &[u8]) -> Result<Self, RecordError> {
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(record.len());
        aligned.extend_from_slice(record);
        match schema {
            SCHEMA_COMMAND_V1 => rkyv::from_bytes::<v1::CommandV1, rancor::Error>(&aligned)
                .map(|old| v2::CommandV2::from(old).into()),
            SCHEMA_COMMAND_V2 => {
                rkyv::from_bytes::<v2::CommandV2, rancor::Error>(&aligned).map(Self::from)
            }
            SCHEMA_COMMAND_V3 => rkyv::from_bytes::<Self, rancor::Error>(&aligned),
            _ => return Err(RecordError::UnknownSchema(schema)),
        }
        .map_err(|e| RecordError::Archive {
            what: "command",
            reason: e.to_string(),
        })
    }
}
