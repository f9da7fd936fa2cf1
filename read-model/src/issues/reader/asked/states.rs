//! How an issue stands, and when it was resolved, as conditions over a row of `issue`.

use search_language::{Known, State};

use super::{Scoped, Sql, never};
use crate::issues::{numbers::status_number, reader::list::regressed};

/// Events that an issue which escalates has at least.
const ESCALATING_EVENTS: u32 = 10;
/// How many times those of the range before it has at least.
const ESCALATING_TIMES: u32 = 3;

/// Whether an issue stands so.
pub(super) fn is(sql: &mut Sql, scoped: &Scoped, state: State) -> String {
    match state {
        State::Status(status) => {
            let number = sql.value(status_number(status));
            format!("(+issue.status = {number})")
        }
        State::New => scoped.ends_ms().map_or_else(
            || "1".to_owned(),
            |(from, to)| format!("(+issue.first_seen >= {from} AND +issue.first_seen < {to})"),
        ),
        State::Regressed => format!("(+issue.id IN {})", regressed(scoped)),
        State::Escalating => escalating(sql, scoped),
        State::Assigned => "(issue.assignee IS NOT NULL)".to_owned(),
        State::Unassigned => "(issue.assignee IS NULL)".to_owned(),
        State::Discarded => {
            "EXISTS (SELECT 1 FROM discarded WHERE discarded.issue_id = issue.id)".to_owned()
        }
        State::Merged => {
            "(1 < (SELECT count(*) FROM fingerprint AS own WHERE own.issue_id = issue.id))"
                .to_owned()
        }
    }
}

/// Within the range it has many events, many times those of the range before, and it is
/// not new. Of no range nothing escalates.
fn escalating(sql: &mut Sql, scoped: &Scoped) -> String {
    let before = scoped.times_before(sql, "e");
    let (Some((from_ms, _)), Some(within), Some(before)) =
        (scoped.ends_ms(), scoped.times("w"), before)
    else {
        return never();
    };
    let sum =
        |places: &str, rows: &str| format!("(SELECT coalesce(sum({places}.count), 0) FROM {rows})");
    let (within, before) = (sum("w", &within), sum("e", &before));
    format!(
        "(+issue.first_seen < {from_ms} AND {within} >= {ESCALATING_EVENTS}
             AND {within} >= {ESCALATING_TIMES} * {before})"
    )
}

/// When it was resolved; nothing of those that are not.
pub(super) fn resolved(sql: &mut Sql, test: &Known) -> String {
    match test {
        Known::Present => "(issue.resolved_at_ns IS NOT NULL)".to_owned(),
        Known::Time(from, to) => {
            let mut ns = |ms: i64| sql.value(ms.saturating_mul(1_000_000));
            let (from, to) = (ns(*from), ns(*to));
            format!(
                "(issue.resolved_at_ns IS NOT NULL AND issue.resolved_at_ns >= {from}
                     AND issue.resolved_at_ns < {to})"
            )
        }
        _ => never(),
    }
}
