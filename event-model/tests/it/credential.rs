//! Who gets in, and who does not.

use event_model::{
    Actor, Command, ControlState, Decision, Role, SessionId, TokenId, TokenScope, UserId,
    credential::{
        Caller, SESSION_LIFE_NS, ServerSecret, SessionCookie, Uses, Via, bearer_token,
        random_secret, sha256,
    },
};

const NOW_NS: i64 = 1_795_000_000_000_000_000;
const ADA: UserId = UserId(1);

fn secret() -> ServerSecret {
    ServerSecret::new([7; 32])
}

fn apply(state: &mut ControlState, decision: Decision) {
    state.apply(&Command {
        actor: Actor::System,
        at_ns: NOW_NS,
        decision,
    });
}

/// Ada, an owner, with the token "errata_t".
fn state() -> ControlState {
    let mut state = ControlState::default();
    apply(
        &mut state,
        Decision::CreateUser {
            id: ADA,
            email: "ada@x".into(),
            name: String::new(),
            role: Role::Owner,
            password_hash: String::new(),
            link: None,
        },
    );
    apply(
        &mut state,
        Decision::CreateToken {
            id: TokenId(1),
            user_id: ADA,
            label: String::new(),
            token_sha256: sha256("errata_t"),
            scope: TokenScope::Full,
            expires_ns: Some(NOW_NS + 1_000),
        },
    );
    state
}

const HOUR_NS: i64 = 3_600_000_000_000;
const SESSION: SessionId = SessionId([5; 16]);

const fn ada(via: Via) -> Caller {
    Caller::User {
        id: ADA,
        role: Role::Owner,
        via,
    }
}

/// By session, begun now.
const CALLER_ADA: Option<Caller> = Some(ada(Via::Session {
    id: SESSION,
    expires_ns: NOW_NS + SESSION_LIFE_NS,
}));
/// By token.
const TOKEN_OF_ADA: Option<Caller> = Some(ada(Via::Token {
    id: TokenId(1),
    scope: TokenScope::Full,
}));

#[test]
fn a_session_lasts_its_life_and_not_a_nanosecond_longer() {
    let (secret, state) = (secret(), state());
    let session = secret.sign_session(ADA, 0, SESSION, NOW_NS);
    let end = NOW_NS + SESSION_LIFE_NS;
    // Used every hour, so that it is over for no other reason.
    let mut used = session;
    for at in (NOW_NS..end).step_by(HOUR_NS as usize) {
        assert_eq!(secret.verify_session(&used, &state, at), CALLER_ADA);
        used = secret.renew_session(&used, at).unwrap_or(used);
    }
    assert_eq!(secret.verify_session(&used, &state, end - 1), CALLER_ADA);
    assert_eq!(secret.verify_session(&used, &state, end), None);
    assert_eq!(secret.renew_session(&used, end), None);
    assert_eq!(secret.session_life_s(&used, end - 5_000_000_000), 5);
}

#[test]
fn a_session_that_is_not_used_ends_and_one_that_is_does_not() {
    let state = state();
    for (secret, idle_ns) in [
        (secret(), 14 * 24 * HOUR_NS),
        (secret().with_session_idle(HOUR_NS), HOUR_NS),
        (secret().with_session_idle(i64::MAX), SESSION_LIFE_NS),
    ] {
        let session = secret.sign_session(ADA, 0, SESSION, NOW_NS);
        let verify = |value: &str, at| secret.verify_session(value, &state, at);
        let last = NOW_NS + idle_ns - 1;
        assert_eq!(verify(&session, last), CALLER_ADA, "{idle_ns}");
        assert_eq!(verify(&session, last + 1), None, "{idle_ns}");
        assert_eq!(secret.renew_session(&session, last + 1), None);
        let life_s = (idle_ns / 1_000_000_000) as u64;
        assert_eq!(secret.session_life_s(&session, NOW_NS), life_s);
        // A moment after it was seen nothing is said.
        assert_eq!(secret.renew_session(&session, NOW_NS + 1_000_000), None);
        // Nor by a clock that was set back.
        assert_eq!(secret.renew_session(&session, NOW_NS - HOUR_NS), None);
        let renewed = secret.renew_session(&session, last).unwrap();
        let later = (last + idle_ns - 1).min(NOW_NS + SESSION_LIFE_NS - 1);
        assert_eq!(verify(&renewed, later), CALLER_ADA, "{idle_ns}");
        assert_eq!(verify(&renewed, last + idle_ns), None, "{idle_ns}");
        // The setting counts when the session is judged, not when it began.
        let strict = secret.clone().with_session_idle(1_000);
        assert_eq!(
            strict.verify_session(&session, &state, NOW_NS + 1_000),
            None
        );
    }
    let foreign = ServerSecret::new([8; 32]).sign_session(ADA, 0, SESSION, NOW_NS);
    assert_eq!(secret().renew_session(&foreign, NOW_NS + HOUR_NS), None);
}

