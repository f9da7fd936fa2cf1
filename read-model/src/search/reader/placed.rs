//! All events of a span of the log, as the index has them: for a comparison with the log.

use event_model::{Fingerprint, Position, ProjectId};
use tantivy::{
    Searcher, TERMINATED, Term,
    query::{EnableScoring, Query, RangeQuery},
};

use super::{Hit, Reader};
use crate::ReadModelError;

impl Reader {
    /// The events from `first` to `last`, of every project, by position; one that is there twice
    /// is named twice.
    pub fn placed(&self, first: Position, last: Position) -> Result<Vec<Hit>, ReadModelError> {
        let bound = |position: Position| {
            std::ops::Bound::Included(Term::from_field_u64(self.schema.position, position.0))
        };
        let query = RangeQuery::new(bound(first), bound(last));
        let mut found = Vec::new();
        for day in self.days.read().values() {
            of_day(&day.reader.searcher(), &query, &mut found)
                .map_err(ReadModelError::search("walk the events"))?;
        }
        found.sort_unstable_by_key(|hit| hit.position);
        Ok(found)
    }
}

fn of_day(searcher: &Searcher, query: &RangeQuery, found: &mut Vec<Hit>) -> tantivy::Result<()> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    for segment in searcher.segment_readers() {
        let columns = segment.fast_fields();
        let [positions, projects] = [columns.u64("position")?, columns.u64("project_id")?];
        let [happened, received] = [columns.i64("timestamp_ns")?, columns.i64("received_ns")?];
        let prints = columns.bytes("fingerprint")?;
        let mut bytes = Vec::with_capacity(16);
        let mut matches = weight.scorer(segment, 1.0)?;
        let mut doc = matches.doc();
        while doc != TERMINATED {
            if segment.alive_bitset().is_none_or(|bits| bits.is_alive(doc)) {
                bytes.clear();
                if let Some(prints) = &prints
                    && let Some(ordinal) = prints.term_ords(doc).next()
                {
                    prints.ord_to_bytes(ordinal, &mut bytes)?;
                }
                found.push(Hit {
                    position: Position(positions.first(doc).unwrap_or_default()),
                    project_id: ProjectId(projects.first(doc).unwrap_or_default() as u32),
                    fingerprint: Fingerprint(bytes.as_slice().try_into().unwrap_or_default()),
                    timestamp_ns: happened.first(doc).unwrap_or_default(),
                    received_ns: received.first(doc).unwrap_or_default(),
                });
            }
            doc = matches.advance();
        }
    }
    Ok(())
}
