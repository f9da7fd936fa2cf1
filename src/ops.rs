//! The second listener: liveness, readiness, Prometheus metrics.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{health::Health, server};

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

/// Installs the recorder that all crates' metrics go to. Once a process.
pub(crate) fn install_recorder() -> Result<Metrics> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS_BUCKETS)
        .context("set histogram buckets")?
        .install_recorder()
        .context("install the metrics recorder")?;
    Ok(Metrics {
        handle,
        publishers: Arc::default(),
    })
}

/// Binds the second listener; serve it with the future returned, until `stop`.
pub(crate) async fn serve(
    listen: SocketAddr,
    metrics: Metrics,
    health: Arc<Health>,
    stop: CancellationToken,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send)> {
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        server::listen_failed(error, listen, "--metrics-listen", "metrics.listen")
    })?;
    let address = listener
        .local_addr()
        .context("the address of metrics.listen")?;
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(Ops {
            metrics: metrics.clone(),
            health,
        });
    let upkeep_stop = stop.clone();
    let serving = async move {
        let upkeep = async {
            while tokio::time::timeout(UPKEEP_INTERVAL, upkeep_stop.cancelled())
                .await
                .is_err()
            {
                metrics.handle.run_upkeep();
            }
        };
        tokio::join!(upkeep, server::serve_tcp(listener, router, stop));
    };
    Ok((address, serving))
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
