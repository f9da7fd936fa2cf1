//! Writes cold files.
//!
//! To a folder a file is streamed under a temporary name, synced, renamed, and its folder synced: `object_store` does
//! not sync local files, so this does. To a bucket it is a multipart upload under its final name, which appears whole
//! or not at all. The same file written again replaces itself. Memory per open file is bounded by [`BATCH_BYTES_MAX`]
//! of rows, the row group at hand compressed, and one part. Blocks the calling thread.

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
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, Encoding, ZstdLevel},
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};

use super::{
    columns::Columns,
    home::{ColdHome, WRITING, store_error},
    names::{ColdFile, EVENTS, REGROUPED},
    schema::{SCHEMA_VERSION, schema},
};
use crate::{ReadModelError, issues::batch::Headline, layout::sync_dir};

/// Rows handed to Parquet at once.
const BATCH_ROWS_MAX: usize = 4096;
/// Bytes of bodies handed to Parquet at once.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Size at which a row group ends, compressed bytes: what a reader holds at once.
const ROW_GROUP_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of one part of an upload; S3's least is 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of a page of bodies before compression.
const BODY_PAGE_BYTES: usize = 256 * 1024;
/// zstd level: past it, time grows faster than files shrink.
const ZSTD_LEVEL: i32 = 3;
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
        let parquet = ArrowWriter::try_new(Vec::new(), Arc::new(schema()), Some(properties()))
            .map_err(parquet_error("begin", &path))?;
        Ok(ColdFileWriter {
            cold: self,
            path,
            written,
            upload,
            is_whole: false,
            parquet,
            columns: Columns::all(),
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
    parquet: ArrowWriter<Vec<u8>>,
    columns: Columns,
}

impl std::fmt::Debug for ColdFileWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ColdFileWriter").field(&self.path).finish()
    }
}

impl ColdFileWriter<'_> {
    /// Adds an event.
    pub fn push(&mut self, row: &ColdRow<'_>) -> Result<(), ReadModelError> {
        self.columns.push(row);
        if self.columns.rows() >= BATCH_ROWS_MAX || self.columns.bytes() >= BATCH_BYTES_MAX {
            self.write_batch()?;
        }
        Ok(())
    }

    /// Makes the file durable under its final name.
    pub fn finish(mut self) -> Result<(), ReadModelError> {
        self.write_batch()?;
        let fail = parquet_error("end", &self.path);
        self.parquet.finish().map_err(fail)?;
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

    fn write_batch(&mut self) -> Result<(), ReadModelError> {
        if self.columns.rows() == 0 {
            return Ok(());
        }
        let batch = self.columns.take();
        let fail = parquet_error("write", &self.path);
        let write = |parquet: &mut ArrowWriter<Vec<u8>>| {
            parquet.write(&batch?)?;
            if parquet.in_progress_size() >= ROW_GROUP_BYTES {
                parquet.flush()?;
            }
            Ok(())
        };
        write(&mut self.parquet).map_err(fail)?;
        self.upload_parts(PART_BYTES)
    }

    /// Hands on what Parquet has put out, which counts its offsets itself: in parts of [`PART_BYTES`], the last one
    /// of at least `least`. Some stores want all parts but the last to be of one size.
    fn upload_parts(&mut self, least: usize) -> Result<(), ReadModelError> {
        let mut bytes = Bytes::from(std::mem::take(self.parquet.inner_mut()));
        while bytes.len() >= least.max(1) {
            let part = bytes.split_to(bytes.len().min(PART_BYTES));
            let sent = self.upload.put_part(PutPayload::from(part));
            self.cold
                .0
                .wait(sent)
                .map_err(store_error("write", &self.written))?;
        }
        self.parquet.inner_mut().extend_from_slice(&bytes);
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

fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).expect("a constant between 1 and 22");
    let plain = |name: &str| ColumnPath::from(name);
    WriterProperties::builder()
        .set_created_by(concat!("errata ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(None)
        .set_key_value_metadata(Some(vec![KeyValue::new(
            "errata.schema_version".to_owned(),
            SCHEMA_VERSION.to_string(),
        )]))
        // Distinct in every row: a dictionary would be the column once more.
        .set_column_dictionary_enabled(plain("event_id"), false)
        .set_column_dictionary_enabled(plain("body"), false)
        .set_column_statistics_enabled(plain("body"), EnabledStatistics::None)
        // What one event is read with: pages of bodies are small, for each is unpacked whole.
        .set_column_data_page_size_limit(plain("body"), BODY_PAGE_BYTES)
        // An event is found by its id in files that nothing else tells of.
        .set_column_bloom_filter_enabled(plain("event_id"), true)
        .set_column_dictionary_enabled(plain("position"), false)
        .set_column_encoding(plain("position"), Encoding::DELTA_BINARY_PACKED)
        .build()
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
