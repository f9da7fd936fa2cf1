//! What is damaged, missing, interrupted or in the way is refused and named, and nothing is put in place.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use backup::{
    BackupError, Place, Point, Target, create, refuse_half_restored,
    restore::{self},
    verify,
};

use crate::site::{Site, told};

/// The objects of a target, manifests left out, the largest first.
fn objects(target: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![target.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("/files/") {
                found.push(path);
            }
        }
    }
    found.sort_by_key(|path| std::cmp::Reverse(path.metadata().unwrap().len()));
    found
}

#[test]
fn a_damaged_object_is_named_and_nothing_is_put_in_place() {
    let mut site = Site::new();
    site.add_events(60);
    site.attach("a file", 1_000);
    let made = site.backup(false, None).unwrap();
    let all = objects(&site.target());
    assert!(all.len() > 5, "{all:?}");
    let target = Target::open(&site.place()).unwrap();
    for path in &all {
        let was = fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let middle = was.len() / 2;
        let mut flipped = was.clone();
        flipped[middle] ^= 1;
        for (bytes, why) in [
            (Some(&flipped[..]), "its bytes are not those"),
            (Some(&was[..was.len() - 1]), "were written"),
            (None, "it is missing"),
        ] {
            match bytes {
                Some(bytes) => fs::write(path, bytes).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            let refused = site
                .restore(None, Point::End, None)
                .unwrap_err()
                .to_string();
            assert!(
                refused.contains(&name) && refused.contains(why),
                "{refused}"
            );
            let found = verify(&target, &made.header.id, None).unwrap();
            let faults: Vec<_> = found.faults.iter().map(|fault| &fault.what).collect();
            assert_eq!(faults, [&refused]);
            fs::write(path, &was).unwrap();
        }
    }
    // Nothing but what was being checked.
    let left = site.path("restored-1");
    let left: Vec<_> = fs::read_dir(&left)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["restoring"]);
    assert!(
        verify(&target, &made.header.id, None)
            .unwrap()
            .faults
            .is_empty()
    );
}

#[test]
fn an_interrupted_one_is_never_taken_for_whole() {
    let mut site = Site::new();
    site.add_events(30);
    let first = site.backup(false, None).unwrap();
    site.add_events(30);
    let second = site.backup(false, None).unwrap();
    // Its manifest is written last.
    fs::remove_file(site.target().join(&second.header.id).join("manifest")).unwrap();
    let (restored, _) = site.restore(None, Point::End, None).unwrap();
    assert_eq!(restored.header.id, first.header.id);
    let asked = site.restore(Some(&second.header.id), Point::End, None);
    assert!(matches!(asked, Err(BackupError::Unknown { .. })));
    let target = Target::open(&site.place()).unwrap();
    let listed = verify::list(&target).unwrap();
    assert_eq!(listed.interrupted, std::slice::from_ref(&second.header.id));
    // The next one relies on the whole one, and tells of the other.
    let third = site.backup(false, None).unwrap();
    assert_eq!(third.header.relies_on, [first.header.id]);
    assert!(
        third.notes[0].contains(&second.header.id),
        "{:?}",
        third.notes
    );
    assert_eq!(
        told(&site.restore(None, Point::End, None).unwrap().1),
        site.told()
    );
}

#[test]
fn a_damaged_manifest_is_told_and_the_next_backup_is_full() {
    let mut site = Site::new();
    site.add_events(30);
    let first = site.backup(false, None).unwrap();
    let path = site.target().join(&first.header.id).join("manifest");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    let refused = site.restore(None, Point::End, None).unwrap_err();
    assert!(matches!(refused, BackupError::Manifest { .. }), "{refused}");
    let next = site.backup(false, None).unwrap();
    assert_eq!(next.known, 0);
    assert!(
        next.notes[0].contains("fails its checksum"),
        "{:?}",
        next.notes
    );
}

#[test]
fn a_newer_form_names_the_release_that_reads_it() {
    let mut site = Site::new();
    let first = site.backup(false, None).unwrap();
    let path = site.target().join(&first.header.id).join("manifest");
    let newer = br#"{"format":"errata backup","version":2,"release":"9.9.9"}"#;
    fs::write(path, newer).unwrap();
    let refused = site.restore(Some(&first.header.id), Point::End, None);
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("format 2") && refused.contains("9.9.9"),
        "{refused}"
    );
}

