//! Queries for one term, or for any of several.
//!
//! tantivy's set of terms makes an automaton of them for every query of every day's index: half a
//! millisecond, whether they are two or two thousand. Few terms are looked up one by one instead.

use tantivy::{
    Term,
    query::{BooleanQuery, EmptyQuery, Occur, Query, TermQuery, TermSetQuery},
    schema::IndexRecordOption,
};

/// Up to so many are looked up one by one.
const FEW: usize = 64;

/// Documents with this term.
pub(super) fn one(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// Documents with one of these terms; of none: no document.
pub(super) fn any_of(terms: impl IntoIterator<Item = Term>) -> Box<dyn Query> {
    let mut terms: Vec<Term> = terms.into_iter().collect();
    match terms.len() {
        0 => Box::new(EmptyQuery),
        1 => one(terms.swap_remove(0)),
        2..=FEW => {
            let each = terms.into_iter().map(|term| (Occur::Should, one(term)));
            Box::new(BooleanQuery::new(each.collect()))
        }
        _ => Box::new(TermSetQuery::new(terms)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use tantivy::{
        Index, TantivyDocument,
        collector::DocSetCollector,
        schema::{INDEXED, Schema},
    };

    use super::*;

    const NUMBERS: u64 = 150;

    proptest! {
        #[test]
        fn sets_of_every_size_find_what_has_one_of_them(
            asked in prop::collection::vec(0..2 * NUMBERS, 0..3 * FEW),
        ) {
            let mut schema = Schema::builder();
            let field = schema.add_u64_field("number", INDEXED);
            let index = Index::create_in_ram(schema.build());
            let mut writer = index.writer_with_num_threads(1, 15_000_000).unwrap();
            for number in 0..NUMBERS {
                let mut document = TantivyDocument::default();
                document.add_u64(field, number);
                writer.add_document(document).unwrap();
            }
            writer.commit().unwrap();
            let searcher = index.reader().unwrap().searcher();
            let terms = asked.iter().map(|number| Term::from_field_u64(field, *number));
            let found = searcher.search(&any_of(terms), &DocSetCollector).unwrap();
            // Documents were added in order, so each is called by its number.
            let found: BTreeSet<u64> = found.iter().map(|at| u64::from(at.doc_id)).collect();
            let expected: BTreeSet<u64> = asked.into_iter().filter(|n| *n < NUMBERS).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
