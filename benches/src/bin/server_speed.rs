//! Measures the whole server beside a bare one, prints tables, writes JSON and plots.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is its purpose"
)]

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use benches::log_speed::report::Made;
use benches::payload::Size;
use benches::server::cases::{Setting, disk, measure};
use benches::server::plot;
use benches::server::report::Report;
use clap::Parser;

/// The server beside this machine's limits, in one run.
#[derive(Parser)]
struct Args {
    /// A storm of a minute and a soak of ten, half an hour in all; without it some four
    /// minutes.
    #[arg(long)]
    full: bool,
    /// Where the programs are.
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
    /// Where data directories are made: its file system is what is measured.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// Where `results/` and `plots/` go.
    #[arg(long, default_value = "benches")]
    out: PathBuf,
    /// How long each load runs, seconds. Other values than the default's write nothing.
    #[arg(long)]
    seconds: Option<u64>,
    /// Only this size; nothing is written then.
    #[arg(long, value_enum)]
    only: Option<Size>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let seconds = Duration::from_secs;
    let load = args.seconds.unwrap_or(12);
    let setting = Setting {
        programs: args.programs,
        under: args.dir.canonicalize()?,
        limit: seconds(load.min(5)),
        load: seconds(load),
        storm: seconds(if args.full { 60 } else { load }),
        soak: args.full.then_some(seconds(600)),
    };
    let mut made = Made::here(if args.full { "full" } else { "quick" }, &setting.under)?;
    let mut found = Vec::new();
    let disk_us = disk(&setting.under)?;
    for size in [Size::Small, Size::Large] {
        if args.only.is_some_and(|only| only != size) {
            continue;
        }
        eprintln!("{size:?} events …");
        let all = size == Size::Large;
        found.push(measure(&setting, size, all).await?);
    }
    made.end()?;
    let report = Report {
        made,
        disk_us,
        found,
    };
    println!("{}", report.table());
    if args.only.is_none() && args.seconds.is_none() {
        report.save(&args.out.join("results"))?;
        plot::draw(&report, &args.out.join("plots"))?;
    }
    Ok(())
}
