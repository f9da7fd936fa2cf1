//! Counts over time.
//!
//! Units: a [`Window`] counts in whole Unix minutes or hours of the event's
//! clamped time. Invariant: every bucket of a window is there, zero if nothing
//! happened; the sum of a series is what a list over the same range sums up to.

use std::collections::{BTreeMap, HashMap, HashSet};

use event_model::{IssueId, Level, ProjectId, access::Sight};
use rusqlite::{Row, params_from_iter};

use super::{
    ReadError, Snapshot, lead,
    scope::{Part, Range, Scope, Scoped, Sql, Unit},
};
use crate::issues::numbers::level_of;

/// Buckets of equal length, one after another, that hold what is within a range:
/// the first and the last may reach beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// What is counted.
    pub range: Range,
    /// The first bucket's start, at or before the range's, in its unit.
    pub from: i64,
    /// Units in a bucket, at least 1.
    pub per_bucket: u32,
    /// How many buckets.
    pub buckets: u32,
}

impl Window {
    /// The first bucket's start, Unix ms.
    pub fn from_ms(&self) -> i64 {
        self.from * i64::from(self.range.unit.seconds()) * 1000
    }

    /// Nothing in any bucket.
    pub fn zeros(&self) -> Vec<u64> {
        vec![0; self.buckets as usize]
    }

    /// The bucket of a minute or hour.
    fn bucket(&self, at: i64) -> Option<usize> {
        let bucket = (at - self.from).div_euclid(i64::from(self.per_bucket));
        usize::try_from(bucket)
            .ok()
            .filter(|b| *b < self.buckets as usize)
    }

    /// Adds a row's `(bucket, count)`.
    pub(super) fn add(counts: &mut [u64], bucket: i64, count: i64) {
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
    /// One each of [`IssueState`].
    State,
}

/// What an issue is to a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssueState {
    /// It began within it.
    New,
    /// It came back within it, having begun before.
    Regressed,
    /// Neither.
    Other,
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
    /// Issues of one state.
    State(IssueState),
}

/// A series, one count a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesCounts {
    /// What it counts.
    pub of: CountOf,
    /// Oldest first.
    pub counts: Vec<u64>,
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

