//! The long proof: writers killed at random moments, the power of their disk cut, simulated disks
//! by the million.
//!
//! `soak [--seed N] [--minutes M] [--kills N] [--cuts N] [--seeds N] [--file-system NAME] [--dir PATH]` prints what it did, now and then
//! and at its end, and fails with what was broken; then the directory is kept. Power cuts need root.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

#[path = "soak/crashes.rs"]
mod crashes;
#[path = "soak/options.rs"]
mod options;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crashes::ledger::{Violation, violation};
use crashes::{Campaign, Tally, image};
use log_sim::proof::{Report, run_seeds};
use options::Options;

const REPORT_EVERY: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Simulated disks of one turn: so often the counts are brought up to date.
const SEEDS_AT_ONCE: u64 = 500;
/// Runs with different seeds share no simulated disk.
const SEEDS_APART: u64 = 1_000_000_000;
/// Set for the program in its own mount namespace.
const ISOLATED_VARIABLE: &str = "LOG_CORE_SOAK_ISOLATED";

fn main() -> ExitCode {
    crashes::live_if_asked();
    match Options::from_args(std::env::args().skip(1)).map(|options| soak(&options)) {
        Ok(Ok(code)) => code,
        Ok(Err(violation)) => {
            eprintln!("{violation}");
            ExitCode::FAILURE
        }
        Err(usage) => {
            eprintln!("{usage}");
            ExitCode::from(2)
        }
    }
}

fn soak(options: &Options) -> Result<ExitCode, Violation> {
    if options.cuts > 0 && std::env::var_os(ISOLATED_VARIABLE).is_none() {
        return isolate();
    }
    let dir = tempfile::Builder::new()
        .prefix("soak-")
        .tempdir_in(&options.dir)
        .map_err(|error| violation!("no directory in {}: {error}", options.dir.display()))?;
    let tally = Tally::default();
    let begin = Instant::now();
    println!("seed {}, directory {}", options.seed, dir.path().display());
    let simulated = Mutex::new(Report::default());
    let outcome = run(options, dir.path(), &tally, &simulated);
    println!("after {:.0?}\n{tally}", begin.elapsed());
    let simulated = simulated.into_inner().unwrap();
    println!("{simulated}");
    match outcome {
        Ok(()) => {
            let shortfall = tally.shortfall(options.kills, options.cuts);
            let shortfall = shortfall.or_else(|| {
                (simulated.seeds < options.seeds)
                    .then(|| format!("{} of {} seeds", simulated.seeds, options.seeds))
            });
            if let Some(shortfall) = shortfall {
                println!("ended by --minutes: {shortfall}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(Violation(what)) => {
            let (seed, dir) = (options.seed, dir.keep());
            Err(violation!("seed {seed}, kept in {}: {what}", dir.display()))
        }
    }
}

/// The same program again, where its mounts end with it.
fn isolate() -> Result<ExitCode, Violation> {
    if let Some(missing) = image::missing() {
        return Err(violation!("power cuts need {missing}; without: --cuts 0"));
    }
    let status = image::isolated()
        .and_then(|mut command| {
            command
                .args(std::env::args_os().skip(1))
                .env(ISOLATED_VARIABLE, "1")
                .status()
        })
        .map_err(|error| violation!("cannot start again: {error}"))?;
    Ok(ExitCode::from(status.code().map_or(1, |code| code as u8)))
}

fn run(
    options: &Options,
    dir: &Path,
    tally: &Tally,
    simulated: &Mutex<Report>,
) -> Result<(), Violation> {
    let deadline = Instant::now() + options.time;
    let program = || Command::new(std::env::current_exe().expect("a running program has a path"));
    let campaign = |dir| Campaign {
        seed: options.seed,
        dir,
        file_system: options.file_system,
        child: &program,
        tally,
        deadline,
    };
    // The first broken promise ends all parts.
    let watched = |outcome: Result<(), Violation>| {
        outcome.inspect_err(|_| tally.broken.store(true, Ordering::Relaxed))
    };
    let finished = AtomicBool::new(false);
    thread::scope(|scope| {
        let parts = [
            scope.spawn(|| watched(campaign(part(dir, "kill")?).kill(options.kills))),
            scope.spawn(|| watched(campaign(part(dir, "cut")?).cut_power(options.cuts))),
            scope.spawn(|| watched(simulate(options, deadline, tally, simulated))),
        ];
        scope.spawn(|| report(&finished, tally, simulated));
        let outcomes = parts.map(thread::ScopedJoinHandle::join);
        finished.store(true, Ordering::Relaxed);
        for outcome in outcomes {
            outcome.unwrap_or_else(|_| Err(violation!("a part of the run panicked")))?;
        }
        Ok(())
    })
}

/// A directory for a part of the run.
fn part(dir: &Path, name: &str) -> Result<PathBuf, Violation> {
    let dir = dir.join(name);
    std::fs::create_dir_all(&dir).map_err(|error| violation!("{}: {error}", dir.display()))?;
    Ok(dir)
}

fn report(finished: &AtomicBool, tally: &Tally, simulated: &Mutex<Report>) {
    let mut last = Instant::now();
    while !finished.load(Ordering::Relaxed) {
        thread::sleep(LOOK_EVERY);
        if last.elapsed() > REPORT_EVERY {
            last = Instant::now();
            println!("{tally}{}\n", simulated.lock().unwrap());
        }
    }
}

/// Simulated disks: as many threads as there are processors, besides the real crashes, which mostly wait.
fn simulate(
    options: &Options,
    deadline: Instant,
    tally: &Tally,
    simulated: &Mutex<Report>,
) -> Result<(), Violation> {
    let begin = options.seed.wrapping_mul(SEEDS_APART);
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let first = next.fetch_add(SEEDS_AT_ONCE, Ordering::Relaxed);
            let is_broken = tally.broken.load(Ordering::Relaxed);
            if first >= options.seeds || is_broken || Instant::now() > deadline {
                break;
            }
            let end = options.seeds.min(first + SEEDS_AT_ONCE);
            let report = run_seeds(begin + first..begin + end, Some(deadline));
            tally.broken.fetch_or(report.failed > 0, Ordering::Relaxed);
            simulated.lock().unwrap().add(report);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    match simulated.lock().unwrap().failed {
        0 => Ok(()),
        failed => Err(violation!(
            "{failed} simulated promises were broken, see above"
        )),
    }
}
