//! What a run found: as JSON for later, as a table for people.
//!
//! Owns the form of `results/server.json` and `.md`, and the goals. Every figure stands
//! beside the bare server's of the same run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::cases::{After, Case, Found};
use crate::load::Percentiles;
use crate::log_speed::report::Made;

const MIB: f64 = 1024.0 * 1024.0;

const GOAL_ACCEPTED: f64 = 0.5;
const GOAL_SUSTAINED: f64 = 1.0 / 3.0;
const GOAL_OVER_DISK_US: u64 = 5_000;
const GOAL_FULL_BYTES: f64 = 150.0 * MIB;
const GOAL_IDLE_BYTES: f64 = 40.0 * MIB;
/// Bytes an event on disk, by the size of its JSON: below 10 KB the smaller.
const GOAL_DISK_BYTES: (u64, u64) = (600, 1_000);
const SMALL_JSON_BYTES_MAX: usize = 10_000;
/// After a storm the p99 is back when it is below so many times that at half load.
const BACK_FACTOR: u64 = 2;

/// Everything.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where and how.
    pub made: Made,
    /// A raw write and its sync, µs.
    pub disk_us: Percentiles,
    /// By size of event.
    pub found: Vec<Found>,
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}

fn ms(us: u64) -> f64 {
    us as f64 / 1e3
}

fn percentiles(us: &Percentiles) -> String {
    format!("{:.1} · {:.1} · {:.1}", ms(us.p50), ms(us.p99), ms(us.p999))
}

/// Accepted of offered, and how the rest was answered.
fn answers(case: &Case) -> String {
    let load = &case.load;
    let mut text = format!("{} of {}", load.accepted, load.offered);
    for (status, count) in &load.refused {
        let _ = match status {
            0 => write!(text, ", {count} unanswered"),
            status => write!(text, ", {count} × {status}"),
        };
    }
    let unsent = load.offered - load.sent;
    if unsent > 0 {
        let _ = write!(text, ", {unsent} not sent: all connections were busy");
    }
    text
}

/// Seconds after a storm at which `is_back` held for the first time.
fn back_after(after: &After, is_back: impl Fn(&(f64, u64, u64)) -> bool) -> String {
    match after.windows.iter().find(|window| is_back(window)) {
        Some((seconds, ..)) => format!("{seconds:.0} s"),
        None => "not within a minute".to_owned(),
    }
}

impl Report {
    /// Writes `server.json` and `server.md` into `dir`.
    pub fn save(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        let json = format!("{}\n", serde_json::to_string(self)?);
        let table = format!(
            "# The server beside its limits\n\nWritten by `server_speed`; what it means: [README](../README.md).\n\n{}",
            self.table()
        );
        for (name, text) in [("server.json", json), ("server.md", table)] {
            let path = dir.join(name);
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }

    /// All tables, as Markdown.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let made = &self.made;
        let _ = writeln!(
            out,
            "{}, {} setting. {}, {}, {}; load {} before, {} after. A write of 4 KiB and its sync: p50 {:.2} ms, p99 {:.2} ms.\n",
            made.at,
            made.setting,
            made.machine,
            made.kernel,
            made.file_system,
            made.load_average.0,
            made.load_average.1,
            ms(self.disk_us.p50),
            ms(self.disk_us.p99),
        );
        self.goals(&mut out);
        self.figures(&mut out);
        self.threads(&mut out);
        for found in &self.found {
            storm(&mut out, found);
        }
        out
    }

