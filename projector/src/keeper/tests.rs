#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use event_log::{
    LogReader, Retention,
    retention::{REQUIRED, Recorded},
};
use event_model::{Decision, Position};
use read_model::Checkpoints;

use crate::{
    Projector, ProjectorConfig, ProjectorError, ReplayWish,
    consumers::tests::{World, caught_up, dump, found, numbered_head, total, until},
    replay,
};

const NOW_NS: i64 = i64::MAX / 2;
/// A few segments of 64 KiB.
const LOG_BYTES_MAX: u64 = 256 * 1024;

fn retention() -> Retention {
    Retention {
        bytes_max: Some(LOG_BYTES_MAX),
        cursors_required: REQUIRED.map(str::to_owned).to_vec(),
        ..Retention::default()
    }
}

fn config(world: &World) -> ProjectorConfig {
    let mut config = world.config();
    config.checkpoints.retention = retention();
    config.checkpoints.look_every = Duration::from_millis(5);
    config
}

fn checkpoints(world: &World) -> Checkpoints {
    Checkpoints::of(&world.config().checkpoints.dir)
}

/// Events whose bodies fill a segment in about fifteen.
fn fill(world: &World, ids: std::ops::Range<u32>) {
    for id in ids {
        let mut seed = u64::from(id);
        let noise = std::iter::repeat_with(|| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + (seed >> 59) as u8 % 26)
        });
        let body = format!("{{\"x\":\"{}\"}}", noise.take(4_000).collect::<String>());
        let ticket = world
            .log
            .append_event(&numbered_head(id), body.into_bytes());
        ticket.unwrap().wait().unwrap();
    }
}

/// What the gateway does in a round; the first position kept.
fn retain(world: &World) -> Position {
    let reader = world.reader();
    let recorded = Recorded::from(&event_log::fold_control(&reader).unwrap());
    let record = |decision: Decision| {
        world.command(decision);
        Ok::<(), Infallible>(())
    };
    let retained = world.log.retain(&retention(), recorded, NOW_NS, record);
    retained.unwrap().first
}

type Tables = BTreeMap<String, Vec<String>>;

/// Runs a projector until it has all and the log is as small as it may be; its tables.
fn run_and_retain(world: &World, reader: &LogReader) -> Tables {
    let projector = Projector::start(&config(world), reader.clone()).unwrap();
    let before = reader.first();
    until("something is dropped", || retain(world) > before);
    until("caught up", || caught_up(&projector, reader));
    let live = projector.generation().unwrap();
    projector.stop().unwrap();
    dump(&live)
}

#[test]
fn a_replay_of_a_cut_log_gives_the_issues_of_all_events() {
    let world = World::new();
    let reader = world.reader();
    let mut ids = 0;
    for round in 0..4 {
        fill(&world, ids..ids + 120);
        ids += 120;
        world.resolve(round);
        world.regroup(round);
        fill(&world, ids..ids + 10);
        ids += 10;
        let live = run_and_retain(&world, &reader);
        assert!(reader.first() > Position(1));
        assert_eq!(total(&world.current()), i64::from(ids));

        let report = replay(&config(&world), &reader, ReplayWish::ALL).unwrap();
        assert!(report.checkpoint.0 + 1 >= reader.first().0, "{report}");
        assert_eq!(dump(&world.current()), live);
        let kept: Vec<Position> = found(&world.current().search_path());
        assert!(kept[0] >= reader.first());

        // The whole read model lost.
        std::fs::remove_dir_all(world.config().read_model_dir).unwrap();
        let projector = Projector::start(&config(&world), reader.clone()).unwrap();
        until("built again", || caught_up(&projector, &reader));
        projector.stop().unwrap();
        assert_eq!(dump(&world.current()), live);
    }
    assert!(checkpoints(&world).positions().unwrap().len() <= 2);
    assert!(live_activities(&world) > 0, "commands are in it");
}

/// What was grouped anew stays so, whatever of its events the log has no more; and what a
/// fingerprint counts of these goes with it as a whole.
#[test]
fn rules_that_were_applied_outlive_the_events() {
    let world = World::new();
    world.create_project();
    let reader = world.reader();
    let mut ids = 0;
    for round in 0..5 {
        fill(&world, ids..ids + 110);
        ids += 110;
        world.group_anew(round);
        fill(&world, ids..ids + 20);
        ids += 20;
        let live = run_and_retain(&world, &reader);
        assert_eq!(total(&world.current()), i64::from(ids), "round {round}");
        assert!(reader.first() > Position(1));
        replay(&config(&world), &reader, ReplayWish::ALL).unwrap();
        assert_eq!(dump(&world.current()), live, "round {round}");
        std::fs::remove_dir_all(world.config().read_model_dir).unwrap();
        let projector = Projector::start(&config(&world), reader.clone()).unwrap();
        until("built again", || caught_up(&projector, &reader));
        projector.stop().unwrap();
        assert_eq!(dump(&world.current()), live, "round {round}");
    }
}

