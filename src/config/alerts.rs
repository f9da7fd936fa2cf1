//! `alerts.*`: when mails are held back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `alerts.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct AlertsConfig {
    /// At most one mail an issue in this time; a regression meanwhile is told when it ends.
    pub mail_interval_s: u64,
    /// Mails of any hour; what goes beyond is told in digests.
    pub mails_per_hour_max: usize,
    /// How long a digest gathers before it is sent.
    pub digest_wait_s: u64,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            mail_interval_s: 3600,
            mails_per_hour_max: 20,
            digest_wait_s: 600,
        }
    }
}
