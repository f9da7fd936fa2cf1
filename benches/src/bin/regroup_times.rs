//! Measures what it takes to apply rules to events that are there, and to take them back:
//! writes events of one project, projects them live, and then waits for each decision until
//! issues and search have it.
//!
//! `target/release/regroup_times [EVENTS]`
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use benches::traffic;
use clap::Parser;
use event_log::{LogConfig, LogWriter, fold_control};
use event_model::{Actor, Command, Decision, Position, ProjectId, PublicKey};
use projector::{Projector, ProjectorConfig, ReplayWish, replay};

const PROJECT: ProjectId = ProjectId(1);

/// What it takes to group events anew.
#[derive(Parser)]
struct Args {
    /// How many.
    #[arg(default_value_t = 1_000_000)]
    events: u64,
    /// An empty directory that the data stay in, for `errata serve --data-dir`; none: a
    /// temporary one.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Replay all of it at the end: each decision once more.
    #[arg(long)]
    replay: bool,
}

fn main() -> Result<()> {
    let Args {
        events,
        dir,
        replay: is_replayed,
    } = Args::parse();
    let temporary = tempfile::tempdir()?;
    let dir = dir.unwrap_or_else(|| temporary.path().to_owned());
    let log = LogWriter::open(LogConfig::new(dir.join("log")))?;
    decide(&log, create())?;
    traffic::append(&log, events, 1)?;
    let config = ProjectorConfig::new(&dir);
    let projector = Projector::start(&config, log.reader())?;
    let end = log.reader().end();
    let (issues, search) = wait(&projector, end);
    println!("{events} events: issues {issues:.1} s, search {search:.1} s");
    for (what, text) in [
        ("one issue of all", "error.type:ValueError -> one"),
        (
            "an issue a release",
            "error.type:ValueError -> {{ default }}, {{ release }}",
        ),
        (
            "an issue a tag's value: all come apart",
            "error.type:ValueError -> {{ default }}, {{ tags.tag_9 }}",
        ),
    ] {
        let apply = Decision::ApplyGrouping {
            project_id: PROJECT,
            text: text.to_owned(),
            algorithm: grouping::Algorithm::NEWEST.number(),
            from: 1,
        };
        tell(&log, &projector, what, apply)?;
        let state = fold_control(&log.reader())?;
        let applied = state
            .undoable(PROJECT)
            .context("nothing was applied")?
            .number;
        let undo = Decision::UndoGrouping {
            project_id: PROJECT,
            applied,
        };
        tell(&log, &projector, "  taken back", undo)?;
    }
    projector.stop()?;
    if is_replayed {
        let report = replay(&config, &log.reader(), ReplayWish::ALL)?;
        println!("{report}");
    }
    Ok(())
}

fn create() -> Decision {
    Decision::CreateProject {
        id: PROJECT,
        name: "shop".to_owned(),
        platform: String::new(),
        public_key: PublicKey([1; 16]),
        key_label: String::new(),
        algorithm: grouping::Algorithm::NEWEST.number(),
    }
}

fn decide(log: &LogWriter, decision: Decision) -> Result<Position> {
    let command = Command {
        actor: Actor::Admin,
        at_ns: 0,
        decision,
    };
    Ok(log.append_command_blocking(command)?.position)
}

fn tell(log: &LogWriter, projector: &Projector, what: &str, decision: Decision) -> Result<()> {
    let position = decide(log, decision)?;
    let (issues, search) = wait(projector, position);
    println!("{what}: issues {issues:.2} s, search {search:.2} s");
    Ok(())
}

/// Seconds until the issues and search have a record.
fn wait(projector: &Projector, position: Position) -> (f64, f64) {
    let began = Instant::now();
    let mut found = [None; 2];
    while found.contains(&None) {
        for (seconds, one) in found.iter_mut().zip(projector.status()) {
            if one.position >= position && seconds.is_none() {
                *seconds = Some(began.elapsed().as_secs_f64());
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    (found[0].unwrap_or_default(), found[1].unwrap_or_default())
}
