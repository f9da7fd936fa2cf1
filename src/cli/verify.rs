//! The command line of comparisons: the read model beside a replay, a backup beside what it is of.

use std::path::PathBuf;

use clap::Args;

use super::{BackupKey, BackupTarget};

/// `errata verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Name at most so many rows that differ; all are counted
    #[arg(long, value_name = "ROWS", default_value_t = 20)]
    pub differences: usize,
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
