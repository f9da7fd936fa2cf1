//! The fold of the control state.

use event_model::{
    Actor, Command, ControlState, Decision, DiscardedIssue, DropReason, IssueId, IssueStatus,
    LinkSecret, Plan, ProjectId, PublicKey, Role, TokenId, TokenScope, UserId,
    control::HISTORY_MAX,
    settings::{Filters, Scrubbing},
};

use crate::sample::commands;

mod people;

fn fold(decisions: impl IntoIterator<Item = Decision>) -> ControlState {
    let mut state = ControlState::default();
    for (index, decision) in decisions.into_iter().enumerate() {
        state.apply(&Command {
            actor: Actor::System,
            at_ns: index as i64 + 1,
            decision,
        });
    }
    state
}

fn project(id: u32, name: &str) -> Decision {
    Decision::CreateProject {
        id: ProjectId(id),
        name: name.into(),
        platform: String::new(),
        public_key: PublicKey([100 + id as u8; 16]),
        key_label: String::new(),
        algorithm: 1,
    }
}

fn key(project: u32, key: u8) -> Decision {
    Decision::CreateKey {
        project_id: ProjectId(project),
        public_key: PublicKey([key; 16]),
        label: String::new(),
    }
}

fn user(id: u32, email: &str) -> Decision {
    Decision::CreateUser {
        id: UserId(id),
        email: email.into(),
        name: String::new(),
        role: Role::Member,
        password_hash: String::new(),
        link: None,
    }
}

fn link(user: u32, secret: u8) -> Decision {
    Decision::CreatePasswordLink {
        user_id: UserId(user),
        link: LinkSecret {
            sha256: [secret; 32],
            expires_ns: 100,
        },
    }
}

fn set_password(user: u32, email: &str) -> Decision {
    Decision::SetPassword {
        user_id: UserId(user),
        email: email.into(),
        password_hash: "hash".into(),
        end_tokens: false,
    }
}

fn token(id: u32, user: u32) -> Decision {
    Decision::CreateToken {
        id: TokenId(id),
        user_id: UserId(user),
        label: String::new(),
        token_sha256: [id as u8; 32],
        scope: TokenScope::Full,
        expires_ns: None,
    }
}

#[test]
fn the_version_counts_every_command_also_those_that_change_nothing_here() {
    let mut state = ControlState::default();
    for (index, (_, command)) in commands().iter().enumerate() {
        state.apply(command);
        assert_eq!(state.version, index as u64 + 1);
    }
    let triage = [
        Decision::SetIssueStatus {
            issues: vec![IssueId(1)],
            status: IssueStatus::Ignored,
        },
        Decision::AdvanceAlertCursor { position: 1 },
    ];
    let expected = ControlState {
        version: 2,
        ..ControlState::default()
    };
    assert_eq!(fold(triage), expected);
}

#[test]
fn projects_and_keys_are_found_by_id_and_key() {
    let state = fold([
        project(1, "default"),
        project(2, "shop"),
        key(2, 9),
        key(2, 8),
        key(1, 7),
    ]);
    assert_eq!(state.projects[&ProjectId(2)].name, "shop");
    assert_eq!(state.projects[&ProjectId(2)].created_ns, 2);
    assert_eq!(state.next_project_id(), ProjectId(3));
    let keys: Vec<u8> = state
        .keys_of(ProjectId(2))
        .iter()
        .map(|k| k.public_key.0[0])
        .collect();
    assert_eq!(
        keys,
        [102, 9, 8],
        "oldest first, the one it was made with included"
    );
    assert!(state.keys[&PublicKey([7; 16])].enabled);
    assert_eq!(fold([]).next_project_id(), ProjectId(1));
}

#[test]
fn a_second_use_of_an_id_or_key_changes_nothing() {
    let once = fold([project(1, "a"), key(1, 1), user(1, "a@x")]);
    let mut twice = fold([
        project(1, "a"),
        key(1, 1),
        user(1, "a@x"),
        project(1, "b"),
        key(2, 1),
        user(1, "b@x"),
    ]);
    assert_eq!(twice.version, 6);
    twice.version = once.version;
    assert_eq!(twice, once);
}

#[test]
fn a_key_is_disabled_by_its_own_project_only() {
    let disable = |project| Decision::DisableKey {
        project_id: ProjectId(project),
        public_key: PublicKey([1; 16]),
    };
    let enabled = |state: &ControlState| state.keys[&PublicKey([1; 16])].enabled;
    assert!(enabled(&fold([key(1, 1), disable(2)])));
    assert!(!enabled(&fold([key(1, 1), disable(1)])));
    assert!(
        enabled(&fold([disable(1), key(1, 1)])),
        "of an unknown key: nothing"
    );
}

