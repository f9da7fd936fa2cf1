//! What groups an event, after rules were set, applied to what was there, and taken back.

use event_model::{
    Actor, Command, ControlState, Decision, Position, ProjectId, PublicKey,
    control::{REGROUPS_MAX, REGROUPS_SHOWN, RulesInForce},
};
use proptest::prelude::*;

const PROJECT: ProjectId = ProjectId(1);

#[derive(Debug, Clone, Copy)]
enum Happens {
    /// Events at the next positions.
    Events(u8),
    Set(u8),
    /// The log loses so many of its oldest events.
    Drop(u8),
    /// Rules applied to all events that the log has.
    Apply(u8),
    /// The newest application is taken back.
    Undo,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        3 => (1..4u8).prop_map(Happens::Events),
        1 => (0..4u8).prop_map(Happens::Set),
        1 => (1..3u8).prop_map(Happens::Drop),
        2 => (0..4u8).prop_map(Happens::Apply),
        2 => Just(Happens::Undo),
    ]
}

/// What is known without the state: of each event what groups it by now.
#[derive(Default, Clone)]
struct Naive {
    events: Vec<u8>,
    /// How many of them the log lost.
    lost: usize,
    rules: u8,
    /// What was before the newest application, if it was not taken back: what the events were
    /// grouped by, what those to come, and what was applied.
    before: Option<(Vec<u8>, u8, u8)>,
}

fn command(decision: Decision) -> Command {
    Command {
        actor: Actor::System,
        at_ns: 1,
        decision,
    }
}

fn state() -> ControlState {
    let mut state = ControlState::default();
    state.apply(&command(Decision::CreateProject {
        id: PROJECT,
        name: "a".into(),
        platform: String::new(),
        public_key: PublicKey([1; 16]),
        key_label: String::new(),
        algorithm: 6,
    }));
    state.apply(&command(set(0)));
    state
}

fn set(text: u8) -> Decision {
    Decision::SetGroupingRules {
        project_id: PROJECT,
        text: text.to_string(),
    }
}

fn apply(text: u8, from: u64) -> Decision {
    Decision::ApplyGrouping {
        project_id: PROJECT,
        text: text.to_string(),
        algorithm: 6,
        from,
    }
}

fn undo(applied: u64) -> Decision {
    Decision::UndoGrouping {
        project_id: PROJECT,
        applied,
    }
}

proptest! {
    #[test]
    fn every_event_is_grouped_as_who_follows_by_hand_would(
        story in proptest::collection::vec(happens(), 1..90),
    ) {
        let mut state = state();
        let mut naive = Naive::default();
        // The number of the last command before each event, and what was in force then.
        let mut behind: Vec<(u64, RulesInForce)> = Vec::new();
        for happens in story {
            match happens {
                Happens::Events(count) => {
                    for _ in 0..count {
                        naive.events.push(naive.rules);
                        behind.push((state.version, state.rules_in_force(PROJECT)));
                    }
                }
                Happens::Set(text) => {
                    state.apply(&command(set(text)));
                    naive.rules = text;
                }
                Happens::Drop(count) => {
                    naive.lost = (naive.lost + usize::from(count)).min(naive.events.len());
                }
                Happens::Apply(text) => {
                    state.apply(&command(apply(text, naive.lost as u64 + 1)));
                    naive.before = Some((naive.events.clone(), naive.rules, text));
                    for event in naive.events.iter_mut().skip(naive.lost) {
                        *event = text;
                    }
                    naive.rules = text;
                }
                Happens::Undo => {
                    let undoable = state.undoable(PROJECT).map(|regroup| regroup.number);
                    let rules = naive.rules;
                    let before = naive.before.take_if(|(_, _, applied)| *applied == rules);
                    prop_assert_eq!(undoable.is_some(), before.is_some());
                    if let (Some(number), Some((events, rules, _))) = (undoable, before) {
                        state.apply(&command(undo(number)));
                        let since = naive.events.len() - events.len();
                        naive.events = events;
                        naive.events.extend(std::iter::repeat_n(rules, since));
                        naive.rules = rules;
                    } else {
                        // What does not fit changes nothing.
                        let before = state.rules_in_force(PROJECT);
                        state.apply(&command(undo(99)));
                        prop_assert_eq!(&before, &state.rules_in_force(PROJECT));
                    }
                }
            }
            let grouped = behind.iter().enumerate().skip(naive.lost).map(|(at, (number, held))| {
                let place = (Position(at as u64 + 1), *number);
                let rules = state.rules_of(PROJECT, place, held.clone());
                rules.text.parse::<u8>().unwrap()
            });
            prop_assert_eq!(grouped.collect::<Vec<_>>(), naive.events[naive.lost..].to_vec());
        }
    }
}

#[test]
fn an_unknown_project_and_more_than_is_kept_change_nothing_else() {
    let mut state = state();
    state.apply(&command(Decision::ApplyGrouping {
        project_id: ProjectId(9),
        text: "x".into(),
        algorithm: 1,
        from: 1,
    }));
    assert!(state.regroups.is_empty() && state.undoable(ProjectId(9)).is_none());
    for number in 0..REGROUPS_SHOWN as u64 + 5 {
        state.apply(&command(apply((number % 7) as u8, 1)));
    }
    assert_eq!(state.regroups[&PROJECT].len(), REGROUPS_SHOWN);
    let newest = state.undoable(PROJECT).unwrap();
    assert_eq!(newest.number, state.version);
    let wrong = newest.number - 1;
    let rules = state.rules_in_force(PROJECT);
    state.apply(&command(undo(wrong)));
    assert_eq!(state.rules_in_force(PROJECT), rules);
}

/// What an event followed is remembered, however often rules were tried since.
#[test]
fn what_is_taken_back_again_and_again_is_never_forgotten_by_the_events_between() {
    let mut state = state();
    state.apply(&command(apply(1, 1)));
    let held = state.rules_in_force(PROJECT);
    let place = (Position(1), state.version);
    let applied = state.undoable(PROJECT).unwrap().number;
    state.apply(&command(undo(applied)));
    for _ in 1..REGROUPS_MAX / 2 {
        state.apply(&command(apply(2, 1)));
        let applied = state.undoable(PROJECT).unwrap().number;
        state.apply(&command(undo(applied)));
        let rules = state.rules_of(PROJECT, place, held.clone());
        assert_eq!(rules.text.as_ref(), "0");
    }
    assert_eq!(state.regroups[&PROJECT].len(), REGROUPS_MAX);
    // One more stays: there is no room to remember that it was taken back.
    state.apply(&command(apply(3, 1)));
    assert!(state.undoable(PROJECT).is_none());
    state.apply(&command(undo(state.version)));
    assert_eq!(
        state.rules_of(PROJECT, place, held.clone()).text.as_ref(),
        "3"
    );
    // It hides all before it, and makes room.
    state.apply(&command(apply(2, 1)));
    assert_eq!(state.regroups[&PROJECT].len(), REGROUPS_SHOWN);
    let applied = state.undoable(PROJECT).unwrap().number;
    state.apply(&command(undo(applied)));
    assert_eq!(state.rules_of(PROJECT, place, held).text.as_ref(), "3");
}
