//! Restoring a backup into an empty data directory, whole or as of an earlier position or time.
//!
//! Owns the order: everything is fetched into the folder `restoring` of the data directory and checked there (hashes
//! of objects and files, then every byte of the logs), the logs are cut where it was asked for, all is synced, and only
//! then renamed to its place, the logs last. While `restoring` is there the directory is none that a server starts
//! with ([`refuse_half_restored`]); restoring again begins anew.
//!
//! **At a position** means: events, decisions and Parquet files up to it, and nothing that came later. Blobs are those
//! of the backup.
//!
//! Fails with [`BackupError`], and leaves `restoring` for whoever wants to look; nothing else.

use std::{
    fs::{self, File, FileTimes, TryLockError},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use event_log::{
    LogReader,
    copy::{Placed, adopt, cut, verify},
};
use event_model::Position;
use jiff::Timestamp;
use object_place::Place;

use crate::{
    error::BackupError,
    key::Key,
    manifest::{FileEntry, Header, Log, Manifest, Part},
    object::fetch,
    source::{BLOBS, COLD, REGROUPED, SECRET, sealed_name},
    target::{Target, sync_file_system},
    verify::{list, read},
};

/// The folder of a restore that has not ended.
const RESTORING: &str = "restoring";
const LOCK: &str = "lock";
const LOG: &str = "log";
/// Free space beside what is restored: the next segments are preallocated, the read model is built.
const SPARE_BYTES: u64 = 256 * 1024 * 1024;
/// What is written at once.
const STEP_BYTES: usize = 256 * 1024;

/// The moment that is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// All that the backup has.
    End,
    /// Up to this position, which is in.
    Position(u64),
    /// What was written before this time, Unix nanoseconds by the server's clock.
    Before(i64),
}

/// What to restore.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// From where.
    pub place: &'a Place,
    /// Which backup; none: the newest, or for an earlier moment the oldest that has it.
    pub id: Option<&'a str>,
    /// Which moment.
    pub point: Point,
    /// Of an encrypted one.
    pub key: Option<&'a Key>,
    /// Into where: empty, or not there.
    pub data_dir: &'a Path,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// From which backup.
    pub header: Header,
    /// The last position.
    pub position: u64,
    /// Number of the last command.
    pub commands: u64,
    /// Files put in place.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What whoever asked for it should know.
    pub notes: Vec<String>,
}

/// Refuses a data directory in which a restore did not end. The logs are put in place last: if they are, it has, and
/// only its folder is still to be removed.
pub fn refuse_half_restored(data_dir: &Path) -> Result<(), BackupError> {
    let stage = data_dir.join(RESTORING);
    let is_in_place = data_dir.join(LOG).exists() && !stage.join(LOG).exists();
    if stage.exists() && !is_in_place {
        return Err(BackupError::HalfRestored {
            path: data_dir.to_owned(),
        });
    }
    Ok(())
}

/// Restores.
pub fn restore(wanted: &Wanted<'_>) -> Result<Restored, BackupError> {
    let target = Target::open(wanted.place)?;
    let manifest = choose(&target, wanted)?;
    let stage = Stage::begin(wanted.data_dir)?;
    let mut work = Work {
        target: &target,
        key: wanted.key.filter(|_| manifest.header.key.is_some()),
        stage: &stage.path,
        manifest: &manifest,
        files: 0,
        bytes: 0,
    };
    work.refuse_lack_of_room()?;
    let (position, commands, tail) = work.logs(wanted.point)?;
    let notes = work.others(position, commands, tail)?;
    sync_file_system(&stage.path)?;
    let (files, bytes) = (work.files, work.bytes);
    stage.put_in_place()?;
    Ok(Restored {
        header: manifest.header,
        position,
        commands,
        files,
        bytes,
        notes,
    })
}

/// The backup that is restored from.
fn choose(target: &Target, wanted: &Wanted<'_>) -> Result<Manifest, BackupError> {
    let id = match wanted.id {
        Some(id) => id.to_owned(),
        None => fitting(target, wanted.point)?,
    };
    let manifest = read(target, &id, wanted.key)?;
    let header = &manifest.header;
    if has(header, wanted.point) {
        return Ok(manifest);
    }
    let begun = time(header.begun_ns);
    Err(BackupError::OutOfReach {
        id,
        wanted: match wanted.point {
            Point::End => "its end".to_owned(),
            Point::Position(position) => format!("position {position}"),
            Point::Before(at) => time(at),
        },
        has: format!(
            "positions {} to {}, and was begun at {begun}",
            earliest(header),
            header.position
        ),
    })
}