#[test]
fn plans_and_limits_take_the_place_of_what_was_set_before() {
    let plan = |project: Option<u32>, plan| Decision::SetPlan {
        project_id: project.map(ProjectId),
        plan,
    };
    let limit = |project, items_per_minute| Decision::SetKeyLimit {
        project_id: ProjectId(project),
        public_key: PublicKey([1; 16]),
        items_per_minute,
    };
    let state = fold([project(1, "a"), key(1, 1)]);
    let limit_of = |state: &ControlState| state.keys[&PublicKey([1; 16])].items_per_minute;
    assert_eq!((state.plan, limit_of(&state)), (Plan::Unlimited, None));
    let mut decisions = vec![
        project(1, "a"),
        key(1, 1),
        plan(None, Plan::Free),
        plan(Some(1), Plan::Pro),
        plan(Some(2), Plan::Pro),
        limit(1, Some(60)),
        limit(2, Some(1)),
    ];
    let state = fold(decisions.clone());
    assert_eq!(state.plan, Plan::Free);
    assert_eq!(state.plan_of(ProjectId(1)), Plan::Pro);
    assert_eq!(state.project_plans.len(), 1, "there is no project 2");
    assert_eq!(limit_of(&state), Some(60), "by its own project only");
    decisions.extend([
        plan(None, Plan::Enterprise(7)),
        plan(Some(1), Plan::Unlimited),
        limit(1, None),
    ]);
    let state = fold(decisions);
    assert_eq!(state.plan.events_per_hour(), Some(7));
    assert_eq!(state.plan_of(ProjectId(1)).events_per_hour(), None);
    assert_eq!(limit_of(&state), None);
}

#[test]
fn a_history_that_does_not_fit_never_fails() {
    let mut reversed = ControlState::default();
    for (_, command) in commands().iter().rev() {
        reversed.apply(command);
    }
    assert_eq!(reversed.version, commands().len() as u64);
    assert_eq!(reversed.users[&UserId(4)].session_epoch, 0);
}

#[test]
fn the_newest_drop_of_old_events_is_remembered() {
    let drop = |below, reason| Decision::RangeDropped {
        below,
        reason,
        segments: 1,
        bytes: 1,
        overruled: Vec::new(),
    };
    let known = |decisions: Vec<Decision>| {
        let dropped = fold(decisions).dropped;
        dropped.map(|range| (range.below.0, range.reason, range.at_ns))
    };
    let (age, size) = (drop(100, DropReason::Age), drop(200, DropReason::Size));
    assert_eq!(known(vec![]), None);
    let newest = Some((200, DropReason::Size, 2));
    assert_eq!(known(vec![age.clone(), size.clone()]), newest);
    let newest = Some((200, DropReason::Size, 1));
    assert_eq!(known(vec![size, age]), newest, "what is gone stays gone");
}

#[test]
fn settings_of_a_project_take_the_place_of_what_was_set_before() {
    let emails = |emails| Decision::SetScrubbing {
        project_id: ProjectId(1),
        scrubbing: Scrubbing {
            emails,
            ..Scrubbing::default()
        },
    };
    let unknown = Decision::SetFilters {
        project_id: ProjectId(2),
        filters: Filters::default(),
    };
    let state = fold([project(1, "a"), emails(true), unknown, emails(false)]);
    assert_eq!(state.scrubbing.len(), 1);
    assert!(!state.scrubbing[&ProjectId(1)].emails);
    assert!(state.filters.is_empty(), "there is no project 2");
    let protect = |id, is_on| Decision::SetSpikeProtection {
        project_id: ProjectId(id),
        is_on,
    };
    let state = fold([project(1, "a"), protect(1, false), protect(2, false)]);
    assert_eq!(state.unprotected, [ProjectId(1)].into());
    let state = fold([project(1, "a"), protect(1, false), protect(1, true)]);
    assert!(state.unprotected.is_empty());
    assert_eq!(state.settings_version(ProjectId(1)), 3);
}

#[test]
fn a_discarded_issue_gathers_stacks_until_it_is_kept_again() {
    let discard = |stacks: &[u64]| Decision::DiscardIssues {
        issues: vec![DiscardedIssue {
            id: IssueId(7),
            project_id: ProjectId(1),
            stacks: stacks.to_vec(),
        }],
    };
    let state = fold([project(1, "a"), discard(&[3]), discard(&[5, 3])]);
    let stacks: Vec<u64> = state.discarded[&IssueId(7)]
        .stacks
        .iter()
        .copied()
        .collect();
    assert_eq!(stacks, [3, 5]);
    let undiscard = Decision::UndiscardIssues {
        issues: vec![IssueId(7), IssueId(8)],
    };
    let state = fold([project(1, "a"), discard(&[3]), undiscard]);
    assert!(state.discarded.is_empty());
    let triage = |status| Decision::SetIssueStatus {
        issues: vec![IssueId(7)],
        status,
    };
    for (status, left) in [
        (IssueStatus::Ignored, 1),
        (IssueStatus::Resolved, 0),
        (IssueStatus::Unresolved, 0),
    ] {
        let state = fold([project(1, "a"), discard(&[3]), triage(status)]);
        assert_eq!(state.discarded.len(), left, "{status:?}");
    }
}

