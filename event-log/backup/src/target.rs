//! Where backups are: a folder, or a bucket of an S3-compatible store, through `object_store`.
//!
//! Invariant: an object appears whole under its name or not at all; [`Target::sync`] makes all that were written
//! before durable (a store does so by itself, of a folder the whole file system is synced). One process at a time
//! writes to a folder, held by a lock on its file `lock`; in a bucket two at once do not disturb each other, for each
//! writes below an id of its own.
//!
//! Blocks the calling thread, on a small runtime of its own; never call it from one. Memory: see `stream`. Fails with [`BackupError::Object`].

mod stream;

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt;
use object_place::{Home, Patience, Place};
use object_store::{
    GetOptions, ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as Location,
};
use tokio::runtime::Runtime;

pub(crate) use self::stream::{Download, Upload};

use crate::{
    error::BackupError,
    manifest::{HEADER_BYTES_MAX, NAME},
};

/// A part may take two minutes: a link of 0.5 Mbit/s. A store that is away for longer than one fails the backup, which
/// costs what was copied.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    request: Duration::from_mins(2),
    retry: Duration::from_mins(1),
    retries_max: 10,
};
const LOCK: &str = "lock";

/// What a target is opened for.
enum Purpose<'a> {
    Read,
    Remove,
    /// Of this data directory.
    Write(&'a Path),
}

/// An open target.
pub struct Target {
    store: Arc<dyn ObjectStore>,
    runtime: Runtime,
    folder: Option<PathBuf>,
    address: String,
    _lock: Option<File>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Target").field(&self.address).finish()
    }
}

/// The folders of a target.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    /// With a manifest: its bytes up to the end of the header.
    pub(crate) whole: BTreeMap<String, Vec<u8>>,
    /// Without one.
    pub(crate) interrupted: Vec<String>,
}

impl Target {
    /// Opens a target that backups are read from.
    pub fn open(place: &Place) -> Result<Self, BackupError> {
        Self::with(place, &Purpose::Read)
    }

    /// Opens a target that backups are removed from.
    pub(crate) fn open_to_remove(place: &Place) -> Result<Self, BackupError> {
        Self::with(place, &Purpose::Remove)
    }

    /// Opens a target that a backup of `data_dir` is written to: its folder is made if it is not there.
    pub(crate) fn open_for_writing(place: &Place, data_dir: &Path) -> Result<Self, BackupError> {
        Self::with(place, &Purpose::Write(data_dir))
    }

    fn with(place: &Place, purpose: &Purpose<'_>) -> Result<Self, BackupError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(BackupError::file("start the runtime for", &place.address))?;
        let address = place.address.clone();
        let folder = match place.open(PATIENCE)? {
            Home::Folder(folder) => folder,
            Home::Bucket(store) => {
                return Ok(Self {
                    store,
                    runtime,
                    folder: None,
                    address,
                    _lock: None,
                });
            }
        };
        let lock = match purpose {
            Purpose::Read => None,
            Purpose::Remove => Some(lock(&folder)?),
            Purpose::Write(data_dir) => {
                prepare(&folder, data_dir)?;
                Some(lock(&folder)?)
            }
        };
        let folder =
            fs::canonicalize(&folder).map_err(BackupError::file("open the folder", &folder))?;
        let store =
            LocalFileSystem::new_with_prefix(&folder).map_err(|error| refused(place, &error))?;
        Ok(Self {
            store: Arc::new(store),
            runtime,
            folder: Some(folder),
            address,
            _lock: lock,
        })
    }

