//! Rules applied to events that are there, over a real log: live, replayed, and from a
//! checkpoint.

use std::collections::BTreeMap;

use event_model::{Fingerprint, PublicKey};

use super::*;

/// What is applied in turn: into one, apart, and from one into the other.
const TEXTS: [&str; 4] = [
    "message:* -> one title=\"All\"",
    "message:* -> {{ message }}, {{ tags.n }}",
    "message:alpha -> beta\nmessage:*a -> {{ default }}",
    "tags.n:1 -> one\ntags.n:2 -> {{ default }}, two",
];

impl World {
    pub(crate) fn create_project(&self) {
        self.command(Decision::CreateProject {
            id: ProjectId(1),
            name: "shop".to_owned(),
            platform: String::new(),
            public_key: PublicKey([1; 16]),
            key_label: String::new(),
            algorithm: grouping::Algorithm::NEWEST.number(),
        });
    }

    /// Applies rules to all that the log has; one step a round. Each third takes the one
    /// before back.
    pub(crate) fn group_anew(&self, round: u32) {
        let newest = self.log.state().commands;
        let state = event_log::fold_control(&self.reader()).unwrap();
        let undoable = state.undoable(ProjectId(1)).map(|regroup| regroup.number);
        self.command(match undoable {
            Some(applied) if round % 3 == 2 => Decision::UndoGrouping {
                project_id: ProjectId(1),
                applied,
            },
            _ => Decision::ApplyGrouping {
                project_id: ProjectId(1),
                text: TEXTS[round as usize % TEXTS.len()].to_owned(),
                algorithm: grouping::Algorithm::NEWEST.number(),
                from: self.reader().first().0,
            },
        });
        assert_eq!(self.log.state().commands, newest + 1);
    }
}

/// Events by fingerprint, as search has them and as the issues count them.
pub(crate) fn by_print(generation: &Generation) -> [BTreeMap<Fingerprint, i64>; 2] {
    let reader = Reader::open(&generation.search_path()).unwrap();
    let all = EventFilter::default();
    let hits = reader.list(&Sight::All, &all, From::Oldest, 100_000);
    let mut found = BTreeMap::new();
    for hit in hits.unwrap() {
        *found.entry(hit.fingerprint).or_default() += 1;
    }
    let connection = Connection::open(generation.issues_path()).unwrap();
    let mut statement = connection
        .prepare("SELECT fingerprint, count FROM fingerprint")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((Fingerprint(row.get(0)?), row.get(1)?)));
    [found, rows.unwrap().map(Result::unwrap).collect()]
}

#[test]
fn replayed_equals_live_with_rules_applied_under_load() {
    let world = World::new();
    world.create_project();
    let reader = world.reader();
    let projector = Projector::start(&world.config(), reader.clone()).unwrap();
    for round in 0..14 {
        world.append(round * 40..round * 40 + 40);
        world.group_anew(round);
        world.resolve(round);
        world.regroup(round);
    }
    until("live projections reach the end", || {
        caught_up(&projector, &reader)
    });
    let live = world.current();
    projector.stop().unwrap();
    let expected = dump(&live);
    assert_eq!(total(&live), 14 * 40);
    let [found, counted] = by_print(&live);
    assert_eq!(found, counted);
    assert!(expected["moved"].len() + expected["activity"].len() > 20);
    replay(&world.config(), &reader, ReplayWish::ALL).unwrap();
    assert_eq!(dump(&world.current()), expected);
    assert_eq!(by_print(&world.current()), [found, counted]);
}
