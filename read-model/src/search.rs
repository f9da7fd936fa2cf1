//! Search: one tantivy index a UTC day of receipt, each event a document that
//! names its place in the log and little else; whatever is shown is read from
//! there.
//!
//! Layout of a generation's `search` folder: `<YYYY-MM-DD>/` (an index) and
//! `position` (text: the packed position up to which every day is committed).
//! Invariant: each day's newest commit carries the position it has reached as its
//! payload (decimal), never below the `position` file's; so a crash between the
//! commits of two days costs nothing and doubles nothing.

pub mod reader;
pub mod schema;
pub mod writer;

pub use schema::SearchSchema;
pub use writer::{SearchDocument, SearchWriter};
