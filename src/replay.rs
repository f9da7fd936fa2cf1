//! `errata replay`: the read model rebuilt from the logs as a new generation, which
//! then becomes the current one. Refused while a projector holds the lock.

use std::io::Write;

use anyhow::{Context, Result};
use event_log::LogReader;
use projector::ProjectorConfig;

use crate::config::Config;

/// Rebuilds and reports.
pub(crate) fn run(config: &Config, accept_loss: bool) -> Result<()> {
    let reader =
        LogReader::open_read_only(&config.data_dir.join("log")).context("open the logs")?;
    let mut projector_config = ProjectorConfig::new(&config.data_dir);
    projector_config.cold = config.cold_place();
    let replay = if accept_loss {
        projector::replay_accepting_loss
    } else {
        projector::replay
    };
    let report = replay(&projector_config, &reader).context("replay")?;
    writeln!(std::io::stdout(), "{report}").context("write to standard output")
}
