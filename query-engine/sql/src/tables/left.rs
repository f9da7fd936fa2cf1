//! Which rows of Parquet files are left, as an expression: those of projects in sight that have
//! not gone by their rules.
//!
//! Pure. Invariant: it says of a row what [`event_model::retention::Expired::has`] says of its
//! event. A cut that is behind the day of every file that is read takes no part.

use datafusion::{
    common::{Column, ScalarValue},
    logical_expr::{Expr, lit, not, utils::conjunction},
};
use event_model::retention::Scope;
use read_model::{cold::schema::TIME_ZONE, search::schema::day_of};

use super::numbers;
use crate::{cold::FoundFile, moment::Moment};

/// None: all are.
pub(super) fn of(moment: &Moment, files: &[&FoundFile]) -> Option<Expr> {
    let mut parts = Vec::new();
    if let Some(seen) = numbers(&moment.sight) {
        let list = seen.into_iter().map(lit).collect();
        parts.push(column("project_id").in_list(list, false));
    }
    let oldest = files.iter().map(|found| found.file.date.as_str()).min();
    let cuts = moment.expired.cuts().filter(|(_, before_ns)| {
        oldest.is_some_and(|oldest| oldest <= day_of(*before_ns).as_str())
    });
    parts.extend(cuts.map(|(scope, before_ns)| not(gone(scope, before_ns))));
    conjunction(parts)
}

fn gone(scope: &Scope, before_ns: i64) -> Expr {
    let before = ScalarValue::TimestampNanosecond(Some(before_ns), Some(TIME_ZONE.into()));
    let of = [
        scope.project.map(|id| column("project_id").eq(lit(id.0))),
        scope
            .level
            .map(|level| column("level").eq(lit(level.name()))),
        scope
            .environment
            .as_ref()
            .map(|name| column("environment").eq(lit(name.as_str()))),
    ];
    let before = column("received_at").lt(lit(before));
    of.into_iter().flatten().fold(before, Expr::and)
}

fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}
