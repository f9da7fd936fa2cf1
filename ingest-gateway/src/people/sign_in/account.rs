//! `POST /auth/change-password`, `/auth/sign-out-everywhere`: what signed-in people do
//! with their own account.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use event_model::{Decision, access::Action, credential::Caller};
use serde::Deserialize;

use super::SignIn;
use crate::{
    commands::{actor_of, check_password},
    error::{ApiError, ErrorCode},
};

#[derive(Deserialize)]
struct ChangePasswordRequest {
    old_password: String,
    password: String,
    #[serde(default)]
    end_tokens: bool,
}

/// Ends all sessions of the person but the new one of the answer.
pub(super) async fn change_password(
    State(auth): State<Arc<SignIn>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let caller = auth
        .callers
        .of(&parts.headers, &parts.extensions, Action::ChangeOwnAccount)?;
    let user_id = person(caller)?;
    let request: ChangePasswordRequest = auth.read(&parts, body).await?;
    check_password("password", &request.password)?;
    let (email, hash) = {
        let state = auth.core.state().read();
        let user = state.users.get(&user_id);
        user.map(|user| (user.email.clone(), user.password_hash.clone()))
            .unwrap_or_default()
    };
    let right = auth
        .check_password(&parts, &email, request.old_password, Some(hash))
        .await?;
    if !right {
        // Not 401: the session is sound, and pages would ask to sign in anew.
        let error = ApiError::invalid("old_password", "is not the password");
        return Err(error);
    }
    let password_hash = auth.hasher.hash(request.password).await?;
    let end_tokens = request.end_tokens;
    let (position, epoch) = auth
        .core
        .decide(actor_of(caller), move |state| {
            let epoch = state.users.get(&user_id).map_or(0, |u| u.session_epoch + 1);
            let decision = Decision::SetPassword {
                user_id,
                email: String::new(),
                password_hash,
                end_tokens,
            };
            Ok((decision, epoch))
        })
        .await?;
    auth.signed_in(&parts, user_id, epoch, Some(position)).await
}

#[derive(Deserialize)]
struct SignOutEverywhereRequest {
    #[serde(default)]
    end_tokens: bool,
}

pub(super) async fn sign_out_everywhere(
    State(auth): State<Arc<SignIn>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let caller = auth
        .callers
        .of(&parts.headers, &parts.extensions, Action::ChangeOwnAccount)?;
    let user_id = person(caller)?;
    // Who wants no more than that sends no body.
    let wishes: Option<SignOutEverywhereRequest> = auth.read_if_any(&parts, body).await?;
    let end_tokens = wishes.is_some_and(|wishes| wishes.end_tokens);
    let (position, ()) = auth
        .core
        .decide(actor_of(caller), move |_| {
            let decision = Decision::EndSessions {
                user_id,
                end_tokens,
            };
            Ok((decision, ()))
        })
        .await?;
    Ok(auth.signed_out(Some(position)))
}

fn person(caller: Caller) -> Result<event_model::UserId, ApiError> {
    caller.user().ok_or_else(|| {
        ApiError::new(
            ErrorCode::Forbidden,
            "only a person has a password and sessions",
        )
    })
}
