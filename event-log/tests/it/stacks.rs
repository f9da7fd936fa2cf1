//! Stacks are stored once a segment, and every event is read with its own.

use std::{collections::HashMap, path::Path};

use event_log::{Entry, LogReader, LogWriter, ReadError, Retention, dump, retention::Recorded};
use event_model::{
    Head, Position, RecordError, StackHash,
    head::{ExceptionHeadV1, FrameHeadV1},
    record::SCHEMA_STACK_V1,
    stack::archive_stack,
};
use log_core::{Config, Log, Reader, Redaction};
use proptest::prelude::*;

use crate::sample::{command, event};

const SEGMENT_BYTES: u64 = 64 * 1024;

fn open(dir: &Path) -> LogWriter {
    let config = event_log::LogConfig {
        events_segment_bytes: SEGMENT_BYTES,
        ..event_log::LogConfig::new(dir)
    };
    LogWriter::open(config).unwrap()
}

/// Event `number` with stack `stack`.
fn with_stack(number: u64, stack: u64) -> (Head, Vec<u8>) {
    let (mut head, body) = event(number, 300);
    let frame = |depth: u32| FrameHeadV1 {
        function: format!("handle_{depth}_{stack}"),
        module: "acme.shop.views".into(),
        filename: "acme/shop/views.py".into(),
        package: String::new(),
        lineno: depth,
        colno: 0,
        address: 0,
        debug_id: 0,
        in_app: depth.is_multiple_of(2),
    };
    head.platform = "python".into();
    head.exceptions = vec![ExceptionHeadV1 {
        ty: "ValueError".into(),
        value: format!("order {number}"),
        frames: (0..12).map(frame).collect(),
        ..ExceptionHeadV1::default()
    }];
    (head, body)
}

/// Whole heads with their positions, as read.
fn heads(reader: &LogReader) -> Vec<(Position, Head)> {
    let items = reader.read_after(Position(0)).map(Result::unwrap);
    let heads = items.filter_map(|item| match item.entry {
        Entry::Event(event) => Some((item.position, event.whole().to_head().unwrap())),
        _ => None,
    });
    heads.collect()
}

/// How often each stack is stored in each segment, by the segment's first record.
fn stored(dir: &Path) -> HashMap<(u64, StackHash), u32> {
    let reader = Reader::open_read_only(&dir.join("events")).unwrap();
    let mut stored: HashMap<_, u32> = HashMap::new();
    for entry in reader.read(0).map(Result::unwrap) {
        if entry.schema == SCHEMA_STACK_V1 {
            let base = reader.segment_of(entry.sequence).unwrap().base;
            *stored
                .entry((base, StackHash::of(&entry.payload)))
                .or_default() += 1;
        }
    }
    stored
}

#[derive(Debug, Clone)]
enum Step {
    /// Events with these stacks, queued together or each durable before the next.
    Events(Vec<u64>, bool),
    Command,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let stacks = prop::collection::vec(0..6u64, 1..40);
    prop_oneof![
        8 => (stacks, any::<bool>()).prop_map(|(stacks, waits)| Step::Events(stacks, waits)),
        1 => Just(Step::Command),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// A follower in its own right, opened before anything was written, reads the same.
    #[test]
    fn heads_come_back_whole_wherever_batches_and_segments_end(steps in prop::collection::vec(step(), 1..14)) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path());
        let follower = LogReader::follow(dir.path()).unwrap();
        let mut expected = Vec::new();
        for step in steps {
            match step {
                Step::Events(stacks, waits) => {
                    let mut tickets = Vec::new();
                    for stack in stacks {
                        let (head, body) = with_stack(expected.len() as u64 + tickets.len() as u64 + 1, stack);
                        let ticket = log.append_event(&head, body).unwrap();
                        if waits {
                            expected.push((ticket.wait().unwrap(), head));
                        } else {
                            tickets.push((ticket, head));
                        }
                    }
                    for (ticket, head) in tickets {
                        expected.push((ticket.wait().unwrap(), head));
                    }
                }
                Step::Command => {
                    log.append_command_blocking(command("c")).unwrap();
                }
                Step::Reopen => {
                    log.close().unwrap();
                    drop(log);
                    log = open(dir.path());
                }
            }
        }
        let reader = log.reader();
        prop_assert_eq!(&heads(&reader), &expected);
        prop_assert_eq!(&heads(&follower), &expected);
        for (position, head) in expected.iter().rev() {
            let event = reader.event(*position).unwrap().unwrap();
            prop_assert_eq!(event.whole().to_head().unwrap(), head.clone());
        }
        log.close().unwrap();
        // Each in its own life: what is open read-only knows no stack yet.
        let after = LogReader::open_read_only(dir.path()).unwrap();
        for (position, head) in &expected {
            let event = after.event(*position).unwrap().unwrap();
            prop_assert_eq!(&event.whole().to_head().unwrap(), head);
        }
    }
}

