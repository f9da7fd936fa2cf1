//! Merges over a real log: live, replayed, and from a checkpoint.

use event_model::Fingerprint;

use super::*;

fn fingerprint_of(id: u32) -> Fingerprint {
    grouping::Grouper::standard().fingerprint(stored(&numbered_head(id)).whole())
}

impl World {
    /// Makes one issue of two, then of three, then takes them apart; one step a round.
    pub(crate) fn regroup(&self, round: u32) {
        let project_id = ProjectId(1);
        let merge = |ids: &[u32]| Decision::MergeIssues {
            project_id,
            issues: ids.iter().map(|id| issue_of(*id)).collect(),
        };
        self.command(match round % 3 {
            0 => merge(&[1, 0]),
            1 => merge(&[2, 1]),
            _ => Decision::UnmergeFingerprints {
                project_id,
                issue: issue_of(2),
                fingerprints: [1, 2].map(fingerprint_of).to_vec(),
                together: round.is_multiple_of(2),
            },
        });
    }
}

#[test]
fn replayed_equals_live_with_merges_under_load() {
    let world = World::new();
    let reader = world.reader();
    let projector = Projector::start(&world.config(), reader.clone()).unwrap();
    for round in 0..14 {
        world.append(round * 40..round * 40 + 40);
        world.regroup(round);
        world.resolve(round);
    }
    until("live projections reach the end", || {
        caught_up(&projector, &reader)
    });
    let live = world.current();
    projector.stop().unwrap();
    let expected = dump(&live);
    // The last round joined three of the four.
    assert_eq!(expected["issue"].len(), 2);
    assert_eq!(expected["fingerprint"].len(), 4);
    assert_eq!(total(&live), 14 * 40);
    replay(&world.config(), &reader, ReplayWish::ALL).unwrap();
    assert_eq!(dump(&world.current()), expected);
}
