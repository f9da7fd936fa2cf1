use event_model::Event;

use super::*;

const FLOOR: u32 = 100;
const MINUTE: i64 = 29_000_000;

fn spikes() -> Spikes {
    Spikes::new(Some(Threshold {
        floor: FLOOR,
        factor: 5,
    }))
}

/// An event of a kind in a minute.
fn head(project: u32, kind: &str, minute: i64) -> Head {
    let event = serde_json::json!({
        "id": EventId([1; 16]).to_string(), "project_id": project, "message": kind,
        "received_ns": minute * MINUTE_NS, "timestamp_ns": minute * MINUTE_NS,
    });
    let event: Event = serde_json::from_value(event).expect("an event");
    Head::of(&event, 0)
}

/// What became of so many events: kept, counted. What is kept for others is durable at
/// once.
fn send(spikes: &Spikes, kind: &str, minute: i64, count: u32) -> (u32, u32) {
    let (mut kept, mut counted) = (0, 0);
    for _ in 0..count {
        match spikes.judge(&head(1, kind, minute)) {
            Verdict::Keep => kept += 1,
            Verdict::KeepFor(number) => {
                kept += 1;
                spikes.kept(ProjectId(1), number, EventId([7; 16]));
            }
            Verdict::Count { sample, .. } => {
                assert_eq!(sample, EventId([7; 16]));
                counted += 1;
            }
        }
    }
    (kept, counted)
}

#[test]
fn below_the_floor_nothing_is_surplus_however_little_is_usual() {
    let spikes = spikes();
    for minute in 0..10 {
        assert_eq!(send(&spikes, "a", MINUTE + minute, FLOOR), (FLOOR, 0));
    }
    assert_eq!(spikes.spiking((MINUTE + 10) * MINUTE_NS), 0);
}

#[test]
fn of_a_storm_the_first_and_the_rare_are_kept_and_it_is_over_when_it_is_over() {
    let spikes = spikes();
    // The first minute: up to the floor as ever, then ten.
    assert_eq!(send(&spikes, "a", MINUTE, 1_000), (110, 890));
    let spiking = |minute| spikes.spiking((MINUTE + minute) * MINUTE_NS);
    assert_eq!((spiking(0), spiking(1), spiking(2)), (1, 1, 0));
    assert_eq!(send(&spikes, "rare", MINUTE, 10), (10, 0));
    // Then one of what was frequent, and all that is rare.
    for minute in 1..4 {
        assert_eq!(send(&spikes, "a", MINUTE + minute, 500), (1, 499));
        assert_eq!(send(&spikes, "rare", MINUTE + minute, 3), (3, 0));
        assert_eq!(send(&spikes, "new", MINUTE + minute, 1), (1, 0));
    }
    // A quiet minute ends it: the one behind the last loud one still counts.
    assert_eq!(send(&spikes, "a", MINUTE + 4, 50), (1, 49));
    assert_eq!(send(&spikes, "a", MINUTE + 5, 50), (50, 0));
    assert_eq!(spiking(5), 0);
    // After a pause there is nothing left of it.
    assert_eq!(send(&spikes, "a", MINUTE + 60, FLOOR), (FLOOR, 0));
}

#[test]
fn nothing_is_counted_before_the_event_it_is_counted_under_is_durable() {
    let spikes = spikes();
    send(&spikes, "b", MINUTE, FLOOR);
    let judge = || spikes.judge(&head(1, "a", MINUTE));
    for _ in 1..RARE_EVENTS_MAX {
        assert_eq!(judge(), Verdict::Keep);
    }
    let Verdict::KeepFor(kind) = judge() else {
        panic!("the tenth stands for the others");
    };
    assert_eq!(judge(), Verdict::Keep, "it is on its way");
    spikes.not_kept(ProjectId(1), kind);
    assert_eq!(judge(), Verdict::KeepFor(kind), "it did not get there");
    let sample = EventId([3; 16]);
    spikes.kept(ProjectId(1), kind, sample);
    assert_eq!(judge(), Verdict::Count { kind, sample });
    // The next minute's first is the next sample; until it is there, the old one is.
    let next = || spikes.judge(&head(1, "a", MINUTE + 1));
    assert_eq!(next(), Verdict::KeepFor(kind));
    assert_eq!(next(), Verdict::Count { kind, sample });
    spikes.kept(ProjectId(1), kind, EventId([4; 16]));
    let sample = EventId([4; 16]);
    assert_eq!(next(), Verdict::Count { kind, sample });
}

#[test]
fn a_project_has_its_own_threshold_and_no_part_in_anothers_storm() {
    let spikes = spikes();
    let usual = Usual::of_hours(0, &[60_000; 24]);
    spikes.learn(ProjectId(1), usual);
    assert_eq!(
        send(&spikes, "a", MINUTE, 5_000),
        (5_000, 0),
        "five times 1,000"
    );
    assert_eq!(send(&spikes, "a", MINUTE, 1_000), (10, 990));
    for _ in 0..FLOOR {
        assert_eq!(spikes.judge(&head(2, "a", MINUTE)), Verdict::Keep);
    }
}

#[test]
fn kinds_without_number_are_kept_and_take_no_more_memory() {
    let spikes = spikes();
    for number in 0..20_000 {
        let kind = number.to_string();
        assert_eq!(spikes.judge(&head(1, &kind, MINUTE)), Verdict::Keep);
    }
    let project = spikes.projects.get(&ProjectId(1)).expect("it was judged");
    assert_eq!(project.kinds.len(), KINDS_MAX);
    drop(project);
    assert_eq!(send(&spikes, "a", MINUTE, 100), (100, 0));
    assert_eq!(
        send(&spikes, "200", MINUTE, 1_000),
        (9, 991),
        "it was there once"
    );
}

#[test]
fn switched_off_it_judges_nothing() {
    let spikes = Spikes::new(None);
    assert_eq!(send(&spikes, "a", MINUTE, 10_000), (10_000, 0));
    assert!(spikes.projects.is_empty());
}
