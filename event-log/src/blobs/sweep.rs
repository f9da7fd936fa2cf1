//! Removing blobs that no kept record names.
//!
//! Invariant: nothing goes that a kept record names, or that is being put. Whoever puts
//! holds a [`Naming`] from before the put until its record is in the log; marks are made,
//! and files removed, only while nobody holds one, and each file's time is looked at again
//! then. What a sweep leaves undone, by an error or because it was kept waiting, the next
//! one does.
//!
//! Fails with [`BlobError`]; what was removed until then is gone, and said.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use event_model::{Position, ProjectId};
use tokio::sync::OwnedRwLockReadGuard;

use super::{BlobError, BlobHash, Blobs};

/// Some file systems keep times by the second; FAT, by two.
const COARSE: Duration = Duration::from_secs(2);
/// Files removed while all that puts has to wait.
const BATCH: usize = 64;

/// Held by whoever puts blobs until the records that name them are in the log, or never
/// will be.
#[derive(Debug)]
pub struct Naming {
    _held: OwnedRwLockReadGuard<()>,
}

/// What a sweep removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files.
    pub files: u64,
    /// Their bytes, by project.
    pub projects: BTreeMap<ProjectId, u64>,
}

/// The oldest blobs, if their records are to lose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheddable {
    /// Only records before this position name them.
    pub below: Position,
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A file that is old enough to go.
struct Old {
    project: ProjectId,
    path: PathBuf,
    put: SystemTime,
    bytes: u64,
}

impl Blobs {
    /// From now until it is dropped, blobs may be put and then named.
    pub async fn naming(&self) -> Naming {
        Naming {
            _held: Arc::clone(&self.gate).read_owned().await,
        }
    }

    /// Notes that all that was put until now is named in the log up to `end`, which is
    /// asked while nobody is about to append. False if somebody was for all of `patience`;
    /// whoever puts has to wait meanwhile.
    pub async fn mark(
        &self,
        end: impl FnOnce() -> Position,
        now_ns: i64,
        patience: Duration,
    ) -> Result<bool, BlobError> {
        let Ok(_quiet) = tokio::time::timeout(patience, self.gate.write()).await else {
            return Ok(false);
        };
        self.marks.lock().add(now_ns, end());
        self.save_marks()?;
        Ok(true)
    }

    /// The oldest blobs that take so much together, or as many as there are that a mark
    /// tells the records of; none if there are none. [`Self::sweep`] removes them.
    pub async fn oldest(&self, bytes: u64) -> Result<Option<Sheddable>, BlobError> {
        let steps = self.marks.lock().steps();
        let Some((newest_ns, _)) = steps.last().copied() else {
            return Ok(None);
        };
        let dir = self.dir.clone();
        let found = tokio::task::spawn_blocking(move || old_files(&dir, coarse(newest_ns))).await;
        let found = found.unwrap_or_else(|error| Err(error.into()));
        let old = found.map_err(|source| self.io("look through", source))?;
        let mut sheddable = None;
        for (stamp_ns, below) in steps {
            let passed = old.iter().filter(|file| file.put < coarse(stamp_ns));
            let (count, sum) = passed.fold((0, 0), |(n, sum), file| (n + 1, sum + file.bytes));
            if count > 0 {
                sheddable = Some(Sheddable {
                    below,
                    files: count,
                    bytes: sum,
                });
            }
            if sum >= bytes {
                break;
            }
        }
        Ok(sheddable)
    }

    /// Removes what no record from `first` on names, as far as marks tell.
    pub async fn sweep(&self, first: Position, patience: Duration) -> Result<Swept, BlobError> {
        let mut swept = Swept::default();
        let Some(stamp_ns) = self.marks.lock().passed(first) else {
            return Ok(swept);
        };
        let before = coarse(stamp_ns);
        let dir = self.dir.clone();
        let found = tokio::task::spawn_blocking(move || old_files(&dir, before)).await;
        let found = found.unwrap_or_else(|error| Err(error.into()));
        let old = found.map_err(|source| self.io("look through", source))?;
        for batch in old.chunks(BATCH) {
            let Ok(_quiet) = tokio::time::timeout(patience, self.gate.write()).await else {
                return Ok(swept);
            };
            for file in batch {
                let removed = remove_if_old(&file.path, before);
                let removed = removed.map_err(|source| BlobError::Io {
                    step: "remove",
                    path: file.path.clone(),
                    source,
                })?;
                if let Some(bytes) = removed {
                    swept.files += 1;
                    *swept.projects.entry(file.project).or_default() += bytes;
                }
            }
        }
        self.marks.lock().forget(stamp_ns);
        self.save_marks()?;
        Ok(swept)
    }

    fn save_marks(&self) -> Result<(), BlobError> {
        let saved = self.marks.lock().save(&self.dir);
        saved.map_err(|source| self.io("write the marks in", source))
    }

    fn io(&self, step: &'static str, source: io::Error) -> BlobError {
        let path = self.dir.clone();
        BlobError::Io { step, path, source }
    }
}

/// What was surely put before a stamp has an earlier time than this.
fn coarse(stamp_ns: i64) -> SystemTime {
    let stamp = UNIX_EPOCH + Duration::from_nanos(stamp_ns.max(0).unsigned_abs());
    stamp.checked_sub(COARSE).unwrap_or(UNIX_EPOCH)
}

/// Files that were put last before this time, and what a crash left of writing one.
fn old_files(dir: &Path, before: SystemTime) -> io::Result<Vec<Old>> {
    let mut old = Vec::new();
    for folder in fs::read_dir(dir)? {
        let folder = folder?;
        let number = folder
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(project) = number.map(ProjectId) else {
            continue;
        };
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let name = file.file_name();
            let hash = name.to_str().and_then(|name| name.split('#').next());
            if hash.is_none_or(|hash| hash.parse::<BlobHash>().is_err()) {
                continue;
            }
            let (found, path) = (file.metadata()?, file.path());
            let (put, bytes) = (found.modified()?, found.len());
            if put < before {
                old.push(Old {
                    project,
                    path,
                    put,
                    bytes,
                });
            }
        }
    }
    Ok(old)
}

/// The bytes it had; none if it was put again meanwhile, or is gone.
fn remove_if_old(path: &Path, before: SystemTime) -> io::Result<Option<u64>> {
    let look = || -> io::Result<Option<u64>> {
        let found = fs::metadata(path)?;
        if found.modified()? >= before {
            return Ok(None);
        }
        fs::remove_file(path)?;
        Ok(Some(found.len()))
    };
    match look() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        looked => looked,
    }
}
