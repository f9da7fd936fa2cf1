//! Old events dropped: recorded first, finished after a crash, and the rest is read,
//! dumped and written as if nothing had happened.

use std::{convert::Infallible, path::Path};

use event_log::{
    Entry, LogReader, LogWriter, ReadError, Retention, dump,
    retention::{REQUIRED, Reason, Recorded, RetainError, Retained},
};
use event_model::{ControlState, Decision, Position, ProjectId, PublicKey};

use crate::sample::{command, event};

const SEGMENT_BYTES: u64 = 64 * 1024;
const NOW_NS: i64 = i64::MAX / 2;

fn open(dir: &Path) -> LogWriter {
    let config = event_log::LogConfig {
        events_segment_bytes: SEGMENT_BYTES,
        ..event_log::LogConfig::new(dir)
    };
    LogWriter::open(config).unwrap()
}

/// Events of 12 KiB that do not share blocks: about four to a segment.
fn append(log: &LogWriter, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let (head, _) = event(number, 10);
        // Bytes that do not compress, by a linear congruential generator.
        let mut seed = number;
        let noise = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + (seed >> 59) as u8 % 26)
        });
        let body = format!("{{\"x\":\"{}\"}}", noise.take(12_000).collect::<String>());
        log.append_event(&head, body.into_bytes())
            .unwrap()
            .wait()
            .unwrap();
    }
}

/// Everything complete is wanted gone.
fn everything() -> Retention {
    Retention {
        bytes_max: Some(0),
        ..Retention::default()
    }
}

fn folded(reader: &LogReader) -> ControlState {
    event_log::fold_control(reader).unwrap()
}

fn retain(log: &LogWriter, retention: &Retention) -> Retained {
    let recorded = Recorded::from(&folded(&log.reader()));
    let record = |decision| {
        let command = event_model::Command {
            decision,
            ..command("")
        };
        log.append_command_blocking(command).unwrap();
        Ok::<(), Infallible>(())
    };
    log.retain(retention, recorded, NOW_NS, record).unwrap()
}

/// Numbers and decisions of the commands that dropped something.
fn drops(reader: &LogReader) -> Vec<(u64, u64)> {
    let commands = reader.commands_after(0).map(Result::unwrap);
    let drops = commands.filter_map(|(number, command)| match command.decision {
        Decision::RangeDropped { below, .. } => Some((number, below)),
        _ => None,
    });
    drops.collect()
}

#[test]
fn a_drop_is_recorded_and_what_is_left_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append_command_blocking(command("first")).unwrap();
    append(&log, 1..40);
    let retained = retain(&log, &everything());
    assert!(retained.segments > 3 && retained.bytes > 0, "{retained:?}");
    assert_eq!(retained.plan.reason, Some(Reason::Size));
    let first = retained.first;
    assert!(first > Position(20), "{first}");
    let reader = log.reader();
    assert_eq!(reader.first(), first);
    assert_eq!(drops(&reader), [(2, first.0)]);
    assert_eq!(folded(&reader).dropped.unwrap().below, first);

    // Below, at and above the first one.
    let before = Position(first.0 - 1);
    let gone = reader.event(before).unwrap_err();
    let ReadError::NotRetained {
        sequence,
        first: begins,
        ..
    } = gone
    else {
        panic!("{gone}");
    };
    assert_eq!((sequence, begins), (before.0, first.0));
    assert!(reader.event(first).unwrap().is_some());
    let positions = |reader: &LogReader| -> Vec<u64> {
        let items = reader.read_after(Position(0)).map(Result::unwrap);
        items.map(|item| item.position.0).collect()
    };
    let left = positions(&reader);
    assert_eq!(left, (first.0..=reader.end().0).collect::<Vec<_>>());
    // The bodies as well: no block reaches over a segment's end.
    for item in reader.read_after(Position(0)).map(Result::unwrap) {
        if let Entry::Event(event) = &item.entry {
            assert!(reader.body(item.position, event).unwrap().len() > 12_000);
        }
    }

    // Again at once: nothing to do, nothing recorded.
    let again = retain(&log, &everything());
    assert_eq!((again.segments, again.first), (0, first));
    assert_eq!(drops(&reader).len(), 1);

    // Opened anew, by the writer and by others; old markers are not written again.
    drop((reader, log));
    let log = open(dir.path());
    let reader = log.reader();
    assert_eq!((reader.first(), positions(&reader)), (first, left));
    let receipt = log.append_command_blocking(command("later")).unwrap();
    assert_eq!(receipt.number, 3);
    assert_eq!(receipt.position, Position(reader.end().0));
    let other = LogReader::open_read_only(dir.path()).unwrap();
    assert_eq!(other.first(), first);
    let values: Vec<_> = dump::events(&other, Position(0)).collect();
    assert_eq!(values[0]["position"], first.0);
    assert!(values.iter().all(|value| value["error"].is_null()));
}

