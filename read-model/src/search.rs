//! Search: one tantivy index a UTC day of receipt, each event a document that
//! names its place in the log and is found by all that it says; whatever is shown is read
//! from there. What a stack says is in an index of stacks, once for all its events
//! ([`stacks`]).
//!
//! Layout of a generation's `search` folder: `<YYYY-MM-DD>/` (an index), `stacks/` (another) and
//! `position` (text: the packed position up to which every day is committed).
//! Invariant: each day's newest commit carries the position it has reached as its
//! payload (decimal), never below the `position` file's; so a crash between the
//! commits of two days costs nothing and doubles nothing.

mod numbers;
pub mod reader;
pub mod schema;
pub mod stacks;
mod terms;
pub mod tokens;
pub mod writer;

pub use schema::{SearchSchema, TextPart};
pub use stacks::StackDocument;
pub use writer::{SearchDocument, SearchWriter};
