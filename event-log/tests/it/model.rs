//! Random traffic against a plain list: reopened at random, the stream is the same.

use proptest::prelude::*;

use crate::sample::{bodies, command, event, open, stream};

#[derive(Debug, Clone)]
enum Step {
    /// Events queued at once, body sizes.
    Burst(Vec<usize>),
    /// Commands one after another.
    Commands(usize),
    /// Close and open.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(prop_oneof![0..300usize, 1_000..20_000usize, Just(70_000)], 1..40)
            .prop_map(Step::Burst),
        2 => (1..4usize).prop_map(Step::Commands),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_went_in_comes_out_after_any_number_of_restarts(steps in prop::collection::vec(step(), 1..12)) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path());
        let (mut expected, mut expected_bodies) = (Vec::new(), Vec::new());
        let (mut events, mut commands) = (0, 0);
        for step in steps {
            match step {
                Step::Burst(sizes) => {
                    let mut tickets = Vec::new();
                    for size in sizes {
                        events += 1;
                        let (head, body) = event(events, size);
                        expected.push(format!("event {events}"));
                        expected_bodies.push(body.clone());
                        tickets.push(log.append_event(&head, body).unwrap());
                    }
                    let first = expected.len() - tickets.len() + 1;
                    for (index, ticket) in tickets.into_iter().enumerate() {
                        prop_assert_eq!(ticket.wait().unwrap().0, (first + index) as u64);
                    }
                }
                Step::Commands(count) => {
                    for _ in 0..count {
                        commands += 1;
                        let receipt = log.append_command_blocking(command("c")).unwrap();
                        expected.push(format!("command {commands} c"));
                        prop_assert_eq!(receipt.number, commands);
                        prop_assert_eq!(receipt.position.0, expected.len() as u64);
                    }
                }
                Step::Reopen => {
                    log.close().unwrap();
                    drop(log);
                    log = open(dir.path());
                }
            }
        }
        prop_assert_eq!(&stream(&log.reader()), &expected);
        drop(log);
        let reader = open(dir.path()).reader();
        prop_assert_eq!(stream(&reader), expected);
        prop_assert_eq!(bodies(&reader), expected_bodies);
    }
}
