//! Sessions: what is in the cookie, and how the cookie is set.
//!
//! Invariant: a session's value is signed, names its user, the user's epoch, its own id
//! and its end, and is refused once any of them is over.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::{Caller, ServerSecret, Via};
use crate::{ControlState, SessionId, UserId};

/// How long a session lasts.
pub const SESSION_LIFE_NS: i64 = 30 * 24 * 3600 * 1_000_000_000;

/// How this installation names and scopes its session cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCookie {
    name: &'static str,
    path: String,
    secure: bool,
}

impl SessionCookie {
    /// For an installation that people reach at this scheme and path. Behind https the
    /// name has a prefix by which browsers refuse the cookie from anyone else: without
    /// TLS, or set by a sister domain.
    pub fn new(is_https: bool, path: &str) -> Self {
        let prefix = path.trim_end_matches('/');
        let is_whole_host = prefix.is_empty();
        Self {
            name: match (is_https, is_whole_host) {
                (true, true) => "__Host-errata_session",
                (true, false) => "__Secure-errata_session",
                (false, _) => "errata_session",
            },
            path: if is_whole_host {
                "/".to_owned()
            } else {
                prefix.to_owned()
            },
            secure: is_https,
        }
    }

    /// The value of a `Set-Cookie` header; a life of 0 removes the cookie.
    pub fn set(&self, value: &str, life_s: u64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let Self { name, path, .. } = self;
        format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={life_s}{secure}")
    }

    /// The session in a `Cookie` header's value.
    pub fn find<'a>(&self, cookies: &'a str) -> Option<&'a str> {
        cookies.split(';').find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name).then_some(value)
        })
    }
}

impl ServerSecret {
    /// A session's value for a user of this epoch, valid until `now_ns` +
    /// [`SESSION_LIFE_NS`].
    pub fn sign_session(
        &self,
        user: UserId,
        epoch: u32,
        session: SessionId,
        now_ns: i64,
    ) -> String {
        let expires_ns = now_ns + SESSION_LIFE_NS;
        let payload = format!("{}.{epoch}.{session}.{expires_ns}", user.0);
        let mac = self.mac("session", payload.as_bytes());
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// The caller of a session's value; `None` if it is forged, over, of an older epoch
    /// or of somebody who is gone.
    pub fn verify_session(&self, value: &str, state: &ControlState, now_ns: i64) -> Option<Caller> {
        let (payload, signature) = value.rsplit_once('.')?;
        let given = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !bool::from(self.mac("session", payload.as_bytes()).ct_eq(&given)) {
            return None;
        }
        let mut parts = payload.split('.');
        let user = UserId(parts.next()?.parse().ok()?);
        let epoch: u32 = parts.next()?.parse().ok()?;
        let session: SessionId = parts.next()?.parse().ok()?;
        let expires_ns: i64 = parts.next()?.parse().ok()?;
        let user = state.users.get(&user)?;
        let sound = user.is_enabled()
            && user.session_epoch == epoch
            && now_ns < expires_ns
            && !state.ended_sessions.contains_key(&session);
        sound.then_some(Caller::User {
            id: user.id,
            role: user.role,
            via: Via::Session {
                id: session,
                expires_ns,
            },
        })
    }
}
