//! One process here; two of them in `tests/it/publish.rs`.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const LOG_ID: [u8; 16] = [7; 16];

fn place(segment: u64, offset: u64) -> Place {
    Place { segment, offset }
}

fn create(dir: &Path, place: Place, durable: u64) -> Page {
    Page::create(dir, &LOG_ID, 3, place, durable).unwrap()
}

fn inode(dir: &Path) -> u64 {
    fs::metadata(dir.join(file::NAME)).unwrap().ino()
}

#[test]
fn a_place_holds_the_end_of_the_largest_segment() {
    let largest = crate::format::SEGMENT_BYTES_MAX;
    for place in [
        place(0, 0),
        place(1, 4096),
        place(1, largest),
        place((1 << (64 - PLACE_OFFSET_BITS)) - 1, largest),
    ] {
        assert_eq!(Place::unpack(place.pack()), place);
    }
    assert!(place(2, 0).pack() > place(1, largest).pack());
}

#[test]
fn a_follower_sees_what_the_writer_says() {
    let dir = tempfile::tempdir().unwrap();
    let writer = create(dir.path(), place(1, 4096), 5);
    let follower = Page::open(dir.path(), &LOG_ID).unwrap();
    assert_eq!((follower.durable(), follower.place()), (5, place(1, 4096)));
    assert_eq!(follower.state(), PageState::Opening);
    assert_eq!((follower.pid(), follower.epoch()), (std::process::id(), 3));
    let generation = follower.generation();
    writer.set_state(PageState::Running);
    writer.beat(-77);
    writer.bump_generation();
    writer.publish(place(2, 8192), 9);
    assert_eq!((follower.durable(), follower.place()), (9, place(2, 8192)));
    assert_eq!(follower.state(), PageState::Running);
    assert_eq!(follower.heartbeat_ns(), -77);
    assert_eq!(follower.generation(), generation + 1);
    assert!(follower.is_current());
}

#[test]
fn bytes_lie_where_the_layout_says() {
    let dir = tempfile::tempdir().unwrap();
    let page = create(dir.path(), place(6, 4096), 0x0102_0304_0506_0708);
    page.set_state(PageState::NoSpace);
    page.beat(0x1112_1314_1516_1718);
    let bytes = fs::read(dir.path().join(file::NAME)).unwrap();
    assert_eq!(bytes.len(), PAGE_BYTES);
    let word = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
    let half = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(bytes[0..8], *b"ERRATPUB");
    assert_eq!(bytes[8..16], [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[16..32], LOG_ID);
    assert_eq!(bytes[32..36], crc32fast::hash(&bytes[..32]).to_le_bytes());
    assert_eq!(word(128), 0x0102_0304_0506_0708);
    assert_eq!(word(256), 6 << 28 | 256);
    let follower = Page::open(dir.path(), &LOG_ID).unwrap();
    assert_eq!(half(384), follower.words().bell.0.count());
    assert_eq!(half(512), 3);
    assert_eq!((half(516), half(520)), (std::process::id(), 3));
    assert_eq!(word(528), 0x1112_1314_1516_1718);
    assert_eq!(word(536), page.generation());
    assert!(bytes[544..].iter().all(|&byte| byte == 0));
}

#[test]
fn the_next_writer_is_heard_by_old_followers() {
    let dir = tempfile::tempdir().unwrap();
    let first = create(dir.path(), place(1, 4096), 5);
    let follower = Page::open(dir.path(), &LOG_ID).unwrap();
    let (old, generation) = (inode(dir.path()), follower.generation());
    first.stop();
    drop(first);
    assert_eq!(follower.state(), PageState::Closed);
    let second = create(dir.path(), place(1, 4160), 6);
    assert_eq!(inode(dir.path()), old);
    assert_eq!(follower.state(), PageState::Opening);
    assert!(follower.generation() > generation);
    second.publish(place(1, 8192), 7);
    assert_eq!((follower.durable(), follower.place()), (7, place(1, 8192)));
    assert!(follower.is_current());
}

#[test]
fn a_page_that_cannot_be_used_is_replaced_by_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(file::NAME);
    assert!(matches!(
        Page::open(dir.path(), &LOG_ID),
        Err(PageError::Missing { .. })
    ));
    // An older copy of the log was put in its place: its end, or its place, is behind the page.
    for (behind, end) in [(place(1, 8192), 4), (place(1, 4096), 5)] {
        drop(create(dir.path(), place(1, 8192), 5));
        let follower = Page::open(dir.path(), &LOG_ID).unwrap();
        let writer = create(dir.path(), behind, end);
        assert_eq!((writer.durable(), writer.place()), (end, behind));
        assert!(!follower.is_current());
        assert_eq!(follower.durable(), 5, "nothing goes back under a follower");
    }
    let whole = fs::read(&path).unwrap();
    let change = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut other_version = whole.clone();
    other_version[8] = 2;
    let crc = crc32fast::hash(&other_version[..32]);
    other_version[32..36].copy_from_slice(&crc.to_le_bytes());
    let mut other_log = whole.clone();
    other_log[16] = 8;
    let crc = crc32fast::hash(&other_log[..32]);
    other_log[32..36].copy_from_slice(&crc.to_le_bytes());
    let mut cases: Vec<(Vec<u8>, &str)> = vec![
        (whole[..4095].to_vec(), "4095 bytes"),
        (Vec::new(), "0 bytes"),
        (other_version, "version 2"),
        (other_log, "another log"),
    ];
    cases.extend((0..36).map(|at| (change(at), "damaged")));
    for (bytes, message) in cases {
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let old = inode(dir.path());
        let error = Page::open(dir.path(), &LOG_ID).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert!(error.contains(file::NAME), "{error}");
        create(dir.path(), place(1, 4096), 2);
        assert_ne!(inode(dir.path()), old);
        assert_eq!(Page::open(dir.path(), &LOG_ID).unwrap().durable(), 2);
    }
}

