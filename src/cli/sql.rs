//! `errata sql`.

use clap::{Args, ValueEnum};

/// `errata sql`
#[derive(Debug, Args)]
pub(crate) struct SqlQuery {
    /// One statement that reads; -: standard input
    #[arg(value_name = "QUERY")]
    pub query: String,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = SqlForm::Table)]
    pub format: SqlForm,
    /// At most so many rows [default: 1000 in a table, else as many as the server gives]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<u32>,
    /// What stands for $1, $2, … in the query: numbers, true, false and null, else texts
    #[arg(long = "parameter", short = 'p', value_name = "VALUE")]
    pub parameters: Vec<String>,
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SqlForm {
    /// For people
    Table,
    /// One document: columns, rows
    Json,
    /// With a line of names
    Csv,
}
