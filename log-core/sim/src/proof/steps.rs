//! Every step of a trace, and every step of the recovery after it, is a moment of a crash.

use super::Report;
use super::model::Violation;
use super::world::World;

/// Steps that a recovery may take before it counts as endless.
const RECOVERY_STEPS_MAX: u64 = 1000;
/// The same for a trace.
const TRACE_STEPS_MAX: u64 = 10_000;

/// Different things that a crash at the same step may leave.
const OUTCOMES: u64 = 4;

/// Runs the trace of `seed` once for each of its steps, cutting the power there; then, from some of the things that
/// this may leave, the recovery once for each of its own steps, cutting the power there too; then a recovery that is
/// left alone.
pub fn every_step(seed: u64, actions: u64) -> Report {
    let mut report = Report::default();
    for step in 1..TRACE_STEPS_MAX {
        let mut world = World::new(seed, None);
        world.disk.cut_at(Some(step));
        let lived = world.trace(actions);
        // The trace ends before its cut: all of its steps are done.
        let done = matches!(lived, Ok(false));
        let recovered = lived.and_then(|_| every_outcome(&world, &mut report));
        if let Err(what) = recovered {
            report.fail(seed, format!("cut at step {step}: {what}"));
            return report;
        }
        if done {
            report.seeds = 1;
            return report;
        }
    }
    let endless = format!("the trace has not ended in {TRACE_STEPS_MAX} steps");
    report.fail(seed, endless);
    report
}

fn every_outcome(dark: &World, report: &mut Report) -> Result<(), Violation> {
    for outcome in 0..OUTCOMES {
        let mut world = dark.fork(outcome);
        world.light();
        add(report, &world);
        every_recovery_step(&world, report).map_err(|what| format!("outcome {outcome}: {what}"))?;
    }
    Ok(())
}

fn every_recovery_step(crashed: &World, report: &mut Report) -> Result<(), Violation> {
    for step in 1..RECOVERY_STEPS_MAX {
        let mut world = crashed.fork(step);
        world.disk.cut_at(Some(step));
        let lived = world.trace(0);
        world.light();
        let done = matches!(lived, Ok(false));
        let ended = lived.and_then(|_| world.last_life());
        add(report, &world);
        ended.map_err(|what| format!("recovery cut at step {step}: {what}"))?;
        if done {
            return Ok(());
        }
    }
    let endless = format!("a recovery has not ended in {RECOVERY_STEPS_MAX} steps");
    Err(endless)
}

/// Adds what was done since the fork.
fn add(report: &mut Report, world: &World) {
    let done = world.report();
    report.add(Report {
        seeds: 0,
        acknowledged: 0,
        ..done
    });
}
