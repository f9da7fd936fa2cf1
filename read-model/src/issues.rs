//! Issues: a SQLite database (WAL) with what lists, details, statistics and live
//! streams show. One writer, many readers; the writer stores the position it has
//! reached in the transaction that brought it there.

pub mod batch;
pub mod compare;
pub mod health;
pub mod moves;
pub mod notes;
pub mod numbers;
pub mod reader;
pub mod schema;
pub mod sketch;
mod statements;
pub mod writer;

pub use batch::IssueBatch;
pub use writer::IssueWriter;
