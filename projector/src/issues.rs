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

mod commands;
mod events;
pub(crate) mod fold;
mod names;
mod notes;
mod tags;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use event_model::{
    Command, ControlState, Fingerprint, IssueId, IssueStatus, Position, ProjectId, StoredEvent,
    UserId, head::ArchivedHead,
};
use grouping::Grouper;
use read_model::{
    ReadModelError,
    issues::{
        IssueBatch, IssueWriter,
        batch::{Headline, IssueDelta, Regression},
    },
};

use crate::{careful::caught, headline};
use names::Names;
use tags::TagValues;

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

/// The title of an event of which none can be made.
const UNTITLED: &str = "Event without a title";

/// What is known of an issue, as of the newest record seen.
#[derive(Debug)]
struct Known {
    project_id: ProjectId,
    status: IssueStatus,
    assignee: Option<UserId>,
    /// While resolved.
    resolved_at_ns: Option<i64>,
    /// Until resolved again.
    regression: Option<Regression>,
    newest_minute: i64,
    tags: Option<TagValues>,
    /// Its place in the batch at hand.
    slot: Option<usize>,
}

/// Sums up records; holds what it needs of the past.
#[derive(Debug)]
pub(crate) struct Projection {
    /// After the commands so far.
    control: ControlState,
    fingerprints: HashMap<(ProjectId, Fingerprint), IssueId>,
    issues: HashMap<IssueId, Known>,
    newest_minutes: HashMap<ProjectId, i64>,
    names: Names,
    grouper: Grouper,
    /// What the tags of all known issues hold.
    tag_bytes: usize,
    batch: IssueBatch,
    /// The newest event of each issue of the batch: its headline is taken at the end,
    /// once an issue and not once an event.
    newest: Vec<Option<StoredEvent>>,
}

impl Projection {
    /// Goes on after `position`, the state of which is `control`.
    pub(crate) fn new(position: Position, control: ControlState) -> Self {
        Self {
            control,
            fingerprints: HashMap::new(),
            issues: HashMap::new(),
            newest_minutes: HashMap::new(),
            names: Names::default(),
            grouper: Grouper::new(),
            tag_bytes: 0,
            batch: IssueBatch::after(position),
            newest: Vec::new(),
        }
    }

    /// Throws away the batch at hand and what can be asked from the database again.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.batch.after, std::mem::take(&mut self.control));
    }

    /// The batch at hand, ready to be applied.
    pub(crate) fn finish(&mut self) -> &IssueBatch {
        let grouper = self.grouper.clone();
        for (issue, newest) in self.batch.issues.iter_mut().zip(&self.newest) {
            if let (Some(events), Some(event)) = (&mut issue.events, newest) {
                // A title that panics is no reason to lose the event: which one is the
                // newest depends on where the batch ends.
                events.headline = caught(|| {
                    let head = event.head();
                    headline::of(head, grouper.headline(head))
                })
                .unwrap_or_else(|_| Headline {
                    title: UNTITLED.to_owned(),
                    ..Headline::default()
                });
            }
        }
        &self.batch
    }

    /// Begins the next batch, the one at hand having been applied.
    pub(crate) fn begin_next(&mut self) {
        let position = self.batch.position;
        for issue in &self.batch.issues {
            if let Some(known) = self.issues.get_mut(&issue.id) {
                known.slot = None;
            }
        }
        self.batch = IssueBatch::after(position);
        self.newest.clear();
        let issues = self.fingerprints.len().max(self.issues.len());
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
        let fingerprint = self.grouper.fingerprint(head);
        let (id, is_stored) = self.issue_of(writer, facts.project_id, fingerprint)?;
        if self.control.is_discarded(id) {
            self.count_discarded(id, &facts);
            return Ok(());
        }
        self.belongs(writer, id, fingerprint, is_stored, &facts, head)?;
        let place = self.names.place(writer, &mut self.batch, head)?;
        // Known for as long as its fingerprint is: both are forgotten together.
        let slot = self.slot(id, position);
        self.regress(id, slot, &facts, head);
        self.add_to_issue(writer, slot, &facts, place, event)?;
        self.add_to_project(writer, &facts, place, head)
    }

    /// The issue that events of a fingerprint belong to, and whether that is stored.
    fn issue_of(
        &self,
        writer: &IssueWriter,
        project_id: ProjectId,
        fingerprint: Fingerprint,
    ) -> Result<(IssueId, bool), ReadModelError> {
        if let Some(id) = self.fingerprints.get(&(project_id, fingerprint)) {
            return Ok((*id, true));
        }
        let stored = writer.issue_of(project_id, fingerprint)?;
        let id = stored.unwrap_or_else(|| IssueId::derive(project_id, fingerprint));
        Ok((id, stored.is_some()))
    }

    /// Makes sure that the issue of an event is known, opened if there is none, and the
    /// fingerprint its own.
    fn belongs(
        &mut self,
        writer: &IssueWriter,
        id: IssueId,
        fingerprint: Fingerprint,
        is_stored: bool,
        facts: &events::Facts,
        head: &ArchivedHead,
    ) -> Result<(), ReadModelError> {
        if !self.know(writer, id)? {
            self.open(id, facts, head);
        }
        if !is_stored {
            let slot = self.slot(id, facts.position);
            self.batch.issues[slot].fingerprints.push(fingerprint);
        }
        self.fingerprints
            .insert((facts.project_id, fingerprint), id);
        Ok(())
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
            status: state.status,
            assignee: state.assignee,
            resolved_at_ns: state.resolved_at_ns,
            regression: state.regression,
            newest_minute: state.last_seen_ms.div_euclid(60_000),
            tags: None,
            slot: None,
        };
        self.issues.insert(id, known);
        Ok(true)
    }

    /// The place in the batch of a known issue, changed at `position`; its state there
    /// is what is known now.
    fn slot(&mut self, id: IssueId, position: Position) -> usize {
        let Some(known) = self.issues.get_mut(&id) else {
            unreachable!("`know` or `open` was called with this id before")
        };
        let slot = *known.slot.get_or_insert_with(|| {
            self.newest.push(None);
            self.batch.issues.push(IssueDelta {
                id,
                project_id: known.project_id,
                is_new: false,
                fingerprints: Vec::new(),
                status: known.status,
                assignee: known.assignee,
                resolved_at_ns: None,
                regression: None,
                changed: position,
                events: None,
            });
            self.batch.issues.len() - 1
        });
        let issue = &mut self.batch.issues[slot];
        issue.changed = position;
        issue.status = known.status;
        issue.assignee = known.assignee;
        issue.resolved_at_ns = known.resolved_at_ns;
        issue.regression.clone_from(&known.regression);
        slot
    }
}