    /// As it was given.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn failed(
        &self,
        step: &'static str,
        object: &str,
    ) -> impl FnOnce(io::Error) -> BackupError + use<> {
        let (object, place) = (object.to_owned(), self.address.clone());
        move |source| BackupError::Object {
            step,
            object,
            place,
            source,
        }
    }

    /// Begins an object.
    pub(crate) fn create(&self, location: &str) -> Upload<'_> {
        Upload::begin(self, location)
    }

    /// Writes a small object.
    pub(crate) fn put(&self, location: &str, bytes: Vec<u8>) -> Result<(), BackupError> {
        let place = Location::from(location);
        let put = self.runtime.block_on(self.store.put(&place, bytes.into()));
        put.map_err(io::Error::from)
            .map_err(self.failed("write", location))?;
        Ok(())
    }

    /// Reads an object from its beginning.
    pub(crate) fn read(&self, location: &str) -> io::Result<Download<'_>> {
        let got = self
            .runtime
            .block_on(self.store.get(&Location::from(location)))?;
        Ok(Download::of(self, got.into_stream()))
    }

    /// Every object and its length.
    pub(crate) fn objects(&self) -> Result<BTreeMap<String, u64>, BackupError> {
        let listed = self.runtime.block_on(async {
            let mut objects = BTreeMap::new();
            let mut list = self.store.list(None);
            while let Some(meta) = list.next().await {
                let meta = meta?;
                objects.insert(meta.location.to_string(), meta.size);
            }
            Ok::<_, object_store::Error>(objects)
        });
        listed
            .map_err(io::Error::from)
            .map_err(self.failed("list", "the objects"))
    }

    /// All folders of backups, by their ids.
    pub(crate) fn folders(&self) -> Result<Folders, BackupError> {
        let listed = self.runtime.block_on(self.store.list_with_delimiter(None));
        let listed = listed
            .map_err(io::Error::from)
            .map_err(self.failed("list", "the backups"))?;
        let mut folders = Folders::default();
        for prefix in listed.common_prefixes {
            let Some(id) = prefix.filename().filter(|id| is_id(id)) else {
                continue;
            };
            match self.head(&format!("{id}/{NAME}"))? {
                Some(bytes) => {
                    folders.whole.insert(id.to_owned(), bytes);
                }
                None => folders.interrupted.push(id.to_owned()),
            }
        }
        Ok(folders)
    }

    /// The first bytes of an object; none if it is not there.
    fn head(&self, location: &str) -> Result<Option<Vec<u8>>, BackupError> {
        let options = GetOptions {
            range: Some((0..HEADER_BYTES_MAX as u64).into()),
            ..GetOptions::default()
        };
        let head = self.runtime.block_on(async {
            let got = self
                .store
                .get_opts(&Location::from(location), options)
                .await?;
            got.bytes().await
        });
        match head {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", location)(error.into())),
        }
    }

    /// Makes all that was written durable.
    pub(crate) fn sync(&self) -> Result<(), BackupError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        sync_file_system(folder)
    }

    /// Removes a backup, its manifest first.
    pub(crate) fn remove(&self, id: &str) -> Result<(), BackupError> {
        let failed = |error: object_store::Error| self.failed("remove", id)(error.into());
        let manifest = Location::from(format!("{id}/{NAME}"));
        match self.runtime.block_on(self.store.delete(&manifest)) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
        self.sync()?;
        if let Some(folder) = &self.folder {
            let path = folder.join(id);
            return fs::remove_dir_all(&path).map_err(BackupError::file("remove", path));
        }
        let removed = self.runtime.block_on(async {
            let below = self.store.list(Some(&Location::from(id)));
            let below: Vec<_> = below.collect().await;
            for meta in below {
                self.store.delete(&meta?.location).await?;
            }
            Ok(())
        });
        removed.map_err(failed)
    }
}

/// When a backup was begun, by its id, Unix nanoseconds.
pub(crate) fn begun_of(id: &str) -> Option<i64> {
    let time = id.split_once('-')?.0;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    i64::try_from(time.timestamp().as_nanosecond()).ok()
}

/// Whether a folder's name is an id: others may keep something beside backups.
pub(crate) fn is_id(name: &str) -> bool {
    let Some((time, rest)) = name.split_once('Z') else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    time.len() == 15 && time.as_bytes()[8] == b'T' && rest.len() == 9 && digits(&rest[1..])
}

/// Syncs the file system that a folder is in.
pub(crate) fn sync_file_system(folder: &Path) -> Result<(), BackupError> {
    let open = File::open(folder).map_err(BackupError::file("open", folder))?;
    rustix::fs::syncfs(&open)
        .map_err(io::Error::from)
        .map_err(BackupError::file("sync", folder))
}

fn refused(place: &Place, reason: &impl std::error::Error) -> BackupError {
    BackupError::Place(object_place::PlaceError {
        address: place.address.clone(),
        reason: ground::with_causes(reason),
    })
}

/// Makes a folder; refuses one that belongs to what is backed up.
fn prepare(folder: &Path, data_dir: &Path) -> Result<(), BackupError> {
    let source = fs::canonicalize(data_dir).map_err(BackupError::file("open", data_dir))?;
    // Before anything is made: of what is not there yet the nearest folder that is tells.
    let absolute = std::path::absolute(folder).map_err(BackupError::file("open", folder))?;
    let there = absolute
        .ancestors()
        .find_map(|ancestor| fs::canonicalize(ancestor).ok());
    if there.is_some_and(|there| there.starts_with(&source)) {
        return Err(BackupError::Inside {
            target: folder.to_owned(),
            data_dir: data_dir.to_owned(),
        });
    }
    fs::create_dir_all(folder).map_err(BackupError::file("create", folder))
}

/// Takes the lock of a folder.
fn lock(folder: &Path) -> Result<File, BackupError> {
    let path = folder.join(LOCK);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(BackupError::file("open", &path))?;
    match lock.try_lock() {
        Ok(()) => {
            // Padded, so that a shorter id leaves nothing of a longer one.
            let pid = format!("{:<10}\n", std::process::id());
            lock.write_all_at(pid.as_bytes(), 0)
                .map_err(BackupError::file("write", &path))?;
            Ok(lock)
        }
        Err(TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&path).ok();
            Err(BackupError::Busy {
                target: folder.to_owned(),
                pid: pid.and_then(|pid| pid.trim().parse().ok()).unwrap_or(0),
            })
        }
        Err(TryLockError::Error(error)) => Err(BackupError::file("lock", &path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::{begun_of, is_id};

    #[test]
    fn ids_are_told_from_other_folders() {
        let id = "20261129T205000Z-1f2e3d4c";
        assert!(is_id(id));
        assert_eq!(begun_of(id), Some(1_795_985_400_000_000_000));
        for other in [
            "lost+found",
            "20261129T205000Z",
            "20261129T205000Z-1f2e3d4x",
            "",
            "Z",
        ] {
            assert!(!is_id(other), "{other}");
        }
    }
}
