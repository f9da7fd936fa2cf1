//! Who decides: the caller of a command, by admin socket, internal token, API token
//! or session cookie.
//!
//! Invariant: a session cookie counts only for requests that no other site can
//! forge: those whose `Origin` is ours, or, without one, whose content type a form
//! cannot send.

use std::sync::Arc;

use event_model::{
    ControlState,
    credential::{Caller, INTERNAL_TOKEN_HEADER, ServerSecret, bearer_token},
};
use http::{Extensions, HeaderMap, header};
use parking_lot::RwLock;
use url::Url;

use crate::{
    error::{ApiError, ErrorCode},
    shared::now_ns,
};

/// Authenticates callers.
#[derive(Debug, Clone)]
pub(crate) struct Callers {
    state: Arc<RwLock<ControlState>>,
    secret: ServerSecret,
    public_origin: String,
}

impl Callers {
    pub(crate) fn new(
        state: Arc<RwLock<ControlState>>,
        secret: ServerSecret,
        public_url: &Url,
    ) -> Self {
        Self {
            state,
            secret,
            public_origin: public_url.origin().ascii_serialization(),
        }
    }

    /// The caller of a gRPC request.
    pub(crate) fn of_grpc<T>(&self, request: &tonic::Request<T>) -> Result<Caller, ApiError> {
        let headers = request.metadata().clone().into_headers();
        self.of(&headers, request.extensions())
    }

    /// The caller of a request.
    pub(crate) fn of(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Caller, ApiError> {
        let caller = self.of_read(headers, extensions)?;
        let is_cookie = extensions.get::<Caller>().is_none()
            && text(headers, INTERNAL_TOKEN_HEADER).is_none()
            && text(headers, header::AUTHORIZATION.as_str()).is_none();
        if is_cookie {
            self.check_same_site(headers)?;
        }
        Ok(caller)
    }

    /// The caller of a request that changes nothing: another site can make a browser
    /// send it, but never see its answer.
    pub(crate) fn of_read(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Caller, ApiError> {
        if let Some(caller) = extensions.get::<Caller>() {
            return Ok(*caller);
        }
        let authorization = text(headers, header::AUTHORIZATION.as_str());
        let caller = self.secret.authenticate(
            text(headers, INTERNAL_TOKEN_HEADER),
            authorization,
            text(headers, header::COOKIE.as_str()),
            &self.state.read(),
            now_ns(),
        );
        caller.ok_or_else(|| refusal(authorization))
    }

    /// Refuses what another site could have made a browser send.
    pub(crate) fn check_same_site(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let allowed = match text(headers, header::ORIGIN.as_str()) {
            Some(origin) => {
                let host = origin.split_once("://").map(|(_, host)| host);
                origin == self.public_origin
                    || host.is_some() && host == text(headers, header::HOST.as_str())
            }
            None => text(headers, header::CONTENT_TYPE.as_str()).is_some_and(|content_type| {
                let content_type = content_type.trim().to_ascii_lowercase();
                content_type.starts_with("application/json")
                    || content_type.starts_with("application/grpc")
            }),
        };
        if allowed {
            return Ok(());
        }
        Err(ApiError::new(
            ErrorCode::Forbidden,
            "a session may only be used from the server's own pages",
        ))
    }
}

/// Who gave a token that nobody holds is forbidden; who gave none is unknown.
fn refusal(authorization: Option<&str>) -> ApiError {
    match authorization.and_then(bearer_token) {
        Some(token) if !token.is_empty() => ApiError::new(
            ErrorCode::Forbidden,
            "no API token of this installation (a project's key can only write)",
        ),
        _ => ApiError::new(
            ErrorCode::Unauthenticated,
            "sign in, or send an API token as \"Authorization: Bearer TOKEN\"",
        ),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
