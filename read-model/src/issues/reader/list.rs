//! Lists of issues: filter, sort, keyset pages.
//!
//! Invariant: pages of one sort never show an issue twice unless it moved behind
//! the cursor meanwhile, and never skip one that did not move.
//!
//! How it stays fast with 100,000 issues: a filter that few issues pass (a
//! release, an environment, an assignee, a small project, a rare status) drives
//! the query and its few rows are sorted; otherwise the index of the sort order is
//! walked until the page is full. Which one is decided by counting, at most
//! [`DRIVE_MAX`] index entries for each candidate, not by guessed statistics.

use event_model::{IssueId, IssueStatus, Level, ProjectId, UserId};
use rusqlite::{params_from_iter, types::Value};

use super::{
    ReadError, Snapshot, json_list,
    row::{COLUMNS, IssueRow, read_issue, status_number},
};

/// Totals are exact up to here; one more stands for "more".
pub const TOTAL_EXACT_MAX: u32 = 10_000;
/// A filter that at most this many issues pass drives the query: sorting so many
/// takes less than a millisecond or two.
const DRIVE_MAX: i64 = 2_000;

/// Which issues. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueFilter {
    /// Empty: all.
    pub projects: Vec<ProjectId>,
    /// Empty: all.
    pub statuses: Vec<IssueStatus>,
    /// Empty: all.
    pub levels: Vec<Level>,
    /// With an event in it; empty: all.
    pub environment: String,
    /// With an event of it; empty: all.
    pub release: String,
    /// Each must stand in title or culprit, ASCII letters in either case.
    pub words: Vec<String>,
    /// Assigned to; none: all.
    pub assignee: Option<UserId>,
    /// With an event since then, Unix ms.
    pub seen_since_ms: Option<i64>,
    /// Begun since then, Unix ms.
    pub first_seen_since_ms: Option<i64>,
}

/// The order of a list; all descending, ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IssueSort {
    /// The latest event.
    #[default]
    LastSeen,
    /// The earliest event.
    FirstSeen,
    /// Events.
    Count,
    /// Distinct users.
    Users,
}

impl IssueSort {
    fn column(self) -> &'static str {
        match self {
            Self::LastSeen => "last_seen",
            Self::FirstSeen => "first_seen",
            Self::Count => "count",
            Self::Users => "users",
        }
    }

    fn key(self, row: &IssueRow) -> i64 {
        match self {
            Self::LastSeen => row.last_seen_ms,
            Self::FirstSeen => row.first_seen_ms,
            Self::Count => row.count as i64,
            Self::Users => row.users as i64,
        }
    }
}

/// The last issue of a page, as it was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueCursor {
    /// Value of the sort column.
    pub key: i64,
    /// Which.
    pub id: IssueId,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuePage {
    /// In order.
    pub issues: Vec<IssueRow>,
    /// Where the next page starts; none: this is the last.
    pub next: Option<IssueCursor>,
}

/// A statement in the making.
#[derive(Default)]
struct Sql {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Sql {
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn condition(&mut self, text: String) {
        self.conditions.push(text);
    }

    fn clause(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }
}

/// What a query walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver {
    SortOrder,
    Project,
    Status,
    Assignee,
    Environment,
    Release,
}

impl Snapshot<'_> {
    /// A page of at most `limit` issues after `cursor`.
    pub fn list(
        &self,
        filter: &IssueFilter,
        sort: IssueSort,
        cursor: Option<IssueCursor>,
        limit: u32,
    ) -> Result<IssuePage, ReadError> {
        let driver = self.driver(filter)?;
        let mut sql = conditions(filter, driver);
        let column = sort.column();
        if let Some(cursor) = cursor {
            let key = sql.value(cursor.key);
            let id = sql.value(cursor.id.0 as i64);
            let plus = if driver == Driver::SortOrder { "" } else { "+" };
            sql.condition(format!("{plus}issue.{column} <= {key}"));
            sql.condition(format!("(issue.{column} < {key} OR issue.id > {id})"));
        }
        // One more than asked for tells whether a page follows.
        let limit = limit.max(1) as usize;
        let fetch = sql.value(limit as i64 + 1);
        let text = format!(
            "SELECT {COLUMNS} FROM issue{} ORDER BY {}issue.{column} DESC, issue.id LIMIT {fetch}",
            sql.clause(),
            if driver == Driver::SortOrder { "" } else { "+" },
        );
        let mut issues = self.rows(&text, params_from_iter(sql.values), read_issue)?;
        let more = issues.len() > limit;
        issues.truncate(limit);
        let next = issues.last().filter(|_| more).map(|row| IssueCursor {
            key: sort.key(row),
            id: row.id,
        });
        Ok(IssuePage { issues, next })
    }

    /// Issues that pass: exact up to [`TOTAL_EXACT_MAX`], else one more.
    pub fn total(&self, filter: &IssueFilter) -> Result<u32, ReadError> {
        let driver = self.driver(filter)?;
        let sql = conditions(filter, driver);
        let text = format!(
            "SELECT count(*) FROM (SELECT 1 FROM issue{} LIMIT {})",
            sql.clause(),
            TOTAL_EXACT_MAX + 1
        );
        let mut statement = self.connection.prepare_cached(&text)?;
        Ok(statement.query_row(params_from_iter(sql.values), |row| row.get(0))?)
    }

    /// The first filter that few issues pass, most selective kinds first.
    fn driver(&self, filter: &IssueFilter) -> Result<Driver, ReadError> {
        let mut candidates = Vec::new();
        if !filter.release.is_empty() {
            candidates.push(Driver::Release);
        }
        if filter.assignee.is_some() {
            candidates.push(Driver::Assignee);
        }
        if !filter.environment.is_empty() {
            candidates.push(Driver::Environment);
        }
        if !filter.statuses.is_empty() {
            candidates.push(Driver::Status);
        }
        if !filter.projects.is_empty() {
            candidates.push(Driver::Project);
        }
        for candidate in candidates {
            let mut sql = Sql::default();
            let table = match candidate {
                Driver::Release => {
                    let release = sql.value(filter.release.clone());
                    sql.condition(format!("release = {release}"));
                    "issue_release"
                }
                Driver::Environment => {
                    let environment = sql.value(filter.environment.clone());
                    sql.condition(format!("environment = {environment}"));
                    "issue_environment"
                }
                _ => {
                    drive(&mut sql, filter, candidate);
                    "issue"
                }
            };
            let text = format!(
                "SELECT count(*) FROM (SELECT 1 FROM {table}{} LIMIT {})",
                sql.clause(),
                DRIVE_MAX + 1
            );
            let mut statement = self.connection.prepare_cached(&text)?;
            let found: i64 = statement.query_row(params_from_iter(sql.values), |row| row.get(0))?;
            if found <= DRIVE_MAX {
                return Ok(candidate);
            }
        }
        Ok(Driver::SortOrder)
    }
}

