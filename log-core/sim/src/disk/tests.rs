//! The simulated disk does what it says: each test holds one behaviour, over as many seeds as chance needs.
#![allow(clippy::unwrap_used)]

use super::*;
use log_core::inside::io::{preallocate, read_all, write_all};

const DIR: &str = "/log";
const FILE: &str = "/log/file";
/// Enough for every outcome of a few coins to be seen.
const SEEDS: u64 = 200;

fn path(name: &str) -> &Path {
    Path::new(name)
}

/// A disk with a directory that is durable.
fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.create_dir(path(DIR)).unwrap();
    disk.sync_dir(path("/")).unwrap();
    disk
}

/// A durable file of that many sectors of ones.
fn file_of_ones(disk: &SimDisk, sectors: usize) -> Arc<dyn LogFile> {
    let file = disk.open(path(FILE), Open::Create).unwrap();
    write_all(file.as_ref(), &vec![1; sectors * 512], 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_dir(path(DIR)).unwrap();
    file
}

fn read(disk: &SimDisk, name: &str) -> io::Result<Vec<u8>> {
    read_all(disk.open(path(name), Open::Read)?.as_ref())
}

/// Outcomes of `run` over all seeds, sorted, each once.
fn outcomes<T: Ord>(run: impl Fn(u64) -> T) -> Vec<T> {
    let mut all: Vec<T> = (0..SEEDS).map(run).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn what_was_synced_survives_and_what_was_not_may_be_lost() {
    let unsynced = outcomes(|seed| {
        let disk = disk(seed);
        let file = file_of_ones(&disk, 1);
        write_all(file.as_ref(), &[2; 512], 0).unwrap();
        assert_eq!(read(&disk, FILE).unwrap(), [2; 512], "the cache shows it");
        disk.crash(NameLoss::Any);
        read(&disk, FILE).unwrap()[0]
    });
    assert_eq!(
        unsynced,
        [1, 2],
        "an unsynced canary is lost for some seeds"
    );
    let synced = outcomes(|seed| {
        let disk = disk(seed);
        let file = file_of_ones(&disk, 1);
        write_all(file.as_ref(), &[2; 512], 0).unwrap();
        file.sync_data().unwrap();
        disk.crash(NameLoss::Any);
        read(&disk, FILE).unwrap()[0]
    });
    assert_eq!(synced, [2]);
}

#[test]
fn sectors_survive_in_any_subset_and_are_never_torn_themselves() {
    let found = outcomes(|seed| {
        let disk = disk(seed);
        let file = file_of_ones(&disk, 3);
        // Two writes, the second over the middle of both neighbours' sectors.
        write_all(file.as_ref(), &[2; 3 * 512], 0).unwrap();
        write_all(file.as_ref(), &[3; 600], 500).unwrap();
        disk.crash(NameLoss::Tail);
        let bytes = read(&disk, FILE).unwrap();
        [
            bytes[0..512].to_vec(),
            bytes[512..1024].to_vec(),
            bytes[1024..].to_vec(),
        ]
        .map(|sector| (sector[0], sector[511]))
    });
    let first: Vec<_> = found.iter().map(|sectors| sectors[0]).collect();
    assert!(
        first
            .iter()
            .all(|sector| [(1, 1), (2, 2), (2, 3)].contains(sector)),
        "{first:?}"
    );
    for wanted in [
        [(1, 1), (1, 1), (1, 1)],
        [(2, 3), (3, 3), (3, 2)],
        [(1, 1), (3, 3), (1, 1)],
        [(2, 3), (1, 1), (3, 2)],
        [(2, 2), (3, 3), (2, 2)],
    ] {
        assert!(found.contains(&wanted), "{wanted:?} is in {found:?}");
    }
}

#[test]
fn an_unsynced_length_survives_or_not_and_shows_zeros() {
    let found = outcomes(|seed| {
        let disk = disk(seed);
        let file = file_of_ones(&disk, 1);
        write_all(file.as_ref(), &[2; 512], 512).unwrap();
        disk.crash(NameLoss::Tail);
        let bytes = read(&disk, FILE).unwrap();
        (bytes.len(), bytes.get(512).copied())
    });
    assert_eq!(found, [(512, None), (1024, Some(0)), (1024, Some(2))]);
}

#[test]
fn a_truncation_survives_or_not_and_takes_what_came_after_with_it() {
    let found = outcomes(|seed| {
        let disk = disk(seed);
        file_of_ones(&disk, 2);
        let file = disk.open(path(FILE), Open::Create).unwrap();
        assert_eq!(file.len().unwrap(), 0);
        write_all(file.as_ref(), &[2; 512], 0).unwrap();
        disk.crash(NameLoss::Tail);
        let bytes = read(&disk, FILE).unwrap();
        (bytes.len(), bytes.first().copied())
    });
    let wanted = [(0, None), (512, Some(0)), (512, Some(2)), (1024, Some(1))];
    assert_eq!(found, wanted);
}

#[test]
fn names_survive_in_order_or_in_any_subset() {
    let run = |loss| {
        outcomes(move |seed| {
            let disk = disk(seed);
            for name in ["/log/a", "/log/b"] {
                disk.open(path(name), Open::Create).unwrap();
            }
            disk.remove(path("/log/a")).unwrap();
            disk.crash(loss);
            let mut names = disk.list(path(DIR)).unwrap();
            names.sort();
            names.concat()
        })
    };
    assert_eq!(run(NameLoss::Tail), ["", "a", "ab", "b"]);
    let pair = |loss| {
        outcomes(move |seed| {
            let disk = disk(seed);
            disk.open(path("/log/a"), Open::Create).unwrap();
            disk.open(path("/log/b"), Open::Create).unwrap();
            disk.crash(loss);
            let mut names = disk.list(path(DIR)).unwrap();
            names.sort();
            names.concat()
        })
    };
    assert_eq!(pair(NameLoss::Tail), ["", "a", "ab"]);
    assert_eq!(pair(NameLoss::Any), ["", "a", "ab", "b"]);
}

#[test]
fn a_rename_is_whole_and_may_survive_without_the_bytes() {
    let found = outcomes(|seed| {
        let disk = disk(seed);
        file_of_ones(&disk, 1);
        let new = disk.open(path("/log/new"), Open::Create).unwrap();
        write_all(new.as_ref(), &[2; 512], 0).unwrap();
        disk.rename(path("/log/new"), path(FILE)).unwrap();
        disk.crash(NameLoss::Tail);
        read(&disk, FILE).unwrap().first().copied()
    });
    assert_eq!(found, [None, Some(0), Some(1), Some(2)]);
    let synced = outcomes(|seed| {
        let disk = disk(seed);
        file_of_ones(&disk, 1);
        let new = disk.open(path("/log/new"), Open::Create).unwrap();
        write_all(new.as_ref(), &[2; 512], 0).unwrap();
        new.sync_all().unwrap();
        disk.rename(path("/log/new"), path(FILE)).unwrap();
        disk.sync_dir(path(DIR)).unwrap();
        disk.crash(NameLoss::Any);
        read(&disk, FILE).unwrap()[0]
    });
    assert_eq!(synced, [2]);
}

#[test]
fn a_directory_without_a_synced_parent_is_lost_with_all_in_it() {
    let found = outcomes(|seed| {
        let disk = SimDisk::new(seed);
        disk.create_dir(path("/a/b")).unwrap();
        disk.open(path("/a/b/file"), Open::Create)
            .unwrap()
            .sync_all()
            .unwrap();
        disk.sync_dir(path("/a/b")).unwrap();
        disk.crash(NameLoss::Any);
        disk.list(path("/a/b")).map_err(|error| error.kind()).ok()
    });
    assert_eq!(found, [None, Some(vec!["file".to_owned()])]);
}

#[test]
fn a_link_is_a_second_name_and_a_taken_one_is_refused() {
    let disk = disk(0);
    file_of_ones(&disk, 1);
    disk.link(path(FILE), path("/log/second")).unwrap();
    let refused = disk.link(path(FILE), path("/log/second")).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    disk.remove(path(FILE)).unwrap();
    assert_eq!(read(&disk, "/log/second").unwrap(), [1; 512]);
    assert_eq!(
        read(&disk, FILE).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}

#[test]
fn a_removed_file_comes_back_with_its_bytes_when_its_removal_is_lost() {
    let found = outcomes(|seed| {
        let disk = disk(seed);
        file_of_ones(&disk, 1);
        disk.remove(path(FILE)).unwrap();
        disk.kill();
        assert!(read(&disk, FILE).is_err());
        disk.crash(NameLoss::Any);
        read(&disk, FILE).ok()
    });
    assert_eq!(found, [None, Some(vec![1; 512])]);
}

#[test]
fn a_killed_process_loses_no_written_byte_but_its_files_and_locks() {
    let disk = disk(0);
    let file = file_of_ones(&disk, 1);
    assert!(file.try_lock(true).unwrap());
    write_all(file.as_ref(), &[2; 512], 0).unwrap();
    let other = disk.open(path(FILE), Open::Read).unwrap();
    assert!(
        !other.try_lock(false).unwrap(),
        "an exclusive lock excludes"
    );
    disk.kill();
    assert!(file.read_at(&mut [0], 0).is_err(), "the old file is dead");
    assert_eq!(read(&disk, FILE).unwrap(), [2; 512]);
    let (one, two) = (
        disk.open(path(FILE), Open::Read).unwrap(),
        disk.open(path(FILE), Open::Read).unwrap(),
    );
    assert!(one.try_lock(false).unwrap() && two.try_lock(false).unwrap());
    drop(file); // Of an earlier life: must not free a lock of this one.
    assert!(!two.try_lock(true).unwrap());
    drop(one);
    assert!(two.try_lock(true).unwrap());
}

#[test]
fn pages_of_a_failed_sync_are_clean_but_lost() {
    let found = outcomes(|seed| {
        let disk = disk(seed);
        let file = file_of_ones(&disk, 1);
        write_all(file.as_ref(), &[2; 512], 0).unwrap();
        disk.plan(Call::Sync, 1, Fault::Io);
        assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(5));
        file.sync_data().unwrap();
        let shown = read(&disk, FILE).unwrap()[0];
        disk.crash(NameLoss::Tail);
        (shown, read(&disk, FILE).unwrap()[0])
    });
    // Shown and then gone is what makes a retried sync a lie.
    assert_eq!(found, [(1, 1), (2, 1), (2, 2)]);
    let healed = outcomes(|seed| {
        let disk = disk(seed);
        let file = file_of_ones(&disk, 1);
        write_all(file.as_ref(), &[2; 512], 0).unwrap();
        disk.plan(Call::Sync, 1, Fault::Io);
        assert!(file.sync_data().is_err());
        write_all(file.as_ref(), &[2; 512], 0).unwrap();
        file.sync_data().unwrap();
        disk.crash(NameLoss::Tail);
        read(&disk, FILE).unwrap()[0]
    });
    assert_eq!(healed, [2], "writing again heals");
}

#[test]
fn space_runs_out_when_it_is_reserved_and_comes_back_with_a_removal() {
    let disk = disk(0);
    preallocate(&disk, path(FILE), 8192).unwrap();
    disk.set_free(Some(4096));
    let other = path("/log/other");
    let full = preallocate(&disk, other, 8192).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    let reserved = disk.open(path(FILE), Open::Write).unwrap();
    write_all(reserved.as_ref(), &[7; 8192], 0).unwrap();
    // The part that was reserved holds the space until it goes.
    assert!(preallocate(&disk, path("/log/third"), 4096).is_err());
    disk.remove(other).unwrap();
    assert!(preallocate(&disk, path("/log/third"), 4096).is_ok());
    disk.remove(path(FILE)).unwrap();
    assert!(preallocate(&disk, other, 8192).is_err(), "it is still open");
    drop(reserved);
    assert_eq!(
        preallocate(&disk, other, 8192)
            .unwrap()
            .disk_bytes()
            .unwrap(),
        8192
    );
}

#[test]
fn reserved_bytes_read_as_zeros_and_are_holes() {
    let disk = disk(0);
    let file = preallocate(&disk, path(FILE), 64 * 1024).unwrap();
    assert_eq!(file.next_data(0).unwrap(), None);
    write_all(file.as_ref(), b"abc", 20_000).unwrap();
    assert_eq!(file.next_data(0).unwrap(), Some(16_384..20_480));
    assert_eq!(file.next_data(20_001).unwrap(), Some(20_001..20_480));
    assert_eq!(file.next_data(20_480).unwrap(), None);
    let mut wanted = vec![0; 64 * 1024];
    wanted[20_000..20_003].copy_from_slice(b"abc");
    assert_eq!(read(&disk, FILE).unwrap(), wanted);
}

#[test]
fn planned_faults_strike_the_call_they_name() {
    let disk = disk(0);
    let file = file_of_ones(&disk, 1);
    disk.plan(Call::Write, 2, Fault::Io);
    disk.plan(Call::Read, 1, Fault::Interrupted);
    disk.plan(Call::Reserve, 1, Fault::NoSpace);
    disk.plan(Call::Rename, 1, Fault::Io);
    disk.plan(Call::SyncDir, 1, Fault::Io);
    assert!(file.write_at(&[2], 0).is_ok());
    let errors = [
        file.write_at(&[2], 0).unwrap_err(),
        file.read_at(&mut [0], 0).unwrap_err(),
        file.reserve(0, 9999).unwrap_err(),
        disk.rename(path(FILE), path("/log/x")).unwrap_err(),
        disk.sync_dir(path(DIR)).unwrap_err(),
    ];
    assert_eq!(
        errors.map(|error| error.raw_os_error()),
        [5, 4, 28, 5, 5].map(Some)
    );
    assert!(read(&disk, FILE).is_ok() && disk.sync_dir(path(DIR)).is_ok());
    let counts = disk.counts();
    assert_eq!(
        (
            counts.io_errors,
            counts.failed_syncs,
            counts.interrupted,
            counts.no_space
        ),
        (2, 1, 1, 1)
    );
}

#[test]
fn short_calls_move_at_least_a_byte_and_rates_are_rates() {
    let disk = disk(0);
    let file = file_of_ones(&disk, 2);
    disk.set_faults(Faults {
        short_read: 2,
        short_write: 2,
        ..Faults::default()
    });
    let mut short = 0;
    for _ in 0..1000 {
        let read = file.read_at(&mut [0; 1024], 0).unwrap();
        let written = file.write_at(&[3; 1024], 0).unwrap();
        assert!((1..=1024).contains(&read) && (1..=1024).contains(&written));
        short += u64::from(read < 1024) + u64::from(written < 1024);
    }
    assert!(
        (800..1200).contains(&short),
        "{short} of 2000 were short at a rate of 1 in 2"
    );
    write_all(file.as_ref(), &[4; 1024], 0).unwrap();
    assert_eq!(read(&disk, FILE).unwrap(), [4; 1024]);
}

#[test]
fn after_the_cut_nothing_reaches_the_disk_and_the_step_may_be_half_done() {
    let found = outcomes(|seed| {
        let disk = disk(seed);
        let file = file_of_ones(&disk, 2);
        disk.cut_at(Some(2));
        write_all(file.as_ref(), &[2; 512], 0).unwrap();
        assert!(!disk.is_cut());
        assert!(file.write_at(&[3; 1024], 0).is_err());
        assert!(disk.is_cut());
        let steps = disk.steps();
        assert!(file.write_at(&[9; 1024], 0).is_err() && file.sync_all().is_err());
        assert!(disk.remove(path(FILE)).is_err() && disk.open(path(FILE), Open::Read).is_err());
        assert_eq!(disk.steps(), steps);
        disk.kill();
        let bytes = read(&disk, FILE).unwrap();
        bytes
            .iter()
            .map(|&byte| usize::from(byte == 3))
            .sum::<usize>()
            / 256
    });
    assert_eq!(
        found,
        [0, 1, 2, 3],
        "any part of the write, and never anything after it"
    );
}

#[test]
fn every_decision_follows_from_the_seed() {
    let run = |seed| {
        let disk = disk(seed);
        disk.set_faults(Faults {
            write_error: 5,
            short_read: 3,
            sync_error: 4,
            ..Faults::default()
        });
        let mut seen = Vec::new();
        for round in 0..30_u8 {
            let Ok(file) = disk.open(path(FILE), Open::OpenOrCreate) else {
                continue;
            };
            seen.push(file.write_at(&[round; 700], u64::from(round) * 300).ok());
            seen.push(file.sync_data().is_ok().then_some(0));
            if round % 7 == 0 {
                disk.crash(NameLoss::Any);
            }
        }
        let mut random = [0; 16];
        disk.random(&mut random).unwrap();
        (
            seen,
            random,
            disk.now_ns(),
            disk.counts(),
            read(&disk, FILE).ok(),
        )
    };
    assert!(run(7) == run(7));
    assert!(run(7) != run(8));
}

#[test]
fn a_mapping_shows_the_bytes_that_may_be_read() {
    let disk = disk(0);
    let file = file_of_ones(&disk, 2);
    let readable = Arc::new(std::sync::atomic::AtomicU64::new(600));
    let mapping = Arc::new(file.map(Arc::clone(&readable)).unwrap());
    assert_eq!(mapping.window(100).unwrap().len(), 500);
    disk.remove(path(FILE)).unwrap();
    drop(file);
    readable.store(1024, std::sync::atomic::Ordering::Release);
    assert_eq!(mapping.window(0).unwrap(), [1; 1024].as_slice());
}

#[test]
fn lies_are_told() {
    let survives = |lie: Option<Sabotage>| {
        outcomes(move |seed| {
            let disk = disk(seed);
            let file = file_of_ones(&disk, 1);
            disk.sabotage(lie);
            write_all(file.as_ref(), &[2; 512], 0).unwrap();
            file.sync_data().unwrap();
            disk.crash(NameLoss::Any);
            read(&disk, FILE).unwrap()[0]
        })
    };
    assert_eq!(survives(None), [2]);
    assert_eq!(survives(Some(Sabotage::NoSync)), [1, 2]);
    assert_eq!(survives(Some(Sabotage::LateSync)), [1, 2]);
    let names = outcomes(|seed| {
        let disk = disk(seed);
        disk.sabotage(Some(Sabotage::NoDirSync));
        file_of_ones(&disk, 1);
        disk.crash(NameLoss::Any);
        read(&disk, FILE).is_ok()
    });
    assert_eq!(names, [false, true]);
    let disk = disk(0);
    let file = file_of_ones(&disk, 1);
    disk.sabotage(Some(Sabotage::NoRewrite));
    disk.plan(Call::Sync, 1, Fault::Io);
    assert_eq!(file.write_at(&[1; 512], 0).unwrap(), 512);
    assert!(file.sync_data().is_err());
    assert_eq!(disk.counts().lost_sectors, 0, "there was nothing to write");
}
