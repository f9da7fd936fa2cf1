//! What is to become of fingerprints and issues, and how it is done to what is stored.

use std::collections::{BTreeMap, BTreeSet};

use event_model::{Fingerprint, IssueId, Position};
use grouping::regroup::{Moves, Pair, Set};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        batch::{Regroup, Stand, Whole},
        moves::{Caps, Move, PrintRow},
    },
};

use super::{Order, survey::Seen};
use crate::issues::{
    MINUTES_KEPT,
    parts::{Goal, Parts, Use},
    tags::{KEYS_MAX, VALUES_MAX},
};

/// What a joined fingerprint may hold.
const CAPS: Caps = Caps {
    keys: KEYS_MAX,
    values: VALUES_MAX,
    minutes: MINUTES_KEPT,
};

/// What is to become of fingerprints and issues.
pub(super) struct Change {
    pub(super) pairs: BTreeMap<Pair, Seen>,
    /// Of all issues that have one of the pairs.
    pub(super) rows: BTreeMap<Fingerprint, PrintRow>,
    pub(super) moves: Moves,
    /// Fingerprints whose events go apart; whether the log has all of them.
    pub(super) apart: BTreeMap<Fingerprint, bool>,
}

impl Change {
    pub(super) fn comes_apart(&self) -> bool {
        !self.apart.is_empty()
    }

    /// Renames and joins what goes as a whole, and clears what is counted anew.
    pub(super) fn rename(
        &self,
        moving: &Move<'_>,
        parts: &mut Parts,
    ) -> Result<(), ReadModelError> {
        for (print, is_whole) in &self.apart {
            if *is_whole && let Some(row) = self.rows.get(print) {
                moving.clear(row.id)?;
            }
        }
        let id = |print: &Fingerprint| self.rows.get(print).map(|row| (row.id, *print));
        let changed = || {
            let targets = self.moves.targets.iter();
            targets.filter(|(then, target)| target.carries != [**then])
        };
        for (_, target) in changed() {
            let carried: Vec<_> = target.carries.iter().filter_map(id).collect();
            moving.unname(&carried)?;
            if carried.is_empty() {
                parts.expect_new(target.id);
            }
        }
        for (then, target) in changed().filter(|(_, target)| !target.carries.is_empty()) {
            let others = target.carries.iter().skip(1).filter_map(id);
            let others: Vec<IssueId> = others.map(|(id, _)| id).collect();
            if !others.is_empty() {
                moving.fold(&others, target.id, &CAPS)?;
            }
            moving.name(target.id, *then)?;
        }
        Ok(())
    }

    /// Where events of a pair are counted anew; none: they went as a whole.
    pub(super) fn goal(&self, pair: Pair) -> Option<(Goal, Use)> {
        let is_whole = *self.apart.get(&pair.now)?;
        let target = self.moves.targets.get(&pair.then)?;
        let goal = Goal {
            id: target.id,
            print: pair.then,
            opened: target.opened,
        };
        if is_whole {
            return Some((goal, Use::Add));
        }
        let carrier = self.moves.carried.get(&pair.now)?;
        if *carrier == pair.then {
            // Of several, what the newest of the others shows is as good.
            return (target.carries.len() == 1).then_some((goal, Use::Show));
        }
        let source = self.moves.targets.get(carrier)?;
        Some((goal, Use::MoveFrom(source.id)))
    }

    /// From which issue into which other one events go.
    pub(super) fn ways(&self) -> BTreeSet<(IssueId, IssueId)> {
        let ways = self.pairs.keys().filter_map(|pair| {
            let from = self.rows.get(&pair.now)?.issue;
            let into = self.moves.issue_then(pair.then)?;
            (from != into).then_some((from, into))
        });
        ways.collect()
    }

