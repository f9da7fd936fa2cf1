//! The issue projection: sums up records into an [`IssueBatch`].
//!
//! Invariant: what a record changes depends on the records before it only, never on
//! where a batch begins or ends. Whatever is needed of the past (an issue's status,
//! the tag values let in) is asked from the database once and then kept in step in
//! memory; a batch that could not be written makes this memory void, and a new
//! projection goes on from what is stored. The control state is that of the commands
//! whose markers were passed, at each position.
//!
//! Event times are Unix milliseconds, minutes and hours of them Unix minutes and
//! hours. Minutes are kept [`MINUTES_KEPT`] behind the newest event of their issue
//! or project: by the data's clock, not the wall's, so that a replay agrees.

mod apply;
mod commands;
mod events;
pub(crate) mod fold;
mod health;
mod known;
mod names;
mod notes;
mod parts;
mod regroup;
mod sampled;
mod tags;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, hash::BuildHasher};

use event_model::{Command, ControlState, Fingerprint, IssueId, Position, ProjectId, StoredEvent};
use grouping::{Grouper, Groupers, Memo};
use read_model::{
    ReadModelError,
    issues::{
        IssueBatch, IssueWriter,
        batch::{FastState, FingerprintDelta, Headline, IssueDelta},
        sketch::Sketch,
    },
};

use crate::{careful::caught, consumers::grouped, headline};
use known::{Gathered, Known, Print};
use names::Names;
use tags::{Pairs, TagValues};

/// Minutes kept behind the newest: a range that is counted in minutes begins within
/// the last 24 hours, the one before it 24 hours earlier, and newest events may be a
/// minute ahead of the clock.
pub(crate) const MINUTES_KEPT: i64 = 49 * 60;
/// Issues and fingerprints kept in memory, about 200 bytes a pair; above it the
/// memory starts afresh.
const ISSUES_MAX: usize = 200_000;
/// Tags and names kept in memory, bytes as counted; above it the memory starts
/// afresh.
const TAG_BYTES_MAX: usize = 24 * 1024 * 1024;

/// Before every minute that there is.
const NO_MINUTE: i64 = i64::MIN / 2;
/// The title of an event of which none can be made.
const UNTITLED: &str = "Event without a title";

/// Sums up records; holds what it needs of the past.
#[derive(Debug)]
pub(crate) struct Projection {
    /// After the commands so far.
    control: ControlState,
    prints: HashMap<(ProjectId, Fingerprint), Print, FastState>,
    /// Those that are, none that was merged into another one.
    issues: HashMap<IssueId, Known, FastState>,
    newest_minutes: HashMap<ProjectId, i64>,
    /// What kinds of events are of, for those that are only counted.
    kinds: HashMap<(ProjectId, u64), (Fingerprint, i64), FastState>,
    newest_kinds: HashMap<ProjectId, i64>,
    names: Names,
    groupers: Groupers,
    memo: Memo,
    /// What the tags of all known fingerprints hold.
    tag_bytes: usize,
    batch: IssueBatch,
    /// What the batch at hand has of each of its fingerprints.
    gathered: Vec<Gathered>,
    pairs: Pairs,
    /// Of the hashes of tags.
    seed: u64,
}

impl Projection {
    /// Goes on after `position`, the state of which is `control`.
    pub(crate) fn new(position: Position, control: ControlState) -> Self {
        Self {
            control,
            prints: HashMap::default(),
            issues: HashMap::default(),
            newest_minutes: HashMap::new(),
            kinds: HashMap::default(),
            newest_kinds: HashMap::new(),
            names: Names::default(),
            groupers: Groupers::default(),
            memo: Memo::default(),
            tag_bytes: 0,
            batch: IssueBatch::after(position),
            gathered: Vec::new(),
            pairs: Pairs::default(),
            seed: FastState::default().hash_one(0),
        }
    }

    /// Throws away the batch at hand and what can be asked from the database again.
    pub(crate) fn forget(&mut self) {
        let groupers = std::mem::take(&mut self.groupers);
        let memo = std::mem::take(&mut self.memo);
        *self = Self::new(self.batch.after, std::mem::take(&mut self.control));
        // What is compiled holds on, and what was made of stacks.
        self.groupers = groupers;
        self.memo = memo;
    }

    /// The batch at hand, ready to be applied.
    pub(crate) fn finish(&mut self, writer: &IssueWriter) -> Result<&IssueBatch, ReadModelError> {
        for issue in &mut self.batch.issues {
            if let Some(known) = self.issues.get(&issue.id) {
                issue.stand.clone_from(&known.stand);
            }
        }
        for mut gathered in std::mem::take(&mut self.gathered) {
            title(&mut self.memo, &mut gathered);
            let print = self.sum(writer, gathered)?;
            self.batch.fingerprints.push(print);
        }
        grouped::tell("issues", &mut self.memo);
        Ok(&self.batch)
    }

