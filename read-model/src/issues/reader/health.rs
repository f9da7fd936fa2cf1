//! Releases with their sessions, monitors with their runs.
//!
//! Units: hours are Unix hours of a session's start, times Unix milliseconds. Invariant:
//! sums over hours and scenes are exact, users as their sketches say.

use event_model::{ProjectId, access::Sight};
use rusqlite::{Row, params, params_from_iter};

use super::{ReadError, Snapshot, scope::Sql};
use crate::{
    Distinct,
    issues::{batch::OTHER_NAME, health::Run},
};

/// Most monitors of an answer.
const MONITORS_MAX: u32 = 500;

/// A release of a project, of events or of sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// Whose.
    pub project_id: ProjectId,
    /// Its name.
    pub version: String,
    /// Of its first event or session; Unix ms.
    pub first_ms: i64,
    /// Of its events; none: it has none.
    pub events_ms: Option<(i64, i64)>,
    /// Issues whose first event is of it.
    pub new_issues: u64,
    /// Issues that it brought back, and that are not resolved since.
    pub regressed_issues: u64,
}

/// Which releases.
#[derive(Debug, Clone, Default)]
pub struct ReleaseFilter {
    /// Part of the name, in any case of ASCII letters; empty: all.
    pub text: String,
    /// Only with an event or a session of it; empty: all.
    pub environment: String,
    /// This one alone; none: all.
    pub version: Option<String>,
}

/// Sums of sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionTotals {
    /// Sessions that began.
    pub started: u64,
    /// Ended well.
    pub exited: u64,
    /// With errors.
    pub errored: u64,
    /// Ended by an unhandled error.
    pub unhandled: u64,
    /// Ended without a word.
    pub abnormal: u64,
    /// Crashed.
    pub crashed: u64,
    /// Their users.
    pub users: Distinct,
    /// Of those that crashed.
    pub crashed_users: Distinct,
}

impl SessionTotals {
    /// Adds those of another hour or scene.
    pub fn merge(&mut self, other: &Self) {
        self.started += other.started;
        self.exited += other.exited;
        self.errored += other.errored;
        self.unhandled += other.unhandled;
        self.abnormal += other.abnormal;
        self.crashed += other.crashed;
        self.users.merge(&other.users);
        self.crashed_users.merge(&other.crashed_users);
    }
}

/// A monitor, without its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorRow {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub project_id: ProjectId,
    /// Its name in URLs.
    pub slug: String,
    /// Where it runs.
    pub environment: String,
    /// Schedule and margins, a JSON object; may be empty.
    pub config: String,
}

