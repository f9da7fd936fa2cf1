//! The command line of backups.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::BackupDrill;

/// `errata backup`
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Back up the data directory, while a server runs on it or not
    ///
    /// What the newest backup in the target has is not copied again. What was acknowledged before the start is in it.
    Create(BackupCreate),
    /// List the backups of a target: id, kind, moment, last position, bytes
    List(BackupTarget),
    /// Read a backup through; exit code 0: whole, 1: damaged, 2: could not look
    ///
    /// Every object is compared with its hash, and with the key of an encrypted one also decrypted.
    Verify(BackupVerify),
    /// Restore a backup beside, build its read model, and compare both with what is live
    ///
    /// Says how long it took. Exit code 0: equal, 1: something differs or is damaged, 2: could not look. Nothing live is changed.
    Drill(BackupDrill),
    /// Remove old backups: the newest stay, and all that they rely on
    Prune(BackupPrune),
    /// Print a new key for encrypted backups; without it nobody can restore them
    Key,
}

/// A target of backups.
#[derive(Debug, Args)]
pub(crate) struct BackupTarget {
    /// A folder, or s3://bucket/folder with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, for a store of
    /// another maker, AWS_ENDPOINT in the environment
    #[arg(value_name = "TARGET")]
    pub target: String,
}

/// The key of encrypted backups.
#[derive(Debug, Args)]
pub(crate) struct BackupKey {
    /// Encrypted, with the key in this file: what `errata backup key` prints
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// `errata backup create`
#[derive(Debug, Args)]
pub(crate) struct BackupCreate {
    #[command(flatten)]
    pub target: BackupTarget,
    /// Copy everything, and rely on no earlier backup
    #[arg(long)]
    pub full: bool,
    #[command(flatten)]
    pub key: BackupKey,
}

/// `errata backup prune`
#[derive(Debug, Args)]
pub(crate) struct BackupPrune {
    #[command(flatten)]
    pub target: BackupTarget,
    /// So many of the newest stay
    #[arg(long, value_name = "BACKUPS", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: u32,
}

/// `errata backup verify`
#[derive(Debug, Args)]
pub(crate) struct BackupVerify {
    #[command(flatten)]
    pub target: BackupTarget,
    /// Its id [default: the newest]
    #[arg(long, value_name = "ID")]
    pub backup: Option<String>,
    #[command(flatten)]
    pub key: BackupKey,
}

/// `errata restore`
#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    pub target: BackupTarget,
    /// Its id [default: the newest; for an earlier moment the oldest that has it]
    #[arg(long, value_name = "ID")]
    pub backup: Option<String>,
    /// Up to this position of the events log, which is in
    #[arg(long, value_name = "POSITION", conflicts_with = "to_time")]
    pub to_position: Option<u64>,
    /// Only what was written before this time, like 2026-11-22T10:00:00Z
    #[arg(long, value_name = "TIME")]
    pub to_time: Option<String>,
    #[command(flatten)]
    pub key: BackupKey,
}
