//! Sums over time, a line a value.

use std::collections::HashMap;

use super::{
    Ask, Part, SplitBy, SplitValue, Totals, Walk,
    split::{Buffers, Local, Splitter},
};
use crate::{Distinct, ReadModelError};

/// Of one value, or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Over all buckets.
    pub totals: Totals,
    /// Distinct users over all buckets, if asked for.
    pub users: u64,
    /// Errors of each bucket: an event stands for one at least.
    pub counts: Vec<u64>,
    /// Distinct users of each bucket, if asked for; empty otherwise.
    pub user_counts: Vec<u64>,
}

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// Of each slot.
    pub slots: Vec<Line>,
    /// Of all values that have no slot.
    pub others: Line,
    /// Of everything.
    pub all: Line,
}

/// Sums in the making: the slots, then the others, then all.
pub(super) struct Sums {
    buckets: usize,
    lines: Vec<Line>,
    /// Of each line its buckets, then the whole; empty: not asked for.
    users: Vec<Distinct>,
}

impl Sums {
    pub(super) fn new(slots: usize, ask: &Ask<'_>) -> Self {
        let (lines, buckets) = (slots + 2, ask.buckets());
        let line = Line {
            counts: vec![0; buckets],
            ..Line::default()
        };
        let sketches = if ask.with_users {
            lines * (buckets + 1)
        } else {
            0
        };
        Self {
            buckets,
            lines: vec![line; lines],
            users: vec![Distinct::default(); sketches],
        }
    }

    pub(super) fn add_part(
        &mut self,
        part: &Part<'_>,
        by: &SplitBy,
        slots: &HashMap<SplitValue, usize>,
        ask: &Ask<'_>,
    ) -> Result<(), ReadModelError> {
        let splitter = Splitter::of(part.segment, by)?;
        let mut of: HashMap<Local, usize, foldhash::fast::RandomState> = HashMap::default();
        for (value, slot) in slots {
            of.extend(splitter.local(value)?.map(|local| (local, *slot)));
        }
        let others = self.lines.len() - 2;
        let (mut buffers, mut locals) = (Buffers::default(), Vec::new());
        Walk::of(part, ask)?.each(|docs, seen| {
            splitter.read(docs, &mut buffers, &mut locals);
            for (local, seen) in locals.iter().zip(seen) {
                let slot = of.get(local).copied().unwrap_or(others);
                self.add(slot, seen.bucket, seen.errors, seen.user);
                self.add(others + 1, seen.bucket, seen.errors, seen.user);
            }
        })
    }

    pub(super) fn add(&mut self, line: usize, bucket: usize, errors: u64, user: Option<u64>) {
        let sums = &mut self.lines[line];
        sums.totals += Totals { events: 1, errors };
        sums.counts[bucket] += errors;
        if let (Some(user), false) = (user, self.users.is_empty()) {
            let first = line * (self.buckets + 1);
            self.users[first + bucket].add(user);
            self.users[first + self.buckets].add(user);
        }
    }

    pub(super) fn into_lines(mut self) -> Lines {
        if !self.users.is_empty() {
            let sketches = self.users.chunks_exact(self.buckets + 1);
            for (line, sketches) in self.lines.iter_mut().zip(sketches) {
                let mut counts: Vec<u64> = sketches.iter().map(Distinct::count).collect();
                line.users = counts.pop().unwrap_or_default();
                line.user_counts = counts;
            }
        }
        let all = self.lines.pop().unwrap_or_default();
        let others = self.lines.pop().unwrap_or_default();
        Lines {
            slots: self.lines,
            others,
            all,
        }
    }
}
