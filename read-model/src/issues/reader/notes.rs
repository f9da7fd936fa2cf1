//! Files, feedback, and what arrived.

use event_model::{EventId, Position, ProjectId};
use rusqlite::{Row, params};

use super::{ReadError, Snapshot};
use crate::issues::notes::{Attachment, Feedback};

/// Most files listed of one event.
const ATTACHMENTS_MAX: u32 = 1_000;
/// Most distinct rows of what arrived: categories are few, reasons of SDKs bounded by
/// the gateway.
const ARRIVALS_MAX: u32 = 2_000;

/// Most rows of what was used: a thousand projects for four days, most of which send events
/// alone.
const USAGE_ROWS_MAX: u32 = 100_000;

/// What the gateway stored or limited of a category in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageCount {
    /// Whose.
    pub project_id: ProjectId,
    /// Unix hour of receipt.
    pub hour: i64,
    /// The protocol's data category.
    pub category: String,
    /// Whether limits turned it away; else it is stored.
    pub is_limited: bool,
    /// How many.
    pub count: u64,
}

/// Items with the same fate, over a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivalCount {
    /// Whether an SDK says so, not the gateway.
    pub by_client: bool,
    /// The protocol's data category.
    pub category: String,
    /// Why they were dropped; empty: they are stored.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// A time in which events of a project were only counted. Minutes are Unix minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spike {
    /// The first.
    pub first_minute: i64,
    /// The last.
    pub last_minute: i64,
    /// How many events.
    pub items: u64,
}

/// Minutes without a counted event that do not end a spike.
const SPIKE_GAP_MINUTES: i64 = 5;

/// Which feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackAbout {
    /// All of a project.
    Anything,
    /// Only what names an event.
    AnEvent,
}

impl Snapshot<'_> {
    /// The files of an event, in the order they came.
    pub fn attachments(
        &self,
        project: ProjectId,
        event: EventId,
    ) -> Result<Vec<Attachment>, ReadError> {
        if !self.sight.has(project) {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT position, number, name, content_type, attachment_type, size_bytes, sha256,
                 received
             FROM attachment WHERE project_id = ?1 AND event_id = ?2
             ORDER BY position, number LIMIT ?3",
            params![project.0, event.0, ATTACHMENTS_MAX],
            |row| {
                Ok(Attachment {
                    position: Position(row.get::<_, i64>(0)? as u64),
                    number: row.get(1)?,
                    project_id: project,
                    event_id: event,
                    name: row.get(2)?,
                    content_type: row.get(3)?,
                    attachment_type: row.get(4)?,
                    size_bytes: row.get::<_, i64>(5)? as u64,
                    sha256: row.get(6)?,
                    received_ms: row.get(7)?,
                })
            },
        )
    }

    /// Feedback of a project before a position, newest first.
    pub fn feedback(
        &self,
        project: ProjectId,
        about: FeedbackAbout,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Feedback>, ReadError> {
        if !self.sight.has(project) {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT id, position, event_id, name, email, message, url, release, environment,
                 received
             FROM feedback
             WHERE project_id = ?1 AND position < ?2 AND (?3 OR event_id IS NOT NULL)
             ORDER BY position DESC LIMIT ?4",
            params![
                project.0,
                before.map_or(i64::MAX, |position| position.0 as i64),
                about == FeedbackAbout::Anything,
                limit as i64,
            ],
            |row| feedback(project, row),
        )
    }

    /// The newest spikes of a project, newest first.
    pub fn spikes(&self, project: ProjectId, limit: usize) -> Result<Vec<Spike>, ReadError> {
        if !self.sight.has(project) {
            return Ok(Vec::new());
        }
        let minutes: Vec<(i64, i64)> = self.rows(
            "SELECT minute, items FROM sampled_minute WHERE project_id = ?1 ORDER BY minute DESC",
            params![project.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let mut spikes: Vec<Spike> = Vec::new();
        for (minute, items) in minutes {
            let is_full = spikes.len() == limit;
            match spikes.last_mut() {
                Some(spike) if spike.first_minute - minute <= SPIKE_GAP_MINUTES => {
                    spike.first_minute = minute;
                    spike.items += items as u64;
                }
                _ if is_full => break,
                _ => spikes.push(Spike {
                    first_minute: minute,
                    last_minute: minute,
                    items: items as u64,
                }),
            }
        }
        Ok(spikes)
    }

    /// What arrived for a project from an hour on (Unix hours), most first.
    pub fn arrivals(
        &self,
        project: ProjectId,
        from_hour: i64,
    ) -> Result<Vec<ArrivalCount>, ReadError> {
        if !self.sight.has(project) {
            return Ok(Vec::new());
        }
        self.rows(
            "SELECT source, category, reason, sum(count) FROM arrival_hour
             WHERE project_id = ?1 AND hour >= ?2
             GROUP BY source, category, reason
             ORDER BY sum(count) DESC, source, category, reason LIMIT ?3",
            params![project.0, from_hour, ARRIVALS_MAX],
            |row| {
                Ok(ArrivalCount {
                    by_client: row.get::<_, i64>(0)? == 2,
                    category: row.get(1)?,
                    reason: row.get(2)?,
                    count: row.get::<_, i64>(3)? as u64,
                })
            },
        )
    }
    /// What the gateway stored and limited, by hour, from a Unix hour on; of one project or
    /// of all in sight. In no order.
    pub fn usage(
        &self,
        project: Option<ProjectId>,
        from_hour: i64,
    ) -> Result<Vec<UsageCount>, ReadError> {
        let rows = self.rows(
            "SELECT project_id, hour, category, reason, count FROM arrival_hour
             WHERE source = 1 AND hour >= ?1 AND (?2 IS NULL OR project_id = ?2)
                 AND reason IN ('', 'limited')
             LIMIT ?3",
            params![from_hour, project.map(|id| id.0), USAGE_ROWS_MAX],
            |row| {
                Ok(UsageCount {
                    project_id: ProjectId(row.get(0)?),
                    hour: row.get(1)?,
                    category: row.get(2)?,
                    is_limited: !row.get::<_, String>(3)?.is_empty(),
                    count: row.get::<_, i64>(4)? as u64,
                })
            },
        )?;
        let in_sight = rows
            .into_iter()
            .filter(|row| self.sight.has(row.project_id));
        Ok(in_sight.collect())
    }
}

fn feedback(project_id: ProjectId, row: &Row<'_>) -> rusqlite::Result<Feedback> {
    Ok(Feedback {
        id: EventId(row.get(0)?),
        position: Position(row.get::<_, i64>(1)? as u64),
        project_id,
        event_id: row.get::<_, Option<[u8; 16]>>(2)?.map(EventId),
        name: row.get(3)?,
        email: row.get(4)?,
        message: row.get(5)?,
        url: row.get(6)?,
        release: row.get(7)?,
        environment: row.get(8)?,
        received_ms: row.get(9)?,
    })
}
