//! Who gets in, and who does not.

use event_model::{
    Actor, Command, ControlState, Decision, Role, TokenId, UserId,
    credential::{
        Caller, SESSION_COOKIE, SESSION_LIFE_NS, ServerSecret, bearer_token, random_secret, sha256,
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
        },
    );
    apply(
        &mut state,
        Decision::CreateToken {
            id: TokenId(1),
            user_id: ADA,
            label: String::new(),
            token_sha256: sha256("errata_t"),
        },
    );
    state
}

const CALLER_ADA: Option<Caller> = Some(Caller::User {
    id: ADA,
    role: Role::Owner,
});

#[test]
fn a_session_lasts_its_life_and_not_a_nanosecond_longer() {
    let (secret, state) = (secret(), state());
    let session = secret.sign_session(ADA, 0, NOW_NS);
    let verify = |at| secret.verify_session(&session, &state, at);
    assert_eq!(verify(NOW_NS), CALLER_ADA);
    assert_eq!(verify(NOW_NS + SESSION_LIFE_NS - 1), CALLER_ADA);
    assert_eq!(verify(NOW_NS + SESSION_LIFE_NS), None);
}

#[test]
fn a_forged_session_is_nobodys() {
    let (secret, state) = (secret(), state());
    let session = secret.sign_session(ADA, 0, NOW_NS);
    let foreign = ServerSecret::new([8; 32]).sign_session(ADA, 0, NOW_NS);
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
        format!("2.0.{}.{signature}", NOW_NS + SESSION_LIFE_NS),
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
    let session = secret.sign_session(ADA, 0, NOW_NS);
    let ahead = secret.sign_session(ADA, 1, NOW_NS);
    assert_eq!(secret.verify_session(&ahead, &state, NOW_NS), None);
    apply(&mut state, Decision::EndSessions { user_id: ADA });
    assert_eq!(secret.verify_session(&session, &state, NOW_NS), None);
    assert_eq!(secret.verify_session(&ahead, &state, NOW_NS), CALLER_ADA);
    let nobody = secret.sign_session(UserId(9), 0, NOW_NS);
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
    let cookie = format!(
        "theme=dark; {SESSION_COOKIE}={}; x=1",
        secret.sign_session(ADA, 0, NOW_NS)
    );
    let old = format!("{SESSION_COOKIE}={}", secret.sign_session(ADA, 5, NOW_NS));
    let (token, wrong) = ("Bearer errata_t", "Bearer errata_wrong");
    #[rustfmt::skip]
    let cases = [
        (None, None, None, None),
        (Some(&internal[..]), None, None, Some(Caller::Internal)),
        (Some("wrong"), Some(token), Some(&cookie[..]), None),
        (None, Some(token), None, CALLER_ADA),
        (None, Some("bearer  errata_t "), None, CALLER_ADA),
        (None, Some(wrong), Some(&cookie[..]), None),
        (None, Some("Basic YTpi"), Some(&cookie[..]), CALLER_ADA),
        (None, None, Some(&cookie[..]), CALLER_ADA),
        (None, None, Some(&old[..]), None),
        (None, None, Some("errata_session"), None),
        (None, None, Some("theme=dark"), None),
    ];
    for (internal, authorization, cookie, expected) in cases {
        let caller = secret.authenticate(internal, authorization, cookie, &state, NOW_NS);
        assert_eq!(
            caller, expected,
            "{internal:?} {authorization:?} {cookie:?}"
        );
    }
}

#[test]
fn a_revoked_token_and_one_of_a_user_that_is_gone_are_nobodys() {
    let (secret, mut state) = (secret(), state());
    let caller = |state: &ControlState| {
        secret.authenticate(None, Some("Bearer errata_t"), None, state, NOW_NS)
    };
    assert_eq!(caller(&state), CALLER_ADA);
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
    assert!(Caller::Admin.is_owner() && !Caller::Internal.is_owner());
    let member = Caller::User {
        id: ADA,
        role: Role::Member,
    };
    assert!(!member.is_owner());
}
