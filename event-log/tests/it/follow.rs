//! Readers that follow what another writes, as roles in processes of their own do.

use std::time::Duration;

use event_log::{ControlFollower, LogReader, fold_control};
use event_model::Position;

use crate::sample::{command, event, open, stream};

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_follower_sees_what_is_durable_through_the_lives_of_several_writers() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close().unwrap();
    let reader = LogReader::follow(dir.path()).unwrap();
    let control = ControlFollower::new(reader.clone()).unwrap();
    let mut expected = Vec::new();
    for life in 1..=3 {
        let log = open(dir.path());
        let (head, body) = event(life, 100);
        let at = log.append_event(&head, body).unwrap().wait().unwrap();
        assert!(
            reader.wait_past(Position(at.0 - 1), PATIENCE),
            "life {life}"
        );
        expected.push(format!("event {life}"));
        let receipt = log
            .append_command_blocking(command(&life.to_string()))
            .unwrap();
        assert!(reader.wait_commands_past(receipt.number - 1, PATIENCE));
        expected.push(format!("command {} {life}", receipt.number));
        assert!(reader.wait_past(Position(receipt.position.0 - 1), PATIENCE));
        assert_eq!(stream(&reader), expected);
        assert!(control.poll().unwrap());
        assert_eq!(*control.state(), fold_control(&log.reader()).unwrap());
        log.close().unwrap();
    }
    assert_eq!(stream(&reader), expected, "also when nobody writes");
}

#[test]
fn logs_that_nobody_made_yet_are_told_from_damaged_ones() {
    let dir = tempfile::tempdir().unwrap();
    let missing = LogReader::follow(&dir.path().join("log")).unwrap_err();
    assert!(missing.is_not_there_yet(), "{missing:?}");
    std::fs::create_dir_all(dir.path().join("events")).unwrap();
    let empty = LogReader::follow(dir.path()).unwrap_err();
    assert!(empty.is_not_there_yet(), "{empty:?}");
    open(dir.path()).close().unwrap();
    let segment = std::fs::read_dir(dir.path().join("control"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "log"))
        .unwrap();
    let bytes = std::fs::metadata(&segment).unwrap().len();
    std::fs::write(&segment, vec![0xff; bytes as usize]).unwrap();
    let damaged = LogReader::follow(dir.path()).unwrap_err();
    assert!(!damaged.is_not_there_yet(), "{damaged:?}");
}
