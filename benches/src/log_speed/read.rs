//! Throughput of reading with all checksums, beside copying memory and computing CRC-32.
//!
//! Warm: everything is in the page cache and mapped, larger than the CPU's caches. The limit of a round is the lower of
//! its two rates: a reader that verifies cannot pass over bytes faster than either. Sealed segments are read with
//! `pread` and decoded on the way; their goal is a rate, so the limits stand beside it for comparison only.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use log_core::{Config, Log, Reader, Record, Sealing};
use serde::Serialize;

use crate::log_speed::limits::{copy_rate, crc_rate};
use crate::log_speed::records::Records;
use crate::log_speed::rounds::{Spread, turns};
use crate::log_speed::system::log_config;

const GROUP_BYTES: usize = 8 * 1024 * 1024;
/// Records of a batch while the log is filled.
const BATCH_BYTES: usize = 1024 * 1024;

/// How the segments lie on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As they were written: read in place.
    Raw,
    /// Compressed, of segments of the events log's size.
    Sealed,
}

impl Form {
    /// As in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Sealed => "sealed",
        }
    }
}

/// All of one record size.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Bytes of a record.
    pub record_bytes: usize,
    /// How it lay on disk.
    pub form: Form,
    /// Bytes on disk for a byte of payload.
    pub disk_share: f64,
    /// Payload bytes a second of the reader.
    pub read_bytes_per_s: Spread,
    /// Records a second.
    pub records_per_s: Spread,
    /// Bytes a second of copying memory.
    pub copy_bytes_per_s: Spread,
    /// Bytes a second of CRC-32.
    pub crc_bytes_per_s: Spread,
    /// Reader over the lower of the two, round by round.
    pub ratio: Spread,
}

/// Reads a log of about `log_bytes` bytes in records of `record_bytes`.
pub fn run(
    (record_bytes, form): (usize, Form),
    log_bytes: usize,
    rounds: usize,
    dir: &Path,
) -> Result<Outcome> {
    let own = tempfile::tempdir_in(dir)?;
    let records = Records::new(record_bytes);
    let count = log_bytes / record_bytes;
    let log = Log::open(match form {
        Form::Raw => log_config(own.path(), GROUP_BYTES),
        Form::Sealed => Config {
            sealing: Some(Sealing {
                raw_segments: 0,
                ..Sealing::DEFAULT
            }),
            ..Config::events(own.path())
        },
    })?;
    fill(&log, &records, count)?;
    if form == Form::Sealed {
        log.roll()?.wait()?;
        while log.seal_next()?.is_some() {}
    }
    let complete = |file: &log_core::SegmentStat| file.complete.then_some(file.disk_bytes);
    let segments = log_core::stat(own.path())?.segments;
    let disk_bytes: u64 = match form {
        Form::Raw => segments.iter().map(|file| file.used_bytes).sum(),
        Form::Sealed => segments.iter().filter_map(complete).sum(),
    };
    let reader = log.reader();
    // What the limits work on: the same text, as one piece.
    let source: Vec<u8> = (0..count).flat_map(|n| records.get(n)).collect();
    let mut target = vec![1; source.len()];
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=rounds {
        for turn in turns(rates.len(), round) {
            rates[turn].push(match turn {
                0 => read_rate(&reader, count, record_bytes)?,
                1 => copy_rate(&source, &mut target),
                _ => crc_rate(&source),
            });
        }
    }
    let [reads, copies, crcs] = rates.map(|mut rates| rates.split_off(1));
    let limits: Vec<f64> = copies.iter().zip(&crcs).map(|(a, b)| a.min(*b)).collect();
    let of = |values: &[f64]| Spread::of(values).context("at least one round");
    let per_record: Vec<f64> = reads
        .iter()
        .map(|rate| rate / record_bytes as f64)
        .collect();
    Ok(Outcome {
        record_bytes,
        form,
        disk_share: disk_bytes as f64 / (count * record_bytes) as f64,
        read_bytes_per_s: of(&reads)?,
        records_per_s: of(&per_record)?,
        copy_bytes_per_s: of(&copies)?,
        crc_bytes_per_s: of(&crcs)?,
        ratio: Spread::of_ratios(&reads, &limits).context("at least one round")?,
    })
}

/// Appends `count` records and waits until they are durable.
pub fn fill(log: &Log, records: &Records, count: usize) -> Result<()> {
    let batch = (BATCH_BYTES / records.bytes).max(1);
    let mut n = 0;
    while n < count {
        let batch = (n..count.min(n + batch))
            .map(|n| Record {
                schema: 1,
                payload: records.get(n),
            })
            .collect();
        n += log.append_batch(batch)?.wait()?.count();
    }
    Ok(())
}

fn read_rate(reader: &Reader, count: usize, record_bytes: usize) -> Result<f64> {
    let start = Instant::now();
    let mut bytes = 0;
    for entry in reader.read(0) {
        bytes += black_box(entry?).payload.len();
    }
    let seconds = start.elapsed().as_secs_f64();
    ensure!(
        bytes == count * record_bytes,
        "read {bytes} bytes of {}",
        count * record_bytes
    );
    Ok(bytes as f64 / seconds)
}
