//! What became of issues within a range.
//!
//! Invariant: each figure is the total of a list.

use event_model::access::Sight;
use rusqlite::params_from_iter;
use search_language::{Expression, Field, Key, Known, Leaf, Span, State};

use super::{
    ReadError, Snapshot,
    list::IssueFilter,
    scope::{Range, Scope, Sql, Unit},
};

/// An issue that was resolved in the range had an event within so long before its end.
const RESOLVED_HOURS: i64 = 90 * 24;

/// Most issues whose time to resolve is looked at: the newest resolved.
const DURATIONS_MAX: i64 = 100_000;

/// See the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Issues with an event in the range.
    pub issues: u64,
    /// Of those, that began in it.
    pub new_issues: u64,
    /// Of those, that came back in it.
    pub regressed_issues: u64,
    /// Of those, that have many more events than in the range before.
    pub escalating_issues: u64,
    /// Issues that are resolved, and were so in the range; see [`resolved_range`].
    pub resolved_issues: u64,
    /// How long those stood open, seconds: half of them no longer than this.
    pub resolve_median_s: u64,
    /// Nine of ten no longer than this.
    pub resolve_p90_s: u64,
}

fn term(key: Key, test: Known) -> Expression<Leaf> {
    Expression::Term(Leaf {
        field: Field::Known(key),
        test,
        span: Span::default(),
    })
}

/// The hours of which an issue has an event that counts as resolved in a range.
pub fn resolved_range(range: Range) -> Range {
    let to = range.to_ms().div_euclid(3_600_000) + i64::from(range.to_ms() % 3_600_000 != 0);
    Range {
        unit: Unit::Hour,
        from: to - RESOLVED_HOURS,
        to,
    }
}

impl Snapshot<'_> {
    /// Of these projects, within the scope's part; its own range does not matter.
    pub fn report(
        &self,
        range: Range,
        projects: &Sight,
        scope: &Scope,
    ) -> Result<Report, ReadError> {
        let of = |range: Range| IssueFilter {
            projects: projects.clone(),
            scope: Scope {
                range: Some(range),
                ..scope.clone()
            },
            ..IssueFilter::default()
        };
        let all = of(range);
        let resolved = of(resolved_range(range)).and(term(
            Key::Resolved,
            Known::Time(range.from_ms(), range.to_ms()),
        ));
        let mut open_s = self.open_s(&resolved)?;
        open_s.sort_unstable();
        // The nearest rank: a length that there was.
        let rank = |percent: usize| {
            let rank = (open_s.len() * percent).div_ceil(100);
            open_s.get(rank.saturating_sub(1)).copied().unwrap_or(0)
        };
        Ok(Report {
            issues: self.total(&all)?,
            new_issues: self.total(&IssueFilter {
                is_new: true,
                ..all.clone()
            })?,
            regressed_issues: self.total(&IssueFilter {
                is_regressed: true,
                ..all.clone()
            })?,
            escalating_issues: self
                .total(&all.and(term(Key::Is, Known::State(State::Escalating))))?,
            resolved_issues: self.total(&resolved)?,
            resolve_median_s: rank(50),
            resolve_p90_s: rank(90),
        })
    }

    /// From when each began, came back or was opened again until it was resolved.
    fn open_s(&self, resolved: &IssueFilter) -> Result<Vec<u64>, ReadError> {
        let mut sql = Sql::default();
        let Some((_, passing)) = self.passing(&mut sql, resolved, true)? else {
            return Ok(Vec::new());
        };
        let limit = sql.value(DURATIONS_MAX);
        let text = format!(
            "SELECT issue.resolved_at_ns / 1000000 - max(issue.first_seen, coalesce(
                 (SELECT max(opened.at_ns) / 1000000 FROM activity AS opened
                  WHERE opened.issue_id = issue.id AND opened.kind IN ('regressed', 'reopened')
                      AND opened.at_ns <= issue.resolved_at_ns), 0))
             FROM {passing} ORDER BY issue.resolved_at_ns DESC LIMIT {limit}"
        );
        self.rows(&text, params_from_iter(sql.values), |row| {
            Ok((row.get::<_, i64>(0)? / 1000).max(0) as u64)
        })
    }
}
