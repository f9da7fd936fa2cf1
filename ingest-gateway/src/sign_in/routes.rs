//! `POST /auth/*`.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use event_model::{
    Actor, Decision, Position, UserId,
    credential::{Caller, SESSION_COOKIE, SESSION_LIFE_NS, sha256},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    body,
    caller::Callers,
    commands::{actor_of, check_email, check_password},
    error::{ApiError, ErrorCode},
    shared::{Shared, now_ns},
};

/// What `/auth/*` bodies may have at most, bytes: they hold an address and a password.
const BODY_BYTES_MAX: usize = 16 * 1024;

#[derive(Clone)]
struct Auth {
    shared: Arc<Shared>,
    callers: Callers,
}

pub(crate) fn router(shared: Arc<Shared>, callers: Callers) -> Router {
    Router::new()
        .route("/auth/sign-in", post(sign_in))
        .route("/auth/sign-out", post(sign_out))
        .route("/auth/set-password", post(set_password))
        .route("/auth/sign-out-everywhere", post(sign_out_everywhere))
        .with_state(Auth { shared, callers })
}

#[derive(Deserialize)]
struct SignInRequest {
    email: String,
    password: String,
}

async fn sign_in(State(auth): State<Auth>, request: Request) -> Result<Response, ApiError> {
    let (parts, request_body) = request.into_parts();
    auth.callers.check_same_site(&parts.headers)?;
    let request: SignInRequest = auth.read(&parts, request_body).await?;
    let shared = &auth.shared;
    let address = shared.client_ip(&parts.extensions, &parts.headers);
    shared.sign_in.throttle.attempt(address, Instant::now())?;
    let known = {
        let state = shared.state.read();
        let user = state.user_by_email(request.email.trim());
        user.map(|user| (user.id, user.session_epoch, user.password_hash.clone()))
    };
    let hash = known.as_ref().map(|(_, _, hash)| hash.clone());
    let right = shared.sign_in.hasher.verify(request.password, hash).await?;
    match known {
        Some((id, epoch, _)) if right => {
            shared.sign_in.throttle.succeeded(address);
            Ok(auth.signed_in(id, epoch, None))
        }
        _ => Err(ApiError::new(
            ErrorCode::Unauthenticated,
            "the e-mail address or the password is wrong",
        )),
    }
}

async fn sign_out(State(auth): State<Auth>, request: Request) -> Result<Response, ApiError> {
    // Whoever calls: what it ends is in the caller's own browser. Other sites may not.
    auth.callers.check_same_site(request.headers())?;
    Ok(auth.signed_out(None))
}

async fn sign_out_everywhere(
    State(auth): State<Auth>,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = auth.callers.of(request.headers(), request.extensions())?;
    let Caller::User { id: user_id, .. } = caller else {
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            "only a person has sessions",
        ));
    };
    let commands = &auth.shared.commands;
    let (position, ()) = commands
        .decide(actor_of(caller), move |_| {
            Ok((vec![Decision::EndSessions { user_id }], ()))
        })
        .await?;
    Ok(auth.signed_out(Some(position)))
}

#[derive(Deserialize)]
struct SetPasswordRequest {
    secret: String,
    #[serde(default)]
    email: Option<String>,
    password: String,
}

async fn set_password(State(auth): State<Auth>, request: Request) -> Result<Response, ApiError> {
    let (parts, request_body) = request.into_parts();
    auth.callers.check_same_site(&parts.headers)?;
    let request: SetPasswordRequest = auth.read(&parts, request_body).await?;
    let secret_sha256 = sha256(&request.secret);
    let shared = &auth.shared;
    // Before the costly hash: only holders of a link get that far.
    let user_id = {
        let state = shared.state.read();
        link_owner(&state, &secret_sha256)?
    };
    check_password("password", &request.password)?;
    let email = match request.email.as_deref().map(str::trim) {
        None | Some("") => String::new(),
        Some(email) => check_email("email", email)?,
    };
    let password_hash = shared.sign_in.hasher.hash(request.password).await?;
    let (position, ()) = shared
        .commands
        .decide(Actor::User(user_id), move |state| {
            // Again: a link works once, also for two requests at the same time.
            link_owner(state, &secret_sha256)?;
            let has_email = state
                .users
                .get(&user_id)
                .is_some_and(|user| !user.email.is_empty());
            if email.is_empty() && !has_email {
                return Err(ApiError::invalid("email", "must be given"));
            }
            let taken = state.user_by_email(&email);
            if !email.is_empty() && taken.is_some_and(|user| user.id != user_id) {
                return Err(ApiError::invalid("email", "belongs to another user"));
            }
            let decision = Decision::SetPassword {
                user_id,
                email,
                password_hash,
            };
            Ok((vec![decision], ()))
        })
        .await?;
    let epoch = {
        let state = shared.state.read();
        state
            .users
            .get(&user_id)
            .map_or(0, |user| user.session_epoch)
    };
    Ok(auth.signed_in(user_id, epoch, Some(position)))
}

fn link_owner(
    state: &event_model::ControlState,
    secret_sha256: &[u8; 32],
) -> Result<UserId, ApiError> {
    let link = state.password_links.get(secret_sha256);
    link.filter(|link| now_ns() < link.expires_ns)
        .map(|link| link.user_id)
        .ok_or_else(|| {
            ApiError::new(
                ErrorCode::Unauthenticated,
                "the link is unknown, used or expired",
            )
        })
}

impl Auth {
    async fn read<T: DeserializeOwned>(&self, parts: &Parts, body: Body) -> Result<T, ApiError> {
        let mut limits = self.shared.config.limits.clone();
        limits.received_bytes_max = BODY_BYTES_MAX;
        limits.decompressed_bytes_max = BODY_BYTES_MAX;
        let budget = &self.shared.budget;
        let read = body::read(&parts.headers, body, false, &limits, budget).await?;
        serde_json::from_slice(&read.bytes).map_err(|error| {
            // serde's words name the missing field, never a value of ours.
            ApiError::invalid("", format!("the body is not the JSON expected: {error}"))
        })
    }

    fn signed_in(&self, user: UserId, epoch: u32, position: Option<Position>) -> Response {
        let value = self.shared.secret.sign_session(user, epoch, now_ns());
        self.answer(&value, SESSION_LIFE_NS / 1_000_000_000, position)
    }

    fn signed_out(&self, position: Option<Position>) -> Response {
        self.answer("", 0, position)
    }

    /// 204 and the cookie; with a position in `x-errata-position` for reads.
    fn answer(&self, value: &str, life_s: i64, position: Option<Position>) -> Response {
        let secure = if self.shared.config.public_url.scheme() == "https" {
            "; Secure"
        } else {
            ""
        };
        let cookie = format!(
            "{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life_s}{secure}"
        );
        let mut response = StatusCode::NO_CONTENT.into_response();
        let cookie = HeaderValue::from_str(&cookie)
            .expect("a session is numbers, dots and URL-safe base64, all visible ASCII");
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        if let Some(position) = position {
            response
                .headers_mut()
                .insert("x-errata-position", HeaderValue::from(position.0));
        }
        response
    }
}
