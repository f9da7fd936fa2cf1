//! What happened over time: offered, accepted, readable, lag, memory.
//!
//! Samples are absolute counts; rates are differences between neighbours. Readable is
//! what the issue projection has made visible, the lag what it and search are behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;
use tokio::sync::watch;

use crate::drain::resident_anonymous_bytes;
use crate::load::Progress;

/// Between two samples.
const EVERY: Duration = Duration::from_millis(250);

/// One look.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sample {
    /// Seconds since the first one.
    pub at_s: f64,
    /// Requests that were due by now.
    pub offered: u64,
    /// Answered 200.
    pub accepted: u64,
    /// Records that the issue database shows.
    pub readable: u64,
    /// Records that issues are behind the log.
    pub lag_issues: u64,
    /// Records that search is behind the log.
    pub lag_search: u64,
    /// Anonymous memory, bytes.
    pub anonymous_bytes: u64,
}

/// Where the figures come from.
#[derive(Debug, Clone)]
pub struct Watched {
    /// `/metrics` of the server.
    pub metrics_url: String,
    /// The server's process.
    pub pid: u32,
    /// The generator's counts.
    pub progress: Arc<Progress>,
}

/// Looks until `end` says so.
pub async fn watch(watched: Watched, mut end: watch::Receiver<bool>) -> Result<Vec<Sample>> {
    let http = reqwest::Client::new();
    let start = Instant::now();
    let mut samples: Vec<Sample> = Vec::new();
    let mut first = 0;
    while !*end.borrow_and_update() {
        let text = http.get(&watched.metrics_url).send().await?.text().await?;
        let value = |name, projection| gauge(&text, name, projection).unwrap_or_default();
        let position = value("errata_projector_position", "issues");
        if samples.is_empty() {
            first = position;
        }
        samples.push(Sample {
            at_s: start.elapsed().as_secs_f64(),
            offered: watched.progress.offered(),
            accepted: watched.progress.accepted(),
            readable: position.saturating_sub(first),
            lag_issues: value("errata_projector_lag_records", "issues"),
            lag_search: value("errata_projector_lag_records", "search"),
            anonymous_bytes: resident_anonymous_bytes(watched.pid).context("the server ended")?,
        });
        // Either way the loop goes on, or sees the end.
        let _ = tokio::time::timeout(EVERY, end.changed()).await;
    }
    Ok(samples)
}

/// How far the projections are behind: the worst of issues and search.
pub async fn lag(metrics_url: &str) -> Result<u64> {
    let text = reqwest::get(metrics_url).await?.text().await?;
    let of = |projection| gauge(&text, "errata_projector_lag_records", projection);
    Ok(of("issues").max(of("search")).unwrap_or_default())
}

/// The value of a gauge of one projection.
fn gauge(text: &str, name: &str, projection: &str) -> Option<u64> {
    let label = format!("projection=\"{projection}\"");
    let line = text
        .lines()
        .filter(|line| line.starts_with(name))
        .find(|line| line.contains(&label))?;
    let value: f64 = line.rsplit(' ').next()?.parse().ok()?;
    Some(value as u64)
}

/// Readable a second while events came in: between the first and the last sample in which
/// more were accepted.
pub fn sustained_per_s(samples: &[Sample]) -> f64 {
    let grows = |two: &[Sample]| two[1].accepted > two[0].accepted;
    let (Some(first), Some(last)) = (
        samples.windows(2).position(grows),
        samples.windows(2).rposition(grows),
    ) else {
        return 0.0;
    };
    let (from, to) = (samples[first], samples[last + 1]);
    // Search is behind by as much as its lag is larger.
    let visible =
        |s: Sample| (s.readable + s.lag_issues).saturating_sub(s.lag_search.max(s.lag_issues));
    let seconds = (to.at_s - from.at_s).max(f64::MIN_POSITIVE);
    visible(to).saturating_sub(visible(from)) as f64 / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_found_by_name_and_projection() {
        let text = "# HELP errata_projector_position x\n\
            errata_projector_position{projection=\"search\"} 7\n\
            errata_projector_position{projection=\"issues\"} 1.2e3\n";
        assert_eq!(
            gauge(text, "errata_projector_position", "issues"),
            Some(1200)
        );
        assert_eq!(gauge(text, "errata_projector_position", "cold"), None);
        assert_eq!(gauge(text, "errata_projector_lag", "issues"), None);
    }

    #[test]
    fn what_is_sustained_counts_the_slower_of_issues_and_search_while_events_come() {
        let sample = |at_s, accepted, readable, lag_issues, lag_search| Sample {
            at_s,
            offered: accepted,
            accepted,
            readable,
            lag_issues,
            lag_search,
            anonymous_bytes: 0,
        };
        let samples = [
            sample(0.0, 0, 0, 0, 0),
            sample(1.0, 100, 90, 10, 40),
            sample(2.0, 200, 180, 20, 90),
            // Drained, which does not count.
            sample(9.0, 200, 200, 0, 0),
        ];
        let found = sustained_per_s(&samples);
        assert!((found - 55.0).abs() < 1e-9, "{found}");
        assert!(sustained_per_s(&samples[..1]).abs() < 1e-9);
    }
}
