//! Crashes of real processes and real disks: shared by the long proof and by the tests, which run little of it.

mod campaign;
mod channel;
mod content;
mod follower;
pub(crate) mod image;
pub(crate) mod ledger;
mod life;
mod random;
mod tally;
mod writer;

pub(crate) use campaign::Campaign;
pub(crate) use tally::Tally;

/// Lives as a writer, and does not return, if this process was started as one.
pub(crate) fn live_if_asked() {
    if let Some((dir, seed)) = writer::asked() {
        writer::live(&dir, seed);
    }
}
