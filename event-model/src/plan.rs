//! How much may be stored in an hour: the plan of the organisation or of a project.
//!
//! Invariant: part of the stored form of decisions; a new plan is a new version of the
//! decision that holds it. Units: items of a category an hour of receipt, UTC.

use rkyv::{Archive, Deserialize, Serialize};

/// Of the free plan.
pub const FREE_EVENTS_PER_HOUR: u64 = 1_000;
/// Of the pro plan.
pub const PRO_EVENTS_PER_HOUR: u64 = 10_000;

/// How much may be stored in an hour.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Plan {
    /// No quota: a self-hosted install begins with it.
    #[default]
    Unlimited = 1,
    /// [`FREE_EVENTS_PER_HOUR`].
    Free = 2,
    /// [`PRO_EVENTS_PER_HOUR`].
    Pro = 3,
    /// So many events an hour, at least 1.
    Enterprise(u64) = 4,
}

impl Plan {
    /// Items of a category that may be stored in an hour; none: as many as come.
    pub fn events_per_hour(self) -> Option<u64> {
        match self {
            Self::Unlimited => None,
            Self::Free => Some(FREE_EVENTS_PER_HOUR),
            Self::Pro => Some(PRO_EVENTS_PER_HOUR),
            Self::Enterprise(events) => Some(events),
        }
    }

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unlimited => "unlimited",
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Enterprise(_) => "enterprise",
        }
    }
}
