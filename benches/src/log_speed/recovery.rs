//! How long opening takes after a crash, by the size of the tail and by the number of segments before it.
//!
//! The log is written by a process that exits without closing it, and opened in a process of its own each time, which
//! ends the same way: so every open is one after a crash. Its limit is reading the tail's bytes and computing their CRC
//! once. Warm: the tail is in the page cache, as after a crash of the process. Cold: it was dropped from it, as after
//! a crash of the machine.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use log_core::{Config, Log, Record};
use rustix::fs::Advice;
use serde::Serialize;

use crate::log_speed::limits::crc_rate;
use crate::log_speed::read::fill;
use crate::log_speed::records::Records;
use crate::log_speed::rounds::{Spread, turns};

const MIB: u64 = 1024 * 1024;
/// Size of the records in it.
pub const RECORD_BYTES: usize = 3400;
/// Of a segment before the tail: only its header and its seal are read, so its size does not matter.
const INNER_SEGMENT_BYTES: u64 = MIB;
const TAIL_ROOM_BYTES: u64 = 2 * MIB;
const READ_CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// What is opened.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Case {
    /// Bytes of frames in the tail segment.
    pub tail_bytes: u64,
    /// Complete segments before it.
    pub segments_before: u64,
}

/// All of one case, in milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// What was opened.
    pub case: Case,
    /// Opening with the tail in the page cache.
    pub warm_ms: Spread,
    /// Opening with the tail on disk only.
    pub cold_ms: Spread,
    /// Reading the tail once from the page cache, and its CRC.
    pub limit_warm_ms: Spread,
}

/// Writes a log and ends without closing it. In a process of its own.
pub fn write_and_crash(dir: &Path, case: Case) -> Result<()> {
    let records = Records::new(RECORD_BYTES);
    let frame = log_core::format::frame_bytes(RECORD_BYTES) as u64;
    if case.segments_before > 0 {
        let log = Log::open(Config {
            segment_bytes: INNER_SEGMENT_BYTES,
            ..Config::events(dir)
        })?;
        while (log.reader().segments().len() as u64) < case.segments_before {
            fill(&log, &records, (INNER_SEGMENT_BYTES / frame / 2) as usize)?;
        }
        log.close()?;
    }
    let log = Log::open(Config::events(dir))?;
    // Fills what is left of the last small one, so that the tail is a segment of full size.
    while (log.reader().segments().len() as u64) < case.segments_before + 1 {
        fill(&log, &records, 1)?;
    }
    fill(&log, &records, (tail_bytes(case) / frame) as usize)?;
    crash()
}

/// What is written to the tail: a segment that is asked to be full keeps room for what the opens append.
fn tail_bytes(case: Case) -> u64 {
    case.tail_bytes
        .min(Config::events("").segment_bytes - TAIL_ROOM_BYTES)
}

/// Opens, prints the seconds, appends a record and ends without closing. In a process of its own.
#[allow(clippy::print_stdout, reason = "the answer to the process that asked")]
pub fn open_and_crash(dir: &Path) -> Result<()> {
    let start = Instant::now();
    let log = Log::open(Config::events(dir))?;
    println!("{}", start.elapsed().as_secs_f64());
    log.append(Record {
        schema: 1,
        payload: Records::new(RECORD_BYTES).get(0),
    })?
    .wait()?;
    crash()
}

/// Ends without running destructors: the log is not closed.
#[expect(clippy::disallowed_methods, reason = "the crash that is measured")]
fn crash() -> ! {
    std::process::exit(0)
}

/// Runs a case. `command` is this program, and knows `write` and `open` with their arguments.
pub fn run(case: Case, rounds: usize, program: &Path, dir: &Path) -> Result<Outcome> {
    let own = tempfile::tempdir_in(dir)?;
    ask(Command::new(program)
        .arg("write-and-crash")
        .arg(own.path())
        .arg(case.tail_bytes.to_string())
        .arg(case.segments_before.to_string()))?;
    let written = tail_bytes(case);
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=rounds {
        for turn in turns(times.len(), round) {
            let tail = tail_of(own.path())?;
            let ms = match turn {
                0 => {
                    read_and_check(&tail, written)?;
                    open_ms(program, own.path())?
                }
                1 => {
                    drop_from_cache(&tail)?;
                    open_ms(program, own.path())?
                }
                _ => {
                    read_and_check(&tail, written)?;
                    let start = Instant::now();
                    read_and_check(&tail, written)?;
                    start.elapsed().as_secs_f64() * 1000.0
                }
            };
            times[turn].push(ms);
        }
    }
    let [warm, cold, limit] = times.map(|times| Spread::of(&times[1..]));
    Ok(Outcome {
        case,
        warm_ms: warm.context("at least one round")?,
        cold_ms: cold.context("at least one round")?,
        limit_warm_ms: limit.context("at least one round")?,
    })
}

fn ask(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn open_ms(program: &Path, dir: &Path) -> Result<f64> {
    let answer = ask(Command::new(program).arg("open-and-crash").arg(dir))?;
    let seconds: f64 = answer.trim().parse().context("seconds of an open")?;
    Ok(seconds * 1000.0)
}

/// The newest segment.
fn tail_of(dir: &Path) -> Result<PathBuf> {
    let mut segments: Vec<PathBuf> = fs::read_dir(dir)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    segments.sort_unstable();
    segments.pop().context("a log has a segment")
}

fn drop_from_cache(path: &Path) -> Result<()> {
    let file = File::open(path)?;
    // What is dirty cannot be dropped.
    file.sync_all()?;
    Ok(rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?)
}

/// Reads the first `count` bytes, and their CRC.
fn read_and_check(path: &Path, count: u64) -> Result<()> {
    let file = File::open(path)?;
    let mut bytes = vec![0; count as usize];
    for (n, chunk) in bytes.chunks_mut(READ_CHUNK_BYTES).enumerate() {
        file.read_exact_at(chunk, (n * READ_CHUNK_BYTES) as u64)?;
    }
    crc_rate(&bytes);
    Ok(())
}
