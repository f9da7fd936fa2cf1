//! Where the cold files are, a folder or a bucket, and which there are.
//!
//! Invariant: nothing but `events/date=YYYY-MM-DD/<name>.parquet` is looked at or removed; names of days sort as
//! the days do. A folder that is not there has no files: only the writer makes it.
//!
//! Blocks the calling thread, on a small runtime of its own; never call it from an async context.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt};
use object_place::{Home, Patience, Place};
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as ObjectPath,
};
use tokio::runtime::Runtime;

use super::names::{ColdFile, EVENTS, REGROUPED};
use crate::{ReadModelError, layout::sync_dir};

/// For who writes: a part may take two minutes, a link of 0.5 Mbit/s; what failed is tried again by the projector.
pub const WRITING: Patience = Patience {
    connect: Duration::from_secs(5),
    request: Duration::from_mins(2),
    retry: Duration::from_secs(30),
    retries_max: 5,
};
/// For who reads while somebody waits.
pub const READING: Patience = Patience {
    connect: Duration::from_secs(3),
    request: Duration::from_secs(15),
    retry: Duration::from_secs(5),
    retries_max: 2,
};
/// Objects removed at once.
const REMOVED_AT_ONCE: usize = 8;

/// See the module.
pub struct ColdHome {
    /// None: a bucket.
    folder: Option<PathBuf>,
    /// Empty while there is no folder yet.
    store: OnceLock<Arc<dyn ObjectStore>>,
    address: String,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
}

/// A file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it holds.
    pub file: ColdFile,
    /// Its bytes.
    pub bytes: u64,
}

/// The files of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColdDay {
    /// Day of receipt, UTC: "YYYY-MM-DD".
    pub date: String,
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl std::fmt::Debug for ColdHome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ColdHome").field(&self.address).finish()
    }
}

impl Drop for ColdHome {
    fn drop(&mut self) {
        // Whoever drops it may be async, where waiting for a runtime's end panics.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl ColdHome {
    /// Reads the address; asks nothing of a bucket, and makes no folder.
    pub fn open(place: &Place, patience: Patience) -> Result<Self, ReadModelError> {
        let (folder, store) = match place.open(patience)? {
            Home::Folder(folder) => (Some(folder), OnceLock::new()),
            Home::Bucket(store) => (None, OnceLock::from(store)),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("cold-files")
            .enable_all()
            .build()
            .map_err(ReadModelError::io("start the runtime for", &place.address))?;
        Ok(Self {
            folder,
            store,
            address: place.address.clone(),
            runtime: Some(runtime),
        })
    }

    /// The folder; none of a bucket.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The store; none while there is no folder.
    pub fn store(&self) -> Result<Option<&Arc<dyn ObjectStore>>, ReadModelError> {
        if let (None, Some(folder)) = (self.store.get(), &self.folder) {
            if !folder.is_dir() {
                return Ok(None);
            }
            let store = LocalFileSystem::new_with_prefix(folder)
                .map_err(store_error("open", &ObjectPath::default()))?;
            let _ = self.store.set(Arc::new(store));
        }
        Ok(self.store.get())
    }

    /// Waits for what is asked of the store.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let runtime = self.runtime.as_ref();
        runtime
            .expect("it goes when this is dropped")
            .block_on(future)
    }

    /// The files that are whole, the oldest segment first.
    pub fn list(&self) -> Result<Vec<Listed>, ReadModelError> {
        self.list_below(&ObjectPath::from(EVENTS))
    }

    fn list_below(&self, prefix: &ObjectPath) -> Result<Vec<Listed>, ReadModelError> {
        let Some(store) = self.store()? else {
            return Ok(Vec::new());
        };
        let found: Vec<ObjectMeta> = self
            .wait(store.list(Some(prefix)).try_collect())
            .map_err(store_error("list", prefix))?;
        let listed = found.iter().filter_map(|object| {
            Some(Listed {
                file: ColdFile::parse(Path::new(object.location.as_ref()))?,
                bytes: object.size,
            })
        });
        let mut listed: Vec<Listed> = listed.collect();
        listed.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(listed)
    }

    /// The number of the last command that grouped events anew of which the files know.
    pub fn regrouped(&self) -> Result<u64, ReadModelError> {
        let path = ObjectPath::from(REGROUPED);
        let Some(store) = self.store()? else {
            return Ok(0);
        };
        match self.wait(async { store.get(&path).await?.bytes().await }) {
            // Torn by a power cut: all of them once more.
            Ok(bytes) => {
                let text = std::str::from_utf8(&bytes).unwrap_or_default();
                Ok(text.trim().parse().unwrap_or_default())
            }
            Err(object_store::Error::NotFound { .. }) => Ok(0),
            Err(error) => Err(store_error("read", &path)(error)),
        }
    }

    /// The days that have something, the oldest first: few requests, however many files there are.
    pub fn day_names(&self) -> Result<Vec<String>, ReadModelError> {
        let Some(store) = self.store()? else {
            return Ok(Vec::new());
        };
        let prefix = ObjectPath::from(EVENTS);
        let found = self
            .wait(store.list_with_delimiter(Some(&prefix)))
            .map_err(store_error("list", &prefix))?;
        let day = |path: &ObjectPath| Some(path.filename()?.strip_prefix("date=")?.to_owned());
        let mut days: Vec<String> = found.common_prefixes.iter().filter_map(day).collect();
        days.sort_unstable();
        Ok(days)
    }

    /// The days before `date` that have files, the oldest first.
    pub fn days_before(&self, date: &str) -> Result<Vec<ColdDay>, ReadModelError> {
        Ok(days(&self.list_before(date)?))
    }

    fn list_before(&self, date: &str) -> Result<Vec<Listed>, ReadModelError> {
        let mut listed = Vec::new();
        for day in self.day_names()?.iter().filter(|day| day.as_str() < date) {
            listed
                .extend(self.list_below(&ObjectPath::from_iter([EVENTS, &format!("date={day}")]))?);
        }
        Ok(listed)
    }

    /// Removes all files of days before `date`, and answers how many; again after a crash.
    pub fn remove_before(&self, date: &str) -> Result<u64, ReadModelError> {
        let old: Vec<ObjectPath> = self
            .list_before(date)?
            .into_iter()
            .map(|listed| listed.file.path())
            .collect();
        let Some(store) = self.store()? else {
            return Ok(0);
        };
        let removed = old.len() as u64;
        let gone = futures_util::stream::iter(old).map(|path| async move {
            match store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(store_error("remove", &path)(error)),
            }
        });
        self.wait(
            gone.buffer_unordered(REMOVED_AT_ONCE)
                .try_collect::<Vec<()>>(),
        )?;
        if removed > 0 {
            self.forget_folders_before(date)?;
        }
        Ok(removed)
    }

