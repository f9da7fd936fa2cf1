//! `errata export`.

use clap::{Args, ValueEnum};

/// `errata export`
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Which events, in the search language [default: all]
    #[arg(value_name = "QUERY", default_value = "")]
    pub query: String,
    /// The form of the file
    #[arg(long, value_enum, default_value_t = ExportForm::Jsonl)]
    pub format: ExportForm,
    /// Of one project
    #[arg(long, value_name = "NUMBER")]
    pub project: Option<u32>,
    /// Of one issue
    #[arg(long, value_name = "ID")]
    pub issue: Option<String>,
    /// That happened from then on: RFC 3339, or Unix seconds
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// That happened before then
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Oldest first
    #[arg(long)]
    pub ascending: bool,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportForm {
    /// A JSON document a line
    Jsonl,
    /// With a line of names
    Csv,
    /// Apache Parquet
    Parquet,
}
