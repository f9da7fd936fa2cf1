//! `POST /auth/sign-in`, `/auth/sign-out`, `/auth/link`, `/auth/set-password`: what
//! people do who are not signed in yet, or no longer.

use std::{net::IpAddr, sync::Arc, time::Instant};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use event_model::{
    Actor, ControlState, Decision, Position, SessionId, UserId,
    control::LinkEnd,
    credential::{Caller, SESSION_LIFE_NS, Via, sha256},
};
use ground::Rate;
use http::{HeaderValue, StatusCode, header, request::Parts};
use proto::routes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    SignIn, account, device,
    throttle::{self, Alarm, Attempt},
};
use crate::{
    address,
    body::{self, Party},
    commands::{check_email, check_password},
    error::{ApiError, ErrorCode},
    telemetry,
};

pub(crate) fn router(auth: Arc<SignIn>) -> Router {
    Router::new()
        .route(routes::SIGN_IN.path, post(sign_in))
        .route(routes::SIGN_OUT.path, post(sign_out))
        .route(routes::LINK.path, post(link))
        .route(routes::SET_PASSWORD.path, post(set_password))
        .route(routes::CHANGE_PASSWORD.path, post(account::change_password))
        .route(
            routes::SIGN_OUT_EVERYWHERE.path,
            post(account::sign_out_everywhere),
        )
        .with_state(auth)
}

#[derive(Deserialize)]
struct SignInRequest {
    email: String,
    password: String,
}

async fn sign_in(State(auth): State<Arc<SignIn>>, request: Request) -> Result<Response, ApiError> {
    let (parts, request_body) = request.into_parts();
    auth.callers.check_same_site(&parts.headers)?;
    let request: SignInRequest = auth.read(&parts, request_body).await?;
    let known = {
        let state = auth.core.state().read();
        let user = state.user_by_email(request.email.trim());
        let user = user.filter(|user| user.is_enabled());
        user.map(|user| (user.id, user.session_epoch, user.password_hash.clone()))
    };
    let hash = known.as_ref().map(|(_, _, hash)| hash.clone());
    let right = auth
        .check_password(&parts, &request.email, request.password, hash)
        .await?;
    match known {
        Some((id, epoch, _)) if right => auth.signed_in(&parts, id, epoch, None).await,
        _ => Err(ApiError::new(
            ErrorCode::Unauthenticated,
            "the e-mail address or the password is wrong",
        )),
    }
}

