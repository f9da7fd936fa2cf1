//! The log's stream turned into the read model: fingerprints, issues, search, Parquet.

pub mod grouping;
mod issues;
pub mod title;
