//! Commands and markers: one order, live and after a crash.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
};

use event_log::{CommandError, Entry, LogWriter, OpenError};
use event_model::{
    Position,
    record::{SCHEMA_MARKER_V1, encode_marker},
};
use log_core::{Config, Log, Record};

use crate::sample::{command, config, event, open, short, stream};

/// Appends to one log behind the writer's back, as a crash leaves it.
fn append_raw(dir: &std::path::Path, log: &str, schema: u16, payloads: Vec<Vec<u8>>) {
    let core = match log {
        "control" => Log::open(Config::control(dir.join(log))),
        _ => Log::open(Config {
            segment_bytes: 1024 * 1024,
            ..Config::events(dir.join(log))
        }),
    }
    .unwrap();
    let records = payloads
        .into_iter()
        .map(|payload| Record {
            schema,
            payload: payload.into(),
        })
        .collect();
    core.append_batch(records).unwrap().wait().unwrap();
    core.close().unwrap();
}

#[test]
fn a_command_is_answered_with_its_number_and_place() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let (head, body) = event(1, 10);
    log.append_event(&head, body).unwrap().wait().unwrap();
    let receipt = log.append_command_blocking(command("a")).unwrap();
    assert_eq!((receipt.number, receipt.position), (1, Position(2)));
    let receipt = log.append_command_blocking(command("b")).unwrap();
    assert_eq!((receipt.number, receipt.position), (2, Position(3)));
    assert_eq!(
        stream(&log.reader()),
        ["event 1", "command 1 a", "command 2 b"]
    );
    assert_eq!(log.state().commands, 2);
    assert_eq!(log.state().end, Position(3));
}

#[test]
fn markers_that_a_crash_left_out_are_written_on_open_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append_command_blocking(command("a")).unwrap();
    for n in 1..=5 {
        let (head, body) = event(n, 10);
        log.append_event(&head, body).unwrap().wait().unwrap();
    }
    drop(log);
    // More than one batch of markers.
    let lost: Vec<Vec<u8>> = (0..600)
        .map(|n| command(&format!("lost {n}")).encode())
        .collect();
    append_raw(dir.path(), "control", command("lost").schema(), lost);
    let log = open(dir.path());
    let mut expected = vec!["command 1 a".to_owned()];
    expected.extend((1..=5).map(|n| format!("event {n}")));
    expected.extend((0..600).map(|n| format!("command {} lost {n}", n + 2)));
    assert_eq!(stream(&log.reader()), expected);
    let receipt = log.append_command_blocking(command("z")).unwrap();
    assert_eq!((receipt.number, receipt.position), (602, Position(607)));
    drop(log);
    // A second open finds nothing to do.
    expected.push("command 602 z".to_owned());
    assert_eq!(stream(&open(dir.path()).reader()), expected);
}

#[test]
fn the_last_marker_is_found_segments_away() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append_command_blocking(command("a")).unwrap();
    let mut position = Position(0);
    // Bodies of one letter each would fit a segment; these heads do not compress.
    for n in 1..=2_500 {
        let (mut head, body) = event(n, 10);
        head.tags = vec![("filler".into(), "x".repeat(1_000))];
        let ticket = log.append_event(&head, body).unwrap();
        if n == 2_500 {
            position = ticket.wait().unwrap();
        }
    }
    let reader = log.reader();
    assert!(reader.segment_of(position).unwrap().first > Position(1));
    drop((log, reader));
    let log = open(dir.path());
    assert_eq!(log.reader().end(), position, "no marker was written twice");
    let receipt = log.append_command_blocking(command("b")).unwrap();
    assert_eq!(receipt.number, 2);
}

#[test]
fn a_control_log_that_lost_records_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let marker = encode_marker(3).to_vec();
    append_raw(dir.path(), "events", SCHEMA_MARKER_V1, vec![marker]);
    let refused = LogWriter::open(config(dir.path()));
    assert!(
        matches!(
            refused,
            Err(OpenError::ControlBehind {
                marker: 3,
                control_end: 0
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn a_command_of_a_newer_release_is_opaque_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    append_raw(dir.path(), "control", 0x4002, vec![vec![9; 40]]);
    let log = open(dir.path());
    log.append_command_blocking(command("b")).unwrap();
    assert_eq!(stream(&log.reader()), ["opaque 0x4002", "command 2 b"]);
}

#[test]
fn commands_under_load_stand_where_their_answers_say_in_the_order_of_the_control_log() {
    const COMMANDS_PER_THREAD: usize = 40;
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let done = AtomicBool::new(false);
    let mut receipts = Vec::new();
    let mut events = HashMap::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2u64)
            .map(|thread| {
                let (log, done) = (log.clone(), &done);
                scope.spawn(move || {
                    let mut places = Vec::new();
                    let mut number = thread * 1_000_000;
                    while !done.load(Ordering::Relaxed) {
                        let tickets: Vec<_> = (0..20)
                            .map(|_| {
                                number += 1;
                                let (head, body) = event(number, 3_000);
                                (number, log.append_event(&head, body).unwrap())
                            })
                            .collect();
                        for (number, ticket) in tickets {
                            places.push((ticket.wait().unwrap(), format!("event {number}")));
                        }
                    }
                    places
                })
            })
            .collect();
        let commanders: Vec<_> = (0..4)
            .map(|thread| {
                let log = log.clone();
                scope.spawn(move || {
                    let names = (0..COMMANDS_PER_THREAD).map(|n| format!("{thread}.{n}"));
                    let send =
                        |name: String| (log.append_command_blocking(command(&name)).unwrap(), name);
                    names.map(send).collect::<Vec<_>>()
                })
            })
            .collect();
        for commander in commanders {
            receipts.extend(commander.join().unwrap());
        }
        done.store(true, Ordering::Relaxed);
        for writer in writers {
            events.extend(writer.join().unwrap());
        }
    });
    let mut expected = events;
    for (receipt, name) in &receipts {
        let text = format!("command {} {name}", receipt.number);
        assert!(expected.insert(receipt.position, text).is_none());
    }
    receipts.sort_by_key(|(receipt, _)| receipt.number);
    assert!(receipts.is_sorted_by_key(|(receipt, _)| receipt.position));
    let numbers: Vec<u64> = receipts.iter().map(|(receipt, _)| receipt.number).collect();
    assert_eq!(
        numbers,
        (1..=4 * COMMANDS_PER_THREAD as u64).collect::<Vec<_>>()
    );
    let read: HashMap<Position, String> = log
        .reader()
        .read_after(Position(0))
        .map(|item| item.map(|item| (item.position, short(&item))).unwrap())
        .collect();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_its_command_half_way() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    {
        let mut sent = Box::pin(log.append_command(command("gone")));
        // Polled once: the command is on its way; then dropped.
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(sent.as_mut().poll(cx)));
        let _ = polled.await;
    }
    let receipt = log.append_command(command("next")).await.unwrap();
    assert_eq!(receipt.number, 2);
    assert_eq!(stream(&log.reader()), ["command 1 gone", "command 2 next"]);
}

#[test]
fn commands_too_large_or_after_the_end_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let large = log.append_command_blocking(command(&"x".repeat(1_200_000)));
    assert!(
        matches!(large, Err(CommandError::TooLarge { .. })),
        "{large:?}"
    );
    log.close().unwrap();
    let late = log.append_command_blocking(command("late"));
    assert_eq!(late.unwrap_err(), CommandError::Closed);
    let kinds = log.reader().read_after(Position(0));
    assert_eq!(
        kinds
            .filter(|item| matches!(item, Ok(item) if matches!(item.entry, Entry::Command { .. })))
            .count(),
        0
    );
}