    fn goals(&self, out: &mut String) {
        out.push_str("| goal | found | met |\n| --- | --- | --- |\n");
        let mut row = |size: &str, goal: &str, found: String, met: bool| {
            let met = if met { "yes" } else { "no" };
            let _ = writeln!(out, "| {size}: {goal} | {found} | {met} |");
        };
        for found in &self.found {
            let size = found.size.as_str();
            let bare = found.bare.accepted_per_s;
            let ratio = found.full.load.accepted_per_s / bare;
            let text = format!("{:.0} %", ratio * 100.0);
            row(
                size,
                "accepted ≥ 50 % of the bare server",
                text,
                ratio >= GOAL_ACCEPTED,
            );
            let ratio = found.full.sustained_per_s / bare;
            let text = format!("{:.0} %", ratio * 100.0);
            row(
                size,
                "readable meanwhile ≥ 33 %",
                text,
                ratio >= GOAL_SUSTAINED,
            );
            let (p99, disk) = (found.half.load.latency_us.p99, self.disk_us.p99);
            let text = format!("{:.1} ms, the disk {:.1} ms", ms(p99), ms(disk));
            row(
                size,
                "p99 at half load ≤ the disk's + 5 ms",
                text,
                p99 <= disk + GOAL_OVER_DISK_US,
            );
            let most = found.full.anonymous_bytes_max;
            let text = format!("{:.0} MiB", mib(most));
            row(
                size,
                "memory at full load ≤ 150 MiB",
                text,
                (most as f64) <= GOAL_FULL_BYTES,
            );
            let text = format!("{:.1} MiB", mib(found.idle_bytes));
            let met = (found.idle_bytes as f64) <= GOAL_IDLE_BYTES;
            row(size, "memory at rest ≤ 40 MiB", text, met);
            let is_small = found.json_bytes < SMALL_JSON_BYTES_MAX;
            let most = if is_small {
                GOAL_DISK_BYTES.0
            } else {
                GOAL_DISK_BYTES.1
            };
            let (length, _) = found.log_bytes_an_event;
            let goal = format!("log ≤ {most} bytes an event");
            row(size, &goal, format!("{length} bytes"), length <= most);
        }
        out.push('\n');
    }

    fn figures(&self, out: &mut String) {
        out.push_str("| |");
        for found in &self.found {
            let _ = write!(out, " {:.1} KB of JSON |", found.json_bytes as f64 / 1e3);
        }
        out.push_str("\n| --- |");
        out.push_str(&" --- |".repeat(self.found.len()));
        out.push('\n');
        let mut row = |name: &str, value: &dyn Fn(&Found) -> String| {
            let _ = write!(out, "| {name} |");
            for found in &self.found {
                let _ = write!(out, " {} |", value(found));
            }
            out.push('\n');
        };
        row("bare server, closed loop", &|f| {
            format!("{:.0}/s", f.bare.accepted_per_s)
        });
        row("… p50 · p99 · p99.9, ms", &|f| {
            percentiles(&f.bare.latency_us)
        });
        row("stackpit, closed loop", &|f| match &f.peer {
            Some((_, load)) => format!("{:.0}/s", load.accepted_per_s),
            None => "not installed".to_owned(),
        });
        row("… p50 · p99 · p99.9, ms", &|f| match &f.peer {
            Some((_, load)) => percentiles(&load.latency_us),
            None => "–".to_owned(),
        });
        row("Errata, accepted (durable), closed loop", &|f| {
            format!("{:.0}/s", f.full.load.accepted_per_s)
        });
        row("… of the bare server", &|f| {
            format!("{:.3}", f.full.load.accepted_per_s / f.bare.accepted_per_s)
        });
        row("… p50 · p99 · p99.9, ms", &|f| {
            percentiles(&f.full.load.latency_us)
        });
        row("… answers", &|f| answers(&f.full));
        row("readable meanwhile, issues and search", &|f| {
            format!("{:.0}/s", f.full.sustained_per_s)
        });
        row("… of the bare server", &|f| {
            format!("{:.3}", f.full.sustained_per_s / f.bare.accepted_per_s)
        });
        row("until all was readable", &|f| {
            format!("{:.1} s", f.full.drain_seconds)
        });
        row("at half load, p50 · p99 · p99.9, ms", &|f| {
            percentiles(&f.half.load.latency_us)
        });
        row("… answers", &|f| answers(&f.half));
        row("accepted → visible at half load, p50 · max, ms", &|f| {
            format!("{:.1} · {:.1}", ms(f.visible_us.p50), ms(f.visible_us.max))
        });
        row("anonymous memory at rest · full · half, MiB", &|f| {
            let (idle, full) = (mib(f.idle_bytes), mib(f.full.anonymous_bytes_max));
            format!(
                "{idle:.1} · {full:.0} · {:.0}",
                mib(f.half.anonymous_bytes_max)
            )
        });
        row("disk an event, log · all, bytes", &|f| {
            format!("{} · {}", f.log_bytes_an_event.0, f.data_bytes_an_event.0)
        });
        row("… room that it takes", &|f| {
            format!("{} · {}", f.log_bytes_an_event.1, f.data_bytes_an_event.1)
        });
        row("readable of accepted, all loads", &|f| {
            format!(
                "{} of {}",
                f.readable_of_accepted.0, f.readable_of_accepted.1
            )
        });
        row("start to first answer, empty", &|f| {
            format!("{} ms", f.ready_ms)
        });
        out.push('\n');
    }

