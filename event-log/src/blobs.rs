//! Source maps and attachments: byte strings by project and SHA-256, under
//! `data/blobs/{project}/{hash}`, through `object_store`.
//!
//! Invariants: a blob is synced, and its folders too, before [`Blobs::put`] returns,
//! so that a record which names it never precedes it (`object_store` itself does not
//! sync). A put says in the file's time when it was, before the sync, so that a sweep
//! knows what no kept record can name (`sweep`, `marks`). What [`Blobs::get`] returns has the hash that was asked for. A path is made
//! of a number and validated hex only, so no name leads out of the folder.
//!
//! Async, on a tokio runtime: `object_store`'s file system needs one.

mod marks;
mod sweep;

use std::{
    fmt,
    fs::File,
    io::{ErrorKind, Read as _, Seek as _},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use event_model::ProjectId;
use object_store::{ObjectStoreExt, local::LocalFileSystem, path::Path as StorePath};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::RwLock;

use marks::Marks;
pub use sweep::{Naming, Sheddable, Swept};

/// Largest blob, bytes: all attachments of an envelope together.
pub const BLOB_BYTES_MAX: usize = 40 * 1024 * 1024;

/// Bytes of a blob in memory while it is looked through.
const LOOK_BYTES: usize = 64 * 1024;

/// SHA-256 of a blob; as text, 64 hex digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobHash(pub [u8; 32]);

impl BlobHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobHash({self})")
    }
}

impl FromStr for BlobHash {
    type Err = BlobError;
    fn from_str(text: &str) -> Result<Self, BlobError> {
        let digits = text.as_bytes();
        let digit = |at: usize| match digits[at] {
            c @ b'0'..=b'9' => Some(c - b'0'),
            c @ b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        let byte = |index: usize| Some((digit(2 * index)? << 4) | digit(2 * index + 1)?);
        let mut hash = [0u8; 32];
        let whole = digits.len() == 64
            && hash
                .iter_mut()
                .enumerate()
                .all(|(index, place)| byte(index).map(|value| *place = value).is_some());
        if whole {
            Ok(Self(hash))
        } else {
            Err(BlobError::Hash(text.chars().take(80).collect()))
        }
    }
}

/// Why a blob was not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No hash of ours.
    #[error("{0:?} is not a blob hash of 64 hex digits in lower case")]
    Hash(String),
    /// Too large to be stored.
    #[error("a blob of {bytes} bytes is larger than {max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// What is stored is not what was put.
    #[error("blob {hash} of project {project} is damaged: its bytes hash to {found}")]
    Damaged {
        /// Whose.
        project: ProjectId,
        /// Which.
        hash: BlobHash,
        /// What its bytes hash to.
        found: BlobHash,
    },
    /// The store's own reason.
    #[error("cannot {step} {key}")]
    Store {
        /// What was tried.
        step: &'static str,
        /// On what, below the folder of blobs.
        key: String,
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// The file system's own reason.
    #[error("cannot {step} {}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Whether a blob was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It takes room from now on.
    New,
    /// It took it before.
    Again,
}

/// The blobs of one data directory. Clones share it.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<LocalFileSystem>,
    dir: PathBuf,
    marks: Arc<Mutex<Marks>>,
    /// Read by whoever puts, written by whoever marks and removes.
    gate: Arc<RwLock<()>>,
}

