//! Counts over time.
//!
//! Units: a [`Window`] counts in whole Unix minutes or hours of the event's
//! clamped time. Invariant: every bucket of a window is there, zero if nothing
//! happened.

use std::collections::{BTreeMap, HashMap};

use event_model::{IssueId, Level, ProjectId};
use rusqlite::{Row, params};

use super::{
    ReadError, Snapshot, json_list,
    row::{COLUMN_COUNT, COLUMNS, IssueRow, read_issue},
};

/// The table that counts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Kept 48 hours behind the newest.
    Minute,
    /// Kept for good.
    Hour,
}

impl Unit {
    /// Its length, seconds.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }
}

/// Buckets of equal length, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Unit of `from` and `per_bucket`.
    pub unit: Unit,
    /// The first bucket's start: Unix minutes or hours.
    pub from: i64,
    /// Units in a bucket, at least 1.
    pub per_bucket: u32,
    /// How many buckets.
    pub buckets: u32,
}

impl Window {
    /// Exclusive end, Unix minutes or hours.
    pub fn to(&self) -> i64 {
        self.from + i64::from(self.per_bucket) * i64::from(self.buckets)
    }

    /// The window of the same length before it.
    #[must_use]
    pub fn before(&self) -> Self {
        Self {
            from: self.from - (self.to() - self.from),
            ..*self
        }
    }

    /// The first bucket's start, Unix ms.
    pub fn from_ms(&self) -> i64 {
        self.from * i64::from(self.unit.seconds()) * 1000
    }

    fn zeros(&self) -> Vec<u64> {
        vec![0; self.buckets as usize]
    }

    /// Adds a row's `(bucket, count)`.
    fn add(counts: &mut [u64], bucket: i64, count: i64) {
        let slot = usize::try_from(bucket).ok().and_then(|b| counts.get_mut(b));
        if let Some(slot) = slot {
            *slot += count as u64;
        }
    }
}

/// How to split a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesBy {
    /// Not at all.
    Nothing,
    /// One a level that occurs.
    Level,
    /// One a project that occurs.
    Project,
}

/// What a series counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CountOf {
    /// Everything.
    All,
    /// One level.
    Level(Level),
    /// One project.
    Project(ProjectId),
}

/// A series, one count a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesCounts {
    /// What it counts.
    pub of: CountOf,
    /// Oldest first.
    pub counts: Vec<u64>,
}

/// An issue and its events within a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopIssue {
    /// The issue.
    pub issue: IssueRow,
    /// Events within the window.
    pub window_count: u64,
}

/// Totals of a window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Events.
    pub events: u64,
    /// Events of the window before.
    pub events_before: u64,
    /// Issues whose first event is in or after the window.
    pub new_issues: u64,
    /// Issues that came back.
    pub regressed_issues: u64,
    /// Issues that need someone, whenever they began.
    pub unresolved_issues: u64,
    /// Events by level, least first; levels without events are left out.
    pub by_level: Vec<(Level, u64)>,
}

/// Totals of a project since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectTotal {
    /// Which.
    pub project_id: ProjectId,
    /// Events.
    pub events: u64,
    /// Receipt of the newest event, Unix ms.
    pub last_received_ms: i64,
    /// Issues that need someone.
    pub unresolved_issues: u64,
}

/// Projects asked for, as a subquery: `?1` says all, `?2` lists them. Naming every
/// project lets SQLite seek in tables whose key begins with the project.
const PROJECTS: &str = "(SELECT project_id FROM project_total WHERE ?1 OR project_id IN (SELECT value FROM json_each(?2)))";

