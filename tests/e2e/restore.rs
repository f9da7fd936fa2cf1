//! Backups of a running server: what was acknowledged before one began comes back, in a folder, in a bucket,
//! encrypted, as of an earlier moment; and what is damaged or in the way is refused.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    image::{EXT4, Image},
    separate::with_own_mounts,
    support::{Bucket, Client, Flaky, KEY, Ledger, Load, Server, audit, errata, errata_with},
};

const SMALL: [(&str, &str); 2] = [
    ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "262144"),
    ("ERRATA_LOG__CONTROL_SEGMENT_BYTES", "65536"),
];

/// What a command printed, which must have ended well.
fn done(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command complained of, which must have failed.
fn refused(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn back_up(data_dir: &Path, target: &Path) -> String {
    let target = target.display().to_string();
    done(&errata(data_dir, &["backup", "create", &target]))
}

fn restore(data_dir: &Path, target: &Path, more: &[&str]) -> Output {
    fs::create_dir_all(data_dir.parent().unwrap()).unwrap();
    let target = target.display().to_string();
    let mut args = vec!["restore", &target];
    args.extend_from_slice(more);
    errata(data_dir, &args)
}

/// Every issue with all that a list shows of it.
fn issues(server: &Server, events: u64) -> Vec<Value> {
    let mut issues = server.wait_for_issues("limit=100", |issues| {
        let counts = issues.iter().map(|issue| issue["count"].as_u64().unwrap());
        counts.sum::<u64>() == events
    });
    issues.sort_by_key(|issue| issue["id"].as_str().unwrap().to_owned());
    issues
}

fn send(server: &Server, kind: &str) {
    let body = json!({"error": {"type": kind, "message": "m"}}).to_string();
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", &*bearer)];
    let (status, _, answer) = Client::new(server).post("/api/errors", &headers, body);
    assert_eq!(status, 202, "{answer}");
}

#[test]
fn what_was_acknowledged_before_a_backup_under_load_comes_back() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("backups");
    let mut server = Server::start_with(&SMALL);
    let ledger = Ledger::default();
    let load = Load::start(&server, "load", &ledger);
    load.wait_for_acknowledged(300);
    assert!(back_up(&server.data_dir(), &target).contains(", full: "));
    load.wait_for_acknowledged(300);
    let acknowledged = ledger.lengths();
    let second = back_up(&server.data_dir(), &target);
    assert!(second.contains(", incremental: "), "{second}");
    load.wait_for_acknowledged(100);
    load.stop();
    let all = ledger.events().len() as u64;
    let live = issues(&server, all);
    let third = back_up(&server.data_dir(), &target);
    server.kill();

    // The third one has it all.
    let data = dir.path().join("newest/data");
    done(&restore(&data, &target, &[]));
    let restored = Server::start_in(&data, &SMALL);
    assert_eq!(issues(&restored, all), live);
    audit(&restored, &ledger);
    drop(restored);
    // The second one has what was acknowledged when it began, and perhaps a little more.
    let id = second.split([' ', ',']).nth(1).unwrap();
    let data = dir.path().join("second/data");
    done(&restore(&data, &target, &["--backup", id]));
    ledger.truncate(acknowledged);
    let restored = Server::start_in(&data, &SMALL);
    audit(&restored, &ledger);
    assert!(third.contains("up to position"), "{third}");
}

#[test]
fn an_earlier_position_and_an_earlier_time_come_back() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("backups");
    let mut server = Server::start();
    send(&server, "Early");
    let early = issues(&server, 1);
    let list = errata(
        &server.data_dir(),
        &["log", "stat", "--json", "--log", "events"],
    );
    let stat: Value = serde_json::from_str(&done(&list)).unwrap();
    let position = (stat["events"]["durable_end"].as_u64().unwrap() - 1).to_string();
    send(&server, "Late");
    issues(&server, 2);
    server.stop();
    let made = back_up(&server.data_dir(), &target);
    assert!(made.contains(", full: "), "{made}");
    // The first record behind the position says until when it held.
    let dumped = errata(
        &server.data_dir(),
        &["log", "dump", "--log", "events", "--kind", "event"],
    );
    let late: Value = serde_json::from_str(done(&dumped).lines().last().unwrap()).unwrap();
    let time = late["time"].as_str().unwrap();
    for (name, point) in [
        ("position", ["--to-position", &position]),
        ("time", ["--to-time", time]),
    ] {
        let data = dir.path().join(name).join("data");
        done(&restore(&data, &target, &point));
        let restored = Server::start_in(&data, &[]);
        assert_eq!(issues(&restored, 1), early, "{name}");
        // It goes on like any other.
        send(&restored, "Late");
        assert_eq!(issues(&restored, 2).len(), 2);
    }
    let data = dir.path().join("behind/data");
    let told = refused(&restore(&data, &target, &["--to-position", "99999999"]));
    assert!(
        told.contains("cannot be restored to position 99999999"),
        "{told}"
    );
    let told = refused(&restore(&data, &target, &["--to-time", "soon"]));
    assert!(told.contains("\"soon\" is no time"), "{told}");
}

