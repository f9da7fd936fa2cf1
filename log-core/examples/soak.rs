//! The long proof: writers killed at random moments, the power of their disk cut.
//!
//! `soak [--seed N] [--minutes M] [--kills N] [--cuts N] [--dir PATH]` prints what it did, now and then
//! and at its end, and fails with what was broken; then the directory is kept. Power cuts need root.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

#[path = "soak/crashes.rs"]
mod crashes;
#[path = "soak/options.rs"]
mod options;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crashes::ledger::{Violation, violation};
use crashes::{Campaign, Tally, image};
use options::Options;

const REPORT_EVERY: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);
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
    let outcome = run(options, dir.path(), &tally);
    println!("after {:.0?}\n{tally}", begin.elapsed());
    match outcome {
        Ok(()) => {
            if let Some(shortfall) = tally.shortfall(options.kills, options.cuts) {
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

fn run(options: &Options, dir: &Path, tally: &Tally) -> Result<(), Violation> {
    let deadline = Instant::now() + options.time;
    let program = || Command::new(std::env::current_exe().expect("a running program has a path"));
    let campaign = |dir| Campaign {
        seed: options.seed,
        dir,
        child: &program,
        tally,
        deadline,
    };
    let finished = AtomicBool::new(false);
    thread::scope(|scope| {
        let parts = [
            scope.spawn(|| campaign(part(dir, "kill")?).kill(options.kills)),
            scope.spawn(|| campaign(part(dir, "cut")?).cut_power(options.cuts)),
        ];
        scope.spawn(|| report(&finished, tally));
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

fn report(finished: &AtomicBool, tally: &Tally) {
    let mut last = Instant::now();
    while !finished.load(Ordering::Relaxed) {
        thread::sleep(LOOK_EVERY);
        if last.elapsed() > REPORT_EVERY {
            last = Instant::now();
            println!("{tally}");
        }
    }
}
