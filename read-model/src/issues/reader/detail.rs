//! What one issue's page shows beside the issue itself, and filter values.

use std::collections::HashMap;

use event_model::{Fingerprint, IssueId, Position, ProjectId, access::Sight};
use rusqlite::{OptionalExtension, params};

use super::{ReadError, Snapshot, json_list};

/// Most entries of an issue's activity.
const ACTIVITY_MAX: u32 = 200;
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

    /// Activity of an issue, newest first, at most 200.
    pub fn activity(&self, issue: IssueId) -> Result<Vec<Activity>, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT position, kind, at_ns, actor, detail FROM activity
             WHERE issue_id = ?1 ORDER BY position DESC, kind LIMIT ?2",
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

    /// The fingerprints that make up an issue.
    pub fn fingerprints(&self, issue: IssueId) -> Result<Vec<Fingerprint>, ReadError> {
        if !self.sees_issue(issue)? {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT fingerprint FROM fingerprint WHERE issue_id = ?1 ORDER BY fingerprint",
            [issue.0 as i64],
            |row| row.get(0).map(Fingerprint),
        )
    }

    /// The issue that each of these fingerprints belongs to.
    pub fn issue_ids(
        &self,
        wanted: impl IntoIterator<Item = (ProjectId, Fingerprint)>,
    ) -> Result<HashMap<(ProjectId, Fingerprint), IssueId>, ReadError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT issue_id FROM fingerprint WHERE project_id = ?1 AND fingerprint = ?2",
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
}
