//! What notes leave in the issue database: files, feedback and what arrived, with the
//! statements that write them.
//!
//! Invariant: a file or a feedback that comes again is the one that is there; the
//! first stays. Times are Unix milliseconds, hours Unix hours of receipt.

use std::collections::BTreeMap;

use event_model::{EventId, Position, ProjectId};
use rusqlite::{Result, Transaction, params};

use super::numbers::source_number;

/// Minutes of storms kept behind a project's newest: 30 days.
pub const SAMPLED_MINUTES_KEPT: i64 = 30 * 24 * 60;

/// What the notes of a batch change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotesDelta {
    /// In order of position: a file that comes again after its record was dropped is
    /// new.
    pub attachments: Vec<AttachmentStep>,
    /// In order of position.
    pub feedback: Vec<Feedback>,
    /// How many of what came.
    pub arrivals: BTreeMap<Arrival, u64>,
    /// Events that were only counted, by project and Unix minute of receipt.
    pub sampled: BTreeMap<(ProjectId, i64), u64>,
    /// Bytes of the records of events, by project and hour of receipt.
    pub stored_bytes: BTreeMap<(ProjectId, i64), u64>,
}

impl NotesDelta {
    /// Counts what came.
    pub fn arrived(&mut self, arrival: Arrival, quantity: u64) {
        *self.arrivals.entry(arrival).or_default() += quantity;
    }
}

/// What happens to the list of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachmentStep {
    /// One more.
    Add(Attachment),
    /// Those of records below it go.
    DropBelow(Position),
}

/// A file of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Of its record.
    pub position: Position,
    /// Its place in the record, from 0.
    pub number: u32,
    /// Whose.
    pub project_id: ProjectId,
    /// The event, or the feedback, it belongs to.
    pub event_id: EventId,
    /// Without any path.
    pub name: String,
    /// As the client says.
    pub content_type: String,
    /// "event.attachment", …
    pub attachment_type: String,
    /// Bytes.
    pub size_bytes: u64,
    /// The blob's name.
    pub sha256: [u8; 32],
    /// Unix milliseconds.
    pub received_ms: i64,
}

/// What a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Of its record.
    pub position: Position,
    /// Whose.
    pub project_id: ProjectId,
    /// Its own.
    pub id: EventId,
    /// What it is about.
    pub event_id: Option<EventId>,
    /// The person's name; may be empty, as all below but the message.
    pub name: String,
    /// Address.
    pub email: String,
    /// The text.
    pub message: String,
    /// The page.
    pub url: String,
    /// Of the application.
    pub release: String,
    /// Where it ran.
    pub environment: String,
    /// Unix milliseconds.
    pub received_ms: i64,
}

/// Who says that something came, or was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The gateway had it.
    Gateway = 1,
    /// An SDK says that it dropped it.
    Client = 2,
}

/// Items that came in the same hour and had the same fate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arrival {
    /// Whose.
    pub project_id: ProjectId,
    /// Of receipt.
    pub hour: i64,
    /// Who says so.
    pub source: Source,
    /// The protocol's data category.
    pub category: String,
    /// Why they were dropped; empty: they are stored.
    pub reason: String,
}

pub(super) fn write(transaction: &Transaction<'_>, notes: &NotesDelta) -> Result<()> {
    write_attachments(transaction, &notes.attachments)?;
    write_feedback(transaction, &notes.feedback)?;
    let mut count = transaction.prepare_cached(
        "INSERT INTO arrival_hour (project_id, hour, source, category, reason, count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (arrival, quantity) in &notes.arrivals {
        count.execute(params![
            arrival.project_id.0,
            arrival.hour,
            source_number(arrival.source),
            arrival.category,
            arrival.reason,
            *quantity as i64,
        ])?;
    }
    write_bytes(transaction, &notes.stored_bytes)?;
    write_sampled(transaction, &notes.sampled)
}

fn write_bytes(
    transaction: &Transaction<'_>,
    stored: &BTreeMap<(ProjectId, i64), u64>,
) -> Result<()> {
    let mut bytes = transaction.prepare_cached(
        "INSERT INTO project_bytes (project_id, hour, bytes) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes",
    )?;
    for ((project, hour), more) in stored {
        bytes.execute(params![project.0, hour, *more as i64])?;
    }
    Ok(())
}

/// What is older than is kept goes: of each project what lies behind its newest minute,
/// whatever else is in the batch.
fn write_sampled(
    transaction: &Transaction<'_>,
    sampled: &BTreeMap<(ProjectId, i64), u64>,
) -> Result<()> {
    let mut add = transaction.prepare_cached(
        "INSERT INTO sampled_minute (project_id, minute, items) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET items = items + excluded.items",
    )?;
    let mut prune = transaction.prepare_cached(
        "DELETE FROM sampled_minute WHERE project_id = ?1 AND minute <
             (SELECT max(minute) FROM sampled_minute WHERE project_id = ?1) - ?2",
    )?;
    for ((project, minute), items) in sampled {
        add.execute(params![project.0, minute, *items as i64])?;
        prune.execute(params![project.0, SAMPLED_MINUTES_KEPT])?;
    }
    Ok(())
}

fn write_attachments(transaction: &Transaction<'_>, steps: &[AttachmentStep]) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO attachment (project_id, event_id, name, sha256, position, number,
             content_type, attachment_type, size_bytes, received)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut drop = transaction.prepare_cached("DELETE FROM attachment WHERE position < ?1")?;
    for step in steps {
        let file = match step {
            AttachmentStep::Add(file) => file,
            AttachmentStep::DropBelow(position) => {
                drop.execute([position.0 as i64])?;
                continue;
            }
        };
        insert.execute(params![
            file.project_id.0,
            file.event_id.0,
            file.name,
            file.sha256,
            file.position.0 as i64,
            file.number,
            file.content_type,
            file.attachment_type,
            file.size_bytes as i64,
            file.received_ms,
        ])?;
    }
    Ok(())
}

fn write_feedback(transaction: &Transaction<'_>, feedback: &[Feedback]) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO feedback (project_id, id, position, event_id, name, email,
             message, url, release, environment, received)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for one in feedback {
        insert.execute(params![
            one.project_id.0,
            one.id.0,
            one.position.0 as i64,
            one.event_id.map(|id| id.0),
            one.name,
            one.email,
            one.message,
            one.url,
            one.release,
            one.environment,
            one.received_ms,
        ])?;
    }
    Ok(())
}
