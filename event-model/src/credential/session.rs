//! Sessions: what is in the cookie, and how the cookie is set.
//!
//! Invariant: a session's value is signed, names its user, the user's epoch, its own id,
//! its end and when it was seen last, and is refused once any of them is over. That it is
//! used is in the cookie alone: a session that was not seen for a while gets its value
//! anew with an answer, so that nothing is recorded and no role needs to ask another.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::{Caller, ServerSecret, Via};
use crate::{ControlState, SessionId, UserId};

/// How long a session lasts, however much it is used.
pub const SESSION_LIFE_NS: i64 = 30 * 24 * HOUR_NS;
/// How long it lasts without being used, unless the configuration says otherwise.
pub(super) const SESSION_IDLE_NS: i64 = 14 * 24 * HOUR_NS;

const HOUR_NS: i64 = 3600 * 1_000_000_000;
/// A session that is used is told so this often within the time it may be idle, and once
/// an hour at most.
const RENEWALS: i64 = 24;

/// What a sound signature vouches for.
struct Signed {
    user: UserId,
    epoch: u32,
    session: SessionId,
    expires_ns: i64,
    seen_ns: i64,
}

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
    /// [`SESSION_LIFE_NS`] while it is used.
    pub fn sign_session(
        &self,
        user: UserId,
        epoch: u32,
        session: SessionId,
        now_ns: i64,
    ) -> String {
        self.sign(&Signed {
            user,
            epoch,
            session,
            expires_ns: now_ns + SESSION_LIFE_NS,
            seen_ns: now_ns,
        })
    }

    fn sign(&self, signed: &Signed) -> String {
        let Signed {
            user,
            epoch,
            session,
            expires_ns,
            seen_ns,
        } = signed;
        let payload = format!("{}.{epoch}.{session}.{expires_ns}.{seen_ns}", user.0);
        let mac = self.mac("session", payload.as_bytes());
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// What a value says, if it is ours and neither over nor idle for too long.
    fn read_session(&self, value: &str, now_ns: i64) -> Option<Signed> {
        let (payload, signature) = value.rsplit_once('.')?;
        let given = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !bool::from(self.mac("session", payload.as_bytes()).ct_eq(&given)) {
            return None;
        }
        let mut parts = payload.split('.');
        let signed = Signed {
            user: UserId(parts.next()?.parse().ok()?),
            epoch: parts.next()?.parse().ok()?,
            session: parts.next()?.parse().ok()?,
            expires_ns: parts.next()?.parse().ok()?,
            seen_ns: parts.next()?.parse().ok()?,
        };
        let is_alive = now_ns < signed.expires_ns
            && now_ns.saturating_sub(signed.seen_ns) < self.session_idle_ns;
        is_alive.then_some(signed)
    }

    /// The same session, seen now; none if it is over, and none if it was seen a short
    /// while ago. Whether its user may still use it is not asked: the new value opens no
    /// more than the old one.
    pub fn renew_session(&self, value: &str, now_ns: i64) -> Option<String> {
        let mut signed = self.read_session(value, now_ns)?;
        let step_ns = (self.session_idle_ns / RENEWALS).min(HOUR_NS);
        if now_ns.saturating_sub(signed.seen_ns) < step_ns {
            return None;
        }
        signed.seen_ns = now_ns;
        Some(self.sign(&signed))
    }

    /// How long a browser keeps a value that was signed now, seconds: no longer than it
    /// will be of use. None of ours: 0.
    pub fn session_life_s(&self, value: &str, now_ns: i64) -> u64 {
        let left = |signed: Signed| {
            let left_ns = (signed.expires_ns - now_ns).min(self.session_idle_ns);
            left_ns.unsigned_abs() / 1_000_000_000
        };
        self.read_session(value, now_ns).map_or(0, left)
    }

    /// The caller of a session's value; `None` if it is forged, over, unused for too
    /// long, of an older epoch or of somebody who is gone.
    pub fn verify_session(&self, value: &str, state: &ControlState, now_ns: i64) -> Option<Caller> {
        let signed = self.read_session(value, now_ns)?;
        let user = state.users.get(&signed.user)?;
        let sound = user.is_enabled()
            && user.session_epoch == signed.epoch
            && !state.ended_sessions.contains_key(&signed.session);
        sound.then_some(Caller::User {
            id: user.id,
            role: user.role,
            via: Via::Session {
                id: signed.session,
                expires_ns: signed.expires_ns,
            },
        })
    }
}
