//! What happens to complete segments: sealed, redacted, dropped, scrubbed, found by time.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use log_core::{
    Config, Log, MaintainError, OpenError, ReadError, Reader, Redaction, Retention, Scrubbing,
    Sealing, verify,
};

use crate::support::{assert_holds, config, entries, fill, payload};

const LENGTH: usize = 300;

fn sealing(dir: &Path) -> Config {
    Config {
        sealing: Some(Sealing {
            raw_segments: 1,
            level: 3,
        }),
        ..config(dir, 16 * 1024)
    }
}

/// A log whose background thread has nothing to say before the test has.
fn sealed(dir: &Path, records: u64) -> Log {
    let log = Log::open(sealing(dir)).unwrap();
    fill(&log, 1, records, LENGTH);
    while log.seal_next().unwrap().is_some() {}
    log
}

fn names(dir: &Path, suffix: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(suffix))
        .collect();
    names.sort();
    names
}

#[test]
fn sealed_segments_are_read_like_raw_ones_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let log = sealed(dir.path(), 400);
    let complete = log.reader().segments().len() - 1;
    assert_eq!(names(dir.path(), ".log.zst").len(), complete - 1);
    assert_eq!(names(dir.path(), ".log").len(), 2, "one complete, one open");
    assert_holds(&log.reader(), 1, 400, LENGTH);
    for number in (1..400).rev() {
        let entry = log.reader().get(number).unwrap().unwrap();
        assert_eq!(entry.payload, payload(number, LENGTH));
        assert_eq!(entry.payload.as_ptr() as usize % 16, 0);
    }
    log.close().unwrap();
    assert!(verify(dir.path()).unwrap().is_sound());
    assert_holds(&Reader::open_read_only(dir.path()).unwrap(), 1, 400, LENGTH);
    let log = Log::open(sealing(dir.path())).unwrap();
    fill(&log, 400, 500, LENGTH);
    assert_holds(&log.reader(), 1, 500, LENGTH);
}

#[test]
fn a_reader_goes_on_while_its_segments_are_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(sealing(dir.path())).unwrap();
    fill(&log, 1, 400, LENGTH);
    let mut reading = log.reader().read(0);
    for number in 1..400 {
        if number == 20 {
            while log.seal_next().unwrap().is_some() {}
        }
        let entry = reading.next().unwrap().unwrap();
        assert_eq!(
            (entry.sequence, &entry.payload[..]),
            (number, &payload(number, LENGTH)[..])
        );
    }
}

#[test]
fn rot_in_a_sealed_segment_is_named_and_read_around() {
    let dir = tempfile::tempdir().unwrap();
    sealed(dir.path(), 400).close().unwrap();
    let path = dir.path().join("0000000002.log.zst");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let verification = verify(dir.path()).unwrap();
    assert!(!verification.is_sound());
    let damaged = &verification.segments[1];
    assert_eq!((damaged.path.clone(), damaged.damage.len()), (path, 1));
    let reader = Reader::open_read_only(dir.path()).unwrap();
    let (first, end) = (damaged.base, verification.segments[2].base);
    for number in 1..400 {
        let read = reader.get(number);
        assert_eq!(read.is_err(), (first..end).contains(&number), "{number}");
    }
}

#[test]
fn what_is_dropped_is_gone_for_good_and_named_so() {
    let dir = tempfile::tempdir().unwrap();
    let log = sealed(dir.path(), 400);
    let segments = log.reader().segments();
    let kept = &segments[3];
    let nothing = log.drop_below(segments[0].end - 1).unwrap();
    assert_eq!((nothing.segments, nothing.first), (0, 1));
    let plan = log
        .retention_plan(&Retention {
            bytes_max: Some(1),
            ..Retention::default()
        })
        .unwrap();
    assert_eq!(plan.below, segments.last().unwrap().base);
    let dropped = log.drop_below(kept.base).unwrap();
    assert_eq!((dropped.segments, dropped.first), (3, kept.base));
    assert!(dropped.bytes > 0);
    let reader = log.reader();
    assert_holds(&reader, kept.base, 400, LENGTH);
    assert!(matches!(
        reader.get(1),
        Err(ReadError::NotRetained { sequence: 1, first }) if first == kept.base
    ));
    log.close().unwrap();
    let log = Log::open(sealing(dir.path())).unwrap();
    assert_holds(&log.reader(), kept.base, 400, LENGTH);
    log.close().unwrap();
    // Retained and gone is a loss.
    fs::remove_file(dir.path().join(format!("{:010}.log.zst", kept.number))).unwrap();
    assert!(matches!(
        Log::open(sealing(dir.path())),
        Err(OpenError::Missing { number, .. }) if number == kept.number
    ));
}

