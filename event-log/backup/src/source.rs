//! What of a data directory belongs into a backup, as of one moment.
//!
//! In it: the segments of both logs up to a position, checkpoints (what rebuilds start from once the log was cut),
//! Parquet files (of what the log no longer has), blobs, and `secret.key`. All else is built again, or belongs to a
//! process.
//!
//! Invariant: what is found belongs together whatever a server does meanwhile. The order of looks makes it so:
//! checkpoints are opened before the log is listed and once more behind it, for what is dropped between has one of
//! its own; segments are opened when they are listed, so that retention and sealing only take names away; Parquet files
//! and blobs are looked at last, for they are durable before the log drops or names what they hold. If the looks do
//! not fit, they are taken again.
//!
//! Fails with [`BackupError`].

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use event_log::{
    LogReader, OpenError, ReadError,
    copy::{SegmentCopy, is_gone},
    error::WhichLog,
};
use event_model::Position;
use read_model::{Checkpoints, cold::ColdFile};

use crate::{
    error::BackupError,
    key::hex,
    manifest::{FileEntry, Log, Part},
};

/// Looks that are taken before giving up: each fails only if something was sealed or dropped within milliseconds.
const LOOKS_MAX: u32 = 10;
pub(crate) const SECRET: &str = "secret.key";
pub(crate) const CHECKPOINTS: &str = "log/checkpoints";
pub(crate) const COLD: &str = "cold";
pub(crate) const REGROUPED: &str = "cold/regrouped";
pub(crate) const BLOBS: &str = "blobs";

/// A file that belongs into a backup.
#[derive(Debug)]
pub(crate) struct Found {
    /// Below the data directory, with slashes.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) modified_ns: i64,
    pub(crate) part: Part,
    pub(crate) from: From,
}

/// Where its bytes are.
#[derive(Debug)]
pub(crate) enum From {
    /// A segment, open unless the backup before has it.
    Segment(SegmentCopy),
    /// Open already.
    Open(File),
    /// Opened when it is copied; it may be gone by then, and is left out.
    Path(PathBuf),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) log_id: [u8; 16],
    /// First and last position of the events log.
    pub(crate) first: Position,
    pub(crate) position: Position,
    pub(crate) written_ns: i64,
    /// Number of the last command in force there.
    pub(crate) commands: u64,
    /// The earliest position it can be restored to; none: no checkpoint reaches back to the log's first record.
    pub(crate) earliest: Option<Position>,
    pub(crate) found: Vec<Found>,
    /// What whoever asked for a backup should know.
    pub(crate) notes: Vec<String>,
}

impl Source {
    /// Looks; `has` says whether a segment's bytes are not wanted.
    pub(crate) fn look(data_dir: &Path, has: &dyn Fn(&Part) -> bool) -> Result<Self, BackupError> {
        let mut fallback = None;
        for _ in 0..LOOKS_MAX {
            match Self::look_once(data_dir, has) {
                Ok(found) if found.earliest.is_some() => return Ok(found),
                // A newer checkpoint may have taken its place; or there is none.
                Ok(found) => fallback = Some(found),
                Err(BackupError::Logs(OpenError::Log { source, .. }))
                    if SegmentCopy::is_gone(&source) && data_dir.join("log/events").is_dir() => {}
                Err(BackupError::Records(error)) if is_gone(&error) => {}
                Err(error) => return Err(error),
            }
        }
        fallback.ok_or(BackupError::Restless { tries: LOOKS_MAX })
    }

