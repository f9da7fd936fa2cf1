//! The query role's way to the gateway: a streaming reverse proxy for what only the
//! gateway can do.
//!
//! Owns: connections to `peers.gateway`, the headers that belong to one connection
//! only, and whose request it is. Bodies pass through in both directions, trailers
//! included, and are never gathered; the gateway bounds them, in size and time. HTTP/1.1
//! is forwarded as HTTP/1.1, HTTP/2 (gRPC) as HTTP/2. Who sends slowly or not at all is
//! given up as at the gateway itself, and takes nobody else's turn meanwhile ([`turns`]).
//!
//! A gateway that does not answer is a 503 with `Retry-After` (for gRPC, unavailable):
//! it promises nothing, the client sends again.

mod turns;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use event_model::{
    credential::{FORWARDER_HEADER, ServerSecret},
    proxy::{Addresses, FORWARDED_FOR_HEADER},
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use proto::{
    error::{ErrorCode, Refusal, is_grpc},
    routes::STREAM_ERRORS,
};

use self::turns::{LANES, Turns};
use crate::{
    config::Config,
    peers::{CONNECT_TIMEOUT, PING_INTERVAL, PING_TIMEOUT, address},
};

/// Gauge: requests on their way to the gateway, answers included.
pub(crate) const FORWARDS_IN_FLIGHT: &str = "errata_forwards_in_flight";
/// Idle connections kept, and how long.
const IDLE_CONNECTIONS_MAX: usize = 64;
/// See [`IDLE_CONNECTIONS_MAX`].
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// On top of what the gateway itself allows for body and disk, until its answer.
const ANSWER_MARGIN: Duration = Duration::from_secs(20);
/// Seconds after which a client shall try again.
const RETRY_AFTER_S: u64 = 2;

/// Headers of one connection, not of the message: RFC 9110, section 7.6.1. `Expect`
/// is dealt with by this process's own server.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static(FORWARDED_FOR_HEADER);

/// Forwards requests to the gateway.
pub(crate) struct Forwarder {
    gateway: Uri,
    http1: Client<HttpConnector, Body>,
    /// A connection each.
    http2: [Client<HttpConnector, Body>; LANES],
    secret: ServerSecret,
    addresses: Addresses,
    token: HeaderValue,
    turns: Arc<Turns>,
    answer_timeout: Duration,
    stream_timeout: Duration,
}

impl Forwarder {
    /// To `peers.gateway`. Connects when something is to be forwarded.
    pub(crate) fn new(config: &Config, secret: &ServerSecret) -> Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        connector.set_keepalive(Some(PING_INTERVAL));
        connector.set_tcp_user_timeout(Some(PING_INTERVAL + PING_TIMEOUT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX);
        let http1 = builder.build(connector.clone());
        builder
            .http2_only(true)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT);
        let mut token = HeaderValue::from_str(&secret.internal_token())
            .context("internal_token cannot travel in a header")?;
        token.set_sensitive(true);
        let limits = &config.limits;
        Ok(Self {
            gateway: address("peers.gateway", &config.peers.gateway)?,
            http1,
            http2: std::array::from_fn(|_| builder.build(connector.clone())),
            secret: secret.clone(),
            addresses: Addresses::new(config.trusted_proxies.clone(), secret.clone()),
            token,
            turns: Turns::new(limits.requests_address_max),
            stream_timeout: limits.stream_timeout(),
            answer_timeout: limits.body_read_timeout() + limits.durable_timeout() + ANSWER_MARGIN,
        })
    }

    /// Hands one request to the gateway and its answer back.
    pub(crate) async fn forward(&self, mut request: Request) -> Response {
        let is_grpc = is_grpc(request.headers());
        let refuse = |message: String| unavailable(is_grpc, &message);
        if self.is_ours(request.headers()) {
            return refuse(format!(
                "peers.gateway of the query role is {}, where another query role listens and no gateway",
                self.gateway
            ));
        }
        let is_http2 = request.version() == Version::HTTP_2;
        let is_streamed = request.uri().path().ends_with(STREAM_ERRORS);
        let sender = self.address(&mut request);
        let Some(turn) = self.turns.take(sender, is_http2) else {
            return refuse("too many requests are on their way to the gateway".to_owned());
        };
        let client = turn.lane().map_or(&self.http1, |lane| &self.http2[lane]);
        let patience = if is_streamed {
            self.stream_timeout + self.answer_timeout
        } else {
            self.answer_timeout
        };
        match tokio::time::timeout(patience, client.request(request)).await {
            Ok(Ok(answer)) => {
                let (mut parts, body) = answer.into_parts();
                remove_hop_by_hop(&mut parts.headers);
                let body = body.map_frame(move |frame| {
                    // Its turn ends with its last byte.
                    let _turn = &turn;
                    frame
                });
                Response::from_parts(parts, Body::new(body))
            }
            Ok(Err(error)) => {
                tracing::warn!(
                    error = format!("{:#}", anyhow::Error::new(error)),
                    gateway = %self.gateway,
                    "a request could not be forwarded"
                );
                refuse("the gateway does not answer, try again".to_owned())
            }
            Err(_) => refuse("the gateway takes too long, try again".to_owned()),
        }
    }

    /// Whether a query role of this installation has forwarded it already.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(FORWARDER_HEADER);
        token.is_some_and(|token| self.secret.is_internal_token(token.to_str().unwrap_or("")))
    }

    /// Addresses it to the gateway, in the name of its client; who that is.
    fn address(&self, request: &mut Request) -> Option<IpAddr> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| peer.ip());
        let client = self.addresses.client(peer, |name| {
            let lines = request.headers().get_all(name).iter();
            lines.filter_map(|line| line.to_str().ok())
        });
        let mut uri = std::mem::take(request.uri_mut()).into_parts();
        let host = uri.authority.take();
        uri.scheme = self.gateway.scheme().cloned();
        uri.authority = self.gateway.authority().cloned();
        // The path came in a request of its own, so it fits into this one.
        *request.uri_mut() = Uri::from_parts(uri).unwrap_or_else(|_| self.gateway.clone());
        let wants_trailers = request
            .headers()
            .get(header::TE)
            .is_some_and(|te| te == "trailers");
        let headers = request.headers_mut();
        remove_hop_by_hop(headers);
        if wants_trailers {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
        }
        // The origin of a page is compared with the host it was loaded from, which in
        // HTTP/2 stands in the address.
        if let Some(host) = host.and_then(|host| HeaderValue::from_str(host.as_str()).ok()) {
            headers.entry(header::HOST).or_insert(host);
        }
        headers.insert(FORWARDER_HEADER, self.token.clone());
        match client.and_then(|ip| HeaderValue::from_str(&ip.to_string()).ok()) {
            Some(client) => headers.insert(FORWARDED_FOR, client),
            None => headers.remove(FORWARDED_FOR),
        };
        // The client takes the version of its own connection.
        if request.version() != Version::HTTP_2 {
            *request.version_mut() = Version::HTTP_11;
        }
        client
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// 503 with `Retry-After`, readable by pages of any origin: those that send errors.
pub(crate) fn unavailable(is_grpc: bool, message: &str) -> Response {
    let refusal = Refusal::new(ErrorCode::Overloaded, message).retry_after(RETRY_AFTER_S);
    let mut response: Response = if is_grpc {
        refusal.status().into_http()
    } else {
        refusal.response()
    };
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("retry-after"),
    );
    response
}

/// [`unavailable`] in the words that the request's client reads.
pub(crate) fn unavailable_to(request: &Request, message: &str) -> Response {
    unavailable(is_grpc(request.headers()), message)
}

#[cfg(test)]
mod tests;
