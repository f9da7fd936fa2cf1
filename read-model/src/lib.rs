//! The read model: what the projector derives from the logs, as files.
//!
//! Owns the schema, with one writer and one reader side each for [`issues`]
//! (SQLite), [`search`] (tantivy) and [`cold`] (Parquet), the [`layout`] they lie in,
//! the form in which texts are compared ([`fold`]), sketches that count ([`distinct`]), and the [`checkpoint`] of the
//! issues that outlives dropped events. Invariant: each part stores the position it
//! has reached together with what it stores there, and all but the checkpoints can be
//! thrown away and rebuilt. Must not know how its content is computed.

pub mod checkpoint;
pub mod cold;
pub mod distinct;
pub mod error;
pub mod fold;
pub mod issues;
pub mod layout;
pub mod search;

pub use checkpoint::{Checkpoints, copy_database};
pub use distinct::Distinct;
pub use error::ReadModelError;
pub use layout::{Generation, WriterLock};
