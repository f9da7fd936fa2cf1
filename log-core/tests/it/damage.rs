//! Rot, torn tails, missing and foreign segments, on files.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use log_core::{
    Config, Fault, Log, OpenError, ReadError, Reader, RepairMode, Sealing, SegmentVerdict, verify,
};

use crate::support::{assert_holds, fill, payload, record, segment_path, small};

fn flip(path: &Path, at: u64, mask: u8) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ mask], at).unwrap();
}

/// Where `needle` stands in the file.
fn find(path: &Path, needle: &[u8]) -> u64 {
    let bytes = fs::read(path).unwrap();
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
        .unwrap() as u64
}

/// Copies a closed log.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// A closed log of records `1..end`.
fn closed(end: u64, length: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, end, length);
    log.close().unwrap();
    dir
}

#[test]
fn rot_in_the_tail_is_refused_named_and_read_around() {
    let dir = closed(30, 300);
    let path = segment_path(dir.path(), 1);
    let payload_at = find(&path, &payload(12, 300));
    flip(&path, payload_at + 299, 0x10);
    let before = fs::read(&path).unwrap();
    let frame = payload_at - 48..payload_at + 304;
    match Log::open(small(dir.path())).unwrap_err() {
        OpenError::Rot {
            bytes, sequences, ..
        } => assert_eq!((bytes, sequences), (frame.clone(), 12..13)),
        other => panic!("{other}"),
    }
    assert_eq!(fs::read(&path).unwrap(), before, "nothing was changed");
    let reader = Reader::open_read_only(dir.path()).unwrap();
    assert_eq!(reader.durable_end(), 30);
    for number in 1..30 {
        match reader.get(number) {
            Ok(entry) => assert_eq!(entry.unwrap().payload, payload(number, 300)),
            Err(ReadError::Damaged {
                sequence,
                offset,
                fault,
                ..
            }) => {
                assert_eq!((sequence, offset, fault), (12, frame.start, Fault::Payload));
                assert_eq!(number, 12);
            }
            Err(other) => panic!("{other}"),
        }
    }
    let mut records = reader.read(1);
    assert_eq!(records.by_ref().map_while(Result::ok).count(), 11);
    assert!(records.next().is_none(), "an iterator does not skip damage");
    let verification = verify(dir.path()).unwrap();
    assert!(!verification.is_sound());
    let segment = &verification.segments[0];
    assert_eq!(
        (segment.verdict, segment.records),
        (SegmentVerdict::Damaged, 28)
    );
    assert_eq!(
        (
            segment.damage[0].bytes.clone(),
            segment.damage[0].sequences.clone()
        ),
        (frame, 12..13)
    );
}

#[test]
fn rot_in_a_complete_segment_is_found_by_reading_and_by_verify() {
    let dir = closed(400, 300);
    for (needle, header) in [(payload(20, 300), false), (payload(40, 300), true)] {
        let path = segment_path(dir.path(), 1);
        let at = find(&path, &needle);
        flip(&path, if header { at - 40 } else { at }, 1);
    }
    let log = Log::open(small(dir.path())).unwrap();
    let reader = log.reader();
    for number in 1..400 {
        let expected = match number {
            20 => Err((20, Fault::Payload)),
            40 => Err((40, Fault::Header)),
            _ => Ok(payload(number, 300)),
        };
        let found = match reader.get(number) {
            Ok(entry) => Ok(entry.unwrap().payload.to_vec()),
            Err(ReadError::Damaged {
                sequence, fault, ..
            }) => Err((sequence, fault)),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, expected);
    }
    let verification = verify(dir.path()).unwrap();
    let damage = &verification.segments[0].damage;
    let ranges: Vec<_> = damage
        .iter()
        .map(|damage| damage.sequences.clone())
        .collect();
    assert_eq!(ranges, [20..21, 40..41]);
    assert!(
        verification.segments[1..]
            .iter()
            .all(|segment| segment.verdict == SegmentVerdict::Sound)
    );
}

