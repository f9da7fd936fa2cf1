//! What decisions do to issues: the rules that control state and projection share.

use event_model::{
    Actor, Command, ControlState, Decision, DiscardedIssue, IssueId, IssueStatus, ProjectId,
    UserId,
    command::triage::{Events, Triage},
};
use proptest::prelude::*;

use crate::sample::commands;

fn discard(id: u64) -> DiscardedIssue {
    DiscardedIssue {
        id: IssueId(id),
        project_id: ProjectId(1),
        stacks: vec![id],
    }
}

fn none(id: u64) -> Triage<'static> {
    Triage {
        issue: IssueId(id),
        events: None,
        status: None,
        assignee: None,
    }
}

#[track_caller]
fn check(decision: &Decision, expected: Triage<'_>) {
    assert_eq!(decision.triage(), [expected], "{decision:?}");
}

#[test]
fn whoever_opens_or_resolves_an_issue_hears_of_it_again() {
    let statuses = [
        (IssueStatus::Unresolved, Some(Events::Wanted)),
        (IssueStatus::Resolved, Some(Events::Wanted)),
        (IssueStatus::Ignored, None),
    ];
    for (status, events) in statuses {
        let set = Decision::SetIssueStatus {
            issues: vec![IssueId(1)],
            status,
        };
        let expected = Triage {
            status: Some(status),
            events,
            ..none(1)
        };
        check(&set, expected);
    }
    let wanted = Triage {
        status: Some(IssueStatus::Unresolved),
        events: Some(Events::Wanted),
        ..none(1)
    };
    let undiscard = Decision::UndiscardIssues {
        issues: vec![IssueId(1)],
    };
    check(&undiscard, wanted);
}

#[test]
fn a_discarded_issue_is_ignored_and_an_assigned_one_stays_where_it_was() {
    let issue = discard(1);
    let discarded = Triage {
        status: Some(IssueStatus::Ignored),
        events: Some(Events::Discarded(&issue)),
        ..none(1)
    };
    let decision = Decision::DiscardIssues {
        issues: vec![issue.clone()],
    };
    check(&decision, discarded);
    for user_id in [None, Some(UserId(3))] {
        let assign = Decision::AssignIssues {
            issues: vec![IssueId(1)],
            user_id,
        };
        let expected = Triage {
            assignee: Some(user_id),
            ..none(1)
        };
        check(&assign, expected);
    }
}

#[test]
fn only_triage_touches_issues() {
    let touching: Vec<&str> = commands()
        .iter()
        .filter(|(_, command)| !command.decision.triage().is_empty())
        .map(|(name, _)| *name)
        .collect();
    let expected = [
        "set_issue_status",
        "assign_issues",
        "discard_issues",
        "undiscard_issues",
    ];
    assert_eq!(touching, expected);
}

fn decision() -> impl Strategy<Value = Decision> {
    let ids = || prop::collection::vec(1..5u64, 0..4);
    let issues = || ids().prop_map(|ids| ids.into_iter().map(IssueId).collect::<Vec<_>>());
    let status = prop_oneof![
        Just(IssueStatus::Unresolved),
        Just(IssueStatus::Resolved),
        Just(IssueStatus::Ignored),
    ];
    prop_oneof![
        (issues(), status).prop_map(|(issues, status)| Decision::SetIssueStatus { issues, status }),
        issues().prop_map(|issues| Decision::UndiscardIssues { issues }),
        ids().prop_map(|ids| Decision::DiscardIssues {
            issues: ids.into_iter().map(discard).collect(),
        }),
    ]
}

proptest! {
    /// The state follows the last word about each issue.
    #[test]
    fn an_issue_is_discarded_until_somebody_wants_it(
        decisions in prop::collection::vec(decision(), 0..30),
    ) {
        let mut state = ControlState::default();
        let mut expected = [false; 5];
        for decision in decisions {
            for triage in decision.triage() {
                let slot = &mut expected[triage.issue.0 as usize];
                *slot = match triage.events {
                    None => *slot,
                    Some(Events::Wanted) => false,
                    Some(Events::Discarded(_)) => true,
                };
            }
            state.apply(&Command { actor: Actor::System, at_ns: 1, decision });
        }
        for (id, expected) in (0u64..).zip(expected) {
            prop_assert_eq!(state.is_discarded(IssueId(id)), expected);
        }
    }
}
