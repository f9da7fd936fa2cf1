//! Writes cold files.
//!
//! To a folder a file is streamed under a temporary name, synced, renamed, and its folder synced: `object_store` does
//! not sync local files, so this does. To a bucket it is a multipart upload under its final name, which appears whole
//! or not at all. The same file written again replaces itself. Memory per open file is bounded by what [`Pieces`]
//! holds and one part. Blocks the calling thread.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use event_model::{Fingerprint, Position, head::WholeHead};
use object_place::Place;
use object_store::{
    MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, path::Path as ObjectPath,
};

use super::{
    home::{ColdHome, WRITING, store_error},
    names::{ColdFile, EVENTS, REGROUPED},
    pieces::Pieces,
};
use crate::{ReadModelError, issues::batch::Headline, layout::sync_dir};

/// Bytes of one part of an upload; S3's least is 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Ends the name of a file that is not whole yet.
const TEMPORARY: &str = ".tmp";
/// Where cold files are written.
#[derive(Debug)]
pub struct ColdStore(ColdHome);

/// One event.
#[derive(Clone, Copy)]
pub struct ColdRow<'a> {
    /// Where it is in the log.
    pub position: Position,
    /// Its head.
    pub head: WholeHead<'a>,
    /// What grouping made of it.
    pub fingerprint: Fingerprint,
    /// How its issue would be shown.
    pub headline: &'a Headline,
    /// The JSON document.
    pub body: &'a [u8],
}

impl ColdStore {
    /// Opens the place, by default the folder `data/cold`, which is made if it is missing, and removes what a crash
    /// left half written.
    pub fn open(place: &Place) -> Result<Self, ReadModelError> {
        let home = ColdHome::open(place, WRITING)?;
        if let Some(folder) = home.folder() {
            let events = folder.join(EVENTS);
            fs::create_dir_all(&events).map_err(ReadModelError::io("create", &events))?;
            for path in paths(&events)? {
                // Ours end in ".tmp", those of `object_store` in ".tmp#<number>".
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.contains(".parquet.tmp") {
                    fs::remove_file(&path).map_err(ReadModelError::io("remove", &path))?;
                }
            }
        }
        Ok(Self(home))
    }

    /// The files that are whole, oldest segment first.
    pub fn files(&self) -> Result<Vec<ColdFile>, ReadModelError> {
        let listed = self.0.list()?;
        Ok(listed.into_iter().map(|listed| listed.file).collect())
    }

    /// See [`ColdHome::regrouped`].
    pub fn regrouped(&self) -> Result<u64, ReadModelError> {
        self.0.regrouped()
    }

    /// Notes that the files know of the command of this number.
    pub fn set_regrouped(&self, number: u64) -> Result<(), ReadModelError> {
        let path = ObjectPath::from(REGROUPED);
        let store = self.store()?;
        let payload = PutPayload::from(format!("{number}\n"));
        self.0
            .wait(store.put(&path, payload))
            .map_err(store_error("write", &path))?;
        match self.0.folder() {
            Some(folder) => {
                let path = folder.join(REGROUPED);
                File::open(&path)
                    .and_then(|file| file.sync_data())
                    .map_err(ReadModelError::io("sync", path))
            }
            None => Ok(()),
        }
    }

    fn store(&self) -> Result<&Arc<dyn ObjectStore>, ReadModelError> {
        self.0.store()?.ok_or_else(|| {
            let folder = self.0.folder().unwrap_or(Path::new(""));
            ReadModelError::io("open", folder)(ErrorKind::NotFound.into())
        })
    }

    /// Begins a file; one of the same name is replaced at the end.
    pub fn create(&self, file: &ColdFile) -> Result<ColdFileWriter<'_>, ReadModelError> {
        let path = file.path();
        let written = match self.0.folder() {
            Some(_) => ObjectPath::from(format!("{path}{TEMPORARY}")),
            None => path.clone(),
        };
        let upload = self
            .0
            .wait(self.store()?.put_multipart(&written))
            .map_err(store_error("create", &written))?;
        let pieces = Pieces::new(path.as_ref())?;
        Ok(ColdFileWriter {
            cold: self,
            path,
            written,
            upload,
            is_whole: false,
            pieces,
        })
    }
}