#[test]
fn keys_and_projects_are_renamed_and_keys_come_back() {
    let of = |project, public_key| (ProjectId(project), PublicKey([public_key; 16]));
    let (project_id, public_key) = of(1, 101);
    let disable = Decision::DisableKey {
        project_id,
        public_key,
    };
    let enable = Decision::EnableKey {
        project_id,
        public_key,
    };
    let rename = Decision::RenameKey {
        project_id,
        public_key,
        label: "mobile".into(),
    };
    let shop = Decision::RenameProject {
        id: project_id,
        name: "shop".into(),
        platform: "python".into(),
    };
    let state = fold([project(1, "a"), disable, enable, rename, shop]);
    let key = &state.keys[&public_key];
    assert!(key.enabled && key.label == "mobile");
    let renamed = &state.projects[&project_id];
    assert_eq!(
        (renamed.name.as_str(), renamed.platform.as_str()),
        ("shop", "python")
    );
}

#[test]
fn only_what_a_projects_events_are_judged_by_changes_its_settings_version() {
    let scrub = |project| Decision::SetScrubbing {
        project_id: ProjectId(project),
        scrubbing: Scrubbing::default(),
    };
    let discard = Decision::DiscardIssues {
        issues: vec![DiscardedIssue {
            id: IssueId(7),
            project_id: ProjectId(2),
            stacks: vec![1],
        }],
    };
    let undiscard = |issue| Decision::UndiscardIssues {
        issues: vec![IssueId(issue)],
    };
    let mut all = vec![project(1, "a"), project(2, "b"), scrub(1)];
    let versions = |all: &[Decision]| {
        let state = fold(all.to_vec());
        [1, 2].map(|id| state.settings_version(ProjectId(id)))
    };
    assert_eq!(versions(&all), [3, 0]);
    all.extend([
        user(1, "a@x"),
        token(1, 1),
        Decision::AdvanceAlertCursor { position: 9 },
    ]);
    assert_eq!(
        versions(&all),
        [3, 0],
        "nobody's events are judged by these"
    );
    all.push(discard);
    assert_eq!(versions(&all), [3, 7]);
    all.push(undiscard(8));
    assert_eq!(versions(&all), [3, 7], "that issue was kept all the time");
    all.push(undiscard(7));
    assert_eq!(versions(&all), [3, 9]);
}

#[test]
fn rules_of_grouping_are_kept_with_their_history_and_nobody_elses_change() {
    let rules = |id: u32, text: &str| Decision::SetGroupingRules {
        project_id: ProjectId(id),
        text: text.into(),
    };
    let mut decisions = vec![
        project(1, "a"),
        project(2, "b"),
        rules(9, "x"),
        rules(2, "y"),
    ];
    let sets = HISTORY_MAX as u32 + 50;
    decisions.extend((1..=sets).map(|n| rules(1, &n.to_string())));
    decisions.push(Decision::SetGroupingAlgorithm {
        project_id: ProjectId(1),
        algorithm: 9,
    });
    let state = fold(decisions);
    let (one, two) = (
        &state.grouping[&ProjectId(1)],
        &state.grouping[&ProjectId(2)],
    );
    assert_eq!((&*one.text, one.version), (sets.to_string().as_str(), sets));
    assert_eq!((&*two.text, two.version, two.history.len()), ("y", 1, 1));
    assert_eq!(one.history.len(), HISTORY_MAX);
    let (oldest, newest) = (one.history.front().unwrap(), one.history.back().unwrap());
    assert_eq!((oldest.version, newest.version), (51, sets));
    // The command that holds the text, by whom, when.
    assert_eq!(
        (newest.command, newest.at_ns),
        (4 + u64::from(sets), 4 + i64::from(sets))
    );
    assert_eq!((newest.actor, newest.bytes), (Actor::System, 3));
    assert!(
        !state.grouping.contains_key(&ProjectId(9)),
        "there is no such project"
    );
    assert_eq!(state.grouping_version, state.version);
    let algorithms = state.projects.values().map(|project| project.algorithm);
    assert_eq!(algorithms.collect::<Vec<_>>(), [9, 1]);
    assert_eq!(state.settings_version(ProjectId(2)), 4);
}

#[test]
fn a_command_has_its_number_also_behind_one_that_nobody_here_knows() {
    let mut state = fold([project(1, "a")]);
    let command = Command {
        actor: Actor::Admin,
        at_ns: 1,
        decision: Decision::SetGroupingRules {
            project_id: ProjectId(1),
            text: "x".into(),
        },
    };
    state.apply_numbered(7, &command);
    assert_eq!(state.version, 7);
    assert_eq!(state.grouping[&ProjectId(1)].history[0].command, 7);
}
