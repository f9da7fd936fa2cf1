//! What one event adds to its issue and project.

use event_model::{
    EventId, IssueId, IssueStatus, Level, Position, ProjectId, StoredEvent,
    head::ArchivedHead,
    note::{Sampled, SampledPartV1},
};
use grouping::Grouper;
use read_model::issues::batch::{
    Activity, Contribution, IssueDelta, Regression, Stand, Transition, TransitionKind,
};
use xxhash_rust::xxh3::xxh3_64;

use super::{Projection, known::Known};

/// The numbers of one event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) position: Position,
    pub(super) project_id: ProjectId,
    event_id: EventId,
    at_ms: i64,
    pub(super) received_ns: i64,
    pub(super) weight: u64,
    level: Level,
}

impl Facts {
    pub(super) fn of(position: Position, head: &ArchivedHead) -> Self {
        Self {
            position,
            project_id: ProjectId(head.project_id.to_native()),
            event_id: EventId(head.event_id),
            at_ms: head.timestamp_ns.to_native().div_euclid(1_000_000),
            received_ns: head.received_ns.to_native(),
            // A weight of 0 would make rows that count nothing.
            weight: u64::from(head.weight.to_native()).max(1),
            level: Level::from_number(head.level),
        }
    }

    /// Of events that were only counted: of the one that happened last.
    pub(super) fn of_part(position: Position, note: &Sampled, part: &SampledPartV1) -> Self {
        Self {
            position,
            project_id: ProjectId(note.project_id),
            event_id: EventId(note.sample_id),
            at_ms: part.last_ms,
            received_ns: note.received_ns,
            weight: part.count,
            level: Level::from_number(part.level),
        }
    }

    /// What the event adds to its fingerprint, besides its tags.
    pub(super) fn contribution<'h>(&self, head: &'h ArchivedHead, scene: i64) -> Contribution<'h> {
        let user = head.user.as_bytes();
        Contribution {
            position: self.position,
            event_id: self.event_id,
            at_ms: self.at_ms,
            received_ms: self.received_ns.div_euclid(1_000_000),
            weight: self.weight,
            level: self.level,
            scene,
            release: &head.release,
            user: (!user.is_empty()).then(|| xxh3_64(user)),
        }
    }
}

impl Projection {
    /// An issue begins.
    pub(super) fn open(&mut self, id: IssueId, facts: &Facts, head: &ArchivedHead) {
        let known = Known {
            project_id: facts.project_id,
            is_merged: false,
            stand: Stand::default(),
            slot: Some(self.batch.issues.len()),
        };
        self.issues.insert(id, known);
        self.batch.issues.push(IssueDelta {
            id,
            project_id: facts.project_id,
            is_new: true,
            is_merged: false,
            stand: Stand::default(),
            changed: facts.position,
        });
        let names = (&*head.environment, &*head.release);
        self.transition_by_event(TransitionKind::New, id, facts, names);
    }

    /// A resolved issue with a new event stands open again, if that event happened
    /// when or after it was resolved: not what an offline client sends late. Compared
    /// are the event's time, which the gateway has put right by what it knows of the
    /// client's clock, and the gateway's own time of the decision.
    pub(super) fn regress(&mut self, id: IssueId, facts: &Facts, names: (&str, &str)) {
        let Some(known) = self.issues.get_mut(&id) else {
            return;
        };
        let stand = &mut known.stand;
        // To the millisecond, like all times of events here.
        let resolved_ms = stand.resolved_at_ns.map(|ns| ns.div_euclid(1_000_000));
        if stand.status != IssueStatus::Resolved || resolved_ms.is_some_and(|ms| facts.at_ms < ms) {
            return;
        }
        stand.status = IssueStatus::Unresolved;
        stand.resolved_at_ns = None;
        stand.regression = Some(Regression {
            at_ms: facts.at_ms,
            release: names.1.to_owned(),
        });
        self.transition_by_event(TransitionKind::Regressed, id, facts, names);
    }

    fn transition_by_event(
        &mut self,
        kind: TransitionKind,
        id: IssueId,
        facts: &Facts,
        (environment, release): (&str, &str),
    ) {
        self.batch.transitions.push(Transition {
            position: facts.position,
            issue_id: id,
            kind,
            at_ns: facts.received_ns,
            seen_ms: facts.at_ms,
            event_id: Some(facts.event_id),
            release: release.to_owned(),
            environment: environment.to_owned(),
        });
        self.batch.activities.push(Activity {
            position: facts.position,
            issue_id: id,
            kind: kind.name(),
            at_ns: facts.received_ns,
            actor: "system".to_owned(),
            detail: release.to_owned(),
        });
    }

    /// Counts the event under its fingerprint, at `slot` of what is gathered.
    /// With what the event was grouped by.
    pub(super) fn count(
        &mut self,
        slot: usize,
        facts: &Facts,
        scene: i64,
        (event, grouper): (&StoredEvent, Grouper),
    ) {
        let head = event.head();
        let gathered = &mut self.gathered[slot];
        if gathered.counts.add(&facts.contribution(head, scene)) {
            gathered.newest = Some((event.clone(), grouper));
        }
        let (pairs, seed) = (&mut self.pairs, self.seed);
        gathered.tags.add(pairs, seed, head, facts.weight);
    }
}
