//! Cold: every event, whole, as Parquet files by day of receipt, for DuckDB, Spark,
//! ClickHouse and others. docs/formats/parquet.md is the schema's public
//! description.
//!
//! Layout below the root (`data/cold`):
//! `events/date=YYYY-MM-DD/<partition>-<first>-<last>.parquet`, where first and last
//! are the sequence numbers of the log segment the file was cut from. Invariant: a
//! file under its final name is whole and durable, and holds exactly the events of
//! that segment received on that day. What has been exported is told by the names
//! alone.

mod columns;
pub mod folder;
pub mod schema;
pub mod writer;

pub use writer::{ColdFile, ColdFileWriter, ColdRow, ColdStore};
