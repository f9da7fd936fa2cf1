#![allow(clippy::unwrap_used)]

use event_model::{Actor, Command, Decision, PublicKey, head::Head};

use super::*;
use crate::heads::{error, stored};

fn apply(state: &mut ControlState, decision: Decision) {
    state.apply(&Command {
        actor: Actor::Admin,
        at_ns: 1,
        decision,
    });
}

fn state() -> ControlState {
    let mut state = ControlState::default();
    for id in 1..=3 {
        let decision = Decision::CreateProject {
            id: ProjectId(id),
            name: id.to_string(),
            platform: String::new(),
            public_key: PublicKey([id as u8; 16]),
            key_label: String::new(),
            algorithm: Algorithm::NEWEST.number(),
        };
        apply(&mut state, decision);
    }
    state
}

fn set(project: u32, text: &str) -> Decision {
    Decision::SetGroupingRules {
        project_id: ProjectId(project),
        text: text.to_owned(),
    }
}

fn sample() -> Head {
    error("python", "E", "x", &["a in shop"])
}

fn print(groupers: &mut Groupers, state: &ControlState, project: u32) -> [u8; 16] {
    let (grouper, _) = groupers.of(state, ProjectId(project));
    grouper.fingerprint(stored(&sample()).whole()).0
}

#[test]
fn a_change_compiles_the_rules_of_its_project_once() {
    let (mut groupers, mut state) = (Groupers::default(), state());
    let standard = Grouper::standard().fingerprint(stored(&sample()).whole()).0;
    let mut events = |state: &ControlState| {
        let mut prints = Vec::new();
        for _ in 0..3 {
            prints = (1..=3).map(|id| print(&mut groupers, state, id)).collect();
        }
        (prints, groupers.compilations())
    };
    assert_eq!(events(&state), (vec![standard; 3], 0));
    apply(&mut state, set(2, "error.type:E -> mine"));
    let (prints, compilations) = events(&state);
    assert_eq!(compilations, 1);
    assert_eq!((prints[0], prints[2]), (standard, standard));
    assert_ne!(prints[1], standard);
    for position in 0..20 {
        apply(&mut state, Decision::AdvanceAlertCursor { position });
        assert_eq!(events(&state), (prints.clone(), 1), "no change of rules");
    }
    let before = state.clone();
    apply(&mut state, set(1, "error.type:E -> mine"));
    apply(&mut state, set(2, ""));
    assert_eq!(events(&state), (vec![prints[1], standard, standard], 3));
    // Back at an earlier moment, as after a batch that failed.
    assert_eq!(events(&before).0, prints);
}

#[test]
fn what_this_release_cannot_do_is_done_by_the_default_and_told() {
    let (mut groupers, mut state) = (Groupers::default(), state());
    let standard = print(&mut groupers, &state, 1);
    let algorithm = |algorithm| Decision::SetGroupingAlgorithm {
        project_id: ProjectId(1),
        algorithm,
    };
    for (decision, fault) in [
        (set(1, "error.type:E -> {{ unheard }}"), Some(Fault::Rules)),
        (algorithm(999), Some(Fault::Rules)),
        (set(1, ""), Some(Fault::Algorithm)),
        (algorithm(Algorithm::NEWEST.number()), None),
    ] {
        apply(&mut state, decision.clone());
        assert_eq!(print(&mut groupers, &state, 1), standard, "{decision:?}");
        let (_, found) = groupers.of(&state, ProjectId(1));
        assert_eq!(found, fault, "{decision:?}");
        assert_eq!(groupers.of(&state, ProjectId(2)).1, None);
    }
    // Each version groups as it does, and not as another.
    let print_by = |version: Algorithm| {
        Grouper::standard()
            .by(version)
            .fingerprint(stored(&sample()).whole())
            .0
    };
    for version in Algorithm::ALL {
        apply(&mut state, algorithm(version.number()));
        assert_eq!(print(&mut groupers, &state, 1), print_by(version));
        assert_eq!(groupers.of(&state, ProjectId(1)).1, None);
    }
    assert_ne!(print_by(Algorithm::ALL[0]), standard);
    // A project of which nothing is known.
    assert_eq!(print(&mut groupers, &state, 77), standard);
}