async fn sign_out(State(auth): State<Arc<SignIn>>, request: Request) -> Result<Response, ApiError> {
    // Whoever calls: what it ends is in the caller's own browser. Other sites may not.
    auth.callers.check_same_site(request.headers())?;
    let caller = auth.callers.of_cookie(request.headers());
    let Some(Caller::User {
        id: user_id,
        via: Via::Session {
            id: session,
            expires_ns,
        },
        ..
    }) = caller
    else {
        return Ok(auth.signed_out(None));
    };
    let decision = Decision::EndSession {
        user_id,
        session,
        expires_ns,
    };
    let ended = auth
        .core
        .decide(Actor::User(user_id), move |_| Ok((decision, ())));
    Ok(match ended.await {
        Ok((position, ())) => auth.signed_out(Some(position)),
        // Signed out in this browser all the same; whoever copied the cookie is not.
        Err(error) => {
            let mut response = error.into_response();
            let removed = auth.signed_out(None);
            let cookies = removed.headers().get(header::SET_COOKIE).cloned();
            response
                .headers_mut()
                .extend(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
            response
        }
    })
}

#[derive(Deserialize)]
struct LinkRequest {
    secret: String,
}

/// What a one-time link is for, before anybody types.
async fn link(State(auth): State<Arc<SignIn>>, request: Request) -> Result<Response, ApiError> {
    let (parts, request_body) = request.into_parts();
    auth.callers.check_same_site(&parts.headers)?;
    let request: LinkRequest = auth.read(&parts, request_body).await?;
    let state = auth.core.state().read();
    let link = state.password_links.get(&sha256(&request.secret));
    let Some((link, user)) = link.and_then(|link| Some((link, state.users.get(&link.user_id)?)))
    else {
        return Ok(Json(json!({ "state": "unknown" })).into_response());
    };
    let word = match link.end {
        Some(LinkEnd::Used) => "used",
        Some(LinkEnd::Replaced) => "replaced",
        None if !link.is_open(auth.core.clock().now_ns()) => "expired",
        None => "open",
    };
    let answer = json!({
        "state": word,
        "organization": state.organization,
        "email": user.email,
        "name": user.name,
        // The owner of the first start says it with the password.
        "needs_email": user.email.is_empty(),
        "has_password": !user.password_hash.is_empty(),
    });
    Ok(Json(answer).into_response())
}

#[derive(Deserialize)]
struct SetPasswordRequest {
    secret: String,
    #[serde(default)]
    email: Option<String>,
    password: String,
    #[serde(default)]
    end_tokens: bool,
}

async fn set_password(
    State(auth): State<Arc<SignIn>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, request_body) = request.into_parts();
    auth.callers.check_same_site(&parts.headers)?;
    let request: SetPasswordRequest = auth.read(&parts, request_body).await?;
    let secret_sha256 = sha256(&request.secret);
    // Before the costly hash: only holders of a link get that far.
    let user_id = {
        let state = auth.core.state().read();
        link_owner(&state, &secret_sha256, auth.core.clock().now_ns())?
    };
    check_password("password", &request.password)?;
    let email = match request.email.as_deref().map(str::trim) {
        None | Some("") => String::new(),
        Some(email) => check_email("email", email)?,
    };
    let password_hash = auth.hasher.hash(request.password).await?;
    let (end_tokens, now_ns) = (request.end_tokens, auth.core.clock().now_ns());
    let (position, epoch) = auth
        .core
        .decide(Actor::User(user_id), move |state| {
            // Again: a link works once, also for two requests at the same time.
            link_owner(state, &secret_sha256, now_ns)?;
            let user = state.users.get(&user_id);
            let has_email = user.is_some_and(|user| !user.email.is_empty());
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
                end_tokens,
            };
            Ok((decision, user.map_or(0, |user| user.session_epoch + 1)))
        })
        .await?;
    auth.signed_in(&parts, user_id, epoch, Some(position)).await
}

fn link_owner(
    state: &ControlState,
    secret_sha256: &[u8; 32],
    now_ns: i64,
) -> Result<UserId, ApiError> {
    let link = state.password_links.get(secret_sha256);
    link.filter(|link| link.is_open(now_ns))
        .map(|link| link.user_id)
        .ok_or_else(|| {
            ApiError::new(
                ErrorCode::Unauthenticated,
                "the link is unknown, used or expired",
            )
        })
}