#[test]
fn a_stack_is_stored_once_a_segment_and_dropped_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let mut expected = Vec::new();
    for number in 1..=400 {
        let (head, body) = with_stack(number, number % 3);
        let position = log.append_event(&head, body).unwrap().wait().unwrap();
        expected.push((position, head));
    }
    let stored = stored(dir.path());
    let segments = stored.keys().map(|(base, _)| base).max().unwrap();
    assert!(*segments > 1, "several segments");
    assert!(stored.values().all(|times| *times == 1), "{stored:?}");

    let everything = Retention {
        bytes_max: Some(0),
        ..Retention::default()
    };
    let record = |decision| {
        let command = event_model::Command {
            decision,
            ..command("")
        };
        log.append_command_blocking(command).unwrap();
        Ok::<(), std::convert::Infallible>(())
    };
    log.retain(&everything, Recorded::default(), i64::MAX / 2, record)
        .unwrap();
    let first = log.reader().first();
    assert!(first > Position(1));
    expected.retain(|(position, _)| *position >= first);
    // A reader that never saw what was dropped.
    log.close().unwrap();
    let reader = LogReader::open_read_only(dir.path()).unwrap();
    assert!(!expected.is_empty());
    assert_eq!(heads(&reader), expected);
}

#[test]
fn an_event_redacted_leaves_its_stack_to_others_and_a_stack_redacted_takes_its_events() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let mut positions = Vec::new();
    for number in 1..=3 {
        let (head, body) = with_stack(number, number / 3);
        positions.push(log.append_event(&head, body).unwrap().wait().unwrap());
    }
    // Two with one stack, at 1, and a third with another.
    assert_eq!(positions, [2, 3, 5].map(Position));
    log.close().unwrap();
    drop(log);
    let core = Log::open(Config {
        segment_bytes: SEGMENT_BYTES,
        ..Config::events(dir.path().join("events"))
    })
    .unwrap();
    core.roll().unwrap().wait().unwrap();
    let redact = |sequence| {
        let length = core.reader().get(sequence).unwrap().unwrap().payload.len();
        core.redact(&[Redaction {
            sequence,
            payload: vec![0; length].into(),
        }])
        .unwrap();
    };
    redact(2);
    let reader = LogReader::open_read_only(dir.path()).unwrap();
    assert!(reader.event(Position(2)).is_err());
    assert_eq!(
        reader
            .event(Position(3))
            .unwrap()
            .unwrap()
            .whole()
            .to_head()
            .unwrap(),
        with_stack(2, 0).0
    );
    redact(4);
    let reader = LogReader::open_read_only(dir.path()).unwrap();
    let refused = reader.event(Position(5)).unwrap_err();
    let ReadError::Record {
        sequence: 5,
        source: RecordError::StackHash { .. },
        ..
    } = refused
    else {
        panic!("{refused:?}");
    };
    // What cannot be read is passed over, and the stream goes on.
    let read: Vec<_> = reader
        .read_after(Position(0))
        .map(|item| item.is_ok())
        .collect();
    assert_eq!(read, [false, true, false]);
    core.close().unwrap();
}

#[test]
fn an_event_without_exceptions_and_frames_needs_no_stack() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let (head, body) = event(1, 10);
    assert!(archive_stack(&head).is_none());
    assert_eq!(
        log.append_event(&head, body).unwrap().wait().unwrap(),
        Position(1)
    );
    let stored = log.reader().event(Position(1)).unwrap().unwrap();
    assert_eq!(stored.stack().hash(), StackHash::NONE);
    assert_eq!(stored.whole().to_head().unwrap(), head);
}

#[test]
fn the_dump_tells_which_stack_an_event_has_and_where() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    for number in 1..=2 {
        let (head, body) = with_stack(number, 7);
        log.append_event(&head, body).unwrap().wait().unwrap();
    }
    let hash = StackHash::of(&archive_stack(&with_stack(1, 7).0).unwrap());
    for value in dump::events(&log.reader(), Position(0)) {
        assert_eq!(value["stack"]["position"], 1, "{value}");
        assert_eq!(value["stack"]["hash"], hash.to_string());
        assert_eq!(
            value["head"]["exceptions"][0]["frames"][11]["function"],
            "handle_11_7"
        );
    }
}
