//! Writes cold files.
//!
//! A file is streamed to a temporary name, synced, renamed, and its folder synced:
//! `object_store` does not sync local files, so this does. Memory per open file is
//! bounded by [`BATCH_BYTES_MAX`] of rows, the row group at hand compressed, and
//! one part. Blocks the calling thread.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use event_model::{Fingerprint, Position, head::WholeHead};
use object_store::{
    MultipartUpload, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as ObjectPath,
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
use tokio::runtime::Runtime;

use super::{
    columns::Columns,
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
/// zstd level: past it, time grows faster than files shrink.
const ZSTD_LEVEL: i32 = 3;
/// Ends the name of a file that is not whole yet.
const TEMPORARY: &str = ".tmp";
/// The folder of days, below the root.
pub(super) const EVENTS: &str = "events";

/// Beside it: the number of the last command that grouped events anew of which files know.
const REGROUPED: &str = "regrouped";

/// Where cold files are.
pub struct ColdStore {
    root: PathBuf,
    store: Arc<LocalFileSystem>,
    runtime: Runtime,
}

impl std::fmt::Debug for ColdStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ColdStore")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// A file's name: of which day, cut from which segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColdFile {
    /// The segment's last record.
    pub last: Position,
    /// The segment's first record.
    pub first: Position,
    /// Day of receipt, UTC, "YYYY-MM-DD".
    pub date: String,
}

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

impl ColdFile {
    fn path(&self) -> ObjectPath {
        let (partition, first, last) = (
            self.first.partition(),
            self.first.sequence(),
            self.last.sequence(),
        );
        let name = format!("{partition:05}-{first:015}-{last:015}.parquet");
        ObjectPath::from_iter([EVENTS, &format!("date={}", self.date), &name])
    }

    /// From a file's path, of which the day's folder and the name tell; none if it is no whole file.
    pub fn parse(path: &Path) -> Option<Self> {
        let folder = path.parent()?.file_name()?.to_str()?;
        let date = folder.strip_prefix("date=")?.to_owned();
        let name = path.file_name()?.to_str()?.strip_suffix(".parquet")?;
        let mut numbers = name.split('-');
        let partition: u16 = numbers.next()?.parse().ok()?;
        let first: u64 = numbers.next()?.parse().ok()?;
        let last: u64 = numbers.next()?.parse().ok()?;
        Some(Self {
            last: Position::new(partition, last),
            first: Position::new(partition, first),
            date,
        })
    }
}

impl ColdStore {
    /// Opens `root` (`data/cold`), creates it if missing, and removes what a crash
    /// left half written.
    pub fn open(root: &Path) -> Result<Self, ReadModelError> {
        let events = root.join(EVENTS);
        fs::create_dir_all(&events).map_err(ReadModelError::io("create", &events))?;
        let store = LocalFileSystem::new_with_prefix(root)
            .map_err(store_error("open", &ObjectPath::default()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ReadModelError::io("start the runtime for", root))?;
        let store = Self {
            root: root.to_owned(),
            store: Arc::new(store),
            runtime,
        };
        for path in store.paths()? {
            // Ours end in ".tmp", those of `object_store` in ".tmp#<number>".
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.contains(".parquet.tmp") {
                fs::remove_file(&path).map_err(ReadModelError::io("remove", &path))?;
            }
        }
        Ok(store)
    }

    /// The files that are whole, oldest segment first.
    pub fn files(&self) -> Result<Vec<ColdFile>, ReadModelError> {
        let paths = self.paths()?;
        let mut files: Vec<ColdFile> = paths.iter().filter_map(|p| ColdFile::parse(p)).collect();
        files.sort();
        Ok(files)
    }

    /// The number of the last command that grouped events anew of which the files know.
    pub fn regrouped(&self) -> Result<u64, ReadModelError> {
        let path = self.root.join(REGROUPED);
        match fs::read_to_string(&path) {
            // Torn by a power cut: all of them once more.
            Ok(text) => Ok(text.trim().parse().unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(ReadModelError::io("read", path)(error)),
        }
    }

    /// Notes that the files know of the command of this number.
    pub fn set_regrouped(&self, number: u64) -> Result<(), ReadModelError> {
        let path = self.root.join(REGROUPED);
        let new = self.root.join("regrouped.new");
        File::create(&new)
            .and_then(|mut file| {
                writeln!(file, "{number}")?;
                file.sync_data()
            })
            .map_err(ReadModelError::io("write", &new))?;
        fs::rename(&new, &path).map_err(ReadModelError::io("rename", &path))
    }

    /// Begins a file; one of the same name is replaced at the end.
    pub fn create(&self, file: &ColdFile) -> Result<ColdFileWriter<'_>, ReadModelError> {
        let path = file.path();
        let temporary = ObjectPath::from(format!("{path}{TEMPORARY}"));
        let upload = self
            .runtime
            .block_on(self.store.put_multipart(&temporary))
            .map_err(store_error("create", &temporary))?;
        let schema = Arc::new(schema());
        let parquet = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties()))
            .map_err(parquet_error("begin", &path))?;
        Ok(ColdFileWriter {
            cold: self,
            path,
            temporary,
            upload,
            parquet,
            columns: Columns::new(schema),
        })
    }

    fn paths(&self) -> Result<Vec<PathBuf>, ReadModelError> {
        let mut paths = Vec::new();
        let events = self.root.join(EVENTS);
        for day in list(&events)? {
            if day.is_dir() {
                paths.extend(list(&day)?);
            }
        }
        Ok(paths)
    }
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
    temporary: ObjectPath,
    upload: Box<dyn MultipartUpload>,
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
        self.upload_part()?;
        let cold = self.cold;
        cold.runtime
            .block_on(self.upload.complete())
            .map_err(store_error("write", &self.temporary))?;
        let written = cold
            .store
            .path_to_filesystem(&self.temporary)
            .map_err(store_error("locate", &self.temporary))?;
        File::open(&written)
            .and_then(|file| file.sync_all())
            .map_err(ReadModelError::io("sync", &written))?;
        cold.runtime
            .block_on(cold.store.rename(&self.temporary, &self.path))
            .map_err(store_error("rename", &self.path))?;
        // The file's name in its day, then the day's name.
        written.parent().map_or(Ok(()), sync_dir)?;
        sync_dir(&cold.root.join(EVENTS))
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
        if self.parquet.inner().len() >= PART_BYTES {
            self.upload_part()?;
        }
        Ok(())
    }

    /// Hands on what Parquet has put out; it counts its offsets itself.
    fn upload_part(&mut self) -> Result<(), ReadModelError> {
        let bytes = std::mem::take(self.parquet.inner_mut());
        let part = self.upload.put_part(PutPayload::from(bytes));
        self.cold
            .runtime
            .block_on(part)
            .map_err(store_error("write", &self.temporary))
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
        .set_column_dictionary_enabled(plain("position"), false)
        .set_column_encoding(plain("position"), Encoding::DELTA_BINARY_PACKED)
        .build()
}

fn store_error(
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

fn parquet_error(
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
