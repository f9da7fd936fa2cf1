//! Events counted once more, under other fingerprints.
//!
//! Invariant: what a part adds up to is what the projection would have made of its events;
//! memory is bounded, since what was gathered is written every [`GATHERED_MAX`] records, all
//! within one move.

use std::collections::{BTreeMap, BTreeSet};

use event_model::{Fingerprint, IssueId, Position, ProjectId};
use read_model::issues::{IssueWriter, batch::FingerprintDelta, moves::Move};

use super::{
    NO_MINUTE, Projection, events::Facts, known::Gathered, minutes_from, sampled::tallied, sketch,
    tags::TagValues, title,
};
use crate::{
    ProjectorError,
    history::{Passed, Step},
};

/// Records gathered before they are written.
const GATHERED_MAX: u64 = 200_000;

/// To which fingerprint events go, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) id: IssueId,
    pub(super) print: Fingerprint,
    pub(super) opened: Position,
}

/// What becomes of what a part counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// It is added to its goal.
    Add,
    /// It is added to its goal and taken from the fingerprint of this id, the events of which
    /// are not all in the log.
    MoveFrom(IssueId),
    /// It stayed where it was, and is what is left to be shown.
    Show,
}

/// Parts that are gathered, within one move.
#[derive(Debug)]
pub(super) struct Parts {
    project: ProjectId,
    /// The first record that is read again.
    from: Position,
    gathered: BTreeMap<(IssueId, Use), (Goal, Gathered)>,
    records: u64,
    /// Fingerprints that have no row yet, until something was added.
    new: BTreeSet<IssueId>,
    /// What is shown of a fingerprint is shown once all are written.
    shown: BTreeMap<IssueId, FingerprintDelta>,
}

impl Parts {
    pub(super) fn new(project: ProjectId, from: Position) -> Self {
        Self {
            project,
            from,
            gathered: BTreeMap::new(),
            records: 0,
            new: BTreeSet::new(),
            shown: BTreeMap::new(),
        }
    }

    /// A fingerprint that has no row yet.
    pub(super) fn expect_new(&mut self, id: IssueId) {
        self.new.insert(id);
    }
}

impl Projection {
    /// Gathers a record for a goal; writes what was gathered when it is enough.
    pub(super) fn gather(
        &mut self,
        writer: &IssueWriter,
        (moving, parts): (&Move<'_>, &mut Parts),
        (goal, used): (Goal, Use),
        step: &Step<'_, '_>,
    ) -> Result<(), ProjectorError> {
        let key = (parts.project, goal.print);
        let is_new = parts.new.contains(&goal.id);
        let (_, gathered) = parts
            .gathered
            .entry((goal.id, used))
            .or_insert_with(|| (goal, Gathered::none(key, is_new, goal.opened)));
        match step.what {
            Passed::Event(event) => {
                let head = event.head();
                let facts = Facts::of(step.position, head);
                let scene = self.names.place(writer, &mut self.batch, head)?;
                if gathered.is_new && gathered.sketch.is_none() && gathered.counts.count == 0 {
                    gathered.sketch = sketch(step.grouper, event);
                }
                if gathered.counts.add(&facts.contribution(head, scene)) {
                    gathered.newest = Some((event.clone(), step.grouper.clone()));
                }
                let (pairs, seed) = (&mut self.pairs, self.seed);
                gathered.tags.add(pairs, seed, head, facts.weight);
            }
            Passed::Sampled(note) => {
                for part in &note.parts {
                    let names = (part.environment.as_str(), part.release.as_str());
                    let scene = self.names.scene_of(writer, &mut self.batch, key.0, names)?;
                    gathered
                        .counts
                        .add_tallied(&tallied((step.position, scene), note, part));
                }
            }
        }
        parts.records += 1;
        if parts.records >= GATHERED_MAX {
            self.write_parts(writer, moving, parts)?;
        }
        Ok(())
    }

    fn write_parts(
        &mut self,
        writer: &IssueWriter,
        moving: &Move<'_>,
        parts: &mut Parts,
    ) -> Result<(), ProjectorError> {
        parts.records = 0;
        let mut ready: Vec<FingerprintDelta> = Vec::new();
        for ((_, used), (goal, mut gathered)) in std::mem::take(&mut parts.gathered) {
            title(&mut self.memo, &mut gathered);
            if let Use::MoveFrom(source) = used {
                let mut taken =
                    self.part(writer, (parts.project, source, goal.print), &gathered)?;
                taken.id = source;
                moving.subtract(&taken)?;
            }
            // What a goal lets in depends on what it has; they come in the order of their ids.
            if ready.last().is_some_and(|last| last.id == goal.id) {
                moving.add(&std::mem::take(&mut ready))?;
            }
            let mut delta = self.part(writer, (parts.project, goal.id, goal.print), &gathered)?;
            if used == Use::Show {
                match parts.shown.get_mut(&goal.id) {
                    Some(shown) => shown.counts.add_sums(&delta.counts),
                    None => {
                        parts.shown.insert(goal.id, delta);
                    }
                }
                continue;
            }
            if parts.new.remove(&goal.id) {
                delta.is_new = true;
                delta.sketch = gathered.sketch;
            }
            ready.push(delta);
        }
        moving.add(&ready)?;
        self.pairs.clear();
        Ok(())
    }

    /// What was gathered, with the tags that the fingerprint of this id lets in and the minutes
    /// that it keeps.
    fn part(
        &self,
        writer: &IssueWriter,
        (project_id, id, fingerprint): (ProjectId, IssueId, Fingerprint),
        gathered: &Gathered,
    ) -> Result<FingerprintDelta, ProjectorError> {
        let mut counts = gathered.counts.clone();
        let mut tags = TagValues::of(writer.tag_values(id)?);
        counts.tags = gathered.tags.counted(&self.pairs, &mut tags);
        let stored = writer.last_seen(id)?;
        let mut newest = stored.map_or(NO_MINUTE, |last_ms| last_ms.div_euclid(60_000));
        let minutes_from = counts
            .minutes_within()
            .and_then(|within| minutes_from(&mut newest, within));
        Ok(FingerprintDelta {
            id,
            project_id,
            fingerprint,
            is_new: false,
            sketch: None,
            issue: id,
            counts,
            minutes_from,
        })
    }

    /// Writes the rest.
    pub(super) fn end_parts(
        &mut self,
        writer: &IssueWriter,
        moving: &Move<'_>,
        mut parts: Parts,
    ) -> Result<(), ProjectorError> {
        self.write_parts(writer, moving, &mut parts)?;
        for delta in parts.shown.values() {
            moving.show(delta, parts.from)?;
        }
        Ok(())
    }
}