#[test]
fn a_forged_session_is_nobodys() {
    let (secret, state) = (secret(), state());
    let session = secret.sign_session(ADA, 0, SESSION, NOW_NS);
    let foreign = ServerSecret::new([8; 32]).sign_session(ADA, 0, SESSION, NOW_NS);
    let (payload, signature) = session.rsplit_once('.').unwrap();
    let longer = payload.replace(
        &(NOW_NS + SESSION_LIFE_NS).to_string(),
        "9223372036854775807",
    );
    let mut forged = vec![
        foreign,
        format!("{longer}.{signature}"),
        format!("{payload}."),
        payload.to_owned(),
        format!("{payload}.{}", &signature[1..]),
        format!("{payload}.not base64!"),
        format!(
            "2.0.{SESSION}.{}.{NOW_NS}.{signature}",
            NOW_NS + SESSION_LIFE_NS
        ),
        payload.replacen(&format!(".{NOW_NS}"), ".9223372036854775807", 1) + "." + signature,
        // The internal token's MAC is made for another purpose.
        format!("{payload}.{}", secret.internal_token()),
        String::new(),
        ".".into(),
        "....".into(),
    ];
    for at in 0..session.len() {
        let mut bytes = session.clone().into_bytes();
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        forged.push(String::from_utf8(bytes).unwrap());
    }
    for value in forged {
        assert_eq!(
            secret.verify_session(&value, &state, NOW_NS),
            None,
            "{value}"
        );
    }
}

#[test]
fn a_session_of_an_older_epoch_or_of_nobody_is_over() {
    let (secret, mut state) = (secret(), state());
    let session = secret.sign_session(ADA, 0, SESSION, NOW_NS);
    let ahead = secret.sign_session(ADA, 1, SESSION, NOW_NS);
    assert_eq!(secret.verify_session(&ahead, &state, NOW_NS), None);
    apply(
        &mut state,
        Decision::EndSessions {
            user_id: ADA,
            end_tokens: false,
        },
    );
    assert_eq!(secret.verify_session(&session, &state, NOW_NS), None);
    assert_eq!(secret.verify_session(&ahead, &state, NOW_NS), CALLER_ADA);
    let nobody = secret.sign_session(UserId(9), 0, SESSION, NOW_NS);
    assert_eq!(secret.verify_session(&nobody, &state, NOW_NS), None);
}

#[test]
fn the_internal_token_is_this_installations_only() {
    let secret = secret();
    let token = secret.internal_token();
    assert!(secret.is_internal_token(&token));
    for bad in ["", &token[1..], &format!("{token} "), &token.to_uppercase()] {
        assert!(!secret.is_internal_token(bad), "{bad}");
    }
    assert!(!ServerSecret::new([8; 32]).is_internal_token(&token));
}

#[test]
fn a_given_internal_token_replaces_the_derived_one() {
    let derived = secret().internal_token();
    let given = "given to every role of this installation";
    let with = secret().with_internal_token(given);
    assert_eq!(with.internal_token(), given);
    assert!(with.is_internal_token(given) && !with.is_internal_token(&derived));
    assert_eq!(format!("{with:?}"), "ServerSecret(…)");
}

#[test]
fn headers_are_tried_in_order_and_a_wrong_one_is_not_passed_over() {
    let (secret, state) = (secret(), state());
    let internal = secret.internal_token();
    let cookie = secret.sign_session(ADA, 0, SESSION, NOW_NS);
    let old = secret.sign_session(ADA, 5, SESSION, NOW_NS);
    let (token, wrong) = ("Bearer errata_t", "Bearer errata_wrong");
    #[rustfmt::skip]
    let cases = [
        (None, None, None, None),
        (Some(&internal[..]), None, None, Some(Caller::Internal)),
        (Some("wrong"), Some(token), Some(&cookie[..]), None),
        (None, Some(token), None, TOKEN_OF_ADA),
        (None, Some(token), Some(&cookie[..]), TOKEN_OF_ADA),
        (None, Some("bearer  errata_t "), None, TOKEN_OF_ADA),
        (None, Some(wrong), Some(&cookie[..]), None),
        (None, Some("Basic YTpi"), Some(&cookie[..]), CALLER_ADA),
        (None, None, Some(&cookie[..]), CALLER_ADA),
        (None, None, Some(&old[..]), None),
        (None, None, Some("nonsense"), None),
    ];
    for (internal, authorization, session, expected) in cases {
        let caller = secret.authenticate(internal, authorization, session, &state, NOW_NS);
        assert_eq!(
            caller, expected,
            "{internal:?} {authorization:?} {session:?}"
        );
    }
}

