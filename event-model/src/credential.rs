//! Credentials as pure functions: hashes of tokens and links, signed sessions, the
//! internal token between roles. Gateway and query engine check them alike.
//!
//! Invariant: nothing here stores or logs a secret. A [`ServerSecret`] comes from
//! `data/secret.key` (32 bytes).

mod session;
mod usage;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{ControlState, ProjectId, Role, SessionId, TokenId, TokenScope, UserId, control::User};

pub use session::{SESSION_LIFE_NS, SessionCookie};
pub use usage::{Use, Uses};

/// Metadata key of the internal token between roles.
pub const INTERNAL_TOKEN_HEADER: &str = "x-errata-internal";
/// Header in which the query role shows the internal token when it forwards another's
/// request. It lends no right but one: to say in `x-forwarded-for` whose it is.
pub const FORWARDER_HEADER: &str = "x-errata-forwarder";
/// Shortest internal token that may be given, characters: 128 bits in base64 are 22.
pub const INTERNAL_TOKEN_CHARS_MIN: usize = 32;

/// The key of `data/secret.key`, and the internal token.
#[derive(Clone)]
pub struct ServerSecret {
    key: [u8; 32],
    /// Given in the configuration; none: derived from the key.
    internal: Option<Arc<str>>,
    /// How long a session lasts without being used.
    session_idle_ns: i64,
}

impl std::fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerSecret(…)")
    }
}

/// Who calls, once authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A person, by session or token.
    User {
        /// Who.
        id: UserId,
        /// What they may do.
        role: Role,
        /// What they showed.
        via: Via,
    },
    /// Another role of this installation.
    Internal,
    /// The command line on the host, over the admin socket.
    Admin,
}

/// What a person showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A session's cookie, which a browser sends by itself.
    Session {
        /// Which.
        id: SessionId,
        /// When it is over, Unix nanoseconds.
        expires_ns: i64,
    },
    /// An API token.
    Token {
        /// Which.
        id: TokenId,
        /// What it may do.
        scope: TokenScope,
    },
}

impl Caller {
    /// Whether the caller reads only.
    pub fn is_read_only(self) -> bool {
        let read = TokenScope::Read;
        matches!(self, Self::User { via: Via::Token { scope, .. }, .. } if scope == read)
    }

    /// Whether a browser could have sent the request without its user's knowing.
    pub fn is_by_cookie(self) -> bool {
        matches!(
            self,
            Self::User {
                via: Via::Session { .. },
                ..
            }
        )
    }

    /// Whether what the caller showed would still open something: for what goes on after
    /// it was looked at. A session that "log out everywhere" ended counts until it is
    /// shown again.
    pub fn still_stands(self, state: &ControlState, now_ns: i64) -> bool {
        let Self::User { id, via, .. } = self else {
            return true;
        };
        let is_shown = match via {
            Via::Session { id, expires_ns } => {
                now_ns < expires_ns && !state.ended_sessions.contains_key(&id)
            }
            Via::Token { id, .. } => state.tokens.get(&id).is_some_and(|t| t.is_valid(now_ns)),
        };
        is_shown && state.users.get(&id).is_some_and(User::is_enabled)
    }

    /// The person, if it is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(id),
            Self::Internal | Self::Admin => None,
        }
    }
}

/// SHA-256 of a token or of a link's secret.
pub fn sha256(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A random secret of 256 bits, URL-safe, with a prefix that tells its kind
/// ("errata_", so that secret scanners find it).
pub fn random_secret(prefix: &str) -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system's random source works");
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

impl ServerSecret {
    /// Wraps the key.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            internal: None,
            session_idle_ns: session::SESSION_IDLE_NS,
        }
    }

    /// With an internal token from the configuration instead of the derived one.
    #[must_use]
    pub fn with_internal_token(mut self, token: &str) -> Self {
        self.internal = Some(token.into());
        self
    }

    /// With another time for which a session may be unused: the same in every role.
    #[must_use]
    pub fn with_session_idle(mut self, idle_ns: i64) -> Self {
        self.session_idle_ns = idle_ns;
        self
    }

    fn mac(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.key)
            .expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// The token that roles of this installation authenticate to each other with: the
    /// given one, or one derived from the key, which roles on one host share.
    pub fn internal_token(&self) -> String {
        match &self.internal {
            Some(token) => token.to_string(),
            None => URL_SAFE_NO_PAD.encode(self.mac("internal token", b"")),
        }
    }

    /// HMAC-SHA-256 of a value of an event, under a key of the project's own: equal
    /// values of a project stay comparable, and nobody without `secret.key` can try
    /// values out.
    pub fn hash_of_value(&self, project: ProjectId, value: &str) -> [u8; 32] {
        let key = self.mac("scrubbed values", &project.0.to_le_bytes());
        let mut mac =
            <Hmac<Sha256> as Mac>::new_from_slice(&key).expect("HMAC takes keys of any length");
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Whether `token` is the internal token.
    pub fn is_internal_token(&self, token: &str) -> bool {
        self.internal_token()
            .as_bytes()
            .ct_eq(token.as_bytes())
            .into()
    }

    /// The caller of HTTP or gRPC headers: internal token, `Authorization: Bearer`
    /// API token, or session cookie, in that order. [`Caller`] tells which it was.
    pub fn authenticate(
        &self,
        internal: Option<&str>,
        authorization: Option<&str>,
        session: Option<&str>,
        state: &ControlState,
        now_ns: i64,
    ) -> Option<Caller> {
        if let Some(token) = internal {
            return self.is_internal_token(token).then_some(Caller::Internal);
        }
        if let Some(bearer) = authorization.and_then(bearer_token) {
            let token = state.token_by_hash(&sha256(bearer))?;
            let user = state.users.get(&token.user_id)?;
            let sound = token.is_valid(now_ns) && user.is_enabled();
            return sound.then_some(Caller::User {
                id: user.id,
                role: user.role,
                via: Via::Token {
                    id: token.id,
                    scope: token.scope,
                },
            });
        }
        self.verify_session(session?, state, now_ns)
    }
}

/// The token of an `Authorization: Bearer TOKEN` value.
pub fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
