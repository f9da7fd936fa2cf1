//! Serving one router on TCP, on the admin socket and in memory.
//!
//! Owns connections: HTTP/1.1, HTTP/2 and gRPC on the same port, bounded in number and
//! by address ([`places`]), with a time-out for every phase ([`life`], [`request`]),
//! ending gracefully. Invariant: nobody waits for anybody: accepting never stops, and
//! the end comes in time whatever connections do. Must not know what the router does.

mod life;
mod places;
mod request;
mod request_id;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use ingest_gateway::path::{sends_messages, strip_prefix};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    net::{TcpListener, UnixListener},
    sync::mpsc,
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::transport::{Channel, Endpoint, Uri};
use tower::{ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

pub(crate) use self::places::{Bounds, network};
use self::{
    life::{Life, Overdue, Patience},
    places::Places,
    request::{Answer, Begun, Sent},
    request_id::RequestId,
};
use crate::forward::unavailable_to;

/// Counter, label `reason`: connections that we closed. `silent`, `idle`, `unread`:
/// they used up their time; `displaced`: their place went to a newcomer; `no_place`:
/// turned away, all others being at work.
const CONNECTIONS_CLOSED: &str = "errata_connections_closed_total";

/// Counter, label `reason`: requests that found no turn, or whose head nobody may send.
const REQUESTS_REFUSED: &str = "errata_requests_refused_total";

/// HTTP/2 connections are pinged when idle so long, and closed without an answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Most bytes of a head, in both protocols; in HTTP/1.1 also of what is read ahead.
const HEAD_BYTES_MAX: u32 = 16 * 1024;
/// Streams of an HTTP/2 connection at once.
pub(crate) const STREAMS_MAX: u32 = 64;
/// Bytes of answers that wait in an HTTP/2 stream.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Bytes of bodies that a client may send ahead of our reading, a stream and a
/// connection: enough for 25 MB a second over 10 ms.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// See [`STREAM_WINDOW_BYTES`].
const CONNECTION_WINDOW_BYTES: u32 = 512 * 1024;
/// An idle connection was told that it ends; it has this long to agree.
const PARTING_TIMEOUT: Duration = Duration::from_secs(5);
/// Wait after a failed accept (out of descriptors), so as not to spin.
const ACCEPT_RETRY_WAIT: Duration = Duration::from_millis(50);
/// Between two log lines of the same trouble.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);
/// Bytes buffered between the two ends of an in-memory connection.
const MEMORY_BUFFER_BYTES: usize = 64 * 1024;
/// In-memory connections waiting to be accepted.
const MEMORY_BACKLOG: usize = 16;

/// Why an address cannot be listened on, and what to do when another role of this
/// host has it.
pub(crate) fn listen_failed(
    error: std::io::Error,
    address: SocketAddr,
    flag: &str,
    key: &str,
) -> anyhow::Error {
    let in_use = error.kind() == std::io::ErrorKind::AddrInUse;
    let error = anyhow::Error::new(error);
    if in_use {
        let variable = format!("ERRATA_{}", key.to_ascii_uppercase().replace('.', "__"));
        return error.context(format!(
            "another process listens on {address} already; roles on one host need an address each: give this \
             process its own with {flag} or {variable} (key {key})"
        ));
    }
    error.context(format!("listen on {address} ({key})"))
}

/// Serves connections until `stop`; then drains.
struct Connections {
    what: &'static str,
    patience: Patience,
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    places: Arc<Places>,
    /// Connections end after the request at hand.
    stop: CancellationToken,
    /// They end now.
    kill: CancellationToken,
    open: TaskTracker,
    complaints: Complaints,
    turned_away: Arc<Complaints>,
}

impl Connections {
    fn new(what: &'static str, router: Router, bounds: Bounds) -> Self {
        Self::with(what, router, bounds, Patience::USUAL)
    }

    fn with(what: &'static str, router: Router, bounds: Bounds, patience: Patience) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.next_head)
            .max_buf_size(HEAD_BYTES_MAX as usize);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(PING_INTERVAL))
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEAD_BYTES_MAX)
            .max_send_buf_size(SEND_BUFFER_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        Self {
            what,
            patience,
            // Of whichever role a route is: a panic costs its own request only.
            router: router.layer(CatchPanicLayer::new()),
            builder,
            places: Places::new(bounds, patience),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
            open: TaskTracker::new(),
            complaints: Complaints::default(),
            turned_away: Arc::default(),
        }
    }

    /// Serves one connection, if there is a place for it; never waits.
    fn serve<I>(&self, io: I, peer: Option<SocketAddr>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(place) = self.places.take(peer.map(|peer| peer.ip())) else {
            closed("no_place");
            self.complaints.say(|times| {
                tracing::warn!(
                    what = self.what,
                    times,
                    "connections were turned away: all places are at work"
                );
            });
            return;
        };
        let (router, places) = (self.router.clone(), Arc::clone(&self.places));
        let (life, share) = (Arc::clone(&place.life), Arc::clone(&place.share));
        let turned_away = Arc::clone(&self.turned_away);
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            let begun = Begun::new(&life);
            let (router, turn) = (router.clone(), places.request(&share));
            let (life, turned_away) = (Arc::clone(&life), Arc::clone(&turned_away));
            let id = RequestId::of(request.headers_mut());
            let span = id.span();
            let answering = async move {
                let (method, uri) = (request.method().clone(), request.uri().clone());
                let (mut answer, turn) = match (request::fault_of_head(&request), turn) {
                    (Some(fault), _) => {
                        refused("bad_head");
                        (request::bad_request(fault), None)
                    }
                    (None, Some(turn)) => (answer(router, request, peer, &life).await, Some(turn)),
                    (None, None) => {
                        refused("busy");
                        let request = request.map(|_| Body::empty());
                        let message = "too many requests are in progress";
                        (unavailable_to(&request, message), None)
                    }
                };
                request_id::say(&answer, &method, uri.path(), &turned_away);
                id.put(&mut answer);
                Ok::<_, Infallible>(answer.map(|body| Answer::new(body, &life, begun, turn)))
            };
            answering.instrument(span)
        });
        let connection = self
            .builder
            .serve_connection(TokioIo::new(io), TowerToHyperService::new(service))
            .into_owned();
        let (stop, kill) = (self.stop.clone(), self.kill.clone());
        self.open.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let mut is_ending = false;
            let mut until = None;
            loop {
                tokio::select! {
                    ended = connection.as_mut() => {
                        if let Err(error) = ended {
                            tracing::debug!(error = %error, "connection ended");
                        }
                        return;
                    }
                    () = kill.cancelled() => return,
                    () = place.life.evicted() => {
                        closed("displaced");
                        return;
                    }
                    () = sleep_until(until) => return,
                    () = stop.cancelled(), if !is_ending => {
                        is_ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    overdue = place.life.overdue(), if until.is_none() => {
                        closed(overdue.name());
                        if overdue != Overdue::Idle {
                            return;
                        }
                        // Its peer may have sent a request this very moment.
                        until = Some(Instant::now() + PARTING_TIMEOUT);
                        is_ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        });
    }

    /// A failed accept: of descriptors an idle connection may hold the last one.
    async fn accept_failed(&self, error: &std::io::Error) {
        let freed = self.places.evict_one();
        self.complaints.say(|times| {
            tracing::warn!(%error, what = self.what, times, freed, "connections could not be accepted");
        });
        tokio::time::sleep(ACCEPT_RETRY_WAIT).await;
    }

    async fn drain(self) {
        self.stop.cancel();
        self.open.close();
        if tokio::time::timeout(self.patience.drain, self.open.wait())
            .await
            .is_err()
        {
            let left = self.places.connections();
            tracing::info!(
                what = self.what,
                left,
                "connections were cut off at shutdown"
            );
            self.kill.cancel();
            self.open.wait().await;
        }
    }
}

