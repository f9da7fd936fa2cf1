//! A Parquet file as it comes into being, to be taken away in pieces: what becomes of them is whoever takes them.
//!
//! Invariant: the pieces in order are one file of [`schema`](super::schema::schema), whole once [`Pieces::end`] was
//! called. Memory is bounded by [`BATCH_BYTES_MAX`] of rows, the row group at hand compressed, and what was not taken.

use std::sync::Arc;

use object_store::path::Path as ObjectPath;
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
    schema::{SCHEMA_VERSION, schema},
    writer::{ColdRow, parquet_error},
};
use crate::ReadModelError;

/// Rows handed to Parquet at once.
const BATCH_ROWS_MAX: usize = 4096;
/// Bytes of bodies handed to Parquet at once.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Size at which a row group ends, compressed bytes: what a reader holds at once.
const ROW_GROUP_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of a page of bodies before compression.
const BODY_PAGE_BYTES: usize = 256 * 1024;
/// zstd level: past it, time grows faster than files shrink.
const ZSTD_LEVEL: i32 = 3;

/// See the module.
pub struct Pieces {
    /// What errors name.
    path: ObjectPath,
    parquet: ArrowWriter<Vec<u8>>,
    columns: Columns,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pieces").field(&self.path).finish()
    }
}

impl Pieces {
    /// Begins a file; errors call it `name`.
    pub fn new(name: &str) -> Result<Self, ReadModelError> {
        let path = ObjectPath::from(name);
        let parquet = ArrowWriter::try_new(Vec::new(), Arc::new(schema()), Some(properties()))
            .map_err(parquet_error("begin", &path))?;
        Ok(Self {
            path,
            parquet,
            columns: Columns::all(),
        })
    }

    /// Adds an event.
    pub fn push(&mut self, row: &ColdRow<'_>) -> Result<(), ReadModelError> {
        self.columns.push(row);
        if self.columns.rows() >= BATCH_ROWS_MAX || self.columns.bytes() >= BATCH_BYTES_MAX {
            self.write_batch()?;
        }
        Ok(())
    }

    /// Puts out all that is left. Nothing is added after.
    pub fn end(&mut self) -> Result<(), ReadModelError> {
        self.write_batch()?;
        let fail = parquet_error("end", &self.path);
        self.parquet.finish().map_err(fail)?;
        Ok(())
    }

    /// What was put out and not taken. Parquet counts its offsets itself.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.out())
    }

    /// The same, in place: what is taken from its beginning is taken.
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        self.parquet.inner_mut()
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
        write(&mut self.parquet).map_err(fail)
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
