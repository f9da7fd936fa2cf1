//! The second listener: liveness, readiness, Prometheus metrics.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
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

#[derive(Clone)]
struct Ops {
    metrics: PrometheusHandle,
    health: Arc<Health>,
}

/// Installs the recorder that all crates' metrics go to. Once a process.
pub(crate) fn install_recorder() -> Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS_BUCKETS)
        .context("set histogram buckets")?
        .install_recorder()
        .context("install the metrics recorder")
}

/// Binds the second listener; serve it with the future returned, until `stop`.
pub(crate) async fn serve(
    listen: SocketAddr,
    metrics: PrometheusHandle,
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
                metrics.run_upkeep();
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
