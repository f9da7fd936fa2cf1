//! Commands: decisions by people, rules and the system, as they stand in the
//! control log.
//!
//! Invariant: a stored command never changes meaning. [`CommandV1`] is an rkyv
//! archive (small, read once, so it is deserialised rather than read in place); once
//! released, a new field or a new decision is a new version with an up-conversion: an
//! archived enum is as large as its largest variant, and a release that does not know
//! a decision must find an opaque record, not a damaged one. What has to hold
//! together is one decision (a project and its first key, a person and their link),
//! for a crash comes between any two. As JSON (for `errata log dump` only) a command
//! leaves out hashes of passwords, links and tokens.

mod words;

use rkyv::{Archive, Deserialize, Serialize, rancor};

pub use words::{
    Actor, DeliveryState, DeliveryStep, DiscardedIssue, DropReason, IssueStatus, LinkSecret,
    OverruledCursor, Role, TokenScope,
};

use crate::{
    IssueId, ProjectId, PublicKey, SessionId, TokenId, UserId,
    record::{RecordError, SCHEMA_COMMAND_V1},
    settings::{FiltersV1, ScrubbingV1},
};

/// The newest command.
pub type Command = CommandV1;
/// The newest decision.
pub type Decision = DecisionV1;

/// A decision with who and when. Version 1.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct CommandV1 {
    /// Who.
    pub actor: Actor,
    /// Unix nanoseconds, gateway's clock.
    pub at_ns: i64,
    /// What.
    pub decision: DecisionV1,
}

/// What was decided. Version 1.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionV1 {
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
        /// Its first key.
        public_key: PublicKey,
        /// The key's; may be empty.
        key_label: String,
    },
    /// Another name or platform for a project.
    RenameProject {
        /// Which.
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
    /// A disabled key writes again.
    EnableKey {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
    },
    /// Another label for a key.
    RenameKey {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
        /// May be empty.
        label: String,
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
        /// The invitation, to set a password with; none: a password was given.
        link: Option<LinkSecret>,
    },
    /// Another name for a person.
    RenameUser {
        /// Who.
        id: UserId,
        /// May be empty.
        name: String,
    },
    /// What a person may do from now on.
    SetRole {
        /// Who.
        id: UserId,
        /// What.
        role: Role,
    },
    /// A person is gone: their sessions, tokens and links end, and they cannot sign in.
    DisableUser {
        /// Who.
        id: UserId,
    },
    /// Takes [`Self::DisableUser`] back; sessions, tokens and links stay ended.
    EnableUser {
        /// Who.
        id: UserId,
    },
    /// A one-time link to set a user's password. Ends the user's earlier ones.
    CreatePasswordLink {
        /// Whose.
        user_id: UserId,
        /// The link.
        link: LinkSecret,
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
        /// Whether the user's tokens end, too.
        end_tokens: bool,
    },
    /// A sign-in, so that people see where they are signed in.
    StartSession {
        /// Whose.
        user_id: UserId,
        /// Which: in the session's cookie.
        session: SessionId,
        /// In words: "Firefox on Linux"; may be empty. Neither an address nor the whole
        /// user agent: this log is kept for good.
        device: String,
        /// Unix nanoseconds.
        expires_ns: i64,
    },
    /// Signed out: this session is over, whoever holds its cookie.
    EndSession {
        /// Whose.
        user_id: UserId,
        /// Which.
        session: SessionId,
        /// When it would have been over by itself, and need not be remembered longer;
        /// Unix nanoseconds.
        expires_ns: i64,
    },
    /// "Log out everywhere": bumps the session epoch.
    EndSessions {
        /// Whose.
        user_id: UserId,
        /// Whether the user's tokens end, too.
        end_tokens: bool,
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
        /// What it may do of that.
        scope: TokenScope,
        /// Unix nanoseconds; none: works until it is revoked.
        expires_ns: Option<i64>,
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

impl CommandV1 {
    /// The schema of [`Self::encode`]'s bytes.
    pub fn schema(&self) -> u16 {
        SCHEMA_COMMAND_V1
    }

    /// The record's bytes, of schema [`Self::schema`].
    pub fn encode(&self) -> Vec<u8> {
        rkyv::to_bytes::<rancor::Error>(self)
            .expect("a command holds only numbers, strings and lists, which always archive")
            .into_vec()
    }

    /// Reads a record of the control log.
    pub fn decode(schema: u16, record: &[u8]) -> Result<Self, RecordError> {
        if schema != SCHEMA_COMMAND_V1 {
            return Err(RecordError::UnknownSchema(schema));
        }
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(record.len());
        aligned.extend_from_slice(record);
        rkyv::from_bytes::<Self, rancor::Error>(&aligned).map_err(|e| RecordError::Archive {
            what: "command",
            reason: e.to_string(),
        })
    }
}
