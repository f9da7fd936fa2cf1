//! What the gateway does by itself, beside requests: old events and files go, what was
//! not stored is recorded, and what the logs find out about themselves is said.
//!
//! Each is a struct with what it needs and a loop that runs until its future is dropped;
//! none knows the gateway, its doors or the others.

mod logs;
mod retention;
mod tallies;

pub use self::{logs::LogCare, retention::Retainer, tallies::Tallies};

/// All of it.
#[derive(Debug, Clone)]
pub struct Upkeep {
    /// Of events and files that are too old, or too many.
    pub retention: Retainer,
    /// Of what was not stored.
    pub tallies: Tallies,
    /// Of the logs themselves.
    pub logs: LogCare,
}
