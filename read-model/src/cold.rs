//! Cold: every event, whole, as Parquet files by day of receipt, for DuckDB, Spark,
//! ClickHouse and others, and for what the log no longer has. docs/formats/parquet.md is
//! the schema's public description.
//!
//! Layout below the root (`data/cold`, or what `cold.url` names):
//! `events/date=YYYY-MM-DD/<partition>-<first>-<last>.parquet`, where first and last
//! are the sequence numbers of the log segment the file was cut from. Invariant: a
//! file under its final name is whole and durable, and holds exactly the events of
//! that segment received on that day. What has been exported is told by the names
//! alone.

pub mod columns;
mod home;
mod kept;
mod names;
mod pieces;
mod reader;
mod rows;
pub mod schema;
pub mod writer;

pub use home::{ColdDay, ColdHome, Listed, READING, WRITING, days};
pub use kept::{DayKept, Kept};
pub use names::ColdFile;
pub use object_place::Place;
pub use pieces::Pieces;
pub use reader::{ColdReader, Found, Wanted};
pub use rows::ColdEvent;
pub use writer::{ColdFileWriter, ColdRow, ColdStore};
