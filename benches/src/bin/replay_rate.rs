//! Measures a replay: writes events to a log in a temporary folder, replays it,
//! prints the report.
//!
//! `target/release/replay_rate [EVENTS]`
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use anyhow::Result;
use benches::traffic;
use clap::Parser;
use event_log::{LogConfig, LogWriter};
use projector::{ProjectorConfig, replay};

/// How fast a log is replayed.
#[derive(Parser)]
struct Args {
    /// How many.
    #[arg(default_value_t = 1_000_000)]
    events: u64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let dir = tempfile::tempdir()?;
    let log = LogWriter::open(LogConfig::new(dir.path().join("log")))?;
    traffic::append(&log, args.events, 3)?;
    let report = replay(&ProjectorConfig::new(dir.path()), &log.reader())?;
    println!("{report}");
    Ok(())
}
