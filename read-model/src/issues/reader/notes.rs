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