#[test]
fn a_torn_tail_is_kept_aside_and_zeroed() {
    let dir = closed(10, 100);
    let path = segment_path(dir.path(), 1);
    let sound = log_core::stat(dir.path()).unwrap().segments[0].used_bytes;
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let rubbish = payload(99, 5000);
    file.write_all_at(&rubbish, sound).unwrap();
    assert_eq!(
        verify(dir.path()).unwrap().segments[0].verdict,
        SegmentVerdict::TornTail
    );
    assert_holds(&Reader::open_read_only(dir.path()).unwrap(), 1, 10, 100);

    let log = Log::open(small(dir.path())).unwrap();
    let torn = log.recovery().torn.clone().unwrap();
    assert_eq!(
        (torn.bytes.clone(), &torn.path),
        (sound..sound + 5000, &path)
    );
    assert_eq!(fs::read(torn.saved_to.as_ref().unwrap()).unwrap(), rubbish);
    // Behind the new epoch frame there are zeros.
    let bytes = fs::read(&path).unwrap();
    assert!(bytes[sound as usize + 64..].iter().all(|&byte| byte == 0));
    assert_eq!(bytes.len(), 64 * 1024, "the size stays");
    assert_holds(&log.reader(), 1, 10, 100);
    fill(&log, 10, 20, 100);
    log.close().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    assert!(log.recovery().torn.is_none());
    assert_holds(&log.reader(), 1, 20, 100);
}

#[test]
fn a_batch_cut_at_any_length_is_whole_or_absent() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 3, 40);
    let batch = (3..7).map(|number| record(payload(number, 40))).collect();
    log.append_batch(batch).unwrap().wait().unwrap();
    log.close().unwrap();
    let path = segment_path(dir.path(), 1);
    let start = find(&path, &payload(3, 40)) - 48;
    let used = log_core::stat(dir.path()).unwrap().segments[0].used_bytes;
    // Without the frame that proves them, the batch was the last group.
    for length in (start..used - 64)
        .step_by(7)
        .chain([used - 64, used - 65, used - 80])
    {
        let cut = tempfile::tempdir().unwrap();
        copy(dir.path(), cut.path());
        OpenOptions::new()
            .write(true)
            .open(segment_path(cut.path(), 1))
            .unwrap()
            .set_len(length)
            .unwrap();
        let log = Log::open(small(cut.path())).unwrap();
        let end = if length == used - 64 { 7 } else { 3 };
        assert_holds(&log.reader(), 1, end, 40);
        fill(&log, end, end + 3, 40);
        drop(log);
        assert_holds(&Reader::open_read_only(cut.path()).unwrap(), 1, end + 3, 40);
    }
    // With it, a cut is rot.
    flip(&path, start, 1);
    assert!(
        matches!(Log::open(small(dir.path())), Err(OpenError::Rot { sequences, .. }) if sequences == (3..4))
    );
}

#[test]
fn a_file_that_ends_within_the_last_padding_is_opened() {
    let dir = closed(10, 41);
    let path = segment_path(dir.path(), 1);
    // The watermark behind the last record goes too.
    let end = log_core::stat(dir.path()).unwrap().segments[0].used_bytes - 64;
    for cut in 1..=7 {
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(end - cut).unwrap();
        let log = Log::open(small(dir.path())).unwrap();
        assert_holds(&log.reader(), 1, 10, 41);
        drop(log);
        assert!(verify(dir.path()).unwrap().is_sound());
    }
}

#[test]
fn what_was_cut_off_leaves_nothing_in_the_index() {
    let dir = closed(3, 40);
    let log = Log::open(small(dir.path())).unwrap();
    let batch = (3..9).map(|number| record(payload(number, 5000))).collect();
    log.append_batch(batch).unwrap().wait().unwrap();
    log.close().unwrap();
    let path = segment_path(dir.path(), 1);
    let last = find(&path, &payload(8, 5000));
    OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(last)
        .unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    assert_eq!(
        (
            log.durable_end(),
            log.recovery().torn.as_ref().unwrap().fault
        ),
        (3, Fault::Length)
    );
    fill(&log, 3, 12, 40);
    assert_holds(&log.reader(), 1, 12, 40);
}