#[test]
#[should_panic(expected = "only the writer's page is written to")]
fn a_follower_cannot_publish() {
    let dir = tempfile::tempdir().unwrap();
    create(dir.path(), place(1, 4096), 5);
    let follower = Page::open(dir.path(), &LOG_ID).unwrap();
    follower.publish(place(1, 8192), 6);
}

#[test]
fn a_waiter_is_woken_by_each_notice_and_by_the_end() {
    const ROUNDS: u64 = 2_000;
    let dir = tempfile::tempdir().unwrap();
    let pages = [
        (Page::heap(place(1, 4096), 1), None),
        (
            create(dir.path(), place(1, 4096), 1),
            Some(Page::open(dir.path(), &LOG_ID).unwrap()),
        ),
    ];
    for (writer, follower) in &pages {
        let reader = follower.as_ref().unwrap_or(writer);
        let answers = Page::heap(place(1, 4096), 1);
        writer.set_state(PageState::Running);
        thread::scope(|scope| {
            scope.spawn(|| {
                for sequence in 1..ROUNDS {
                    assert!(reader.wait_past(sequence, PATIENCE));
                    assert!(reader.place().offset >= 4096 + 16 * sequence);
                    answers.publish(place(1, 4096), sequence + 1);
                }
                assert!(!reader.wait_past(ROUNDS, PATIENCE), "the writer is over");
                assert_eq!(reader.state(), PageState::Closed);
                answers.stop();
            });
            // In turns, so that every round begins with one side asleep, or about to be.
            for sequence in 1..ROUNDS {
                writer.publish(place(1, 4096 + 16 * sequence), sequence + 1);
                assert!(answers.wait_past(sequence, PATIENCE));
            }
            writer.stop();
            assert!(!answers.wait_past(ROUNDS, PATIENCE));
        });
    }
}

#[test]
fn a_waiter_can_outlast_a_writer() {
    let dir = tempfile::tempdir().unwrap();
    let first = create(dir.path(), place(1, 4096), 1);
    let follower = Page::open(dir.path(), &LOG_ID).unwrap();
    first.set_state(PageState::Poisoned);
    first.stop();
    assert_eq!(first.state(), PageState::Poisoned, "the cause stays");
    assert!(!follower.wait_past(1, PATIENCE));
    let waits = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            waits.store(true, Ordering::Release);
            assert!(follower.wait_through(1, PATIENCE));
        });
        while !waits.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let second = create(dir.path(), place(1, 4096), 1);
        second.publish(place(1, 4160), 2);
    });
}

#[test]
fn the_system_lets_a_mapping_for_reading_sleep() {
    let dir = tempfile::tempdir().unwrap();
    let writer = create(dir.path(), place(1, 4096), 1);
    let follower = Page::open(dir.path(), &LOG_ID).unwrap();
    // Without it waiters still get on, by looking every millisecond: nothing else would show.
    let bell = &follower.words().bell.0;
    let heard = bell.count();
    let time = Duration::from_millis(1);
    assert_eq!(bell.sleep(heard, time), Err(rustix::io::Errno::TIMEDOUT));
    writer.publish(place(1, 4096), 1);
    assert_eq!(bell.sleep(heard, PATIENCE), Err(rustix::io::Errno::AGAIN));
}

#[test]
fn a_wait_ends_with_its_time() {
    let page = Page::heap(place(1, 4096), 1);
    assert!(page.wait_past(0, Duration::ZERO));
    assert!(!page.wait_past(1, Duration::ZERO));
    assert!(!page.wait_past(1, Duration::from_millis(1)));
}
