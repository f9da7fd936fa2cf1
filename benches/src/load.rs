//! The generator: a constant arrival rate over a fixed number of connections.
//!
//! Open loop: request `n` is due at `start + n / rate`, whatever the server does; its
//! latency counts from then, so that a stalled server cannot hide its stall. With
//! rate 0 the loop is closed: every connection sends as fast as it is answered, and
//! the figure to read is the throughput. What could not be sent within [`LATE_MAX`] of the
//! end is not sent: it stands in `offered`, not in `sent`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::{net::TcpStream, task::JoinSet};

use crate::payload::Payloads;

/// Longest latency told apart, microseconds.
const LATENCY_MAX_US: u64 = 60_000_000;

/// How long a generator whose connections are all busy goes on with what is overdue.
const LATE_MAX: Duration = Duration::from_secs(2);

/// Counts while a load runs, for whoever watches.
#[derive(Debug, Default)]
pub struct Progress {
    /// Requests a second, for how long and since when; a rate of 0: as many as are sent.
    due: OnceLock<(u64, Duration, Instant)>,
    sent: AtomicU64,
    accepted: AtomicU64,
}

impl Progress {
    /// Requests that were due by now.
    pub fn offered(&self) -> u64 {
        match self.due.get() {
            Some((rate, duration, start)) if *rate > 0 => {
                let seconds = start.elapsed().min(*duration).as_secs_f64();
                (seconds * *rate as f64) as u64
            }
            _ => self.sent.load(Ordering::Relaxed),
        }
    }

    /// Answered 200 by now.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// What to send.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `host:port`.
    pub address: String,
    /// Path and query of the envelope endpoint.
    pub path: String,
    /// Requests a second; 0: as fast as answered.
    pub rate: u64,
    /// How long to send.
    pub duration: Duration,
    /// Connections, each with one request at a time.
    pub connections: usize,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Requests that were due.
    pub offered: u64,
    /// Requests sent.
    pub sent: u64,
    /// Answered 200.
    pub accepted: u64,
    /// Other answers by status; 0: no answer.
    pub refused: BTreeMap<u16, u64>,
    /// Seconds from the first request to the last answer.
    pub seconds: f64,
    /// Accepted a second.
    pub accepted_per_s: f64,
    /// Microseconds from due to answered.
    pub latency_us: Percentiles,
}

/// Of a histogram, microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50: u64,
    /// 90 %.
    pub p90: u64,
    /// 99 %.
    pub p99: u64,
    /// 99.9 %.
    pub p999: u64,
    /// Longest.
    pub max: u64,
}

impl From<&Histogram<u64>> for Percentiles {
    fn from(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max(),
        }
    }
}

struct Shared {
    plan: Plan,
    payloads: Arc<Payloads>,
    next: AtomicU64,
    start: Instant,
    progress: Arc<Progress>,
    /// Makes event ids of this run distinct from those of others.
    run: u64,
}

struct Tally {
    sent: u64,
    accepted: u64,
    refused: BTreeMap<u16, u64>,
    latencies: Histogram<u64>,
}

/// Sends the load and waits for the last answer.
pub async fn run(plan: Plan, payloads: Arc<Payloads>) -> Result<Outcome> {
    watched(plan, payloads, Arc::default()).await
}

/// The same, with counts for whoever watches this one load.
pub async fn watched(
    plan: Plan,
    payloads: Arc<Payloads>,
    progress: Arc<Progress>,
) -> Result<Outcome> {
    let connections = plan.connections;
    let start = Instant::now();
    let due = (plan.rate, plan.duration, start);
    progress
        .due
        .set(due)
        .ok()
        .context("counts are of one load")?;
    let shared = Arc::new(Shared {
        plan,
        payloads,
        next: AtomicU64::new(0),
        start,
        progress,
        run: rand::random(),
    });
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(work(shared.clone()));
    }
    let mut total = Tally::new()?;
    while let Some(tally) = workers.join_next().await {
        let tally = tally.context("a worker panicked")??;
        total.sent += tally.sent;
        total.accepted += tally.accepted;
        for (status, count) in tally.refused {
            *total.refused.entry(status).or_default() += count;
        }
        total
            .latencies
            .add(&tally.latencies)
            .context("add histograms")?;
    }
    let seconds = shared.start.elapsed().as_secs_f64();
    let plan = &shared.plan;
    let due = (plan.duration.as_secs_f64() * plan.rate as f64) as u64;
    Ok(Outcome {
        offered: due.max(total.sent),
        sent: total.sent,
        accepted: total.accepted,
        refused: total.refused,
        seconds,
        accepted_per_s: total.accepted as f64 / seconds,
        latency_us: Percentiles::from(&total.latencies),
    })
}

impl Tally {
    fn new() -> Result<Self> {
        let latencies =
            Histogram::new_with_bounds(1, LATENCY_MAX_US, 3).context("make a histogram")?;
        Ok(Self {
            sent: 0,
            accepted: 0,
            refused: BTreeMap::new(),
            latencies,
        })
    }
}

async fn work(shared: Arc<Shared>) -> Result<Tally> {
    let mut tally = Tally::new()?;
    let mut sender = connect(&shared.plan.address).await?;
    loop {
        let n = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(due) = due(&shared, n).await else {
            return Ok(tally);
        };
        let id = format!("{:016x}{n:016x}", shared.run);
        let body = shared
            .payloads
            .body(usize::try_from(n).unwrap_or_default(), &id);
        tally.sent += 1;
        shared.progress.sent.fetch_add(1, Ordering::Relaxed);
        let status = if let Ok(status) = send(&mut sender, &shared.plan, body).await {
            status
        } else {
            sender = connect(&shared.plan.address).await?;
            0
        };
        let latency = u64::try_from(due.elapsed().as_micros())
            .unwrap_or(LATENCY_MAX_US)
            .min(LATENCY_MAX_US);
        tally.latencies.saturating_record(latency.max(1));
        if status == 200 {
            tally.accepted += 1;
            shared.progress.accepted.fetch_add(1, Ordering::Relaxed);
        } else {
            *tally.refused.entry(status).or_default() += 1;
        }
    }
}

/// Waits until request `n` is due; none once the time is over.
async fn due(shared: &Shared, n: u64) -> Option<Instant> {
    if shared.plan.rate == 0 {
        return (shared.start.elapsed() < shared.plan.duration).then(Instant::now);
    }
    let offset = Duration::from_secs_f64(n as f64 / shared.plan.rate as f64);
    if offset >= shared.plan.duration {
        return None;
    }
    if shared.start.elapsed() > shared.plan.duration + LATE_MAX {
        return None;
    }
    let due = shared.start + offset;
    tokio::time::sleep_until(due.into()).await;
    Some(due)
}

async fn connect(address: &str) -> Result<http1::SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn send(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    plan: &Plan,
    body: Bytes,
) -> Result<u16> {
    let request = Request::post(&plan.path)
        .header(header::HOST, &plan.address)
        .header(header::CONTENT_TYPE, "application/x-sentry-envelope")
        .header(header::CONTENT_ENCODING, "gzip")
        .body(Full::new(body))?;
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    response.into_body().collect().await?;
    Ok(status)
}
