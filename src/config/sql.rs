//! `sql.*`: what queries in SQL may take.

use std::time::Duration;

use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sql_engine::SqlConfig;

const MIB: u64 = 1024 * 1024;
/// Less, and even small sorts are refused.
const MEMORY_BYTES_MIN: u64 = 16 * MIB;

/// `sql.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct SqlSection {
    /// What all queries in SQL may hold at once, at least 16 MiB; one may hold half of it.
    pub memory_bytes: u64,
    /// Queries at once; others wait 5 s for a turn, then 503.
    pub queries_max: u32,
    /// Longest time of a query in seconds, its answer's way included.
    pub seconds_max: u32,
    /// Rows of an answer in JSON; what is more is left out, and said so.
    pub rows_max: u32,
    /// Rows of an answer in CSV or as Arrow; one that has more is broken off.
    pub stream_rows_max: u32,
}

impl Default for SqlSection {
    fn default() -> Self {
        Self {
            memory_bytes: 256 * MIB,
            queries_max: 4,
            seconds_max: 30,
            rows_max: 100_000,
            stream_rows_max: 10_000_000,
        }
    }
}

impl SqlSection {
    /// As the engine takes it.
    pub(crate) fn bounds(&self) -> Result<SqlConfig> {
        if self.memory_bytes < MEMORY_BYTES_MIN {
            bail!(
                "sql.memory_bytes {} must be at least {MEMORY_BYTES_MIN}",
                self.memory_bytes
            );
        }
        for (key, value) in [
            ("sql.queries_max", self.queries_max),
            ("sql.seconds_max", self.seconds_max),
            ("sql.rows_max", self.rows_max),
            ("sql.stream_rows_max", self.stream_rows_max),
        ] {
            if value == 0 {
                bail!("{key} must be at least 1");
            }
        }
        Ok(SqlConfig {
            memory_bytes: usize::try_from(self.memory_bytes).unwrap_or(usize::MAX),
            queries_max: self.queries_max as usize,
            time_max: Duration::from_secs(self.seconds_max.into()),
            rows_max: self.rows_max as usize,
            stream_rows_max: self.stream_rows_max as usize,
        })
    }
}