impl Snapshot<'_> {
    /// Events of these projects (none named: all) over time. Without events there
    /// is one series of zeros if not split, else none.
    pub fn series(
        &self,
        window: Window,
        projects: &[ProjectId],
        by: SeriesBy,
    ) -> Result<Vec<SeriesCounts>, ReadError> {
        let unit = window.unit.name();
        let part = match by {
            SeriesBy::Nothing => "0",
            SeriesBy::Level => "level",
            SeriesBy::Project => "project_id",
        };
        let sql = format!(
            "SELECT {part}, ({unit} - ?3) / ?5 AS bucket, sum(count) FROM project_{unit}
             WHERE project_id IN {PROJECTS} AND {unit} >= ?3 AND {unit} < ?4 GROUP BY 1, 2"
        );
        let mut found: BTreeMap<CountOf, Vec<u64>> = BTreeMap::new();
        if by == SeriesBy::Nothing {
            found.insert(CountOf::All, window.zeros());
        }
        let (all, list) = project_params(projects);
        let rows = self.rows(
            &sql,
            params![all, list, window.from, window.to(), window.per_bucket],
            three_numbers,
        )?;
        for (part, bucket, count) in rows {
            let of = match by {
                SeriesBy::Nothing => CountOf::All,
                SeriesBy::Level => CountOf::Level(Level::from_number(part as u8)),
                SeriesBy::Project => CountOf::Project(ProjectId(part as u32)),
            };
            let counts = found.entry(of).or_insert_with(|| window.zeros());
            Window::add(counts, bucket, count);
        }
        let series = found.into_iter();
        Ok(series
            .map(|(of, counts)| SeriesCounts { of, counts })
            .collect())
    }

    /// Events of each of these issues over time. An issue without events in the
    /// window is not in the map.
    pub fn issue_series(
        &self,
        window: Window,
        issues: &[IssueId],
    ) -> Result<HashMap<IssueId, Vec<u64>>, ReadError> {
        let unit = window.unit.name();
        let sql = format!(
            "SELECT issue_id, ({unit} - ?2) / ?4 AS bucket, sum(count) FROM issue_{unit}
             WHERE issue_id IN (SELECT value FROM json_each(?1)) AND {unit} >= ?2 AND {unit} < ?3
             GROUP BY 1, 2"
        );
        let list = json_list(issues.iter().map(|id| id.0 as i64));
        let rows = self.rows(
            &sql,
            params![list, window.from, window.to(), window.per_bucket],
            three_numbers,
        )?;
        let mut found: HashMap<IssueId, Vec<u64>> = HashMap::new();
        for (issue, bucket, count) in rows {
            let counts = found.entry(IssueId(issue as u64));
            Window::add(counts.or_insert_with(|| window.zeros()), bucket, count);
        }
        Ok(found)
    }

    /// Issues with the most events in a window, most first.
    pub fn top_issues(
        &self,
        window: Window,
        projects: &[ProjectId],
        limit: u32,
    ) -> Result<Vec<TopIssue>, ReadError> {
        let unit = window.unit.name();
        let sql = format!(
            "SELECT {COLUMNS}, hot.total FROM (
                 SELECT issue_id, sum(count) AS total FROM issue_{unit}
                 WHERE {unit} >= ?3 AND {unit} < ?4
                 AND (?1 OR issue_id IN (SELECT id FROM issue
                      WHERE project_id IN (SELECT value FROM json_each(?2))))
                 GROUP BY issue_id ORDER BY total DESC, issue_id LIMIT ?5
             ) AS hot JOIN issue ON issue.id = hot.issue_id
             ORDER BY hot.total DESC, issue.id"
        );
        let (all, list) = project_params(projects);
        self.rows(
            &sql,
            params![all, list, window.from, window.to(), limit],
            |row| {
                Ok(TopIssue {
                    issue: read_issue(row)?,
                    window_count: row.get::<_, i64>(COLUMN_COUNT)? as u64,
                })
            },
        )
    }

    /// Totals of a window for these projects (none named: all).
    pub fn summary(&self, window: Window, projects: &[ProjectId]) -> Result<Summary, ReadError> {
        let one = |window: Window| Window {
            per_bucket: window.per_bucket * window.buckets,
            buckets: 1,
            ..window
        };
        let sum = |series: &SeriesCounts| series.counts.iter().sum::<u64>();
        let by_level: Vec<(Level, u64)> = self
            .series(one(window), projects, SeriesBy::Level)?
            .iter()
            .filter_map(|series| match series.of {
                CountOf::Level(level) => Some((level, sum(series))),
                _ => None,
            })
            .collect();
        let before = self.series(one(window.before()), projects, SeriesBy::Nothing)?;
        let (all, list) = project_params(projects);
        let count = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<u64, ReadError> {
            let mut statement = self.connection.prepare_cached(sql)?;
            Ok(statement.query_row(values, |row| row.get::<_, i64>(0))? as u64)
        };
        let since_ms = window.from_ms();
        Ok(Summary {
            events: by_level.iter().map(|(_, count)| count).sum(),
            events_before: before.iter().map(sum).sum(),
            new_issues: count(
                "SELECT count(*) FROM issue WHERE first_seen >= ?3
                 AND (?1 OR +project_id IN (SELECT value FROM json_each(?2)))",
                &[&all, &list, &since_ms],
            )?,
            regressed_issues: count(
                "SELECT count(DISTINCT issue_id) FROM transition WHERE kind = 2 AND at_ns >= ?3
                 AND (?1 OR (SELECT project_id FROM issue WHERE issue.id = issue_id)
                      IN (SELECT value FROM json_each(?2)))",
                &[&all, &list, &(since_ms * 1_000_000)],
            )?,
            unresolved_issues: count(
                &format!(
                    "SELECT count(*) FROM issue WHERE project_id IN {PROJECTS} AND status = 1"
                ),
                &[&all, &list],
            )?,
            by_level,
        })
    }

    /// Totals of every project that has an event, by id.
    pub fn project_totals(&self) -> Result<Vec<ProjectTotal>, ReadError> {
        self.rows(
            "SELECT project_id, events, last_received,
                    (SELECT count(*) FROM issue
                     WHERE issue.project_id = project_total.project_id AND status = 1)
             FROM project_total ORDER BY project_id",
            [],
            |row| {
                Ok(ProjectTotal {
                    project_id: ProjectId(row.get(0)?),
                    events: row.get::<_, i64>(1)? as u64,
                    last_received_ms: row.get(2)?,
                    unresolved_issues: row.get::<_, i64>(3)? as u64,
                })
            },
        )
    }
}

fn project_params(projects: &[ProjectId]) -> (bool, String) {
    let list = json_list(projects.iter().map(|id| i64::from(id.0)));
    (projects.is_empty(), list)
}

fn three_numbers(row: &Row<'_>) -> rusqlite::Result<(i64, i64, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}