#[test]
fn a_missing_segment_is_named() {
    let dir = closed(600, 300);
    assert!(log_core::stat(dir.path()).unwrap().segments.len() > 3);
    // The first one too: the manifest knows that nothing was dropped.
    for number in [3, 1] {
        fs::remove_file(segment_path(dir.path(), number)).unwrap();
        let missing =
            |error| matches!(error, OpenError::Missing { number: named, .. } if named == number);
        assert!(missing(Log::open(small(dir.path())).unwrap_err()));
        assert!(missing(Reader::open_read_only(dir.path()).unwrap_err()));
    }
}

/// Takes the manifest away: what it would say about the segments first is not what is tested.
fn forget_manifest(dir: &Path) {
    for name in ["manifest.0", "manifest.1"] {
        fs::remove_file(dir.join(name)).unwrap();
    }
}

/// Rewrites the base sequence number in a header, with its checksum.
fn rebase(path: &Path, change: i64) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut page = [0; 4096];
    file.read_exact_at(&mut page, 0).unwrap();
    let base = u64::from_le_bytes(page[40..48].try_into().unwrap()).wrapping_add_signed(change);
    page[40..48].copy_from_slice(&base.to_le_bytes());
    let crc = crc32fast::hash(&page[..4092]);
    page[4092..].copy_from_slice(&crc.to_le_bytes());
    file.write_all_at(&page, 0).unwrap();
}

