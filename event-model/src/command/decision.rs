//! What can be decided: one row a decision, with the schema of its record.
//!
//! Invariant: a number is never used for anything else, and what one schema's record
//! holds never changes once it was released. The upper byte tells the kind, the lower
//! one its version: 0x40 and up the organisation and its projects, 0x50 people, 0x60
//! issues, 0x70 alerts and upkeep.

use super::{
    form::decisions,
    words::{
        Actor, DeliveryStep, DiscardedIssue, DropReason, IssueStatus, LinkSecret, OverruledCursor,
        Role, Sight, TokenScope,
    },
};
use crate::{
    Fingerprint, IssueId, Plan, ProjectId, PublicKey, SessionId, TokenId, UserId,
    retention::{Cut, KeepRule},
    settings::{Filters, Scrubbing},
};

decisions! {
    /// First start: the organisation.
    0x4001 CreateOrganization {
        /// Shown in the UI.
        name: String,
    }
    /// A source of events.
    0x4101 CreateProject {
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
        /// The version of the algorithm that groups its events: the newest of the release
        /// that created it.
        algorithm: u32,
    }
    /// Another name or platform for a project.
    0x4201 RenameProject {
        /// Which.
        id: ProjectId,
        /// Unique without regard to case.
        name: String,
        /// May be empty.
        platform: String,
    }
    /// A key that clients write with.
    0x4301 CreateKey {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
        /// May be empty.
        label: String,
    }
    /// The key no longer writes.
    0x4401 DisableKey {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
    }
    /// A disabled key writes again.
    0x4501 EnableKey {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
    }
    /// Another label for a key.
    0x4601 RenameKey {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
        /// May be empty.
        label: String,
    }
    /// What of a project's events is masked, beyond the default. Takes the place of
    /// what was set before.
    0x4701 SetScrubbing {
        /// Whose.
        project_id: ProjectId,
        /// The rules.
        scrubbing: Scrubbing,
    }
    /// Which of a project's events are not wanted. Takes the place of what was set
    /// before.
    0x4801 SetFilters {
        /// Whose.
        project_id: ProjectId,
        /// The filters.
        filters: Filters,
    }
    /// How much may be stored in an hour. Takes the place of what was set before.
    0x4a01 SetPlan {
        /// Whose; none: the organisation's, which its projects share.
        project_id: Option<ProjectId>,
        /// How much.
        plan: Plan,
    }
    /// How much a key may store in a minute. Takes the place of what was set before.
    0x4b01 SetKeyLimit {
        /// Whose.
        project_id: ProjectId,
        /// The key.
        public_key: PublicKey,
        /// Items in any minute, at least 1; none: as many as come.
        items_per_minute: Option<u32>,
    }
    /// Whether the surplus of a project's storms is only counted. It is, until somebody
    /// says otherwise.
    0x4e01 SetSpikeProtection {
        /// Whose.
        project_id: ProjectId,
        /// Whether.
        is_on: bool,
    }
    /// The rules that a project's events are grouped by from here on. Takes the place of
    /// what was set before.
    0x4d01 SetGroupingRules {
        /// Whose.
        project_id: ProjectId,
        /// As a person wrote it; empty: none.
        text: String,
    }
    /// The version of the algorithm that groups a project's events from here on.
    0x4f01 SetGroupingAlgorithm {
        /// Whose.
        project_id: ProjectId,
        /// Which.
        algorithm: u32,
    }
    /// Rules and a version of the algorithm that group a project's events from here on, and
    /// those that are there: all of the log from `from` on.
    0x4901 ApplyGrouping {
        /// Whose.
        project_id: ProjectId,
        /// The rules, as a person wrote them; empty: none.
        text: String,
        /// The version of the algorithm.
        algorithm: u32,
        /// The packed [`crate::Position`] of the first record that the log had.
        from: u64,
    }
    /// Takes [`Decision::ApplyGrouping`] back: the project's issues are what they were, and
    /// the rules and the algorithm that were in force before are so again, also for what came
    /// since. Passed over, if it was not the newest or other rules were set since.
    0x4c01 UndoGrouping {
        /// Whose.
        project_id: ProjectId,
        /// The number of the command that applied.
        applied: u64,
    }
    /// A person.
    0x5001 CreateUser {
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
    }
    /// Another name for a person.
    0x5101 RenameUser {
        /// Who.
        id: UserId,
        /// May be empty.
        name: String,
    }
    /// What a person may do from now on.
    0x5201 SetRole {
        /// Who.
        id: UserId,
        /// What.
        role: Role,
    }
    /// Which projects a member sees. Takes the place of what was set before; all, until
    /// somebody says otherwise. Owners see all, whatever was set.
    0x5c01 SetUserProjects {
        /// Who.
        id: UserId,
        /// Which.
        sight: Sight,
    }
    /// A person is gone: their sessions, tokens and links end, and they cannot sign in.
    0x5301 DisableUser {
        /// Who.
        id: UserId,
    }
    /// Takes [`Decision::DisableUser`] back; sessions, tokens and links stay ended.
    0x5401 EnableUser {
        /// Who.
        id: UserId,
    }
    /// A one-time link to set a user's password. Ends the user's earlier ones.
    0x5501 CreatePasswordLink {
        /// Whose.
        user_id: UserId,
        /// The link.
        link: LinkSecret,
    }
    /// A password set; ends the user's sessions and password links.
    0x5601 SetPassword {
        /// Whose.
        user_id: UserId,
        /// The owner's address given with the first link; empty: unchanged.
        email: String,
        /// argon2id, PHC string.
        #[serde(skip)]
        password_hash: String,
        /// Whether the user's tokens end, too.
        end_tokens: bool,
    }
    /// A sign-in, so that people see where they are signed in.
    0x5701 StartSession {
        /// Whose.
        user_id: UserId,
        /// Which: in the session's cookie.
        session: SessionId,
        /// In words: "Firefox on Linux"; may be empty. Neither an address nor the whole
        /// user agent: this log is kept for good.
        device: String,
        /// Unix nanoseconds.
        expires_ns: i64,
    }
    /// Signed out: this session is over, whoever holds its cookie.
    0x5801 EndSession {
        /// Whose.
        user_id: UserId,
        /// Which.
        session: SessionId,
        /// When it would have been over by itself, and need not be remembered longer;
        /// Unix nanoseconds.
        expires_ns: i64,
    }
    /// "Log out everywhere": bumps the session epoch.
    0x5901 EndSessions {
        /// Whose.
        user_id: UserId,
        /// Whether the user's tokens end, too.
        end_tokens: bool,
    }
    /// An API token with its user's rights.
    0x5a01 CreateToken {
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
    }
    /// The token no longer works.
    0x5b01 RevokeToken {
        /// Which.
        id: TokenId,
    }
    /// Resolve, ignore, reopen. Ids that are no issues are passed over by the
    /// projection.
    0x6001 SetIssueStatus {
        /// Which.
        issues: Vec<IssueId>,
        /// To what.
        status: IssueStatus,
    }
    /// Assign, or unassign.
    0x6101 AssignIssues {
        /// Which.
        issues: Vec<IssueId>,
        /// To whom; none: nobody.
        user_id: Option<UserId>,
    }
    /// Issues whose events are not wanted any more: they are ignored, and events of
    /// their stacks are not stored. Of an issue that is not there yet none will be: all
    /// its events are turned away.
    0x6201 DiscardIssues {
        /// Which, with what their events are known by at the door.
        issues: Vec<DiscardedIssue>,
    }
    /// Takes [`Decision::DiscardIssues`] back, for events to come; the issues are open again.
    0x6301 UndiscardIssues {
        /// Which.
        issues: Vec<IssueId>,
    }
    /// Several issues are one from here on, made of all their fingerprints. It is the one
    /// whose first event is the oldest in the log, and stands as that one stands; the ids of
    /// the others lead to it. Ids that lead to the same issue, to none, to one of another
    /// project or to a discarded one are passed over by the projection.
    0x6401 MergeIssues {
        /// Whose.
        project_id: ProjectId,
        /// Which, in no order.
        issues: Vec<IssueId>,
    }
    /// Fingerprints are taken out of an issue and are issues again. Those that are none of
    /// its own are passed over by the projection.
    0x6501 UnmergeFingerprints {
        /// Whose.
        project_id: ProjectId,
        /// Out of which.
        issue: IssueId,
        /// Which.
        fingerprints: Vec<Fingerprint>,
        /// Whether they become one issue together; else one each.
        together: bool,
    }
    /// A notification's step.
    0x7001 RecordDelivery {
        /// The step.
        step: DeliveryStep,
    }
    /// All transitions up to this packed position are dealt with.
    0x7101 AdvanceAlertCursor {
        /// A packed [`crate::Position`].
        position: u64,
    }
    /// The oldest records of the events log go, by its retention.
    0x7801 RangeDropped {
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
    }
    /// The oldest attachments and minidumps go, because the disk was about to be full.
    0x7901 FilesShed {
        /// Files that only records before this packed [`crate::Position`] name go.
        below: u64,
        /// How many there were.
        files: u64,
        /// Bytes on disk that they took.
        bytes: u64,
    }
    /// The oldest Parquet files go, because the disk was about to be full.
    0x7a01 ColdShed {
        /// Days of receipt before this one go, UTC: "YYYY-MM-DD".
        before: String,
        /// How many files there were.
        files: u64,
        /// Bytes on disk that they took.
        bytes: u64,
    }
    /// How long a project's events are kept, each by the shortest rule that takes it in. Takes
    /// the place of what was set before; none: as long as all others.
    0x7d01 SetRetention {
        /// Whose: each rule's scope names it.
        project_id: ProjectId,
        /// The rules.
        rules: Vec<KeepRule>,
    }
    /// Events are gone by rules: nobody finds them from here on.
    0x7e01 EventsExpired {
        /// Up to where, a scope each.
        cuts: Vec<Cut>,
    }
}
