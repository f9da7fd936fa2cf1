//! `errata replay`: the read model rebuilt from the logs as a new generation, which
//! then becomes the current one. Refused while a projector holds the lock.

use std::io::Write;

use anyhow::{Context, Result};

use crate::{config::Config, serve};

/// Rebuilds and reports.
pub fn run(config: &Config) -> Result<()> {
    let report = projector::replay(&config.data_dir.join("log"), &serve::paths(config)).context("replay")?;
    writeln!(std::io::stdout(), "{report}").context("write to standard output")
}
