//! Where the two logs are, below `data/log`.

use std::path::{Path, PathBuf};

use crate::error::WhichLog;

/// Folder of the events log, below `LogConfig::dir`.
const EVENTS_DIR: &str = "events";
/// Folder of the control log, below `LogConfig::dir`.
const CONTROL_DIR: &str = "control";

/// The folder of one of the logs below `dir`.
pub(crate) fn log_dir(dir: &Path, log: WhichLog) -> PathBuf {
    dir.join(match log {
        WhichLog::Events => EVENTS_DIR,
        WhichLog::Control => CONTROL_DIR,
    })
}
