//! Every figure that the issue database answers, against a naive count over the raw
//! events; of random projects in sight, so that nothing of another one is in any.

use std::collections::{BTreeMap, BTreeSet};

use event_model::{IssueId, IssueStatus, Level, Position, ProjectId, access::Sight, head::Head};
use proptest::prelude::*;
use read_model::issues::reader::{
    ChangeCursor, CountOf, Direction, IssueFilter, IssueSort, IssueState, Range, Reader, Scope,
    SeriesBy, Snapshot, Unit, Window,
};

use super::{
    naive::{Naive, Step, at_ms},
    project,
};
use crate::testing::{NOON_NS, numbered};

const NOON_MIN: i64 = NOON_NS / 60_000_000_000;
const NOON_HOUR: i64 = NOON_MIN / 60;

/// In minutes only what minutes are kept for.
fn arbitrary_range() -> impl Strategy<Value = Range> {
    prop_oneof![
        (-70..2i64, 1..71i64).prop_map(|(from, length)| Range {
            unit: Unit::Hour,
            from: NOON_HOUR + from,
            to: NOON_HOUR + from + length,
        }),
        (-1439..11i64, 1..1440i64).prop_map(|(from, length)| Range {
            unit: Unit::Minute,
            from: NOON_MIN + from,
            to: NOON_MIN + from + length,
        }),
    ]
}

fn arbitrary_filter() -> impl Strategy<Value = IssueFilter> {
    let scope = (
        prop::sample::select(vec!["", "", "production", "staging", "nowhere"]),
        prop::sample::select(vec!["", "", "1.0", "2.0"]),
        proptest::option::weighted(0.8, arbitrary_range()),
    );
    let more = (
        proptest::collection::vec(1..4u32, 0..2),
        proptest::option::of(prop_oneof![
            Just(IssueStatus::Unresolved),
            Just(IssueStatus::Resolved)
        ]),
        proptest::bool::weighted(0.2),
        proptest::bool::weighted(0.2),
    );
    (scope, more).prop_map(|((environment, release, range), more)| IssueFilter {
        projects: match more.0.as_slice() {
            [] => Sight::All,
            some => Sight::only(some.iter().copied().map(ProjectId)),
        },
        statuses: more.1.into_iter().collect(),
        scope: Scope {
            environment: environment.to_owned(),
            release: release.to_owned(),
            range,
        },
        is_new: more.2 && range.is_some(),
        is_regressed: more.3,
        ..IssueFilter::default()
    })
}

fn arbitrary_sight() -> impl Strategy<Value = Sight> {
    let some = proptest::collection::vec(1..4u32, 0..3);
    prop_oneof![
        1 => Just(Sight::All),
        3 => some.prop_map(|ids| Sight::only(ids.into_iter().map(ProjectId))),
    ]
}

