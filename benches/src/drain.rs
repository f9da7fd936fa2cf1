//! What became of the load: events readable once the queues have drained, memory,
//! and how long an accepted event takes to be seen.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use serde_json::Value;

use crate::load::Percentiles;

/// The drain is over when the count has stood still so long.
const STILL: Duration = Duration::from_secs(3);
/// A drain that takes longer is reported as it is.
const DRAIN_MAX: Duration = Duration::from_mins(5);
/// How often visibility is looked for.
const PROBE_INTERVAL: Duration = Duration::from_millis(2);
/// An event not visible by then is a failure.
const VISIBLE_MAX: Duration = Duration::from_secs(30);
/// The same, microseconds.
const VISIBLE_MAX_US: u64 = 30_000_000;

/// Reads over REST.
pub struct Reader {
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Reader {
    /// A reader of `http://host:port` with an API token.
    pub fn new(address: &str, token: &str) -> Self {
        Self {
            base: format!("http://{address}"),
            token: token.to_owned(),
            http: reqwest::Client::new(),
        }
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let url = format!("{}{path}", self.base);
        let response = self
            .http
            .get(&url)
            .bearer_auth(&self.token)
            .send()
            .await
            .with_context(|| url.clone())?;
        if !response.status().is_success() {
            bail!("{url} answered {}", response.status());
        }
        Ok(response.json().await?)
    }

    /// Events counted by all issues.
    pub async fn counted(&self) -> Result<u64> {
        let issues = self.get("/api/issues?limit=1000").await?;
        let issues = issues["issues"].as_array().context("issues is a list")?;
        Ok(issues
            .iter()
            .filter_map(|issue| issue["count"].as_u64())
            .sum())
    }

    /// Waits until the count stands still: the count, and seconds until it was
    /// reached.
    pub async fn drained(&self) -> Result<(u64, f64)> {
        let start = Instant::now();
        let (mut count, mut since) = (self.counted().await?, start);
        while since.elapsed() < STILL && start.elapsed() < DRAIN_MAX {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = self.counted().await?;
            if now != count {
                (count, since) = (now, Instant::now());
            }
        }
        Ok((count, since.duration_since(start).as_secs_f64()))
    }

    /// From "accepted" to "in the issue list", for `probes` events one after the
    /// other, microseconds.
    pub async fn visibility(&self, key: &str, probes: u32) -> Result<Percentiles> {
        // Fixed bounds: recording with saturation never grows a histogram.
        let mut histogram =
            Histogram::<u64>::new_with_bounds(1, VISIBLE_MAX_US, 3).context("make a histogram")?;
        let run: u32 = rand::random();
        for n in 0..probes {
            let name = format!("Probe{run}x{n}");
            let body = format!(r#"{{"error":{{"type":"{name}"}}}}"#);
            let sent = self
                .http
                .post(format!("{}/api/errors", self.base))
                .bearer_auth(key)
                .body(body)
                .send()
                .await?;
            if sent.status().as_u16() != 202 {
                bail!("a probe was answered {}", sent.status());
            }
            let accepted = Instant::now();
            loop {
                let found = self
                    .get(&format!("/api/issues?limit=1&query={name}"))
                    .await?;
                if found["issues"]
                    .as_array()
                    .is_some_and(|issues| !issues.is_empty())
                {
                    break;
                }
                if accepted.elapsed() > VISIBLE_MAX {
                    bail!("{name} was accepted and not visible after {VISIBLE_MAX:?}");
                }
                tokio::time::sleep(PROBE_INTERVAL).await;
            }
            histogram.saturating_record(u64::try_from(accepted.elapsed().as_micros())?);
        }
        Ok(Percentiles::from(&histogram))
    }
}

/// Anonymous resident memory of a process, bytes (mapped segments are page cache).
pub fn resident_anonymous_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid}"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .context("RssAnon in status")?;
    let kib: u64 = line
        .trim()
        .trim_end_matches(" kB")
        .trim()
        .parse()
        .with_context(|| line.to_owned())?;
    Ok(kib * 1024)
}