impl SignIn {
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        parts: &Parts,
        body: Body,
    ) -> Result<T, ApiError> {
        let read = self.read_if_any(parts, body).await?;
        read.ok_or_else(|| ApiError::invalid("", "the body is empty"))
    }

    pub(super) async fn read_if_any<T: DeserializeOwned>(
        &self,
        parts: &Parts,
        body: Body,
    ) -> Result<Option<T>, ApiError> {
        if let Err(error) = self.attempt(parts) {
            body::refuse(body, &parts.headers, &error, &self.limits).await;
            return Err(error);
        }
        let sender = Party::of_sender(self.address(parts));
        let reservation = self.bodies.budget.reserve(sender);
        let turn = self.bodies.turn(sender);
        let read = body::read(&parts.headers, body, &self.limits, reservation, turn).await?;
        if read.bytes.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(&read.bytes)
            .map(Some)
            .map_err(|error| {
                // serde's words name the missing field, never a value of ours.
                ApiError::invalid("", format!("the body is not the JSON expected: {error}"))
            })
    }

    /// One more request of a network.
    fn attempt(&self, parts: &Parts) -> Result<(), ApiError> {
        if !self.limits.enabled {
            return Ok(());
        }
        let network = throttle::network(self.address(parts), 32, 64);
        let rate = Rate::per_minute(self.limits.sign_ins_per_minute);
        self.attempts
            .take(&network, rate)
            .map(drop)
            .map_err(|standing| {
                telemetry::limited("sign_in");
                let message = format!(
                    "more than {} sign-ins a minute from one address",
                    rate.times
                );
                let seconds = standing.next.as_secs() + 1;
                ApiError::new(ErrorCode::Limited, message).retry_after(seconds)
            })
    }

    /// Whether the password is right, if the guess may be made at all. Counted, and told
    /// to whoever watches.
    pub(super) async fn check_password(
        &self,
        parts: &Parts,
        account: &str,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, ApiError> {
        let address = self.address(parts);
        let guess = self.throttle.guess(account, address);
        let attempt = self
            .throttle
            .attempt(guess, Instant::now())
            .inspect_err(|_| telemetry::sign_in_ended("limited"))?;
        let checked = self.hasher.verify(password, hash, attempt.lane).await;
        match checked {
            Ok(true) => {
                self.throttle.succeeded(attempt, Instant::now());
                telemetry::sign_in_ended("right");
            }
            Ok(false) => {
                telemetry::sign_in_ended("wrong");
                self.warn(account, address, attempt);
            }
            Err(_) => {
                self.throttle.unchecked(attempt);
                telemetry::sign_in_ended("failed");
            }
        }
        checked
    }

    /// A line when the waits begin. Names nobody who is not known: what is typed into the
    /// wrong field may be a password.
    fn warn(&self, account: &str, address: Option<IpAddr>, attempt: Attempt) {
        let Some(alarm) = self.throttle.alarm(attempt) else {
            return;
        };
        let state = self.core.state().read();
        let user = state.user_by_email(account.trim()).map(|user| user.id.0);
        let address = address.map(|address| address.to_string());
        let what = match alarm {
            Alarm::Pair => "an account failed to sign in again and again from one address",
            Alarm::Account => "an account failed to sign in again and again, from many addresses",
            Alarm::Address => "many sign-ins from one address failed",
        };
        tracing::warn!(user, address, "{what}; further tries have to wait");
    }

    pub(super) fn address(&self, parts: &Parts) -> Option<IpAddr> {
        address::client(&self.addresses, &parts.extensions, &parts.headers)
    }

    /// Signs a session, and records it so that people see where they are signed in. While
    /// nothing can be recorded (a full disk) people get in all the same: they come to
    /// look what is wrong.
    pub(super) async fn signed_in(
        &self,
        parts: &Parts,
        user_id: UserId,
        epoch: u32,
        position: Option<Position>,
    ) -> Result<Response, ApiError> {
        let (session, now) = (SessionId::random(), self.core.clock().now_ns());
        let agent = parts.headers.get(header::USER_AGENT);
        let device = device::device(agent.and_then(|agent| agent.to_str().ok()));
        let started = self.core.decide(Actor::User(user_id), move |state| {
            let user = state.users.get(&user_id);
            if user.is_none_or(|user| !user.is_enabled() || user.session_epoch != epoch) {
                let message = "the password was changed meanwhile";
                return Err(ApiError::new(ErrorCode::Unauthenticated, message));
            }
            let decision = Decision::StartSession {
                user_id,
                session,
                device,
                expires_ns: now + SESSION_LIFE_NS,
            };
            Ok((decision, ()))
        });
        let position = match started.await {
            Ok((position, ())) => Some(position),
            Err(error) if error.code == ErrorCode::Unauthenticated => return Err(error),
            Err(error) => {
                tracing::warn!(
                    error = error.message,
                    "a session is not in the list of sessions"
                );
                position
            }
        };
        let value = self.secret.sign_session(user_id, epoch, session, now);
        let life_s = self.secret.session_life_s(&value, now);
        Ok(self.answer(&value, life_s, position))
    }

    pub(super) fn signed_out(&self, position: Option<Position>) -> Response {
        self.answer("", 0, position)
    }

    /// 204 and the cookie; with a position in `x-errata-position` for reads.
    fn answer(&self, value: &str, life_s: u64, position: Option<Position>) -> Response {
        let cookie = self.callers.cookie().set(value, life_s);
        let mut response = StatusCode::NO_CONTENT.into_response();
        let cookie = HeaderValue::from_str(&cookie).expect(
            "a session is numbers, dots and URL-safe base64, a path of a URL is visible ASCII",
        );
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        if let Some(position) = position {
            response
                .headers_mut()
                .insert("x-errata-position", HeaderValue::from(position.0));
        }
        response
    }
}