    /// CPU by thread at full load, µs an event.
    fn threads(&self, out: &mut String) {
        let mut names: Vec<&String> = self
            .found
            .iter()
            .flat_map(|f| f.full.cpu_ns.keys())
            .collect();
        names.sort();
        names.dedup();
        let us = |found: &Found, ns: u64| ns as f64 / 1e3 / found.full.load.accepted as f64;
        let mut rows: Vec<(&str, Vec<f64>)> = names
            .into_iter()
            .map(|name| {
                let of =
                    |found: &Found| us(found, found.full.cpu_ns.get(name).copied().unwrap_or(0));
                (name.as_str(), self.found.iter().map(of).collect())
            })
            .collect();
        rows.sort_by(|a, b| b.1.iter().sum::<f64>().total_cmp(&a.1.iter().sum()));
        let sum = |found: &Found| us(found, found.full.cpu_ns.values().sum());
        rows.push(("all", self.found.iter().map(sum).collect()));
        out.push_str("CPU by thread at full load, the drain included, µs an event:\n\n| thread |");
        for found in &self.found {
            let _ = write!(out, " {} |", found.size);
        }
        let _ = writeln!(out, "\n| --- |{}", " --- |".repeat(self.found.len()));
        for (name, values) in rows {
            if values.iter().all(|us| *us < 0.05) {
                continue;
            }
            let _ = write!(out, "| {name} |");
            for us in values {
                let _ = write!(out, " {us:.1} |");
            }
            out.push('\n');
        }
        out.push('\n');
    }
}

fn storm(out: &mut String, found: &Found) {
    if let Some((case, after)) = &found.storm {
        let half = &found.half;
        let latency = back_after(after, |(_, p99, _)| {
            *p99 <= half.load.latency_us.p99 * BACK_FACTOR
        });
        let memory = back_after(after, |(.., bytes)| *bytes <= half.anonymous_bytes_max);
        let (p99, bytes) = after.windows.last().map_or((0, 0), |last| (last.1, last.2));
        let _ = writeln!(
            out,
            "Storm, {} events, ten times what was accepted, {:.0} s: {}; {:.0}/s; most memory {:.0} MiB; all readable {:.1} s after. \
             Back below twice the p99 of half load after {latency}, below its memory after {memory}; after a minute p99 {:.1} ms, {:.0} MiB.\n",
            found.size,
            case.load.seconds,
            answers(case),
            case.load.accepted_per_s,
            mib(case.anonymous_bytes_max),
            case.drain_seconds,
            ms(p99),
            mib(bytes),
        );
    }
    if let Some(soak) = &found.soak {
        let _ = writeln!(
            out,
            "Soak, {} events at half load, {:.0} s: {}; p50 · p99 · p99.9 {} ms; most memory {:.0} MiB; all readable {:.1} s after.\n",
            found.size,
            soak.load.seconds,
            answers(soak),
            percentiles(&soak.load.latency_us),
            mib(soak.anonymous_bytes_max),
            soak.drain_seconds,
        );
    }
}
