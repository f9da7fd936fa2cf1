//! What is measured, in which order: a bare server, Errata as fast as it takes events, at
//! half of that, a storm and a minute after it; a peer where one is installed; how long
//! the disk itself takes.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::sync::watch;

use super::process::{CpuByThread, Server, free_address, installed, used};
use super::timeline::{Sample, Watched, lag, sustained_per_s, watch};
use crate::drain::{Reader, resident_anonymous_bytes};
use crate::load::{self, Outcome, Percentiles, Plan, Progress};
use crate::payload::{Payloads, Size};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const TOKEN: &str = "errata_bench_token_0123456789";
/// Connections of a load, and of a storm: so many clients do not wait for each other.
const CONNECTIONS: usize = 32;
const STORM_CONNECTIONS: usize = 512;
/// A storm's rate as a multiple of what was accepted before.
const STORM_FACTOR: u64 = 10;
/// Share of what was accepted that goes on coming after a storm.
const CALM_SHARE: u64 = 10;
/// After a storm: how long is looked, and how often.
const AFTER: Duration = Duration::from_mins(1);
const WINDOW: Duration = Duration::from_secs(5);
/// Before the memory at rest is read.
const IDLE: Duration = Duration::from_secs(3);
/// A projection that is still behind then is reported as it is.
const DRAIN_MAX: Duration = Duration::from_mins(5);
/// Bytes of a raw write and its sync: about an event.
const RAW_BYTES: usize = 4096;
const RAW_FOR: Duration = Duration::from_secs(2);
const LATENCY_MAX_US: u64 = 60_000_000;

/// Where programs and files are, and how long each case takes.
#[derive(Debug, Clone)]
pub struct Setting {
    /// `target/release`.
    pub programs: PathBuf,
    /// Data directories are made below.
    pub under: PathBuf,
    /// Of the bare server and peers.
    pub limit: Duration,
    /// Of each load on Errata.
    pub load: Duration,
    /// Of the storm.
    pub storm: Duration,
    /// Of the soak at half load; none: it is left out.
    pub soak: Option<Duration>,
}

/// A load and what was seen of the server meanwhile.
#[derive(Debug, Serialize)]
pub struct Case {
    /// What was sent and answered.
    pub load: Outcome,
    /// Over time, until the projections had caught up.
    pub samples: Vec<Sample>,
    /// Seconds from the last answer until they had.
    pub drain_seconds: f64,
    /// Readable a second, in issues and search, while events came in.
    pub sustained_per_s: f64,
    /// Most anonymous memory, bytes.
    pub anonymous_bytes_max: u64,
    /// Nanoseconds by thread, the drain included.
    pub cpu_ns: CpuByThread,
}

/// The minute after a storm.
#[derive(Debug, Serialize)]
pub struct After {
    /// Seconds since its end, p99 of what was sent since the look before, anonymous memory.
    pub windows: Vec<(f64, u64, u64)>,
    /// Events that were accepted meanwhile.
    pub accepted: u64,
}

/// All that was found of one size of event.
#[derive(Debug, Serialize)]
pub struct Found {
    /// Which.
    pub size: String,
    /// JSON of an event, bytes.
    pub json_bytes: usize,
    /// The bare server.
    pub bare: Outcome,
    /// What a peer took, if one is installed; its name.
    pub peer: Option<(String, Outcome)>,
    /// Until the server answered, ms.
    pub ready_ms: u64,
    /// Anonymous memory at rest, before any event, bytes.
    pub idle_bytes: u64,
    /// As fast as it takes events.
    pub full: Case,
    /// Half of that, open loop.
    pub half: Case,
    /// Accepted → in the issue list, at half of that, µs.
    pub visible_us: Percentiles,
    /// Ten times of that, and the minute after.
    pub storm: Option<(Case, After)>,
    /// Half of it for long.
    pub soak: Option<Case>,
    /// Events that issues count, and those that were accepted.
    pub readable_of_accepted: (u64, u64),
    /// Bytes of the log for an event, and of all files, after the end: lengths, and room.
    pub log_bytes_an_event: (u64, u64),
    /// The same of all that is in the data directory.
    pub data_bytes_an_event: (u64, u64),
}