    fn look_once(data_dir: &Path, has: &dyn Fn(&Part) -> bool) -> Result<Self, BackupError> {
        let mut checkpoints = checkpoints(data_dir)?;
        let reader = LogReader::open_read_only(&data_dir.join("log"))?;
        let events = segments(&reader, WhichLog::Events, has)?;
        let control = segments(&reader, WhichLog::Control, has)?;
        checkpoints.extend(newer_checkpoints(data_dir, &checkpoints)?);
        let (first, position) = (reader.first(), reader.end());
        let mut notes = Vec::new();
        let commands = match reader.last_command() {
            Ok(number) => number,
            // What is left of a damaged log is worth a copy, too.
            Err(error @ ReadError::Log { .. }) if !is_gone(&error) => {
                let why = ground::with_causes(&error);
                notes.push(format!("DAMAGED: {why}; run `errata log verify`"));
                reader.commands_end()
            }
            Err(error) => return Err(error.into()),
        };
        // What is in the segment that is written to is not exported yet, at this position.
        let tail = events.last().and_then(base_of).unwrap_or(1);
        let checkpoints: Vec<_> = checkpoints
            .into_iter()
            .filter(|(at, _)| *at <= position)
            .collect();
        let reached = checkpoints
            .iter()
            .map(|(at, _)| *at)
            .filter(|at| at.sequence() + 1 >= first.sequence())
            .min();
        let earliest = if first.sequence() <= 1 {
            Some(Position(0))
        } else {
            reached
        };
        let mut found = Vec::new();
        found.extend(control);
        found.extend(events);
        found.extend(checkpoints.into_iter().map(|(_, file)| file));
        found.extend(cold(data_dir, tail)?);
        found.extend(blobs(data_dir)?);
        found.extend(secret(data_dir)?);
        Ok(Self {
            log_id: reader.log_id(),
            first,
            position,
            written_ns: reader.last_written_ns()?,
            commands,
            earliest,
            found,
            notes,
        })
    }
}

fn base_of(found: &Found) -> Option<u64> {
    match found.part {
        Part::Segment { base, .. } => Some(base),
        _ => None,
    }
}

/// What identifies a segment.
fn part_of(log: WhichLog, copy: &SegmentCopy) -> Part {
    Part::Segment {
        log: match log {
            WhichLog::Events => Log::Events,
            WhichLog::Control => Log::Control,
        },
        number: copy.number,
        base: copy.base,
        end: copy.end,
        created_ns: copy.created_ns,
        redaction: copy.redaction,
        seal: copy.seal.map(|seal| hex(&seal)),
    }
}

fn segments(
    reader: &LogReader,
    log: WhichLog,
    has: &dyn Fn(&Part) -> bool,
) -> Result<Vec<Found>, BackupError> {
    let copies = reader.copies(log, |copy| !has(&part_of(log, copy)))?;
    let found = copies.into_iter().map(|copy| Found {
        path: format!("log/{log}/{}", copy.name),
        bytes: copy.bytes,
        modified_ns: copy.created_ns,
        part: part_of(log, &copy),
        from: From::Segment(copy),
    });
    Ok(found.collect())
}

