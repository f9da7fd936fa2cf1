//! The reader side of the issue database.