/// A raw write and its sync, µs.
pub fn disk(under: &Path) -> Result<Percentiles> {
    let path = under.join("errata-speed-disk");
    let mut file = File::create(&path).context("create a file to sync")?;
    let mut histogram = Histogram::<u64>::new_with_bounds(1, LATENCY_MAX_US, 3)?;
    let start = Instant::now();
    while start.elapsed() < RAW_FOR {
        let one = Instant::now();
        file.write_all(&[0x5a; RAW_BYTES])?;
        file.sync_data()?;
        let us = u64::try_from(one.elapsed().as_micros()).unwrap_or(LATENCY_MAX_US);
        histogram.saturating_record(us.max(1));
    }
    fs::remove_file(&path)?;
    Ok(Percentiles::from(&histogram))
}

fn plan(address: &str, rate: u64, duration: Duration) -> Plan {
    Plan {
        address: address.to_owned(),
        path: format!("/api/1/envelope/?sentry_key={KEY}&sentry_version=7"),
        rate,
        duration,
        connections: CONNECTIONS,
    }
}

/// What a server takes that is not looked at further.
async fn limit(
    server: &mut Server,
    address: &str,
    payloads: &Arc<Payloads>,
    duration: Duration,
) -> Result<Outcome> {
    server.wait_ready(address)?;
    load::run(plan(address, 0, duration), payloads.clone()).await
}

async fn bare(setting: &Setting, payloads: &Arc<Payloads>) -> Result<Outcome> {
    let address = free_address()?;
    let program = setting.programs.join("bare");
    let mut server = Server::start(&program, &setting.under, |command, _| {
        command.args(["--listen", &address]);
    })?;
    limit(&mut server, &address, payloads, setting.limit).await
}

/// The one peer that is a single binary too: started as its documents say, at the address
/// that it listens on unless told otherwise.
async fn peer(setting: &Setting, payloads: &Arc<Payloads>) -> Result<Option<(String, Outcome)>> {
    const NAME: &str = "stackpit";
    const ADDRESS: &str = "127.0.0.1:3001";
    let Some(program) = installed(NAME) else {
        return Ok(None);
    };
    let mut failed = false;
    let mut server = Server::start(&program, &setting.under, |command, dir| {
        let mut first = std::process::Command::new(&program);
        failed = first.arg("init").current_dir(dir).status().is_err();
        command.args(["serve", "--ingest-only"]);
    })?;
    if failed {
        bail!("{NAME} init could not be run");
    }
    let outcome = limit(&mut server, ADDRESS, payloads, setting.limit).await?;
    Ok(Some((NAME.to_owned(), outcome)))
}

/// Errata, and how it is reached.
struct Errata {
    server: Server,
    address: String,
    metrics_url: String,
}

impl Errata {
    fn start(setting: &Setting) -> Result<(Self, Duration)> {
        let (address, metrics) = (free_address()?, free_address()?);
        let program = setting.programs.join("errata");
        let mut server = Server::start(&program, &setting.under, |command, dir| {
            command.arg("serve").arg("--data-dir").arg(dir.join("data"));
            command.args(["--listen", &address, "--metrics-listen", &metrics]);
            command.env("ERRATA_BOOTSTRAP_KEY", KEY);
            command.env("ERRATA_BOOTSTRAP_TOKEN", TOKEN);
            command.env("ERRATA_BOOTSTRAP_OWNER", "bench@example.com:bench-password");
            command.env("ERRATA_TELEMETRY__FILTER", "warn");
            // What is measured is what the server can, not what a plan allows.
            command.env("ERRATA_LIMITS__ENABLED", "false");
        })?;
        let ready = server.wait_ready(&address)?;
        let metrics_url = format!("http://{metrics}/metrics");
        let errata = Self {
            server,
            address,
            metrics_url,
        };
        Ok((errata, ready))
    }