fn checkpoints(data_dir: &Path) -> Result<Vec<(Position, Found)>, BackupError> {
    let dir = data_dir.join(CHECKPOINTS);
    let all = Checkpoints::of(&dir);
    let positions = all
        .positions()
        .map_err(|error| io::Error::other(ground::with_causes(&error)))
        .map_err(BackupError::file("list", &dir))?;
    let mut found = Vec::new();
    for position in positions {
        let path = all.path(position);
        let file = match File::open(&path) {
            // A newer one took its place.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            file => file.map_err(BackupError::file("open", &path))?,
        };
        let facts = file
            .metadata()
            .map_err(BackupError::file("look at", &path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let file = Found {
            path: format!("{CHECKPOINTS}/{name}"),
            bytes: facts.len(),
            modified_ns: modified_ns(&facts),
            part: Part::Checkpoint {
                position: position.0,
            },
            from: From::Open(file),
        };
        found.push((position, file));
    }
    Ok(found)
}

/// Those that were made since these were opened.
fn newer_checkpoints(
    data_dir: &Path,
    known: &[(Position, Found)],
) -> Result<Vec<(Position, Found)>, BackupError> {
    let mut all = checkpoints(data_dir)?;
    all.retain(|(position, _)| known.iter().all(|(at, _)| at != position));
    Ok(all)
}

/// Whole Parquet files of segments that end before `tail`, and how far they know of commands.
fn cold(data_dir: &Path, tail: u64) -> Result<Vec<Found>, BackupError> {
    let root = data_dir.join(COLD);
    let mut found = Vec::new();
    for day in list(&root.join("events"))? {
        for path in list(&day)? {
            let Some(file) = ColdFile::parse(&path).filter(|file| file.last.sequence() < tail)
            else {
                continue;
            };
            let part = Part::Cold {
                first: file.first.0,
                last: file.last.0,
            };
            found.extend(look_at(data_dir, path, part)?);
        }
    }
    found.extend(look_at(
        data_dir,
        data_dir.join(REGROUPED),
        Part::Regrouped,
    )?);
    Ok(found)
}

fn blobs(data_dir: &Path) -> Result<Vec<Found>, BackupError> {
    let mut found = Vec::new();
    for path in list(&data_dir.join(BLOBS))? {
        if path.is_dir() {
            for blob in list(&path)? {
                let name = blob.file_name().unwrap_or_default().to_string_lossy();
                // Others are not whole yet.
                if name.len() == 64 && name.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    found.extend(look_at(data_dir, blob, Part::Blob)?);
                }
            }
        }
    }
    found.extend(look_at(
        data_dir,
        data_dir.join(BLOBS).join("marks"),
        Part::Other,
    )?);
    Ok(found)
}

fn secret(data_dir: &Path) -> Result<Option<Found>, BackupError> {
    look_at(data_dir, data_dir.join(SECRET), Part::Other)
}

/// A file by its path; none if it is not there.
fn look_at(data_dir: &Path, path: PathBuf, part: Part) -> Result<Option<Found>, BackupError> {
    let facts = match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        facts => facts.map_err(BackupError::file("look at", &path))?,
    };
    let below = path.strip_prefix(data_dir).unwrap_or(&path);
    Ok(Some(Found {
        path: below.to_string_lossy().into_owned(),
        bytes: facts.len(),
        modified_ns: modified_ns(&facts),
        part,
        from: From::Path(path),
    }))
}

/// The entries of a folder, by name; none if it is not there.
fn list(dir: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(BackupError::file("list", dir))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths
        .collect::<io::Result<Vec<_>>>()
        .map_err(BackupError::file("list", dir))?;
    paths.sort();
    Ok(paths)
}

pub(crate) fn modified_ns(facts: &fs::Metadata) -> i64 {
    let time = facts.modified().ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as i64)
}

/// Whether a segment's file has its sealed form.
pub(crate) fn sealed_name(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "zst")
}

/// Reads the bytes of a segment that count.
pub(crate) struct SegmentBytes<'a> {
    pub(crate) copy: &'a SegmentCopy,
    pub(crate) at: u64,
}

impl Read for SegmentBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.copy.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Whether a file has the bytes that the backup before stored as `known`.
///
/// What may change is never known again. The others are by what they are called and how long they are, which for
/// segments is the hash that vouches for them, and for blobs their name; the rest also by their time.
pub(crate) fn is_known(known: &FileEntry, found: &Found) -> bool {
    match (&known.part, &found.part) {
        (Part::Segment { .. }, Part::Segment { .. }) => same_segment(&known.part, &found.part),
        (Part::Blob, Part::Blob) => known.path == found.path && known.bytes == found.bytes,
        (Part::Checkpoint { .. }, Part::Checkpoint { .. })
        | (Part::Cold { .. }, Part::Cold { .. }) => {
            known.path == found.path
                && known.bytes == found.bytes
                && known.modified_ns == found.modified_ns
        }
        _ => false,
    }
}

/// Whether two complete segments hold the same records, in whichever form.
pub(crate) fn same_segment(one: &Part, other: &Part) -> bool {
    match (one, other) {
        (
            Part::Segment {
                log,
                seal: Some(seal),
                redaction,
                ..
            },
            Part::Segment {
                log: other_log,
                seal: Some(other_seal),
                redaction: other_redaction,
                ..
            },
        ) => (log, seal, redaction) == (other_log, other_seal, other_redaction),
        _ => false,
    }
}
