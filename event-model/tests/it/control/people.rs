//! What the fold keeps of people: passwords, links, tokens, sessions.

use event_model::{Decision, SessionId, TokenId, TokenScope, UserId, control::LinkEnd};

use super::{fold, link, set_password, token, user};

fn session(user: u32, id: u8, expires_ns: i64) -> Decision {
    Decision::StartSession {
        user_id: UserId(user),
        session: SessionId([id; 16]),
        device: String::new(),
        expires_ns,
    }
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
