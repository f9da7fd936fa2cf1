//! The same, told event by event, with no thought of time.

use std::collections::{BTreeMap, BTreeSet};

use event_model::{Fingerprint, IssueId, Position, ProjectId};
use proto::v1;

use super::world::{Past, by, print};

/// Issue, events, and the parts with theirs.
type Group = (IssueId, u64, BTreeSet<(IssueId, u64)>);

pub(crate) struct Told {
    pub(crate) moved: u64,
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) merges: BTreeSet<Group>,
    pub(crate) splits: BTreeSet<Group>,
    pub(crate) created: BTreeSet<Group>,
}

/// Which issue an event would be in, as far as its fingerprint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    In(IssueId),
    Apart(Fingerprint),
}

struct One {
    position: Position,
    now: Fingerprint,
    then: Fingerprint,
    issue: IssueId,
}

/// A fingerprint of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    opened: Position,
    id: IssueId,
    issue: IssueId,
}

/// Of a fingerprint that there is; else of one that events have.
fn row(past: &Past, ones: &[One], print: Fingerprint) -> Option<Row> {
    if let (Some(own), Some(home)) = (past.own.get(&print), past.homes.get(&print)) {
        return Some(Row {
            opened: past.first(print),
            id: IssueId(*own),
            issue: IssueId(*home),
        });
    }
    let seen = ones.iter().filter(|one| one.now == print);
    let first = seen.min_by_key(|one| one.position)?;
    Some(Row {
        opened: first.position,
        id: first.issue,
        issue: first.issue,
    })
}

/// What carries a fingerprint on: itself, if it keeps an event, else what its oldest goes to.
fn carrier(ones: &[One], now: Fingerprint) -> Fingerprint {
    let own = || ones.iter().filter(|one| one.now == now);
    if own().any(|one| one.then == now) {
        return now;
    }
    own().min_by_key(|one| one.position).unwrap().then
}

/// The place of each fingerprint that events would have, and the id of each place, with its
/// age.
type Placed = (
    BTreeMap<Fingerprint, Place>,
    BTreeMap<Place, (Position, IssueId)>,
);

fn placed(past: &Past, ones: &[One]) -> Placed {
    let nows: BTreeSet<Fingerprint> = ones.iter().map(|one| one.now).collect();
    let carriers: BTreeMap<Fingerprint, Fingerprint> =
        nows.iter().map(|now| (*now, carrier(ones, *now))).collect();
    // What each takes along, itself if it is there and has no event.
    let carried = |then: Fingerprint| -> Vec<(Row, Fingerprint)> {
        let mut all: Vec<Fingerprint> = nows
            .iter()
            .filter(|now| carriers[*now] == then)
            .copied()
            .collect();
        if !nows.contains(&then) && past.own.contains_key(&then) {
            all.push(then);
        }
        let rows = all
            .into_iter()
            .map(|print| (row(past, ones, print).unwrap(), print));
        rows.collect()
    };
    let mut places: BTreeMap<Fingerprint, Place> = BTreeMap::new();
    let mut aged: BTreeMap<Place, (Position, IssueId)> = BTreeMap::new();
    for then in ones.iter().map(|one| one.then).collect::<BTreeSet<_>>() {
        let carried = carried(then);
        let own = carried.iter().find(|(_, print)| *print == then);
        let eldest = carried.iter().min();
        let place = match own.or(eldest) {
            Some((row, _)) => Place::In(row.issue),
            None => Place::Apart(then),
        };
        places.insert(then, place);
        let age = eldest.map_or(
            (Position(u64::MAX), IssueId::derive(ProjectId(1), then)),
            |(row, _)| (row.opened, row.id),
        );
        let known = aged.entry(place).or_insert(age);
        *known = age.min(*known);
    }
    // Fingerprints without events are in their issues all the same.
    for (print, home) in &past.homes {
        let place = Place::In(IssueId(*home));
        if !nows.contains(print)
            && !places.contains_key(print)
            && let Some(known) = aged.get_mut(&place)
        {
            let row = row(past, ones, *print).unwrap();
            *known = (row.opened, row.id).min(*known);
        }
    }
    (places, aged)
}

