//! Throughput of durable appends, beside the raw writer and the peers.
//!
//! All logs of a case stay open; a round gives each a short slice of time, so that they share what the disk does in
//! that second. The limit of a round is the raw writer's rate, for full groups of that size, counted in payload bytes:
//! a frame's header is no cost of `log-core`'s code, and is shown by [`Outcome::payload_share`].

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use tempfile::TempDir;

use crate::log_speed::limits::{RawFile, Space, settle};
use crate::log_speed::records::{Records, size_label};
use crate::log_speed::rounds::{Spread, turns};
use crate::log_speed::system::{System, Work, competitors};

const MIB: usize = 1024 * 1024;

/// One combination that is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Case {
    /// Bytes of a record.
    pub record_bytes: usize,
    /// Bytes of records, as frames of `log-core`, that form a group.
    pub group_bytes: usize,
    /// Threads that append.
    pub producers: usize,
}

impl Case {
    /// Groups in a slice: enough that the first, which finds an empty queue, hardly counts.
    fn groups(&self) -> usize {
        match self.group_bytes {
            bytes if bytes >= 4 * MIB => 8,
            bytes if bytes >= MIB / 2 => 24,
            _ => 64,
        }
    }

    /// Records that one producer puts into a group.
    fn part(&self) -> usize {
        let frame = log_core::format::frame_bytes(self.record_bytes);
        self.group_bytes / frame / self.producers
    }

    /// Whether a group has room for a record of each producer.
    pub fn is_possible(&self) -> bool {
        let frame = log_core::format::frame_bytes(self.record_bytes);
        self.group_bytes >= frame * self.producers
    }

    fn records_a_group(&self) -> usize {
        self.part() * self.producers
    }

    /// As in tables.
    pub fn label(&self) -> String {
        format!(
            "{} × {}, {} groups",
            self.producers,
            size_label(self.record_bytes),
            size_label(self.group_bytes),
        )
    }
}

/// A competitor in one case.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// Who.
    pub name: String,
    /// Payload bytes a second.
    pub payload_bytes_per_s: Spread,
    /// Payload rate over the limit's payload rate, round by round.
    pub ratio: Spread,
    /// Bytes of an average write.
    pub write_bytes: Spread,
}

/// All of one case.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// What was measured.
    pub case: Case,
    /// Payload bytes in a byte of `log-core`'s file.
    pub payload_share: f64,
    /// Bytes a second of the raw writer.
    pub raw_bytes_per_s: Spread,
    /// All systems.
    pub standings: Vec<Standing>,
}

/// A log that takes part, in its own directory.
struct Entrant {
    name: &'static str,
    system: Box<dyn System>,
    rates: Vec<f64>,
    writes: Vec<f64>,
    _dir: TempDir,
}

/// Runs a case; a first round warms up and does not count.
pub fn run(case: Case, rounds: usize, dir: &Path) -> Result<Outcome> {
    let records = Records::new(case.record_bytes);
    let frame = log_core::format::frame_bytes(case.record_bytes);
    let payload_share = case.record_bytes as f64 / frame as f64;
    let group = vec![0x5a; case.records_a_group() * frame];
    let raw_dir = tempfile::tempdir_in(dir)?;
    let raw_bytes = group.len() * case.groups() * (rounds + 1);
    let raw_path = raw_dir.path().join("raw");
    let mut raw_file = RawFile::create(&raw_path, raw_bytes as u64, Space::Reserved)?;
    let mut raw = Vec::new();
    let mut entrants = entrants(case, dir)?;
    settle(dir)?;
    for round in 0..=rounds {
        for turn in turns(entrants.len() + 1, round) {
            let Some(entrant) = turn.checked_sub(1).map(|n| &mut entrants[n]) else {
                raw.push(raw_slice(&mut raw_file, &group, case.groups())?);
                continue;
            };
            let (rate, write_bytes) = slice(case, entrant.system.as_ref(), &records)
                .with_context(|| format!("{}, {}", entrant.name, case.label()))?;
            entrant.rates.push(rate);
            entrant.writes.push(write_bytes);
        }
    }
    let limits: Vec<f64> = raw[1..].iter().map(|rate| rate * payload_share).collect();
    let of = |values: &[f64]| Spread::of(values).context("at least one round");
    let standings = entrants
        .iter()
        .map(|entrant| {
            let ratio = Spread::of_ratios(&entrant.rates[1..], &limits);
            Ok(Standing {
                name: entrant.name.to_owned(),
                payload_bytes_per_s: of(&entrant.rates[1..])?,
                ratio: ratio.context("at least one round")?,
                write_bytes: of(&entrant.writes[1..])?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Outcome {
        case,
        payload_share,
        raw_bytes_per_s: of(&raw[1..])?,
        standings,
    })
}

/// How much faster a sync is when the file's space was written before, not only reserved: the raw writer in both.
pub fn zeroed_over_reserved(group_bytes: usize, rounds: usize, dir: &Path) -> Result<Spread> {
    let case = Case {
        record_bytes: group_bytes,
        group_bytes,
        producers: 1,
    };
    let group = vec![0x5a; group_bytes];
    let own = tempfile::tempdir_in(dir)?;
    let bytes = (group_bytes * case.groups() * (rounds + 1)) as u64;
    let mut files = [
        RawFile::create(&own.path().join("reserved"), bytes, Space::Reserved)?,
        RawFile::create(&own.path().join("zeroed"), bytes, Space::Zeroed)?,
    ];
    settle(dir)?;
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        for turn in turns(2, round) {
            rates[turn].push(raw_slice(&mut files[turn], &group, case.groups())?);
        }
    }
    Spread::of_ratios(&rates[1][1..], &rates[0][1..]).context("at least one round")
}

fn entrants(case: Case, dir: &Path) -> Result<Vec<Entrant>> {
    competitors()
        .iter()
        .map(|competitor| {
            let own = tempfile::tempdir_in(dir)?;
            Ok(Entrant {
                name: competitor.name,
                system: (competitor.open)(own.path(), case.group_bytes)?,
                rates: Vec::new(),
                writes: Vec::new(),
                _dir: own,
            })
        })
        .collect()
}

/// Bytes a second.
fn raw_slice(file: &mut RawFile, group: &[u8], groups: usize) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..groups {
        file.append(group)?;
    }
    Ok((group.len() * groups) as f64 / start.elapsed().as_secs_f64())
}

/// Payload bytes a second, and bytes of an average write.
fn slice(case: Case, system: &dyn System, records: &Records) -> Result<(f64, f64)> {
    let part = case.part();
    let count = part * case.groups();
    let before = written()?;
    let start = Instant::now();
    std::thread::scope(|scope| {
        let producers: Vec<_> = (0..case.producers)
            .map(|producer| {
                scope.spawn(move || {
                    system.run(Work {
                        producer,
                        records,
                        count,
                        part,
                    })
                })
            })
            .collect();
        for producer in producers {
            producer
                .join()
                .map_err(|_| anyhow!("a producer panicked"))??;
        }
        anyhow::Ok(())
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let after = written()?;
    let payload_bytes = count * case.producers * case.record_bytes;
    let writes = (after.0 - before.0).max(1);
    Ok((
        payload_bytes as f64 / seconds,
        (after.1 - before.1) as f64 / writes as f64,
    ))
}

/// This process's writes so far: calls and bytes.
fn written() -> Result<(u64, u64)> {
    let text = fs::read_to_string("/proc/self/io").context("read /proc/self/io")?;
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok())
            .with_context(|| format!("/proc/self/io has no {key}"))
    };
    Ok((value("syscw:")?, value("wchar:")?))
}
