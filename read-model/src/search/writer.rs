//! The writer side of the search indexes.
