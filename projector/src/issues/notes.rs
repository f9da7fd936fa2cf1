//! What a note changes: files and feedback are listed, everything is counted by hour
//! of receipt. Tallies of storms are in [`super::sampled`], sessions and check-ins in
//! [`super::health`].

use event_model::{EventId, IssueId, Note, Position, ProjectId, note::DISCARDED_ISSUE};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        notes::{Arrival, Attachment, AttachmentStep, Feedback, Source},
    },
};

use super::{Projection, events::Facts};

const HOUR_NS: i64 = 3_600_000_000_000;

impl Projection {
    /// Takes in the note at `position`.
    pub(crate) fn note(
        &mut self,
        writer: &IssueWriter,
        position: Position,
        note: &Note,
    ) -> Result<(), ReadModelError> {
        match note {
            Note::Attachments(note) => {
                let received = Receipt::of(note.project_id, note.received_ns);
                self.stored(received, "attachment", note.files.len() as u64);
                let files = note.files.iter().zip(0..).map(|(file, number)| {
                    AttachmentStep::Add(Attachment {
                        position,
                        number,
                        project_id: received.project_id,
                        event_id: EventId(note.event_id),
                        name: file.name.clone(),
                        content_type: file.content_type.clone(),
                        attachment_type: file.attachment_type.clone(),
                        size_bytes: file.size_bytes,
                        sha256: file.sha256,
                        received_ms: note.received_ns.div_euclid(1_000_000),
                    })
                });
                self.batch.notes.attachments.extend(files);
            }
            Note::Feedback(note) => {
                let received = Receipt::of(note.project_id, note.received_ns);
                self.stored(received, "feedback", 1);
                self.batch.notes.feedback.push(Feedback {
                    position,
                    project_id: received.project_id,
                    id: EventId(note.id),
                    event_id: note.event_id.map(EventId),
                    name: note.name.clone(),
                    email: note.email.clone(),
                    message: note.message.clone(),
                    url: note.url.clone(),
                    release: note.release.clone(),
                    environment: note.environment.clone(),
                    received_ms: note.received_ns.div_euclid(1_000_000),
                });
            }
            Note::Sessions(note) => {
                self.stored(Receipt::of(note.project_id, note.received_ns), "session", 1);
                self.sessions(writer, note)?;
            }
            Note::CheckIn(note) => {
                self.stored(Receipt::of(note.project_id, note.received_ns), "monitor", 1);
                self.check_in(writer, note)?;
            }
            Note::ClientReport(note) => {
                let received = Receipt::of(note.project_id, note.received_ns);
                self.stored(received, "client_report", 1);
                for drop in &note.drops {
                    let arrival = received.arrival(Source::Client, &drop.category, &drop.reason);
                    self.batch.notes.arrived(arrival, drop.quantity);
                }
            }
            Note::Sampled(note) => return self.sampled(writer, position, note),
            Note::Tally(tally) => {
                for count in &tally.counts {
                    let received = Receipt::of(count.project_id, tally.until_ns);
                    let arrival = received.arrival(Source::Gateway, &count.category, &count.reason);
                    self.batch.notes.arrived(arrival, count.quantity);
                }
            }
        }
        self.batch.position = position;
        Ok(())
    }

    /// What an event takes in the log.
    pub(super) fn stored_bytes(&mut self, facts: &Facts, bytes: usize) {
        let hour = facts.received_ns.div_euclid(HOUR_NS);
        let stored = &mut self.batch.notes.stored_bytes;
        *stored.entry((facts.project_id, hour)).or_default() += bytes as u64;
    }

    /// An event of a discarded issue that the door did not know by its stack: it is in
    /// the log, and counts as turned away.
    pub(super) fn count_discarded(&mut self, id: IssueId, facts: &Facts) {
        let received = Receipt::of(facts.project_id.0, facts.received_ns);
        self.turn_away(id, received, facts.weight);
    }

    pub(super) fn turn_away(&mut self, id: IssueId, received: Receipt, count: u64) {
        *self.batch.turned_away.entry(id).or_default() += count;
        let arrival = received.arrival(Source::Gateway, "error", DISCARDED_ISSUE);
        self.batch.notes.arrived(arrival, count);
    }

    fn stored(&mut self, received: Receipt, category: &str, quantity: u64) {
        let arrival = received.arrival(Source::Gateway, category, "");
        self.batch.notes.arrived(arrival, quantity);
    }
}

/// Whose, and when.
#[derive(Clone, Copy)]
pub(super) struct Receipt {
    pub(super) project_id: ProjectId,
    hour: i64,
}

impl Receipt {
    pub(super) fn of(project_id: u32, received_ns: i64) -> Self {
        Self {
            project_id: ProjectId(project_id),
            hour: received_ns.div_euclid(HOUR_NS),
        }
    }

    pub(super) fn arrival(self, source: Source, category: &str, reason: &str) -> Arrival {
        Arrival {
            project_id: self.project_id,
            hour: self.hour,
            source,
            category: category.to_owned(),
            reason: reason.to_owned(),
        }
    }
}
