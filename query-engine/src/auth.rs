//! Who calls.
//!
//! In this order: a [`Caller`] that the binary put into the request's extensions
//! (admin socket), the internal token, an API token, the session cookie. What they may
//! and what they see of it [`event_model::access`] says, by the door they came to; a door
//! that it does not know opens to nobody. What ended or was revoked a moment ago
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
use event_model::{
    access::{
        Viewer,
        door::{self, Need},
    },
    credential::{Caller, INTERNAL_TOKEN_HEADER, bearer_token},
};
use http::{Extensions, header};

use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
};

impl Core {
    /// The caller of a request to a door that needs this, and what of it they see.
    pub(crate) fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        need: Option<Need>,
    ) -> Result<Viewer, ApiError> {
        let caller = self.caller(headers, extensions)?;
        let Some(action) = door::action(need) else {
            return Err(ApiError::new(
                ErrorCode::Forbidden,
                "nobody has said who may do this",
            ));
        };
        Ok(Viewer::of(&self.control.state(), caller, action)?)
    }

    /// The viewer of a gRPC request.
    pub(crate) fn viewer_of_method(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Viewer, ApiError> {
        let uri = extensions.get::<OriginalUri>();
        let need = uri.and_then(|uri| door::of_method(uri.path()));
        self.authenticate(headers, extensions, need)
    }

    /// The viewer as they stand by now; none once they are signed out, revoked or gone.
    pub(crate) fn viewer_now(&self, viewer: &Viewer) -> Option<Viewer> {
        if let Err(error) = self.control.poll() {
            tracing::warn!(%error, "callers are judged by an older state");
        }
        let state = self.control.state();
        let stands = viewer
            .caller()
            .still_stands(&state, self.config.clock.now_ns());
        stands.then(|| viewer.now(&state))
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
