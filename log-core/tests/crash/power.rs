//! Crashes of a real process and a real disk, a few of those that the long proof runs by the thousand; the ledger of
//! acknowledgements is outside of what crashes.

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::crashes::image::EXT4;
use crate::crashes::{self, Campaign, Tally};
use crate::separate::{in_own_process, with_own_mounts};

const KILLS: u64 = 20;
/// Enough for a second life of a cut log, and for a log that begins anew.
const CUTS: u64 = 9;
/// Ends a run that hangs; a run takes seconds.
const TIME_MAX: Duration = Duration::from_mins(10);

/// Not a test of its own: the process that is killed.
#[test]
#[ignore = "started, and killed, by the crash tests"]
fn child_of_the_crash_tests() {
    crashes::live_if_asked();
    panic!("the crash tests say where the log is");
}

fn writer() -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "power::child_of_the_crash_tests"]);
    command.arg("--nocapture");
    command
}

fn campaign<'a>(dir: &Path, tally: &'a Tally) -> Campaign<'a> {
    Campaign {
        seed: 1,
        dir: dir.to_path_buf(),
        file_system: EXT4,
        child: &writer,
        tally,
        deadline: Instant::now() + TIME_MAX,
    }
}

#[test]
fn kill_9_under_load_loses_nothing_acknowledged() {
    in_own_process(
        "power::kill_9_under_load_loses_nothing_acknowledged",
        |dir| {
            let tally = Tally::default();
            let outcome = campaign(dir, &tally).kill(KILLS);
            outcome.unwrap_or_else(|violation| panic!("{violation}\n{tally}"));
            assert_eq!(tally.shortfall(KILLS, 0), None, "{tally}");
        },
    );
}

#[test]
fn a_power_cut_under_load_loses_nothing_acknowledged() {
    with_own_mounts(
        "power::a_power_cut_under_load_loses_nothing_acknowledged",
        |dir| {
            let tally = Tally::default();
            let outcome = campaign(dir, &tally).cut_power(CUTS);
            outcome.unwrap_or_else(|violation| panic!("{violation}\n{tally}"));
            assert_eq!(tally.shortfall(0, CUTS), None, "{tally}");
        },
    );
}
