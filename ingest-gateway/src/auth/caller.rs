//! Who decides: the caller of a command, by admin socket, internal token, API token
//! or session cookie.
//!
//! Invariant: a session cookie counts only for requests that no other site can
//! forge: those whose `Origin` is ours, or, without one, whose content type a form
//! cannot send. What decides is that the cookie authenticated, not what else was sent.
//! What they may then [`event_model::access`] says.

use std::sync::Arc;

use axum::extract::OriginalUri;
use event_model::{
    ControlState,
    access::{Action, door, may},
    credential::{Caller, INTERNAL_TOKEN_HEADER, ServerSecret, SessionCookie, Uses, bearer_token},
    proxy::Addresses,
};
use ground::Clock;
use http::{Extensions, HeaderMap, header};
use parking_lot::RwLock;
use url::Url;

use crate::{
    address,
    error::{ApiError, ErrorCode},
};

/// Authenticates callers.
#[derive(Debug, Clone)]
pub(crate) struct Callers {
    secret: ServerSecret,
    state: Arc<RwLock<ControlState>>,
    addresses: Arc<Addresses>,
    /// When sessions and tokens were used last.
    uses: Uses,
    cookie: Arc<SessionCookie>,
    public_origin: Arc<str>,
    clock: Clock,
}

impl Callers {
    pub(crate) fn new(
        secret: ServerSecret,
        state: Arc<RwLock<ControlState>>,
        addresses: Arc<Addresses>,
        uses: Uses,
        public_url: &Url,
        clock: Clock,
    ) -> Self {
        let cookie = SessionCookie::new(public_url.scheme() == "https", public_url.path());
        Self {
            cookie: Arc::new(cookie),
            public_origin: public_url.origin().ascii_serialization().into(),
            secret,
            state,
            addresses,
            uses,
            clock,
        }
    }

    /// How sessions travel.
    pub(crate) fn cookie(&self) -> &SessionCookie {
        &self.cookie
    }

    /// The caller of a gRPC request, who may do this.
    pub(crate) fn of_grpc<T>(
        &self,
        request: &tonic::Request<T>,
        action: Action,
    ) -> Result<Caller, ApiError> {
        let headers = request.metadata().clone().into_headers();
        self.of(&headers, request.extensions(), action)
    }

    /// The caller of a gRPC command, who may do what its door says.
    pub(crate) fn of_command<T>(&self, request: &tonic::Request<T>) -> Result<Caller, ApiError> {
        let uri = request.extensions().get::<OriginalUri>();
        let need = uri.and_then(|uri| door::of_method(uri.path()));
        let Some(action) = door::action(need) else {
            let message = "nobody has said who may do this";
            return Err(ApiError::new(ErrorCode::Forbidden, message));
        };
        self.of_grpc(request, action)
    }

    /// The caller of a request, who may do this. What changes nothing another site can make
    /// a browser send, too: it never sees the answer.
    pub(crate) fn of(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        action: Action,
    ) -> Result<Caller, ApiError> {
        let caller = self.authenticate(headers, extensions)?;
        if caller.is_by_cookie() && !action.rights().reads {
            self.check_same_site(headers)?;
        }
        may(caller, action)?;
        Ok(caller)
    }

    fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Caller, ApiError> {
        if let Some(caller) = extensions.get::<Caller>() {
            return Ok(*caller);
        }
        let authorization = text(headers, header::AUTHORIZATION.as_str());
        let cookies = cookies(headers);
        let now = self.clock.now_ns();
        let caller = self.secret.authenticate(
            text(headers, INTERNAL_TOKEN_HEADER),
            authorization,
            cookies.as_deref().and_then(|all| self.cookie.find(all)),
            &self.state.read(),
            now,
        );
        let caller = caller.ok_or_else(|| refusal(authorization))?;
        let address = address::client(&self.addresses, extensions, headers);
        self.uses.note(caller, now, address);
        Ok(caller)
    }

    /// The caller by cookie alone.
    pub(crate) fn of_cookie(&self, headers: &HeaderMap) -> Option<Caller> {
        let cookies = cookies(headers)?;
        let session = self.cookie.find(&cookies)?;
        let state = self.state.read();
        self.secret
            .verify_session(session, &state, self.clock.now_ns())
    }

    /// Refuses what another site could have made a browser send.
    pub(crate) fn check_same_site(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let allowed = match text(headers, header::ORIGIN.as_str()) {
            Some(origin) => *origin == *self.public_origin || self.is_of_host(origin, headers),
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

impl Callers {
    /// Whether a page of this origin came from where the request went. Behind https a page
    /// without it is somebody else's: whoever sits on the wire wrote it. Only on this very
    /// machine nobody does.
    fn is_of_host(&self, origin: &str, headers: &HeaderMap) -> bool {
        let Some((scheme, host)) = origin.split_once("://") else {
            return false;
        };
        let mut hosts = headers.get_all(header::HOST).iter();
        let is_host = match (
            hosts.next().and_then(|host| host.to_str().ok()),
            hosts.next(),
        ) {
            (Some(only), None) => only.eq_ignore_ascii_case(host),
            _ => false,
        };
        let is_safe = scheme == "https"
            || scheme == "http"
                && (!self.public_origin.starts_with("https://") || is_this_machine(host));
        is_host && is_safe
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None => host.split(':').next(),
    };
    name.is_some_and(|name| {
        let address: Option<std::net::IpAddr> = name.parse().ok();
        name.eq_ignore_ascii_case("localhost") || address.is_some_and(|ip| ip.is_loopback())
    })
}

/// HTTP/2 clients may split the cookie header.
pub(crate) fn cookies(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
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