#[test]
fn a_target_in_the_data_directory_is_refused_and_so_is_a_busy_one() {
    let site = Site::new();
    let at = |address: PathBuf| {
        create(&create::Wanted {
            data_dir: &site.data_dir(),
            place: &Place {
                address: address.display().to_string(),
                variables: Vec::new(),
            },
            full: false,
            key: None,
            release: "0.1.0",
            clock: &site.clock,
        })
    };
    for inside in ["", "backups", "log/deep/er"] {
        let refused = at(site.data_dir().join(inside));
        assert!(
            matches!(refused, Err(BackupError::Inside { .. })),
            "{inside}"
        );
    }
    assert!(!site.data_dir().join("backups").exists());
    let linked = site.path("link");
    std::os::unix::fs::symlink(site.data_dir(), &linked).unwrap();
    assert!(matches!(
        at(linked.join("x")),
        Err(BackupError::Inside { .. })
    ));
    fs::create_dir(site.target()).unwrap();
    let lock = File::create(site.target().join("lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(at(site.target()), Err(BackupError::Busy { .. })));
    drop(lock);
    at(site.target()).unwrap();
    let nowhere = at(PathBuf::from("gopher://elsewhere/x"));
    assert!(matches!(nowhere, Err(BackupError::Place(_))));
}

#[test]
fn restoring_over_something_is_refused_and_after_an_interruption_goes_on() {
    let mut site = Site::new();
    site.add_events(30);
    site.backup(false, None).unwrap();
    let was = site.told();
    let place = site.place();
    let into = |data_dir: &Path| {
        restore::restore(&restore::Wanted {
            place: &place,
            id: None,
            point: Point::End,
            key: None,
            data_dir,
        })
    };
    let there = into(&site.data_dir()).unwrap_err();
    assert!(matches!(there, BackupError::NotEmpty { .. }), "{there}");
    assert_eq!(site.told(), was);
    // As a crash leaves it while things are put in place.
    let data_dir = site.path("again");
    fs::create_dir_all(data_dir.join("restoring/log/events")).unwrap();
    fs::write(data_dir.join("secret.key"), "half").unwrap();
    let refused = refuse_half_restored(&data_dir).unwrap_err();
    assert!(matches!(refused, BackupError::HalfRestored { .. }));
    let busy = File::create(data_dir.join("restoring/lock")).unwrap();
    busy.lock().unwrap();
    let refused = into(&data_dir).unwrap_err();
    assert!(
        matches!(refused, BackupError::Restoring { .. }),
        "{refused}"
    );
    drop(busy);
    into(&data_dir).unwrap();
    refuse_half_restored(&data_dir).unwrap();
    assert_eq!(told(&data_dir), was);
    // With logs there it is a data directory, of which only that folder was still to be removed.
    fs::create_dir(data_dir.join("restoring")).unwrap();
    refuse_half_restored(&data_dir).unwrap();
    let refused = into(&data_dir).unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused}");
}

#[test]
fn a_segment_that_was_damaged_before_is_named_by_the_restore() {
    let mut site = Site::new();
    site.add_events(60);
    site.stop();
    let path = site.data_dir().join("log/events/0000000001.log");
    let sealed = path.with_extension("log.zst");
    let path = if path.exists() { path } else { sealed };
    let mut bytes = fs::read(&path).unwrap();
    bytes[20_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let made = site.backup(false, None).unwrap();
    assert!(made.notes[0].starts_with("DAMAGED"), "{:?}", made.notes);
    let refused = site.restore(None, Point::End, None).unwrap_err();
    let told = ground::with_causes(&refused);
    assert!(
        told.contains("0000000001.log") && told.contains("damaged"),
        "{told}"
    );
}

#[test]
fn a_restore_that_was_cut_anywhere_ends_when_it_is_asked_for_again() {
    let mut site = Site::new();
    site.add_events(30);
    site.attach("a file", 1_000);
    site.export();
    site.backup(false, None).unwrap();
    let was = site.told();
    let place = site.place();
    let names = ["secret.key", "blobs", "cold", "log"];
    // In place are so many of them, and of those that are not, all are checked or some are missing.
    for in_place in 0..=names.len() {
        for is_whole in [true, false] {
            let (_, data_dir) = site.restore(None, Point::End, None).unwrap();
            let stage = data_dir.join("restoring");
            fs::create_dir(&stage).unwrap();
            for name in &names[in_place..] {
                if is_whole {
                    fs::rename(data_dir.join(name), stage.join(name)).unwrap();
                } else if data_dir.join(name).is_dir() {
                    fs::remove_dir_all(data_dir.join(name)).unwrap();
                    fs::create_dir(stage.join(name)).unwrap();
                } else {
                    fs::remove_file(data_dir.join(name)).unwrap();
                }
            }
            if in_place == names.len() {
                refuse_half_restored(&data_dir).unwrap();
            } else {
                refuse_half_restored(&data_dir).unwrap_err();
                restore::restore(&restore::Wanted {
                    place: &place,
                    id: None,
                    point: Point::End,
                    key: None,
                    data_dir: &data_dir,
                })
                .unwrap();
                assert!(!stage.exists());
            }
            assert_eq!(told(&data_dir), was, "{in_place} {is_whole}");
        }
    }
}
