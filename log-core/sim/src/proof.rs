//! The proof by simulation: random traces on a simulated disk, cut at random and at every step, held to a model.
//!
//! Owns: what is done to a log ([`run_seeds`], [`every_step`]) and the judgement of what is left. A seed decides
//! everything: the log's sizes, the appends, the faults, the moments of the crashes and what they take. Invariants
//! held after every crash: what is recovered is a prefix of what was appended, it contains all that was acknowledged
//! and all that any reader was shown, batches are whole, bytes are equal, sequence numbers are the acknowledged ones,
//! cursors are where they were committed. In a life: a failed write or sync poisons, for good, and nothing
//! else does; no space, no descriptor and no memory heal; an error has a cause, and an I/O error is never called damage.
//!
//! Fails: a violation names its seed. `ERRATA_PROOF_SEED=<seed> cargo test -p log-sim --lib a_seed_again` runs that
//! one again and prints its history.

mod cursors;
mod life;
mod model;
mod rot;
mod steps;
mod upkeep;
mod world;

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::disk::{Counts, Sabotage};
pub use steps::every_step;
use world::World;

/// Violations kept in a report: one is enough to fail, some more help to see a pattern.
const FAILURES_MAX: usize = 10;

/// A seed whose run broke a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Run it again with this.
    pub seed: u64,
    /// What was broken.
    pub what: String,
}

/// What was done, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Seeds run.
    pub seeds: u64,
    /// Lives that ended in a power cut or process crash in the midst of work.
    pub cut_lives: u64,
    /// Successful openings that had something to recover.
    pub recoveries: u64,
    /// Openings that were cut short or failed by a fault.
    pub failed_opens: u64,
    /// Openings that found a torn tail.
    pub torn_tails: u64,
    /// Records acknowledged.
    pub acknowledged: u64,
    /// Appends whose outcome was unknown, and that found no space.
    pub unknown: u64,
    /// Appends that were told that there is no space.
    pub refused: u64,
    /// Logs that were poisoned.
    pub poisoned: u64,
    /// What the disks went through.
    pub disk: Counts,
    /// The first of the broken promises; empty is a pass.
    pub failures: Vec<Failure>,
    /// How many promises were broken in all.
    pub failed: u64,
}

impl Report {
    /// Adds what another run did.
    pub fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.cut_lives += other.cut_lives;
        self.recoveries += other.recoveries;
        self.failed_opens += other.failed_opens;
        self.torn_tails += other.torn_tails;
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.refused += other.refused;
        self.poisoned += other.poisoned;
        self.disk.add(&other.disk);
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self.failures.truncate(FAILURES_MAX);
    }

    fn fail(&mut self, seed: u64, what: String) {
        self.failed += 1;
        if self.failures.len() < FAILURES_MAX {
            self.failures.push(Failure { seed, what });
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let disk = &self.disk;
        writeln!(
            f,
            "{} seeds: {} power cuts, {} process crashes ({} in the midst of work), {} recoveries, {} torn tails, {} failed openings",
            self.seeds,
            disk.crashes,
            disk.kills,
            self.cut_lives,
            self.recoveries,
            self.torn_tails,
            self.failed_opens
        )?;
        writeln!(
            f,
            "{} records acknowledged, {} appends with unknown outcome, {} without space, {} logs poisoned",
            self.acknowledged, self.unknown, self.refused, self.poisoned
        )?;
        write!(
            f,
            "faults: {} EIO, {} failed syncs, {} ENOSPC, {} EMFILE, ENFILE or ENOMEM, {} EINTR, {} short calls, {} sectors lost, {} names lost",
            disk.io_errors,
            disk.failed_syncs,
            disk.no_space,
            disk.scarce,
            disk.interrupted,
            disk.short,
            disk.lost_sectors,
            disk.lost_names
        )?;
        for Failure { seed, what } in &self.failures {
            write!(
                f,
                "\nseed {seed}: {what}\n  again: ERRATA_PROOF_SEED={seed} cargo test -p log-sim --lib a_seed_again -- --nocapture"
            )?;
        }
        Ok(())
    }
}

/// Runs one seed after the other, until all are done, the deadline has passed or [`FAILURES_MAX`] have failed.
pub fn run_seeds(seeds: Range<u64>, deadline: Option<Instant>) -> Report {
    run_on(seeds, deadline, None)
}

/// Like [`run_seeds`], on disks that lie.
pub(crate) fn run_on(
    seeds: Range<u64>,
    deadline: Option<Instant>,
    lie: Option<Sabotage>,
) -> Report {
    let mut report = Report::default();
    for seed in seeds {
        let late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if late || report.failures.len() == FAILURES_MAX {
            break;
        }
        let mut world = World::new(seed, lie);
        run_world(&mut world, &mut report);
    }
    report
}

fn run_world(world: &mut World, report: &mut Report) {
    let done = catch_unwind(AssertUnwindSafe(|| world.run()));
    let seed = world.seed();
    report.add(world.report());
    match done {
        Ok(Ok(())) => {}
        Ok(Err(what)) => report.fail(seed, what),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            report.fail(seed, format!("panic: {}", text.unwrap_or_default()));
        }
    }
}

#[cfg(test)]
mod tests;
