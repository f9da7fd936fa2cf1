//! What a run did, counted by all its threads.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counts; see the text that they are printed as.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Set when a promise was broken: all parts of the run end soon.
    pub(crate) broken: AtomicBool,
    pub(crate) kills: AtomicU64,
    pub(crate) kills_in_open: AtomicU64,
    pub(crate) cuts: AtomicU64,
    pub(crate) cuts_in_open: AtomicU64,
    pub(crate) canaries_written: AtomicU64,
    pub(crate) bytes_lost: AtomicU64,
    pub(crate) names_lost: AtomicU64,
    pub(crate) logs: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) verified: AtomicU64,
    pub(crate) torn_tails: AtomicU64,
    pub(crate) drops: AtomicU64,
    pub(crate) redactions: AtomicU64,
    pub(crate) followed: AtomicU64,
}

/// Adds to a count.
pub(crate) fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

/// A count.
pub(crate) fn get(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("kill -9", &self.kills),
            ("  of them while opening", &self.kills_in_open),
            ("power cuts", &self.cuts),
            ("  of them while opening", &self.cuts_in_open),
            ("unsynced canaries", &self.canaries_written),
            ("  bytes lost", &self.bytes_lost),
            ("  names lost", &self.names_lost),
            ("logs", &self.logs),
            ("records acknowledged", &self.acknowledged),
            ("records read and compared", &self.verified),
            ("torn tails cut", &self.torn_tails),
            ("drops of old segments", &self.drops),
            ("records redacted", &self.redactions),
            ("records read by a follower", &self.followed),
        ];
        for (label, count) in rows {
            writeln!(f, "{label:<28}{:>14}", get(count))?;
        }
        Ok(())
    }
}

impl Tally {
    /// What the run did not do of what it was asked to; nothing if it did all, with records to lose.
    pub(crate) fn shortfall(&self, kills: u64, cuts: u64) -> Option<String> {
        let done = (get(&self.kills), get(&self.cuts));
        if done != (kills, cuts) {
            return Some(format!("{done:?} of {kills} kills and {cuts} power cuts"));
        }
        let acknowledged = get(&self.acknowledged);
        (kills + cuts > 0 && get(&self.verified) <= acknowledged)
            .then(|| format!("hardly anything to lose: {acknowledged} records"))
    }
}