pub(crate) fn told(
    past: &Past,
    rules: &str,
    events: &[(&str, Vec<(&str, &str)>)],
    positions: &[Position],
) -> Told {
    let ones = ones(past, rules, events, positions);
    let (places, aged) = placed(past, &ones);
    let place = |one: &One| places[&one.then];
    let issues: BTreeSet<IssueId> = ones.iter().map(|one| one.issue).collect();
    let all: BTreeSet<Place> = places.values().copied().collect();
    let mut known: BTreeSet<IssueId> = issues.clone();
    known.extend(all.iter().filter_map(|place| match place {
        Place::In(issue) => Some(*issue),
        Place::Apart(_) => None,
    }));
    let id = |place: &Place| (aged[place].1, !known.contains(&aged[place].1));
    let ids: BTreeMap<Place, (IssueId, bool)> =
        all.iter().map(|place| (*place, id(place))).collect();
    let mut shared: BTreeMap<(IssueId, Place), u64> = BTreeMap::new();
    for one in &ones {
        *shared.entry((one.issue, place(one))).or_default() += 1;
    }
    let count = |is: &dyn Fn(IssueId, Place) -> bool| -> u64 {
        let these = shared.iter().filter(|((issue, at), _)| is(*issue, *at));
        these.map(|(_, events)| events).sum()
    };
    let mut made = Told {
        moved: count(&|issue, at| ids[&at].0 != issue),
        before: issues.len(),
        after: all.len(),
        merges: BTreeSet::new(),
        splits: BTreeSet::new(),
        created: BTreeSet::new(),
    };
    for at in &all {
        let mut parts: BTreeSet<(IssueId, u64)> = BTreeSet::new();
        for issue in &known {
            let events = count(&|of, place| of == *issue && place == *at);
            if events > 0 || *at == Place::In(*issue) {
                parts.insert((*issue, events));
            }
        }
        let (issue, is_new) = ids[at];
        let group = (issue, count(&|_, place| place == *at), parts);
        if group.2.len() > 1 {
            made.merges.insert(group.clone());
        }
        if is_new {
            made.created.insert(group);
        }
    }
    for issue in &issues {
        let parts = all.iter().map(|at| {
            let events = count(&|of, place| of == *issue && place == *at);
            (ids[at].0, events)
        });
        let parts: BTreeSet<(IssueId, u64)> = parts.filter(|(_, events)| *events > 0).collect();
        if parts.len() > 1 {
            let events = count(&|of, _| of == *issue);
            made.splits.insert((*issue, events, parts));
        }
    }
    made
}

fn ones(
    past: &Past,
    rules: &str,
    events: &[(&str, Vec<(&str, &str)>)],
    positions: &[Position],
) -> Vec<One> {
    let (held, proposed) = (by(""), by(rules));
    // Events that are alike are grouped alike.
    let mut known = BTreeMap::new();
    let ones = events.iter().zip(positions).map(|(like, position)| {
        let (now, then) = *known.entry(like).or_insert_with(|| {
            let event = past.made(1, like.0, &like.1);
            (print(&held, &event), print(&proposed, &event))
        });
        let issue = past.homes.get(&now).map_or_else(
            || IssueId::derive(ProjectId(1), now),
            |number| IssueId(*number),
        );
        One {
            position: *position,
            now,
            then,
            issue,
        }
    });
    ones.collect()
}

/// What was told is what was expected, as far as lists go.
pub(crate) fn compare(what: &str, told: &[v1::RegroupGroup], expected: &BTreeSet<Group>) {
    let id = |issue: &v1::RegroupIssue| issue.id.parse::<IssueId>().unwrap();
    assert_eq!(told.len(), expected.len(), "{what}");
    for group in told {
        let whole = group.issue.as_ref().unwrap();
        let found = expected.iter().find(|(issue, ..)| *issue == id(whole));
        let (_, events, parts) = found.unwrap_or_else(|| panic!("{what}: {whole:?}"));
        assert_eq!(whole.events, *events, "{what}: {whole:?}");
        assert_eq!(group.parts_total as usize, parts.len(), "{what}: {whole:?}");
        assert_eq!(group.parts.len(), parts.len().min(8), "{what}: {whole:?}");
        let shown: Vec<(IssueId, u64)> = group.parts.iter().map(|p| (id(p), p.events)).collect();
        assert!(
            shown.iter().all(|part| parts.contains(part)),
            "{what}: {shown:?} {parts:?}"
        );
        assert!(
            shown.windows(2).all(|two| two[0].1 >= two[1].1),
            "{what}: {shown:?}"
        );
    }
}
