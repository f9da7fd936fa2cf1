//! A disk that fails when told to: poison, no space, a full queue.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Instant;

use super::*;
use crate::commit::lock;
use crate::sim::{Call, Fault, NameLoss, SimDisk};
use crate::{AppendError, Config, Log, Mapping, Open, RealDisk, Record};

const PATIENCE: Duration = Duration::from_secs(20);

/// What goes wrong.
#[derive(Debug, Default)]
struct Switches {
    sync_fails: AtomicBool,
    write_fails: AtomicBool,
    full: AtomicBool,
    syncs: AtomicU32,
    /// While set, a sync does not return.
    held: Mutex<bool>,
    released: Condvar,
}

impl Switches {
    fn hold(&self, held: bool) {
        *lock(&self.held) = held;
        self.released.notify_all();
    }
}

/// The real disk, with switches.
#[derive(Debug)]
struct FaultyDisk(Arc<Switches>);

#[derive(Debug)]
struct FaultyFile(Arc<dyn LogFile>, Arc<Switches>);

impl LogIo for FaultyDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn LogFile>> {
        let file = RealDisk.open(path, how)?;
        Ok(Arc::new(FaultyFile(file, Arc::clone(&self.0))))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.create_dir(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }

    fn now_ns(&self) -> i64 {
        RealDisk.now_ns()
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        RealDisk.random(bytes)
    }
}

impl LogFile for FaultyFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn disk_bytes(&self) -> io::Result<u64> {
        self.0.disk_bytes()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if self.1.write_fails.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.0.write_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.1.syncs.fetch_add(1, Ordering::SeqCst);
        let held = lock(&self.1.held);
        drop(
            self.1
                .released
                .wait_timeout_while(held, PATIENCE, |held| *held)
                .unwrap(),
        );
        if self.1.sync_fails.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.0.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn reserve(&self, start: u64, length: u64) -> io::Result<()> {
        if self.1.full.load(Ordering::SeqCst) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.0.reserve(start, length)
    }

    fn next_data(&self, at: u64) -> io::Result<Option<Range<u64>>> {
        self.0.next_data(at)
    }

    fn try_lock(&self, exclusive: bool) -> io::Result<bool> {
        self.0.try_lock(exclusive)
    }

    fn map(&self, readable: Arc<AtomicU64>) -> io::Result<Mapping> {
        self.0.map(readable)
    }
}

fn record(length: usize) -> Record {
    Record {
        schema: 1,
        payload: vec![9; length].into(),
    }
}

fn open(dir: &Path, config: impl FnOnce(&mut Config)) -> (Log, Arc<Switches>) {
    let disk = Arc::new(Switches::default());
    let mut settings = Config {
        segment_bytes: 64 * 1024,
        ..Config::control(dir)
    };
    config(&mut settings);
    (
        Log::open_on(settings, Arc::new(FaultyDisk(Arc::clone(&disk)))).unwrap(),
        disk,
    )
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_failed_sync_poisons_for_good() {
    for write in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (log, disk) = open(dir.path(), |_| {});
        let before = disk.syncs.load(Ordering::SeqCst);
        log.append(record(100)).unwrap().wait().unwrap();
        eventually("a watermark proves it", || {
            disk.syncs.load(Ordering::SeqCst) == before + 2
        });
        disk.hold(true);
        let syncs = disk.syncs.load(Ordering::SeqCst);
        let inside = log.append(record(100)).unwrap();
        eventually("the sync begins", || {
            disk.syncs.load(Ordering::SeqCst) > syncs
        });
        let queued = log.append(record(100)).unwrap();
        if write {
            // The first group passes, the one that formed meanwhile fails to be written.
            disk.write_fails.store(true, Ordering::SeqCst);
        } else {
            disk.sync_fails.store(true, Ordering::SeqCst);
        }
        disk.hold(false);
        let stage = if write { "write" } else { "sync" };
        let unknown = |outcome| match outcome {
            Err(CommitError::OutcomeUnknown {
                stage: found,
                error,
            }) => {
                assert_eq!(found, stage);
                assert!(error.contains("os error 5"), "{error}");
            }
            other => panic!("{other:?}"),
        };
        if write {
            assert_eq!(inside.wait(), Ok(2..3));
        } else {
            unknown(inside.wait());
        }
        unknown(queued.wait());
        let durable = if write { 3 } else { 2 };
        assert_eq!(log.durable_end(), durable, "nothing is published");
        // The disk is well again; the log is not.
        disk.write_fails.store(false, Ordering::SeqCst);
        disk.sync_fails.store(false, Ordering::SeqCst);
        assert!(matches!(
            log.append(record(1)),
            Err(AppendError::Poisoned { .. })
        ));
        assert!(
            matches!(log.state(), WriterState::Poisoned { stage: found, .. } if found == stage)
        );
        assert!(log.close().is_err());
        assert!(
            !log.reader().wait_past(durable, Duration::from_mins(1)),
            "waiters are let go"
        );
        let again = Log::open(Config {
            segment_bytes: 64 * 1024,
            ..Config::control(dir.path())
        })
        .unwrap();
        assert!(again.durable_end() >= durable);
        again.append(record(3)).unwrap().wait().unwrap();
    }
}

