//! Who calls.
//!
//! In this order: a [`Caller`] that the binary put into the request's extensions
//! (admin socket), the internal token, an API token, the session cookie. Every
//! person may read everything: there is one organisation. Another role may read what
//! it needs ([`INTERNAL_METHODS`]) and nothing else. What ended or was revoked a moment ago
//! opens nothing: the state is brought up to the newest command before it is asked.
//!
//! Nothing given, an unreadable `Authorization`, or a session that is over:
//! unauthenticated, so that a browser signs in anew. A token nobody has, or a
//! project's key, which may only write: forbidden.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, OriginalUri},
    http::HeaderMap,
};
use event_model::credential::{Caller, INTERNAL_TOKEN_HEADER, bearer_token};
use http::{Extensions, header};

use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
};

/// What the alerter asks for: all that the internal token opens.
const INTERNAL_METHODS: [&str; 6] = [
    "/errata.v1.LiveService/StreamTransitions",
    "/errata.v1.LiveService/ListDeliveries",
    "/errata.v1.ProjectService/ListMembers",
    "/errata.v1.ProjectService/ListProjects",
    "/errata.v1.IssueService/GetIssue",
    "/errata.v1.EventService/GetEvent",
];

impl Core {
    /// The caller of a request, who may make it.
    pub(crate) fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Caller, ApiError> {
        let caller = self.caller(headers, extensions)?;
        // Without a path nothing is known to be allowed.
        let is_allowed = |uri: &OriginalUri| INTERNAL_METHODS.contains(&uri.path());
        if caller == Caller::Internal && !extensions.get().is_some_and(is_allowed) {
            return Err(ApiError::new(
                ErrorCode::Forbidden,
                "the internal token does not open this",
            ));
        }
        Ok(caller)
    }

    fn caller(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, ApiError> {
        if let Some(caller) = extensions.get::<Caller>() {
            return Ok(*caller);
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let internal = text(INTERNAL_TOKEN_HEADER);
        let authorization = text(header::AUTHORIZATION.as_str());
        // Costs a look at a number in memory while there is no new command.
        if let Err(error) = self.control.poll() {
            tracing::warn!(%error, "callers are judged by an older state");
        }
        // HTTP/2 clients may split the cookie header.
        let cookies: Vec<&str> = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let cookie = (!cookies.is_empty()).then(|| cookies.join("; "));
        let session = cookie.as_deref().and_then(|all| self.cookie.find(all));
        let (state, now) = (self.control.state(), self.config.clock.now_ns());
        let caller = self
            .secret
            .authenticate(internal, authorization, session, &state, now);
        if let Some(caller) = caller {
            let address = self.client_ip(headers, extensions);
            self.config.uses.note(caller, now, address);
            return Ok(caller);
        }
        Err(refusal(
            internal,
            headers.contains_key(header::AUTHORIZATION),
            authorization,
        ))
    }
}

impl Core {
    /// The client's address, as far as it is vouched for.
    fn client_ip(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        self.addresses.client(peer, |name| {
            let lines = headers.get_all(name).iter();
            lines.filter_map(|line| line.to_str().ok())
        })
    }
}

fn refusal(internal: Option<&str>, given: bool, authorization: Option<&str>) -> ApiError {
    if internal.is_some() {
        return ApiError::new(ErrorCode::Forbidden, "the internal token is wrong");
    }
    let bearer = authorization
        .and_then(bearer_token)
        .filter(|token| !token.is_empty());
    match bearer {
        Some(_) => ApiError::new(
            ErrorCode::Forbidden,
            "no API token of this installation (a project's key can only write)",
        ),
        None if given => ApiError::new(
            ErrorCode::Unauthenticated,
            "authorization is not of the form `Bearer TOKEN`",
        ),
        None => ApiError::new(
            ErrorCode::Unauthenticated,
            "sign in, or send an API token as `Authorization: Bearer TOKEN`",
        ),
    }
}
