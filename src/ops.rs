//! The second listener: liveness, readiness, Prometheus metrics.
//!
//! On a thread and a runtime of its own, with places of its own: whatever the rest of
//! the process works on or is held up by, these three answer.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    health::Health,
    server::{self, Bounds},
};

/// How often old histogram samples are folded away.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// Buckets of all durations, seconds: from 50 µs to 10 s.
const SECONDS_BUCKETS: &[f64] = &[
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
    2.5, 5.0, 10.0,
];

/// Hands counts of one moment to the recorder, right before it renders.
type Publish = Box<dyn Fn() + Send>;

/// The metrics of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics {
    handle: PrometheusHandle,
    publishers: Arc<Mutex<Vec<Publish>>>,
}

impl Metrics {
    /// Calls `publish` before each scrape from now on.
    pub(crate) fn before_scrapes(&self, publish: impl Fn() + Send + 'static) {
        self.publishers.lock().push(Box::new(publish));
    }

    /// All metrics as text. One scrape at a time, so that what was published for one
    /// is what it renders.
    fn render(&self) -> String {
        let publishers = self.publishers.lock();
        for publish in publishers.iter() {
            publish();
        }
        self.handle.render()
    }
}

#[derive(Clone)]
struct Ops {
    metrics: Metrics,
    health: Arc<Health>,
}

/// Describes every metric of every role to the recorder: what a role in another process
/// counts is not there, but known.
pub(crate) fn describe() {
    server::describe();
    crate::serve::describe();
    ingest_gateway::telemetry::describe();
    projector::metrics::describe();
    alerter::metric::describe();
}

/// Installs the recorder that all crates' metrics go to. Once a process.
pub(crate) fn install_recorder() -> Result<Metrics> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS_BUCKETS)
        .context("set histogram buckets")?
        .install_recorder()
        .context("install the metrics recorder")?;
    describe();
    Ok(Metrics {
        handle,
        publishers: Arc::default(),
    })
}

/// Serves the second listener from now on until `stop`; its address, and what completes
/// when it has ended.
pub(crate) fn serve(
    listen: SocketAddr,
    metrics: Metrics,
    health: Arc<Health>,
    stop: CancellationToken,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime of the metrics listener")?;
    let listener = std::net::TcpListener::bind(listen).map_err(|error| {
        server::listen_failed(error, listen, "--metrics-listen", "metrics.listen")
    })?;
    let address = listener
        .local_addr()
        .context("the address of metrics.listen")?;
    listener
        .set_nonblocking(true)
        .context("prepare the socket of metrics.listen")?;
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(Ops {
            metrics: metrics.clone(),
            health,
        });
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let serving = async move {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "metrics.listen cannot be served");
                return;
            }
        };
        let upkeep_stop = stop.clone();
        let upkeep = async {
            while tokio::time::timeout(UPKEEP_INTERVAL, upkeep_stop.cancelled())
                .await
                .is_err()
            {
                metrics.handle.run_upkeep();
            }
        };
        let serving = server::serve_tcp("metrics", listener, router, Bounds::SMALL, stop);
        tokio::join!(upkeep, serving);
    };
    // If it ever ended early, whoever asks would hear nothing, and restarts the process.
    std::thread::Builder::new()
        .name("errata-ops".to_owned())
        .spawn(move || {
            runtime.block_on(serving);
            drop(ended);
        })
        .context("start the thread errata-ops")?;
    let ending = async move {
        // Nothing is sent: it ends.
        let _ = end.await;
    };
    Ok((address, ending))
}

async fn readyz(State(ops): State<Ops>) -> impl IntoResponse {
    match ops.health.ready() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {reason}\n"),
        ),
    }
}

async fn render(State(ops): State<Ops>) -> impl IntoResponse {
    (
        [("content-type", "text/plain; version=0.0.4; charset=utf-8")],
        ops.metrics.render(),
    )
}
