#![allow(clippy::unwrap_used)]

use std::fs;

use super::super::Form;
use super::*;
use crate::io::RealDisk;
use crate::sim::{Call, Fault, Faults, NameLoss, SimDisk};

const LOG: [u8; 16] = [5; 16];

/// A file's bytes, if it is there.
type Content<'a> = Option<&'a [u8]>;

fn segments(count: u64) -> Vec<Listed> {
    let segment = |number| Listed {
        number,
        base: number * 10,
        form: Form::Raw,
        redaction: 0,
    };
    (1..=count).map(segment).collect()
}

fn open(dir: &Path) -> (Loaded, ManifestStore) {
    let loaded = load(&RealDisk, dir).unwrap();
    let store = ManifestStore::new(Arc::new(RealDisk), dir, LOG, &loaded);
    (loaded, store)
}

#[test]
fn the_newer_of_two_counts_and_the_older_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let (loaded, mut store) = open(dir.path());
    assert_eq!(loaded.known, Known::Nothing);
    let mut before = [Vec::new(), Vec::new()];
    for generation in 1..6 {
        let stored = store.store(7, 10, segments(generation)).unwrap();
        assert_eq!(
            (stored.generation, store.generation()),
            (generation, generation)
        );
        let (loaded, again) = open(dir.path());
        assert_eq!(loaded.known, Known::Newest(stored));
        assert_eq!(again.generation(), generation);
        let now = NAMES.map(|name| fs::read(dir.path().join(name)).unwrap());
        let kept = (generation + 1) as usize % 2;
        assert!(generation == 1 || now[kept] == before[kept], "{generation}");
        before = now;
    }
}

#[test]
fn a_shorter_list_wipes_a_longer_one() {
    let dir = tempfile::tempdir().unwrap();
    let (_, mut store) = open(dir.path());
    for count in [3000, 3001, 2, 1] {
        let stored = store.store(1, 10, segments(count)).unwrap();
        assert_eq!(open(dir.path()).0.known, Known::Newest(stored));
    }
    for name in NAMES {
        let length = fs::metadata(dir.path().join(name)).unwrap().len();
        assert_eq!(length, 2 * STEP_BYTES, "a file is never shrunk");
    }
}

#[test]
fn crash_during_a_write_leaves_the_manifest_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_, mut store) = open(dir.path());
    store.store(1, 10, segments(1)).unwrap();
    let sound = store.store(1, 10, segments(2)).unwrap();
    let newer = fs::read(dir.path().join(NAMES[0])).unwrap();
    store.store(1, 10, segments(90)).unwrap();
    let torn = dir.path().join(NAMES[1]);
    let mut bytes = fs::read(&torn).unwrap();
    bytes[512..].fill(0);
    fs::write(&torn, &bytes).unwrap();
    let (loaded, mut store) = open(dir.path());
    assert_eq!(loaded.known, Known::Doubtful(sound));
    assert_eq!(
        loaded.damaged().collect::<Vec<_>>(),
        [(NAMES[1], &ManifestFault::Checksum)]
    );
    let stored = store.store(2, 10, segments(3)).unwrap();
    assert_eq!(
        (stored.generation, open(dir.path()).0.known),
        (3, Known::Newest(stored))
    );
    assert_eq!(fs::read(dir.path().join(NAMES[0])).unwrap(), newer);
}

#[test]
fn absent_torn_and_lost_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (_, mut store) = open(dir.path());
    let first = store.store(1, 10, segments(1)).unwrap();
    let one = fs::read(dir.path().join(NAMES[1])).unwrap();
    let second = store.store(1, 10, segments(2)).unwrap();
    let two = fs::read(dir.path().join(NAMES[0])).unwrap();
    let (blank, damaged) = (vec![0; 100], b"rubbish".repeat(20));
    let cases: [(Content<'_>, Content<'_>, Known); 12] = [
        (None, None, Known::Nothing),
        (Some(&blank), None, Known::Nothing),
        (None, Some(&damaged), Known::Nothing),
        (Some(&blank), Some(&damaged), Known::Nothing),
        (Some(&damaged), Some(&damaged), Known::Lost),
        (Some(&damaged), None, Known::Lost),
        (None, Some(&one), Known::Newest(first.clone())),
        (Some(&blank), Some(&one), Known::Newest(first.clone())),
        (Some(&damaged), Some(&one), Known::Doubtful(first)),
        (Some(&two), Some(&one), Known::Newest(second.clone())),
        (Some(&two), None, Known::Doubtful(second)),
        (Some(&one), Some(&two), Known::Lost),
    ];
    for (zero, one, known) in cases {
        for (name, content) in NAMES.into_iter().zip([zero, one]) {
            let path = dir.path().join(name);
            let _ = fs::remove_file(&path);
            if let Some(content) = content {
                fs::write(path, content).unwrap();
            }
        }
        assert_eq!(load(&RealDisk, dir.path()).unwrap().known, known);
    }
}

#[test]
fn a_later_version_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (_, mut store) = open(dir.path());
    let stored = store.store(1, 10, segments(1)).unwrap();
    let mut bytes = stored.encode();
    bytes[8] = 9;
    let crc = super::super::crc(&bytes);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    fs::write(dir.path().join(NAMES[0]), &bytes).unwrap();
    let refused = load(&RealDisk, dir.path());
    assert!(matches!(
        refused,
        Err(ManifestError::Version { version: 9, .. })
    ));
}

