//! Lists of issues: filter, sort, keyset pages.
//!
//! Invariant: pages of one sort never show an issue twice unless it moved behind
//! the cursor meanwhile, and never skip one that did not move.
//!
//! How it stays fast with 100,000 issues: a filter that few issues pass (a
//! release, an environment, an assignee, a small project, a rare status, a short
//! range) drives the query and its few rows are sorted; otherwise the index of the
//! sort order is walked until the page is full. Which one is decided by counting, at
//! most [`DRIVE_MAX`] index entries for each candidate, not by guessed statistics.
//! An order that is counted (events or users of a range) has no index: the issues
//! that last happened since its start are gone through, most of them telling their
//! count without a look at the hours.

use event_model::{IssueId, IssueStatus, Level, UserId, access::Sight};
use rusqlite::params_from_iter;
use search_language::{Expression, Leaf};

use super::{
    ReadError, Snapshot, lead,
    row::{COLUMN_COUNT, COLUMNS, IssueRow, read_issue},
    scope::{Part, Scope, Scoped, Sql},
};
use crate::{
    fold::fold,
    issues::numbers::{level_number, status_number},
};

/// A filter that at most this many issues pass drives the query: sorting so many
/// takes less than a millisecond or two.
pub(super) const DRIVE_MAX: i64 = 2_000;

/// Which issues. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueFilter {
    /// Of them those in sight.
    pub projects: Sight,
    /// Empty: all.
    pub statuses: Vec<IssueStatus>,
    /// Empty: all.
    pub levels: Vec<Level>,
    /// With an event within it, and counted within it.
    pub scope: Scope,
    /// Each must stand in title or culprit, both folded.
    pub words: Vec<String>,
    /// Assigned to; none: all.
    pub assignee: Option<UserId>,
    /// Assigned to nobody.
    pub unassigned: bool,
    /// Whose first event is within the range.
    pub is_new: bool,
    /// That came back within the range.
    pub is_regressed: bool,
    /// These alone; none: all.
    pub ids: Option<Vec<IssueId>>,
    /// What else a query asks; none: nothing.
    pub asked: Option<Expression<Leaf>>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum IssueSort {
    /// The latest event of the scope's part.
    #[default]
    LastSeen,
    /// The earliest event of the scope's part.
    FirstSeen,
    /// Events within the scope.
    Count,
    /// Distinct users within the scope.
    Users,
}

/// Which end of an order comes first; of equal ones the lower id, as SQLite orders
/// ids, comes first in a descending list, last in an ascending one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Direction {
    /// Newest or most first.
    #[default]
    Descending,
    /// Oldest or least first.
    Ascending,
}

/// The last issue of a page, as it was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueCursor {
    /// What was sorted by.
    pub key: i64,
    /// Which.
    pub id: IssueId,
}

/// An issue and its numbers within a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedIssue {
    /// The issue; first and last seen are those of the scope's part.
    pub issue: IssueRow,
    /// Events within the scope.
    pub count: u64,
    /// Distinct users within the scope.
    pub users: u64,
}

