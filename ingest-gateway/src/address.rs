//! Whose address a request came from.
//!
//! Invariant: what a header says counts only if a proxy that is trusted says it, or the
//! role of this installation that forwarded the request.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use event_model::{
    credential::{FORWARDER_HEADER, ServerSecret},
    proxy::TrustedProxies,
};
use http::{Extensions, HeaderMap};

/// Tells addresses of clients.
#[derive(Debug)]
pub(crate) struct Addresses {
    proxies: TrustedProxies,
    secret: ServerSecret,
}

impl Addresses {
    /// Behind these proxies.
    pub(crate) fn new(proxies: TrustedProxies, secret: ServerSecret) -> Self {
        Self { proxies, secret }
    }

    /// The client's address: the peer's, or what a trusted proxy says. A query role
    /// that forwards shows the internal token; a wrong one is no proxy of ours,
    /// wherever it runs.
    pub(crate) fn of(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(address)| address.ip().to_canonical());
        let lines = headers.get_all("x-forwarded-for").iter();
        let mut lines = lines.filter_map(|line| line.to_str().ok());
        match headers.get(FORWARDER_HEADER) {
            Some(token) if self.secret.is_internal_token(token.to_str().unwrap_or("")) => {
                // It has judged already, and says one address.
                lines
                    .next_back()
                    .and_then(|line| line.trim().parse().ok())
                    .or(peer)
            }
            Some(_) => peer,
            None => self.proxies.client(peer, lines),
        }
    }
}