#[test]
fn a_failed_write_breaks_the_store_for_good() {
    for (call, fault) in [(Call::Write, Fault::Io), (Call::Sync, Fault::Io)] {
        let (disk, mut store) = simulated();
        store.store(1, 10, segments(1)).unwrap();
        disk.plan(call, 1, fault);
        let failed = store.store(1, 10, segments(2));
        assert!(matches!(failed, Err(ManifestError::Io { .. })), "{call:?}");
        assert!(matches!(
            store.store(1, 10, segments(2)),
            Err(ManifestError::Broken)
        ));
        assert_eq!(store.generation(), 1);
    }
}

/// Whatever a store lacks before the first byte is written, it can be done again.
#[test]
fn what_passes_breaks_no_store() {
    for call in [Call::Open, Call::SyncDir, Call::Reserve] {
        for fault in [Fault::NoDescriptor, Fault::NoFile, Fault::NoMemory] {
            for nth in 1..=2 {
                let (disk, mut store) = simulated();
                disk.plan(call, nth, fault);
                match store.store(1, 10, segments(1)) {
                    Err(error) => assert!(error.may_pass(), "{call:?} {fault:?}: {error:?}"),
                    // A store makes one sync of names only.
                    Ok(_) => assert_eq!((call, nth), (Call::SyncDir, 2)),
                }
                let generation = store.generation() + 1;
                let stored = store.store(1, 10, segments(2)).unwrap();
                assert_eq!(stored.generation, generation);
                let known = load(&disk, Path::new(LOG_DIR)).unwrap().known;
                assert_eq!(known, Known::Newest(stored));
                assert_eq!(disk.counts().scarce, u64::from(generation == 1));
            }
        }
    }
}

/// Once both files are open a store needs no descriptor.
#[test]
fn a_second_store_opens_nothing() {
    let (disk, mut store) = simulated();
    store.store(1, 10, segments(1)).unwrap();
    disk.set_faults(Faults {
        scarce: 1,
        ..Faults::default()
    });
    store.store(1, 10, segments(2)).unwrap();
    store.store(1, 10, segments(3)).unwrap();
}

const LOG_DIR: &str = "/log";

fn simulated() -> (SimDisk, ManifestStore) {
    let (disk, dir) = (SimDisk::new(1), Path::new(LOG_DIR));
    disk.create_dir(dir).unwrap();
    let loaded = load(&disk, dir).unwrap();
    let store = ManifestStore::new(Arc::new(disk.clone()), dir, LOG, &loaded);
    (disk, store)
}

#[test]
fn crash_at_every_step_leaves_the_newest_durable_manifest() {
    let dir = Path::new("/log");
    let mut cuts = 0;
    for seed in 0..150 {
        let disk = SimDisk::new(seed);
        disk.create_dir(dir).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        let (mut acknowledged, mut attempted) = (0, 0);
        for life in 0..8 {
            let loaded = load(&disk, dir).unwrap();
            let found = loaded.manifest().map_or(0, |manifest| manifest.generation);
            assert!(
                (acknowledged..=attempted).contains(&found),
                "seed {seed}: {found} after {acknowledged}"
            );
            assert_ne!(loaded.known, Known::Lost, "seed {seed}");
            let mut store = ManifestStore::new(Arc::new(disk.clone()), dir, LOG, &loaded);
            disk.cut_at(Some(1 + (seed + 5 * life) % 13));
            for count in 1..6 {
                attempted = attempted.max(store.generation() + 1);
                match store.store(1, 10, segments(count * 900)) {
                    Ok(stored) => acknowledged = stored.generation,
                    Err(_) => break,
                }
            }
            cuts += u32::from(disk.is_cut());
            // Only what a power cut left is known to be durable.
            if (seed + life) % 3 == 0 {
                disk.kill();
            } else {
                disk.crash(NameLoss::Any);
            }
        }
    }
    assert!(cuts > 500, "{cuts} cuts");
}

#[test]
fn a_full_disk_changes_nothing_and_heals() {
    let dir = Path::new("/log");
    let disk = SimDisk::new(1);
    disk.create_dir(dir).unwrap();
    let loaded = load(&disk, dir).unwrap();
    let mut store = ManifestStore::new(Arc::new(disk.clone()), dir, LOG, &loaded);
    disk.set_free(Some(STEP_BYTES));
    let refused = store.store(1, 10, segments(1));
    assert!(
        matches!(refused, Err(ManifestError::NoRoom { .. })),
        "{refused:?}"
    );
    disk.set_free(None);
    let stored = store.store(1, 10, segments(1)).unwrap();
    disk.set_free(Some(0));
    let second = store.store(1, 10, segments(2000)).unwrap();
    assert_eq!((stored.generation, second.generation), (1, 2));
    let refused = store.store(1, 10, segments(3000));
    assert!(
        matches!(refused, Err(ManifestError::NoRoom { .. })),
        "{refused:?}"
    );
    assert_eq!(load(&disk, dir).unwrap().known, Known::Newest(second));
}
