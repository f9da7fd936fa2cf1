//! How long an acknowledgement takes, beside how long `pwrite` + `fdatasync` of the same bytes takes.
//!
//! Closed loop: each producer appends one record, waits until it is durable, and appends the next. The raw writer
//! writes as many frames at once as there are producers. A producer that comes while a sync runs waits for that one
//! and for its own, so with several producers the best possible acknowledgement takes up to two syncs.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::log_speed::limits::{RawFile, Space, settle};
use crate::log_speed::records::Records;
use crate::log_speed::rounds::turns;
use crate::log_speed::system::{System, competitors};

/// Room for the raw writer; it starts a new file when this is used up, outside of the measured time.
const RAW_FILE_BYTES: u64 = 128 * 1024 * 1024;
const GROUP_BYTES: usize = 1024 * 1024;
/// Percentiles that are kept, for the table and the plot.
pub const PERCENTILES: [f64; 9] = [10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9];
/// Samples above a percentile before it is believed.
const TAIL_SAMPLES_MIN: f64 = 10.0;

/// What is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Case {
    /// Bytes of a record.
    pub record_bytes: usize,
    /// Threads that append.
    pub producers: usize,
}

/// The distribution of one competitor.
#[derive(Debug, Clone, Serialize)]
pub struct Latency {
    /// Who; `fdatasync` is the raw writer.
    pub name: String,
    /// Samples.
    pub samples: u64,
    /// Percentile and microseconds; those that too few samples support are left out.
    pub percentiles_us: Vec<(f64, f64)>,
}

impl Latency {
    fn of(name: &str, histogram: &Histogram<u64>) -> Self {
        let samples = histogram.len();
        let percentiles_us = PERCENTILES
            .iter()
            .filter(|&&p| samples as f64 * (1.0 - p / 100.0) >= TAIL_SAMPLES_MIN)
            .map(|&p| (p, histogram.value_at_percentile(p) as f64 / 1000.0))
            .collect();
        Self {
            name: name.to_owned(),
            samples,
            percentiles_us,
        }
    }

    /// Microseconds at a percentile, if there were samples enough.
    pub fn at(&self, percentile: f64) -> Option<f64> {
        self.percentiles_us
            .iter()
            .find(|(p, _)| (p - percentile).abs() < f64::EPSILON)
            .map(|&(_, us)| us)
    }
}

/// All of one case, the raw writer first.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// What was measured.
    pub case: Case,
    /// Everyone's distribution.
    pub latencies: Vec<Latency>,
}

/// Runs a case: `rounds` slices of each competitor, taking turns, after one that does not count.
pub fn run(case: Case, rounds: usize, slice: Duration, dir: &Path) -> Result<Outcome> {
    let records = Records::new(case.record_bytes);
    let frames = log_core::format::frame_bytes(case.record_bytes) * case.producers;
    let mut raw = RawLatency::new(dir, vec![0x5a; frames])?;
    let competitors = competitors();
    let dirs: Vec<_> = competitors
        .iter()
        .map(|_| tempfile::tempdir_in(dir))
        .collect::<Result<_, _>>()?;
    let systems: Vec<_> = competitors
        .iter()
        .zip(&dirs)
        .map(|(competitor, dir)| (competitor.open)(dir.path(), GROUP_BYTES))
        .collect::<Result<_>>()?;
    let mut histograms = vec![new_histogram()?; systems.len() + 1];
    settle(dir)?;
    for round in 0..=rounds {
        for turn in turns(histograms.len(), round) {
            let samples = match turn.checked_sub(1) {
                None => raw.slice(slice)?,
                Some(n) => closed_loop(case, systems[n].as_ref(), &records, slice)
                    .with_context(|| competitors[n].name.to_owned())?,
            };
            if round > 0 {
                histograms[turn].add(&samples)?;
            }
        }
    }
    let names = std::iter::once("fdatasync").chain(competitors.iter().map(|c| c.name));
    let latencies = names
        .zip(&histograms)
        .map(|(name, histogram)| Latency::of(name, histogram))
        .collect();
    Ok(Outcome { case, latencies })
}

/// Nanoseconds, up to a minute.
fn new_histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000_000, 3)?)
}

struct RawLatency {
    dir: tempfile::TempDir,
    file: RawFile,
    written: u64,
    group: Vec<u8>,
}

impl RawLatency {
    fn new(dir: &Path, group: Vec<u8>) -> Result<Self> {
        let dir = tempfile::tempdir_in(dir)?;
        Ok(Self {
            file: RawFile::create(&dir.path().join("raw"), RAW_FILE_BYTES, Space::Reserved)?,
            dir,
            written: 0,
            group,
        })
    }

    fn slice(&mut self, slice: Duration) -> Result<Histogram<u64>> {
        let mut histogram = new_histogram()?;
        let end = Instant::now() + slice;
        while Instant::now() < end {
            if self.written + self.group.len() as u64 > RAW_FILE_BYTES {
                let path = self.dir.path().join("raw");
                self.file = RawFile::create(&path, RAW_FILE_BYTES, Space::Reserved)?;
                self.written = 0;
            }
            let start = Instant::now();
            self.file.append(&self.group)?;
            histogram.record(start.elapsed().as_nanos() as u64)?;
            self.written += self.group.len() as u64;
        }
        Ok(histogram)
    }
}

fn closed_loop(
    case: Case,
    system: &dyn System,
    records: &Records,
    slice: Duration,
) -> Result<Histogram<u64>> {
    let end = Instant::now() + slice;
    let producer = |producer: usize| -> Result<Histogram<u64>> {
        let mut histogram = new_histogram()?;
        let mut n = producer;
        while Instant::now() < end {
            let start = Instant::now();
            system.append_one(producer, records, n)?;
            histogram.record(start.elapsed().as_nanos() as u64)?;
            n += case.producers;
        }
        Ok(histogram)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..case.producers)
            .map(|number| scope.spawn(move || producer(number)))
            .collect();
        let mut all = new_histogram()?;
        for thread in threads {
            all.add(
                thread
                    .join()
                    .map_err(|_| anyhow!("a producer panicked"))??,
            )?;
        }
        Ok(all)
    })
}
