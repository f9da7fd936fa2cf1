//! The reader side of the search indexes.
