//! The live issues beside a replay, and a backup beside what it is of: equal, or each difference is named.

use std::{fs, process::Output};

use proto::v1::IssueStatus;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    grpc::set_status,
    support::{Ledger, Load, Server, errata, wait_for},
};

const SMALL: [(&str, &str); 2] = [
    ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "262144"),
    ("ERRATA_LOG__CONTROL_SEGMENT_BYTES", "65536"),
];

/// The exit code and what was printed.
fn told(output: &Output) -> (Option<i32>, String) {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn the_live_issues_equal_a_replay_under_load_and_what_was_changed_is_named() {
    let mut server = Server::start_with(&SMALL);
    let data_dir = server.data_dir();
    let ledger = Ledger::default();
    let load = Load::start(&server, "load", &ledger);
    load.wait_for_acknowledged(200);
    let issues = server.wait_for_issues("", |issues| issues.len() > 1);
    let issue = issues[0]["id"].as_str().unwrap().to_owned();
    set_status(&server, &issue, IssueStatus::Resolved);
    for _ in 0..3 {
        let (code, text) = told(&errata(&data_dir, &["verify"]));
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("equal: "), "{text}");
    }
    load.stop();
    server.stop();
    let (code, text) = told(&errata(&data_dir, &["verify"]));
    assert_eq!(code, Some(0), "{text}");

    let current = data_dir.join("read-model/current/issues.sqlite3");
    let database = Connection::open(&current).unwrap();
    let sql = "UPDATE issue SET count = count + 3 WHERE id = (SELECT min(id) FROM issue);
               DELETE FROM fingerprint_sketch;";
    database.execute_batch(sql).unwrap();
    drop(database);
    let (code, text) = told(&errata(&data_dir, &["verify", "--differences", "2"]));
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("fingerprint_sketch (fingerprint_id "),
        "{text}"
    );
    assert!(text.contains(": only replayed"), "{text}");
    assert!(text.contains(" more rows"), "{text}");
    let (_, text) = told(&errata(&data_dir, &["verify"]));
    assert!(text.contains("issue (id "), "{text}");
    assert!(text.contains(": count is "), "{text}");
    assert!(text.contains("DIFFERENT: "), "{text}");
    // It leaves nothing, and what it asks for mends it.
    assert!(!data_dir.join("read-model/verify").exists());
    assert!(errata(&data_dir, &["replay"]).status.success());
    let (code, text) = told(&errata(&data_dir, &["verify"]));
    assert_eq!(code, Some(0), "{text}");
    // A database that is none.
    fs::write(&current, "no database").unwrap();
    let (code, text) = told(&errata(&data_dir, &["verify"]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("DAMAGED"), "{text}");
    fs::remove_dir_all(data_dir.join("read-model")).unwrap();
    let (code, text) = told(&errata(&data_dir, &["verify"]));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("there is no read model"), "{text}");
}

#[test]
fn the_issues_equal_a_replay_from_a_checkpoint_of_a_log_that_was_cut() {
    let server = Server::start_with(&[
        ("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "65536"),
        ("ERRATA_LOG__RETENTION__BYTES", "200000"),
        ("ERRATA_LOG__RETENTION__LOOK_EVERY_S", "1"),
    ]);
    let ledger = Ledger::default();
    let load = Load::start(&server, "load", &ledger);
    wait_for("old segments to go", || {
        (server.metric("errata_log_retained_first") > 60.0).then_some(())
    });
    load.stop();
    let (code, text) = told(&errata(&server.data_dir(), &["verify"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("from position 1 "), "{text}");
}

#[test]
fn a_drill_restores_beside_and_compares_with_what_is_live() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("backups").display().to_string();
    let mut server = Server::start_with(&SMALL);
    let data_dir = server.data_dir();
    let ledger = Ledger::default();
    let load = Load::start(&server, "load", &ledger);
    load.wait_for_acknowledged(200);
    assert!(
        errata(&data_dir, &["backup", "create", &target])
            .status
            .success()
    );
    load.wait_for_acknowledged(100);
    let (code, text) = told(&errata(&data_dir, &["backup", "drill", &target]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(" as the live ones"), "{text}");
    assert!(text.contains("equal at position "), "{text}");
    load.stop();
    server.stop();
    // Beside the data directory nothing is left.
    let left = fs::read_dir(data_dir.parent().unwrap()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["data"]);
    // A backup of another server's logs is none of these.
    let other = Server::start();
    let (code, text) = told(&errata(&other.data_dir(), &["backup", "drill", &target]));
    assert_ne!(code, Some(0), "{text}");
    // On a machine with nothing live it tells at least that it comes back.
    let elsewhere = dir.path().join("elsewhere/data");
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    let kept = dir.path().join("kept").display().to_string();
    let (code, text) = told(&errata(
        &elsewhere,
        &["backup", "drill", &target, "--into", &kept],
    ));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("there is nothing live"), "{text}");
    let (code, text) = told(&errata(dir.path().join("kept").as_path(), &["verify"]));
    assert_eq!(code, Some(0), "{text}");
}
