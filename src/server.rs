//! Serving one router on TCP, on the admin socket and in memory.
//!
//! Owns connections: HTTP/1.1, HTTP/2 and gRPC on the same port, bounded in number,
//! with time-outs, ending gracefully. Must not know what the router does.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use ingest_gateway::path::strip_prefix;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    net::{TcpListener, UnixListener},
    sync::{Semaphore, mpsc},
};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::{ServiceExt, service_fn};

/// Connections served at the same time; further ones wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 4096;
/// A client has this long to send its request's headers.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// HTTP/2 connections are pinged when idle so long, and closed without an answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Open connections have this long to end once shutdown began.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(4);
/// Wait after a failed accept (out of descriptors), so as not to spin.
const ACCEPT_RETRY_WAIT: Duration = Duration::from_millis(50);
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
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    permits: Arc<Semaphore>,
}

impl Connections {
    fn new(router: Router) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ_TIMEOUT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(PING_INTERVAL))
            .adaptive_window(true);
        Self {
            router,
            builder,
            graceful: GracefulShutdown::new(),
            permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        }
    }

    async fn serve<I>(&self, io: I, peer: Option<SocketAddr>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Ok(permit) = self.permits.clone().acquire_owned().await else {
            return;
        };
        let router =
            self.router
                .clone()
                .map_request(move |mut request: http::Request<Incoming>| {
                    if let Some(peer) = peer {
                        request.extensions_mut().insert(ConnectInfo(peer));
                    }
                    strip_prefix(request.map(axum::body::Body::new))
                });
        let connection = self
            .builder
            .serve_connection_with_upgrades(TokioIo::new(io), TowerToHyperService::new(router));
        let connection = self.graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
            drop(permit);
        });
    }

    async fn drain(self, what: &'static str) {
        if tokio::time::timeout(DRAIN_TIMEOUT, self.graceful.shutdown())
            .await
            .is_err()
        {
            tracing::info!(what, "some connections were cut off at shutdown");
        }
    }
}

/// Serves TCP until `stop`.
pub(crate) async fn serve_tcp(listener: TcpListener, router: Router, stop: CancellationToken) {
    let connections = Connections::new(router);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Answers are small; waiting to fill a packet only costs latency.
                let _ = stream.set_nodelay(true);
                connections.serve(stream, Some(peer)).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY_WAIT).await;
            }
        }
    }
    drop(listener);
    connections.drain("tcp").await;
}

/// Serves the admin socket until `stop`.
pub(crate) async fn serve_unix(listener: UnixListener, router: Router, stop: CancellationToken) {
    let connections = Connections::new(router);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connections.serve(stream, None).await,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted on the admin socket");
                    tokio::time::sleep(ACCEPT_RETRY_WAIT).await;
                }
            },
        }
    }
    connections.drain("admin socket").await;
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
        let connections = Connections::new(router);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(stream) = receiver.recv() => connections.serve(stream, None).await,
            }
        }
        connections.drain("in-process").await;
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
