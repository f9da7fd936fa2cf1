//! How often something may be done: the generic cell rate algorithm (ITU-T I.371), a cell
//! a key.
//!
//! A [`Rate`] of 100 a minute is a bucket of 100 that fills again evenly, one each 600 ms: who
//! paused may do 100 at once, and in any time `t` nobody does more than 100 plus what was
//! filled in `t`. A cell is one number, the moment at which its bucket is full again, so
//! there are no counts to reset and no timers. Our own and not `governor`: it has no way to
//! give back (a repeated event costs nothing), to look without taking (before a body is
//! read), to hold one map for keys whose rates differ, or to bound that map; and it brings a
//! clock of its own.
//!
//! Invariant: bounded. A cell whose bucket is full is as good as none, so those go when there
//! are [`CELLS_MAX`]; if all are in use, newcomers share one cell, and nobody who is known is
//! forgotten. Units: Unix nanoseconds, by a [`Clock`]; set back, it makes nobody wait longer
//! than the rate's window.

use std::{
    hash::Hash,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;

use crate::Clock;

/// Cells of a limiter: some 10 MB. Far more than keys, tokens and networks that are busy
/// within a minute.
pub const CELLS_MAX: usize = 100_000;
/// Between two looks for cells that are not needed: each walks all of them.
const SWEEP_EVERY_NS: i64 = 1_000_000_000;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once, and in each window after that; at least 1.
    pub times: u32,
    /// The window.
    pub window: Duration,
}

impl Rate {
    /// So often a minute.
    pub const fn per_minute(times: u32) -> Self {
        Self {
            times,
            window: Duration::from_mins(1),
        }
    }

    fn window_ns(self) -> i64 {
        i64::try_from(self.window.as_nanos()).unwrap_or(i64::MAX)
    }

    /// What one costs of the window.
    fn each_ns(self) -> i64 {
        let times = i64::from(self.times.max(1));
        // Rounded up: never more often than was said.
        self.window_ns().div_euclid(times) + i64::from(self.window_ns() % times != 0)
    }
}

/// How a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Of this rate.
    pub rate: Rate,
    /// How often it may be done now.
    pub remaining: u32,
    /// Until it may be done once more; zero: now.
    pub next: Duration,
    /// Until it may be done as often as the rate allows at once.
    pub full: Duration,
}

/// The cells.
#[derive(Debug)]
pub struct Limiter<K: Eq + Hash> {
    /// When the bucket of each is full again, Unix nanoseconds.
    cells: DashMap<K, i64>,
    count: AtomicUsize,
    cells_max: usize,
    /// Of whoever finds no room.
    others: Mutex<i64>,
    swept_ns: AtomicI64,
    clock: Clock,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    /// Without cells.
    pub fn new(clock: Clock) -> Self {
        Self::bounded(clock, CELLS_MAX)
    }

    /// The same with another bound.
    pub fn bounded(clock: Clock, cells_max: usize) -> Self {
        Self {
            cells: DashMap::new(),
            count: AtomicUsize::new(0),
            cells_max,
            others: Mutex::new(0),
            swept_ns: AtomicI64::new(i64::MIN),
            clock,
        }
    }

    /// Does it once, if it may be done; how it stands after that, or (an error) until when
    /// it may not.
    pub fn take(&self, key: &K, rate: Rate) -> Result<Standing, Standing> {
        let now = self.clock.now_ns();
        self.with(key, now, |full_at| {
            let standing = standing(*full_at, now, rate);
            if standing.remaining == 0 {
                return Err(standing);
            }
            *full_at = (*full_at).clamp(now, now + rate.window_ns()) + rate.each_ns();
            Ok(self::standing(*full_at, now, rate))
        })
    }

    /// How it stands.
    pub fn look(&self, key: &K, rate: Rate) -> Standing {
        let now = self.clock.now_ns();
        let full_at = self.cells.get(key).map_or(now, |cell| *cell);
        standing(full_at, now, rate)
    }

    /// What was taken was not used after all.
    pub fn give_back(&self, key: &K, rate: Rate) {
        if let Some(mut cell) = self.cells.get_mut(key) {
            *cell -= rate.each_ns();
        }
    }

    /// Cells that there are.
    pub fn cells(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn with<T>(&self, key: &K, now: i64, change: impl FnOnce(&mut i64) -> T) -> T {
        if let Some(mut cell) = self.cells.get_mut(key) {
            return change(&mut cell);
        }
        if self.cells() >= self.cells_max {
            self.sweep(now);
            if self.cells() >= self.cells_max {
                let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                return change(&mut others);
            }
        }
        let mut cell = self.cells.entry(key.clone()).or_insert_with(|| {
            self.count.fetch_add(1, Ordering::Relaxed);
            now
        });
        change(&mut cell)
    }

    /// Lets go of cells whose buckets are full.
    fn sweep(&self, now: i64) {
        let swept = self.swept_ns.load(Ordering::Relaxed);
        // Also when the clock was set back.
        if now.saturating_sub(swept).unsigned_abs() < SWEEP_EVERY_NS.unsigned_abs()
            || self
                .swept_ns
                .compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        self.cells.retain(|_, full_at| {
            let is_needed = *full_at > now;
            if !is_needed {
                self.count.fetch_sub(1, Ordering::Relaxed);
            }
            is_needed
        });
    }
}

fn standing(full_at: i64, now: i64, rate: Rate) -> Standing {
    let (window, each) = (rate.window_ns(), rate.each_ns());
    // Behind what a clock that was set back would have it.
    let used = full_at.clamp(now, now.saturating_add(window)) - now;
    let nanoseconds = |ns: i64| Duration::from_nanos(ns.max(0).unsigned_abs());
    Standing {
        rate,
        remaining: u32::try_from((window - used) / each).unwrap_or(u32::MAX),
        next: nanoseconds(used + each - window),
        full: nanoseconds(used),
    }
}

#[cfg(test)]
mod tests;
