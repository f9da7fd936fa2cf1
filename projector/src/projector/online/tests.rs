#![allow(clippy::unwrap_used)]

use std::sync::{Condvar, Mutex as StdMutex};

use event_log::LogReader;

use super::*;
use crate::{
    Projector, ReplayStep,
    careful::Tripwire,
    consumers::tests::{World, caught_up, dump, found, total, until},
    replay::replay,
};

const ISSUES: ReplayWish = ReplayWish {
    parts: Parts::Issues,
    ..ReplayWish::ALL
};
const SEARCH: ReplayWish = ReplayWish {
    parts: Parts::Search,
    ..ReplayWish::ALL
};

/// A point that a replay comes no further than while it is shut.
#[derive(Clone, Default)]
struct Gate(Arc<(StdMutex<bool>, Condvar)>);

impl Gate {
    fn tripwire(&self) -> Tripwire {
        let gate = self.clone();
        Tripwire::new(move |_| {
            let (is_shut, changed) = &*gate.0;
            let mut is_shut = is_shut.lock().unwrap();
            while *is_shut {
                is_shut = changed.wait(is_shut).unwrap();
            }
        })
    }

    fn set(&self, is_shut: bool) {
        *self.0.0.lock().unwrap() = is_shut;
        self.0.1.notify_all();
    }
}

fn started(world: &World, reader: &LogReader, gate: &Gate) -> Projector {
    let projector = Projector::start_with(&world.config(), reader.clone(), gate.tripwire());
    let projector = projector.unwrap();
    until("live", || caught_up(&projector, reader));
    projector
}

fn ended(projector: &Projector) -> ReplayStatus {
    let status = || projector.replay_status().unwrap();
    until("the replay is over", || !status().phase.is_under_way());
    status()
}

/// The generations that there are.
fn generations(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.config().read_model_dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.parse::<u64>().is_ok()).collect();
    names.sort();
    names
}

#[test]
fn a_replay_beside_live_projections_takes_their_place_under_load() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..300);
    let projector = started(&world, &reader, &Gate::default());
    let mut next = 300;
    for wish in [ReplayWish::ALL, ISSUES, SEARCH] {
        let before = world.current();
        projector.start_replay(wish).unwrap();
        let again = projector.start_replay(wish);
        while projector.replay_status().unwrap().phase.is_under_way() {
            world.append(next..next + 20);
            world.resolve(next);
            next += 20;
            assert_eq!(projector.status().len(), 3, "told of at every moment");
        }
        let status = ended(&projector);
        assert_eq!(status.phase, ReplayPhase::Done, "{status:?}");
        if let Err(refused) = again {
            assert!(refused.to_string().contains("under way"), "{refused}");
        }
        let after = world.current();
        assert!(after.number() > before.number());
        assert_eq!(status.generation, after.number());
        assert_eq!(projector.generation().as_ref(), Some(&after));
        assert!(before.path().exists(), "readers have not followed yet");
        let made = (status.issues.records > 0, status.search.records > 0);
        assert!(
            (made.0 || wish == SEARCH) && (made.1 || wish == ISSUES),
            "{status:?}"
        );
        world.append(next..next + 5);
        next += 5;
        until("it goes on live", || caught_up(&projector, &reader));
        assert_eq!(total(&after), i64::from(next), "{wish:?}");
        assert_eq!(found(&after.search_path()).len(), next as usize, "{wish:?}");
    }
    let live = world.current();
    projector.stop().unwrap();
    let (tables, positions) = (dump(&live), found(&live.search_path()));
    replay(&world.config(), &reader, ReplayWish::ALL).unwrap();
    assert_eq!(dump(&world.current()), tables);
    assert_eq!(found(&world.current().search_path()), positions);
}

#[test]
fn a_replay_waits_goes_on_and_is_given_up() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..100);
    let gate = Gate::default();
    let projector = started(&world, &reader, &gate);
    let live = world.current();
    assert!(!projector.steer_replay(ReplayStep::Pause), "there is none");
    for (steps, phase) in [
        (vec![ReplayStep::Cancel], ReplayPhase::Cancelled),
        (
            vec![ReplayStep::Pause, ReplayStep::Cancel],
            ReplayPhase::Cancelled,
        ),
        (
            vec![ReplayStep::Pause, ReplayStep::Resume],
            ReplayPhase::Done,
        ),
    ] {
        gate.set(true);
        projector.start_replay(ReplayWish::ALL).unwrap();
        until("it has begun", || {
            projector.replay_status().unwrap().generation > live.number()
        });
        for (at, step) in steps.iter().enumerate() {
            assert!(projector.steer_replay(*step));
            if at == 0 {
                gate.set(false);
            }
            if *step == ReplayStep::Pause {
                until("it waits behind a batch", || {
                    projector.replay_status().unwrap().issues.records > 0
                });
                let status = projector.replay_status().unwrap();
                assert!(
                    status.is_paused && status.phase.is_under_way(),
                    "{status:?}"
                );
                // Live goes on beside it.
                assert!(caught_up(&projector, &reader));
            }
        }
        let status = ended(&projector);
        assert_eq!(status.phase, phase, "{status:?}");
        assert!(!status.is_paused);
        let is_live = phase == ReplayPhase::Cancelled;
        assert_eq!(world.current() == live, is_live);
        if is_live {
            assert_eq!(generations(&world).len(), 1, "what was built is gone");
        }
    }
    assert_eq!(total(&world.current()), 100);
}

#[test]
fn a_projector_that_ends_gives_its_replay_up() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..100);
    let gate = Gate::default();
    let projector = started(&world, &reader, &gate);
    let live = world.current();
    gate.set(true);
    projector.start_replay(ReplayWish::ALL).unwrap();
    until("it has begun", || generations(&world).len() == 2);
    projector.steer_replay(ReplayStep::Pause);
    gate.set(false);
    projector.stop().unwrap();
    assert_eq!(world.current(), live);
    assert_eq!(generations(&world).len(), 1);
}

/// What a crash in the middle leaves: a folder with half of it.
#[test]
fn a_crash_in_a_replay_leaves_the_live_generation_and_is_cleaned_up() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..50);
    let projector = started(&world, &reader, &Gate::default());
    projector.stop().unwrap();
    let live = world.current();
    let root = world.config().read_model_dir;
    std::fs::create_dir_all(root.join("000007/search/2026-11-22")).unwrap();
    std::fs::write(root.join("000007/issues.sqlite3"), "half").unwrap();
    let projector = started(&world, &reader, &Gate::default());
    assert_eq!(projector.generation(), Some(live));
    assert_eq!(generations(&world).len(), 1);
    assert_eq!(projector.replay_status(), None);
}

/// Issues that cannot be taken over: what is live stays, and it is said why.
#[test]
fn a_replay_that_fails_says_why_and_leaves_what_was_live() {
    let world = World::new();
    let reader = world.reader();
    world.append(0..50);
    let projector = started(&world, &reader, &Gate::default());
    let live = world.current();
    let issues = live.issues_path();
    let hidden = issues.with_extension("hidden");
    std::fs::rename(&issues, &hidden).unwrap();
    std::fs::create_dir(&issues).unwrap();
    projector.start_replay(SEARCH).unwrap();
    let status = ended(&projector);
    std::fs::remove_dir(&issues).unwrap();
    std::fs::rename(&hidden, &issues).unwrap();
    assert_eq!(status.phase, ReplayPhase::Failed);
    assert!(!status.error.is_empty());
    assert_eq!(world.current(), live);
    assert_eq!(generations(&world).len(), 1);
}
