//! What a run found: as JSON for later, as a table for people.
//!
//! Owns the form of `results/log-core.json` and `.md`. Every figure in it stands beside its limit of the same run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::log_speed::read::Form;
use crate::log_speed::records::size_label;
use crate::log_speed::rounds::Spread;
use crate::log_speed::{append, latency, read, recovery};

/// Percentiles of the table.
const TABLE_PERCENTILES: [f64; 4] = [50.0, 90.0, 99.0, 99.9];

/// The goals: groups of 1 MiB are what the events log is configured for.
const GOAL_GROUP_BYTES: usize = 1024 * 1024;
const GOAL_APPEND: f64 = 0.9;
const GOAL_ACKNOWLEDGEMENT_US: f64 = 1000.0;
const GOAL_READ: f64 = 0.6;
const GOAL_SEALED_BYTES_PER_S: f64 = 1e9;
const GOAL_OPEN_MS: f64 = 1000.0;

/// Where and how the figures were made.
#[derive(Debug, Serialize)]
pub struct Made {
    /// Date and time, UTC.
    pub at: String,
    /// `quick` or `full`.
    pub setting: String,
    /// Processor and its number.
    pub machine: String,
    /// Operating system.
    pub kernel: String,
    /// File system and device of the measured directory.
    pub file_system: String,
    /// One-minute load average before and after: what else ran.
    pub load_average: (f64, f64),
}

impl Made {
    /// Now, here.
    #[expect(clippy::disallowed_methods, reason = "a report names its day")]
    pub fn here(setting: &str, dir: &Path) -> Result<Self> {
        let cpu = fs::read_to_string("/proc/cpuinfo").context("read /proc/cpuinfo")?;
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
            .unwrap_or("unknown processor");
        let cores = std::thread::available_parallelism()?;
        let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let load = load_average()?;
        Ok(Self {
            at: jiff::Timestamp::now()
                .strftime("%Y-%m-%d %H:%M UTC")
                .to_string(),
            setting: setting.to_owned(),
            machine: format!("{cores} cores, {model}"),
            kernel: format!("Linux {}", release.trim()),
            file_system: file_system(dir)?,
            load_average: (load, load),
        })
    }

    /// Notes the load at the end.
    pub fn end(&mut self) -> Result<()> {
        self.load_average.1 = load_average()?;
        Ok(())
    }
}

fn load_average() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("read /proc/loadavg")?;
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().context("a load average")
}

/// The mount with the longest path above `dir`.
fn file_system(dir: &Path) -> Result<String> {
    let dir = dir.canonicalize()?;
    let mounts = fs::read_to_string("/proc/mounts").context("read /proc/mounts")?;
    let mount = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .filter(|fields| fields.len() > 3 && dir.starts_with(fields[1]))
        .max_by_key(|fields| fields[1].len())
        .context("a file system is mounted")?;
    Ok(format!("{} ({})", mount[2], mount[3]))
}

/// Everything.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where and how.
    pub made: Made,
    /// Throughput of durable appends.
    pub append: Vec<append::Outcome>,
    /// How much faster the raw writer is in zeroed space than in reserved space, by group bytes.
    pub zeroed_over_reserved: Vec<(usize, Spread)>,
    /// Acknowledgement.
    pub latency: Vec<latency::Outcome>,
    /// Reading.
    pub read: Vec<read::Outcome>,
    /// Opening after a crash.
    pub recovery: Vec<recovery::Outcome>,
}

fn percent(spread: &Spread) -> String {
    format!(
        "{:.0} % ({:.0}–{:.0})",
        spread.median * 100.0,
        spread.min * 100.0,
        spread.max * 100.0
    )
}

fn mega(spread: &Spread) -> f64 {
    spread.median / 1e6
}