    /// Sends a load and waits until what it brought is readable.
    async fn case(&self, plan: Plan, payloads: &Arc<Payloads>) -> Result<Case> {
        let progress = Arc::new(Progress::default());
        let (end, ended) = watch::channel(false);
        let watched = Watched {
            metrics_url: self.metrics_url.clone(),
            pid: self.server.pid(),
            progress: progress.clone(),
        };
        let watching = tokio::spawn(watch(watched, ended));
        let before = self.server.cpu_by_thread()?;
        let load = load::watched(plan, payloads.clone(), progress).await?;
        let drain = Instant::now();
        while lag(&self.metrics_url).await? > 0 && drain.elapsed() < DRAIN_MAX {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let drain_seconds = drain.elapsed().as_secs_f64();
        end.send_replace(true);
        let samples = watching.await.context("the watch panicked")??;
        let memory = samples.iter().map(|sample| sample.anonymous_bytes);
        Ok(Case {
            sustained_per_s: sustained_per_s(&samples),
            anonymous_bytes_max: memory.max().unwrap_or_default(),
            cpu_ns: used(&before, &self.server.cpu_by_thread()?),
            load,
            samples,
            drain_seconds,
        })
    }

    /// A storm, and whether all is as before within a minute.
    async fn storm(
        &self,
        rate: u64,
        duration: Duration,
        payloads: &Arc<Payloads>,
    ) -> Result<(Case, After)> {
        let storm = Plan {
            connections: STORM_CONNECTIONS,
            ..plan(&self.address, rate * STORM_FACTOR, duration)
        };
        let case = self.case(storm, payloads).await?;
        let start = Instant::now();
        let (mut windows, mut accepted) = (Vec::new(), 0);
        while start.elapsed() < AFTER {
            let calm = plan(&self.address, (rate / CALM_SHARE).max(1), WINDOW);
            let seen = load::run(calm, payloads.clone()).await?;
            let memory = resident_anonymous_bytes(self.server.pid())?;
            windows.push((start.elapsed().as_secs_f64(), seen.latency_us.p99, memory));
            accepted += seen.accepted;
        }
        Ok((case, After { windows, accepted }))
    }
}

/// Measures one size of event; the storm and the soak only if `all`.
pub async fn measure(setting: &Setting, size: Size, all: bool) -> Result<Found> {
    let payloads = Arc::new(Payloads::new(size));
    let bare = bare(setting, &payloads).await.context("the bare server")?;
    let peer = peer(setting, &payloads).await.context("the peer")?;

    let (mut errata, ready) = Errata::start(setting)?;
    tokio::time::sleep(IDLE).await;
    let idle_bytes = resident_anonymous_bytes(errata.server.pid())?;
    let full = plan(&errata.address, 0, setting.load);
    let full = errata.case(full, &payloads).await.context("full load")?;
    let rate = (full.load.accepted_per_s as u64).max(2);
    let reader = Reader::new(&errata.address, TOKEN);
    let half = errata.case(plan(&errata.address, rate / 2, setting.load), &payloads);
    let probes = u32::try_from(setting.load.as_secs())?;
    let (half, visible_us) = tokio::join!(half, reader.visibility(KEY, probes));
    let (half, visible_us) = (half.context("half load")?, visible_us?);
    let mut storm = None;
    let mut soak = None;
    if all {
        let found = errata.storm(rate, setting.storm, &payloads).await;
        storm = Some(found.context("the storm")?);
        if let Some(duration) = setting.soak {
            let plan = plan(&errata.address, rate / 2, duration);
            soak = Some(errata.case(plan, &payloads).await.context("the soak")?);
        }
    }
    let accepted_of = |case: &Case| case.load.accepted;
    let mut accepted = accepted_of(&full) + accepted_of(&half) + u64::from(probes);
    accepted += soak.as_ref().map_or(0, accepted_of);
    let stormed = |(case, after): &(Case, After)| accepted_of(case) + after.accepted;
    accepted += storm.as_ref().map_or(0, stormed);
    let (readable, _) = reader.drained().await?;
    errata.server.end()?;
    let an_event = |(length, room): (u64, u64)| (length / accepted, room / accepted);
    Ok(Found {
        size: format!("{size:?}").to_lowercase(),
        json_bytes: payloads.json_bytes,
        bare,
        peer,
        ready_ms: u64::try_from(ready.as_millis())?,
        idle_bytes,
        full,
        half,
        visible_us,
        storm,
        soak,
        readable_of_accepted: (readable, accepted),
        log_bytes_an_event: an_event(errata.server.disk_bytes("data/log")),
        data_bytes_an_event: an_event(errata.server.disk_bytes("data")),
    })
}
