#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const PROJECT: ProjectId = ProjectId(1);

fn print(n: u8) -> Fingerprint {
    Fingerprint([n; 16])
}

fn own(n: u8) -> IssueId {
    IssueId::derive(PROJECT, print(n))
}

/// From, into, events, the oldest of them.
fn pairs(of: &[(u8, u8, u64, u64)]) -> Vec<(Pair, Cell)> {
    let made = of.iter().map(|(now, then, events, oldest)| {
        let pair = Pair {
            now: print(*now),
            then: print(*then),
        };
        let cell = Cell {
            events: *events,
            oldest: Position(*oldest),
            samples: vec![Position(*oldest)],
        };
        (pair, cell)
    });
    made.collect()
}

/// Fingerprint, issue, the record that made it. An issue has the id of its oldest one.
fn homes(of: &[(u8, u64, u64)]) -> Rows {
    let mut ages: Vec<&(u8, u64, u64)> = of.iter().collect();
    ages.sort_by_key(|(_, _, opened)| *opened);
    let mut rows = Rows::new();
    for (n, issue, opened) in ages {
        let is_first = !rows.values().any(|row: &Row| row.issue == IssueId(*issue));
        let id = if is_first {
            *issue
        } else {
            1_000 + u64::from(*n)
        };
        let row = Row {
            id: IssueId(id),
            opened: Position(*opened),
            issue: IssueId(*issue),
        };
        rows.insert(print(*n), row);
    }
    rows
}

fn ids(bundles: &[Bundle]) -> Vec<(IssueId, Vec<IssueId>)> {
    let told = bundles.iter().map(|bundle| {
        let parts = bundle.parts.iter().map(|part| part.issue);
        (bundle.whole.issue, parts.collect())
    });
    told.collect()
}

#[test]
fn an_algorithm_that_only_renames_moves_nothing() {
    let homes = homes(&[(1, 10, 1), (2, 10, 5), (3, 30, 2)]);
    let made = plan(
        PROJECT,
        &pairs(&[(1, 51, 4, 1), (2, 52, 2, 5), (3, 53, 1, 2)]),
        &homes,
    );
    assert_eq!((made.moved, made.before, made.after), (0, 2, 2));
    assert!(made.merges.is_empty() && made.splits.is_empty() && made.created.is_empty());
}

#[test]
fn what_only_the_log_knows_is_an_issue_of_its_own() {
    // The second is known to no row, and events go into it.
    let homes = homes(&[(1, 10, 1)]);
    let made = plan(PROJECT, &pairs(&[(1, 2, 3, 1), (2, 2, 1, 7)]), &homes);
    assert_eq!((made.moved, made.before, made.after), (1, 2, 1));
    assert_eq!(
        ids(&made.merges),
        [(IssueId(10), vec![IssueId(10), own(2)])]
    );
}

#[test]
fn an_issue_that_is_there_takes_part_in_a_merge_though_none_of_its_events_was_seen() {
    let homes = homes(&[(1, 10, 8), (2, 20, 3)]);
    let made = plan(PROJECT, &pairs(&[(1, 2, 5, 8)]), &homes);
    assert_eq!((made.moved, made.before, made.after), (5, 1, 1));
    assert_eq!(
        ids(&made.merges),
        [(IssueId(20), vec![IssueId(10), IssueId(20)])]
    );
    assert_eq!(made.merges[0].parts[1].events, 0);
}

#[test]
fn of_an_issue_in_parts_the_fingerprints_that_it_has_keep_it() {
    // The oldest event leaves, the rest stays as it is.
    let homes = homes(&[(1, 10, 1)]);
    let made = plan(PROJECT, &pairs(&[(1, 1, 2, 4), (1, 9, 7, 1)]), &homes);
    assert_eq!((made.moved, made.before, made.after), (7, 1, 2));
    assert_eq!(
        ids(&made.splits),
        [(IssueId(10), vec![own(9), IssueId(10)])]
    );
    assert_eq!(ids(&made.created), [(own(9), vec![IssueId(10)])]);
    assert!(made.created[0].whole.is_new && made.merges.is_empty());
}

#[test]
fn an_issue_that_is_part_of_two_lives_on_in_what_stays_of_it() {
    // A part of the elder and all of the younger come together: the elder is elsewhere.
    let homes = homes(&[(1, 10, 1), (2, 20, 5)]);
    let made = plan(
        PROJECT,
        &pairs(&[(1, 1, 2, 1), (1, 9, 3, 2), (2, 9, 4, 5)]),
        &homes,
    );
    assert_eq!(
        ids(&made.merges),
        [(IssueId(20), vec![IssueId(20), IssueId(10)])]
    );
    assert_eq!(
        ids(&made.splits),
        [(IssueId(10), vec![IssueId(20), IssueId(10)])]
    );
    assert_eq!((made.moved, made.created.len()), (3, 0));
}

proptest! {
    #[test]
    fn every_event_is_somewhere_once_and_no_id_is_had_twice(
        of in proptest::collection::btree_map((0..6u8, 0..8u8), (1..50u64, 1..99u64), 1..20),
        known in proptest::collection::btree_map(0..8u8, 1..5u64, 0..6),
    ) {
        let of: Vec<(u8, u8, u64, u64)> =
            // No two events stand at one place.
            of.into_iter().zip(0..).map(|(((now, then), (events, at)), n)| (now, then, events, at * 100 + n)).collect();
        let homes = homes(&known.into_iter().map(|(n, issue)| (n, issue, issue)).collect::<Vec<_>>());
        let cells = pairs(&of);
        let made = plan(PROJECT, &cells, &homes);
        let total: u64 = of.iter().map(|(_, _, events, _)| events).sum();
        prop_assert!(made.moved <= total);
        for list in [&made.merges, &made.splits, &made.created] {
            let mut seen = HashSet::new();
            for bundle in list {
                prop_assert!(seen.insert(bundle.whole.issue), "{:?} twice", bundle.whole.issue);
                let parts: u64 = bundle.parts.iter().map(|part| part.events).sum();
                prop_assert_eq!(parts, bundle.whole.events);
                let ids: HashSet<IssueId> = bundle.parts.iter().map(|part| part.issue).collect();
                prop_assert_eq!(ids.len(), bundle.parts.len());
            }
        }
        // In another order it is the same but for the numbers of pairs.
        let mut turned = cells;
        turned.reverse();
        let again = plan(PROJECT, &turned, &homes);
        prop_assert_eq!(ids(&made.merges), ids(&again.merges));
        prop_assert_eq!(ids(&made.splits), ids(&again.splits));
        prop_assert_eq!((made.moved, made.before, made.after), (again.moved, again.before, again.after));
    }
}
