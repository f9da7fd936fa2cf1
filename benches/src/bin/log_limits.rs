//! Measures `log-core` beside this machine's limits and its peers, prints a table, writes JSON and plots.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is its purpose"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use benches::log_speed::report::{Made, Report};
use benches::log_speed::{append, latency, plot, read, recovery};
use clap::{Parser, Subcommand};

const MIB: usize = 1024 * 1024;
const RECORD_BYTES: [usize; 3] = [256, 3400, 19_500];
const PRODUCERS: [usize; 2] = [1, 16];

/// The speed of the log beside this machine's own limits, in one run.
#[derive(Parser)]
struct Args {
    /// More cases and rounds: about 15 minutes instead of 3.
    #[arg(long)]
    full: bool,
    /// Where logs are written while measuring: its file system is what is measured.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// Where `results/` and `plots/` go.
    #[arg(long, default_value = "benches")]
    out: PathBuf,
    /// Only this part: append, latency, read or recovery. Nothing is written then.
    #[arg(long)]
    only: Option<String>,
    #[command(subcommand)]
    step: Option<Step>,
}

/// Steps that recovery needs in processes of their own.
#[derive(Subcommand)]
enum Step {
    /// Writes a log and ends without closing it.
    #[command(hide = true)]
    WriteAndCrash {
        dir: PathBuf,
        tail_bytes: u64,
        segments_before: u64,
    },
    /// Opens a log, prints the seconds, ends without closing it.
    #[command(hide = true)]
    OpenAndCrash { dir: PathBuf },
}

/// How much is measured.
struct Setting {
    name: &'static str,
    groups: &'static [usize],
    append_rounds: usize,
    latency_rounds: usize,
    latency_slice: Duration,
    read_bytes: usize,
    read_rounds: usize,
    tails_mib: &'static [usize],
    segments_before: &'static [u64],
    recovery_rounds: usize,
}

const QUICK: Setting = Setting {
    name: "quick",
    groups: &[64 * 1024, MIB, 8 * MIB],
    append_rounds: 8,
    latency_rounds: 8,
    latency_slice: Duration::from_millis(300),
    read_bytes: 96 * MIB,
    read_rounds: 7,
    tails_mib: &[1, 16, 64, 128],
    segments_before: &[1, 10, 50],
    recovery_rounds: 3,
};

const FULL: Setting = Setting {
    name: "full",
    groups: &[64 * 1024, MIB, 8 * MIB],
    append_rounds: 30,
    latency_rounds: 30,
    latency_slice: Duration::from_millis(500),
    read_bytes: 192 * MIB,
    read_rounds: 25,
    tails_mib: &[1, 16, 32, 64, 96, 128],
    segments_before: &[1, 5, 10, 20, 50],
    recovery_rounds: 9,
};

fn main() -> Result<()> {
    let args = Args::parse();
    match args.step {
        Some(Step::WriteAndCrash {
            dir,
            tail_bytes,
            segments_before,
        }) => {
            let case = recovery::Case {
                tail_bytes,
                segments_before,
            };
            return recovery::write_and_crash(&dir, case);
        }
        Some(Step::OpenAndCrash { dir }) => return recovery::open_and_crash(&dir),
        None => {}
    }
    let setting = if args.full { &FULL } else { &QUICK };
    std::fs::create_dir_all(&args.dir)?;
    let work = tempfile::tempdir_in(&args.dir)?;
    let report = measure(setting, args.only.as_deref(), work.path())?;
    println!("{}", report.table());
    if args.only.is_none() {
        report.save(&args.out.join("results"))?;
        plot::draw(&report, &args.out.join("plots"))?;
    }
    Ok(())
}

fn measure(setting: &Setting, only: Option<&str>, dir: &Path) -> Result<Report> {
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    let mut report = Report {
        made: Made::here(setting.name, dir)?,
        append: Vec::new(),
        zeroed_over_reserved: Vec::new(),
        latency: Vec::new(),
        read: Vec::new(),
        recovery: Vec::new(),
    };
    if wanted("append") {
        append_cases(setting, dir, &mut report)?;
    }
    if wanted("latency") {
        for producers in PRODUCERS {
            eprintln!("latency: {producers} producers");
            let case = latency::Case {
                record_bytes: RECORD_BYTES[1],
                producers,
            };
            let slice = setting.latency_slice;
            let outcome = latency::run(case, setting.latency_rounds, slice, dir)?;
            report.latency.push(outcome);
        }
    }
    if wanted("read") {
        for form in [read::Form::Raw, read::Form::Sealed] {
            for record_bytes in RECORD_BYTES {
                eprintln!("read: {} records of {record_bytes} bytes", form.label());
                let (bytes, rounds) = (setting.read_bytes, setting.read_rounds);
                let outcome = read::run((record_bytes, form), bytes, rounds, dir)?;
                report.read.push(outcome);
            }
        }
    }
    if wanted("recovery") {
        recovery_cases(setting, dir, &mut report)?;
    }
    report.made.end()?;
    Ok(report)
}

fn append_cases(setting: &Setting, dir: &Path, report: &mut Report) -> Result<()> {
    for producers in PRODUCERS {
        for &group_bytes in setting.groups {
            for record_bytes in RECORD_BYTES {
                let case = append::Case {
                    record_bytes,
                    group_bytes,
                    producers,
                };
                if !case.is_possible() {
                    continue;
                }
                eprintln!("append: {}", case.label());
                report
                    .append
                    .push(append::run(case, setting.append_rounds, dir)?);
            }
        }
    }
    for &group_bytes in setting.groups {
        let spread = append::zeroed_over_reserved(group_bytes, setting.append_rounds, dir)?;
        report.zeroed_over_reserved.push((group_bytes, spread));
    }
    Ok(())
}

fn recovery_cases(setting: &Setting, dir: &Path, report: &mut Report) -> Result<()> {
    let program = std::env::current_exe()?;
    let tails = setting.tails_mib.iter().map(|&mib| recovery::Case {
        tail_bytes: (mib * MIB) as u64,
        segments_before: 0,
    });
    let segments = setting
        .segments_before
        .iter()
        .map(|&segments_before| recovery::Case {
            tail_bytes: MIB as u64,
            segments_before,
        });
    for case in tails.chain(segments) {
        eprintln!(
            "recovery: {} bytes after {} segments",
            case.tail_bytes, case.segments_before
        );
        let outcome = recovery::run(case, setting.recovery_rounds, &program, dir)?;
        report.recovery.push(outcome);
    }
    Ok(())
}
