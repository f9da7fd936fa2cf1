//! A log that format version 1 wrote, committed as it was: it must be readable for good.
//!
//! Only the used part of each segment is kept (the rest is zeros). To make it anew, which only a new format
//! version justifies: `LOG_CORE_GOLDEN=1 cargo test -p log-core --test it golden`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use log_core::format::{FrameHeader, Kind, Parsed, SegmentHeader};
use log_core::{Log, Reader, Record, verify};

use crate::support::{config, entries, payload};

const SEGMENT_BYTES: u64 = 12 * 1024;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn records() -> Vec<Record> {
    let lengths = [1, 16, 17, 400, 3000, 33, 2000, 2, 2500, 64, 5];
    (1..)
        .zip(lengths)
        .map(|(number, length)| Record {
            schema: 100 + number as u16,
            payload: payload(number, length).into(),
        })
        .collect()
}

/// Singles, a batch, a roll, a reopening.
fn write(dir: &Path) {
    let all = records();
    let log = Log::open(config(dir, SEGMENT_BYTES)).unwrap();
    for record in &all[..3] {
        log.append(record.clone()).unwrap().wait().unwrap();
    }
    log.append_batch(all[3..6].to_vec())
        .unwrap()
        .wait()
        .unwrap();
    drop(log);
    let log = Log::open(config(dir, SEGMENT_BYTES)).unwrap();
    for record in &all[6..] {
        log.append(record.clone()).unwrap().wait().unwrap();
    }
    log.reader().cursor("golden").unwrap().commit(5).unwrap();
    log.close().unwrap();
}

#[test]
fn version_1_is_readable_for_good() {
    let dir = tempfile::tempdir().unwrap();
    if env::var_os("LOG_CORE_GOLDEN").is_some() {
        write(dir.path());
        fs::create_dir_all(golden().join("cursors")).unwrap();
        for segment in log_core::stat(dir.path()).unwrap().segments {
            let bytes = fs::read(&segment.path).unwrap();
            let name = segment.path.file_name().unwrap();
            fs::write(golden().join(name), &bytes[..segment.used_bytes as usize]).unwrap();
        }
        fs::copy(
            dir.path().join("cursors/golden.cursor"),
            golden().join("cursors/golden.cursor"),
        )
        .unwrap();
        return;
    }
    fs::create_dir(dir.path().join("cursors")).unwrap();
    for name in ["0000000001.log", "0000000002.log", "cursors/golden.cursor"] {
        fs::copy(golden().join(name), dir.path().join(name)).unwrap();
    }
    let reader = Reader::open_read_only(dir.path()).unwrap();
    let found = entries(&reader);
    let expected = records();
    assert_eq!(
        (found.len(), reader.first(), reader.durable_end()),
        (11, 1, 12)
    );
    for ((entry, record), number) in found.iter().zip(&expected).zip(1..) {
        assert_eq!((entry.sequence, entry.schema), (number, record.schema));
        assert_eq!(entry.payload, record.payload);
        assert!((1_700_000_000_000_000_000..4_000_000_000_000_000_000).contains(&entry.time_ns));
    }
    assert_eq!(reader.cursor("golden").unwrap().position(), 5);
    assert!(verify(dir.path()).unwrap().is_sound());
    // And written to by this release.
    let log = Log::open(config(dir.path(), SEGMENT_BYTES)).unwrap();
    assert_eq!(
        (
            log.recovery().next,
            log.recovery().epoch,
            log.recovery().proven
        ),
        (12, 3, 12)
    );
    let last = Record {
        schema: 1,
        payload: payload(12, 77).into(),
    };
    assert_eq!(log.append(last).unwrap().wait(), Ok(12..13));
    assert_eq!(entries(&log.reader()).len(), 12);
}

/// The layout itself, byte by byte, apart from the code that reads it.
#[test]
fn version_1_has_its_fields_where_the_contract_says() {
    let bytes = fs::read(golden().join("0000000001.log")).unwrap();
    assert_eq!(&bytes[..8], b"ERRATLOG");
    assert_eq!(bytes[8..12], [1, 0, 0, 0], "format version");
    assert_eq!(bytes[32..40], [1, 0, 0, 0, 0, 0, 0, 0], "segment number");
    assert_eq!(
        bytes[40..48],
        [1, 0, 0, 0, 0, 0, 0, 0],
        "base sequence number"
    );
    assert_eq!(bytes[56..60], [1, 0, 0, 0], "writer epoch");
    assert_eq!(bytes[72..112], [0; 40], "no previous seal");
    assert_eq!(
        bytes[112..120],
        SEGMENT_BYTES.to_le_bytes(),
        "segment bytes"
    );
    assert_eq!(
        bytes[4092..4096],
        crc32fast::hash(&bytes[..4092]).to_le_bytes(),
        "header checksum"
    );
    let salt: [u8; 8] = bytes[64..72].try_into().unwrap();

    // The first frame says that epoch 1 begins; the second is record 1, one byte long.
    let frame = &bytes[4096 + 64..];
    assert_eq!(frame[..4], [1, 0, 0, 0], "payload length");
    assert_eq!(frame[8..16], [1, 0, 0, 0, 0, 0, 0, 0], "sequence number");
    assert_eq!(frame[24..32], [1, 0, 0, 0, 0, 0, 0, 0], "durable_to");
    assert_eq!(
        frame[32..36],
        crc32fast::hash(&payload(1, 1)).to_le_bytes(),
        "payload checksum"
    );
    assert_eq!(frame[36..38], [101, 0], "schema");
    assert_eq!(frame[38..40], [Kind::Data as u8, 0], "kind and flags");
    assert_eq!(
        frame[40..48],
        [1, 0, 0, 0, 0, 0, 0, 0],
        "writer epoch, key id"
    );
    assert_eq!(frame[48..49], payload(1, 1)[..]);
    assert_eq!(frame[49..64], [0; 15], "padding");
    let mut covered = salt.to_vec();
    covered.extend_from_slice(&(4096 + 64_u64).to_le_bytes());
    covered.extend_from_slice(&frame[..4]);
    covered.extend_from_slice(&frame[8..48]);
    assert_eq!(
        frame[4..8],
        crc32fast::hash(&covered).to_le_bytes(),
        "header checksum: salt, offset, the rest"
    );

    let header = SegmentHeader::decode(&bytes).unwrap();
    let mut kinds = Vec::new();
    let mut at = 4096;
    while let Parsed::Frame(frame) = FrameHeader::parse(&bytes[at..], header.salt, at as u64) {
        kinds.push((frame.kind, frame.sequence));
        at += frame.frame_bytes();
    }
    assert_eq!(at, bytes.len());
    let data = |sequence| (Kind::Data, sequence);
    assert_eq!(
        kinds,
        [
            (Kind::Epoch, 1),
            data(1),
            data(2),
            data(3),
            data(4),
            data(5),
            data(6),
            (Kind::BatchEnd, 7),
            (Kind::Watermark, 7),
            (Kind::Epoch, 7),
            data(7),
            data(8),
            (Kind::Seal, 9),
        ]
    );
    let second =
        SegmentHeader::decode(&fs::read(golden().join("0000000002.log")).unwrap()).unwrap();
    assert_eq!((second.number, second.base, second.epoch), (2, 9, 2));
    assert_eq!(
        (second.log_id, second.previous_seal_offset),
        (header.log_id, at as u64 - 64)
    );
    assert_ne!(second.salt, header.salt);
}
