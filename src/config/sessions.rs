//! `sessions.*`: how long people stay signed in.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::retention::duration;

/// `sessions.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct SessionsConfig {
    /// People who did nothing for so long sign in again: `14d`, `12h`, `30m`; empty: only
    /// after 30 days, when every session ends. The same for every role.
    pub idle: String,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            idle: "14d".to_owned(),
        }
    }
}

impl SessionsConfig {
    /// In nanoseconds.
    pub(crate) fn idle_ns(&self) -> Result<i64> {
        let idle = duration("sessions.idle", &self.idle)?;
        Ok(idle.map_or(i64::MAX, |idle| {
            i64::try_from(idle.as_nanos()).unwrap_or(i64::MAX)
        }))
    }
}
