//! Logs that each format version wrote, committed as they were: they must be readable for good.
//!
//! Only the used part of each segment is kept (the rest is zeros). To make that of the present version anew, which
//! only a new version justifies: `LOG_CORE_GOLDEN=1 cargo test -p log-core --test it golden`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use log_core::format::{FORMAT_VERSION, FrameHeader, Kind, Parsed, SegmentHeader};
use log_core::{Config, Log, Reader, Record, Redaction, Sealing, verify};

use crate::support::{config, entries, payload};

const SEGMENT_BYTES: u64 = 12 * 1024;

fn golden(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}"))
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

/// Singles, a batch, a roll, a reopening, a sealed segment with a redacted record.
fn write(dir: &Path) {
    let all = records();
    let settings = Config {
        sealing: Some(Sealing {
            raw_segments: 1,
            level: 3,
        }),
        ..config(dir, SEGMENT_BYTES)
    };
    let log = Log::open(settings.clone()).unwrap();
    for record in &all[..3] {
        log.append(record.clone()).unwrap().wait().unwrap();
    }
    log.append_batch(all[3..6].to_vec())
        .unwrap()
        .wait()
        .unwrap();
    log.close().unwrap();
    let log = Log::open(settings).unwrap();
    for record in &all[6..9] {
        log.append(record.clone()).unwrap().wait().unwrap();
    }
    log.roll().unwrap().wait().unwrap();
    log.append(all[9].clone()).unwrap().wait().unwrap();
    log.roll().unwrap().wait().unwrap();
    log.append(all[10].clone()).unwrap().wait().unwrap();
    while log.seal_next().unwrap().is_some() {}
    log.redact(&[Redaction {
        sequence: REDACTED,
        payload: vec![b'x'; all[REDACTED as usize - 1].payload.len()].into(),
    }])
    .unwrap();
    log.reader().cursor("golden").unwrap().commit(5).unwrap();
    log.close().unwrap();
}

const REDACTED: u64 = 4;