impl From<IssueRow> for ScopedIssue {
    /// Of the scope of everything.
    fn from(issue: IssueRow) -> Self {
        Self {
            count: issue.count,
            users: issue.users,
            issue,
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuePage {
    /// In order.
    pub issues: Vec<ScopedIssue>,
    /// Where the next page starts; none: this is the last.
    pub next: Option<IssueCursor>,
}

/// What a query walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver {
    /// The index of the order, of issues or of the scope's part.
    SortOrder,
    /// Few rows, by an index of `issue`.
    Ids,
    Regressed,
    Project,
    Status,
    Assignee,
    Seen,
    /// Few rows, of the scope's part.
    Part,
}

impl Snapshot<'_> {
    /// A page of at most `limit` issues after `cursor`.
    pub fn list(
        &self,
        filter: &IssueFilter,
        sort: IssueSort,
        direction: Direction,
        cursor: Option<IssueCursor>,
        limit: u32,
    ) -> Result<IssuePage, ReadError> {
        let filter = &self.narrowed(filter)?;
        let Some(part) = self.part(&filter.scope)? else {
            return Ok(IssuePage {
                issues: Vec::new(),
                next: None,
            });
        };
        // One more than asked for tells whether a page follows.
        let limit = limit.max(1) as usize;
        let mut keys = self.keys(filter, part, (sort, direction), cursor, limit + 1)?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next = keys.last().filter(|_| more).copied();
        let ids: Vec<IssueId> = keys.iter().map(|key| key.id).collect();
        let mut issues = self.scoped_of(&filter.scope, &ids)?;
        let place = |id: IssueId| ids.iter().position(|each| *each == id);
        issues.sort_by_cached_key(|scoped| place(scoped.issue.id));
        Ok(IssuePage { issues, next })
    }

    /// Ids of a page in order, with what they are sorted by.
    fn keys(
        &self,
        filter: &IssueFilter,
        part: Part,
        (sort, direction): (IssueSort, Direction),
        cursor: Option<IssueCursor>,
        limit: usize,
    ) -> Result<Vec<IssueCursor>, ReadError> {
        let driver = self.driver(filter, part)?;
        let mut sql = Sql::default();
        let mut scoped = Scoped::new(&mut sql, part, filter.scope.range);
        let tables = scoped.tables(&mut sql, issue_leads(driver), !asks_scope_alone(filter));
        let key = match sort {
            IssueSort::LastSeen => scoped.last_seen.to_owned(),
            IssueSort::FirstSeen => scoped.first_seen.to_owned(),
            IssueSort::Count => scoped.count(),
            IssueSort::Users => scoped.users(),
        };
        // A column has an index to be walked; what is counted is counted once.
        let is_column = !key.contains(' ');
        let walks = driver == Driver::SortOrder && is_column;
        // What is counted for all of a range starts from those last seen since.
        let walked = if is_column { &key } else { scoped.last_seen };
        let walked = (driver == Driver::SortOrder).then_some(walked);
        conditions(&mut sql, filter, &scoped, driver, walked);
        scoped.walked = walked.map(str::to_owned);
        self.add_asked(&mut sql, &scoped, filter)?;
        let id = scoped.id;
        let (order, reverse, before) = match direction {
            Direction::Descending => ("DESC", "ASC", "<"),
            Direction::Ascending => ("ASC", "DESC", ">"),
        };
        let beyond = match direction {
            Direction::Descending => ">",
            Direction::Ascending => "<",
        };
        let after = |sql: &mut Sql, key: &str, id: &str, cursor: IssueCursor| {
            let at = sql.value(cursor.key);
            let last = sql.value(cursor.id.0 as i64);
            format!("{key} {before}= {at} AND ({key} {before} {at} OR {id} {beyond} {last})")
        };
        let fetch = sql.value(limit as i64);
        let text = if is_column {
            if let Some(cursor) = cursor {
                let plus = if walks { "" } else { "+" };
                let after = after(&mut sql, &format!("{plus}{key}"), id, cursor);
                sql.condition(after);
            }
            let plus = if walks { "" } else { "+" };
            format!(
                "SELECT {id}, {key} FROM {tables}{}
                 ORDER BY {plus}{key} {order}, {id} {reverse} LIMIT {fetch}",
                sql.clause()
            )
        } else {
            let clause = sql.clause();
            let after = cursor.map_or_else(String::new, |cursor| {
                format!(" WHERE {}", after(&mut sql, "key", "id", cursor))
            });
            format!(
                "WITH counted AS MATERIALIZED (SELECT {id} AS id, {key} AS key FROM {tables}{clause})
                 SELECT id, key FROM counted{after}
                 ORDER BY key {order}, id {reverse} LIMIT {fetch}"
            )
        };
        self.rows(&text, params_from_iter(sql.values), |row| {
            Ok(IssueCursor {
                id: IssueId(row.get::<_, i64>(0)? as u64),
                key: row.get(1)?,
            })
        })
    }

    /// Those of `ids` that exist and have an event of the scope's part, with their
    /// numbers, in no order.
    pub fn scoped_of(&self, scope: &Scope, ids: &[IssueId]) -> Result<Vec<ScopedIssue>, ReadError> {
        let Some(part) = self.part(scope)? else {
            return Ok(Vec::new());
        };
        let mut sql = Sql::default();
        let mut scoped = Scoped::new(&mut sql, part, scope.range);
        let tables = scoped.tables(&mut sql, true, true);
        let ids = sql.list(ids.iter().map(|id| id.0 as i64));
        let seen = sql.and_projects("+issue.project_id", self.sight);
        let text = format!(
            "SELECT {COLUMNS}, {}, {}, {}, {} FROM {tables} WHERE issue.id IN {ids}{seen}",
            scoped.first_seen,
            scoped.last_seen,
            scoped.count(),
            scoped.users()
        );
        self.rows(&text, params_from_iter(sql.values), |row| {
            let mut issue = read_issue(row)?;
            issue.first_seen_ms = row.get(COLUMN_COUNT)?;
            issue.last_seen_ms = row.get(COLUMN_COUNT + 1)?;
            Ok(ScopedIssue {
                issue,
                count: row.get::<_, i64>(COLUMN_COUNT + 2)? as u64,
                users: row.get::<_, i64>(COLUMN_COUNT + 3)? as u64,
            })
        })
    }

    /// Issues that pass, exact.
    pub fn total(&self, filter: &IssueFilter) -> Result<u64, ReadError> {
        let mut sql = Sql::default();
        let Some((_, passing)) = self.passing(&mut sql, filter, false)? else {
            return Ok(0);
        };
        let text = format!("SELECT count(*) FROM {passing}");
        let mut statement = self.connection.prepare_cached(&text)?;
        let total: i64 = statement.query_row(params_from_iter(sql.values), |row| row.get(0))?;
        Ok(total as u64)
    }

    /// What stands behind FROM to find the issues that pass; none: none does.
    pub(super) fn passing(
        &self,
        sql: &mut Sql,
        filter: &IssueFilter,
        needs_issue: bool,
    ) -> Result<Option<(Scoped, String)>, ReadError> {
        let filter = &self.narrowed(filter)?;
        let Some(part) = self.part(&filter.scope)? else {
            return Ok(None);
        };
        let mut driver = self.driver(filter, part)?;
        let by_status = !filter.statuses.is_empty() && part == Part::All;
        if driver == Driver::SortOrder && by_status && filter.scope.range.is_none() {
            // Counted in the index, however many.
            driver = Driver::Status;
        }
        let mut scoped = Scoped::new(sql, part, filter.scope.range);
        let needs_issue = needs_issue || !asks_scope_alone(filter);
        let tables = scoped.tables(sql, issue_leads(driver), needs_issue);
        let walked = (driver == Driver::SortOrder).then_some(scoped.last_seen);
        conditions(sql, filter, &scoped, driver, walked);
        self.add_asked(sql, &scoped, filter)?;
        let passing = format!("{tables}{}", sql.clause());
        Ok(Some((scoped, passing)))
    }

    /// The first filter that few issues pass, most selective kinds first.
    fn driver(&self, filter: &IssueFilter, part: Part) -> Result<Driver, ReadError> {
        if filter.ids.is_some() {
            return Ok(Driver::Ids);
        }
        let mut candidates = Vec::new();
        let mut may = |is_asked: bool, driver: Driver| {
            if is_asked {
                candidates.push(driver);
            }
        };
        let range = filter.scope.range;
        may(filter.is_regressed && range.is_some(), Driver::Regressed);
        may(part != Part::All, Driver::Part);
        may(filter.assignee.is_some(), Driver::Assignee);
        may(range.is_some(), Driver::Seen);
        may(!filter.statuses.is_empty(), Driver::Status);
        may(filter.projects != Sight::All, Driver::Project);
        for candidate in candidates {
            let mut sql = Sql::default();
            let table = if candidate == Driver::Part {
                let Some((table, column, number)) = part.table() else {
                    continue;
                };
                let number = sql.value(number);
                sql.condition(format!("{column} = {number}"));
                table
            } else {
                let scoped = Scoped::new(&mut sql, Part::All, range);
                drive(&mut sql, filter, &scoped, candidate);
                "issue"
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

/// Whether more is asked for than projects, environment, release and range.
pub(super) fn asks_of_issues(filter: &IssueFilter) -> bool {
    let plain = IssueFilter {
        projects: Sight::All,
        ..filter.clone()
    };
    !asks_scope_alone(&plain)
}

/// Whether environment, release and range are all that is asked for: nothing of the
/// issue itself.
fn asks_scope_alone(filter: &IssueFilter) -> bool {
    let scope = Scope {
        range: None,
        ..filter.scope.clone()
    };
    let alone = IssueFilter {
        scope,
        ..IssueFilter::default()
    };
    *filter == alone
}

/// Whether the rows are found in `issue`, the part's looked up for each.
fn issue_leads(driver: Driver) -> bool {
    !matches!(driver, Driver::SortOrder | Driver::Part)
}

/// The condition that makes SQLite use the driver's index.
fn drive(sql: &mut Sql, filter: &IssueFilter, scoped: &Scoped, driver: Driver) {
    match driver {
        Driver::SortOrder | Driver::Part => {}
        Driver::Ids => {
            let ids = filter.ids.iter().flatten().map(|id| id.0 as i64);
            let ids = sql.list(ids);
            sql.condition(format!("issue.id IN {ids}"));
        }
        Driver::Regressed => {
            let regressed = regressed(scoped);
            sql.condition(format!("issue.id IN {regressed}"));
        }
        Driver::Seen => {
            if let Some((from, to)) = scoped.ends_ms() {
                // The issue's own: with a part this is a bound, not yet the answer.
                let within = format!("issue.last_seen >= {from} AND +issue.first_seen < {to}");
                sql.condition(within);
            }
        }
        Driver::Project => {
            if let Some(projects) = sql.projects(&filter.projects) {
                sql.condition(format!("issue.project_id IN {projects}"));
            }
        }
        Driver::Status => {
            // The index begins with the project, so every project is named.
            if filter.projects == Sight::All {
                sql.condition(
                    "issue.project_id IN (SELECT project_id FROM project_total)".to_owned(),
                );
            } else {
                drive(sql, filter, scoped, Driver::Project);
            }
            let statuses = sql.list(filter.statuses.iter().map(|s| status_number(*s)));
            sql.condition(format!("issue.status IN {statuses}"));
        }
        Driver::Assignee => {
            let assignee = sql.value(i64::from(filter.assignee.map_or(0, |id| id.0)));
            sql.condition(format!("issue.assignee = {assignee}"));
        }
    }
}

/// Issues that came back within the range.
pub(super) fn regressed(scoped: &Scoped) -> String {
    let within = scoped.ends_ms().map_or_else(String::new, |(from, to)| {
        format!(" AND t.seen >= {from} AND t.seen < {to}")
    });
    format!(
        "(SELECT {} FROM transition AS t WHERE t.kind = 2{within})",
        lead("t.issue_id")
    )
}

/// All conditions of the filter. Those that do not drive carry a unary plus, which
/// keeps SQLite from choosing their index; so do the range's ends, but for the column
/// that is walked.
fn conditions(
    sql: &mut Sql,
    filter: &IssueFilter,
    scoped: &Scoped,
    driver: Driver,
    walked: Option<&str>,
) {
    drive(sql, filter, scoped, driver);
    if !matches!(driver, Driver::Project | Driver::Status)
        && let Some(projects) = sql.projects(&filter.projects)
    {
        sql.condition(format!("+issue.project_id IN {projects}"));
    }
    if !filter.statuses.is_empty() && driver != Driver::Status {
        let statuses = sql.list(filter.statuses.iter().map(|s| status_number(*s)));
        sql.condition(format!("+issue.status IN {statuses}"));
    }
    if !filter.levels.is_empty() {
        let levels = sql.list(filter.levels.iter().map(|level| level_number(*level)));
        sql.condition(format!("+issue.level IN {levels}"));
    }
    if let Some(assignee) = filter.assignee.filter(|_| driver != Driver::Assignee) {
        let assignee = sql.value(i64::from(assignee.0));
        sql.condition(format!("+issue.assignee = {assignee}"));
    }
    if filter.unassigned {
        sql.condition("+issue.assignee IS NULL".to_owned());
    }
    if let (Some((from, to)), Some(has_event)) = (scoped.ends_ms(), scoped.has_event()) {
        let plus = |column: &str| {
            let is_walked = walked.is_some_and(|walked| walked == column);
            if is_walked { "" } else { "+" }
        };
        let (first, last) = (scoped.first_seen, scoped.last_seen);
        sql.condition(format!("{}{last} >= {from}", plus(last)));
        sql.condition(format!("{}{first} < {to}", plus(first)));
        sql.condition(has_event);
        if filter.is_new {
            sql.condition(format!(
                "+issue.first_seen >= {from} AND +issue.first_seen < {to}"
            ));
        }
    }
    if filter.is_regressed && driver != Driver::Regressed {
        sql.condition(format!("+issue.id IN {}", regressed(scoped)));
    }
    for word in &filter.words {
        let word = sql.value(fold(word));
        sql.condition(format!("instr(issue.folded, {word}) > 0"));
    }
}
