//! The whole server under faults: killed, without power, on a full disk, and killed while the disk is full. What was
//! acknowledged is readable and counted afterwards, and whatever heals does so without a restart.

use std::{
    env, fs,
    fs::File,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use crate::{
    image::{Cut, EXT4, Image},
    separate::with_own_mounts,
    support::{Ledger, Load, Server, audit, errata},
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
fn server_on_a_disk(dir: &Path) -> (Image, Server) {
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

/// Gives back less than a segment of the events log takes: SQLite opens no database without room for the index of
/// its journal, and no server starts without the database.
fn leave_some_space(ballast: &Path) {
    const LEFT_BYTES: u64 = 192 * 1024;
    let file = File::options().write(true).open(ballast).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - LEFT_BYTES).unwrap();
    file.sync_all().unwrap();
}

/// Reads that must work whatever the disk does.
fn assert_readable(server: &Server, ledger: &Ledger) {
    let first = ledger.events()[0].clone();
    for path in [
        "/api/issues",
        "/api/errors",
        &format!("/api/errors/{first}"),
    ] {
        let (status, body) = server.get(path);
        assert_eq!(status, 200, "{path}: {body}");
    }
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
                leave_some_space(&ballast);
                server.restart_unready();
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
