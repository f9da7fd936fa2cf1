//! What one issue's page shows beside the issue itself, and filter values.

use std::collections::HashMap;

use event_model::{EventId, Fingerprint, IssueId, Level, Position, ProjectId, access::Sight};
use rusqlite::{OptionalExtension, params};

use super::{ReadError, Snapshot, json_list};
use crate::issues::{
    moves::{PrintRow, print_row},
    numbers::level_of,
};

/// Most entries of an issue's activity.
const ACTIVITY_MAX: u32 = 200;
/// Most fingerprints of an issue that are shown, those with the newest events.
const FINGERPRINTS_MAX: u32 = 1_000;
/// Most releases and environments of an issue.
const VALUES_MAX: u32 = 50;
/// Most releases among the filter values.
const FACET_RELEASES_MAX: u32 = 100;
/// Most environments among the filter values; names come from clients.
const FACET_ENVIRONMENTS_MAX: u32 = 200;

/// A value and its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueCount {
    /// The value; empty among tags: all values beyond the first 1,000.
    pub value: String,
    /// Events.
    pub count: u64,
}

/// A release of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseCount {
    /// Its name.
    pub version: String,
    /// Events.
    pub count: u64,
    /// Unix ms.
    pub first_seen_ms: i64,
    /// Unix ms.
    pub last_seen_ms: i64,
}

/// A fingerprint of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FingerprintRow {
    /// Which.
    pub fingerprint: Fingerprint,
    /// The issue that it opened, and that it is again when it is taken out.
    pub id: IssueId,
    /// "Type: first line of the value", of its newest event.
    pub title: String,
    /// Where it broke.
    pub culprit: String,
    /// Of its newest event.
    pub level: Level,
    /// Events.
    pub count: u64,
    /// Distinct users.
    pub users: u64,
    /// Unix ms.
    pub first_seen_ms: i64,
    /// Unix ms.
    pub last_seen_ms: i64,
    /// Its newest event.
    pub last_event_id: EventId,
}

/// Who did what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Where in the log.
    pub position: Position,
    /// As in `errata.v1.Activity`.
    pub kind: String,
    /// Unix ns.
    pub at_ns: i64,
    /// "user:N", "admin", "system", "alerter".
    pub actor: String,
    /// Assignee's user id, release, target.
    pub detail: String,
}

/// Filter values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// By name.
    pub environments: Vec<String>,
    /// Newest first.
    pub releases: Vec<String>,
}

