//! Totals of a range.
//!
//! Invariant: each figure is the total, or the sum, of the list with the same filter.

use std::collections::HashSet;

use event_model::{IssueStatus, Level, ProjectId, access::Sight};
use rusqlite::params_from_iter;

use super::{
    ReadError, Snapshot,
    list::IssueFilter,
    scope::{Range, Scope, Sql},
    stats::{CountOf, SeriesBy, Window},
};

/// Most marks of releases in an answer.
const MARKS_MAX: i64 = 100;

/// Totals of a range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Events.
    pub events: u64,
    /// Distinct users.
    pub users: u64,
    /// Issues with an event in it.
    pub issues: u64,
    /// Those that began within it.
    pub new_issues: u64,
    /// Those that came back within it.
    pub regressed_issues: u64,
    /// Those that need someone now.
    pub unresolved_issues: u64,
    /// Events by level, least first; levels without events are left out.
    pub by_level: Vec<(Level, u64)>,
}

/// A release begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseMark {
    /// Whose.
    pub project_id: ProjectId,
    /// Its name.
    pub version: String,
    /// When its first event happened, Unix ms.
    pub first_seen_ms: i64,
}

impl Snapshot<'_> {
    /// Totals of a range for these projects, within the scope's part; its own range does not matter.
    pub fn summary(
        &self,
        range: Range,
        projects: &Sight,
        scope: &Scope,
    ) -> Result<Summary, ReadError> {
        let all = IssueFilter {
            projects: projects.clone(),
            scope: Scope {
                range: Some(range),
                ..scope.clone()
            },
            ..IssueFilter::default()
        };
        let one_bucket = Window {
            range,
            from: range.from,
            per_bucket: u32::try_from(range.to - range.from).unwrap_or(u32::MAX),
            buckets: 1,
        };
        let levels = self.series(one_bucket, projects, scope, SeriesBy::Level)?;
        let by_level: Vec<(Level, u64)> = levels
            .iter()
            .filter_map(|series| match series.of {
                CountOf::Level(level) => Some((level, series.counts.iter().sum())),
                _ => None,
            })
            .collect();
        let mut users = HashSet::new();
        self.each_user(range, projects, None, scope, |hash, _, _| {
            users.insert(hash);
        })?;
        Ok(Summary {
            events: by_level.iter().map(|(_, count)| count).sum(),
            users: users.len() as u64,
            issues: self.total(&all)?,
            new_issues: self.total(&IssueFilter {
                is_new: true,
                ..all.clone()
            })?,
            regressed_issues: self.total(&IssueFilter {
                is_regressed: true,
                ..all.clone()
            })?,
            unresolved_issues: self.total(&IssueFilter {
                statuses: vec![IssueStatus::Unresolved],
                ..all
            })?,
            by_level,
        })
    }

    /// Releases whose first event is within a range, oldest first, at most 100: the
    /// newest ones.
    pub fn release_marks(
        &self,
        range: Range,
        projects: &Sight,
    ) -> Result<Vec<ReleaseMark>, ReadError> {
        let mut sql = Sql::default();
        let (from, to) = (sql.value(range.from_ms()), sql.value(range.to_ms()));
        sql.condition(format!("first_seen >= {from} AND first_seen < {to}"));
        if let Some(projects) = sql.projects(&self.within(projects)) {
            sql.condition(format!("project_id IN {projects}"));
        }
        let limit = sql.value(MARKS_MAX);
        let text = format!(
            "SELECT project_id, version, first_seen FROM release{}
             ORDER BY first_seen DESC, project_id, version LIMIT {limit}",
            sql.clause()
        );
        let mut marks = self.rows(&text, params_from_iter(sql.values), |row| {
            Ok(ReleaseMark {
                project_id: ProjectId(row.get(0)?),
                version: row.get(1)?,
                first_seen_ms: row.get(2)?,
            })
        })?;
        marks.reverse();
        Ok(marks)
    }
}