fn check_list(
    snapshot: &Snapshot<'_>,
    naive: &Naive,
    filter: &IssueFilter,
) -> Result<(), TestCaseError> {
    let expected = naive.issues(filter);
    prop_assert_eq!(
        snapshot.total(filter).unwrap(),
        expected.len() as u64,
        "{:?}",
        filter
    );
    let sorts = [
        IssueSort::LastSeen,
        IssueSort::FirstSeen,
        IssueSort::Count,
        IssueSort::Users,
    ];
    for sort in sorts {
        let mut walks = Vec::new();
        for direction in [Direction::Descending, Direction::Ascending] {
            let mut walked = Vec::new();
            let mut cursor = None;
            loop {
                let page = snapshot.list(filter, sort, direction, cursor, 2).unwrap();
                walked.extend(page.issues);
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            walks.push(walked);
        }
        let up = walks.pop().unwrap();
        let down = walks.pop().unwrap();
        let reversed: Vec<_> = up.into_iter().rev().collect();
        prop_assert_eq!(&down, &reversed, "{:?} {:?}", sort, filter);
        let ids: BTreeSet<IssueId> = down.iter().map(|scoped| scoped.issue.id).collect();
        prop_assert_eq!(&ids, &expected, "{:?} {:?}", sort, filter);
        prop_assert_eq!(ids.len(), down.len(), "one stands there twice");
        let mut keys = Vec::new();
        for scoped in &down {
            let id = scoped.issue.id;
            let its = |scope: &Scope| -> Vec<&Head> {
                let all = naive.scoped(scope, &Sight::All).into_iter();
                all.filter(|(issue, _)| *issue == id)
                    .map(|(_, head)| head)
                    .collect()
            };
            let within = its(&filter.scope);
            let ever = its(&Scope {
                range: None,
                ..filter.scope.clone()
            });
            let count: u64 = within.iter().map(|head| u64::from(head.weight)).sum();
            let users = Naive::users(within.into_iter());
            prop_assert_eq!((scoped.count, scoped.users), (count, users), "{:?}", filter);
            let times: BTreeSet<i64> = ever.iter().map(|head| at_ms(head)).collect();
            let (first, last) = (*times.first().unwrap(), *times.last().unwrap());
            let row = &scoped.issue;
            prop_assert_eq!((row.first_seen_ms, row.last_seen_ms), (first, last));
            keys.push(match sort {
                IssueSort::LastSeen => last,
                IssueSort::FirstSeen => first,
                IssueSort::Count => count as i64,
                IssueSort::Users => users as i64,
            });
        }
        prop_assert!(keys.is_sorted_by(|a, b| a >= b), "{:?} {:?}", sort, keys);
    }
    Ok(())
}

/// What is asked by an issue's name: of another project's it is what there is of none.
fn check_named(snapshot: &Snapshot<'_>, naive: &Naive, all: &Naive) -> Result<(), TestCaseError> {
    let window = Window {
        range: Range {
            unit: Unit::Hour,
            from: NOON_HOUR - 100,
            to: NOON_HOUR + 100,
        },
        from: NOON_HOUR - 100,
        per_bucket: 200,
        buckets: 1,
    };
    let scope = Scope::default();
    let ids: Vec<IssueId> = all.statuses.keys().copied().collect();
    let seen: BTreeSet<IssueId> = naive.statuses.keys().copied().collect();
    for id in &ids {
        let is_seen = seen.contains(id);
        let row = snapshot.issue(*id).unwrap();
        prop_assert_eq!(row.is_some(), is_seen);
        prop_assert_eq!(row.map(|row| row.status), naive.statuses.get(id).copied());
        prop_assert_eq!(snapshot.fingerprints(*id).unwrap().is_empty(), !is_seen);
        prop_assert_eq!(snapshot.activity(*id).unwrap().is_empty(), !is_seen);
        if !is_seen {
            prop_assert_eq!(snapshot.tags(*id).unwrap(), vec![]);
            prop_assert_eq!(snapshot.releases(*id).unwrap(), vec![]);
            prop_assert_eq!(snapshot.environments(*id).unwrap(), vec![]);
            let users = snapshot.user_series(window, &Sight::All, Some(*id), &scope);
            prop_assert_eq!(users.unwrap(), vec![0]);
        }
    }
    for (own, lead) in &all.leads {
        let row = snapshot.issue(*own).unwrap();
        let row = row.map(|row| (row.id, row.fingerprints as usize));
        let members = all.leads.values().filter(|other| *other == lead).count();
        prop_assert_eq!(row, seen.contains(lead).then_some((*lead, members)));
    }
    let named = |rows: Vec<IssueId>| rows.into_iter().collect::<BTreeSet<_>>();
    let rows = snapshot.issues_of(&ids).unwrap();
    prop_assert_eq!(&named(rows.iter().map(|row| row.id).collect()), &seen);
    let rows = snapshot.scoped_of(&scope, &ids).unwrap();
    prop_assert_eq!(&named(rows.iter().map(|row| row.issue.id).collect()), &seen);
    let series = snapshot.issue_series(window, &scope, &ids).unwrap();
    prop_assert!(series.keys().all(|id| seen.contains(id)));
    let changes = snapshot.changes(ChangeCursor::default(), 1_000).unwrap();
    prop_assert_eq!(
        &named(changes.iter().map(|change| change.issue.id).collect()),
        &seen
    );
    let transitions = snapshot.transitions((Position(0), 0, 0), 1_000).unwrap();
    prop_assert_eq!(
        &named(transitions.iter().map(|one| one.issue.id).collect()),
        &seen
    );
    let totals = snapshot.project_totals().unwrap();
    for total in &totals {
        let its = naive
            .events
            .iter()
            .filter(|(_, head)| head.project_id == total.project_id.0);
        let events: u64 = its.map(|(_, head)| u64::from(head.weight)).sum();
        prop_assert_eq!(total.events, events);
    }
    let projects: BTreeSet<u32> = naive
        .events
        .iter()
        .map(|(_, head)| head.project_id)
        .collect();
    prop_assert_eq!(totals.len(), projects.len());
    let facets = snapshot.facets(&Sight::All).unwrap();
    let values = |of: fn(&Head) -> &String| -> BTreeSet<String> {
        let all = naive.events.iter().map(|(_, head)| of(head).clone());
        all.filter(|value| !value.is_empty()).collect()
    };
    let found: BTreeSet<String> = facets.environments.into_iter().collect();
    prop_assert_eq!(found, values(|head| &head.environment));
    let found: BTreeSet<String> = facets.releases.into_iter().collect();
    prop_assert_eq!(&found, &values(|head| &head.release));
    let marks = snapshot.release_marks(window.range, &Sight::All).unwrap();
    let marked: BTreeSet<String> = marks.into_iter().map(|mark| mark.version).collect();
    prop_assert!(marked.is_subset(&found));
    Ok(())
}

fn check_totals(
    snapshot: &Snapshot<'_>,
    naive: &Naive,
    filter: &IssueFilter,
    range: Range,
) -> Result<(), TestCaseError> {
    let scope = Scope {
        range: Some(range),
        ..filter.scope.clone()
    };
    let projects = &filter.projects;
    let summary = snapshot.summary(range, projects, &scope).unwrap();
    let heads = || naive.scoped(&scope, projects).into_iter();
    let weigh = |head: &Head| u64::from(head.weight);
    prop_assert_eq!(
        summary.events,
        heads().map(|(_, head)| weigh(head)).sum::<u64>()
    );
    prop_assert_eq!(summary.users, Naive::users(heads().map(|(_, head)| head)));
    let list = |is_new, is_regressed, statuses: &[IssueStatus]| {
        let filter = IssueFilter {
            projects: projects.clone(),
            scope: scope.clone(),
            is_new,
            is_regressed,
            statuses: statuses.to_vec(),
            ..IssueFilter::default()
        };
        naive.issues(&filter).len() as u64
    };
    prop_assert_eq!(summary.issues, list(false, false, &[]));
    prop_assert_eq!(summary.new_issues, list(true, false, &[]));
    prop_assert_eq!(summary.regressed_issues, list(false, true, &[]));
    let unresolved = list(false, false, &[IssueStatus::Unresolved]);
    prop_assert_eq!(summary.unresolved_issues, unresolved);

    let window = Window {
        range,
        from: range.from.div_euclid(7) * 7,
        per_bucket: 7,
        buckets: u32::try_from((range.to - range.from) / 7 + 2).unwrap(),
    };
    let unit_ms = i64::from(range.unit.seconds()) * 1000;
    let bucket = |head: &Head| ((at_ms(head).div_euclid(unit_ms) - window.from) / 7) as usize;
    for by in [
        SeriesBy::Nothing,
        SeriesBy::Level,
        SeriesBy::Project,
        SeriesBy::State,
    ] {
        let mut expected: BTreeMap<CountOf, Vec<u64>> = BTreeMap::new();
        for (id, head) in heads() {
            let of = match by {
                SeriesBy::Nothing => CountOf::All,
                SeriesBy::Level => CountOf::Level(Level::from_number(head.level)),
                SeriesBy::Project => CountOf::Project(ProjectId(head.project_id)),
                SeriesBy::State if Naive::is_within(Some(range), naive.first_ms(*id)) => {
                    CountOf::State(IssueState::New)
                }
                SeriesBy::State if naive.came_back(*id, Some(range)) => {
                    CountOf::State(IssueState::Regressed)
                }
                SeriesBy::State => CountOf::State(IssueState::Other),
            };
            let counts = expected.entry(of).or_insert_with(|| window.zeros());
            counts[bucket(head)] += weigh(head);
        }
        let found = snapshot.series(window, projects, &scope, by).unwrap();
        for series in found {
            let expected = expected
                .remove(&series.of)
                .unwrap_or_else(|| window.zeros());
            prop_assert_eq!(&series.counts, &expected, "{:?} {:?}", by, series.of);
        }
        prop_assert!(expected.is_empty(), "{:?}: {:?}", by, expected);
    }
    let users = snapshot
        .user_series(window, projects, None, &scope)
        .unwrap();
    for (at, found) in users.iter().enumerate() {
        let its = heads()
            .map(|(_, head)| head)
            .filter(|head| bucket(head) == at);
        prop_assert_eq!(*found, Naive::users(its), "{}", at);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_is_a_naive_count_over_the_raw_events(
        steps in proptest::collection::vec(Step::arbitrary(), 1..80),
        filters in proptest::collection::vec((arbitrary_filter(), arbitrary_sight()), 6),
        sizes in proptest::collection::vec(1..17usize, 1..10),
        range in arbitrary_range(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("issues");
        let entries = steps.iter().map(Step::entry).collect();
        drop(project(&path, &numbered(entries), &sizes));
        let all = Naive::of(&steps);
        let reader = Reader::open(&path).unwrap();
        for (filter, sight) in &filters {
            let mut result = Ok(());
            let naive = Naive::of(&steps).within(sight);
            reader.read(sight, |snapshot| {
                result = check_list(snapshot, &naive, filter)
                    .and_then(|()| check_named(snapshot, &naive, &all))
                    .and_then(|()| check_totals(snapshot, &naive, filter, range));
                Ok(())
            }).unwrap();
            result?;
        }
    }
}
