//! What one event adds to its issue and project.

use std::collections::{BTreeMap, HashMap};

use event_model::{
    EventId, IssueId, IssueStatus, Level, Position, ProjectId, StoredEvent, head::ArchivedHead,
};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        batch::{
            Activity, Headline, IssueDelta, IssueEvents, PartDelta, Regression, Transition,
            TransitionKind,
        },
    },
};
use xxhash_rust::xxh3::xxh3_64;

use super::{Known, MINUTES_KEPT, Projection, names::Place, tags::TagValues};

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

    fn minute(&self) -> i64 {
        self.at_ms.div_euclid(60_000)
    }

    fn hour(&self) -> i64 {
        self.at_ms.div_euclid(3_600_000)
    }

    fn none_yet(&self) -> IssueEvents {
        IssueEvents {
            count: 0,
            first_seen_ms: i64::MAX,
            last_seen_ms: i64::MIN,
            opened: self.position,
            first: (self.position, self.event_id),
            last: (self.position, self.event_id),
            headline: Headline::default(),
            first_release: None,
            last_release: None,
            minutes: BTreeMap::new(),
            minutes_from: None,
            hours: BTreeMap::new(),
            users: HashMap::new(),
            user_hours: HashMap::new(),
            tags: HashMap::new(),
            environments: BTreeMap::new(),
            releases: BTreeMap::new(),
            scenes: BTreeMap::new(),
        }
    }
}

/// The oldest minute to keep after an event, if it moved or the event is below it.
fn minutes_from(newest: &mut i64, minute: i64) -> Option<i64> {
    let moved = minute > *newest;
    *newest = minute.max(*newest);
    let from = *newest - MINUTES_KEPT;
    (moved || minute < from).then_some(from)
}

/// Adds to the count under a name, without copying a name that is there.
fn add(counts: &mut HashMap<String, u64>, name: &str, weight: u64) {
    if let Some(count) = counts.get_mut(name) {
        *count += weight;
    } else {
        counts.insert(name.to_owned(), weight);
    }
}

fn add_release(releases: &mut HashMap<String, PartDelta>, name: &str, facts: &Facts) {
    if let Some(delta) = releases.get_mut(name) {
        delta.add(facts.at_ms, facts.weight);
    } else {
        let mut delta = PartDelta::none();
        delta.add(facts.at_ms, facts.weight);
        releases.insert(name.to_owned(), delta);
    }
}

fn add_part(parts: &mut BTreeMap<i64, PartDelta>, number: i64, facts: &Facts) {
    let delta = parts.entry(number).or_insert_with(PartDelta::none);
    delta.add(facts.at_ms, facts.weight);
}

/// Keeps the release of the event first and last seen of those that name one.
fn add_first_and_last(events: &mut IssueEvents, release: &str, at_ms: i64) {
    if release.is_empty() {
        return;
    }
    let set = |place: &mut Option<(i64, String)>| match place {
        Some((at, name)) if name == release => *at = at_ms,
        _ => *place = Some((at_ms, release.to_owned())),
    };
    if events
        .first_release
        .as_ref()
        .is_none_or(|(at, _)| at_ms < *at)
    {
        set(&mut events.first_release);
    }
    if events
        .last_release
        .as_ref()
        .is_none_or(|(at, _)| at_ms >= *at)
    {
        set(&mut events.last_release);
    }
}

impl Projection {
    /// An issue begins.
    pub(super) fn open(&mut self, id: IssueId, facts: &Facts, head: &ArchivedHead) {
        let known = Known {
            project_id: facts.project_id,
            status: IssueStatus::Unresolved,
            assignee: None,
            resolved_at_ns: None,
            regression: None,
            newest_minute: i64::MIN / 2,
            tags: Some(TagValues::default()),
            slot: Some(self.batch.issues.len()),
        };
        self.issues.insert(id, known);
        self.newest.push(None);
        self.batch.issues.push(IssueDelta {
            id,
            project_id: facts.project_id,
            is_new: true,
            fingerprints: Vec::new(),
            status: IssueStatus::Unresolved,
            assignee: None,
            resolved_at_ns: None,
            regression: None,
            changed: facts.position,
            events: None,
        });
        self.transition_by_event(TransitionKind::New, id, facts, head);
    }

    /// A resolved issue with a new event stands open again, if that event happened
    /// when or after it was resolved: not what an offline client sends late. Compared
    /// are the event's time, which the gateway has put right by what it knows of the
    /// client's clock, and the gateway's own time of the decision.
    pub(super) fn regress(&mut self, id: IssueId, slot: usize, facts: &Facts, head: &ArchivedHead) {
        let Some(known) = self.issues.get_mut(&id) else {
            return;
        };
        // To the millisecond, like all times of events here.
        let resolved_ms = known.resolved_at_ns.map(|ns| ns.div_euclid(1_000_000));
        if known.status != IssueStatus::Resolved || resolved_ms.is_some_and(|ms| facts.at_ms < ms) {
            return;
        }
        known.status = IssueStatus::Unresolved;
        known.resolved_at_ns = None;
        known.regression = Some(Regression {
            at_ms: facts.at_ms,
            release: head.release.as_str().to_owned(),
        });
        let issue = &mut self.batch.issues[slot];
        issue.status = known.status;
        issue.resolved_at_ns = None;
        issue.regression.clone_from(&known.regression);
        self.transition_by_event(TransitionKind::Regressed, id, facts, head);
    }