#[test]
fn a_redacted_record_keeps_its_number_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(sealing(dir.path())).unwrap();
    fill(&log, 1, 400, LENGTH);
    log.seal_next().unwrap();
    let last_complete = log
        .reader()
        .segments()
        .iter()
        .rev()
        .find(|one| one.complete)
        .unwrap()
        .base;
    let blank = |sequence| Redaction {
        sequence,
        payload: vec![b'x'; LENGTH].into(),
    };
    // In a sealed segment, and in a raw one.
    let gone = [3, 4, last_complete];
    let mut reading = log.reader().read(0);
    assert_eq!(reading.next().unwrap().unwrap().payload, payload(1, LENGTH));
    log.redact(&gone.map(blank)).unwrap();
    log.redact(&[blank(5)]).unwrap();
    let check = |entry: &log_core::Entry| {
        let redacted = gone.contains(&entry.sequence) || entry.sequence == 5;
        assert_eq!(entry.redacted, redacted, "{}", entry.sequence);
        if redacted {
            assert!(entry.payload.iter().all(|&byte| byte == b'x'));
        } else {
            assert_eq!(entry.payload, payload(entry.sequence, LENGTH));
        }
    };
    assert_eq!(
        reading.by_ref().map(|entry| check(&entry.unwrap())).count(),
        398
    );
    for (number, length, error) in [
        (3, LENGTH + 1, "length"),
        (399, LENGTH, "open"),
        (400, LENGTH, "none"),
    ] {
        let refused = log.redact(&[Redaction {
            sequence: number,
            payload: vec![0; length].into(),
        }]);
        let found = match refused.unwrap_err() {
            MaintainError::Length { .. } => "length",
            MaintainError::StillOpen { .. } => "open",
            MaintainError::NoSuchRecord { .. } => "none",
            other => panic!("{other}"),
        };
        assert_eq!(found, error);
    }
    log.close().unwrap();
    // The chain of hashes still holds, and no byte of what was redacted is left in the directory.
    assert!(verify(dir.path()).unwrap().is_sound());
    let reader = Reader::open_read_only(dir.path()).unwrap();
    entries(&reader).iter().for_each(check);
}

#[test]
fn records_are_found_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let log = sealed(dir.path(), 400);
    let entries = entries(&log.reader());
    assert_eq!(log.reader().at_time(0).unwrap(), 1);
    assert_eq!(log.reader().at_time(i64::MAX).unwrap(), 400);
    for entry in entries.iter().step_by(7) {
        let found = log.reader().at_time(entry.time_ns).unwrap();
        // Records of one group bear one time.
        let first = entries
            .iter()
            .find(|one| one.time_ns >= entry.time_ns)
            .unwrap();
        assert_eq!(found, first.sequence);
    }
}

#[test]
fn the_scrubber_finds_rot_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    sealed(dir.path(), 400).close().unwrap();
    let path = dir.path().join("0000000002.log.zst");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let log = Log::open(Config {
        scrubbing: Some(Scrubbing {
            bytes_per_second: 1 << 30,
            pause: Duration::ZERO,
        }),
        ..sealing(dir.path())
    })
    .unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let scrubbed = loop {
        let scrubbed = log.maintenance().scrubbed;
        if scrubbed.passes > 0 {
            break scrubbed;
        }
        assert!(Instant::now() < deadline, "{scrubbed:?}");
        std::thread::yield_now();
    };
    let damaged: Vec<_> = scrubbed.damaged.iter().map(|(number, _)| *number).collect();
    assert_eq!(damaged, [2]);
    assert!(scrubbed.bytes > 0);
    log.close().unwrap();
}