/// The newest backup, or of an earlier moment the oldest that has it: the older it is, the longer its log reaches back.
fn fitting(target: &Target, point: Point) -> Result<String, BackupError> {
    let listed = list(target)?;
    let newest = listed.whole.last().ok_or_else(|| BackupError::None {
        place: target.address().to_owned(),
        interrupted: listed.interrupted.len(),
    })?;
    let mut same_log = listed
        .whole
        .iter()
        .filter(|header| header.log_id == newest.log_id);
    let chosen = match point {
        Point::End => newest,
        _ => same_log.find(|header| has(header, point)).unwrap_or(newest),
    };
    Ok(chosen.id.clone())
}

fn has(header: &Header, point: Point) -> bool {
    match point {
        Point::End => true,
        Point::Position(position) => (earliest(header)..=header.position).contains(&position),
        Point::Before(time_ns) => time_ns <= header.begun_ns,
    }
}

/// Without a checkpoint that reaches back so far, what the log has can be restored all the same.
fn earliest(header: &Header) -> u64 {
    header.earliest.unwrap_or(header.first)
}

fn time(ns: i64) -> String {
    Timestamp::from_nanosecond(i128::from(ns))
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// The folder that is filled before anything is in place.
struct Stage {
    data_dir: PathBuf,
    path: PathBuf,
    _lock: File,
}

impl Stage {
    fn begin(data_dir: &Path) -> Result<Self, BackupError> {
        fs::create_dir_all(data_dir).map_err(BackupError::file("create", data_dir))?;
        let path = data_dir.join(RESTORING);
        let is_again = path.is_dir();
        let mut entries = fs::read_dir(data_dir).map_err(BackupError::file("list", data_dir))?;
        // An earlier one was interrupted: what is there beside it, it had put there, but never logs.
        let is_free = (is_again && !data_dir.join(LOG).exists()) || entries.next().is_none();
        if !is_free {
            return Err(BackupError::NotEmpty {
                path: data_dir.to_owned(),
            });
        }
        fs::create_dir_all(&path).map_err(BackupError::file("create", &path))?;
        let lock = File::create(path.join(LOCK)).map_err(BackupError::file("create", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(BackupError::Restoring {
                    path: data_dir.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(BackupError::file("lock", path)(error)),
        }
        if is_again {
            for name in [LOG, COLD, BLOBS] {
                remove(&path.join(name))?;
            }
            for name in [COLD, BLOBS, SECRET] {
                remove(&data_dir.join(name))?;
            }
        }
        Ok(Self {
            data_dir: data_dir.to_owned(),
            path,
            _lock: lock,
        })
    }

    /// Gives everything its name; the logs last, for with them it is a data directory.
    fn put_in_place(self) -> Result<(), BackupError> {
        for name in [SECRET, BLOBS, COLD, LOG] {
            if name == LOG {
                // A power cut must not leave this name and not the others.
                sync_file_system(&self.data_dir)?;
            }
            let (from, to) = (self.path.join(name), self.data_dir.join(name));
            match fs::rename(&from, &to) {
                Err(error) if error.kind() == ErrorKind::NotFound && name != LOG => {}
                renamed => renamed.map_err(BackupError::file("put in place", &to))?,
            }
        }
        sync_file_system(&self.data_dir)?;
        remove(&self.path)?;
        sync_file_system(&self.data_dir)
    }
}

fn remove(path: &Path) -> Result<(), BackupError> {
    let removed = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    removed.map_err(BackupError::file("remove", path))
}

struct Work<'a> {
    target: &'a Target,
    key: Option<&'a Key>,
    stage: &'a Path,
    manifest: &'a Manifest,
    files: u64,
    bytes: u64,
}

impl Work<'_> {
    fn refuse_lack_of_room(&self) -> Result<(), BackupError> {
        let facts = rustix::fs::statvfs(self.stage)
            .map_err(io::Error::from)
            .map_err(BackupError::file("look at", self.stage))?;
        let free = facts.f_bavail.saturating_mul(facts.f_frsize);
        let wanted = self.manifest.header.bytes + SPARE_BYTES;
        if free < wanted {
            return Err(BackupError::Room {
                path: self.stage.to_owned(),
                free,
                wanted,
            });
        }
        Ok(())
    }

    /// Fetches both logs as far as they are wanted, cuts and checks them. Answers the last position, the last command
    /// and the first record of the segment that is open.
    fn logs(&mut self, point: Point) -> Result<(u64, u64, u64), BackupError> {
        let dir = self.stage.join(LOG);
        let header = &self.manifest.header;
        let mut placed = [Vec::new(), Vec::new()];
        for entry in &self.manifest.contents.files {
            let Part::Segment {
                log,
                number,
                base,
                created_ns,
                redaction,
                ..
            } = entry.part
            else {
                continue;
            };
            let is_wanted = log == Log::Control
                || base <= header.first
                || match point {
                    Point::End => true,
                    Point::Position(position) => base <= position,
                    Point::Before(time_ns) => created_ns < time_ns,
                };
            if is_wanted {
                self.put(entry)?;
                placed[usize::from(log == Log::Control)].push(Placed {
                    number,
                    base,
                    sealed: sealed_name(&entry.path),
                    redaction,
                });
            }
        }
        let [events, control] = placed;
        adopt(&dir, &events, &control)?;
        let (end, before) = {
            let reader = LogReader::open_read_only(&dir)?;
            let before = match point {
                Point::Before(time_ns) => reader.before_time(time_ns)?,
                _ => reader.end(),
            };
            (reader.end().0, before.0)
        };
        let position = match point {
            Point::End => header.position,
            Point::Position(position) => position,
            Point::Before(_) => before,
        };
        if position > end || position < earliest(header) {
            return Err(BackupError::OutOfReach {
                id: header.id.clone(),
                wanted: format!("position {position}"),
                has: format!("positions {} to {end}", earliest(header)),
            });
        }
        let known = (point == Point::End).then_some(header.commands);
        let commands = cut(&dir, Position(position), known)?;
        verify(&dir)?;
        let reader = LogReader::open_read_only(&dir)?;
        let tail = reader.segment_of(reader.end());
        let tail = tail.filter(|segment| !segment.complete);
        let tail = tail.map_or(position + 1, |segment| segment.first.sequence());
        Ok((position, commands, tail))
    }

    /// Fetches all that is no log.
    fn others(
        &mut self,
        position: u64,
        commands: u64,
        tail: u64,
    ) -> Result<Vec<String>, BackupError> {
        let mut notes = Vec::new();
        let header = &self.manifest.header;
        if header.earliest.is_none() {
            notes.push("there is no checkpoint of the issues of dropped events: the server starts after `errata replay --accept-loss`, without them".to_owned());
        }
        let mut regrouped = None;
        for entry in &self.manifest.contents.files {
            let is_wanted = match entry.part {
                Part::Segment { .. } => false,
                Part::Checkpoint { position: at } => at <= position,
                // What the open segment has is exported when that is complete.
                Part::Cold { last, .. } => last < tail,
                Part::Regrouped => {
                    regrouped = Some(entry);
                    false
                }
                Part::Blob | Part::Other => true,
            };
            if is_wanted {
                self.put(entry)?;
            }
        }
        if let Some(entry) = regrouped {
            self.put(entry)?;
            self.forget_later_groups(commands)?;
        }
        Ok(notes)
    }

    /// Parquet files that know of decisions behind the cut are written again from the log, as far as that reaches.
    fn forget_later_groups(&self, commands: u64) -> Result<(), BackupError> {
        let path = self.stage.join(REGROUPED);
        let text = fs::read_to_string(&path).map_err(BackupError::file("read", &path))?;
        if text.trim().parse().unwrap_or(0) <= commands {
            return Ok(());
        }
        fs::write(&path, format!("{commands}\n")).map_err(BackupError::file("write", &path))?;
        for entry in &self.manifest.contents.files {
            if let Part::Cold { first, .. } = entry.part
                && first >= self.manifest.header.first
            {
                remove(&self.stage.join(&entry.path))?;
            }
        }
        Ok(())
    }

    /// Fetches a file and checks it.
    fn put(&mut self, entry: &FileEntry) -> Result<(), BackupError> {
        let path = self.stage.join(&entry.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(BackupError::file("create", folder))?;
        }
        let file = File::create(&path).map_err(BackupError::file("create", &path))?;
        let mut out = BufWriter::with_capacity(STEP_BYTES, file);
        fetch(self.target, entry, self.key, &mut out)?;
        out.flush().map_err(BackupError::file("write", &path))?;
        let changed = UNIX_EPOCH + Duration::from_nanos(entry.modified_ns.max(0).unsigned_abs());
        out.get_ref()
            .set_times(FileTimes::new().set_modified(changed))
            .map_err(BackupError::file("set the time of", &path))?;
        self.files += 1;
        self.bytes += entry.bytes;
        Ok(())
    }
}
