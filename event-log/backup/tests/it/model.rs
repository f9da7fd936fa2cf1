//! Any number of full and incremental backups of a data directory that changes meanwhile: each brings back exactly
//! what was there when it was made, whole or cut at any position it reaches.

use backup::Point;
use proptest::prelude::*;

use crate::site::{Site, Told, told};

#[derive(Clone, Debug)]
enum Step {
    Events(u8),
    Decide,
    Attach(u8),
    Detach(u8),
    Export,
    Drop,
    Restart,
    Backup { full: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..40u8).prop_map(Step::Events),
        2 => Just(Step::Decide),
        1 => (0..4u8).prop_map(Step::Attach),
        1 => (0..4u8).prop_map(Step::Detach),
        1 => Just(Step::Export),
        1 => Just(Step::Drop),
        1 => Just(Step::Restart),
        4 => any::<bool>().prop_map(|full| Step::Backup { full }),
    ];
    proptest::collection::vec(step, 1..14)
}

/// What was there up to a position.
fn up_to(was: &Told, position: u64) -> Vec<(u64, String)> {
    let stream = was.stream.iter().filter(|(at, _)| *at <= position);
    stream.cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn each_backup_brings_back_what_was_there(
        steps in steps(),
        at in any::<proptest::sample::Index>(),
    ) {
        let mut site = Site::new();
        let mut made: Vec<(String, Told)> = Vec::new();
        for (number, step) in steps.iter().chain([&Step::Backup { full: false }]).enumerate() {
            match step {
                Step::Events(count) => site.add_events(u64::from(*count)),
                Step::Decide => site.decide(&format!("step {number}")),
                Step::Attach(which) => site.attach(&format!("file {which}"), 1_000 + number as u64),
                Step::Detach(which) => site.detach(&format!("file {which}")),
                Step::Export => site.export(),
                Step::Drop => site.drop_old(),
                Step::Restart => {
                    site.stop();
                    site.start();
                }
                Step::Backup { full } => {
                    let created = site.backup(*full, None).unwrap();
                    prop_assert_eq!(created.notes, Vec::<String>::new());
                    let was = site.told();
                    let end = was.stream.last().map_or(was.first - 1, |last| last.0);
                    prop_assert_eq!(created.header.position, end);
                    prop_assert!(!full || created.known == 0);
                    made.push((created.header.id, was));
                }
            }
        }
        for (id, was) in &made {
            let (restored, data_dir) = site.restore(Some(id), Point::End, None).unwrap();
            prop_assert_eq!(&told(&data_dir), was);
            prop_assert_eq!(restored.notes, Vec::<String>::new());
        }
        let (id, was) = &made[at.index(made.len())];
        let positions = was.first.saturating_sub(1)..=was.stream.last().map_or(0, |last| last.0);
        let position = positions.start() + at.index((positions.end() + 1 - positions.start()) as usize) as u64;
        match site.restore(Some(id), Point::Position(position), None) {
            Ok((_, data_dir)) => {
                let is = told(&data_dir);
                prop_assert_eq!(&is.stream, &up_to(was, position));
                prop_assert_eq!(&is.bodies[..], &was.bodies[..is.bodies.len()]);
                let commands = is.stream.iter().filter(|(_, what)| what.starts_with("command"));
                prop_assert!(commands.count() as u64 <= is.commands);
                // It goes on from there.
                event_log::LogWriter::open(event_log::LogConfig::new(data_dir.join("log"))).unwrap();
                prop_assert_eq!(told(&data_dir).stream, is.stream);
            }
            // Before the oldest checkpoint nothing tells what dropped events had made, and before the first marker
            // nothing which decisions were in force.
            Err(error) => {
                let told = ground::with_causes(&error);
                prop_assert!(was.first > 1, "{}", told);
                let is_known = told.contains("cannot be restored to position")
                    || told.contains("the earliest position to cut at");
                prop_assert!(is_known, "{}", told);
            }
        }
    }
}
