//! Measures a replay: writes events to a log in a temporary folder, replays it,
//! prints the report and the time on processors.
//!
//! `target/release/replay_rate [EVENTS] [--of DIR]`
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use benches::traffic;
use clap::Parser;
use event_log::{LogConfig, LogWriter};
use projector::{ProjectorConfig, ReplayWish, replay};

/// How fast a log is replayed.
#[derive(Parser)]
struct Args {
    /// How many.
    #[arg(default_value_t = 1_000_000)]
    events: u64,
    /// A data directory that is there, with no server running: its log is replayed.
    #[arg(long)]
    of: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let temporary = tempfile::tempdir()?;
    let dir = args.of.as_deref().unwrap_or(temporary.path());
    let log = LogWriter::open(LogConfig::new(dir.join("log")))?;
    if args.of.is_none() {
        traffic::append(&log, args.events, 3)?;
    }
    let before = processor_time()?;
    let report = replay(&ProjectorConfig::new(dir), &log.reader(), ReplayWish::ALL)?;
    println!("{report}");
    let took = processor_time()?.saturating_sub(before);
    println!("{:.1} s on processors", took.as_secs_f64());
    Ok(())
}

/// What all threads of this process took, by its clock's ticks of 10 ms.
fn processor_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may have blanks: user and system are the 12th and 13th.
    let (_, behind) = stat.rsplit_once(')').context("a name in brackets")?;
    let ticks: u64 = behind
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}
