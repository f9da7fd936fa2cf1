//! The other roles: where they are, and what this process shows them.
//!
//! Owns: the internal token (given, or derived from `secret.key`) and channels over
//! TCP. Roles in one process speak through memory instead (`server::serve_memory`).

use std::{str::FromStr, time::Duration};

use anyhow::{Context, Result, bail};
use event_model::credential::{INTERNAL_TOKEN_CHARS_MIN, ServerSecret};
use http::Uri;
use tonic::transport::{Channel, Endpoint};

use crate::config::Config;

/// A peer has this long to take a connection.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Idle connections are pinged so often, and given up without an answer: a host that
/// vanished does not close what it had open.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(20);
/// See [`PING_INTERVAL`].
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the head of an answer. Commands take a sync or two; streams
/// answer their head at once.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The address of a peer, from its configuration key.
pub(crate) fn address(key: &str, text: &str) -> Result<Uri> {
    let uri = Uri::from_str(text).with_context(|| format!("{key} {text:?} is no URL"))?;
    let is_plain = uri.scheme_str() == Some("http") && uri.authority().is_some();
    if !is_plain || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        bail!(
            "{key} {text:?} must be http://HOST:PORT: roles speak without TLS, on a network of their own"
        );
    }
    Ok(uri)
}

/// A channel to a peer; connects when first used, and again after every break.
pub(crate) fn channel(address: &Uri) -> Channel {
    Endpoint::from(address.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .http2_keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
        .connect_lazy()
}

/// The secret with the configured internal token, if one is given, and how long sessions
/// may be idle.
pub(crate) fn with_token(secret: ServerSecret, config: &Config) -> Result<ServerSecret> {
    let secret = secret.with_session_idle(config.sessions.idle_ns()?);
    Ok(match given_token(config)? {
        Some(token) => secret.with_internal_token(token),
        None => secret,
    })
}

/// The configured internal token.
pub(crate) fn given_token(config: &Config) -> Result<Option<&str>> {
    let token = config.internal_token.as_str();
    if token.is_empty() {
        return Ok(None);
    }
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain || token.len() < INTERNAL_TOKEN_CHARS_MIN {
        bail!(
            "internal_token must have at least {INTERNAL_TOKEN_CHARS_MIN} characters, ASCII without blanks, \
             the same for every role"
        );
    }
    Ok(Some(token))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_plain_origin() {
        for good in [
            "http://127.0.0.1:8470",
            "http://gateway:8470/",
            "http://[::1]:1",
        ] {
            assert!(address("peers.gateway", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "gateway:8470",
            "https://gateway",
            "http://gateway/errata",
            "http://g?x",
        ] {
            let error = address("peers.gateway", bad).unwrap_err().to_string();
            assert!(error.contains("peers.gateway"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        let with = |token: &str| Config {
            internal_token: token.to_owned(),
            ..Config::default()
        };
        assert_eq!(given_token(&with("")).unwrap(), None);
        assert!(given_token(&with("short")).is_err());
        assert!(given_token(&with(&"a b ".repeat(10))).is_err());
        let long = "0123456789abcdef0123456789abcdef";
        assert_eq!(given_token(&with(long)).unwrap(), Some(long));
        let secret = with_token(ServerSecret::new([1; 32]), &with(long)).unwrap();
        assert!(secret.is_internal_token(long));
    }
}
