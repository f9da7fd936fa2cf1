//! What the gateway does by itself, beside requests: old events and files go, what was
//! not stored is recorded, what is usual is asked for, and what the logs find out about themselves is said.
//!
//! Each is a struct with what it needs and a loop that runs until its future is dropped;
//! none knows the gateway, its doors or the others.

mod logs;
mod retention;
mod tallies;
mod usual;

pub use self::{
    logs::LogCare,
    retention::{ColdDay, ColdFiles, Keeping, Retainer},
    tallies::Tallies,
    usual::Learner,
};

/// All of it.
#[derive(Debug, Clone)]
pub struct Upkeep {
    /// Of events and files that are too old, or too many.
    pub retention: Retainer,
    /// Of what was not stored.
    pub tallies: Tallies,
    /// Of what projects usually send.
    pub usual: Learner,
    /// Of the logs themselves.
    pub logs: LogCare,
}
