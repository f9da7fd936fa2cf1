#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const PROJECT: ProjectId = ProjectId(1);

fn print(n: u8) -> Fingerprint {
    Fingerprint([n; 16])
}

fn own(n: u8) -> IssueId {
    IssueId::derive(PROJECT, print(n))
}

/// Fingerprint, issue, first record. An id that is not a small number is the fingerprint's own.
fn rows(of: &[(u8, u8, u64)]) -> BTreeMap<Fingerprint, Row> {
    let row = |(n, issue, opened): &(u8, u8, u64)| {
        let row = Row {
            id: own(*n),
            opened: Position(*opened),
            issue: own(*issue),
        };
        (print(*n), row)
    };
    of.iter().map(row).collect()
}

fn pairs(of: &[(u8, u8, u64)]) -> BTreeMap<Pair, Position> {
    let pair = |(now, then, oldest): &(u8, u8, u64)| {
        let pair = Pair {
            now: print(*now),
            then: print(*then),
        };
        (pair, Position(*oldest))
    };
    of.iter().map(pair).collect()
}

fn made(of: &[(u8, u8, u64)], known: &[(u8, u8, u64)]) -> Moves {
    let known = rows(known);
    let ids: HashSet<IssueId> = known.values().map(|row| row.id).collect();
    moves(PROJECT, &pairs(of), &known, |id| ids.contains(&id))
}

fn issue(moves: &Moves, then: u8) -> IssueId {
    moves.issue_then(print(then)).unwrap()
}

#[test]
fn of_those_that_come_together_the_oldest_keeps_its_id() {
    let known = [(1, 1, 5), (2, 2, 3), (3, 3, 9)];
    let moves = made(&[(1, 9, 5), (2, 9, 3), (3, 3, 9)], &known);
    assert_eq!((issue(&moves, 9), issue(&moves, 3)), (own(2), own(3)));
    assert_eq!(moves.targets[&print(9)].carries, [print(2), print(1)]);
    // Into one that is there, too.
    let moves = made(&[(1, 3, 5), (3, 3, 9)], &known);
    assert_eq!(issue(&moves, 3), own(1));
    assert_eq!(moves.targets[&print(3)].carries, [print(1), print(3)]);
}

#[test]
fn what_keeps_events_keeps_its_id_and_what_keeps_none_gives_it_to_its_oldest_event() {
    let known = [(1, 1, 5)];
    let moves = made(&[(1, 1, 7), (1, 8, 5)], &known);
    assert_eq!((issue(&moves, 1), issue(&moves, 8)), (own(1), own(8)));
    let moves = made(&[(1, 7, 6), (1, 8, 5)], &known);
    assert_eq!((issue(&moves, 7), issue(&moves, 8)), (own(7), own(1)));
}

#[test]
fn what_was_merged_by_hand_stays_so_under_other_names() {
    let known = [(1, 1, 1), (2, 1, 5), (3, 3, 2)];
    let moves = made(&[(1, 11, 1), (2, 12, 5), (3, 13, 2)], &known);
    assert_eq!(issue(&moves, 11), own(1));
    assert_eq!(issue(&moves, 12), own(1));
    assert_eq!(issue(&moves, 13), own(3));
    // One that has no event is a part of it all the same.
    let moves = made(&[(2, 12, 5)], &known);
    assert_eq!(issue(&moves, 12), own(1));
}

#[test]
fn names_that_change_places_move_nothing() {
    let moves = made(&[(1, 2, 1), (2, 1, 4)], &[(1, 1, 1), (2, 2, 4)]);
    assert_eq!((issue(&moves, 2), issue(&moves, 1)), (own(1), own(2)));
}

#[test]
fn names_that_are_handed_on_join_nothing() {
    let known = [(1, 1, 1), (2, 2, 4)];
    let moves = made(&[(1, 2, 1), (2, 3, 4)], &known);
    assert_eq!((issue(&moves, 2), issue(&moves, 3)), (own(1), own(2)));
    // A part of the first is called as the second was: an issue of its own.
    let moves = made(&[(1, 1, 1), (1, 2, 2), (2, 3, 4)], &known);
    assert_eq!((issue(&moves, 1), issue(&moves, 3)), (own(1), own(2)));
    assert!(![own(1), own(2)].contains(&issue(&moves, 2)));
}

#[test]
fn an_id_that_is_taken_is_given_to_nobody_else() {
    // The first was renamed before: its id is that of another fingerprint by now.
    let taken = own(7);
    let known = BTreeMap::from([(
        print(1),
        Row {
            id: taken,
            opened: Position(1),
            issue: taken,
        },
    )]);
    let moves = moves(PROJECT, &pairs(&[(1, 1, 1), (1, 7, 3)]), &known, |id| {
        id == taken
    });
    let new = issue(&moves, 7);
    assert!(new != taken && new == moves.targets[&print(7)].id);
}

proptest! {
    #[test]
    fn every_id_leads_somewhere_and_no_two_are_alike(
        of in proptest::collection::btree_set((0..6u8, 0..9u8), 1..20),
        known in proptest::collection::btree_map(0..9u8, 0..9u8, 0..9),
    ) {
        // Issues have the id of their oldest fingerprint.
        let ages = |n: u8| u64::from(n) * 7 % 11;
        let mut eldest: BTreeMap<u8, u8> = BTreeMap::new();
        let mut by_age: Vec<(u8, u8)> = known.into_iter().collect();
        by_age.sort_by_key(|(n, _)| ages(*n));
        let known: Vec<(u8, u8, u64)> = by_age
            .iter()
            .map(|(n, issue)| (*n, *eldest.entry(*issue).or_insert(*n), ages(*n)))
            .collect();
        let there: HashSet<u8> = known.iter().map(|(n, ..)| *n).collect();
        let of: Vec<(u8, u8, u64)> = of
            .into_iter()
            .filter(|(now, _)| there.contains(now))
            .map(|(now, then)| (now, then, ages(now) + u64::from(then)))
            .collect();
        let moves = made(&of, &known);
        let ids: HashSet<IssueId> = moves.targets.values().map(|target| target.id).collect();
        prop_assert_eq!(ids.len(), moves.targets.len(), "fingerprints share an id");
        let issues: HashSet<&IssueId> = moves.issues.values().collect();
        prop_assert_eq!(issues.len(), moves.issues.len(), "issues share an id");
        for (now, then, _) in &of {
            let carrier = moves.carried[&print(*now)];
            prop_assert!(moves.targets[&carrier].carries.contains(&print(*now)));
            let target = &moves.targets[&print(*then)];
            // The oldest of what it carries on gives its id.
            let oldest = target.carries.iter().map(|p| known.iter().find(|(n, ..)| print(*n) == *p).unwrap()).min_by_key(|(n, _, opened)| (*opened, own(*n)));
            if let Some((n, ..)) = oldest {
                prop_assert_eq!(target.id, own(*n));
            }
            // An issue has the id of a fingerprint that is in it.
            let id = issue(&moves, *then);
            let is_member = moves.targets.values().any(|other| other.set == target.set && other.id == id)
                || known.iter().any(|(n, issue, _)| own(*n) == id && target.set == Set::Of(own(*issue)));
            prop_assert!(is_member);
        }
    }
}