impl Snapshot<'_> {
    /// Events over time of these projects, within the scope's part.
    /// Without events there is one series of zeros if not split, else none; of states
    /// there are always all three.
    pub fn series(
        &self,
        window: Window,
        projects: &Sight,
        scope: &Scope,
        by: SeriesBy,
    ) -> Result<Vec<SeriesCounts>, ReadError> {
        let projects = &self.within(projects);
        let mut found: BTreeMap<CountOf, Vec<u64>> = BTreeMap::new();
        let always: &[CountOf] = match by {
            SeriesBy::Nothing => &[CountOf::All],
            SeriesBy::State => &[
                CountOf::State(IssueState::New),
                CountOf::State(IssueState::Regressed),
                CountOf::State(IssueState::Other),
            ],
            SeriesBy::Level | SeriesBy::Project => &[],
        };
        found.extend(always.iter().map(|of| (*of, window.zeros())));
        if let Some(part) = self.part(scope)? {
            let rows = if by == SeriesBy::State {
                self.state_rows(window, projects, part)?
            } else {
                self.project_rows(window, projects, part, by)?
            };
            for (number, bucket, count) in rows {
                let of = match by {
                    SeriesBy::Nothing => CountOf::All,
                    SeriesBy::Level => CountOf::Level(level_of(number)),
                    SeriesBy::Project => CountOf::Project(ProjectId(number as u32)),
                    SeriesBy::State => CountOf::State(match number {
                        0 => IssueState::New,
                        1 => IssueState::Regressed,
                        _ => IssueState::Other,
                    }),
                };
                let counts = found.entry(of).or_insert_with(|| window.zeros());
                Window::add(counts, bucket, count);
            }
        }
        let series = found.into_iter();
        Ok(series
            .map(|(of, counts)| SeriesCounts { of, counts })
            .collect())
    }

    /// Level, project or 0, bucket, events: out of the projects' counts.
    fn project_rows(
        &self,
        window: Window,
        projects: &Sight,
        part: Part,
        by: SeriesBy,
    ) -> Result<Vec<(i64, i64, i64)>, ReadError> {
        let unit = window.range.unit.name();
        let split = match by {
            SeriesBy::Level => "level",
            SeriesBy::Project => "project_id",
            SeriesBy::Nothing | SeriesBy::State => "0",
        };
        let mut sql = Sql::default();
        // Naming every project lets SQLite seek in a table whose key begins with it.
        let projects = sql
            .projects(projects)
            .unwrap_or_else(|| "(SELECT project_id FROM project_total)".to_owned());
        let (from, to) = (sql.value(window.range.from), sql.value(window.range.to));
        let scoped = Scoped::new(&mut sql, part, None);
        let (first, length) = (
            sql.value(window.from),
            sql.value(i64::from(window.per_bucket)),
        );
        let text = format!(
            "SELECT {split}, (p.{unit} - {first}) / {length}, sum(count) FROM project_{unit} AS p
             WHERE p.project_id IN {projects} AND p.{unit} >= {from} AND p.{unit} < {to}{}
             GROUP BY 1, 2",
            scoped.of_part("p")
        );
        self.rows(&text, params_from_iter(sql.values), three_numbers)
    }

    /// State, bucket, events: out of the issues' counts.
    fn state_rows(
        &self,
        window: Window,
        projects: &Sight,
        part: Part,
    ) -> Result<Vec<(i64, i64, i64)>, ReadError> {
        let unit = window.range.unit.name();
        let mut sql = Sql::default();
        let scoped = Scoped::new(&mut sql, part, Some(window.range));
        let (Some((from_ms, to_ms)), Some(times)) = (scoped.ends_ms(), scoped.times("h")) else {
            unreachable!("the range was given above")
        };
        let (first, length) = (
            sql.value(window.from),
            sql.value(i64::from(window.per_bucket)),
        );
        let its = sql.and_projects("+issue.project_id", projects);
        let lead = lead("t.issue_id");
        let text = format!(
            "SELECT CASE WHEN issue.first_seen >= {from_ms} AND issue.first_seen < {to_ms} THEN 0
                 WHEN issue.id IN (SELECT {lead} FROM transition AS t
                     WHERE t.kind = 2 AND t.seen >= {from_ms} AND t.seen < {to_ms}) THEN 1
                 ELSE 2 END, (h.{unit} - {first}) / {length}, sum(h.count)
             FROM issue CROSS JOIN {times}
             AND issue.last_seen >= {from_ms} AND +issue.first_seen < {to_ms}{its}
             GROUP BY 1, 2"
        );
        self.rows(&text, params_from_iter(sql.values), three_numbers)
    }

    /// Events of each of these issues over time, within the scope's part. An issue
    /// without events in the window is not in the map.
    pub fn issue_series(
        &self,
        window: Window,
        scope: &Scope,
        issues: &[IssueId],
    ) -> Result<HashMap<IssueId, Vec<u64>>, ReadError> {
        let Some(part) = self.part(scope)? else {
            return Ok(HashMap::new());
        };
        let unit = window.range.unit.name();
        let mut sql = Sql::default();
        let scoped = Scoped::new(&mut sql, part, None);
        let (from, to) = (sql.value(window.range.from), sql.value(window.range.to));
        let (first, length) = (
            sql.value(window.from),
            sql.value(i64::from(window.per_bucket)),
        );
        let issues = self.seen_issues(issues)?;
        let ids = sql.list(issues.iter().map(|id| id.0 as i64));
        let text = format!(
            "SELECT of.issue_id, (h.{unit} - {first}) / {length}, sum(h.count)
             FROM fingerprint AS of CROSS JOIN fingerprint_{unit} AS h
             WHERE of.issue_id IN {ids} AND h.fingerprint_id = of.id
                 AND h.{unit} >= {from} AND h.{unit} < {to}{}
             GROUP BY 1, 2",
            scoped.of_part("h")
        );
        let rows = self.rows(&text, params_from_iter(sql.values), three_numbers)?;
        let mut found: HashMap<IssueId, Vec<u64>> = HashMap::new();
        for (issue, bucket, count) in rows {
            let counts = found.entry(IssueId(issue as u64));
            Window::add(counts.or_insert_with(|| window.zeros()), bucket, count);
        }
        Ok(found)
    }

    /// Distinct users of each bucket, of these projects or of one issue of theirs, within the scope's part.
    pub fn user_series(
        &self,
        window: Window,
        projects: &Sight,
        issue: Option<IssueId>,
        scope: &Scope,
    ) -> Result<Vec<u64>, ReadError> {
        let mut users: Vec<HashSet<i64>> = vec![HashSet::new(); window.buckets as usize];
        self.each_user(
            window.range,
            projects,
            issue,
            scope,
            |hash, hour, minutes| {
                if window.range.unit == Unit::Hour {
                    if let Some(bucket) = window.bucket(hour) {
                        users[bucket].insert(hash);
                    }
                    return;
                }
                for minute in (0..60).filter(|minute| minutes & (1 << minute) != 0) {
                    let at = hour * 60 + minute;
                    let is_within = at >= window.range.from && at < window.range.to;
                    if let Some(bucket) = window.bucket(at).filter(|_| is_within) {
                        users[bucket].insert(hash);
                    }
                }
            },
        )?;
        Ok(users.iter().map(|users| users.len() as u64).collect())
    }

    /// Calls for each row of users within the range: hash, hour, minutes.
    pub(super) fn each_user(
        &self,
        range: Range,
        projects: &Sight,
        issue: Option<IssueId>,
        scope: &Scope,
        mut call: impl FnMut(i64, i64, i64),
    ) -> Result<(), ReadError> {
        let Some(part) = self.part(scope)? else {
            return Ok(());
        };
        let mut sql = Sql::default();
        let scoped = Scoped::new(&mut sql, part, Some(range));
        let rows = scoped.users_rows("u");
        let Some((from_ms, to_ms)) = scoped.ends_ms() else {
            unreachable!("the range was given above")
        };
        let of_projects = sql.and_projects("+issue.project_id", &self.within(projects));
        let of_issue = issue.map_or_else(String::new, |issue| {
            format!(" AND issue.id = {}", sql.value(issue.0 as i64))
        });
        let plus = if issue.is_some() { "+" } else { "" };
        let text = format!(
            "SELECT u.user_hash, u.hour, u.minutes FROM issue CROSS JOIN {rows}
             AND {plus}issue.last_seen >= {from_ms} AND +issue.first_seen < {to_ms}{of_projects}{of_issue}"
        );
        let mut statement = self.connection.prepare_cached(&text)?;
        let mut rows = statement.query(params_from_iter(sql.values))?;
        while let Some(row) = rows.next()? {
            call(row.get(0)?, row.get(1)?, row.get(2)?);
        }
        Ok(())
    }

    /// Totals of every project in sight that has an event, by id.
    pub fn project_totals(&self) -> Result<Vec<ProjectTotal>, ReadError> {
        self.rows(
            "SELECT project_id, events, last_received,
                    (SELECT count(*) FROM issue
                     WHERE issue.project_id = project_total.project_id AND status = 1)
             FROM project_total
             WHERE ?1 IS NULL OR project_id IN (SELECT value FROM json_each(?1))
             ORDER BY project_id",
            [self.seen()],
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

/// Bytes of the records of a project's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectBytes {
    /// Whose.
    pub project_id: ProjectId,
    /// Received in the first range of hours.
    pub log: u64,
    /// … and in the second.
    pub cold: u64,
}

impl Snapshot<'_> {
    /// What the events of every project took that were received from these hours on,
    /// whether it is in sight or not: shares are of the whole.
    pub fn project_bytes(
        &self,
        log_from: i64,
        cold_from: i64,
    ) -> Result<Vec<ProjectBytes>, ReadError> {
        self.rows(
            "SELECT project_id, total(iif(hour >= ?1, bytes, 0)), total(iif(hour >= ?2, bytes, 0))
             FROM project_bytes GROUP BY project_id ORDER BY project_id",
            [log_from, cold_from],
            |row| {
                Ok(ProjectBytes {
                    project_id: ProjectId(row.get(0)?),
                    log: row.get::<_, f64>(1)? as u64,
                    cold: row.get::<_, f64>(2)? as u64,
                })
            },
        )
    }
}

fn three_numbers(row: &Row<'_>) -> rusqlite::Result<(i64, i64, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}