    /// What was gathered of a fingerprint, with the tags that are let in and the minutes
    /// that are kept.
    fn sum(
        &mut self,
        writer: &IssueWriter,
        gathered: Gathered,
    ) -> Result<FingerprintDelta, ReadModelError> {
        let (project_id, fingerprint) = gathered.key;
        let Some(print) = self.prints.get_mut(&gathered.key) else {
            unreachable!("what is in the batch is known")
        };
        let mut counts = gathered.counts;
        if print.tags.is_none() {
            let tags = TagValues::of(writer.tag_values(print.id)?);
            self.tag_bytes += tags.bytes();
            print.tags = Some(tags);
        }
        let tags = print.tags.get_or_insert_default();
        let before = tags.bytes();
        counts.tags = gathered.tags.counted(&self.pairs, tags);
        self.tag_bytes += tags.bytes() - before;
        let within = counts.minutes_within();
        let minutes_from = within.and_then(|within| minutes_from(&mut print.newest_minute, within));
        let (id, issue) = (print.id, print.issue);
        let newest = match self.newest_minutes.entry(project_id) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(vacant) => {
                let stored = writer.newest_minute(project_id)?;
                vacant.insert(stored.unwrap_or(NO_MINUTE))
            }
        };
        let from = within.and_then(|within| self::minutes_from(newest, within));
        if let Some(from) = from {
            let kept = self.batch.minutes_from.entry(project_id).or_insert(from);
            *kept = from.max(*kept);
        }
        Ok(FingerprintDelta {
            id,
            project_id,
            fingerprint,
            is_new: gathered.is_new,
            sketch: gathered.sketch,
            issue,
            counts,
            minutes_from,
        })
    }

    /// Begins the next batch, the one at hand having been applied.
    pub(crate) fn begin_next(&mut self) {
        let position = self.batch.position;
        for print in &self.batch.fingerprints {
            let key = (print.project_id, print.fingerprint);
            if let Some(known) = self.prints.get_mut(&key) {
                known.slot = None;
            }
        }
        for issue in &self.batch.issues {
            if let Some(known) = self.issues.get_mut(&issue.id) {
                known.slot = None;
            }
        }
        self.batch = IssueBatch::after(position);
        self.pairs.clear();
        let issues = self.prints.len().max(self.issues.len());
        let issues = issues.max(self.kinds.len());
        if issues > ISSUES_MAX || self.tag_bytes + self.names.bytes() > TAG_BYTES_MAX {
            self.forget();
        }
    }

    /// Passes over a record that made this projection panic, and remembers which. What
    /// a command decided holds all the same.
    pub(crate) fn pass_over(&mut self, position: Position, command: Option<(u64, &Command)>) {
        if let Some((number, command)) = command {
            self.decide(number, command);
        }
        self.batch.passed_over.push(position);
        self.batch.position = position;
    }

    /// Passes over a record that changes nothing here.
    pub(crate) fn skip(&mut self, position: Position) {
        self.batch.position = position;
    }

    /// Takes in the event at `position`.
    pub(crate) fn event(
        &mut self,
        writer: &IssueWriter,
        position: Position,
        event: &StoredEvent,
    ) -> Result<(), ReadModelError> {
        let head = event.head();
        let facts = events::Facts::of(position, head);
        self.batch.position = position;
        self.stored_bytes(&facts, event.record_bytes());
        let (grouper, fault) = self.groupers.of(&self.control, facts.project_id);
        let (key, grouper) = (
            (facts.project_id, self.memo.fingerprint(grouper, event)),
            grouper.clone(),
        );
        grouped::count("issues", fault);
        let kept_for = head.kept_for.to_native();
        if kept_for != 0 {
            self.kept_for(writer, key, kept_for, facts.received_ns)?;
        }
        let known = self.issue_of(writer, key)?;
        let id = match known {
            Some(id) => id,
            // Whatever was called so before may have been carried on by another.
            None if self.control.regroups.contains_key(&key.0) => {
                self.id_of_new(writer, key, position)?
            }
            None => IssueId::derive(key.0, key.1),
        };
        if self.control.is_discarded(id) {
            self.count_discarded(id, &facts);
            return Ok(());
        }
        if known.is_none() {
            let print = Print {
                id,
                issue: id,
                newest_minute: NO_MINUTE,
                tags: Some(TagValues::default()),
                slot: None,
            };
            self.prints.insert(key, print);
            self.open(id, &facts, head);
        }
        let scene = self.names.place(writer, &mut self.batch, head)?;
        if known.is_some() {
            self.know(writer, id)?;
            self.touch(id, position);
            self.regress(id, &facts, (&head.environment, &head.release));
        }
        let slot = self.slot(key, known.is_none(), position);
        if known.is_none() {
            self.gathered[slot].sketch = sketch(&grouper, event);
        }
        self.count(slot, &facts, scene, (event, grouper));
        Ok(())
    }

    /// The id of an issue that begins in a project whose events were grouped anew.
    fn id_of_new(
        &self,
        writer: &IssueWriter,
        (project, print): (ProjectId, Fingerprint),
        position: Position,
    ) -> Result<IssueId, ReadModelError> {
        let derived = IssueId::derive(project, print);
        // Of the batch at hand the database knows nothing yet.
        if self.control.is_discarded(derived) {
            return Ok(derived);
        }
        apply::free_id(writer, project, print, position)
    }

    /// The issue that events of a fingerprint belong to; none: it has none yet.
    fn issue_of(
        &mut self,
        writer: &IssueWriter,
        key: (ProjectId, Fingerprint),
    ) -> Result<Option<IssueId>, ReadModelError> {
        if let Some(print) = self.prints.get(&key) {
            return Ok(Some(print.issue));
        }
        let Some(state) = writer.fingerprint(key.0, key.1)? else {
            return Ok(None);
        };
        let print = Print {
            id: state.id,
            issue: state.issue,
            newest_minute: state.last_seen_ms.div_euclid(60_000),
            tags: None,
            slot: None,
        };
        self.prints.insert(key, print);
        Ok(Some(state.issue))
    }

    /// The place of a known fingerprint in what is gathered.
    fn slot(&mut self, key: (ProjectId, Fingerprint), is_new: bool, position: Position) -> usize {
        let Some(print) = self.prints.get_mut(&key) else {
            unreachable!("`event` has made it known")
        };
        *print.slot.get_or_insert_with(|| {
            self.gathered.push(Gathered::none(key, is_new, position));
            self.gathered.len() - 1
        })
    }

    /// The issue that an id leads to, known from now on; none: there is no such issue.
    fn lead(
        &mut self,
        writer: &IssueWriter,
        id: IssueId,
    ) -> Result<Option<IssueId>, ReadModelError> {
        if self.issues.contains_key(&id) {
            return Ok(Some(id));
        }
        let Some(led) = writer.lead(id)? else {
            return Ok(None);
        };
        Ok(self.know(writer, led)?.then_some(led))
    }

    /// Makes sure that what the database has of an issue is in memory; whether
    /// there is such an issue.
    fn know(&mut self, writer: &IssueWriter, id: IssueId) -> Result<bool, ReadModelError> {
        if self.issues.contains_key(&id) {
            return Ok(true);
        }
        let Some(state) = writer.issue(id)? else {
            return Ok(false);
        };
        let known = Known {
            project_id: state.project_id,
            is_merged: state.is_merged,
            stand: state.stand,
            slot: None,
        };
        self.issues.insert(id, known);
        Ok(true)
    }

    /// A known issue changes at `position`; how it stands is taken at the batch's end.
    fn touch(&mut self, id: IssueId, position: Position) {
        let Some(known) = self.issues.get_mut(&id) else {
            unreachable!("`know` or `open` was called with this id before")
        };
        let slot = *known.slot.get_or_insert_with(|| {
            self.batch.issues.push(IssueDelta {
                id,
                project_id: known.project_id,
                is_new: false,
                is_merged: known.is_merged,
                stand: known.stand.clone(),
                changed: position,
            });
            self.batch.issues.len() - 1
        });
        self.batch.issues[slot].changed = position;
    }
}

/// What stands for a fingerprint among those alike, by its first event.
fn sketch(grouper: &Grouper, event: &StoredEvent) -> Option<Sketch> {
    // One that panics is no reason to lose the event.
    let places = caught(|| grouper.sketch(event.whole())).unwrap_or_default();
    places.map(Sketch)
}

/// How the newest event of the batch shows its issue, by the rules that it was grouped by.
fn title(memo: &mut Memo, gathered: &mut Gathered) {
    let Some((event, grouper)) = &gathered.newest else {
        return;
    };
    // A title that panics is no reason to lose the event: which one is the newest depends
    // on where the batch ends.
    gathered.counts.headline = caught(|| {
        let head = event.head();
        headline::of(head, memo.headline(grouper, event))
    })
    .unwrap_or_else(|_| Headline {
        title: UNTITLED.to_owned(),
        ..Headline::default()
    });
}

/// The oldest minute to keep after a batch with this oldest and newest one, if the newest
/// moved or some are below it.
fn minutes_from(newest: &mut i64, (oldest, latest): (i64, i64)) -> Option<i64> {
    let moved = latest > *newest;
    *newest = latest.max(*newest);
    let from = *newest - MINUTES_KEPT;
    (moved || oldest < from).then_some(from)
}
