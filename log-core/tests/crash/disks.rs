//! Disks that refuse: mounted read-only, or full.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use log_core::{
    AppendError, CommitError, CursorError, Log, OpenError, Reader, WriterState, stat, verify,
};

use crate::image::{EXT4, Image};
use crate::separate::with_own_mounts;
use crate::support::{PATIENCE, assert_holds, config, fill, payload, record};

const SEGMENT_BYTES: u64 = 256 * 1024;
const IMAGE_MEBIBYTES: u64 = 24;
const LENGTH: usize = 1000;

fn mounted(dir: &Path) -> (Image, PathBuf) {
    let mut image = Image::create(dir, EXT4, IMAGE_MEBIBYTES).unwrap();
    image.mount("defaults").unwrap();
    let log = image.path().join("log");
    (image, log)
}

#[test]
fn a_read_only_disk_is_read_and_refused_to_the_writer_by_name() {
    with_own_mounts(
        "disks::a_read_only_disk_is_read_and_refused_to_the_writer_by_name",
        |dir| {
            let (mut image, dir) = mounted(dir);
            let log = Log::open(config(&dir, SEGMENT_BYTES)).unwrap();
            fill(&log, 1, 600, LENGTH);
            drop(log.reader().cursor("one").unwrap());
            log.close().unwrap();
            drop(log);
            image.unmount().unwrap();
            image.mount("ro").unwrap();

            match Log::open(config(&dir, SEGMENT_BYTES)) {
                Err(OpenError::Io { path, source, .. }) => {
                    assert!(path.starts_with(&dir), "{}", path.display());
                    assert_eq!(source.kind(), ErrorKind::ReadOnlyFilesystem);
                }
                other => panic!("{other:?}"),
            }
            let reader = Reader::open_read_only(&dir).unwrap();
            assert_holds(&reader, 1, 600, LENGTH);
            assert!(verify(&dir).unwrap().is_sound());
            assert_eq!(stat(&dir).unwrap().cursors.len(), 1);
            match reader.cursor("one") {
                Err(CursorError::Io { path, source, .. }) => {
                    assert!(path.starts_with(&dir), "{}", path.display());
                    assert_eq!(source.kind(), ErrorKind::ReadOnlyFilesystem);
                }
                other => panic!("{other:?}"),
            }
        },
    );
}

/// Takes all the space that is left.
fn take_all_space(disk: &Path) -> PathBuf {
    let path = disk.join("ballast");
    let mut file = File::create(&path).unwrap();
    let mut bytes = vec![1; 1 << 20];
    while !bytes.is_empty() {
        // Synced each time: delayed allocation would otherwise find the disk full only later.
        match file.write_all(&bytes).and_then(|()| file.sync_all()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => bytes.truncate(bytes.len() / 2),
            Err(error) => panic!("{error}"),
        }
    }
    path
}

/// Appends records from `next` on until one is refused for lack of space; the number behind the last durable one.
fn append_until_full(log: &Log, mut next: u64) -> u64 {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        match log.append(record(payload(next, LENGTH))) {
            Ok(ticket) => match ticket.wait() {
                Ok(range) => {
                    assert_eq!(range, next..next + 1);
                    next += 1;
                }
                Err(CommitError::NoSpace) => return next,
                Err(error) => panic!("{error}"),
            },
            Err(AppendError::NoSpace) => return next,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no end of space within {PATIENCE:?}");
}

/// Appends record `next` as soon as the log takes it.
fn append_when_healed(log: &Log, next: u64) {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        match log
            .append(record(payload(next, LENGTH)))
            .map(log_core::Ticket::wait)
        {
            Ok(Ok(range)) => {
                assert_eq!(range, next..next + 1);
                return;
            }
            Err(AppendError::NoSpace) | Ok(Err(CommitError::NoSpace)) => std::thread::yield_now(),
            other => panic!("{other:?}"),
        }
    }
    panic!("not healed within {PATIENCE:?}");
}

#[test]
fn a_full_disk_refuses_appends_and_nothing_else_and_heals() {
    with_own_mounts(
        "disks::a_full_disk_refuses_appends_and_nothing_else_and_heals",
        |dir| {
            let (mut image, dir) = mounted(dir);
            let log = Log::open(config(&dir, SEGMENT_BYTES)).unwrap();
            let reader = log.reader();
            let mut cursor = reader.cursor("one").unwrap();
            fill(&log, 1, 100, LENGTH);
            let ballast = take_all_space(image.path());

            let next = append_until_full(&log, 100);
            assert_holds(&reader, 1, next, LENGTH);
            cursor.commit(next).unwrap();

            fs::remove_file(ballast).unwrap();
            append_when_healed(&log, next);
            fill(&log, next + 1, next + 600, LENGTH);
            assert_holds(&reader, 1, next + 600, LENGTH);
            assert_eq!(log.state(), WriterState::Running);
            drop((cursor, reader));
            log.close().unwrap();
            drop(log);
            assert!(verify(&dir).unwrap().is_sound());
            image.unmount().unwrap();
        },
    );
}

#[test]
fn a_log_opens_on_a_full_disk() {
    with_own_mounts("disks::a_log_opens_on_a_full_disk", |dir| {
        let (mut image, dir) = mounted(dir);
        let log = Log::open(config(&dir, SEGMENT_BYTES)).unwrap();
        let ballast = take_all_space(image.path());
        let next = append_until_full(&log, 1);
        log.close().unwrap();
        drop(log);

        let log = Log::open(config(&dir, SEGMENT_BYTES)).unwrap();
        assert_holds(&log.reader(), 1, next, LENGTH);
        // Sealing may have made some room.
        let next = append_until_full(&log, next);
        fs::remove_file(ballast).unwrap();
        append_when_healed(&log, next);
        log.close().unwrap();
        drop(log);
        image.unmount().unwrap();
    });
}

#[test]
fn a_torn_tail_is_cut_on_a_full_disk() {
    with_own_mounts("disks::a_torn_tail_is_cut_on_a_full_disk", |dir| {
        let (mut image, dir) = mounted(dir);
        let log = Log::open(config(&dir, SEGMENT_BYTES)).unwrap();
        fill(&log, 1, 100, LENGTH);
        log.close().unwrap();
        drop(log);
        // What a crash leaves of a group that was being written, into space that the segment has.
        let tail = stat(&dir).unwrap().segments.pop().unwrap();
        let file = File::options().write(true).open(&tail.path).unwrap();
        file.write_all_at(&vec![0x5a; 20_000], tail.used_bytes)
            .unwrap();
        file.sync_all().unwrap();
        let ballast = take_all_space(image.path());

        let log = Log::open(config(&dir, SEGMENT_BYTES)).unwrap();
        assert!(log.recovery().torn.is_some());
        assert_holds(&log.reader(), 1, 100, LENGTH);
        fs::remove_file(ballast).unwrap();
        append_when_healed(&log, 100);
        log.close().unwrap();
        drop((log, file));
        image.unmount().unwrap();
    });
}