impl Report {
    /// Writes `log-core.json` and `log-core.md` into `dir`.
    pub fn save(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        let json = format!("{}\n", serde_json::to_string_pretty(self)?);
        let table = format!(
            "# The log beside its limits\n\nWritten by `log_limits`; what it means: [README](../README.md).\n\n{}",
            self.table()
        );
        for (name, text) in [("log-core.json", json), ("log-core.md", table)] {
            let path = dir.join(name);
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }

    /// Markdown: ratios are medians, with the lowest and the highest round.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let made = &self.made;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}, {} setting. {}, {}, {}; load {:.1} before, {:.1} after.",
            made.at,
            made.setting,
            made.machine,
            made.kernel,
            made.file_system,
            made.load_average.0,
            made.load_average.1
        );
        self.goals_table(&mut text);
        self.append_table(&mut text);
        self.latency_table(&mut text);
        self.read_table(&mut text);
        self.recovery_table(&mut text);
        text
    }

    /// The goals beside what this run found.
    fn goals_table(&self, text: &mut String) {
        let _ = writeln!(text, "\n| goal | found | met |\n| --- | --- | --- |");
        let mut line = |goal: &str, found: String, met: bool| {
            let met = if met { "yes" } else { "no" };
            let _ = writeln!(text, "| {goal} | {found} | {met} |");
        };
        let goal_groups = self
            .append
            .iter()
            .filter(|outcome| outcome.case.group_bytes == GOAL_GROUP_BYTES);
        for outcome in goal_groups {
            let Some(standing) = outcome.standings.first() else {
                continue;
            };
            line(
                &format!("append, {}: ≥ 90 % of the raw writer", outcome.case.label()),
                percent(&standing.ratio),
                standing.ratio.median >= GOAL_APPEND,
            );
        }
        for outcome in &self.latency {
            let at = |n: usize| outcome.latencies.get(n).and_then(|l| l.at(99.0));
            let producers = outcome.case.producers;
            let goal = format!("acknowledgement, {producers} producers: p99 ≤ fdatasync's + 1 ms");
            match (at(0), at(1)) {
                (Some(limit_us), Some(us)) => line(
                    &goal,
                    format!("{us:.0} µs, fdatasync {limit_us:.0} µs"),
                    us <= limit_us + GOAL_ACKNOWLEDGEMENT_US,
                ),
                _ => line(&goal, "not measured: too few samples".to_owned(), false),
            }
        }
        for outcome in &self.read {
            let size = size_label(outcome.record_bytes);
            match outcome.form {
                Form::Raw => line(
                    &format!("read, warm, {size}: ≥ 60 % of the lower of copy and CRC"),
                    percent(&outcome.ratio),
                    outcome.ratio.median >= GOAL_READ,
                ),
                Form::Sealed => line(
                    &format!("read, sealed, {size}: ≥ 1 GB/s a core"),
                    format!("{:.2} GB/s", outcome.read_bytes_per_s.median / 1e9),
                    outcome.read_bytes_per_s.median >= GOAL_SEALED_BYTES_PER_S,
                ),
            }
        }
        let opens = self.recovery.iter().flat_map(|o| [&o.warm_ms, &o.cold_ms]);
        if let Some(slowest) = opens.map(|spread| spread.max).reduce(f64::max) {
            line(
                "open after a crash: ≤ 1 s",
                format!("{slowest:.0} ms, the slowest"),
                slowest <= GOAL_OPEN_MS,
            );
        }
    }

    fn append_table(&self, text: &mut String) {
        let Some(first) = self.append.first() else {
            return;
        };
        let names: Vec<_> = first.standings.iter().map(|s| s.name.as_str()).collect();
        let _ = writeln!(
            text,
            "\n| producers × record, group | raw writer, MB/s | {} |",
            names.join(" | ")
        );
        let _ = writeln!(text, "| --- | --- |{}", " --- |".repeat(names.len()));
        for outcome in &self.append {
            let _ = write!(
                text,
                "| {} | {:.0} |",
                outcome.case.label(),
                mega(&outcome.raw_bytes_per_s)
            );
            for standing in &outcome.standings {
                let _ = write!(text, " {} |", percent(&standing.ratio));
            }
            text.push('\n');
        }
        for (group_bytes, spread) in &self.zeroed_over_reserved {
            let _ = writeln!(
                text,
                "\nRaw writer, {} groups, in zeroed space: {} of the rate in reserved space.",
                size_label(*group_bytes),
                percent(spread)
            );
        }
    }

    fn latency_table(&self, text: &mut String) {
        for outcome in &self.latency {
            let _ = writeln!(
                text,
                "\n| {} × {}, µs | p50 | p90 | p99 | p99.9 | acks |",
                outcome.case.producers,
                size_label(outcome.case.record_bytes)
            );
            let _ = writeln!(text, "| --- | --- | --- | --- | --- | --- |");
            for latency in &outcome.latencies {
                let _ = write!(text, "| {} |", latency.name);
                for percentile in TABLE_PERCENTILES {
                    let _ = match latency.at(percentile) {
                        Some(us) => write!(text, " {us:.0} |"),
                        None => write!(text, " – |"),
                    };
                }
                let _ = writeln!(text, " {} |", latency.samples);
            }
        }
    }

    fn read_table(&self, text: &mut String) {
        if self.read.is_empty() {
            return;
        }
        let _ = writeln!(
            text,
            "\n| record | form | bytes on disk a byte | read, GB/s | records/s | memory copy, GB/s | CRC-32, GB/s | of the lower |"
        );
        let _ = writeln!(text, "| --- | --- | --- | --- | --- | --- | --- | --- |");
        for outcome in &self.read {
            let _ = writeln!(
                text,
                "| {} | {} | {:.2} | {:.1} | {:.1} M | {:.1} | {:.1} | {} |",
                size_label(outcome.record_bytes),
                outcome.form.label(),
                outcome.disk_share,
                mega(&outcome.read_bytes_per_s) / 1e3,
                mega(&outcome.records_per_s),
                mega(&outcome.copy_bytes_per_s) / 1e3,
                mega(&outcome.crc_bytes_per_s) / 1e3,
                percent(&outcome.ratio)
            );
        }
    }

    fn recovery_table(&self, text: &mut String) {
        if self.recovery.is_empty() {
            return;
        }
        let _ = writeln!(
            text,
            "\n| tail | segments before | open, warm, ms | open, cold, ms | read and CRC, warm, ms |"
        );
        let _ = writeln!(text, "| --- | --- | --- | --- | --- |");
        for outcome in &self.recovery {
            let _ = writeln!(
                text,
                "| {} | {} | {:.1} | {:.1} | {:.1} |",
                size_label(outcome.case.tail_bytes as usize),
                outcome.case.segments_before,
                outcome.warm_ms.median,
                outcome.cold_ms.median,
                outcome.limit_warm_ms.median
            );
        }
    }
}
