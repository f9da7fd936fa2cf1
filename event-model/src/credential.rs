//! Credentials as pure functions: hashes of tokens and links, signed sessions, the
//! internal token between roles. Gateway and query engine check them alike.
//!
//! Invariant: nothing here stores or logs a secret. A [`ServerSecret`] comes from
//! `data/secret.key` (32 bytes).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{ControlState, ProjectId, Role, UserId};

/// Name of the session cookie.
pub const SESSION_COOKIE: &str = "errata_session";
/// How long a session lasts.
pub const SESSION_LIFE_NS: i64 = 30 * 24 * 3600 * 1_000_000_000;
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
    },
    /// Another role of this installation.
    Internal,
    /// The command line on the host, over the admin socket.
    Admin,
}

impl Caller {
    /// Whether the caller may manage projects, keys and users.
    pub fn is_owner(self) -> bool {
        match self {
            Self::User { role, .. } => role == Role::Owner,
            // A role has what it needs by name, and nothing by rank.
            Self::Internal => false,
            Self::Admin => true,
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
        }
    }

    /// With an internal token from the configuration instead of the derived one.
    #[must_use]
    pub fn with_internal_token(mut self, token: &str) -> Self {
        self.internal = Some(token.into());
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

    /// A session cookie's value for a user of this epoch, valid until
    /// `now_ns` + [`SESSION_LIFE_NS`].
    pub fn sign_session(&self, user: UserId, epoch: u32, now_ns: i64) -> String {
        let payload = format!("{}.{}.{}", user.0, epoch, now_ns + SESSION_LIFE_NS);
        let mac = self.mac("session", payload.as_bytes());
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// The caller of a session cookie's value; `None` if it is forged, over, or of
    /// an older epoch.
    pub fn verify_session(&self, value: &str, state: &ControlState, now_ns: i64) -> Option<Caller> {
        let (payload, signature) = value.rsplit_once('.')?;
        let given = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !bool::from(self.mac("session", payload.as_bytes()).ct_eq(&given)) {
            return None;
        }
        let mut parts = payload.split('.');
        let user = UserId(parts.next()?.parse().ok()?);
        let epoch: u32 = parts.next()?.parse().ok()?;
        let expires_ns: i64 = parts.next()?.parse().ok()?;
        let user = state.users.get(&user)?;
        (user.session_epoch == epoch && now_ns < expires_ns).then_some(Caller::User {
            id: user.id,
            role: user.role,
        })
    }

    /// The caller of HTTP or gRPC headers: internal token, `Authorization: Bearer`
    /// API token, or session cookie, in that order.
    pub fn authenticate(
        &self,
        internal: Option<&str>,
        authorization: Option<&str>,
        cookie: Option<&str>,
        state: &ControlState,
        now_ns: i64,
    ) -> Option<Caller> {
        if let Some(token) = internal {
            return self.is_internal_token(token).then_some(Caller::Internal);
        }
        if let Some(bearer) = authorization.and_then(bearer_token) {
            let token = state.token_by_hash(&sha256(bearer))?;
            let user = state.users.get(&token.user_id)?;
            return Some(Caller::User {
                id: user.id,
                role: user.role,
            });
        }
        let session = cookie?.split(';').find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == SESSION_COOKIE).then_some(value)
        })?;
        self.verify_session(session, state, now_ns)
    }
}

/// The token of an `Authorization: Bearer TOKEN` value.
pub fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
