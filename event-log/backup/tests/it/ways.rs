//! The ways of making and restoring a backup: incremental, encrypted, to a position, to a time, while events come in.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use backup::{BackupError, Key, Kind, Point, Target, verify};

use crate::{
    sample::event,
    site::{NOON_NS, Site, told},
};

#[test]
fn an_incremental_one_brings_only_what_is_new() {
    let mut site = Site::new();
    site.add_events(200);
    site.attach("a file", 1_000);
    site.export();
    let full = site.backup(false, None).unwrap();
    assert_eq!((full.header.kind, full.known), (Kind::Full, 0));
    site.add_events(10);
    let second = site.backup(false, None).unwrap();
    assert_eq!(second.header.kind, Kind::Incremental);
    assert_eq!(
        second.header.relies_on,
        std::slice::from_ref(&full.header.id)
    );
    // The two open segments, perhaps one that was completed since, and what may change: the secret, two notes.
    assert!(second.brought <= 6, "{second:?}");
    assert!(second.header.brought_bytes < full.header.brought_bytes / 4);
    let anew = site.backup(true, None).unwrap();
    assert_eq!((anew.header.kind, anew.known), (Kind::Full, 0));
    // Without the first one the third is whole, and the second is not.
    std::fs::remove_dir_all(site.target().join(&full.header.id)).unwrap();
    let target = Target::open(&site.place()).unwrap();
    assert!(
        verify(&target, &anew.header.id, None)
            .unwrap()
            .faults
            .is_empty()
    );
    let second = verify(&target, &second.header.id, None).unwrap();
    assert!(
        second
            .faults
            .iter()
            .all(|fault| fault.what.contains("it is missing"))
    );
    assert!(!second.faults.is_empty());
    // The next one relies on what is there only.
    let next = site.backup(false, None).unwrap();
    assert_eq!(next.header.relies_on, [anew.header.id]);
    assert_eq!(
        told(&site.restore(None, Point::End, None).unwrap().1),
        site.told()
    );
}

#[test]
fn an_encrypted_one_is_read_with_its_key_only() {
    let mut site = Site::new();
    site.add_events(60);
    site.attach("what nobody else may read", 1_000);
    let (key, other) = (Key::random().unwrap(), Key::random().unwrap());
    let made = site.backup(false, Some(&key)).unwrap();
    site.add_events(5);
    let second = site.backup(false, Some(&key)).unwrap();
    assert_eq!(second.header.kind, Kind::Incremental);
    let was = site.told();
    let (_, data_dir) = site.restore(None, Point::End, Some(&key)).unwrap();
    assert_eq!(told(&data_dir), was);
    for given in [None, Some(&other)] {
        let refused = site.restore(None, Point::End, given).unwrap_err();
        let told = refused.to_string();
        assert!(matches!(refused, BackupError::Key { .. }), "{told}");
        assert!(told.contains(&key.fingerprint()), "{told}");
    }
    let secret = b"what nobody else may read";
    let mut files = vec![site.target()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let is_plain = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!is_plain, "{}", path.display());
    }
    // One that is not encrypted takes nothing from those that are.
    let plain = site.backup(false, None).unwrap();
    assert_eq!(plain.header.kind, Kind::Full);
    assert_eq!(made.header.key, Some(key.fingerprint()));
}

#[test]
fn an_earlier_moment_has_what_was_there_and_nothing_later() {
    let mut site = Site::new();
    site.decide("before");
    site.add_events(30);
    let was = site.told();
    let between = site.log().reader().last_written_ns().unwrap() + 1;
    let position = site.log().reader().end().0;
    // The log's own clock is the machine's: the next record is later.
    site.decide("after");
    site.add_events(50);
    // The clock of backups stands still elsewhere.
    let machine = ground::Clock::standing_at(i64::MAX / 2);
    site.clock = machine;
    site.backup(false, None).unwrap();
    for point in [Point::Position(position), Point::Before(between)] {
        let (restored, data_dir) = site.restore(None, point, None).unwrap();
        assert_eq!((restored.position, restored.commands), (position, 1));
        assert_eq!(told(&data_dir).stream, was.stream);
        assert_eq!(told(&data_dir).commands, 1);
    }
    let (_, nothing) = site.restore(None, Point::Position(0), None).unwrap();
    assert_eq!(
        (told(&nothing).stream, told(&nothing).commands),
        (Vec::new(), 0)
    );
    let behind = site.restore(None, Point::Position(position + 10_000), None);
    let told = behind.unwrap_err().to_string();
    assert!(told.contains("positions 0 to"), "{told}");
}

#[test]
fn a_time_behind_the_backup_is_refused_and_of_two_the_older_is_taken() {
    let mut site = Site::new();
    site.add_events(10);
    let first = site.backup(false, None).unwrap();
    site.add_events(10);
    let second = site.backup(false, None).unwrap();
    let (restored, _) = site
        .restore(None, Point::Position(first.header.position), None)
        .unwrap();
    assert_eq!(restored.header.id, first.header.id);
    let (restored, _) = site.restore(None, Point::End, None).unwrap();
    assert_eq!(restored.header.id, second.header.id);
    let behind = site.restore(None, Point::Before(NOON_NS + 1_000_000_000_000), None);
    assert!(matches!(behind, Err(BackupError::OutOfReach { .. })));
}

#[test]
fn parquet_files_of_what_is_cut_are_left_out() {
    let mut site = Site::new();
    site.add_events(100);
    site.export();
    site.backup(false, None).unwrap();
    let reader = site.log().reader();
    let second = reader.segment_of(event_model::Position(1)).unwrap().end;
    let (_, data_dir) = site
        .restore(None, Point::Position(second.0 + 3), None)
        .unwrap();
    let files = told(&data_dir).files;
    let parquet: Vec<_> = files
        .keys()
        .filter(|path| path.contains("parquet"))
        .collect();
    assert_eq!(parquet.len(), 1, "{parquet:?}");
    assert!(parquet[0].contains("-000000000000001-"), "{parquet:?}");
}

#[test]
fn what_is_acknowledged_before_it_begins_is_in_it_while_more_comes_and_old_goes() {
    let mut site = Site::new();
    site.add_events(100);
    let log = site.log().clone();
    let ended = AtomicBool::new(false);
    let mut made = Vec::new();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = 1_000_000;
            while !ended.load(Ordering::Acquire) {
                number += 1;
                let (head, body) = event(number, 3_000);
                log.append_event(&head, body).unwrap().wait().unwrap();
            }
        });
        let dropper = scope.spawn(|| {
            while !ended.load(Ordering::Acquire) {
                site.drop_old();
            }
        });
        for _ in 0..6 {
            let acknowledged = log.reader().end().0;
            let created = site.backup(false, None).unwrap();
            assert!(created.header.position >= acknowledged);
            made.push(created.header);
        }
        ended.store(true, Ordering::Release);
        writer.join().unwrap();
        dropper.join().unwrap();
    });
    for header in made {
        let (_, data_dir) = site.restore(Some(&header.id), Point::End, None).unwrap();
        let is = told(&data_dir);
        assert_eq!(is.first, header.first);
        // Nothing missing between, stacks left out, which stand for themselves.
        let last = is.stream.last().unwrap().0;
        assert_eq!(last, header.position);
        let is_covered = is.first == 1
            || is.files.keys().any(|path| {
                let digits = path.strip_prefix("log/checkpoints/");
                let digits = digits.and_then(|name| name.strip_suffix(".ckpt"));
                digits.is_some_and(|digits| digits.parse::<u64>().unwrap() + 1 >= is.first)
            });
        assert!(is_covered, "{:?}", is.files.keys());
    }
}
