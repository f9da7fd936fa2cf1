//! The fold of the control state.

use event_model::{
    Actor, Command, ControlState, Decision, DiscardedIssue, DropReason, IssueId, IssueStatus,
    LinkSecret, ProjectId, PublicKey, Role, SessionId, TokenId, TokenScope, UserId,
    control::LinkEnd,
    settings::{Filters, Scrubbing},
};

use crate::sample::commands;

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
fn a_password_ends_the_users_sessions_and_links_and_nobody_elses() {
    let state = fold([
        user(1, "Owner@Example.org"),
        user(2, "b@x"),
        link(1, 1),
        link(1, 2),
        link(2, 3),
        set_password(1, ""),
    ]);
    assert_eq!(state.users[&UserId(1)].password_hash, "hash");
    assert_eq!(state.users[&UserId(1)].session_epoch, 1);
    assert_eq!(state.users[&UserId(2)].session_epoch, 0);
    let end = |secret: u8| state.password_links[&[secret; 32]].end;
    assert_eq!(
        [end(1), end(2), end(3)],
        [Some(LinkEnd::Replaced), Some(LinkEnd::Used), None]
    );
    assert_eq!(
        state.user_by_email("owner@example.ORG").unwrap().id,
        UserId(1)
    );
    assert_eq!(state.next_user_id(), UserId(3));
}

#[test]
fn the_owners_first_password_names_the_address() {
    let state = fold([user(1, ""), set_password(1, "ada@x")]);
    assert_eq!(state.user_by_email("ada@x").unwrap().id, UserId(1));
    let ends = Decision::EndSessions {
        user_id: UserId(1),
        end_tokens: false,
    };
    assert_eq!(fold([user(1, ""), ends]).users[&UserId(1)].session_epoch, 1);
}

#[test]
fn tokens_work_until_revoked() {
    let create = |id: u32, hash: u8| Decision::CreateToken {
        id: TokenId(id),
        user_id: UserId(1),
        label: "ci".into(),
        token_sha256: [hash; 32],
        scope: TokenScope::Full,
        expires_ns: None,
    };
    let state = fold([
        create(1, 1),
        create(2, 2),
        Decision::RevokeToken { id: TokenId(1) },
    ]);
    assert_eq!(state.token_by_hash(&[1; 32]), None);
    assert_eq!(state.token_by_hash(&[2; 32]).unwrap().id, TokenId(2));
    let all_revoked = fold([create(2, 2), Decision::RevokeToken { id: TokenId(2) }]);
    assert_eq!(all_revoked.next_token_id(), TokenId(3), "no id comes twice");
}

#[test]
fn a_history_that_does_not_fit_never_fails() {
    let mut reversed = ControlState::default();
    for (_, command) in commands().iter().rev() {
        reversed.apply(command);
    }
    assert_eq!(reversed.version, 29);
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

fn session(user: u32, id: u8, expires_ns: i64) -> Decision {
    Decision::StartSession {
        user_id: UserId(user),
        session: SessionId([id; 16]),
        device: String::new(),
        expires_ns,
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
fn who_is_gone_has_no_session_token_or_link_and_the_others_keep_theirs() {
    let disable = Decision::DisableUser { id: UserId(1) };
    let people = [user(1, "a@x"), user(2, "b@x")];
    let theirs = [1, 2].map(|n| [session(n, n as u8, 1_000), token(n, n), link(n, n as u8)]);
    let before = people.into_iter().chain(theirs.into_iter().flatten());
    let state = fold(before.chain([disable.clone()]));
    assert_eq!(state.users[&UserId(1)].disabled_ns, Some(9));
    assert_eq!(state.users[&UserId(1)].session_epoch, 1);
    assert_eq!(
        state.sessions.keys().collect::<Vec<_>>(),
        [&SessionId([2; 16])]
    );
    assert_eq!(state.tokens.keys().collect::<Vec<_>>(), [&TokenId(2)]);
    assert!(
        !state.password_links[&[1; 32]].is_open(9) && state.password_links[&[2; 32]].is_open(9)
    );
    assert_eq!(state.users[&UserId(2)].session_epoch, 0);

    let back = fold([
        user(1, "a@x"),
        token(1, 1),
        disable,
        Decision::EnableUser { id: UserId(1) },
    ]);
    assert!(back.users[&UserId(1)].is_enabled() && back.tokens.is_empty());
}

#[test]
fn a_session_ends_alone_and_is_remembered_until_it_would_have_been_over() {
    let end = |id: u8| Decision::EndSession {
        user_id: UserId(1),
        session: SessionId([id; 16]),
        expires_ns: 5,
    };
    let ended = |decisions: Vec<Decision>| {
        fold(decisions)
            .ended_sessions
            .into_keys()
            .collect::<Vec<_>>()
    };
    let start = || vec![user(1, "a@x"), session(1, 1, 5), session(1, 2, 900)];
    let first = SessionId([1; 16]);
    assert_eq!(ended([start(), vec![end(1)]].concat()), [first]);
    let rest = fold([start(), vec![end(1)]].concat()).sessions;
    assert_eq!(rest.into_keys().collect::<Vec<_>>(), [SessionId([2; 16])]);
    // Of one that could not be recorded, too.
    assert_eq!(ended(vec![user(1, "a@x"), end(7)]), [SessionId([7; 16])]);
    // At 5 nothing is left to remember.
    assert_eq!(ended([start(), vec![end(1), token(1, 1)]].concat()), []);
    // Another's session stays.
    let foreign = vec![user(1, "a@x"), user(2, "b@x"), session(2, 3, 900), end(3)];
    assert_eq!(fold(foreign).sessions.len(), 1);
}

#[test]
fn the_hundred_and_first_session_ends_the_oldest() {
    let starts = (0..101).map(|id| session(1, id, 9_000));
    let state = fold([user(1, "a@x")].into_iter().chain(starts));
    assert_eq!(state.sessions.len(), 100);
    assert!(state.ended_sessions.contains_key(&SessionId([0; 16])));
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
