use std::{collections::BTreeSet, sync::Arc};

use event_model::{
    EventId, Fingerprint, Level, Position, ProjectId,
    access::Sight,
    retention::{Cut, Expired, Scope},
};
use proptest::prelude::*;

use crate::{
    cold::Kept,
    search::{
        reader::{EventFilter, From, Reader, Totals},
        writer::{SearchDocument, SearchWriter},
    },
};

const DAY_NS: i64 = 86_400_000_000_000;
/// A day that events are received around.
const BEGIN_NS: i64 = 20_000 * DAY_NS;
const ENVIRONMENTS: [&str; 3] = ["", "prod", "staging"];
const LEVELS: [Level; 2] = [Level::Debug, Level::Error];

type Sent = (u32, usize, usize, i64);

/// A project, a level, an environment, and hours from the begin.
fn sent() -> impl Strategy<Value = Sent> {
    (1u32..3, 0..LEVELS.len(), 0..ENVIRONMENTS.len(), -30i64..30)
}

fn cut() -> impl Strategy<Value = Cut> {
    let scope = (
        proptest::option::of(1u32..3),
        proptest::option::of(0..LEVELS.len()),
        proptest::option::of(1..ENVIRONMENTS.len()),
    );
    // On a midnight, an hour that events have, or between two.
    let before = prop_oneof![Just(-24 * 60), Just(0), -40i64 * 60..40 * 60];
    (scope, before).prop_map(|((project, level, environment), minutes)| Cut {
        scope: Scope {
            project: project.map(ProjectId),
            level: level.map(|at| LEVELS[at]),
            environment: environment.map(|at| ENVIRONMENTS[at].to_owned()),
        },
        before_ns: BEGIN_NS + minutes * 60_000_000_000,
    })
}

fn reader(dir: &std::path::Path, events: &[Sent]) -> Reader {
    let mut writer = SearchWriter::open(dir).unwrap();
    for (number, (project, level, environment, hours)) in events.iter().enumerate() {
        let number = u8::try_from(number + 1).unwrap();
        let received_ns = BEGIN_NS + hours * 3_600_000_000_000;
        writer
            .add(&SearchDocument {
                event_id: EventId([number; 16]),
                fingerprint: Fingerprint([number % 3; 16]),
                project_id: ProjectId(*project),
                level: LEVELS[*level],
                position: Position(number.into()),
                weight: 1,
                // Times of events are not those of their receipt.
                timestamp_ns: BEGIN_NS - hours * 1_000_000_000,
                received_ns,
                message: &["TypeError"],
                texts: &[],
                stack: 0,
                attributes: &[],
                environment: ENVIRONMENTS[*environment],
                release: "",
                user: "",
                tags: &[],
            })
            .unwrap();
    }
    writer.commit(Position(events.len() as u64)).unwrap();
    Reader::open(dir).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Lists, totals and sources are of what a walk over all events leaves.
    #[test]
    fn what_has_gone_by_its_rule_is_found_by_no_question(
        events in proptest::collection::vec(sent(), 1..40),
        cuts in proptest::collection::vec(cut(), 0..5),
        project in proptest::option::of(1u32..3),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let reader = reader(dir.path(), &events);
        let mut expired = Expired::default();
        for cut in &cuts {
            expired.add(cut);
        }
        let is_left = |(at, (of, level, environment, hours)): (usize, &Sent)| {
            let received_ns = BEGIN_NS + hours * 3_600_000_000_000;
            let has_gone = cuts.iter().any(|cut| {
                let scope = &cut.scope;
                received_ns < cut.before_ns
                    && scope.project.is_none_or(|id| id.0 == *of)
                    && scope.level.is_none_or(|own| own == LEVELS[*level])
                    && scope.environment.as_ref().is_none_or(|own| own == ENVIRONMENTS[*environment])
            });
            let is_asked = project.is_none_or(|id| id == *of);
            (!has_gone && is_asked).then_some(at as u64 + 1)
        };
        let left: BTreeSet<u64> = events.iter().enumerate().filter_map(is_left).collect();
        let filter = EventFilter {
            project: project.map(ProjectId),
            expired: Arc::new(expired),
            ..EventFilter::default()
        };
        for from in [From::Newest, From::Oldest] {
            let hits = reader.list(&Sight::All, &filter, from, 100).unwrap();
            let found: BTreeSet<u64> = hits.iter().map(|hit| hit.position.0).collect();
            prop_assert_eq!(hits.len(), found.len());
            prop_assert_eq!(&found, &left);
        }
        let totals = reader.total(&Sight::All, &filter, &Kept::log(Position(1))).unwrap();
        let count = left.len() as u64;
        prop_assert_eq!(totals, Totals { events: count, errors: count });
        let sources = reader.sources(&Sight::All, &filter, 1_000).unwrap().unwrap();
        let own = |at: &u64| {
            let number = u8::try_from(*at).unwrap();
            (ProjectId(events[usize::from(number) - 1].0), Fingerprint([number % 3; 16]))
        };
        prop_assert_eq!(sources, left.iter().map(own).collect::<BTreeSet<_>>());
    }
}
