//! Events that are only counted: what becomes of them in the log.

use std::collections::{BTreeMap, BTreeSet};

use event_log::{Entry, Lane, LogWriter};
use event_model::{
    EventId, Level, Note, Position, ProjectId,
    note::{PARTS_MAX, Sampled, Surplus, USERS_MAX},
};

use crate::sample::{event, open};

fn surplus(kind: u64, number: u64) -> Surplus {
    Surplus {
        project_id: ProjectId(1),
        kind,
        sample: EventId([kind as u8; 16]),
        received_ns: 1_000 + number as i64,
        at_ms: 60_000 * 7 + number as i64 % 60_000,
        level: Level::Error,
        environment: String::new(),
        release: format!("r{}", number % 3),
        user: Some(number % 50),
        weight: 1 + number % 2,
    }
}

fn sampled(log: &LogWriter) -> Vec<(Position, Sampled)> {
    let items = log.reader().read_after(Position(0)).map(Result::unwrap);
    let sampled = items.filter_map(|item| match item.entry {
        Entry::Note(Note::Sampled(note)) => Some((item.position, note)),
        _ => None,
    });
    sampled.collect()
}

#[test]
fn every_counted_event_is_in_the_record_that_its_ticket_names() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let lane = Lane::of(ProjectId(1));
    let mut tickets = Vec::new();
    let mut events = Vec::new();
    for number in 0..3_000 {
        if number % 100 == 0 {
            let (head, body) = event(number, 2_000);
            events.push(log.append_event(&head, body).unwrap());
        }
        let kind = 1 + number % 3;
        let one = surplus(kind, number);
        tickets.push((kind, one.weight, log.append_surplus(lane, one).unwrap()));
    }
    let mut told = BTreeMap::<(Position, u64), (u64, u64)>::new();
    for (kind, weight, ticket) in tickets {
        let place = (ticket.wait().unwrap(), kind);
        let (items, count) = told.entry(place).or_default();
        *items += 1;
        *count += weight;
    }
    for ticket in events {
        ticket.wait().unwrap();
    }
    log.close().unwrap();
    drop(log);
    let log = open(dir.path());
    let records = sampled(&log);
    let found: BTreeMap<_, _> = records
        .iter()
        .map(|(position, note)| ((*position, note.kind), (note.items(), note.count())))
        .collect();
    assert_eq!(found, told);
    assert!(found.len() < 1_500, "many stand in one: {}", found.len());
    let mut users = BTreeSet::new();
    for (_, note) in &records {
        assert_eq!(note.sample_id, [note.kind as u8; 16]);
        for part in &note.parts {
            assert_eq!((part.minute, part.level), (7, Level::Error as u8));
            assert!(part.first_ms <= part.last_ms);
            assert!(part.users.is_sorted());
            users.extend(part.users.iter().copied());
        }
    }
    assert_eq!(users.len(), 50);
}

#[test]
fn a_record_is_bounded_whatever_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let releases = (0..2_000).map(|number| Surplus {
        release: format!("release {number}"),
        ..surplus(1, number)
    });
    let users = (0..2_000).map(|number| Surplus {
        release: String::new(),
        user: Some(number),
        ..surplus(2, number)
    });
    let append = |one| log.append_surplus(Lane::of(ProjectId(1)), one).unwrap();
    let tickets: Vec<_> = releases.chain(users).map(append).collect();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    let records = sampled(&log);
    let (mut items, mut users) = (BTreeMap::<u64, u64>::new(), BTreeSet::new());
    for (_, note) in &records {
        assert!(note.parts.len() <= PARTS_MAX);
        assert!(note.parts.iter().all(|part| part.users.len() <= USERS_MAX));
        *items.entry(note.kind).or_default() += note.items();
        users.extend(
            note.parts
                .iter()
                .flat_map(|part| part.users.iter().copied()),
        );
    }
    assert_eq!(items, [(1, 2_000), (2, 2_000)].into());
    assert_eq!(users.len(), 2_000);
}
