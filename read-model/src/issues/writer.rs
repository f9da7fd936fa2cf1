//! The writer side of the issue database.

/// The one writer.
#[derive(Debug)]
pub struct IssueWriter;