/// The condition that makes SQLite use the driver's index.
fn drive(sql: &mut Sql, filter: &IssueFilter, driver: Driver) {
    match driver {
        Driver::SortOrder => {}
        Driver::Project => {
            let projects = sql.value(project_list(&filter.projects));
            sql.condition(format!(
                "issue.project_id IN (SELECT value FROM json_each({projects}))"
            ));
        }
        Driver::Status => {
            // The index begins with the project, so every project is named.
            if filter.projects.is_empty() {
                sql.condition(
                    "issue.project_id IN (SELECT project_id FROM project_total)".to_owned(),
                );
            } else {
                drive(sql, filter, Driver::Project);
            }
            let statuses = sql.value(status_list(&filter.statuses));
            sql.condition(format!(
                "issue.status IN (SELECT value FROM json_each({statuses}))"
            ));
        }
        Driver::Assignee => {
            let assignee = sql.value(i64::from(filter.assignee.map_or(0, |id| id.0)));
            sql.condition(format!("issue.assignee = {assignee}"));
        }
        Driver::Environment => {
            let environment = sql.value(filter.environment.clone());
            sql.condition(format!(
                "issue.id IN (SELECT issue_id FROM issue_environment WHERE environment = {environment})"
            ));
        }
        Driver::Release => {
            let release = sql.value(filter.release.clone());
            sql.condition(format!(
                "issue.id IN (SELECT issue_id FROM issue_release WHERE release = {release})"
            ));
        }
    }
}

/// All conditions of the filter. Those that do not drive carry a unary plus, which
/// keeps SQLite from choosing their index.
fn conditions(filter: &IssueFilter, driver: Driver) -> Sql {
    let mut sql = Sql::default();
    drive(&mut sql, filter, driver);
    if !filter.projects.is_empty() && !matches!(driver, Driver::Project | Driver::Status) {
        let projects = sql.value(project_list(&filter.projects));
        sql.condition(format!(
            "+issue.project_id IN (SELECT value FROM json_each({projects}))"
        ));
    }
    if !filter.statuses.is_empty() && driver != Driver::Status {
        let statuses = sql.value(status_list(&filter.statuses));
        sql.condition(format!(
            "+issue.status IN (SELECT value FROM json_each({statuses}))"
        ));
    }
    if !filter.levels.is_empty() {
        let levels = sql.value(json_list(filter.levels.iter().map(|level| *level as i64)));
        sql.condition(format!(
            "+issue.level IN (SELECT value FROM json_each({levels}))"
        ));
    }
    if let Some(assignee) = filter.assignee.filter(|_| driver != Driver::Assignee) {
        let assignee = sql.value(i64::from(assignee.0));
        sql.condition(format!("+issue.assignee = {assignee}"));
    }
    if let Some(since) = filter.seen_since_ms {
        let since = sql.value(since);
        sql.condition(format!("+issue.last_seen >= {since}"));
    }
    if let Some(since) = filter.first_seen_since_ms {
        let since = sql.value(since);
        sql.condition(format!("+issue.first_seen >= {since}"));
    }
    for (table, column, value, its) in [
        (
            "issue_environment",
            "environment",
            &filter.environment,
            Driver::Environment,
        ),
        ("issue_release", "release", &filter.release, Driver::Release),
    ] {
        if !value.is_empty() && driver != its {
            let value = sql.value(value.clone());
            sql.condition(format!(
                "EXISTS (SELECT 1 FROM {table} AS has WHERE has.issue_id = issue.id AND has.{column} = {value})"
            ));
        }
    }
    for word in &filter.words {
        let pattern = sql.value(like_pattern(word));
        sql.condition(format!(
            "(issue.title LIKE {pattern} ESCAPE '\\' OR issue.culprit LIKE {pattern} ESCAPE '\\')"
        ));
    }
    sql
}

fn project_list(projects: &[ProjectId]) -> String {
    json_list(projects.iter().map(|id| i64::from(id.0)))
}

fn status_list(statuses: &[IssueStatus]) -> String {
    json_list(statuses.iter().map(|status| status_number(*status)))
}

/// `%word%` with LIKE's own signs escaped.
fn like_pattern(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
