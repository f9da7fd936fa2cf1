//! What a preview says of issues: which come together, which come apart, which are new.
//!
//! What becomes of fingerprints and issues, `grouping` says, by whose rules it is applied,
//! too ([`grouping::regroup`]). Invariant: pure, and the same whatever the order of the
//! pairs.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use event_model::{Fingerprint, IssueId, Position, ProjectId};
pub(super) use grouping::regroup::Pair;
use grouping::regroup::{Row, Set, moves};

/// The events of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) events: u64,
    pub(super) oldest: Position,
    /// Some of them, the newest first; never empty.
    pub(super) samples: Vec<Position>,
}

/// The fingerprints of today, with all others of their issues.
pub(super) type Rows = BTreeMap<Fingerprint, Row>;

/// What becomes of the issues.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) moved: u64,
    pub(super) before: usize,
    pub(super) after: usize,
    /// The largest first, like their parts.
    pub(super) merges: Vec<Bundle>,
    pub(super) splits: Vec<Bundle>,
    pub(super) created: Vec<Bundle>,
}

/// An issue, and what it is made of or becomes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bundle {
    pub(super) whole: Part,
    pub(super) parts: Vec<Part>,
}

/// Events of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) issue: IssueId,
    /// Which is not there today.
    pub(super) is_new: bool,
    pub(super) events: u64,
    /// Numbers of its pairs.
    pub(super) pairs: Vec<usize>,
}

/// What becomes of the issues of a project.
pub(super) fn plan(project: ProjectId, pairs: &[(Pair, Cell)], rows: &Rows) -> Plan {
    let rows = with_unseen(project, pairs, rows);
    let oldest = pairs.iter().map(|(pair, cell)| (*pair, cell.oldest));
    let ids: HashSet<IssueId> = rows.values().map(|row| row.id).collect();
    let moves = moves(project, &oldest.collect(), &rows, |id| ids.contains(&id));
    let today: HashSet<IssueId> = rows.values().map(|row| row.issue).collect();
    let issue_now: Vec<IssueId> = pairs
        .iter()
        .map(|(pair, _)| rows[&pair.now].issue)
        .collect();
    let set_of: Vec<Set> = pairs
        .iter()
        .map(|(pair, _)| moves.targets[&pair.then].set)
        .collect();
    let groups = grouped(set_of.iter().copied().enumerate());
    let by_issue = grouped(issue_now.iter().copied().enumerate());
    let id = |set: &Set| {
        let id = moves.issues[set];
        (id, !today.contains(&id))
    };
    let part = |(issue, is_new), taken: Vec<usize>| Part {
        issue,
        is_new,
        events: taken.iter().map(|at| pairs[*at].1.events).sum(),
        pairs: taken,
    };
    let mut made = Plan {
        moved: 0,
        before: by_issue.len(),
        after: groups.len(),
        merges: Vec::new(),
        splits: Vec::new(),
        created: Vec::new(),
    };
    for (set, taken) in &groups {
        let id = id(set);
        let mut from = grouped(taken.iter().map(|at| (*at, issue_now[*at])));
        if let Set::Of(issue) = set {
            // It is there, whatever the events looked at.
            from.entry(*issue).or_default();
        }
        let moved = taken.iter().filter(|at| issue_now[**at] != id.0);
        made.moved += moved.map(|at| pairs[*at].1.events).sum::<u64>();
        let bundle = || Bundle {
            whole: part(id, taken.clone()),
            parts: from
                .iter()
                .map(|(issue, taken)| part((*issue, false), taken.clone()))
                .collect(),
        };
        if id.1 {
            made.created.push(bundle());
        }
        if from.len() > 1 {
            made.merges.push(bundle());
        }
    }
    for (issue, taken) in by_issue {
        let into = grouped(taken.iter().map(|at| (*at, set_of[*at])));
        if into.len() > 1 {
            let parts = into.into_iter().map(|(set, taken)| part(id(&set), taken));
            made.splits.push(Bundle {
                parts: parts.collect(),
                whole: part((issue, false), taken),
            });
        }
    }
    for list in [&mut made.merges, &mut made.splits, &mut made.created] {
        list.sort_unstable_by_key(|bundle| largest(&bundle.whole));
        for bundle in list {
            bundle.parts.sort_unstable_by_key(largest);
        }
    }
    made
}

/// With the fingerprints of events that are not projected yet, or were turned away: each is
/// the issue of its own.
fn with_unseen(project: ProjectId, pairs: &[(Pair, Cell)], rows: &Rows) -> Rows {
    let mut all = rows.clone();
    for (pair, cell) in pairs {
        let id = IssueId::derive(project, pair.now);
        let row = all.entry(pair.now).or_insert(Row {
            id,
            opened: cell.oldest,
            issue: id,
        });
        if !rows.contains_key(&pair.now) {
            row.opened = row.opened.min(cell.oldest);
        }
    }
    all
}

fn largest(part: &Part) -> (Reverse<u64>, IssueId) {
    (Reverse(part.events), part.issue)
}

fn grouped<K: Ord>(items: impl IntoIterator<Item = (usize, K)>) -> BTreeMap<K, Vec<usize>> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (at, key) in items {
        groups.entry(key).or_default().push(at);
    }
    groups
}

#[cfg(test)]
mod tests;
