//! The command line of comparisons: the read model beside a replay, a backup beside what it is of.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{BackupKey, BackupTarget};

/// `errata verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// What to compare: issues with a replay, search and cold files with the log; may be repeated [default: all]
    #[arg(long = "part", value_name = "PART")]
    pub parts: Vec<Part>,
    /// Name at most so many rows that differ; all are counted
    #[arg(long, value_name = "ROWS", default_value_t = 20)]
    pub differences: usize,
}

/// What is derived from the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The database of issues.
    Issues,
    /// The search index.
    Search,
    /// The Parquet files.
    Cold,
}

impl Verify {
    /// Whether a part is asked for.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}

/// `errata backup drill`
#[derive(Debug, Args)]
pub(crate) struct BackupDrill {
    #[command(flatten)]
    pub target: BackupTarget,
    /// Its id [default: the newest]
    #[arg(long, value_name = "ID")]
    pub backup: Option<String>,
    #[command(flatten)]
    pub key: BackupKey,
    /// Restore into this directory, and leave it there [default: one beside the data directory, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Name at most so many rows that differ; all are counted
    #[arg(long, value_name = "ROWS", default_value_t = 20)]
    pub differences: usize,
}
