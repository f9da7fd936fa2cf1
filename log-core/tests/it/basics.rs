//! Round trips, rolls, reopening, refusals.

use std::time::Duration;

use log_core::{AppendError, Config, Log, OpenError, Reader, WriterState};

use crate::support::{PATIENCE, assert_holds, config, entries, fill, payload, record, small};

#[test]
fn records_of_all_sizes_come_back_whole_and_aligned() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(config(dir.path(), 1 << 20)).unwrap();
    let lengths = [1, 2, 15, 16, 17, 31, 4095, 4096, 4097, 65_536, 300_000];
    for (number, &length) in (1..).zip(&lengths) {
        let range = log
            .append(record(payload(number, length)))
            .unwrap()
            .wait()
            .unwrap();
        assert_eq!(range, number..number + 1);
    }
    let found = entries(&log.reader());
    assert_eq!(found.len(), lengths.len());
    for (entry, (number, &length)) in found.iter().zip((1..).zip(&lengths)) {
        assert_eq!((entry.sequence, entry.schema), (number, 7));
        assert_eq!(entry.payload, payload(number, length));
        assert_eq!(entry.payload.as_ptr() as usize % 16, 0, "rkyv needs it");
        assert!(entry.time_ns > 1_600_000_000_000_000_000);
    }
}

#[test]
fn rolls_and_reopens() {
    let dir = tempfile::tempdir().unwrap();
    let mut next = 1;
    for _ in 0..4 {
        let log = Log::open(small(dir.path())).unwrap();
        assert_eq!(log.recovery().next, next);
        assert_holds(&log.reader(), 1, next, 1000);
        fill(&log, next, next + 100, 1000);
        next += 100;
        assert_holds(&log.reader(), 1, next, 1000);
        log.close().unwrap();
    }
    let reader = Reader::open_read_only(dir.path()).unwrap();
    assert_holds(&reader, 1, next, 1000);
    let segments = reader.segments();
    assert!(segments.len() > 5, "{segments:?}");
    for pair in segments.windows(2) {
        assert!(pair[0].complete);
        assert_eq!(
            (pair[0].number + 1, pair[0].end),
            (pair[1].number, pair[1].base)
        );
        assert_eq!(reader.segment_of(pair[0].base).unwrap(), pair[0]);
        assert_eq!(reader.segment_of(pair[0].end - 1).unwrap(), pair[0]);
    }
    assert!(!segments.last().unwrap().complete);
}

#[test]
fn an_old_segment_is_completed_although_nothing_more_comes() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(Config {
        segment_age: Duration::from_millis(1),
        ..small(dir.path())
    })
    .unwrap();
    fill(&log, 1, 3, 100);
    let reader = log.reader();
    let deadline = std::time::Instant::now() + PATIENCE;
    while !reader.segment_of(2).unwrap().complete {
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
    assert_eq!(reader.segment_of(2).unwrap().end, 3);
    fill(&log, 3, 5, 100);
    assert_holds(&reader, 1, 5, 100);
}

#[test]
fn refuses_what_it_cannot_hold() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    assert_eq!(log.append(record([])).unwrap_err(), AppendError::Empty);
    assert_eq!(log.append_batch(vec![]).unwrap_err(), AppendError::Empty);
    assert_eq!(
        log.append_batch(vec![record([1]), record([])]).unwrap_err(),
        AppendError::Empty
    );
    assert!(matches!(
        log.append(record(vec![1; 64 * 1024])).unwrap_err(),
        AppendError::TooLarge { .. }
    ));
    let largest = 64 * 1024 - 4096 - 64 - 96 - 48;
    assert_eq!(
        log.append(record(vec![1; largest]))
            .unwrap()
            .wait()
            .unwrap(),
        1..2
    );
    assert_eq!(
        log.append(record(vec![2; largest]))
            .unwrap()
            .wait()
            .unwrap(),
        2..3
    );
    assert!(log.append(record(vec![3; largest + 1])).is_err());
    log.close().unwrap();
    assert_eq!(log.append(record([1])).unwrap_err(), AppendError::Closed);
    assert_eq!(log.state(), WriterState::Closed);
}

#[test]
fn a_setting_out_of_range_is_named() {
    let dir = tempfile::tempdir().unwrap();
    for bytes in [0, 4096, 8193, 1 << 40] {
        let error = Log::open(config(dir.path(), bytes)).unwrap_err();
        assert!(
            matches!(error, OpenError::Config { setting: "segment_bytes", value, .. } if value == bytes)
        );
    }
}

#[test]
fn a_second_writer_is_refused_with_the_holders_pid() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    match Log::open(small(dir.path())).unwrap_err() {
        OpenError::Locked { pid, .. } => assert_eq!(pid, std::process::id()),
        other => panic!("{other}"),
    }
    log.close().unwrap();
    Log::open(small(dir.path())).unwrap();
}

#[test]
fn a_segment_is_completed_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    assert_eq!(log.roll().unwrap().wait(), Ok(1..1), "nothing to complete");
    assert_eq!(log.reader().segments().len(), 1);
    fill(&log, 1, 4, 100);
    assert_eq!(log.roll().unwrap().wait(), Ok(4..4));
    fill(&log, 4, 6, 100);
    let ends: Vec<_> = log
        .reader()
        .segments()
        .iter()
        .map(|segment| (segment.base, segment.end, segment.complete))
        .collect();
    assert_eq!(ends, [(1, 4, true), (4, 6, false)]);
    assert_holds(&log.reader(), 1, 6, 100);
}

#[test]
fn an_error_is_told_with_all_its_causes() {
    let cause = std::io::Error::other("no such device");
    let error = log_core::OpenError::Io {
        step: "open",
        path: "/log".into(),
        source: cause,
    };
    let told = ground::with_causes(&error);
    assert!(told.ends_with("/log: no such device"), "{told}");
}
