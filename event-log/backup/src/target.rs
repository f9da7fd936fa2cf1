//! Where backups are: a folder, or a bucket of an S3-compatible store, through `object_store`.
//!
//! Invariant: an object appears whole under its name or not at all; [`Target::sync`] makes all that were written
//! before durable (a store does so by itself, of a folder the whole file system is synced). One process at a time
//! writes to a folder, held by a lock on its file `lock`; in a bucket two at once do not disturb each other, for each
//! writes below an id of its own.
//!
//! Blocks the calling thread, on a small runtime of its own; never call it from one. Memory: [`PARTS_MAX`] parts of
//! [`PART_BYTES`] an upload. Fails with [`BackupError::Object`].

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::{
    ClientOptions, GetOptions, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload,
    RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    path::Path as Location,
    prefix::PrefixStore,
};
use tokio::{runtime::Runtime, task::JoinHandle};

use crate::{
    error::BackupError,
    manifest::{HEADER_BYTES_MAX, NAME},
};

/// Bytes of a part of an upload; S3's least is 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts on their way at once.
const PARTS_MAX: usize = 4;
/// A part may take so long: a link of 0.5 Mbit/s.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);
/// A store that is away for longer fails the backup, which costs what was copied.
const RETRY_TIMEOUT: Duration = Duration::from_mins(1);
const LOCK: &str = "lock";

/// Where a target is.
#[derive(Debug, Clone)]
pub struct Place {
    /// A folder, or `s3://bucket/folder`.
    pub address: String,
    /// Variables `AWS_…` of the environment, for a store: credentials, region, endpoint.
    pub variables: Vec<(String, String)>,
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
        Self::with(place, None)
    }

    /// Opens a target that a backup of `data_dir` is written to: its folder is made if it is not there.
    pub(crate) fn open_for_writing(place: &Place, data_dir: &Path) -> Result<Self, BackupError> {
        Self::with(place, Some(data_dir))
    }

    fn with(place: &Place, source: Option<&Path>) -> Result<Self, BackupError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(BackupError::file("start the runtime for", &place.address))?;
        let address = place.address.clone();
        if address.contains("://") {
            return Ok(Self {
                store: bucket(place)?,
                runtime,
                folder: None,
                address,
                _lock: None,
            });
        }
        let folder = PathBuf::from(&address);
        let lock = match source {
            Some(data_dir) => Some(prepare(&folder, data_dir)?),
            None => None,
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
        Upload {
            target: self,
            location: Location::from(location),
            buffer: Vec::new(),
            parts: None,
        }
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
        Ok(Download {
            target: self,
            stream: got.into_stream(),
            chunk: Bytes::new(),
        })
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

    /// Removes what an interrupted backup left; a failure is told by the next one.
    pub(crate) fn remove_folder(&self, id: &str) {
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder.join(id));
            return;
        }
        self.runtime.block_on(async {
            let mut list = self.store.list(Some(&Location::from(id)));
            while let Some(Ok(meta)) = list.next().await {
                let _ = self.store.delete(&meta.location).await;
            }
        });
    }
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
    BackupError::Place {
        place: place.address.clone(),
        reason: ground::with_causes(reason),
    }
}

/// Makes a folder and takes its lock; refuses one that belongs to what is backed up.
fn prepare(folder: &Path, data_dir: &Path) -> Result<File, BackupError> {
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
    fs::create_dir_all(folder).map_err(BackupError::file("create", folder))?;
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

fn bucket(place: &Place) -> Result<Arc<dyn ObjectStore>, BackupError> {
    let bad = |reason: &str| BackupError::Place {
        place: place.address.clone(),
        reason: reason.to_owned(),
    };
    let url = url::Url::parse(&place.address).map_err(|error| refused(place, &error))?;
    if !matches!(url.scheme(), "s3" | "s3a") {
        return Err(bad("its scheme is not s3"));
    }
    let options = ClientOptions::new().with_timeout(REQUEST_TIMEOUT);
    let mut builder = AmazonS3Builder::new()
        .with_client_options(options)
        .with_retry(RetryConfig {
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        })
        .with_url(place.address.as_str());
    for (name, value) in &place.variables {
        let key: Result<AmazonS3ConfigKey, _> = name.to_ascii_lowercase().parse();
        if let Ok(key) = key {
            builder = builder.with_config(key, value);
        }
    }
    let store = builder.build().map_err(|error| refused(place, &error))?;
    let prefix = Location::from_url_path(url.path()).map_err(|error| refused(place, &error))?;
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}

/// An object being written; dropped before [`Self::finish`], it never was.
pub(crate) struct Upload<'a> {
    target: &'a Target,
    location: Location,
    buffer: Vec<u8>,
    parts: Option<Parts>,
}

struct Parts {
    upload: Box<dyn MultipartUpload>,
    on_their_way: VecDeque<JoinHandle<object_store::Result<()>>>,
}

impl Upload<'_> {
    fn put_part(&mut self) -> io::Result<()> {
        let runtime = &self.target.runtime;
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => {
                let upload = self.target.store.put_multipart(&self.location);
                none.insert(Parts {
                    upload: runtime.block_on(upload)?,
                    on_their_way: VecDeque::new(),
                })
            }
        };
        let payload = PutPayload::from(std::mem::take(&mut self.buffer));
        let part = parts.upload.put_part(payload);
        parts.on_their_way.push_back(runtime.spawn(part));
        while parts.on_their_way.len() >= PARTS_MAX {
            wait(runtime, parts)?;
        }
        Ok(())
    }

    /// Gives it its name.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let runtime = &self.target.runtime;
        if self.parts.is_none() {
            let payload = PutPayload::from(std::mem::take(&mut self.buffer));
            runtime.block_on(self.target.store.put(&self.location, payload))?;
            return Ok(());
        }
        if !self.buffer.is_empty() {
            self.put_part()?;
        }
        if let Some(mut parts) = self.parts.take() {
            let done = (|| {
                while !parts.on_their_way.is_empty() {
                    wait(runtime, &mut parts)?;
                }
                runtime.block_on(parts.upload.complete())?;
                Ok(())
            })();
            if done.is_err() {
                self.parts = Some(parts);
            }
            return done;
        }
        Ok(())
    }
}

fn wait(runtime: &Runtime, parts: &mut Parts) -> io::Result<()> {
    if let Some(oldest) = parts.on_their_way.pop_front() {
        runtime.block_on(oldest).map_err(io::Error::other)??;
    }
    Ok(())
}

impl Write for Upload<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == PART_BYTES {
            self.put_part()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take() {
            // Its parts take room; what cannot be removed is removed with its folder.
            let _ = self.target.runtime.block_on(parts.upload.abort());
        }
    }
}

/// An object being read.
pub(crate) struct Download<'a> {
    target: &'a Target,
    stream: futures_util::stream::BoxStream<'static, object_store::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for Download<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.target.runtime.block_on(self.stream.next()) {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let taken = buffer.len().min(self.chunk.len());
        buffer[..taken].copy_from_slice(&self.chunk.split_to(taken));
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids_are_told_from_other_folders() {
        assert!(is_id("20261129T205000Z-1f2e3d4c"));
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