#[test]
fn version_1_is_readable_for_good() {
    let dir = tempfile::tempdir().unwrap();
    if env::var_os("LOG_CORE_GOLDEN").is_some() {
        write(dir.path());
        let target = golden(1);
        fs::create_dir_all(target.join("cursors")).unwrap();
        for segment in log_core::stat(dir.path()).unwrap().segments {
            let mut bytes = fs::read(&segment.path).unwrap();
            let name = segment.path.file_name().unwrap();
            if segment.path.extension().unwrap() == "log" {
                bytes.truncate(segment.used_bytes as usize);
            }
            fs::write(target.join(name), bytes).unwrap();
        }
        for name in ["manifest.0", "manifest.1"] {
            // Zeros follow.
            let bytes = fs::read(dir.path().join(name)).unwrap();
            fs::write(target.join(name), &bytes[..512]).unwrap();
        }
        fs::copy(
            dir.path().join("cursors/golden.cursor"),
            target.join("cursors/golden.cursor"),
        )
        .unwrap();
        return;
    }
    fs::create_dir(dir.path().join("cursors")).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(golden(1)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            names.push(entry.file_name().into_string().unwrap());
            fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
    }
    let sealed = names.iter().filter(|name| name.ends_with(".log.zst"));
    assert_eq!(sealed.count(), 2, "{names:?}");
    let cursor = "cursors/golden.cursor";
    fs::copy(golden(1).join(cursor), dir.path().join(cursor)).unwrap();
    let reader = Reader::open_read_only(dir.path()).unwrap();
    let found = entries(&reader);
    let expected = records();
    assert_eq!(
        (found.len(), reader.first(), reader.durable_end()),
        (11, 1, 12)
    );
    for ((entry, record), number) in found.iter().zip(&expected).zip(1..) {
        assert_eq!((entry.sequence, entry.schema), (number, record.schema));
        assert_eq!(entry.redacted, number == REDACTED);
        if entry.redacted {
            assert_eq!(entry.payload, vec![b'x'; record.payload.len()]);
        } else {
            assert_eq!(entry.payload, record.payload);
        }
    }
    assert_eq!(reader.cursor("golden").unwrap().position(), 5);
    assert!(verify(dir.path()).unwrap().is_sound());
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
    let segment = |number: u32| fs::read(golden(1).join(format!("{number:010}.log"))).unwrap();
    let bytes = segment(4);
    let number = |value: u64| value.to_le_bytes();
    assert_eq!(&bytes[..8], b"ERRATLOG");
    assert_eq!(bytes[8..12], [1, 0, 0, 0], "format version");
    assert_eq!(bytes[32..40], number(4), "segment number");
    assert_eq!(bytes[40..48], number(11), "base sequence number");
    assert_eq!(bytes[56..60], [2, 0, 0, 0], "writer epoch");
    assert_eq!(bytes[112..120], SEGMENT_BYTES.to_le_bytes(), "bytes");
    assert_eq!(
        bytes[4092..4096],
        crc32fast::hash(&bytes[..4092]).to_le_bytes(),
        "header checksum"
    );
    let salt: [u8; 8] = bytes[64..72].try_into().unwrap();

    // The segment before ends with a seal, which this one repeats: its place and its hash.
    let before = segment(3);
    let seal = before.len() - (48 + 48);
    assert_eq!(bytes[72..80], number(seal as u64), "place of the seal");
    assert_eq!(before[seal..seal + 4], [48, 0, 0, 0], "payload length");
    assert_eq!(before[seal + 38], Kind::Seal as u8);
    let payload_of = &before[seal + 48..];
    assert_eq!(payload_of[..8], number(11), "next sequence number");
    assert_eq!(payload_of[8..16], number(seal as u64), "its own place");
    assert_eq!(payload_of[16..48], bytes[80..112], "seal hash");
    assert_ne!(bytes[80..112], [0; 32]);

    // The first frame is record 11, five bytes long.
    let frame = &bytes[4096..];
    assert_eq!(frame[..4], [5, 0, 0, 0], "payload length");
    assert_eq!(frame[8..16], number(11), "sequence number");
    assert_eq!(frame[24..32], number(11), "durable_to");
    assert_eq!(
        frame[32..36],
        crc32fast::hash(&payload(11, 5)).to_le_bytes(),
        "payload checksum"
    );
    assert_eq!(frame[36..38], [111, 0], "schema");
    assert_eq!(frame[38..40], [Kind::Data as u8, 0], "kind and flags");
    assert_eq!(frame[40..48], [2, 0, 0, 0, 0, 0, 0, 0], "epoch, key id");
    assert_eq!(frame[48..53], payload(11, 5)[..]);
    assert_eq!(frame[53..64], [0; 11], "padding");
    let mut covered = salt.to_vec();
    covered.extend_from_slice(&4096_u64.to_le_bytes());
    covered.extend_from_slice(&frame[..4]);
    covered.extend_from_slice(&frame[8..48]);
    assert_eq!(
        frame[4..8],
        crc32fast::hash(&covered).to_le_bytes(),
        "header checksum: salt, offset, the rest"
    );
    assert_eq!(kinds(&before), [(Kind::Data, 10), (Kind::Seal, 11)]);
    assert_eq!(kinds(&bytes), [(Kind::Data, 11), (Kind::Watermark, 12)]);
}

/// Kinds and sequence numbers of a segment's frames, which fill it.
fn kinds(bytes: &[u8]) -> Vec<(Kind, u64)> {
    let header = SegmentHeader::decode(bytes).unwrap();
    let mut kinds = Vec::new();
    let mut at = 4096;
    while let Parsed::Frame(frame) = FrameHeader::parse(&bytes[at..], header.salt, at as u64) {
        kinds.push((frame.kind, frame.sequence));
        at += frame.frame_bytes();
    }
    assert_eq!(at, bytes.len());
    kinds
}

/// Nothing but version 1 was ever released: what says otherwise is of a later release.
#[test]
fn a_later_version_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let name = "0000000004.log";
    let mut bytes = fs::read(golden(1).join(name)).unwrap();
    let later = FORMAT_VERSION + 1;
    bytes[8..12].copy_from_slice(&later.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..4092]).to_le_bytes();
    bytes[4092..4096].copy_from_slice(&crc);
    let error = SegmentHeader::decode(&bytes).unwrap_err().to_string();
    assert!(
        error.contains("format version is 2, this release reads 1"),
        "{error}"
    );
    fs::write(dir.path().join("0000000001.log"), bytes).unwrap();
    assert!(Reader::open_read_only(dir.path()).is_err());
}
