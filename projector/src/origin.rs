//! Where a rebuild of the issues begins: an empty database while the log is whole, the
//! newest sound checkpoint once its oldest events were dropped.
//!
//! Invariant: what is answered has seen every record below the log's first one, but
//! where the caller accepts the loss. A damaged checkpoint is set aside, so that
//! nothing relies on it any more; one of another schema stays for the release that
//! reads it.

use std::path::{Path, PathBuf};

use event_log::{Entry, LogReader, number_at};
use event_model::{Decision, Position};
use read_model::{
    Checkpoints, ReadModelError,
    issues::{IssueWriter, writer::Durability},
};

use crate::{ProjectorError, consumers::records::Records};

/// What to do when no checkpoint reaches as far as the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfLost {
    /// Fail.
    Refuse,
    /// Begin with nothing, where the log begins.
    Accept,
}

/// A database at `path` from which the log's records lead to the live one, as it is at `end`.
pub(crate) fn issues(
    path: &Path,
    durability: Durability,
    reader: &LogReader,
    checkpoint_dir: &Path,
    (if_lost, end): (IfLost, Position),
) -> Result<IssueWriter, ProjectorError> {
    let first = reader.first();
    if first.sequence() <= 1 {
        return Ok(IssueWriter::create(path, durability)?);
    }
    let checkpoints = Checkpoints::of(checkpoint_dir);
    let log_id = reader.log_id();
    let needs = Needs::of(reader)?;
    let mut lacking = None;
    let mut tried = Vec::new();
    for position in checkpoints.positions()? {
        let refused = if position.sequence() + 1 < first.sequence() {
            "the log no longer reaches back to it".to_owned()
        } else if position > end {
            "it is ahead of the log, or of where the rebuild ends".to_owned()
        } else {
            match restore(&checkpoints, position, log_id, path, durability) {
                Ok(writer) if needs.are_met(writer.command()) => {
                    tracing::info!(%position, "the issues begin with a checkpoint");
                    return Ok(writer);
                }
                Ok(writer) => {
                    drop(writer);
                    remove(path)?;
                    lacking = lacking.or(Some(position));
                    "events that were grouped anew behind it are gone".to_owned()
                }
                Err(error) => refuse(&checkpoints, position, error)?,
            }
        };
        tried.push(format!("{position}: {refused}"));
    }
    if let Some(position) = lacking {
        tracing::warn!(%position, "the issues begin with a checkpoint; of what was grouped anew behind it, only what the log still has moves");
        return Ok(restore(&checkpoints, position, log_id, path, durability)?);
    }
    if if_lost == IfLost::Accept {
        tracing::warn!(%first, "the issues of dropped events are lost");
        remove(path)?;
        let before = Position(first.0 - 1);
        let command = commands_before(reader)?;
        return Ok(IssueWriter::create_at(path, durability, before, command)?);
    }
    Err(ProjectorError::NoCheckpoint {
        first,
        dir: checkpoint_dir.to_owned(),
        tried: if tried.is_empty() {
            "there is none".to_owned()
        } else {
            tried.join("; ")
        },
    })
}

/// What commands that group events anew read again, and the log has no more.
struct Needs {
    /// The number of the last of them.
    unmet: u64,
}

impl Needs {
    fn of(reader: &LogReader) -> Result<Self, ProjectorError> {
        let first = reader.first();
        let before = number_at(reader, Position(first.0 - 1))?;
        let mut unmet = 0;
        for record in reader.commands_after(0) {
            let (number, command) = record?;
            let is_unmet = match command.decision {
                Decision::ApplyGrouping { from, .. } => Position(from) < first,
                Decision::UndoGrouping { applied, .. } => applied <= before,
                _ => false,
            };
            if is_unmet {
                unmet = number;
            }
        }
        Ok(Self { unmet })
    }

    fn are_met(&self, command: u64) -> bool {
        command >= self.unmet
    }
}

/// The number of the last command whose marker was dropped: the one before the first
/// that is retained; all, if none is.
fn commands_before(reader: &LogReader) -> Result<u64, ProjectorError> {
    for record in Records::after(reader, Position(0), "issues") {
        if let (_, Some(Entry::Command { number, .. })) = record? {
            return Ok(number - 1);
        }
    }
    Ok(reader.commands_end())
}

fn restore(
    checkpoints: &Checkpoints,
    position: Position,
    log_id: [u8; 16],
    path: &Path,
    durability: Durability,
) -> Result<IssueWriter, ReadModelError> {
    checkpoints.restore(position, log_id, path)?;
    IssueWriter::open_for(path, durability)
}

/// Why this checkpoint is passed over; an error of the system is not its fault.
fn refuse(
    checkpoints: &Checkpoints,
    position: Position,
    error: ReadModelError,
) -> Result<String, ProjectorError> {
    if !error.is_mended_by_rebuild() {
        return Err(error.into());
    }
    let what = error.to_string();
    tracing::error!(%position, error = what, "a checkpoint is of no use");
    if matches!(error, ReadModelError::Damaged { .. }) {
        checkpoints.set_aside(position)?;
    }
    Ok(what)
}

fn remove(path: &Path) -> Result<(), ReadModelError> {
    let journals = ["-wal", "-shm"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    });
    for path in journals.iter().map(PathBuf::as_path).chain([path]) {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ReadModelError::io("remove", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
