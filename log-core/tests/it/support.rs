//! Small helpers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use log_core::{Config, Entry, Log, Reader, Record};

pub(crate) fn config(dir: &Path, segment_bytes: u64) -> Config {
    Config {
        segment_bytes,
        // What is complete stays as it is until a test says otherwise.
        sealing: None,
        scrubbing: None,
        ..Config::control(dir)
    }
}

pub(crate) fn small(dir: &Path) -> Config {
    config(dir, 64 * 1024)
}

pub(crate) fn record(payload: impl Into<Vec<u8>>) -> Record {
    Record {
        schema: 7,
        payload: payload.into().into(),
    }
}

/// A payload that tells which record it is.
pub(crate) fn payload(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

/// Appends records `from..to` one by one, each durable before the next.
pub(crate) fn fill(log: &Log, from: u64, to: u64, length: usize) {
    for number in from..to {
        let range = log
            .append(record(payload(number, length)))
            .unwrap()
            .wait()
            .unwrap();
        assert_eq!(range, number..number + 1);
    }
}

pub(crate) fn entries(reader: &Reader) -> Vec<Entry> {
    reader.read(0).map(Result::unwrap).collect()
}

/// Holds that the log is exactly records `first..end` of `payload(number, length)`.
pub(crate) fn assert_holds(reader: &Reader, first: u64, end: u64, length: usize) {
    assert_eq!((reader.first(), reader.durable_end()), (first, end));
    let entries = entries(reader);
    assert_eq!(entries.len() as u64, end - first);
    for (entry, number) in entries.iter().zip(first..) {
        assert_eq!(entry.sequence, number);
        assert_eq!(entry.payload, payload(number, length), "record {number}");
        assert_eq!(reader.get(number).unwrap().as_ref(), Some(entry));
    }
}

pub(crate) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.log"))
}

/// Long enough for a loaded machine, short enough to end a test that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
