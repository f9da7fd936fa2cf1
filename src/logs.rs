//! `errata log stat|verify|dump`: looking at the logs, also while a server runs.

use std::{
    fmt::Write as _,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use event_log::{LogReader, dump};
use event_model::Position;
use log_core::SegmentVerdict;

use crate::cli::{Log, LogChoice, LogCommand, LogDump};

/// Runs one of the commands.
pub(crate) fn run(command: &LogCommand, data_dir: &Path) -> Result<()> {
    match command {
        LogCommand::Stat(LogChoice { log }) => print(&stat(data_dir, *log)?),
        LogCommand::Verify(LogChoice { log }) => verify(data_dir, *log),
        LogCommand::Dump(args) => dump_lines(data_dir, args),
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

fn print(text: &str) -> Result<()> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("write to standard output")
}

fn stat(data_dir: &Path, log: Log) -> Result<String> {
    let mut text = String::new();
    for (name, dir) in folders(data_dir, log) {
        let stat = log_core::stat(&dir).with_context(|| format!("read the {name} log"))?;
        let writer = stat
            .writer_pid
            .map_or("none".to_owned(), |pid| format!("process {pid}"));
        let used: u64 = stat.segments.iter().map(|segment| segment.used_bytes).sum();
        let disk: u64 = stat.segments.iter().map(|segment| segment.disk_bytes).sum();
        writeln!(text, "{name}  ({})", dir.display())?;
        writeln!(
            text,
            "  records        {}  (sequence {} to {})",
            stat.records,
            stat.first,
            stat.durable_end.saturating_sub(1)
        )?;
        writeln!(text, "  bytes          {used} used, {disk} on disk")?;
        writeln!(
            text,
            "  writer         {writer}, epoch {}, format {}",
            stat.epoch, stat.format_version
        )?;
        if stat.damaged {
            writeln!(
                text,
                "  DAMAGED        run `errata log verify --log {name}`"
            )?;
        }
        writeln!(text, "  segment         first      end   used bytes  state")?;
        for segment in &stat.segments {
            let state = if segment.complete {
                "complete"
            } else {
                "running"
            };
            writeln!(
                text,
                "  {:>7} {:>13} {:>8} {:>12}  {state}",
                segment.number, segment.base, segment.end, segment.used_bytes
            )?;
        }
        for cursor in &stat.cursors {
            writeln!(text, "  cursor {cursor:?}")?;
        }
        text.push('\n');
    }
    Ok(text)
}

fn verify(data_dir: &Path, log: Log) -> Result<()> {
    let mut text = String::new();
    let mut sound = true;
    for (name, dir) in folders(data_dir, log) {
        let found = log_core::verify(&dir).with_context(|| format!("read the {name} log"))?;
        sound &= found.is_sound();
        for segment in &found.segments {
            let verdict = match segment.verdict {
                SegmentVerdict::Sound => "sound",
                SegmentVerdict::TornTail => {
                    "ends in bytes that were never acknowledged; the next start cuts them off"
                }
                SegmentVerdict::Damaged => "DAMAGED",
            };
            writeln!(
                text,
                "{name} segment {}: {} records, {} payload bytes: {verdict}",
                segment.number, segment.records, segment.payload_bytes
            )?;
            for damage in &segment.damage {
                writeln!(
                    text,
                    "  {}: bytes {} to {}, records {} to {}: {}",
                    segment.path.display(),
                    damage.bytes.start,
                    damage.bytes.end,
                    damage.sequences.start,
                    damage.sequences.end,
                    damage.fault
                )?;
            }
        }
        let end = found.durable_end;
        writeln!(
            text,
            "{name}: sequence numbers {} up to {end} (exclusive) are durable",
            found.first
        )?;
    }
    print(&text)?;
    if !sound {
        bail!("the log is damaged: see the ranges above");
    }
    Ok(())
}

fn dump_lines(data_dir: &Path, args: &LogDump) -> Result<()> {
    let reader = LogReader::open_read_only(&data_dir.join("log")).context("open the logs")?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let after = args.from.saturating_sub(1);
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut write = |values: &mut dyn Iterator<Item = serde_json::Value>| -> Result<()> {
        for value in values {
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