/// Hands a request to the router.
async fn answer(
    router: Router,
    request: http::Request<Incoming>,
    peer: Option<SocketAddr>,
    life: &Arc<Life>,
) -> http::Response<Body> {
    let is_stream = sends_messages(request.uri().path());
    let mut request = request.map(|body| Body::new(Sent::new(body, life, is_stream)));
    if let Some(peer) = peer {
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    match router.oneshot(strip_prefix(request)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Sleeps until then, or for ever.
async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Describes the metrics of this module to the recorder.
pub(crate) fn describe() {
    metrics::describe_counter!(
        CONNECTIONS_CLOSED,
        "Connections that the server closed or turned away; label `reason`: silent, idle, unread (used up their time), displaced (by a newcomer), no_place (all others at work)"
    );
    metrics::describe_counter!(
        REQUESTS_REFUSED,
        "Requests refused before any door saw them; label `reason`: busy (too many in progress, of all or of one address), bad_head"
    );
    metrics::describe_gauge!(
        crate::forward::FORWARDS_IN_FLIGHT,
        "Requests on their way to the gateway of another process, answers included"
    );
}

/// Counts a request that no door saw, by reason.
fn refused(reason: &'static str) {
    metrics::counter!(REQUESTS_REFUSED, "reason" => reason).increment(1);
}

/// Counts a connection that we closed, by reason.
fn closed(reason: &'static str) {
    metrics::counter!(CONNECTIONS_CLOSED, "reason" => reason).increment(1);
}

/// Says the same thing at most every [`COMPLAIN_EVERY`].
#[derive(Default)]
struct Complaints(Mutex<(Option<Instant>, u64)>);

impl Complaints {
    /// Says it, with the number of times since it was said last.
    fn say(&self, say: impl FnOnce(u64)) {
        let mut state = self.0.lock();
        state.1 += 1;
        if state.0.is_none_or(|last| last.elapsed() >= COMPLAIN_EVERY) {
            let times = std::mem::take(&mut state.1);
            state.0 = Some(Instant::now());
            drop(state);
            say(times);
        }
    }
}

/// Serves TCP until `stop`.
pub(crate) async fn serve_tcp(
    what: &'static str,
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let connections = Connections::new(what, router, bounds);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Answers are small; waiting to fill a packet only costs latency.
                let _ = stream.set_nodelay(true);
                connections.serve(stream, Some(peer));
            }
            Err(error) => connections.accept_failed(&error).await,
        }
    }
    drop(listener);
    connections.drain().await;
}

