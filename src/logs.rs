//! `errata log stat|verify|repair|dump`: looking at the logs, also while a server runs, and repairing them while
//! none does.
//!
//! Exit codes: 0 all is well (or was repaired), 1 something is wrong, 2 the command could not run.

mod report;

use std::{
    fmt::Write as _,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use event_log::{LogReader, dump};
use event_model::Position;
use ground::Clock;
use log_core::RepairMode;
use serde_json::Value;

use crate::{
    cli::{Log, LogChoice, LogCommand, LogDump, LogRepair},
    config::Config,
};

/// The command could not look, or not do what it was told.
pub(crate) const CANNOT_RUN: u8 = 2;

/// Runs one of the commands.
pub(crate) fn run(command: &LogCommand, config: &Config) -> Result<ExitCode> {
    let data_dir = &config.data_dir;
    match command {
        LogCommand::Stat(choice) => stat(config, choice),
        LogCommand::Verify(choice) => verify(data_dir, choice),
        LogCommand::Repair(args) => repair(data_dir, args),
        LogCommand::Dump(args) => dump_lines(data_dir, args).map(|()| ExitCode::SUCCESS),
    }
}

fn folders(data_dir: &Path, log: Log) -> Vec<(&'static str, PathBuf)> {
    let folder = |name: &'static str| (name, data_dir.join("log").join(name));
    match log {
        Log::Events => vec![folder("events")],
        Log::Control => vec![folder("control")],
        Log::All => vec![folder("events"), folder("control")],
    }
}

/// Prints what was found of each log: as text, or as one document with a key a log.
fn print(json: bool, found: Vec<(&'static str, String, Value)>) -> Result<()> {
    let text = if json {
        let logs = found
            .into_iter()
            .map(|(name, _, value)| (name.to_owned(), value));
        format!("{:#}\n", Value::Object(logs.collect()))
    } else {
        found.into_iter().map(|(_, text, _)| text).collect()
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("write to standard output")
}

fn code(sound: bool) -> ExitCode {
    if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn stat(config: &Config, choice: &LogChoice) -> Result<ExitCode> {
    let mut found = Vec::new();
    for (name, dir) in folders(&config.data_dir, choice.log) {
        let stat = log_core::stat(&dir).with_context(|| format!("read the {name} log"))?;
        let mut text = report::stat_text(name, &stat);
        if name == "events" {
            describe_retention(&mut text, &stat, config)?;
        }
        found.push((name, text, report::stat_json(&stat)));
    }
    print(choice.json, found)?;
    Ok(ExitCode::SUCCESS)
}

/// What retention would do now.
fn describe_retention(text: &mut String, stat: &log_core::Stat, config: &Config) -> Result<()> {
    let retention = config.log.retention.retention()?;
    let plan = event_log::retention::plan(stat, &retention, Clock::MACHINE.now_ns());
    if plan.is_empty() {
        writeln!(text, "  retention      would drop nothing now")?;
    } else {
        writeln!(
            text,
            "  retention      would drop {} segments ({} bytes), all below sequence {}",
            plan.segments, plan.bytes, plan.below
        )?;
    }
    for claim in &plan.held_by {
        let (cursor, position, wanted) = (&claim.cursor, claim.position, plan.wanted);
        writeln!(
            text,
            "  held back by   {cursor}, which is at {position} and not at {wanted}"
        )?;
    }
    for claim in &plan.overruled {
        let (cursor, position) = (&claim.cursor, claim.position);
        writeln!(text, "  OVERRULED      {cursor}, which is at {position}")?;
    }
    Ok(())
}

fn verify(data_dir: &Path, choice: &LogChoice) -> Result<ExitCode> {
    let (mut found, mut sound) = (Vec::new(), true);
    for (name, dir) in folders(data_dir, choice.log) {
        match log_core::verify(&dir) {
            Ok(verified) => {
                sound &= verified.is_sound();
                found.push((
                    name,
                    report::verify_text(name, &verified),
                    report::verify_json(&verified),
                ));
            }
            // Not looking at the other log for that would hide half of what is wrong.
            Err(error) if report::is_damage(&error) => {
                sound = false;
                found.push((
                    name,
                    report::error_text(name, &error),
                    report::error_json(&error),
                ));
            }
            Err(error) => return Err(error).with_context(|| format!("read the {name} log")),
        }
    }
    print(choice.json, found)?;
    Ok(code(sound))
}

fn repair(data_dir: &Path, args: &LogRepair) -> Result<ExitCode> {
    let mode = if args.accept_loss {
        RepairMode::AcceptLoss
    } else {
        RepairMode::DryRun
    };
    let (mut found, mut sound) = (Vec::new(), true);
    for (name, dir) in folders(data_dir, args.choice.log) {
        let done =
            log_core::repair(&dir, mode).with_context(|| format!("repair the {name} log"))?;
        sound &= done.is_sound() || args.accept_loss;
        found.push((
            name,
            report::repair_text(name, &done),
            report::repair_json(&done),
        ));
    }
    print(args.choice.json, found)?;
    Ok(code(sound))
}

/// Which records are shown.
struct Filter<'a> {
    args: &'a LogDump,
    since_ns: Option<i64>,
    until_ns: Option<i64>,
}

impl<'a> Filter<'a> {
    fn new(args: &'a LogDump) -> Result<Self> {
        let time = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => dump::time_ns(text)
                .map(Some)
                .with_context(|| format!("{text:?} is no time like 2026-11-22T10:00:00Z")),
        };
        Ok(Self {
            since_ns: time(&args.since)?,
            until_ns: time(&args.until)?,
            args,
        })
    }

    /// Whether a record lies behind all that are wanted.
    fn is_behind(&self, value: &Value) -> bool {
        let place = value["position"].as_u64().or(value["number"].as_u64());
        place.is_some_and(|place| self.args.to.is_some_and(|to| place > to))
    }

    fn takes(&self, value: &Value) -> bool {
        let text = |key: &str| value[key].as_str().unwrap_or_default();
        let kinds = &self.args.kind;
        let kind = kinds.is_empty()
            || kinds
                .iter()
                .any(|kind| kind.matches(text("log"), text("kind")));
        let Some(time) = dump::time_ns(text("time")) else {
            return kind;
        };
        kind && self.since_ns.is_none_or(|since| time >= since)
            && self.until_ns.is_none_or(|until| time < until)
    }
}

fn dump_lines(data_dir: &Path, args: &LogDump) -> Result<()> {
    let filter = Filter::new(args)?;
    let reader = LogReader::open_read_only(&data_dir.join("log")).context("open the logs")?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let after = args.from.saturating_sub(1);
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut write = |values: &mut dyn Iterator<Item = Value>| -> Result<()> {
        let wanted = values
            .take_while(|value| !filter.is_behind(value))
            .filter(|value| filter.takes(value));
        for value in wanted {
            if left == 0 {
                break;
            }
            left -= 1;
            writeln!(out, "{value}").context("write to standard output")?;
        }
        Ok(())
    };
    if args.log != Log::Events {
        write(&mut dump::control(&reader, after))?;
    }
    if args.log != Log::Control {
        write(&mut dump::events(&reader, Position(after)))?;
    }
    out.flush().context("write to standard output")
}
