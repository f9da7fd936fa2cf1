//! How many events pass, and for how many errors they stand.

use tantivy::{
    DocId, Score, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::Column,
    query::Weight,
};

use event_model::Position;

use crate::cold::DayKept;

/// What passes a filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events: as many rows as a list of all of them has.
    pub events: u64,
    /// The errors they stand for: an SDK folds equal ones into one event.
    pub errors: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.errors += other.errors;
    }
}

/// Counts the events of a day that are kept.
pub(super) struct Counter {
    pub(super) kept: DayKept,
}

impl Collector for Counter {
    type Fruit = Totals;
    type Child = SegmentCounter;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<SegmentCounter> {
        let columns = segment.fast_fields();
        Ok(SegmentCounter {
            kept: self.kept.clone(),
            positions: columns.u64("position")?,
            weights: columns.u64("weight")?,
            totals: Totals::default(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Totals>) -> tantivy::Result<Totals> {
        let mut totals = Totals::default();
        for each in segments {
            totals += each;
        }
        Ok(totals)
    }

    fn collect_segment(
        &self,
        weight: &dyn Weight,
        ordinal: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<Totals> {
        let mut counter = self.for_segment(ordinal, segment)?;
        if counter.is_plain() {
            // Nothing to look up event by event, which is nearly always so.
            let events = u64::from(weight.count(segment)?);
            return Ok(Totals {
                events,
                errors: events,
            });
        }
        weight.for_each_no_score(segment, &mut |docs| {
            for doc in docs {
                if segment
                    .alive_bitset()
                    .is_none_or(|bits| bits.is_alive(*doc))
                {
                    counter.collect(*doc, 0.0);
                }
            }
        })?;
        Ok(counter.harvest())
    }
}

/// Counts within one segment.
pub(super) struct SegmentCounter {
    kept: DayKept,
    positions: Column<u64>,
    weights: Column<u64>,
    totals: Totals,
}

impl SegmentCounter {
    /// Whether each event of the segment is kept and stands for itself alone.
    fn is_plain(&self) -> bool {
        let (first, last) = (self.positions.min_value(), self.positions.max_value());
        self.kept.has_all(Position(first), Position(last)) && self.weights.max_value() <= 1
    }
}

impl SegmentCollector for SegmentCounter {
    type Fruit = Totals;

    fn collect(&mut self, doc: DocId, _: Score) {
        let position = self.positions.first(doc).unwrap_or_default();
        if self.kept.has(Position(position)) {
            self.totals += Totals {
                events: 1,
                errors: self.weights.first(doc).unwrap_or(1),
            };
        }
    }

    fn harvest(self) -> Totals {
        self.totals
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use event_model::{EventId, Fingerprint, Level, Position, ProjectId, access::Sight};

    use super::Totals;
    use crate::{
        cold::Kept,
        search::{
            reader::{EventFilter, Reader},
            writer::{SearchDocument, SearchWriter},
        },
    };

    /// Four events, the second of which stands for 250 errors.
    fn reader(dir: &std::path::Path) -> Reader {
        let mut writer = SearchWriter::open(dir).unwrap();
        for (position, weight) in [(1_u8, 1), (2, 250), (3, 1), (4, 1)] {
            writer
                .add(&SearchDocument {
                    event_id: EventId([position; 16]),
                    fingerprint: Fingerprint([position % 2; 16]),
                    project_id: ProjectId(1),
                    level: Level::Error,
                    position: Position(position.into()),
                    weight,
                    timestamp_ns: i64::from(position),
                    received_ns: i64::from(position),
                    message: &["TypeError"],
                    texts: &[],
                    stack: 0,
                    attributes: &[],
                    environment: "",
                    release: "",
                    user: "",
                    tags: &[],
                })
                .unwrap();
            // A segment each.
            writer.commit(Position(position.into())).unwrap();
        }
        Reader::open(dir).unwrap()
    }

    #[test]
    fn totals_are_of_what_is_kept_and_tell_errors_from_events() {
        let dir = tempfile::tempdir().unwrap();
        let reader = reader(dir.path());
        let odd = Some(vec![Fingerprint([1; 16])]);
        let even = Some(vec![Fingerprint([0; 16])]);
        for (first, fingerprints, events, errors) in [
            (0, None, 4, 253),
            (1, None, 4, 253),
            (2, None, 3, 252),
            (3, None, 2, 2),
            (5, None, 0, 0),
            (0, odd.clone(), 2, 2),
            (2, odd, 1, 1),
            (0, even.clone(), 2, 251),
            (3, even, 1, 1),
            (0, Some(Vec::new()), 0, 0),
        ] {
            let filter = EventFilter {
                fingerprints,
                ..EventFilter::default()
            };
            let totals = reader
                .total(&Sight::All, &filter, &Kept::log(Position(first)))
                .unwrap();
            assert_eq!(
                totals,
                Totals { events, errors },
                "from {first}: {filter:?}"
            );
        }
    }
}