impl Snapshot<'_> {
    /// Releases of these projects, the one that began last first, and how many there are.
    pub fn release_rows(
        &self,
        projects: &Sight,
        filter: &ReleaseFilter,
        (limit, offset): (u32, u32),
    ) -> Result<(Vec<ReleaseRow>, u64), ReadError> {
        let projects = &self.within(projects);
        let mut sql = Sql::default();
        let of_events = sql.and_projects("release.project_id", projects);
        let of_sessions = sql.and_projects("project_id", projects);
        let other = sql.value(OTHER_NAME.to_owned());
        let (in_events, in_sessions) = if filter.environment.is_empty() {
            (String::new(), String::new())
        } else {
            let environment = sql.value(filter.environment.clone());
            (
                // Environments and releases are numbered for all projects together: of this
                // one its issues tell.
                format!(
                    " AND EXISTS (SELECT 1 FROM name AS named
                         CROSS JOIN scene ON scene.release = named.id
                         CROSS JOIN name AS place ON place.id = scene.environment
                         WHERE named.name = release.version AND place.name = {environment}
                             AND EXISTS (SELECT 1 FROM issue_scene AS had
                                 CROSS JOIN issue ON issue.id = had.issue_id
                                 WHERE had.scene = scene.id
                                     AND +issue.project_id = release.project_id))"
                ),
                format!(" AND environment = {environment}"),
            )
        };
        let text = sql.value(filter.text.to_lowercase());
        let only = match &filter.version {
            Some(version) => format!(" AND version = {}", sql.value(version.clone())),
            None => String::new(),
        };
        let all = format!(
            "WITH named AS (
                 SELECT project_id, version, first_seen AS first, first_seen AS seen, last_seen AS last
                 FROM release WHERE version NOT IN ('', {other}){of_events}{in_events}
                 UNION ALL SELECT project_id, release, min(first_hour) * 3600000, NULL, NULL
                 FROM session_scene WHERE release NOT IN ('', {other}) AND first_hour IS NOT NULL
                     {of_sessions}{in_sessions} GROUP BY 1, 2),
             found AS MATERIALIZED (
                 SELECT project_id, version, min(first) AS first, max(seen) AS seen, max(last) AS last
                 FROM named WHERE instr(lower(version), {text}) > 0{only} GROUP BY 1, 2)"
        );
        let count = format!("{all} SELECT count(*) FROM found");
        let total = self.rows(&count, params_from_iter(&sql.values), |row| {
            row.get::<_, i64>(0)
        })?;
        let (limit, offset) = (sql.value(i64::from(limit)), sql.value(i64::from(offset)));
        let page = format!(
            "{all} SELECT project_id, version, first, seen, last,
                 (SELECT count(*) FROM issue WHERE issue.project_id = page.project_id
                     AND issue.first_release = page.version),
                 (SELECT count(*) FROM issue WHERE issue.project_id = page.project_id
                     AND issue.regressed_in = page.version)
             FROM (SELECT * FROM found ORDER BY first DESC, project_id, version
                 LIMIT {limit} OFFSET {offset}) AS page"
        );
        let rows = self.rows(&page, params_from_iter(sql.values), |row| {
            let seen: Option<i64> = row.get(3)?;
            let last: Option<i64> = row.get(4)?;
            Ok(ReleaseRow {
                project_id: ProjectId(row.get(0)?),
                version: row.get(1)?,
                first_ms: row.get(2)?,
                events_ms: seen.zip(last),
                new_issues: row.get::<_, i64>(5)? as u64,
                regressed_issues: row.get::<_, i64>(6)? as u64,
            })
        })?;
        Ok((rows, total.first().copied().unwrap_or_default() as u64))
    }

    /// The release of a project that began before a time, the newest.
    pub fn release_before(
        &self,
        project: ProjectId,
        before_ms: i64,
    ) -> Result<Option<String>, ReadError> {
        if !self.sight.has(project) {
            return Ok(None);
        }
        let rows = self.rows(
            "SELECT version FROM (
                 SELECT version, first_seen AS first FROM release
                 WHERE project_id = ?1 AND version NOT IN ('', ?3)
                 UNION ALL SELECT release, min(first_hour) * 3600000 FROM session_scene
                 WHERE project_id = ?1 AND release NOT IN ('', ?3) AND first_hour IS NOT NULL
                 GROUP BY 1)
             GROUP BY version HAVING min(first) < ?2 ORDER BY min(first) DESC, version LIMIT 1",
            params![project.0, before_ms, OTHER_NAME],
            |row| row.get(0),
        )?;
        Ok(rows.into_iter().next())
    }

    /// Sessions that began within these hours (from the first on, before the second), of a
    /// project by release and hour, of one environment or of all: calls for each row.
    pub fn each_session_hour(
        &self,
        project: ProjectId,
        environment: &str,
        release: Option<&str>,
        hours: (i64, i64),
        mut call: impl FnMut(&str, i64, SessionTotals),
    ) -> Result<(), ReadError> {
        if !self.sight.has(project) {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT of.release, hour.hour, started, exited, errored, unhandled, abnormal, crashed,
                 users, crashed_users
             FROM session_scene AS of CROSS JOIN session_hour AS hour ON hour.scene = of.id
             WHERE of.project_id = ?1 AND (?2 = '' OR of.environment = ?2)
                 AND (?3 IS NULL OR of.release = ?3) AND of.last_hour >= ?4
                 AND hour.hour >= ?4 AND hour.hour < ?5",
        )?;
        let values = params![project.0, environment, release, hours.0, hours.1];
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            let totals = totals(row)?;
            let release = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            call(release, row.get(1)?, totals);
        }
        Ok(())
    }

    /// Monitors of these projects, of one environment or of all.
    pub fn monitor_rows(
        &self,
        projects: &Sight,
        environment: &str,
    ) -> Result<Vec<MonitorRow>, ReadError> {
        let mut sql = Sql::default();
        let seen = sql.and_projects("project_id", &self.within(projects));
        let place = sql.value(environment.to_owned());
        let text = format!(
            "SELECT id, project_id, slug, environment, config FROM monitor
             WHERE ({place} = '' OR environment = {place}){seen}
             ORDER BY project_id, slug, environment LIMIT {MONITORS_MAX}"
        );
        self.rows(&text, params_from_iter(sql.values), |row| {
            Ok(MonitorRow {
                id: row.get(0)?,
                project_id: ProjectId(row.get(1)?),
                slug: row.get(2)?,
                environment: row.get(3)?,
                config: row.get(4)?,
            })
        })
    }

    /// Runs of a monitor that began before a time, the newest first.
    pub fn runs(
        &self,
        monitor: &MonitorRow,
        before_ms: i64,
        limit: u32,
    ) -> Result<Vec<Run>, ReadError> {
        if !self.sight.has(monitor.project_id) {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT id, status, started, updated, duration_ms, release FROM check_in
             WHERE monitor = ?1 AND started < ?2 ORDER BY number DESC LIMIT ?3",
            params![monitor.id, before_ms, limit],
            |row| {
                Ok(Run {
                    id: row.get(0)?,
                    status: row.get(1)?,
                    started_ms: row.get(2)?,
                    updated_ms: row.get(3)?,
                    duration_ms: row.get::<_, Option<i64>>(4)?.map(|ms| ms as u64),
                    release: row.get(5)?,
                })
            },
        )
    }
}

fn totals(row: &Row<'_>) -> Result<SessionTotals, ReadError> {
    let number = |at| -> Result<u64, rusqlite::Error> { Ok(row.get::<_, i64>(at)?.max(0) as u64) };
    let sketch = |at| -> Result<Distinct, ReadError> {
        let bytes = row.get_ref(at)?.as_blob().map_err(rusqlite::Error::from)?;
        // Of damage nothing is left but the numbers.
        Ok(Distinct::from_bytes(bytes).unwrap_or_default())
    };
    Ok(SessionTotals {
        started: number(2)?,
        exited: number(3)?,
        errored: number(4)?,
        unhandled: number(5)?,
        abnormal: number(6)?,
        crashed: number(7)?,
        users: sketch(8)?,
        crashed_users: sketch(9)?,
    })
}