#[test]
fn no_marker_is_written_twice_when_all_old_ones_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    for n in 0..5 {
        log.append_command_blocking(command(&n.to_string()))
            .unwrap();
    }
    append(&log, 1..30);
    retain(&log, &everything());
    append(&log, 30..60);
    drop(log);
    std::fs::remove_file(dir.path().join("events/last-marker")).unwrap();
    let log = open(dir.path());
    let end = log.reader().end();
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.reader().end(), end, "opening writes nothing");
    assert_eq!(log.state().commands, 6);
}

#[test]
fn a_crash_between_any_two_steps_is_finished_and_recorded_once() {
    // Steps: the command with its marker; then the manifest and the unlinks.
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    append(&log, 1..40);
    let plan = log.reader().retention_plan(&everything(), NOW_NS).unwrap();
    // Nothing is recorded when the record fails, and nothing goes.
    let failed = log.retain(&everything(), Recorded::default(), NOW_NS, |_| Err("no"));
    assert!(matches!(failed, Err(RetainError::Record("no"))));
    assert_eq!(log.reader().first(), Position(1));
    // Recorded, then the process is gone.
    let decision = Decision::RangeDropped {
        below: plan.below,
        reason: event_model::DropReason::Size,
        segments: plan.segments,
        bytes: plan.bytes,
        overruled: Vec::new(),
    };
    let record = event_model::Command {
        decision,
        ..command("")
    };
    log.append_command_blocking(record).unwrap();
    drop(log);

    let log = open(dir.path());
    assert_eq!(log.reader().first(), Position(1));
    // With nothing wanted any more: what was decided is done all the same.
    let retained = retain(&log, &Retention::default());
    assert_eq!(retained.first, Position(plan.below));
    assert_eq!(retained.segments, plan.segments);
    assert_eq!(drops(&log.reader()).len(), 1);
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.reader().first(), Position(plan.below));
}

#[test]
fn required_cursors_hold_back_and_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    append(&log, 1..40);
    let reader = log.reader();
    let retention = Retention {
        cursors_required: REQUIRED.map(str::to_owned).to_vec(),
        ..everything()
    };
    let retained = retain(&log, &retention);
    assert_eq!((retained.segments, retained.plan.held_by.len()), (0, 3));
    let end = reader.end();
    let mut cursors = REQUIRED.map(|name| reader.cursor(name).unwrap());
    for cursor in &mut cursors {
        cursor.set(end).unwrap();
    }
    // Built anew: it wants the old records again, as long as they are there.
    cursors[1].set(Position(0)).unwrap();
    let retained = retain(&log, &retention);
    assert_eq!(retained.segments, 0);
    let held: Vec<_> = retained
        .plan
        .held_by
        .iter()
        .map(|claim| (&*claim.cursor, claim.position))
        .collect();
    assert_eq!(held, [("search", 1)]);
    cursors[1].set(Position(20)).unwrap();
    let retained = retain(&log, &retention);
    assert!(
        retained.first > Position(1) && retained.first <= Position(21),
        "{retained:?}"
    );
    cursors[1].set(Position(0)).unwrap();
    assert_eq!(cursors[1].position(), Position(retained.first.0 - 1));
}

/// Events that are grouped anew are read again: nothing goes before a checkpoint has what
/// came of it, unless there is no room.
#[test]
fn what_is_grouped_anew_stays_until_a_checkpoint_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let decide = |decision| {
        let command = event_model::Command {
            decision,
            ..command("")
        };
        log.append_command_blocking(command).unwrap().position
    };
    decide(Decision::CreateProject {
        id: ProjectId(1),
        name: "shop".into(),
        platform: String::new(),
        public_key: PublicKey([1; 16]),
        key_label: String::new(),
        algorithm: 6,
    });
    append(&log, 1..40);
    let reader = log.reader();
    let mut cursors = REQUIRED.map(|name| reader.cursor(name).unwrap());
    let before = reader.end();
    let applied = decide(Decision::ApplyGrouping {
        project_id: ProjectId(1),
        text: String::new(),
        algorithm: 6,
        from: 1,
    });
    append(&log, 40..50);
    cursors[1].set(reader.end()).unwrap();
    cursors[2].set(reader.end()).unwrap();
    cursors[0].set(before).unwrap();
    let retention = Retention {
        cursors_required: REQUIRED.map(str::to_owned).to_vec(),
        ..everything()
    };
    let retained = retain(&log, &retention);
    let held = retained.plan.held_by.first().map(|claim| &*claim.cursor);
    assert_eq!((retained.segments, held), (0, Some("checkpoint")));
    cursors[0].set(applied).unwrap();
    assert!(retain(&log, &retention).segments > 0);
}
