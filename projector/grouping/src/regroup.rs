//! What becomes of fingerprints and issues when events are grouped otherwise.
//!
//! An issue is a set of fingerprints. What is said of each pair of them (what events are
//! grouped as, and what they would be) decides all else:
//!
//! 1. A fingerprint that keeps events is carried on by itself. One that keeps none is
//!    carried on by the one that its oldest event goes to.
//! 2. Whatever carries others on is in the set that it is in today, if it carries itself on,
//!    else in that of the one whose first event is the oldest; its id is that of the oldest of
//!    them, and the ids of the others lead to it. So a new version of the algorithm renames
//!    fingerprints and moves nothing by that, and what was merged by hand stays so.
//! 3. A fingerprint that carries nothing on, and takes a part of others, is an issue by
//!    itself.
//!
//! The id of an issue is that of its fingerprint whose first event is the oldest, as ever: an
//! issue that keeps its oldest event keeps its id, and of several that come together the
//! oldest one keeps its own.
//!
//! Invariant: pure, and the same whatever the order of the pairs.

use std::collections::{BTreeMap, BTreeSet};

use event_model::{Fingerprint, IssueId, Position, ProjectId};

/// What an event is grouped as, and what it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// Today.
    pub now: Fingerprint,
    /// Then.
    pub then: Fingerprint,
}

/// A fingerprint as it is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Of the issue that it opened.
    pub id: IssueId,
    /// The record of its first event.
    pub opened: Position,
    /// The issue it belongs to.
    pub issue: IssueId,
}

/// Fingerprints that would be one issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// With those of one that there is.
    Of(IssueId),
    /// By itself.
    Own(Fingerprint),
}

/// A fingerprint as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Of the issue that it opened, or would open.
    pub id: IssueId,
    /// The record of its first event.
    pub opened: Position,
    /// With which it is one issue.
    pub set: Set,
    /// What it carries on, the oldest first: its id is that of the first. None: it is new.
    pub carries: Vec<Fingerprint>,
}

/// What becomes of the fingerprints and issues of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moves {
    /// What carries each fingerprint on that is there today and has events.
    pub carried: BTreeMap<Fingerprint, Fingerprint>,
    /// Each fingerprint that has events then, and what they carry on.
    pub targets: BTreeMap<Fingerprint, Target>,
    /// The id of each issue that something becomes of.
    pub issues: BTreeMap<Set, IssueId>,
}

impl Moves {
    /// The issue that events of a fingerprint are in then.
    pub fn issue_then(&self, then: Fingerprint) -> Option<IssueId> {
        let target = self.targets.get(&then)?;
        self.issues.get(&target.set).copied()
    }
}

/// Says what becomes of them. `pairs` are with the oldest record of each; `rows` are all
/// fingerprints of all issues that have one of `pairs`, and those of `then` that are there.
/// `is_taken` says of an id whether anything has it or ever had.
pub fn moves(
    project: ProjectId,
    pairs: &BTreeMap<Pair, Position>,
    rows: &BTreeMap<Fingerprint, Row>,
    mut is_taken: impl FnMut(IssueId) -> bool,
) -> Moves {
    let carried = carried(pairs, rows);
    let mut targets: BTreeMap<Fingerprint, (Position, Vec<Fingerprint>)> = BTreeMap::new();
    for (pair, oldest) in pairs {
        let (opened, _) = targets
            .entry(pair.then)
            .or_insert_with(|| (*oldest, Vec::new()));
        *opened = (*oldest).min(*opened);
    }
    for (now, then) in &carried {
        if let Some((_, carries)) = targets.get_mut(then) {
            carries.push(*now);
        }
    }
    let age = |print: &Fingerprint| rows.get(print).map(|row| (row.opened, row.id));
    let mut given = BTreeSet::new();
    let mut made = BTreeMap::new();
    for (then, (opened, mut carries)) in targets {
        // One that has no event today is there all the same.
        if rows.contains_key(&then) && !carried.contains_key(&then) {
            carries.push(then);
        }
        carries.sort_unstable_by_key(age);
        let eldest = carries.first().and_then(|print| rows.get(print));
        let target = if let Some(eldest) = eldest {
            let own = rows.get(&then).filter(|_| carries.contains(&then));
            Target {
                id: eldest.id,
                opened: eldest.opened,
                set: Set::Of(own.unwrap_or(eldest).issue),
                carries,
            }
        } else {
            let is_taken = |id| is_taken(id) || given.contains(&id);
            let id = new_id(project, then, opened, is_taken);
            given.insert(id);
            Target {
                id,
                opened,
                set: Set::Own(then),
                carries,
            }
        };
        made.insert(then, target);
    }
    let issues = issues(&made, &carried, rows);
    Moves {
        carried,
        targets: made,
        issues,
    }
}

/// The id of what a fingerprint opens: the one that follows from it, unless that is taken by
/// one that was carried on.
pub fn new_id(
    project: ProjectId,
    print: Fingerprint,
    opened: Position,
    mut is_taken: impl FnMut(IssueId) -> bool,
) -> IssueId {
    let first = IssueId::derive(project, print);
    let others = (0u64..).map(|attempt| {
        let mut salted = print.0;
        let salt = opened.0.wrapping_add(attempt.wrapping_mul(1 << 48));
        for (byte, salt) in salted.iter_mut().zip(salt.to_le_bytes()) {
            *byte ^= salt;
        }
        IssueId::derive(project, Fingerprint(salted))
    });
    std::iter::once(first)
        .chain(others)
        .find(|id| !is_taken(*id))
        .unwrap_or(first)
}

/// What carries each on.
fn carried(
    pairs: &BTreeMap<Pair, Position>,
    rows: &BTreeMap<Fingerprint, Row>,
) -> BTreeMap<Fingerprint, Fingerprint> {
    let mut carried: BTreeMap<Fingerprint, (Position, Fingerprint)> = BTreeMap::new();
    for (pair, oldest) in pairs {
        if !rows.contains_key(&pair.now) {
            continue;
        }
        // Whatever keeps events is before all others.
        let at = if pair.now == pair.then {
            Position(0)
        } else {
            *oldest
        };
        let by = carried.entry(pair.now).or_insert((at, pair.then));
        *by = (at, pair.then).min(*by);
    }
    carried
        .into_iter()
        .map(|(now, (_, then))| (now, then))
        .collect()
}

/// The id of each set: that of its oldest fingerprint, whether it has events or not.
fn issues(
    targets: &BTreeMap<Fingerprint, Target>,
    carried: &BTreeMap<Fingerprint, Fingerprint>,
    rows: &BTreeMap<Fingerprint, Row>,
) -> BTreeMap<Set, IssueId> {
    let mut oldest: BTreeMap<Set, (Position, IssueId)> = BTreeMap::new();
    let mut add = |set, opened, id| {
        let known = oldest.entry(set).or_insert((opened, id));
        *known = (opened, id).min(*known);
    };
    for target in targets.values() {
        add(target.set, target.opened, target.id);
    }
    for (print, row) in rows {
        if !carried.contains_key(print) && !targets.contains_key(print) {
            add(Set::Of(row.issue), row.opened, row.id);
        }
    }
    oldest.into_iter().map(|(set, (_, id))| (set, id)).collect()
}

#[cfg(test)]
mod tests;
