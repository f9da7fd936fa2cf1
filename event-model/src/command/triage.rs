//! What a decision does to issues, for everybody who follows it.
//!
//! Invariant: one rule, one place. The control state (whose events are wanted) and the
//! issue projection (where an issue stands, who has it) both read [`Decision::triage`],
//! so that they cannot come apart; a new decision does not compile before it is said
//! here what it does.

use super::{Decision, DiscardedIssue, IssueStatus};
use crate::{IssueId, UserId};

/// What becomes of one issue. Whether there is such an issue is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triage<'a> {
    /// Which.
    pub issue: IssueId,
    /// Whether its events to come are wanted; none: as before.
    pub events: Option<Events<'a>>,
    /// Where it stands from now on; none: where it stood.
    pub status: Option<IssueStatus>,
    /// Who has it from now on, nobody included; none: who had it.
    pub assignee: Option<Option<UserId>>,
}

/// Whether an issue's events to come are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Events<'a> {
    /// They are stored and counted.
    Wanted,
    /// They are turned away.
    Discarded(&'a DiscardedIssue),
}

impl<'a> Triage<'a> {
    fn of(issue: IssueId) -> Self {
        Self {
            issue,
            events: None,
            status: None,
            assignee: None,
        }
    }

    fn status(issue: IssueId, status: IssueStatus) -> Self {
        // Whoever opens or resolves an issue wants to hear of it again.
        let events = match status {
            IssueStatus::Unresolved | IssueStatus::Resolved => Some(Events::Wanted),
            IssueStatus::Ignored => None,
        };
        Self {
            events,
            status: Some(status),
            ..Self::of(issue)
        }
    }

    fn discarded(issue: &'a DiscardedIssue) -> Self {
        Self {
            events: Some(Events::Discarded(issue)),
            ..Self::status(issue.id, IssueStatus::Ignored)
        }
    }
}

impl Decision {
    /// Whether it changes which events are one issue.
    pub fn regroups(&self) -> bool {
        matches!(
            self,
            Self::MergeIssues { .. }
                | Self::UnmergeFingerprints { .. }
                | Self::ApplyGrouping { .. }
                | Self::UndoGrouping { .. }
        )
    }

    /// Whether it groups events anew that are there.
    pub fn groups_anew(&self) -> bool {
        matches!(self, Self::ApplyGrouping { .. } | Self::UndoGrouping { .. })
    }

    /// What it does to which issues, in its order.
    pub fn triage(&self) -> Vec<Triage<'_>> {
        match self {
            Self::SetIssueStatus { issues, status } => {
                each(issues, |id| Triage::status(id, *status))
            }
            Self::AssignIssues { issues, user_id } => each(issues, |id| Triage {
                assignee: Some(*user_id),
                ..Triage::of(id)
            }),
            Self::DiscardIssues { issues } => issues.iter().map(Triage::discarded).collect(),
            Self::UndiscardIssues { issues } => {
                each(issues, |id| Triage::status(id, IssueStatus::Unresolved))
            }
            // How a merged issue stands is known where fingerprints are.
            Self::MergeIssues { .. }
            | Self::UnmergeFingerprints { .. }
            | Self::ApplyGrouping { .. }
            | Self::UndoGrouping { .. }
            | Self::CreateOrganization { .. }
            | Self::CreateProject { .. }
            | Self::RenameProject { .. }
            | Self::CreateKey { .. }
            | Self::DisableKey { .. }
            | Self::EnableKey { .. }
            | Self::RenameKey { .. }
            | Self::SetScrubbing { .. }
            | Self::SetFilters { .. }
            | Self::SetPlan { .. }
            | Self::SetKeyLimit { .. }
            | Self::SetSpikeProtection { .. }
            | Self::SetGroupingRules { .. }
            | Self::SetGroupingAlgorithm { .. }
            | Self::CreateUser { .. }
            | Self::RenameUser { .. }
            | Self::SetRole { .. }
            | Self::SetUserProjects { .. }
            | Self::DisableUser { .. }
            | Self::EnableUser { .. }
            | Self::CreatePasswordLink { .. }
            | Self::SetPassword { .. }
            | Self::StartSession { .. }
            | Self::EndSession { .. }
            | Self::EndSessions { .. }
            | Self::CreateToken { .. }
            | Self::RevokeToken { .. }
            | Self::RecordDelivery { .. }
            | Self::AdvanceAlertCursor { .. }
            | Self::RangeDropped { .. }
            | Self::SetRetention { .. }
            | Self::EventsExpired { .. }
            | Self::FilesShed { .. }
            | Self::ColdShed { .. } => Vec::new(),
        }
    }
}

fn each<'a>(issues: &[IssueId], triage: impl Fn(IssueId) -> Triage<'a>) -> Vec<Triage<'a>> {
    issues.iter().copied().map(triage).collect()
}