impl Blobs {
    /// Opens `dir` (`data/blobs`), making it if it is not there.
    pub fn open(dir: &Path) -> Result<Self, BlobError> {
        let io_error = |step| {
            move |source| BlobError::Io {
                step,
                path: dir.to_owned(),
                source,
            }
        };
        std::fs::create_dir_all(dir).map_err(io_error("create"))?;
        if let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) {
            sync(parent)?;
        }
        let marks = Marks::load(dir).map_err(io_error("read the marks in"))?;
        Self::with(dir, marks)
    }

    /// The blobs in `dir` for reading; none if nothing was ever stored there.
    pub fn open_existing(dir: &Path) -> Result<Option<Self>, BlobError> {
        if !dir.is_dir() {
            return Ok(None);
        }
        Self::with(dir, Marks::default()).map(Some)
    }

    fn with(dir: &Path, marks: Marks) -> Result<Self, BlobError> {
        let store = LocalFileSystem::new_with_prefix(dir).map_err(|source| BlobError::Store {
            step: "open",
            key: dir.display().to_string(),
            source,
        })?;
        Ok(Self {
            store: Arc::new(store),
            dir: dir.to_owned(),
            marks: Arc::new(Mutex::new(marks)),
            gate: Arc::default(),
        })
    }

    /// Stores a blob; durable when this returns. Putting it again costs a read. It stays
    /// while `naming` is held, and then as long as a record that was appended meanwhile
    /// names it.
    pub async fn put(
        &self,
        _naming: &Naming,
        project: ProjectId,
        bytes: Bytes,
        now_ns: i64,
    ) -> Result<(BlobHash, Put), BlobError> {
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(BlobError::TooLarge {
                bytes: bytes.len(),
                max: BLOB_BYTES_MAX,
            });
        }
        let hash = BlobHash::of(&bytes);
        let key = key(project, hash);
        // A damaged one, as a crash in the middle leaves it, is written anew.
        let there = self.open_whole(project, hash).await;
        let put = match &there {
            Ok(None) => Put::New,
            _ => Put::Again,
        };
        if !matches!(there, Ok(Some(_))) {
            self.store
                .put(&key, bytes.into())
                .await
                .map_err(store_error("write", &key))?;
        }
        // Also when it was there: the one who put it may have died before the sync.
        let folder = self.dir.join(project.to_string());
        let (dir, stamp_ns) = (self.dir.clone(), self.marks.lock().stamp(now_ns));
        let synced = tokio::task::spawn_blocking(move || {
            let file = folder.join(hash.to_string());
            stamp(&file, stamp_ns)?;
            [file, folder, dir].iter().try_for_each(|path| sync(path))
        });
        synced.await.map_err(|source| BlobError::Io {
            step: "sync",
            path: self.dir.clone(),
            source: source.into(),
        })??;
        Ok((hash, put))
    }

    /// The blob with this hash and its length, looked through and ready to be read; none
    /// if it is not there. Never in memory as a whole.
    pub async fn open_whole(
        &self,
        project: ProjectId,
        hash: BlobHash,
    ) -> Result<Option<(File, u64)>, BlobError> {
        let path = self.dir.join(project.to_string()).join(hash.to_string());
        let looked = tokio::task::spawn_blocking(move || {
            let found = match look_through(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                found => found.map_err(|source| BlobError::Io {
                    step: "read",
                    path,
                    source,
                })?,
            };
            let (file, length, found) = found;
            if found != hash {
                return Err(BlobError::Damaged {
                    project,
                    hash,
                    found,
                });
            }
            Ok(Some((file, length)))
        });
        looked.await.map_err(|source| BlobError::Io {
            step: "read",
            path: self.dir.clone(),
            source: source.into(),
        })?
    }

    /// The blob with this hash; none if it is not there.
    pub async fn get(
        &self,
        project: ProjectId,
        hash: BlobHash,
    ) -> Result<Option<Bytes>, BlobError> {
        let key = key(project, hash);
        let result = match self.store.get(&key).await {
            Ok(result) => result,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(store_error("open", &key)(source)),
        };
        let bytes = result.bytes().await.map_err(store_error("read", &key))?;
        let found = BlobHash::of(&bytes);
        if found != hash {
            return Err(BlobError::Damaged {
                project,
                hash,
                found,
            });
        }
        Ok(Some(bytes))
    }
}

/// The file from its beginning, its length, and what its bytes hash to.
fn look_through(path: &Path) -> std::io::Result<(File, u64, BlobHash)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut step = vec![0; LOOK_BYTES];
    let mut length = 0;
    loop {
        let read = file.read(&mut step)?;
        if read == 0 {
            break;
        }
        length += read as u64;
        hash.update(&step[..read]);
    }
    file.rewind()?;
    Ok((file, length, BlobHash(hash.finalize().into())))
}

fn key(project: ProjectId, hash: BlobHash) -> StorePath {
    StorePath::from(format!("{project}/{hash}"))
}

fn store_error(
    step: &'static str,
    key: &StorePath,
) -> impl FnOnce(object_store::Error) -> BlobError + use<> {
    let key = key.to_string();
    move |source| BlobError::Store { step, key, source }
}

/// Says when it was put.
fn stamp(path: &Path, stamp_ns: i64) -> Result<(), BlobError> {
    let time = UNIX_EPOCH + Duration::from_nanos(stamp_ns.max(0).unsigned_abs());
    File::open(path)
        .and_then(|file| file.set_modified(time))
        .map_err(|source| BlobError::Io {
            step: "set the time of",
            path: path.to_owned(),
            source,
        })
}

fn sync(path: &Path) -> Result<(), BlobError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|source| BlobError::Io {
            step: "sync",
            path: path.to_owned(),
            source,
        })
}
