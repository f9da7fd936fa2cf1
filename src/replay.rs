//! `errata replay`: the read model rebuilt from the logs as a new generation, which
//! then becomes the current one. Refused while a projector holds the lock.

use std::io::Write;

use anyhow::{Context, Result};
use event_log::LogReader;
use projector::ProjectorConfig;

use crate::config::Config;

/// Rebuilds and reports.
pub(crate) fn run(config: &Config) -> Result<()> {
    let reader =
        LogReader::open_read_only(&config.data_dir.join("log")).context("open the logs")?;
    let report =
        projector::replay(&ProjectorConfig::new(&config.data_dir), &reader).context("replay")?;
    writeln!(std::io::stdout(), "{report}").context("write to standard output")
}
