//! Where the parts of the read model lie, and which build of them is current.
//!
//! ```text
//! read-model/lock              held by the one writer, whose process id is inside
//! read-model/000007/           a generation: one build of the read model
//!     issues.sqlite3  search/<YYYY-MM-DD>/  search/position
//!     damaged                  if it is there: to be rebuilt at the next start
//! read-model/current           symbolic link to the generation readers open
//! ```
//!
//! Invariant: `current` is replaced by a rename, its folder synced before and
//! after, so it always names a generation that was published whole. Readers keep
//! what they have open and look at [`Generation::open_current`] for a change (one
//! `readlink`); superseded generations are removed by the writer, which unlinks
//! names only, open files stay readable.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::ReadModelError;

const CURRENT: &str = "current";
const CURRENT_NEW: &str = "current.new";
const LOCK: &str = "lock";
const DAMAGED: &str = "damaged";
const NUMBER_WIDTH: usize = 6;

/// The right to write a read model; released on drop or when the process ends.
#[derive(Debug)]
pub struct WriterLock {
    root: PathBuf,
    _file: File,
}

impl WriterLock {
    /// Takes the lock of the `read-model` folder `root`, which is created if
    /// missing. Fails with [`ReadModelError::Locked`] at once if it is taken.
    pub fn acquire(root: &Path) -> Result<Self, ReadModelError> {
        fs::create_dir_all(root).map_err(ReadModelError::io("create", root))?;
        let path = root.join(LOCK);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(ReadModelError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {
                // Padded, so that a shorter id leaves nothing of a longer one.
                let pid = format!("{:<10}\n", std::process::id());
                file.write_all_at(pid.as_bytes(), 0)
                    .map_err(ReadModelError::io("write", &path))?;
                Ok(Self {
                    root: root.to_owned(),
                    _file: file,
                })
            }
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&path).ok();
                let pid = pid.and_then(|pid| pid.trim().parse().ok()).unwrap_or(0);
                Err(ReadModelError::Locked { path, pid })
            }
            Err(TryLockError::Error(source)) => Err(ReadModelError::Io {
                action: "lock",
                path,
                source,
            }),
        }
    }
}

/// One build of the read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    root: PathBuf,
    number: u64,
}

impl Generation {
    /// The published generation of the `read-model` folder `root`; none before
    /// the first is published.
    pub fn open_current(root: &Path) -> Result<Option<Self>, ReadModelError> {
        let link = root.join(CURRENT);
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(ReadModelError::io("read link", link)(e)),
        };
        let number = target.to_str().and_then(|name| name.parse().ok());
        let number = number.ok_or_else(|| ReadModelError::Damaged {
            path: link,
            what: format!("it points to {}, no generation", target.display()),
        })?;
        Ok(Some(Self {
            root: root.to_owned(),
            number,
        }))
    }

    /// An empty folder above all that exist, unpublished.
    pub fn create_new(lock: &WriterLock) -> Result<Self, ReadModelError> {
        let newest = numbers(&lock.root)?.into_iter().max().unwrap_or(0);
        let generation = Self {
            root: lock.root.clone(),
            number: newest + 1,
        };
        let path = generation.path();
        fs::create_dir(&path).map_err(ReadModelError::io("create", &path))?;
        Ok(generation)
    }

    /// Makes it the one readers open.
    pub fn publish(&self, lock: &WriterLock) -> Result<(), ReadModelError> {
        debug_assert_eq!(lock.root, self.root);
        sync_dir(&self.path())?;
        sync_dir(&self.root)?;
        let new = self.root.join(CURRENT_NEW);
        if let Err(e) = fs::remove_file(&new)
            && e.kind() != ErrorKind::NotFound
        {
            return Err(ReadModelError::io("remove", new)(e));
        }
        std::os::unix::fs::symlink(self.name(), &new)
            .map_err(ReadModelError::io("create", &new))?;
        let link = self.root.join(CURRENT);
        fs::rename(&new, &link).map_err(ReadModelError::io("rename", &link))?;
        sync_dir(&self.root)
    }

    /// Removes every other generation: those superseded and those a crash left
    /// half built.
    pub fn remove_others(&self, lock: &WriterLock) -> Result<(), ReadModelError> {
        for number in numbers(&lock.root)? {
            if number != self.number {
                let other = Self {
                    root: self.root.clone(),
                    number,
                };
                let path = other.path();
                fs::remove_dir_all(&path).map_err(ReadModelError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Removes it. It must not be the one that readers open.
    pub fn remove(&self, lock: &WriterLock) -> Result<(), ReadModelError> {
        debug_assert_eq!(lock.root, self.root);
        let path = self.path();
        match fs::remove_dir_all(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(ReadModelError::io("remove", path)(e)),
            _ => Ok(()),
        }
    }

    /// Notes that a part turned out damaged, so that the next start rebuilds it even
    /// if opening finds nothing wrong.
    pub fn mark_damaged(&self) -> Result<(), ReadModelError> {
        let path = self.path().join(DAMAGED);
        File::create(&path)
            .and_then(|file| file.sync_all())
            .map_err(ReadModelError::io("create", &path))?;
        sync_dir(&self.path())
    }

    /// Whether [`Generation::mark_damaged`] was called.
    pub fn is_damaged(&self) -> bool {
        self.path().join(DAMAGED).exists()
    }

    /// Rises with each build.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The folder.
    pub fn path(&self) -> PathBuf {
        self.root.join(self.name())
    }

    /// The issue database.
    pub fn issues_path(&self) -> PathBuf {
        self.path().join("issues.sqlite3")
    }

    /// The folder of the search indexes.
    pub fn search_path(&self) -> PathBuf {
        self.path().join("search")
    }

    fn name(&self) -> String {
        format!("{:0NUMBER_WIDTH$}", self.number)
    }
}

fn numbers(root: &Path) -> Result<Vec<u64>, ReadModelError> {
    let entries = fs::read_dir(root).map_err(ReadModelError::io("list", root))?;
    let mut numbers = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ReadModelError::io("list", root))?;
        let name = entry.file_name();
        numbers.extend(name.to_str().and_then(|n| n.parse::<u64>().ok()));
    }
    Ok(numbers)
}

/// Makes names created or renamed in a folder durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), ReadModelError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(ReadModelError::io("sync", path))
}
