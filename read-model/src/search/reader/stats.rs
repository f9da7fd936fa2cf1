//! Statistics of the events that pass: sums over time, split by a field, distinct users.
//!
//! Owns: what is asked ([`Ask`]), the walk over days and segments, and its ends: a question
//! is asked of columns, event by event, for as long as [`Ask::until`] says. Invariant: the
//! events that are counted are those that [`Reader::list`] lists, so every sum is that of a
//! list. A field's values are found in two walks, so that memory does not grow with them
//! times the buckets: which are the most frequent ([`Reader::tally`]), then those over time
//! ([`Reader::lines`]). Parts of several days add up; users merge as sketches do
//! ([`crate::distinct`]).

mod facets;
mod lines;
mod split;
mod walk;

#[cfg(test)]
mod tests;

use std::{collections::HashMap, time::Instant};

use event_model::access::Sight;
use tantivy::{
    SegmentReader,
    query::{EnableScoring, Weight},
};

use super::{EventFilter, Reader, Totals};
use crate::{
    ReadModelError,
    cold::{DayKept, Kept},
};

use self::{facets::FacetSums, lines::Sums, split::Values, walk::Walk};
pub use self::{
    facets::{FacetCounts, Facets},
    lines::{Line, Lines},
    split::{SplitBy, SplitValue},
};

/// Most values of a field that are told apart.
pub const GROUPS_MAX: usize = 200_000;

/// What is counted.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// Ends of buckets, ascending, Unix ms: of each the first is in it, the second in the
    /// next. At least two. What is outside is not counted.
    pub edges_ms: &'a [i64],
    /// Whether to count distinct users.
    pub with_users: bool,
    /// What is not kept is not counted.
    pub kept: Kept,
    /// When to give up.
    pub until: Instant,
    /// How long that is from the start, seconds: for the message.
    pub seconds: u64,
}

/// A segment of a day, and what passes of it.
pub(super) struct Part<'a> {
    segment: &'a SegmentReader,
    weight: &'a dyn Weight,
    kept: &'a DayKept,
}

impl Ask<'_> {
    pub(crate) fn buckets(&self) -> usize {
        self.edges_ms.len().saturating_sub(1)
    }
}

impl Reader {
    /// How often each value of a field is there. Fails with `TooManyGroups` above
    /// [`GROUPS_MAX`] values.
    pub fn tally(
        &self,
        sight: &Sight,
        filter: &EventFilter,
        by: &SplitBy,
        ask: &Ask<'_>,
    ) -> Result<HashMap<SplitValue, Totals>, ReadModelError> {
        let mut values = Values::default();
        self.each_part(sight, filter, ask, |part| values.add_part(part, by, ask))?;
        Ok(values.found)
    }

    /// Sums over time: of each slot, of all other values, and of all together. A value that
    /// is in no slot counts as another one.
    pub fn lines(
        &self,
        sight: &Sight,
        filter: &EventFilter,
        by: &SplitBy,
        slots: &HashMap<SplitValue, usize>,
        ask: &Ask<'_>,
    ) -> Result<Lines, ReadModelError> {
        let count = slots.values().max().map_or(0, |most| most + 1);
        let mut sums = Sums::new(count, ask);
        self.each_part(sight, filter, ask, |part| {
            sums.add_part(part, by, slots, ask)
        })?;
        Ok(sums.into_lines())
    }

    /// Sums over time, and how often each value of each field is there.
    pub fn facets(
        &self,
        sight: &Sight,
        filter: &EventFilter,
        ask: &Ask<'_>,
    ) -> Result<Facets, ReadModelError> {
        let mut sums = FacetSums::new(ask);
        self.each_part(sight, filter, ask, |part| sums.add_part(part, ask))?;
        Ok(sums.into_facets())
    }

    fn each_part(
        &self,
        sight: &Sight,
        filter: &EventFilter,
        ask: &Ask<'_>,
        mut see: impl FnMut(&Part<'_>) -> Result<(), ReadModelError>,
    ) -> Result<(), ReadModelError> {
        if filter.finds_nothing() || *sight == Sight::NOTHING {
            return Ok(());
        }
        let asked = self.asked(filter)?;
        for (date, day) in self.days.read().iter() {
            let kept = ask.kept.of_day(date);
            let searcher = day.reader.searcher();
            let query = self.query(asked.as_ref(), (date, &searcher), sight, filter)?;
            let weight = query
                .weight(EnableScoring::disabled_from_searcher(&searcher))
                .map_err(ReadModelError::search("prepare a query"))?;
            for segment in searcher.segment_readers() {
                see(&Part {
                    segment,
                    weight: weight.as_ref(),
                    kept: &kept,
                })?;
            }
        }
        Ok(())
    }
}

fn failed(error: tantivy::TantivyError) -> ReadModelError {
    ReadModelError::search("count")(error)
}

fn io(error: std::io::Error) -> ReadModelError {
    failed(error.into())
}
