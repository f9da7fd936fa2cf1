//! What tally records change: events of a storm that were only counted, folded into the
//! issue of the event that was kept for them.
//!
//! Invariant: which fingerprint a kind has is what the log said last, by the events that
//! were kept for others, and is known for [`KIND_MINUTES_KEPT`] behind the newest of them
//! in its project, wherever batches end. A tally of a kind that is not known (its event
//! could not be read) is counted as arrived, and changes no issue.

use event_model::{
    Fingerprint, Position, ProjectId,
    note::{SAMPLED, Sampled, SampledPartV1},
};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        batch::{KIND_MINUTES_KEPT, Tallied},
        notes::Source,
    },
};

use super::{Projection, events::Facts, notes::Receipt};

const MINUTE_NS: i64 = 60_000_000_000;

impl Projection {
    /// An event was kept for others of a kind.
    pub(super) fn kept_for(
        &mut self,
        writer: &IssueWriter,
        (project, fingerprint): (ProjectId, Fingerprint),
        kind: u64,
        received_ns: i64,
    ) -> Result<(), ReadModelError> {
        let minute = received_ns.div_euclid(MINUTE_NS);
        let newest = self.newest_kind(writer, project)?.max(minute);
        self.newest_kinds.insert(project, newest);
        let key = (project, kind);
        let before = self.kind(writer, key)?.map_or(minute, |(_, minute)| minute);
        let known = (fingerprint, minute.max(before));
        self.kinds.insert(key, known);
        self.batch.kinds.insert(key, known);
        Ok(())
    }

    /// Takes in the tally at `position`.
    pub(super) fn sampled(
        &mut self,
        writer: &IssueWriter,
        position: Position,
        note: &Sampled,
    ) -> Result<(), ReadModelError> {
        self.batch.position = position;
        let received = Receipt::of(note.project_id, note.received_ns);
        let project = received.project_id;
        let arrival = received.arrival(Source::Gateway, "error", SAMPLED);
        self.batch.notes.arrived(arrival, note.count());
        let minute = (project, note.received_ns.div_euclid(MINUTE_NS));
        *self.batch.notes.sampled.entry(minute).or_default() += note.items();
        let newest = self.newest_kind(writer, project)?;
        let known = self.kind(writer, (project, note.kind))?;
        let known = known.filter(|(_, minute)| newest - minute <= KIND_MINUTES_KEPT);
        let Some((fingerprint, _)) = known else {
            return Ok(());
        };
        let key = (project, fingerprint);
        let Some(id) = self.issue_of(writer, key)? else {
            // Its events were all turned away.
            let id = event_model::IssueId::derive(project, fingerprint);
            self.turn_away(id, received, note.count());
            return Ok(());
        };
        if self.control.is_discarded(id) {
            self.turn_away(id, received, note.count());
            return Ok(());
        }
        self.know(writer, id)?;
        self.touch(id, position);
        let slot = self.slot(key, false, position);
        for part in &note.parts {
            let names = (part.environment.as_str(), part.release.as_str());
            let scene = self.names.scene_of(writer, &mut self.batch, key.0, names)?;
            self.regress(id, &Facts::of_part(position, note, part), names);
            self.gathered[slot]
                .counts
                .add_tallied(&tallied((position, scene), note, part));
        }
        Ok(())
    }

    /// The fingerprint of a kind, and the minute of the newest event kept for it.
    fn kind(
        &mut self,
        writer: &IssueWriter,
        key: (ProjectId, u64),
    ) -> Result<Option<(Fingerprint, i64)>, ReadModelError> {
        if let Some(known) = self.kinds.get(&key) {
            return Ok(Some(*known));
        }
        let stored = writer.kind(key.0, key.1)?;
        if let Some(known) = stored {
            self.kinds.insert(key, known);
        }
        Ok(stored)
    }

    /// The newest minute in which an event of a project was kept for others.
    fn newest_kind(
        &mut self,
        writer: &IssueWriter,
        project: ProjectId,
    ) -> Result<i64, ReadModelError> {
        if let Some(newest) = self.newest_kinds.get(&project) {
            return Ok(*newest);
        }
        let newest = writer.newest_kind(project)?.unwrap_or(super::NO_MINUTE);
        self.newest_kinds.insert(project, newest);
        Ok(newest)
    }
}

/// What a part of a tally counts, whose record and scene these are.
pub(super) fn tallied<'n>(
    (position, scene): (Position, i64),
    note: &Sampled,
    part: &'n SampledPartV1,
) -> Tallied<'n> {
    Tallied {
        position,
        minute: part.minute,
        first_ms: part.first_ms,
        last_ms: part.last_ms,
        received_ms: note.received_ns.div_euclid(1_000_000),
        count: part.count,
        level: event_model::Level::from_number(part.level),
        scene,
        release: &part.release,
        users: &part.users,
    }
}