#[test]
fn a_bucket_takes_backups_encrypted_too() {
    let dir = TempDir::new().unwrap();
    let bucket = Bucket::start();
    let server = Server::start();
    send(&server, "Kept");
    let live = issues(&server, 1);
    let env = bucket.variables();
    let run = |data_dir: &Path, args: &[&str]| errata_with(data_dir, &env, args);
    let data_dir = server.data_dir();
    let key = dir.path().join("key");
    fs::write(&key, done(&run(&data_dir, &["backup", "key"]))).unwrap();
    let key = key.display().to_string();
    let target = Bucket::url("deep/er");
    let first = done(&run(
        &data_dir,
        &["backup", "create", &target, "--key-file", &key],
    ));
    assert!(first.contains(", full: "), "{first}");
    // More than a part of an upload.
    let file = "f".repeat(17 << 20);
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let envelope = format!(
        "{{\"event_id\":\"{:032x}\"}}\n{{\"type\":\"attachment\",\"length\":{},\"filename\":\"a\"}}\n{file}\n",
        7,
        file.len()
    );
    let (status, _, answer) = Client::new(&server).post(&path, &[], envelope);
    assert_eq!(status, 200, "{answer}");
    let second = done(&run(
        &data_dir,
        &["backup", "create", &target, "--key-file", &key],
    ));
    let create = ["backup", "create", &target, "--key-file", &key];
    let third = done(&run(&data_dir, &create));
    // The file is there already.
    assert!(third.contains(", incremental: "), "{third}");
    let listed = done(&run(&data_dir, &["backup", "list", &target]));
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let whole = done(&run(
        &data_dir,
        &["backup", "verify", &target, "--key-file", &key],
    ));
    assert!(whole.contains("is whole"), "{whole}");
    // The second one has the file that the third relies on.
    let pruned = done(&run(
        &data_dir,
        &["backup", "prune", &target, "--keep", "1"],
    ));
    let first = first.split([' ', ',']).nth(1).unwrap();
    assert!(pruned.contains(&format!("removed {first}\n")), "{pruned}");
    let listed = done(&run(&data_dir, &["backup", "list", &target]));
    assert_eq!(listed.lines().count(), 2, "{listed}");

    let data = dir.path().join("restored/data");
    fs::create_dir_all(data.parent().unwrap()).unwrap();
    let told = refused(&run(&data, &["restore", &target]));
    assert!(told.contains("give it with --key-file"), "{told}");
    done(&run(&data, &["restore", &target, "--key-file", &key]));
    let restored = Server::start_in(&data, &[]);
    assert_eq!(issues(&restored, 1), live);
    let blobs: Vec<PathBuf> = fs::read_dir(data.join("blobs/1"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(fs::read(&blobs[0]).unwrap(), file.as_bytes());

    bucket.remove_one(&format!(
        "deep/er/{}",
        second.split([' ', ',']).nth(1).unwrap()
    ));
    let damaged = run(
        &data_dir,
        &["backup", "verify", &target, "--key-file", &key],
    );
    assert_eq!(damaged.status.code(), Some(1));
    let told = String::from_utf8_lossy(&damaged.stdout).into_owned();
    assert!(told.contains("it is missing"), "{told}");
    let nowhere = run(&data_dir, &["backup", "list", "s3://no-such-bucket"]);
    assert_eq!(nowhere.status.code(), Some(2));
    let told = refused(&nowhere);
    assert!(told.contains("s3://no-such-bucket"), "{told}");
}

#[test]
fn a_bad_link_to_a_bucket_costs_time_or_the_backup_and_never_leaves_half_of_one() {
    let dir = TempDir::new().unwrap();
    let bucket = Bucket::start();
    let link = Flaky::before(bucket.address());
    let env = Bucket::variables_of(&format!("http://{}", link.address));
    let server = Server::start_with(&SMALL);
    let ledger = Ledger::default();
    let load = Load::start(&server, "load", &ledger);
    load.wait_for_acknowledged(2_000);
    load.stop();
    let events = ledger.events().len() as u64;
    let live = issues(&server, events);
    let target = Bucket::url("over/a/bad/link");
    let data_dir = server.data_dir();
    let straight = bucket.variables();
    let mut failed = 0;
    let made = loop {
        let output = errata_with(&data_dir, &env, &["backup", "create", &target]);
        if output.status.success() {
            break done(&output);
        }
        failed += 1;
        assert!(failed < 20, "{}", refused(&output));
        let listed = errata_with(&data_dir, &straight, &["backup", "list", &target]);
        assert!(
            !done(&listed).contains("position"),
            "half of one was taken for whole"
        );
    };
    assert!(link.harmed.load(std::sync::atomic::Ordering::Relaxed) > 0);
    let whole = errata_with(&data_dir, &straight, &["backup", "verify", &target]);
    assert!(done(&whole).contains("is whole"), "{made}");
    let data = dir.path().join("data");
    while !errata_with(&data, &env, &["restore", &target])
        .status
        .success()
    {
        failed += 1;
        assert!(failed < 20);
    }
    let restored = Server::start_in(&data, &SMALL);
    assert_eq!(issues(&restored, events), live);
}

#[test]
fn a_full_target_leaves_no_half_backup_and_an_old_one_whole() {
    with_own_mounts(
        "restore::a_full_target_leaves_no_half_backup_and_an_old_one_whole",
        |dir| {
            let mut server = Server::start();
            send(&server, "Kept");
            issues(&server, 1);
            server.stop();
            let mut image = Image::create(dir, EXT4, 32).unwrap();
            image.mount("defaults").unwrap();
            let target = image.path().join("backups");
            back_up(&server.data_dir(), &target);
            // A file that does not fit.
            let blobs = server.data_dir().join("blobs/1");
            fs::create_dir_all(&blobs).unwrap();
            fs::write(blobs.join("ab".repeat(32)), vec![7; 40 << 20]).unwrap();
            let address = target.display().to_string();
            let told = refused(&errata(&server.data_dir(), &["backup", "create", &address]));
            assert!(told.contains("No space left on device"), "{told}");
            assert!(told.contains(&"ab".repeat(32)), "{told}");
            let listed = done(&errata(&server.data_dir(), &["backup", "list", &address]));
            assert_eq!(listed.lines().count(), 1, "{listed}");
            // And one that is restored to where there is no room for it.
            let data = image.path().join("data");
            let told = refused(&restore(&data, &target, &[]));
            assert!(told.contains("bytes free"), "{told}");
            image.unmount().unwrap();
        },
    );
}

#[test]
fn what_is_in_the_way_is_never_overwritten() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("backups");
    let mut server = Server::start();
    send(&server, "Kept");
    let data_dir = server.data_dir();
    let inside = data_dir.join("backups").display().to_string();
    let told = refused(&errata(&data_dir, &["backup", "create", &inside]));
    assert!(told.contains("lies inside the data directory"), "{told}");
    back_up(&data_dir, &target);
    let told = refused(&restore(&data_dir, &target, &[]));
    assert!(told.contains("is not empty"), "{told}");
    server.stop();
    // As a crash leaves a restore.
    let half = dir.path().join("half/data");
    fs::create_dir_all(half.join("restoring/log/events")).unwrap();
    for command in [&["serve"][..], &["replay"], &["user", "list"]] {
        let told = refused(&errata(&half, command));
        assert!(told.contains("run `errata restore` again"), "{told}");
    }
    done(&restore(&half, &target, &[]));
    issues(&Server::start_in(&half, &[]), 1);
}