#[test]
fn a_full_disk_refuses_then_heals_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (log, disk) = open(dir.path(), |_| {});
    disk.full.store(true, Ordering::SeqCst);
    let mut acknowledged = 0;
    let refused = loop {
        match log.append(record(5000)).unwrap().wait() {
            Ok(range) => acknowledged = range.end - 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 100);
    };
    assert_eq!(refused, CommitError::NoSpace);
    assert!(matches!(log.state(), WriterState::NoSpace { .. }));
    assert_eq!(log.append(record(1)).unwrap_err(), AppendError::NoSpace);
    assert_eq!(
        log.reader().read(0).count() as u64,
        acknowledged,
        "reads go on"
    );
    let mut cursor = log.reader().cursor("held").unwrap();
    cursor.commit(acknowledged).unwrap();
    disk.full.store(false, Ordering::SeqCst);
    eventually("it heals", || log.state() == WriterState::Running);
    let range = log.append(record(5000)).unwrap().wait().unwrap();
    assert_eq!(
        range,
        acknowledged + 1..acknowledged + 2,
        "no number is lost to a refused append"
    );
    log.close().unwrap();
}

#[test]
fn a_full_queue_refuses_and_counts_what_waits() {
    let dir = tempfile::tempdir().unwrap();
    let (log, disk) = open(dir.path(), |config| config.queue_bytes_max = 1000);
    disk.hold(true);
    let syncs = disk.syncs.load(Ordering::SeqCst);
    let mut tickets = vec![log.append(record(400)).unwrap()];
    eventually("the sync begins", || {
        disk.syncs.load(Ordering::SeqCst) > syncs
    });
    tickets.push(log.append(record(400)).unwrap());
    tickets.push(log.append(record(400)).unwrap());
    let error = log.append(record(400)).unwrap_err();
    assert_eq!(
        error,
        AppendError::QueueFull {
            queued_bytes: 896,
            limit_bytes: 1000
        }
    );
    disk.hold(false);
    for (ticket, sequence) in tickets.into_iter().zip(1..) {
        assert_eq!(ticket.wait(), Ok(sequence..sequence + 1));
    }
    log.append(record(2000)).unwrap().wait().unwrap();
}

#[test]
fn what_waits_during_a_sync_becomes_one_group() {
    let dir = tempfile::tempdir().unwrap();
    let (log, disk) = open(dir.path(), |_| {});
    disk.hold(true);
    let before = disk.syncs.load(Ordering::SeqCst);
    let first = log.append(record(10)).unwrap();
    eventually("the sync begins", || {
        disk.syncs.load(Ordering::SeqCst) > before
    });
    let rest: Vec<_> = (0..50).map(|_| log.append(record(10)).unwrap()).collect();
    disk.hold(false);
    first.wait().unwrap();
    for ticket in rest {
        ticket.wait().unwrap();
    }
    // A third one, if 50 ms have passed already, proves the second.
    let syncs = disk.syncs.load(Ordering::SeqCst) - before;
    assert!((2..=3).contains(&syncs), "{syncs}");
    assert_eq!(log.durable_end(), 52);
}

#[test]
fn nothing_is_seen_before_its_sync() {
    let dir = tempfile::tempdir().unwrap();
    let (log, disk) = open(dir.path(), |_| {});
    let reader = log.reader();
    disk.hold(true);
    let before = disk.syncs.load(Ordering::SeqCst);
    let ticket = log.append_batch(vec![record(10), record(20)]).unwrap();
    eventually("the sync begins", || {
        disk.syncs.load(Ordering::SeqCst) > before
    });
    assert_eq!((reader.durable_end(), reader.read(0).count()), (1, 0));
    assert!(reader.get(1).unwrap().is_none());
    assert!(ticket.outcome().is_none());
    assert!(!reader.wait_past(1, Duration::from_millis(1)));
    disk.hold(false);
    assert!(reader.wait_past(2, PATIENCE));
    assert_eq!(ticket.wait(), Ok(1..3));
    assert_eq!(reader.read(0).count(), 2);
}

/// Every call of a roll finds no descriptor or memory once, in turn: appends are refused for a moment at most, the
/// log goes on by itself, and every acknowledged record is there.
#[test]
fn a_lack_of_descriptors_or_memory_at_any_step_passes() {
    let dir = Path::new("/log");
    let config = Config {
        segment_bytes: 8 * 1024,
        ..Config::control(dir)
    };
    let mut met = 0;
    for fault in [Fault::NoDescriptor, Fault::NoFile, Fault::NoMemory] {
        for call in [Call::Open, Call::SyncDir, Call::Rename, Call::Reserve] {
            for nth in 1..6 {
                let disk = SimDisk::new(nth);
                let (log, mut stepper) =
                    Log::open_stepped(&config, Arc::new(disk.clone())).unwrap();
                disk.plan(call, nth, fault);
                let mut kept = 0;
                for _ in 0..40 {
                    let ticket = log.append(record(2000));
                    assert!(stepper.step(), "{call:?} {nth}: {fault:?} poisons");
                    match ticket.map(|ticket| ticket.outcome()) {
                        Ok(Some(Ok(range))) => {
                            kept += 1;
                            assert_eq!(range, kept..kept + 1, "no number is lost");
                        }
                        Ok(Some(Err(CommitError::NoSpace))) | Err(AppendError::NoSpace) => {}
                        other => panic!("{call:?} {nth} {fault:?}: {other:?}"),
                    }
                }
                assert_eq!(log.state(), WriterState::Running, "{call:?} {nth}");
                assert!(kept >= 35, "{call:?} {nth} {fault:?}: {kept} of 40");
                met += disk.counts().scarce;
                drop((log, stepper));
                disk.crash(NameLoss::Any);
                let (again, _stepper) = Log::open_stepped(&config, Arc::new(disk)).unwrap();
                assert_eq!(again.reader().read(0).count() as u64, kept);
            }
        }
    }
    assert!(met >= 3 * 15, "{met} calls met it");
}