#[test]
fn a_revoked_token_and_one_of_a_user_that_is_gone_are_nobodys() {
    let (secret, mut state) = (secret(), state());
    let caller = |state: &ControlState| {
        secret.authenticate(None, Some("Bearer errata_t"), None, state, NOW_NS)
    };
    assert_eq!(caller(&state), TOKEN_OF_ADA);
    let mut gone = state.clone();
    gone.users.clear();
    assert_eq!(caller(&gone), None);
    apply(&mut state, Decision::RevokeToken { id: TokenId(1) });
    assert_eq!(caller(&state), None);
}

#[test]
fn secrets_are_long_random_and_never_printed() {
    let (one, other) = (random_secret("errata_"), random_secret("errata_"));
    assert_ne!(one, other);
    assert!(one.starts_with("errata_") && one.len() == 7 + 43, "{one}");
    assert_eq!(format!("{:?}", secret()), "ServerSecret(…)");
    assert_eq!(bearer_token("Bearer"), None);
    assert_eq!(bearer_token("Digest x"), None);
    let member = Caller::User {
        id: ADA,
        role: Role::Member,
        via: Via::Token {
            id: TokenId(1),
            scope: TokenScope::Read,
        },
    };
    assert!(member.is_read_only() && !member.is_by_cookie());
}

#[test]
fn a_session_that_ended_and_one_of_somebody_who_is_gone_are_nobodys() {
    let (secret, state) = (secret(), state());
    let session = secret.sign_session(ADA, 0, SESSION, NOW_NS);
    let verify = |state: &ControlState| secret.verify_session(&session, state, NOW_NS);
    let mut ended = state.clone();
    apply(
        &mut ended,
        Decision::EndSession {
            user_id: ADA,
            session: SESSION,
            expires_ns: NOW_NS + SESSION_LIFE_NS,
        },
    );
    assert_eq!(verify(&ended), None);
    let other = secret.sign_session(ADA, 0, SessionId([6; 16]), NOW_NS);
    assert!(secret.verify_session(&other, &ended, NOW_NS).is_some());
    let mut gone = state;
    apply(&mut gone, Decision::DisableUser { id: ADA });
    // Also of the epoch after: the person is gone, not only their sessions.
    let later = secret.sign_session(ADA, 1, SESSION, NOW_NS);
    assert_eq!(verify(&gone), None);
    assert_eq!(secret.verify_session(&later, &gone, NOW_NS), None);
}

#[test]
fn a_token_ends_by_itself_at_its_time() {
    let (secret, state) = (secret(), state());
    let at = |now| secret.authenticate(None, Some("Bearer errata_t"), None, &state, now);
    assert_eq!(at(NOW_NS + 999), TOKEN_OF_ADA);
    assert_eq!(at(NOW_NS + 1_000), None);
}

#[test]
fn the_cookie_is_as_narrow_as_the_address_allows() {
    #[rustfmt::skip]
    let cases = [
        (false, "/", "errata_session", "errata_session=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=9"),
        (false, "/a/b/", "errata_session", "errata_session=v; Path=/a/b; HttpOnly; SameSite=Lax; Max-Age=9"),
        (true, "/", "__Host-errata_session", "__Host-errata_session=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=9; Secure"),
        (true, "/a", "__Secure-errata_session", "__Secure-errata_session=v; Path=/a; HttpOnly; SameSite=Lax; Max-Age=9; Secure"),
    ];
    for (is_https, path, name, expected) in cases {
        let cookie = SessionCookie::new(is_https, path);
        assert_eq!(cookie.set("v", 9), expected);
        assert_eq!(
            cookie.find(&format!("theme=dark; {name}=x.y; z=1")),
            Some("x.y")
        );
        assert_eq!(cookie.find(name), None);
        assert_eq!(cookie.find("x=1; other_session=x"), None);
    }
    // What a sister domain could set without TLS is not read behind it.
    assert_eq!(SessionCookie::new(true, "/").find("errata_session=x"), None);
}

#[test]
fn the_last_use_of_sessions_and_tokens_is_remembered_for_so_many() {
    let uses = Uses::default();
    let address = "203.0.113.9".parse().ok();
    let session = |n: u32| SessionId(u128::from(n).to_be_bytes());
    let by = |n: u32| {
        ada(Via::Session {
            id: session(n),
            expires_ns: 0,
        })
    };
    uses.note(TOKEN_OF_ADA.unwrap(), 1, address);
    uses.note(by(0), 2, None);
    assert_eq!(uses.of_token(TokenId(1)).unwrap().address, address);
    assert_eq!(uses.of_session(session(0)).unwrap().at_ns, 2);
    uses.note(Caller::Admin, 3, None);
    for n in 1..30_000 {
        uses.note(by(n), 3 + i64::from(n), None);
    }
    assert_eq!(uses.of_token(TokenId(1)), None, "the oldest go");
    let kept = (0..30_000).filter(|n| uses.of_session(session(*n)).is_some());
    assert!(kept.count() <= 10_000);
    assert!(uses.of_session(session(29_999)).is_some());
}