    fn transition_by_event(
        &mut self,
        kind: TransitionKind,
        id: IssueId,
        facts: &Facts,
        head: &ArchivedHead,
    ) {
        self.batch.transitions.push(Transition {
            position: facts.position,
            issue_id: id,
            kind,
            at_ns: facts.received_ns,
            seen_ms: facts.at_ms,
            event_id: Some(facts.event_id),
            release: head.release.as_str().to_owned(),
            environment: head.environment.as_str().to_owned(),
        });
        self.batch.activities.push(Activity {
            position: facts.position,
            issue_id: id,
            kind: kind.name(),
            at_ns: facts.received_ns,
            actor: "system".to_owned(),
            detail: head.release.as_str().to_owned(),
        });
    }

    pub(super) fn add_to_issue(
        &mut self,
        writer: &IssueWriter,
        slot: usize,
        facts: &Facts,
        place: Place,
        event: &StoredEvent,
    ) -> Result<(), ReadModelError> {
        let head = event.head();
        let issue = &mut self.batch.issues[slot];
        let Some(known) = self.issues.get_mut(&issue.id) else {
            unreachable!("an issue in the batch is known")
        };
        let events = issue.events.get_or_insert_with(|| facts.none_yet());
        events.count += facts.weight;
        if facts.at_ms < events.first_seen_ms {
            events.first_seen_ms = facts.at_ms;
            events.first = (facts.position, facts.event_id);
        }
        if facts.at_ms >= events.last_seen_ms {
            events.last_seen_ms = facts.at_ms;
            events.last = (facts.position, facts.event_id);
            self.newest[slot] = Some(event.clone());
        }
        let (minute, hour) = (facts.minute(), facts.hour());
        *events.minutes.entry((minute, place.scene)).or_default() += facts.weight;
        *events.hours.entry((hour, place.scene)).or_default() += facts.weight;
        let from = minutes_from(&mut known.newest_minute, minute);
        events.minutes_from = from.or(events.minutes_from);
        if !head.user.is_empty() {
            let user = xxh3_64(head.user.as_bytes());
            *events.users.entry(user).or_default() += facts.weight;
            let seen = events.user_hours.entry((hour, place.scene, user));
            *seen.or_default() |= 1 << minute.rem_euclid(60);
        }
        if place.environment != 0 {
            add_part(&mut events.environments, place.environment, facts);
        }
        if place.release != 0 {
            add_part(&mut events.releases, place.release, facts);
        }
        add_part(&mut events.scenes, place.scene, facts);
        add_first_and_last(events, &head.release, facts.at_ms);
        for pair in head.tags.iter() {
            let (key, value): (&str, &str) = (&pair.0, &pair.1);
            // A value counted in this batch was let in before.
            if let Some(count) = events.tags.get_mut(key).and_then(|v| v.get_mut(value)) {
                *count += facts.weight;
                continue;
            }
            if known.tags.is_none() {
                let tags = TagValues::of(writer.tag_values(issue.id)?);
                self.tag_bytes += tags.bytes();
                known.tags = Some(tags);
            }
            let tags = known.tags.get_or_insert_default();
            let before = tags.bytes();
            let (key, value) = tags.admit(key, value);
            self.tag_bytes += tags.bytes() - before;
            let values = match events.tags.get_mut(key) {
                Some(values) => values,
                None => events.tags.entry(key.to_owned()).or_default(),
            };
            add(values, value, facts.weight);
        }
        Ok(())
    }

    pub(super) fn add_to_project(
        &mut self,
        writer: &IssueWriter,
        facts: &Facts,
        place: Place,
        head: &ArchivedHead,
    ) -> Result<(), ReadModelError> {
        let id = facts.project_id;
        let newest = match self.newest_minutes.entry(id) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(vacant) => {
                let stored = writer.newest_minute(id)?;
                vacant.insert(stored.unwrap_or(i64::MIN / 2))
            }
        };
        let project = self.batch.projects.entry(id).or_default();
        let received_ms = facts.received_ns.div_euclid(1_000_000);
        project.events += facts.weight;
        project.last_received_ms = project.last_received_ms.max(received_ms);
        let received_hour = received_ms.div_euclid(3_600_000);
        *project.received_hours.entry(received_hour).or_default() += facts.weight;
        *project
            .minutes
            .entry((facts.minute(), facts.level, place.scene))
            .or_default() += facts.weight;
        *project
            .hours
            .entry((facts.hour(), facts.level, place.scene))
            .or_default() += facts.weight;
        let from = minutes_from(newest, facts.minute());
        project.minutes_from = from.or(project.minutes_from);
        if !head.release.is_empty() {
            add_release(&mut project.releases, &head.release, facts);
        }
        if !head.environment.is_empty() {
            add(&mut project.environments, &head.environment, facts.weight);
        }
        Ok(())
    }
}
