//! The whole server under faults: killed, without power, on a full disk, and killed while the disk is full. What was
//! acknowledged is readable and counted afterwards, and whatever heals does so without a restart.

mod floor;
mod hostile;

use std::{
    env, fs,
    fs::File,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Resource, Rlimit, getrlimit};
use serde_json::Value;

use crate::{
    image::{Cut, EXT4, Image},
    separate::with_own_mounts,
    support::{Ledger, Load, Server, audit, errata, wait_for},
};

/// How often each fault strikes in one run; `make soak` asks for more.
const ROUNDS_VARIABLE: &str = "ERRATA_TEST_FAULT_ROUNDS";
const ROUNDS: usize = 3;
/// Acknowledgements to collect before each fault.
const ACKNOWLEDGED_MIN: usize = 100;
const IMAGE_MEBIBYTES: u64 = 128;
/// Small segments, so that a full disk is met soon.
const SEGMENTS: [(&str, &str); 2] = [
    ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "262144"),
    ("ERRATA_LOG__CONTROL_SEGMENT_BYTES", "65536"),
];

fn rounds() -> usize {
    env::var(ROUNDS_VARIABLE).map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// A server whose data is on a disk of its own.
pub(crate) fn server_on_a_disk(dir: &Path) -> (Image, Server) {
    let mut image = Image::create(dir, EXT4, IMAGE_MEBIBYTES).unwrap();
    image.mount("defaults").unwrap();
    let server = Server::start_in(&image.path().join("data"), &SEGMENTS);
    (image, server)
}

#[test]
fn kill_9_under_load_loses_nothing_acknowledged() {
    let mut server = Server::start();
    let ledger = Ledger::default();
    for round in 0..rounds() {
        let load = Load::start(&server, &format!("round {round}"), &ledger);
        load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
        server.kill();
        load.stop();
        server.restart();
    }
    audit(&server, &ledger);
}

#[test]
fn a_power_cut_under_load_loses_nothing_acknowledged() {
    with_own_mounts(
        "faults::a_power_cut_under_load_loses_nothing_acknowledged",
        |dir| {
            let (mut image, mut server) = server_on_a_disk(dir);
            let ledger = Ledger::default();
            for round in 0..rounds() {
                let how = [Cut::Nothing, Cut::Journal, Cut::Synced][round % 3];
                let switch = image.switch(how).unwrap();
                let load = Load::start(&server, &format!("round {round}"), &ledger);
                load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
                // What is acknowledged from the cut on would be by a machine that is off.
                let acknowledged = ledger.lengths();
                switch.cut().unwrap();
                server.wait_for_failure();
                load.stop();
                ledger.truncate(acknowledged);
                image.unmount().unwrap();
                image.mount("defaults").unwrap();
                server.restart();
            }
            audit(&server, &ledger);
            drop(server);
            image.unmount().unwrap();
        },
    );
}

/// Takes all the space that is left.
pub(crate) fn take_all_space(disk: &Path) -> PathBuf {
    let path = disk.join("ballast");
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .unwrap();
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

/// Takes also what the logs keep for themselves and free when they are opened, so that not a block is left; and the
/// index of the database's journal, as a reboot may, for which SQLite then finds no room.
fn take_the_last_block(disk: &Path) {
    let data = disk.join("data");
    for name in [
        "log/events/ballast",
        "log/events/next.tmp",
        "log/control/ballast",
        "log/control/next.tmp",
        "read-model/current/issues.sqlite3-shm",
    ] {
        match fs::remove_file(data.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{name}: {error}"),
            _ => {}
        }
    }
    take_all_space(disk);
}

/// Reads that must work whatever the disk does.
fn assert_readable(server: &Server, ledger: &Ledger) {
    for (path, status, body) in reads(server, ledger) {
        assert_eq!(status, 200, "{path}: {body}");
    }
}

/// The same on a disk without a free block from the start on: SQLite may not find room for the index of its journal,
/// and then opens nothing. Who asks is told to come back.
fn assert_readable_or_put_off(server: &Server, ledger: &Ledger) {
    for (path, status, body) in reads(server, ledger) {
        assert!([200, 503].contains(&status), "{path}: {status} {body}");
    }
}

fn reads(server: &Server, ledger: &Ledger) -> [(String, u16, Value); 3] {
    let first = ledger.events()[0].clone();
    let paths = [
        "/api/issues".to_owned(),
        "/api/errors".to_owned(),
        format!("/api/errors/{first}"),
    ];
    paths.map(|path| {
        let (status, body) = server.get(&path);
        (path, status, body)
    })
}

#[test]
fn a_full_disk_refuses_events_and_nothing_else_and_heals() {
    with_own_mounts(
        "faults::a_full_disk_refuses_events_and_nothing_else_and_heals",
        |dir| {
            let (mut image, server) = server_on_a_disk(dir);
            let ledger = Ledger::default();
            for round in 0..rounds() {
                let load = Load::start(&server, &format!("round {round}"), &ledger);
                load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
                server.wait_for_issues("", |issues| !issues.is_empty());
                let ballast = take_all_space(image.path());
                load.wait_for_refused();
                assert_readable(&server, &ledger);
                fs::remove_file(ballast).unwrap();
                load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
                load.stop();
            }
            audit(&server, &ledger);
            drop(server);
            image.unmount().unwrap();
        },
    );
}

#[test]
fn kill_9_on_a_full_disk_loses_nothing_acknowledged() {
    with_own_mounts(
        "faults::kill_9_on_a_full_disk_loses_nothing_acknowledged",
        |dir| {
            let (mut image, mut server) = server_on_a_disk(dir);
            let ledger = Ledger::default();
            for round in 0..rounds() {
                let load = Load::start(&server, &format!("round {round}"), &ledger);
                load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
                server.wait_for_issues("", |issues| !issues.is_empty());
                let ballast = take_all_space(image.path());
                load.wait_for_refused();
                server.kill();
                take_the_last_block(image.path());
                server.restart_unready();
                load.wait_for_refused();
                let (status, why) = server.readiness().unwrap();
                assert_eq!(status, 503, "{why}");
                assert!(why.contains("issues fails"), "{why}");
                assert_readable_or_put_off(&server, &ledger);
                fs::remove_file(ballast).unwrap();
                load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
                server.wait_for_readiness();
                assert_readable(&server, &ledger);
                load.stop();
            }
            audit(&server, &ledger);
            drop(server);
            image.unmount().unwrap();
        },
    );
}

/// Sets how many files a process may have open, within its hard limit.
fn limit_descriptors(server: &Server, limit: Option<u64>) {
    let pid = Pid::from_raw(server.pid().cast_signed());
    // A child's hard limit is its parent's.
    let hard = getrlimit(Resource::Nofile).maximum;
    let wanted = Rlimit {
        current: limit.or(hard),
        maximum: hard,
    };
    rustix::process::prlimit(pid, Resource::Nofile, wanted).unwrap();
}

/// Out of descriptors, as attackers and neighbours make it: rolls, commits of the search
/// index and whatever else opens files fail for a while. Nothing is lost, nothing is
/// thrown away, nothing has to be restarted.
#[test]
fn a_process_without_descriptors_loses_nothing_and_heals() {
    // A segment an event or two, so that rolls go on all the time.
    let segments = [("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "65536"), SEGMENTS[1]];
    let server = Server::start_with(&segments);
    let ledger = Ledger::default();
    for round in 0..rounds() {
        let load = Load::start(&server, &format!("round {round}"), &ledger);
        load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
        server.wait_for_issues("", |issues| !issues.is_empty());
        let said_before = server.said().len();
        // Fewer than it has: every open fails from now on.
        limit_descriptors(&server, Some(8));
        load.wait_for_refused();
        wait_for("a projection to fail", || {
            server.said()[said_before..]
                .contains("projection failed")
                .then_some(())
        });
        limit_descriptors(&server, None);
        load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
        load.stop();
        server.wait_for_readiness();
    }
    audit(&server, &ledger);
    let said = server.said();
    for word in ["is rebuilt", "damaged", "poisoned"] {
        assert!(!said.contains(word), "{word:?}: {said}");
    }
}

#[test]
fn a_read_only_disk_is_named_at_the_start_and_its_log_can_be_read() {
    with_own_mounts(
        "faults::a_read_only_disk_is_named_at_the_start_and_its_log_can_be_read",
        |dir| {
            let (mut image, mut server) = server_on_a_disk(dir);
            let ledger = Ledger::default();
            let load = Load::start(&server, "before", &ledger);
            load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
            load.stop();
            server.stop();
            image.unmount().unwrap();
            image.mount("ro").unwrap();

            let data_dir = image.path().join("data");
            let start = errata(&data_dir, &["serve", "--listen", "127.0.0.1:0"]);
            let said = String::from_utf8_lossy(&start.stderr);
            assert!(!start.status.success(), "{said}");
            for expected in [data_dir.to_str().unwrap(), "Read-only file system"] {
                assert!(said.contains(expected), "no {expected:?} in {said}");
            }
            for command in ["verify", "stat"] {
                let output = errata(&data_dir, &["log", command]);
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{command}: {said}");
            }
            let dump = errata(&data_dir, &["log", "dump"]);
            let dump = String::from_utf8_lossy(&dump.stdout);
            for id in &ledger.events() {
                assert!(dump.contains(id), "{id} is not in the dump");
            }
            drop(server);
            image.unmount().unwrap();
        },
    );
}
