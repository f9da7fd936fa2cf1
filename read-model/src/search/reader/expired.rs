//! Events that have gone by their rules, as clauses that leave them out.
//!
//! Invariant: of a day all cuts together leave what [`Expired::has`] does not say has gone. A day
//! has the events that were received on it, so that nearly every day is before a cut or behind
//! it: only on the day of a cut itself times are looked at.

use std::{cmp::Ordering, ops::Bound};

use event_model::retention::{Expired, Scope};
use tantivy::{
    Term,
    query::{AllQuery, BooleanQuery, Occur, Query, RangeQuery},
};

use crate::search::{
    schema::{SearchSchema, day_of},
    terms::one,
};

/// What an event of the day has to pass to be left: a clause a cut that takes in something.
pub(super) fn of_day(
    schema: &SearchSchema,
    expired: &Expired,
    date: &str,
) -> Vec<(Occur, Box<dyn Query>)> {
    let clause = |(scope, before_ns): (&Scope, i64)| match date.cmp(day_of(before_ns).as_str()) {
        Ordering::Less => Some((Occur::MustNot, of(schema, scope))),
        Ordering::Equal => Some((Occur::Must, left(schema, scope, before_ns))),
        Ordering::Greater => None,
    };
    expired.cuts().filter_map(clause).collect()
}

/// Of another scope, or received from then on. Not what is not of both: tantivy cannot tell
/// which documents a range of times leaves out.
fn left(schema: &SearchSchema, scope: &Scope, before_ns: i64) -> Box<dyn Query> {
    let from = Bound::Included(Term::from_field_i64(schema.received_ns, before_ns));
    let later: Box<dyn Query> = Box::new(RangeQuery::new(from, Bound::Unbounded));
    if scope.is_all() {
        return later;
    }
    let others: Box<dyn Query> = Box::new(BooleanQuery::new(vec![
        (Occur::Must, Box::new(AllQuery) as Box<dyn Query>),
        (Occur::MustNot, of(schema, scope)),
    ]));
    Box::new(BooleanQuery::new(vec![
        (Occur::Should, others),
        (Occur::Should, later),
    ]))
}

fn of(schema: &SearchSchema, scope: &Scope) -> Box<dyn Query> {
    let terms = [
        scope
            .project
            .map(|id| Term::from_field_u64(schema.project_id, id.0.into())),
        scope
            .level
            .map(|level| Term::from_field_u64(schema.level, level as u64)),
        scope
            .environment
            .as_ref()
            .map(|name| Term::from_field_text(schema.environment, name)),
    ];
    let terms = terms.into_iter().flatten();
    let must: Vec<_> = terms.map(|term| (Occur::Must, one(term))).collect();
    if must.is_empty() {
        return Box::new(AllQuery);
    }
    Box::new(BooleanQuery::new(must))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