impl Snapshot<'_> {
    /// Releases of an issue, newest first, at most 50.
    pub fn releases(&self, issue: IssueId) -> Result<Vec<ReleaseCount>, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT name.name, count, first_seen, last_seen
             FROM issue_release CROSS JOIN name ON name.id = issue_release.release
             WHERE issue_id = ?1 ORDER BY last_seen DESC, name.name LIMIT ?2",
            params![issue.0 as i64, VALUES_MAX],
            |row| {
                Ok(ReleaseCount {
                    version: row.get(0)?,
                    count: row.get::<_, i64>(1)? as u64,
                    first_seen_ms: row.get(2)?,
                    last_seen_ms: row.get(3)?,
                })
            },
        )
    }

    /// Environments of an issue, most events first, at most 50.
    pub fn environments(&self, issue: IssueId) -> Result<Vec<ValueCount>, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT name.name, count
             FROM issue_environment CROSS JOIN name ON name.id = issue_environment.environment
             WHERE issue_id = ?1 ORDER BY count DESC, name.name LIMIT ?2",
            params![issue.0 as i64, VALUES_MAX],
            |row| {
                Ok(ValueCount {
                    value: row.get(0)?,
                    count: row.get::<_, i64>(1)? as u64,
                })
            },
        )
    }

    /// Activity of an issue and of those merged into it, newest first, at most 200. That they
    /// were is told once.
    pub fn activity(&self, issue: IssueId) -> Result<Vec<Activity>, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT position, kind, at_ns, actor, detail FROM activity
             WHERE issue_id IN (SELECT id FROM fingerprint WHERE issue_id = ?1
                     UNION ALL SELECT moved.id FROM fingerprint
                         CROSS JOIN moved ON to_id = fingerprint.id WHERE issue_id = ?1)
                 AND (issue_id = ?1 OR kind NOT IN ('merged_into', 'regrouped_into'))
             ORDER BY position DESC, kind, issue_id LIMIT ?2",
            params![issue.0 as i64, ACTIVITY_MAX],
            |row| {
                Ok(Activity {
                    position: Position(row.get::<_, i64>(0)? as u64),
                    kind: row.get(1)?,
                    at_ns: row.get(2)?,
                    actor: row.get(3)?,
                    detail: row.get(4)?,
                })
            },
        )
    }

    /// Filter values of these projects.
    pub fn facets(&self, projects: &Sight) -> Result<Facets, ReadError> {
        let list = match self.within(projects) {
            Sight::All => None,
            Sight::Only(projects) => Some(json_list(projects.iter().map(|id| i64::from(id.0)))),
        };
        let environments = self.rows(
            "SELECT DISTINCT name FROM environment
             WHERE name <> '' AND (?1 IS NULL OR project_id IN (SELECT value FROM json_each(?1)))
             ORDER BY name LIMIT ?2",
            params![list, FACET_ENVIRONMENTS_MAX],
            |row| row.get(0),
        )?;
        let releases = self.rows(
            "SELECT version FROM release
             WHERE version <> ''
                 AND (?1 IS NULL OR project_id IN (SELECT value FROM json_each(?1)))
             GROUP BY version ORDER BY max(last_seen) DESC, version LIMIT ?2",
            params![list, FACET_RELEASES_MAX],
            |row| row.get(0),
        )?;
        Ok(Facets {
            environments,
            releases,
        })
    }

    /// The fingerprints that make up an issue, and those that they were called before events
    /// were grouped otherwise, unless others are called so.
    pub fn fingerprints(&self, issue: IssueId) -> Result<Vec<Fingerprint>, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT fingerprint FROM fingerprint WHERE issue_id = ?1
             UNION SELECT former.fingerprint FROM fingerprint
                 CROSS JOIN former ON fingerprint_id = fingerprint.id WHERE issue_id = ?1
             ORDER BY 1",
            [issue.0 as i64],
            |row| row.get(0).map(Fingerprint),
        )
    }

    /// The same with what each counts, the one with the newest event first, at most 1,000.
    pub fn fingerprint_rows(&self, issue: IssueId) -> Result<Vec<FingerprintRow>, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT fingerprint, id, title, culprit, level, count, users, first_seen, last_seen,
                 last_event_id
             FROM fingerprint WHERE issue_id = ?1 ORDER BY last_seen DESC, id LIMIT ?2",
            params![issue.0 as i64, FINGERPRINTS_MAX],
            |row| {
                Ok(FingerprintRow {
                    fingerprint: Fingerprint(row.get(0)?),
                    id: IssueId(row.get::<_, i64>(1)? as u64),
                    title: row.get(2)?,
                    culprit: row.get(3)?,
                    level: level_of(row.get(4)?),
                    count: row.get::<_, i64>(5)? as u64,
                    users: row.get::<_, i64>(6)? as u64,
                    first_seen_ms: row.get(7)?,
                    last_seen_ms: row.get(8)?,
                    last_event_id: EventId(row.get(9)?),
                })
            },
        )
    }

    /// The issue that each of these fingerprints belongs to.
    pub fn issue_ids(
        &self,
        wanted: impl IntoIterator<Item = (ProjectId, Fingerprint)>,
    ) -> Result<HashMap<(ProjectId, Fingerprint), IssueId>, ReadError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT issue_id FROM fingerprint WHERE project_id = ?1 AND fingerprint = ?2
             UNION ALL SELECT issue_id FROM former
                 CROSS JOIN fingerprint ON fingerprint.id = fingerprint_id
                 WHERE former.project_id = ?1 AND former.fingerprint = ?2",
        )?;
        let mut found = HashMap::new();
        for key in wanted {
            if found.contains_key(&key) || !self.sight.has(key.0) {
                continue;
            }
            let id: Option<i64> = statement
                .query_row(params![key.0.0, key.1.0], |row| row.get(0))
                .optional()?;
            if let Some(id) = id {
                found.insert(key, IssueId(id as u64));
            }
        }
        Ok(found)
    }

    /// These fingerprints of a project, and all others of the issues that they belong to.
    /// Ends early once `goes_on` says so.
    pub fn rows_of_issues(
        &self,
        project: ProjectId,
        wanted: impl IntoIterator<Item = Fingerprint>,
        goes_on: impl Fn() -> bool,
    ) -> Result<HashMap<Fingerprint, PrintRow>, ReadError> {
        let mut found = HashMap::new();
        if !self.sight.has(project) {
            return Ok(found);
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT id, fingerprint, opened, issue_id, count FROM fingerprint
             WHERE issue_id = (SELECT issue_id FROM fingerprint
                 WHERE project_id = ?1 AND fingerprint = ?2)",
        )?;
        for print in wanted.into_iter().take_while(|_| goes_on()) {
            if found.contains_key(&print) {
                continue;
            }
            let rows = statement.query_map(params![project.0, print.0], print_row)?;
            for row in rows {
                let row = row?;
                found.insert(row.fingerprint, row);
            }
        }
        Ok(found)
    }
}