    /// The issues as they are made of their fingerprints.
    pub(super) fn regroup(
        &self,
        writer: &IssueWriter,
        order: &Order<'_>,
        shown: &BTreeSet<Set>,
    ) -> Result<Regroup, ReadModelError> {
        let mut stood = BTreeMap::new();
        let issues: BTreeSet<IssueId> = self.rows.values().map(|row| row.issue).collect();
        for issue in &issues {
            if let Some(state) = writer.issue(*issue)? {
                stood.insert(*issue, state.stand);
            }
        }
        let mut members: BTreeMap<Set, Vec<(Position, IssueId)>> = BTreeMap::new();
        for target in self.moves.targets.values() {
            let all = members.entry(target.set).or_default();
            all.push((target.opened, target.id));
        }
        for (print, row) in &self.rows {
            if !self.moves.carried.contains_key(print) && !self.moves.targets.contains_key(print) {
                let all = members.entry(Set::Of(row.issue)).or_default();
                all.push((row.opened, row.id));
            }
        }
        let mut changed = self.changed_sets();
        changed.extend(shown);
        let origins = self.origins();
        let mut wholes = Vec::new();
        for (set, mut all) in members {
            let Some(id) = self
                .moves
                .issues
                .get(&set)
                .filter(|_| changed.contains(&set))
            else {
                continue;
            };
            all.sort_unstable();
            wholes.push(Whole {
                id: *id,
                project_id: order.project,
                fingerprints: all.into_iter().map(|(_, id)| id).collect(),
                stand: stand(writer, (&stood, &origins), *id, set)?,
            });
        }
        let living: BTreeSet<IssueId> = self.moves.issues.values().copied().collect();
        let gone = stood.into_iter().filter(|(id, _)| !living.contains(id));
        Ok(Regroup {
            changed: order.by.position,
            gone: gone.collect(),
            wholes,
            stands: Vec::new(),
        })
    }

    /// Sets of which something is to be made anew.
    fn changed_sets(&self) -> BTreeSet<Set> {
        let mut changed = BTreeSet::new();
        for (then, target) in &self.moves.targets {
            if target.carries != [*then] {
                changed.insert(target.set);
            }
        }
        for pair in self.pairs.keys() {
            let Some(target) = self.moves.targets.get(&pair.then) else {
                continue;
            };
            if self.apart.contains_key(&pair.now) {
                changed.insert(target.set);
            }
            // What leaves a set changes it.
            if let Some(row) = self.rows.get(&pair.now)
                && target.set != Set::Of(row.issue)
            {
                changed.insert(Set::Of(row.issue));
                changed.insert(target.set);
            }
        }
        changed
    }

    /// The issue that the oldest event of each set was in.
    fn origins(&self) -> BTreeMap<Set, IssueId> {
        let mut oldest: BTreeMap<Set, (Position, IssueId)> = BTreeMap::new();
        for (pair, seen) in &self.pairs {
            if let Some(target) = self.moves.targets.get(&pair.then)
                && let Some(row) = self.rows.get(&pair.now)
            {
                let of = (seen.oldest, row.issue);
                let known = oldest.entry(target.set).or_insert(of);
                *known = of.min(*known);
            }
        }
        let origins = oldest.into_iter();
        origins.map(|(set, (_, issue))| (set, issue)).collect()
    }
}

/// As the issue of its id stood, or as that one did before it was merged into another; what
/// is new stands as the issue that its oldest event was in.
fn stand(
    writer: &IssueWriter,
    (stood, origins): (&BTreeMap<IssueId, Stand>, &BTreeMap<Set, IssueId>),
    id: IssueId,
    set: Set,
) -> Result<Stand, ReadModelError> {
    if let Some(stand) = stood.get(&id) {
        return Ok(stand.clone());
    }
    if let Set::Of(_) = set {
        return Ok(writer.kept_stand(id)?.unwrap_or_default());
    }
    let stand = origins.get(&set).and_then(|issue| stood.get(issue));
    Ok(Stand {
        regression: None,
        ..stand.cloned().unwrap_or_default()
    })
}
