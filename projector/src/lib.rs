//! The log's stream turned into the read model: fingerprints, issues, search, Parquet.
//!
//! Owns: three independent consumers of the log (issues, search, cold), each a thread with
//! a position of its own. Must not know HTTP or gRPC, nor write to the logs.
//!
//! Invariant: same logs in, same read model out. What a consumer stores is a pure
//! function of the records up to its position, wherever batches ended and however
//! often it was killed; nothing here asks what time it is.
//!
//! In reading order: `headline` (what the crate `grouping` makes of an event, as it is stored), `issues` (the fold), `consumers`, `careful` (records that make it panic),
//! `keeper` (cursors and checkpoints), `origin` (where a rebuild begins),
//! [`projector`] (live, and a replay beside it), [`replay()`] (offline), `verify` (search and cold beside the log),
//! [`metrics`].

mod careful;
mod consumers;
mod error;
#[cfg(test)]
#[path = "../../tests/support/growth.rs"]
mod growth;
mod headline;
#[cfg(test)]
#[allow(clippy::unwrap_used, dead_code)]
#[path = "../../tests/support/heads.rs"]
mod heads;
mod history;
mod issues;
mod keeper;
pub mod metrics;
mod origin;
pub mod projector;
mod replay;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;
mod verify;

pub use error::ProjectorError;
pub use keeper::CheckpointConfig;
pub use projector::{
    ProjectionStatus, Projector, ProjectorConfig, ReplayPhase, ReplayStatus, ReplayStep,
};
pub use replay::{
    ReplayReport, ReplayWish, build::Parts, earliest_replay, replay, replay_issues_aside,
    replay_until, watch::PartProgress,
};
pub use verify::{Verified, verify_cold, verify_search};
