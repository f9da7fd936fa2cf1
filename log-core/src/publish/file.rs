//! The file of the publication page: made whole before it has its name, checked before it is mapped.
//!
//! Invariant: a file of this name was written in full and synced before, so that its block is on disk and a store
//! into the mapping needs no new one: a full disk refuses none. It is never made shorter and its first 128 bytes never change.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{PAGE_BYTES, Words};
use crate::error::PageError;
use crate::mmap::PageMap;

/// Name of the page in the log's directory.
pub(super) const NAME: &str = "published";
const TEMPORARY_NAME: &str = "published.tmp";
const MAGIC: [u8; 8] = *b"ERRATPUB";
/// Version of the layout in the module docs of `publish`.
pub(super) const VERSION: u32 = 1;
/// Bytes under the CRC, which follows them.
const CHECKED_BYTES: usize = 32;
const STATIC_BYTES: usize = CHECKED_BYTES + 4;

/// A mapped page file.
#[derive(Debug)]
pub(super) struct PageFile {
    path: PathBuf,
    map: PageMap,
    /// Device and inode: what tells this file from another one of the same name.
    identity: (u64, u64),
}

impl PageFile {
    /// The file that is there, for writing, when it is a valid one of this log.
    pub(super) fn reuse(dir: &Path, log_id: &[u8; 16]) -> Result<Option<Self>, PageError> {
        match Self::open(dir, log_id, true) {
            Ok(page) => Ok(Some(page)),
            Err(error @ PageError::Io { .. }) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// A new file, in place of what is there.
    pub(super) fn make(dir: &Path, log_id: &[u8; 16]) -> Result<Self, PageError> {
        let temporary = dir.join(TEMPORARY_NAME);
        let path = dir.join(NAME);
        let mut page = vec![0; PAGE_BYTES];
        page[..STATIC_BYTES].copy_from_slice(&encode(log_id));
        let file = File::create(&temporary).map_err(failed("create", &temporary))?;
        file.write_all_at(&page, 0)
            .map_err(failed("write", &temporary))?;
        file.sync_all().map_err(failed("sync", &temporary))?;
        fs::rename(&temporary, &path).map_err(failed("rename to", &path))?;
        // Its name need not survive a power cut: the next writer makes another one.
        Self::open(dir, log_id, true)
    }

    /// The file that is there, for reading.
    pub(super) fn follow(dir: &Path, log_id: &[u8; 16]) -> Result<Self, PageError> {
        Self::open(dir, log_id, false)
    }

    fn open(dir: &Path, log_id: &[u8; 16], writable: bool) -> Result<Self, PageError> {
        let path = dir.join(NAME);
        let file = match OpenOptions::new().read(true).write(writable).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(PageError::Missing { path });
            }
            Err(error) => return Err(failed("open", &path)(error)),
        };
        let metadata = file.metadata().map_err(failed("look at", &path))?;
        if metadata.len() != PAGE_BYTES as u64 {
            return Err(PageError::Length {
                path,
                bytes: metadata.len(),
            });
        }
        let mut bytes = [0; STATIC_BYTES];
        file.read_exact_at(&mut bytes, 0)
            .map_err(failed("read", &path))?;
        check(&bytes, log_id, &path)?;
        let map = PageMap::new(&file, writable).map_err(failed("map", &path))?;
        Ok(Self {
            path,
            map,
            identity: (metadata.dev(), metadata.ino()),
        })
    }

    pub(super) fn words(&self) -> &Words {
        self.map.words()
    }

    /// Whether the file system has refused a store.
    pub(super) fn is_cut_off(&self) -> bool {
        self.map.is_cut_off()
    }

    /// Whether the name still leads to this file; an inode is not given to another file while it is mapped.
    pub(super) fn is_current(&self) -> bool {
        fs::metadata(&self.path)
            .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == self.identity)
    }
}

fn failed<'a>(step: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> PageError + 'a {
    move |source| PageError::Io {
        step,
        path: path.to_path_buf(),
        source,
    }
}

fn encode(log_id: &[u8; 16]) -> [u8; STATIC_BYTES] {
    let mut bytes = [0; STATIC_BYTES];
    bytes[0..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..32].copy_from_slice(log_id);
    let crc = crc32fast::hash(&bytes[..CHECKED_BYTES]);
    bytes[CHECKED_BYTES..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn check(bytes: &[u8; STATIC_BYTES], log_id: &[u8; 16], path: &Path) -> Result<(), PageError> {
    let path = || path.to_path_buf();
    let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|index| bytes[at + index]));
    if bytes[0..8] != MAGIC || word(CHECKED_BYTES) != crc32fast::hash(&bytes[..CHECKED_BYTES]) {
        return Err(PageError::Damaged { path: path() });
    }
    if word(8) != VERSION {
        return Err(PageError::Version {
            path: path(),
            found: word(8),
        });
    }
    if bytes[16..32] != log_id[..] {
        return Err(PageError::Foreign { path: path() });
    }
    Ok(())
}