fn live_activities(world: &World) -> usize {
    dump(&world.current())["activity"].len()
}

#[test]
fn a_crash_after_each_step_of_a_drop_loses_nothing() {
    let world = World::new();
    let reader = world.reader();
    fill(&world, 0..150);
    world.resolve(3);
    // Caught up, no checkpoint yet.
    let projector = Projector::start(&world.config(), reader.clone()).unwrap();
    until("caught up", || caught_up(&projector, &reader));
    until("the cold files too", || {
        let cold = projector.status().pop().unwrap();
        reader
            .segment_of(Position(cold.position.0 + 1))
            .is_none_or(|segment| !segment.complete)
    });
    projector.stop().unwrap();
    let rebuilt = |expected: &Tables, what: &str| {
        replay(&config(&world), &reader, ReplayWish::ALL).unwrap();
        assert_eq!(&dump(&world.current()), expected, "{what}");
    };
    let live = dump(&world.current());
    assert_eq!(retain(&world), Position(1), "the checkpoint is missing");

    // The checkpoint is written, its cursor is not moved.
    let log_id = reader.log_id();
    let issues = world.current().issues_path();
    let position = checkpoints(&world).write(&issues, log_id).unwrap();
    reader.cursor("checkpoint").unwrap();
    assert_eq!(retain(&world), Position(1));
    rebuilt(&live, "checkpoint written");

    // The cursor is moved, nothing is recorded.
    reader.cursor("checkpoint").unwrap().set(position).unwrap();
    rebuilt(&live, "cursor moved");

    // Recorded, not dropped.
    let plan = reader.retention_plan(&retention(), NOW_NS).unwrap();
    assert!(!plan.is_empty());
    world.command(Decision::RangeDropped {
        below: plan.below,
        reason: event_model::DropReason::Size,
        segments: plan.segments,
        bytes: plan.bytes,
        overruled: Vec::new(),
    });
    let mut live = live;
    let end = reader.end().0 as i64;
    let meta = live.get_mut("meta").unwrap();
    for (key, number) in [("position", end), ("command", 2)] {
        meta.retain(|row| !row.contains(&format!("{key:?}")));
        meta.push(format!("[Text({key:?}), Integer({number})]"));
    }
    meta.sort();
    rebuilt(&live, "recorded");

    // Dropped.
    assert_eq!(retain(&world), Position(plan.below));
    rebuilt(&live, "dropped");
}

#[test]
fn a_damaged_checkpoint_falls_back_to_the_older_one_and_then_to_a_clear_word() {
    let world = World::new();
    let reader = world.reader();
    fill(&world, 0..150);
    let projector = Projector::start(&config(&world), reader.clone()).unwrap();
    until("a first checkpoint", || {
        checkpoints(&world).positions().unwrap().len() == 1
    });
    world.resolve(1);
    until("a second checkpoint", || {
        checkpoints(&world).positions().unwrap().len() == 2
    });
    until("something is dropped", || retain(&world) > Position(1));
    until("caught up", || caught_up(&projector, &reader));
    projector.stop().unwrap();
    let live = dump(&world.current());

    let damage = |position: Position| {
        let path = checkpoints(&world).path(position);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    let [newest, older] = checkpoints(&world).positions().unwrap()[..] else {
        panic!("two checkpoints are kept");
    };
    damage(newest);
    let report = replay(&config(&world), &reader, ReplayWish::ALL).unwrap();
    assert_eq!(report.checkpoint, older);
    assert_eq!(dump(&world.current()), live);
    assert_eq!(checkpoints(&world).positions().unwrap(), [older]);

    damage(older);
    let error = replay(&config(&world), &reader, ReplayWish::ALL).unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, ProjectorError::NoCheckpoint { .. }),
        "{text}"
    );
    assert!(text.contains("--accept-loss"), "{text}");
    assert_eq!(dump(&world.current()), live, "what is there stays");
    std::fs::remove_dir_all(world.config().read_model_dir).unwrap();
    let refused = Projector::start(&config(&world), reader.clone());
    assert!(matches!(refused, Err(ProjectorError::NoCheckpoint { .. })));

    let accepting = ReplayWish {
        accept_loss: true,
        ..ReplayWish::ALL
    };
    let report = replay(&config(&world), &reader, accepting).unwrap();
    let left = reader.end().0 - reader.first().0 + 1;
    assert_eq!(report.events + report.commands, left);
    assert_eq!(total(&world.current()), report.events as i64);
    let projector = Projector::start(&config(&world), reader.clone()).unwrap();
    fill(&world, 150..151);
    until("it goes on", || caught_up(&projector, &reader));
}