/// All files in the folders of days.
fn paths(events: &Path) -> Result<Vec<PathBuf>, ReadModelError> {
    let mut paths = Vec::new();
    for day in list(events)? {
        if day.is_dir() {
            paths.extend(list(&day)?);
        }
    }
    Ok(paths)
}

fn list(dir: &Path) -> Result<Vec<PathBuf>, ReadModelError> {
    fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
        .map_err(ReadModelError::io("list", dir))
}

/// A file being written; dropped before [`ColdFileWriter::finish`], it never was.
pub struct ColdFileWriter<'a> {
    cold: &'a ColdStore,
    path: ObjectPath,
    /// As long as it is not whole, in a folder.
    written: ObjectPath,
    upload: Box<dyn MultipartUpload>,
    is_whole: bool,
    pieces: Pieces,
}

impl std::fmt::Debug for ColdFileWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ColdFileWriter").field(&self.path).finish()
    }
}

impl ColdFileWriter<'_> {
    /// Adds an event.
    pub fn push(&mut self, row: &ColdRow<'_>) -> Result<(), ReadModelError> {
        self.pieces.push(row)?;
        self.upload_parts(PART_BYTES)
    }

    /// Makes the file durable under its final name.
    pub fn finish(mut self) -> Result<(), ReadModelError> {
        self.pieces.end()?;
        self.upload_parts(1)?;
        let home = &self.cold.0;
        home.wait(self.upload.complete())
            .map_err(store_error("write", &self.written))?;
        self.is_whole = true;
        match home.folder() {
            Some(folder) => self.put_in_place(folder),
            None => Ok(()),
        }
    }

    fn put_in_place(&self, folder: &Path) -> Result<(), ReadModelError> {
        let (written, whole) = (
            folder.join(self.written.as_ref()),
            folder.join(self.path.as_ref()),
        );
        File::open(&written)
            .and_then(|file| file.sync_all())
            .map_err(ReadModelError::io("sync", &written))?;
        fs::rename(&written, &whole).map_err(ReadModelError::io("rename", &whole))?;
        // The file's name in its day, then the day's name.
        whole.parent().map_or(Ok(()), sync_dir)?;
        sync_dir(&folder.join(EVENTS))
    }

    /// Hands on what Parquet has put out, which counts its offsets itself: in parts of [`PART_BYTES`], the last one
    /// of at least `least`. Some stores want all parts but the last to be of one size.
    fn upload_parts(&mut self, least: usize) -> Result<(), ReadModelError> {
        if self.pieces.out().len() < least.max(1) {
            return Ok(());
        }
        let mut bytes = Bytes::from(self.pieces.take());
        while bytes.len() >= least.max(1) {
            let part = bytes.split_to(bytes.len().min(PART_BYTES));
            let sent = self.upload.put_part(PutPayload::from(part));
            self.cold
                .0
                .wait(sent)
                .map_err(store_error("write", &self.written))?;
        }
        self.pieces.out().extend_from_slice(&bytes);
        Ok(())
    }
}

impl Drop for ColdFileWriter<'_> {
    fn drop(&mut self) {
        // Parts of an upload that never ends are kept, and paid for, until somebody says so.
        if !self.is_whole {
            let _ = self.cold.0.wait(self.upload.abort());
        }
    }
}

pub(super) fn parquet_error(
    action: &'static str,
    path: &ObjectPath,
) -> impl FnOnce(parquet::errors::ParquetError) -> ReadModelError + use<> {
    let path = path.to_string();
    move |source| ReadModelError::Parquet {
        action,
        path,
        source,
    }
}
