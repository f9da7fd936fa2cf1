//! Events by the numbers of their stacks: the numbers that a question finds in the index of
//! stacks, and the events that have one of them.

use std::sync::Arc;

use tantivy::{
    BitSet, DocId, DocSet as _, Score, SegmentOrdinal, SegmentReader, TantivyError, Term,
    collector::{Collector, SegmentCollector},
    columnar::Column,
    query::{
        BitSetDocSet, ConstScorer, EmptyQuery, EnableScoring, Explanation, Query, Scorer, Weight,
    },
    schema::Field,
};

use super::terms::any_of;

/// Stacks of which each is looked up by itself; of more, each event is asked for its own.
const TERMS_MAX: usize = 1_000;
/// The field of both indexes.
const NUMBER: &str = "number";
const STACK: &str = "stack";

/// Collects the numbers of stacks.
pub(crate) struct Numbers;

/// Of a segment.
pub(crate) struct SegmentNumbers {
    column: Column<u64>,
    found: Vec<u64>,
}

impl Collector for Numbers {
    type Fruit = Vec<u64>;
    type Child = SegmentNumbers;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<SegmentNumbers> {
        Ok(SegmentNumbers {
            column: segment.fast_fields().u64(NUMBER)?,
            found: Vec::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Vec<u64>>) -> tantivy::Result<Vec<u64>> {
        let mut all = segments.concat();
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }
}

impl SegmentCollector for SegmentNumbers {
    type Fruit = Vec<u64>;

    fn collect(&mut self, document: DocId, _: Score) {
        self.found.extend(self.column.first(document));
    }

    fn harvest(self) -> Vec<u64> {
        self.found
    }
}

/// Events whose stack has one of these numbers, which ascend.
pub(crate) fn with_stack(field: Field, numbers: &Arc<[u64]>) -> Box<dyn Query> {
    if numbers.is_empty() {
        return Box::new(EmptyQuery);
    }
    if numbers.len() <= TERMS_MAX {
        let terms = numbers
            .iter()
            .map(|number| Term::from_field_u64(field, *number));
        return any_of(terms);
    }
    Box::new(OneOf(Arc::clone(numbers)))
}

/// Asks every event for its stack.
#[derive(Debug, Clone)]
struct OneOf(Arc<[u64]>);

impl Query for OneOf {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl OneOf {
    fn documents(&self, segment: &SegmentReader) -> tantivy::Result<BitSet> {
        let column = segment.fast_fields().u64(STACK)?;
        let mut found = BitSet::with_max_value(segment.max_doc());
        for document in 0..segment.max_doc() {
            if column
                .first(document)
                .is_some_and(|stack| self.0.binary_search(&stack).is_ok())
            {
                found.insert(document);
            }
        }
        Ok(found)
    }
}

impl Weight for OneOf {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let found = BitSetDocSet::from(self.documents(segment)?);
        Ok(Box::new(ConstScorer::new(found, boost)))
    }

    fn explain(&self, segment: &SegmentReader, document: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(segment, 1.0)?;
        if scorer.seek(document) == document {
            return Ok(Explanation::new("one of the stacks", 1.0));
        }
        Err(TantivyError::InvalidArgument(format!(
            "document {document} has none of the stacks"
        )))
    }
}
