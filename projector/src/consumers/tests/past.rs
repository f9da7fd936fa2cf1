//! A past time, told from the log, equals what was live then.

use proptest::prelude::*;

use super::*;
use crate::replay_issues_aside;

#[derive(Debug, Clone)]
enum Step {
    Append(u32),
    Resolve(u32),
    Discard(u32),
    /// Somebody looks at what is live.
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u32..12).prop_map(Step::Append),
        2 => (0_u32..8).prop_map(Step::Resolve),
        1 => (0_u32..8).prop_map(Step::Discard),
        3 => Just(Step::Look),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_past_time_equals_what_was_live_then(steps in proptest::collection::vec(step(), 3..14)) {
        let world = World::new();
        let reader = world.reader();
        let projector = Projector::start(&world.config(), reader.clone()).unwrap();
        let mut seen = Vec::new();
        let mut next = 0;
        for step in steps.into_iter().chain([Step::Look, Step::Append(3), Step::Look]) {
            match step {
                Step::Append(count) => {
                    world.append(next..next + count);
                    next += count;
                }
                Step::Resolve(id) => world.resolve(id),
                Step::Discard(id) => world.discard(id),
                Step::Look => {
                    until("live", || caught_up(&projector, &reader));
                    // Of this instant: what comes next is stored later by the same clock.
                    let at_ns = ground::Clock::MACHINE.now_ns() + 1;
                    seen.push((at_ns, reader.end(), dump(&world.current())));
                }
            }
        }
        projector.stop().unwrap();
        let checkpoints = world.config().checkpoints.dir;
        for (number, (at_ns, end, live)) in seen.iter().enumerate() {
            let until = reader.before_time(*at_ns).unwrap();
            prop_assert_eq!(until, *end);
            let path = world.dir.path().join(format!("past{number}.sqlite3"));
            replay_issues_aside(&checkpoints, &reader, until, &path).unwrap();
            prop_assert_eq!(&dump_file(&path), live);
        }
        prop_assert!(seen.len() >= 2 && seen[0].2 != seen[seen.len() - 1].2);
    }
}

#[test]
fn the_earliest_time_is_the_beginning_while_the_log_is_whole() {
    let world = World::new();
    world.append(0..10);
    let checkpoints = world.config().checkpoints.dir;
    let earliest = crate::earliest_replay(&checkpoints, &world.reader());
    assert_eq!(earliest.unwrap(), Position(0));
}
