//! The fold that follows the control log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{ControlFollower, Entry, fold_control, number_at};
use event_model::{ControlState, Position};
use log_core::{Config, Log, Record};

use crate::sample::{command, event, open};

#[test]
fn a_follower_comes_to_the_state_of_a_fresh_fold() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append_command_blocking(command("a")).unwrap();
    let follower = ControlFollower::new(log.reader()).unwrap();
    assert_eq!(follower.state().organization, "a");
    assert!(!follower.poll().unwrap());
    let receipt = log.append_command_blocking(command("b")).unwrap();
    assert_eq!(follower.state().version, 1, "only a poll folds");
    assert!(follower.poll().unwrap());
    assert_eq!(follower.state().version, receipt.number);
    assert_eq!(follower.state().organization, "b");
    assert_eq!(*follower.state(), fold_control(&log.reader()).unwrap());
}

#[test]
fn a_followers_thread_folds_by_itself_and_ends_when_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let follower = Arc::new(ControlFollower::new(log.reader()).unwrap());
    let thread = follower.spawn().unwrap();
    for n in 1..=20 {
        log.append_command_blocking(command(&n.to_string()))
            .unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while follower.state().version < 20 {
        assert!(Instant::now() < deadline, "the thread does not follow");
        std::thread::yield_now();
    }
    assert_eq!(follower.state().organization, "20");
    drop(thread);
    assert_eq!(Arc::strong_count(&follower), 1, "the thread is gone");
}

#[test]
fn waiting_for_a_command_folds_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let follower = Arc::new(ControlFollower::new(log.reader()).unwrap());
    let waiting = Arc::clone(&follower);
    let waiter = std::thread::spawn(move || waiting.state_at(2, Duration::from_secs(10)).unwrap());
    log.append_command_blocking(command("a")).unwrap();
    log.append_command_blocking(command("b")).unwrap();
    assert_eq!(waiter.join().unwrap().organization, "b");
    let late = follower.state_at(3, Duration::from_millis(5)).unwrap();
    assert_eq!(late.version, 2);
}

#[test]
fn commands_of_a_newer_release_are_counted_and_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let core = Log::open(Config::control(dir.path().join("control"))).unwrap();
    for (schema, payload) in [
        (command("a").schema(), command("a").encode()),
        (0x4002, vec![1; 20]),
        (command("c").schema(), command("c").encode()),
        (0x4002, vec![1; 20]),
    ] {
        let payload = payload.into();
        core.append(Record { schema, payload })
            .unwrap()
            .wait()
            .unwrap();
    }
    core.close().unwrap();
    drop(core);
    let log = open(dir.path());
    let numbers: Vec<u64> = log
        .reader()
        .commands_after(0)
        .map(|c| c.unwrap().0)
        .collect();
    assert_eq!(numbers, [1, 3]);
    let follower = ControlFollower::new(log.reader()).unwrap();
    let expected = ControlState {
        organization: "c".into(),
        version: 4,
        ..ControlState::default()
    };
    assert_eq!(*follower.state(), expected);
    assert!(!follower.poll().unwrap());
    let receipt = log.append_command_blocking(command("e")).unwrap();
    assert_eq!(receipt.number, 5);
    assert!(follower.poll().unwrap());
    assert_eq!(follower.state().version, 5);
}

#[test]
fn the_command_that_holds_at_a_position_is_found_from_either_side() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let reader = log.reader();
    assert_eq!(number_at(&reader, Position(0)).unwrap(), 0, "an empty log");
    // Runs of events between commands; the last is longer than a look back.
    for run in [3, 0, 1, 40, 6_000] {
        let mut tickets = Vec::new();
        for number in 0..run {
            let (head, body) = event(number, 10);
            tickets.push(log.append_event(&head, body).unwrap());
        }
        for ticket in tickets {
            ticket.wait().unwrap();
        }
        if run < 1_000 {
            log.append_command_blocking(command("x")).unwrap();
        }
    }
    let mut expected = 0;
    assert_eq!(number_at(&reader, Position(0)).unwrap(), 0);
    for item in reader.read_after(Position(0)) {
        let item = item.unwrap();
        if let Entry::Command { number, .. } = item.entry {
            expected = number;
        }
        let at = item.position.0;
        if at < 60 || at % 977 == 0 || item.position == reader.end() {
            assert_eq!(number_at(&reader, item.position).unwrap(), expected, "{at}");
        }
    }
    assert_eq!(expected, 4);
}
