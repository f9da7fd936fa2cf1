#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
};

use event_model::Position;

use super::*;
use crate::{
    Projector,
    consumers::tests::{World, caught_up, dump, found, total, until},
    replay::{ReplayWish, replay_into_new},
};

/// Records that nothing can be made of: the first, two in a row, one among many.
const POISON: [u64; 4] = [1, 40, 41, 130];

fn tripwire() -> Tripwire {
    Tripwire::new(|position| {
        assert!(!POISON.contains(&position.0), "a defect met by {position}");
    })
}

/// Every projection goes on behind a record that makes it panic, wherever batches ended,
/// and a replay passes over the same ones.
#[test]
fn a_record_that_panics_is_passed_over_alike_in_every_replay() {
    let world = World::new();
    let reader = world.reader();
    for rounds in [1, 10] {
        if rounds == 1 {
            world.append(0..100);
            world.resolve(3);
            world.append(100..150);
        }
        let projector = Projector::start_with(&world.config(), reader.clone(), tripwire()).unwrap();
        until("live projections reach the end", || {
            caught_up(&projector, &reader)
        });
        let status = projector.status();
        assert!(status.iter().all(|one| one.error.is_none()), "{status:?}");
        assert_eq!(projector.ended_thread(), None);
        // Behind the poison the fast way goes on.
        world.append(rounds * 1000..rounds * 1000 + 5);
        until("it goes on", || caught_up(&projector, &reader));
        projector.stop().unwrap();
    }
    let live = world.current();
    let tables = dump(&live);
    let named: BTreeSet<_> = tables["meta"]
        .iter()
        .filter(|row| row.contains("passed_over."))
        .collect();
    assert_eq!(named.len(), POISON.len(), "{named:?}");
    let events = 150 + 5 + 5 - POISON.len();
    assert_eq!(total(&live), events as i64);
    let positions = found(&live.search_path());
    assert_eq!(positions.len(), events);
    assert!(positions.iter().all(|found| !POISON.contains(&found.0)));

    let report = replay_into_new(&world.config(), &reader, ReplayWish::ALL, &tripwire()).unwrap();
    assert_eq!(
        (report.events, report.commands, report.passed_over),
        (events as u64, 1, POISON.len() as u64)
    );
    let replayed = world.current();
    assert_ne!(replayed.number(), live.number());
    assert_eq!(dump(&replayed), tables);
    assert_eq!(found(&replayed.search_path()), positions);
}

/// Whether an event is turned away must not depend on whether the projection was started
/// anew behind the command: then the control state is read from the control log.
#[test]
fn a_command_that_panics_is_decided_all_the_same() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..4);
    world.discard(0);
    let poison = Tripwire::new(|position| assert!(position.0 != 5, "a defect met by {position}"));
    let run = || {
        let config = world.config();
        let projector = Projector::start_with(&config, reader.clone(), poison.clone()).unwrap();
        until("it reaches the end", || caught_up(&projector, &reader));
        projector.stop().unwrap();
    };
    world.append(4..8);
    run();
    world.append(8..12);
    run();
    let live = dump(&world.current());
    assert_eq!(total(&world.current()), 12 - 2, "4 and 8 are turned away");
    assert!(live["discarded"].is_empty(), "what the panic cost");
    replay_into_new(&world.config(), &reader, ReplayWish::ALL, &poison).unwrap();
    assert_eq!(dump(&world.current()), live);
}

/// A defect of the moment costs time only: nothing is passed over for it.
#[test]
fn a_panic_that_does_not_come_again_costs_no_record() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..50);
    let times = Arc::new(AtomicU64::new(0));
    let met = Arc::clone(&times);
    let once = Tripwire::new(move |position: Position| {
        // Issues take the records in first; search and its second try are spared.
        let is_first = position.0 == 20 && met.fetch_add(1, Ordering::SeqCst) == 0;
        assert!(!is_first, "once");
    });
    let root = world.config().read_model_dir;
    let lock = read_model::WriterLock::acquire(&root).unwrap();
    let generation = read_model::Generation::create_new(&lock).unwrap();
    let path = generation.issues_path();
    let live = read_model::issues::writer::Durability::Live;
    let writer = read_model::issues::IssueWriter::create(&path, live).unwrap();
    let mut fold = crate::issues::fold::IssueFold::new(path, live, writer, once);
    let end = crate::issues::fold::BatchEnd {
        position: reader.end(),
        records: 1000,
    };
    while fold
        .take((&reader, &reader), end, |_| false)
        .unwrap()
        .records
        > 0
    {}
    assert!(times.load(Ordering::SeqCst) >= 2);
    assert_eq!(total(&generation), 50);
    let meta = &dump(&generation)["meta"];
    assert!(meta.iter().all(|row| !row.contains("passed_over.")));
}
