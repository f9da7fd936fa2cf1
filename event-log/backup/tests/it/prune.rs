//! Old backups go, and what stays is as whole as before.

use std::{collections::BTreeSet, fs, time::Duration};

use backup::{BackupError, Point, Target, prune, verify};

use crate::site::{Site, told};

#[test]
fn the_newest_stay_with_all_that_they_rely_on() {
    let mut site = Site::new();
    let mut made = Vec::new();
    for number in 0..6 {
        site.add_events(40);
        site.attach(&format!("file {number}"), 1_000);
        made.push((site.backup(number == 3, None).unwrap().header, site.told()));
    }
    for keep in [6, 3, 2, 1] {
        let stays = &made[6 - keep..];
        let pruned = prune(&site.place(), keep, &site.clock).unwrap();
        let needed: BTreeSet<_> = stays
            .iter()
            .flat_map(|(header, _)| header.relies_on.iter().chain([&header.id]))
            .collect();
        assert_eq!(pruned.kept.iter().collect::<BTreeSet<_>>(), needed);
        let folders = fs::read_dir(site.target())
            .unwrap()
            .map(|entry| entry.unwrap());
        let folders = folders.filter(|entry| entry.path().is_dir()).count();
        assert_eq!(folders, needed.len());
        let target = Target::open(&site.place()).unwrap();
        for (header, was) in stays {
            assert!(verify(&target, &header.id, None).unwrap().faults.is_empty());
            let (_, data_dir) = site.restore(Some(&header.id), Point::End, None).unwrap();
            assert_eq!(&told(&data_dir), was);
        }
    }
    // The full one behind three older ones lets those go.
    assert!(!site.target().join(&made[0].0.id).exists());
    assert!(site.target().join(&made[3].0.id).exists());
}

#[test]
fn what_was_interrupted_goes_once_nothing_can_be_running_any_more() {
    let site = Site::new();
    let first = site.backup(true, None).unwrap().header.id;
    let second = site.backup(true, None).unwrap().header.id;
    fs::remove_file(site.target().join(&first).join("manifest")).unwrap();
    assert_eq!(
        prune(&site.place(), 1, &site.clock).unwrap().removed,
        [""; 0]
    );
    site.clock.advance(Duration::from_hours(49));
    let pruned = prune(&site.place(), 1, &site.clock).unwrap();
    assert_eq!((pruned.removed, pruned.kept), (vec![first], vec![second]));
}

#[test]
fn nothing_goes_while_one_cannot_be_read() {
    let site = Site::new();
    for _ in 0..3 {
        site.backup(true, None).unwrap();
    }
    let newer = site.target().join("20991231T000000Z-00000000");
    fs::create_dir(&newer).unwrap();
    let text = br#"{"format":"errata backup","version":2,"release":"9.9.9"}"#;
    fs::write(newer.join("manifest"), text).unwrap();
    let refused = prune(&site.place(), 1, &site.clock).unwrap_err();
    assert!(matches!(refused, BackupError::Manifest { .. }), "{refused}");
    let lock = fs::File::create(site.target().join("lock")).unwrap();
    lock.lock().unwrap();
    let busy = prune(&site.place(), 1, &site.clock).unwrap_err();
    assert!(matches!(busy, BackupError::Busy { .. }), "{busy}");
    assert_eq!(fs::read_dir(site.target()).unwrap().count(), 5);
}