    /// Removes the empty folders of days before `date`, and makes that durable.
    fn forget_folders_before(&self, date: &str) -> Result<(), ReadModelError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let events = folder.join(EVENTS);
        let entries = std::fs::read_dir(&events).map_err(ReadModelError::io("list", &events))?;
        for entry in entries {
            let path = entry.map_err(ReadModelError::io("list", &events))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let day = name.and_then(|name| name.strip_prefix("date="));
            if day.is_some_and(|day| day < date) {
                // What others have put there stays.
                match std::fs::remove_dir(&path) {
                    Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => {
                        return Err(ReadModelError::io("remove", path)(error));
                    }
                    _ => {}
                }
            }
        }
        sync_dir(&events)
    }
}

/// What each day has, the oldest first.
pub fn days(listed: &[Listed]) -> Vec<ColdDay> {
    let mut days: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for Listed { file, bytes } in listed {
        let (files, all) = days.entry(&file.date).or_default();
        *files += 1;
        *all += bytes;
    }
    let day = |(date, (files, bytes)): (&str, _)| ColdDay {
        date: date.to_owned(),
        files,
        bytes,
    };
    days.into_iter().map(day).collect()
}

pub(super) fn store_error(
    action: &'static str,
    path: &ObjectPath,
) -> impl FnOnce(object_store::Error) -> ReadModelError + use<> {
    let path = path.to_string();
    move |source| ReadModelError::ObjectStore {
        action,
        path,
        source,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    fn home(root: &Path) -> ColdHome {
        ColdHome::open(&Place::folder(root), READING).unwrap()
    }

    #[test]
    fn the_oldest_days_go_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("cold");
        assert_eq!(home(&root).list().unwrap(), []);
        assert!(!root.exists());
        let events = root.join(EVENTS);
        for (day, files) in [("2026-02-10", 2), ("2025-12-31", 1), ("2026-01-02", 3)] {
            let folder = events.join(format!("date={day}"));
            fs::create_dir_all(&folder).unwrap();
            for number in 0..files {
                let name = format!("00000-{number:015}-{number:015}.parquet");
                fs::write(folder.join(name), "12345").unwrap();
            }
        }
        fs::create_dir(events.join("by hand")).unwrap();
        fs::write(events.join("date=2025-12-31/notes.txt"), "mine").unwrap();
        let day = |date: &str, files| ColdDay {
            date: date.to_owned(),
            files,
            bytes: 5 * files,
        };
        let all = [
            day("2025-12-31", 1),
            day("2026-01-02", 3),
            day("2026-02-10", 2),
        ];
        let home = home(&root);
        assert_eq!(days(&home.list().unwrap()), all);
        assert_eq!(home.days_before("2026-02-10").unwrap(), all[..2]);
        assert_eq!(home.remove_before("2026-01-02").unwrap(), 1);
        // Again changes nothing.
        assert_eq!(home.remove_before("2026-01-02").unwrap(), 0);
        assert_eq!(days(&home.list().unwrap()), all[1..]);
        assert!(events.join("by hand").is_dir());
        assert!(events.join("date=2025-12-31/notes.txt").is_file());
        assert_eq!(home.remove_before("2026-02-10").unwrap(), 3);
        assert!(!events.join("date=2026-01-02").exists());
    }
}
