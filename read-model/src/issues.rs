//! Issues: a SQLite database (WAL) with what lists, details, statistics and live
//! streams show. One writer, many readers; the writer stores the position it has
//! reached in the transaction that brought it there.

pub mod reader;
pub mod schema;
pub mod writer;

pub use writer::IssueWriter;