#[test]
fn holes_and_overlaps_between_segments_are_named() {
    let dir = closed(300, 300);
    let path = segment_path(dir.path(), 2);
    rebase(&path, 2);
    assert!(matches!(
        Log::open(small(dir.path())),
        Err(OpenError::Manifest { .. })
    ));
    forget_manifest(dir.path());
    match Log::open(small(dir.path())).unwrap_err() {
        OpenError::Hole {
            path: named,
            expected,
            found,
        } => {
            assert_eq!((named, found), (path.clone(), expected + 2));
        }
        other => panic!("{other}"),
    }
    rebase(&path, -5);
    match Log::open(small(dir.path())).unwrap_err() {
        OpenError::Overlap {
            path: named,
            expected,
            found,
        } => {
            assert_eq!((named, found), (path, expected - 3));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn foreign_and_broken_segments_are_named() {
    let dir = closed(300, 300);
    let other = closed(300, 300);
    let second = segment_path(dir.path(), 2);
    let saved = fs::read(&second).unwrap();
    fs::copy(segment_path(other.path(), 2), &second).unwrap();
    assert!(
        matches!(Log::open(small(dir.path())), Err(OpenError::Foreign { path, .. }) if path == second)
    );
    fs::copy(segment_path(dir.path(), 1), &second).unwrap();
    assert!(
        matches!(Log::open(small(dir.path())), Err(OpenError::Foreign { path, .. }) if path == second)
    );
    for at in [0, 9, 33, 2000, 4095] {
        fs::write(&second, &saved).unwrap();
        flip(&second, at, 0x80);
        assert!(
            matches!(Log::open(small(dir.path())), Err(OpenError::Header { path, .. }) if path == second)
        );
    }
    fs::write(&second, &saved[..1000]).unwrap();
    assert!(
        matches!(Log::open(small(dir.path())), Err(OpenError::Header { path, .. }) if path == second)
    );
    fs::write(&second, &saved).unwrap();
    fs::write(dir.path().join("notes.txt"), "left by a person").unwrap();
    assert_holds(&Log::open(small(dir.path())).unwrap().reader(), 1, 300, 300);
}

#[test]
fn a_rotten_seal_is_refused_for_writing_only() {
    let dir = closed(300, 300);
    let used = log_core::stat(dir.path()).unwrap().segments[0].used_bytes;
    flip(&segment_path(dir.path(), 1), used - 30, 4);
    assert!(
        matches!(Log::open(small(dir.path())), Err(OpenError::Rot { sequences, .. }) if sequences.is_empty())
    );
    assert_holds(&Reader::open_read_only(dir.path()).unwrap(), 1, 300, 300);
    assert!(!verify(dir.path()).unwrap().is_sound());
}

#[test]
fn bytes_that_come_back_behind_a_seal_are_no_damage() {
    let dir = closed(300, 300);
    let path = segment_path(dir.path(), 1);
    let used = log_core::stat(dir.path()).unwrap().segments[0].used_bytes;
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    // Frames of this very segment, and rubbish.
    let frames = &fs::read(&path).unwrap()[4096..5000];
    file.write_all_at(frames, used).unwrap();
    file.write_all_at(&[0xa5; 77], used + 1000).unwrap();

    let verification = verify(dir.path()).unwrap();
    assert!(verification.is_sound(), "{verification:?}");
    let first = &verification.segments[0];
    assert_eq!(first.verdict, SegmentVerdict::TornTail);
    assert_eq!(first.damage[0].bytes, used..used + 1077);
    let repair = log_core::repair(dir.path(), RepairMode::DryRun).unwrap();
    assert_eq!(repair.findings, []);
    assert_holds(&Reader::open_read_only(dir.path()).unwrap(), 1, 300, 300);
    // Damage before the seal is still damage.
    flip(&path, 4096 + 60, 1);
    assert!(!verify(dir.path()).unwrap().is_sound());
    flip(&path, 4096 + 60, 1);

    let log = Log::open(Config {
        sealing: Some(Sealing {
            raw_segments: 0,
            level: 3,
        }),
        ..small(dir.path())
    })
    .unwrap();
    while log.seal_next().unwrap().is_some() {}
    assert_holds(&log.reader(), 1, 300, 300);
    drop(log);
    assert!(!path.exists());
    let first = &verify(dir.path()).unwrap().segments[0];
    assert_eq!(first.verdict, SegmentVerdict::Sound);
}

#[test]
fn a_truncated_complete_segment_loses_only_what_is_gone() {
    let dir = closed(300, 300);
    let path = segment_path(dir.path(), 1);
    let at = find(&path, &payload(100, 300));
    OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(at + 5)
        .unwrap();
    assert!(
        matches!(Log::open(small(dir.path())), Err(OpenError::Rot { sequences, .. }) if sequences.start == 100)
    );
    let reader = Reader::open_read_only(dir.path()).unwrap();
    let base = reader.segments()[1].base;
    for number in 1..300 {
        assert_eq!(
            reader.get(number).is_err(),
            (100..base).contains(&number),
            "{number}"
        );
    }
    let verification = verify(dir.path()).unwrap();
    assert_eq!(
        verification.segments[0].damage.last().unwrap().sequences,
        100..base
    );
}

#[test]
fn a_crash_between_seal_and_next_segment_is_gone_over() {
    let dir = closed(300, 300);
    let last = log_core::stat(dir.path()).unwrap().segments.len() as u64;
    // The last segment never came to be; what was in it was never acknowledged then.
    fs::remove_file(segment_path(dir.path(), last)).unwrap();
    forget_manifest(dir.path());
    fs::write(dir.path().join("next.tmp"), vec![0; 64 * 1024]).unwrap();
    let reader = Reader::open_read_only(dir.path()).unwrap();
    let end = reader.durable_end();
    assert!(reader.segment_of(end - 1).unwrap().complete);
    let log = Log::open(small(dir.path())).unwrap();
    assert_eq!(log.recovery().next, end);
    fill(&log, end, end + 200, 300);
    assert_holds(&log.reader(), 1, end + 200, 300);
}