/// Serves the admin socket until `stop`.
pub(crate) async fn serve_unix(listener: UnixListener, router: Router, stop: CancellationToken) {
    let connections = Connections::new("admin socket", router, Bounds::SMALL);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connections.serve(stream, None),
                Err(error) => connections.accept_failed(&error).await,
            },
        }
    }
    connections.drain().await;
}

/// Serves in-memory connections until `stop`, and returns the channel that makes
/// them: roles in one process talk through the same generated clients as roles on
/// two hosts.
pub(crate) fn serve_memory(
    router: Router,
    stop: CancellationToken,
) -> (Channel, impl Future<Output = ()> + Send) {
    let (sender, mut receiver) = mpsc::channel::<DuplexStream>(MEMORY_BACKLOG);
    let connector = service_fn(move |_: Uri| {
        let sender = sender.clone();
        async move {
            let (ours, theirs) = tokio::io::duplex(MEMORY_BUFFER_BYTES);
            sender
                .send(theirs)
                .await
                .map_err(|_| std::io::Error::other("the server has stopped"))?;
            Ok::<_, std::io::Error>(TokioIo::new(ours))
        }
    });
    let channel = Endpoint::from_static("http://in-process").connect_with_connector_lazy(connector);
    let serving = async move {
        let connections = Connections::new("in-process", router, Bounds::WITHIN);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(stream) = receiver.recv() => connections.serve(stream, None),
            }
        }
        connections.drain().await;
    };
    (channel, serving)
}

/// A channel to the admin socket.
pub(crate) async fn connect_unix(
    path: &std::path::Path,
) -> Result<Channel, tonic::transport::Error> {
    let path = path.to_path_buf();
    Endpoint::from_static("http://admin")
        .connect_with_connector(service_fn(move |_: Uri| {
            let path = path.clone();
            async move {
                tokio::net::UnixStream::connect(path)
                    .await
                    .map(TokioIo::new)
            }
        }))
        .await
}

#[cfg(test)]
mod tests;
