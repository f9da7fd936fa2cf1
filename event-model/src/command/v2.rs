//! Version 2 of a stored command, and how it becomes today's and back.
//!
//! Invariant: what stands here never changes; sample files hold its bytes. What each
//! decision and field means is said at [`super::DecisionV3`].

use rkyv::{Archive, Deserialize, Serialize};

use super::{
    Actor, CommandV3, DecisionV3, DeliveryStep, DropReason, IssueStatus, OverruledCursor, Role,
};
use crate::{IssueId, ProjectId, PublicKey, TokenId, UserId};

/// A decision with who and when. Version 2.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct CommandV2 {
    pub actor: Actor,
    pub at_ns: i64,
    pub decision: DecisionV2,
}

/// What was decided. Version 2.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub enum DecisionV2 {
    CreateOrganization {
        name: String,
    },
    CreateProject {
        id: ProjectId,
        name: String,
        platform: String,
    },
    CreateKey {
        project_id: ProjectId,
        public_key: PublicKey,
        label: String,
    },
    DisableKey {
        project_id: ProjectId,
        public_key: PublicKey,
    },
    CreateUser {
        id: UserId,
        email: String,
        name: String,
        role: Role,
        password_hash: String,
    },
    CreatePasswordLink {
        user_id: UserId,
        secret_sha256: [u8; 32],
        expires_ns: i64,
    },
    SetPassword {
        user_id: UserId,
        email: String,
        password_hash: String,
    },
    EndSessions {
        user_id: UserId,
    },
    CreateToken {
        id: TokenId,
        user_id: UserId,
        label: String,
        token_sha256: [u8; 32],
    },
    RevokeToken {
        id: TokenId,
    },
    SetIssueStatus {
        issues: Vec<IssueId>,
        status: IssueStatus,
    },
    AssignIssues {
        issues: Vec<IssueId>,
        user_id: Option<UserId>,
    },
    RecordDelivery {
        step: DeliveryStep,
    },
    AdvanceAlertCursor {
        position: u64,
    },
    RangeDropped {
        below: u64,
        reason: DropReason,
        segments: u64,
        bytes: u64,
        overruled: Vec<OverruledCursor>,
    },
}

/// The same decisions, field by field, in both directions.
macro_rules! same {
    ($($decision:ident { $($field:ident),* })*) => {
        impl From<DecisionV2> for DecisionV3 {
            fn from(decision: DecisionV2) -> Self {
                match decision {
                    $(DecisionV2::$decision { $($field),* } => Self::$decision { $($field),* },)*
                }
            }
        }

        impl DecisionV2 {
            /// A decision in its old form; none if that has no words for it.
            pub(super) fn of(decision: &DecisionV3) -> Option<Self> {
                match decision.clone() {
                    $(DecisionV3::$decision { $($field),* } => Some(Self::$decision { $($field),* }),)*
                    DecisionV3::SetScrubbing { .. }
                    | DecisionV3::SetFilters { .. }
                    | DecisionV3::DiscardIssues { .. }
                    | DecisionV3::KeepIssues { .. } => None,
                }
            }
        }
    };
}

same! {
    CreateOrganization { name }
    CreateProject { id, name, platform }
    CreateKey { project_id, public_key, label }
    DisableKey { project_id, public_key }
    CreateUser { id, email, name, role, password_hash }
    CreatePasswordLink { user_id, secret_sha256, expires_ns }
    SetPassword { user_id, email, password_hash }
    EndSessions { user_id }
    CreateToken { id, user_id, label, token_sha256 }
    RevokeToken { id }
    SetIssueStatus { issues, status }
    AssignIssues { issues, user_id }
    RecordDelivery { step }
    AdvanceAlertCursor { position }
    RangeDropped { below, reason, segments, bytes, overruled }
}

impl From<CommandV2> for CommandV3 {
    fn from(command: CommandV2) -> Self {
        Self {
            actor: command.actor,
            at_ns: command.at_ns,
            decision: command.decision.into(),
        }
    }
}

impl CommandV2 {
    /// A command in its old form; none if that has no words for it.
    pub(super) fn of(command: &CommandV3) -> Option<Self> {
        Some(Self {
            actor: command.actor,
            at_ns: command.at_ns,
            decision: DecisionV2::of(&command.decision)?,
        })
    }
}
