//! An installation that release 0.1 made, opened by every later release: nothing of it
//! may be lost, whatever became of the forms it is stored in.
//!
//! `tests/golden/data-0.1` holds its data directory (`data.tar.zst`), what was seen of it
//! (`expected.json`) and the numbers of its release (`numbers.md`). Until 0.1.0 is
//! released it is made anew when a form changes, from then on never again:
//! `cargo test -p errata --test e2e -- --ignored make_the_golden_data`. What is in it
//! stands in `golden/make.rs`.

mod make;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use event_model::Decision;
use serde_json::{Value, json};

use crate::support::{Client, Mailbox, Server, errata, python, wait_for};

/// Size of the whole folder at most: it is in every clone.
const BYTES_MAX: u64 = 1_000_000;
/// What every event whose text is searched for says.
const NEEDLE: &str = "haystack";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data-0.1")
}

/// The archive's data directory below `dir`.
fn unpacked(dir: &Path) -> PathBuf {
    let packed = fs::read(folder().join("data.tar.zst")).unwrap();
    let mut tar = Command::new("tar")
        .args(["-x", "-C"])
        .arg(dir)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = tar.stdin.take().unwrap();
    zstd::stream::copy_decode(packed.as_slice(), &mut stdin).unwrap();
    drop(stdin);
    assert!(tar.wait().unwrap().success());
    dir.join("data")
}

/// All that people see of it: of its issues, its events, its files.
fn seen(server: &Server) -> Value {
    let (status, mut issues) = server.get("/api/issues?limit=100");
    assert_eq!(status, 200, "{issues}");
    let issues = issues["issues"].as_array_mut().unwrap();
    issues.sort_by_key(|issue| issue["id"].as_str().unwrap().to_owned());
    let activities: Vec<Vec<String>> = issues
        .iter()
        .map(|issue| crate::grpc::activity_kinds(server, issue["id"].as_str().unwrap()))
        .collect();
    let (_, found) = server.get(&format!("/api/errors?limit=100&query={NEEDLE}"));
    let found = found["errors"].as_array().unwrap();
    let ids: BTreeSet<&str> = found
        .iter()
        .map(|hit| hit["id"].as_str().unwrap())
        .collect();
    json!({"issues": issues, "activities": activities, "hits": ids})
}

fn dumped(data: &Path, log: &str) -> Vec<Value> {
    let dump = errata(data, &["log", "dump", "--log", log]);
    assert!(dump.status.success(), "{dump:?}");
    let text = String::from_utf8(dump.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn files_ending(dir: &Path, end: &str) -> usize {
    let found = Command::new("find").arg(dir).args(["-type", "f"]).output();
    let text = String::from_utf8(found.unwrap().stdout).unwrap();
    text.lines().filter(|line| line.ends_with(end)).count()
}

/// "CreateKey" is "create_key" in a dump.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// What only a full disk makes, with what is kept here gone: `faults/floor.rs` has it from
/// a running server, the samples of `event-model` hold its form.
const AT_A_FULL_DISK: [&str; 2] = ["cold_shed", "files_shed"];

/// Every kind of record and file is in it: else it would prove little.
fn assert_complete(data: &Path) {
    let commands = dumped(data, "control");
    let decided: BTreeSet<String> = commands
        .iter()
        .flat_map(|line| {
            line["command"]["decision"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
        })
        .collect();
    let expected = Decision::KINDS.iter().map(|(_, kind)| snake(kind));
    let expected = expected.filter(|kind| !AT_A_FULL_DISK.contains(&kind.as_str()));
    assert_eq!(decided, expected.collect(), "a decision of each kind");
    let records = dumped(data, "events");
    let noted: BTreeSet<&str> = records
        .iter()
        .filter_map(|line| line["note"]["note"].as_str())
        .collect();
    let kinds = [
        "attachments",
        "check_in",
        "client_report",
        "feedback",
        "sampled",
        "sessions",
        "tally",
    ];
    assert_eq!(noted, BTreeSet::from(kinds), "a note of each kind");
    assert!(records.iter().all(|line| line.get("error").is_none()));
    for (dir, end) in [
        ("log/events", ".log.zst"),
        ("log/checkpoints", ".ckpt"),
        ("log/events/cursors", ".cursor"),
        ("cold/events", ".parquet"),
    ] {
        assert!(files_ending(&data.join(dir), end) > 0, "{dir}: no {end}");
    }
    let verified = errata(data, &["log", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

const HOW: &str = "a stored form changed. Until 0.1.0 is released: \
    `cargo test -p errata --test e2e -- --ignored make_the_golden_data`, and commit \
    tests/golden/data-0.1. From then on: read the old form as well";

#[test]
fn an_installation_of_release_0_1_is_opened_whole() {
    let expected = fs::read_to_string(folder().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let (counts, made) = (&expected["counts"], &expected["seen"]);
    let dir = tempfile::tempdir().unwrap();
    let data = unpacked(dir.path());
    assert_complete(&data);

    let mailbox = Mailbox::start(0);
    let url = mailbox.url();
    let mut server = Server::start_in(&data, &[("ERRATA_SMTP__URL", &url)]);
    server.wait_for_issues("limit=100", |issues| issues.len() == 7);
    let hits = || seen(&server)["hits"].as_array().unwrap().len();
    wait_for("the search index", || (hits() == 6).then_some(()));
    assert_eq!(&seen(&server), made, "{HOW}");

    // Events: one that only a Parquet file has, one that is in the log, its file.
    let client = Client::new(&server);
    let dropped = make::first_dropped(&expected);
    let (status, old) = server.get(&format!("/api/errors/{dropped}"));
    assert_eq!((status, &old["id"]), (200, &json!(dropped)));
    let event = make::WITH_A_FILE;
    let (status, whole) = server.get(&format!("/api/errors/{event}"));
    assert_eq!(status, 200, "{whole}");
    assert_eq!(
        whole["exceptions"][0]["value"],
        format!("with a file, {NEEDLE}")
    );
    let (status, _, file) = client.download(&format!("/api/errors/{event}/attachments/0"));
    assert_eq!((status, file.as_slice()), (200, make::FILE.as_bytes()));
    let cold = python("read_parquet.py", &[data.join("cold").to_str().unwrap()]);
    let cold: Value = serde_json::from_str(&cold).unwrap();
    assert!(counts["parquet_rows"].as_u64().unwrap() > 20);
    assert_eq!(cold["rows"], counts["parquet_rows"], "{HOW}");

    // The ledger: what was mailed is not mailed again, what is new is.
    make::send(&client, "AfterTheUpgrade", "is news");
    let mails = mailbox.wait_for_mails(1);
    let subject = mails[0]["headers"]["subject"].as_str().unwrap();
    assert!(subject.contains("AfterTheUpgrade"), "{subject}");
    let issues = server.wait_for_issues("limit=100", |issues| issues.len() == 8);

    // Built anew from its logs and its checkpoint it is the same.
    server.stop();
    let replayed = errata(&data, &["replay"]);
    assert!(replayed.status.success(), "{replayed:?}");
    server.restart();
    let after = server.wait_for_issues("limit=100", |issues| issues.len() == 8);
    assert_eq!(after, issues);
}

/// What a released version wrote for a thing, every later one reads as that.
#[test]
fn no_stored_number_has_changed_since_release_0_1() {
    let printed = errata(&std::env::temp_dir(), &["reference", "numbers"]);
    assert!(printed.status.success(), "{printed:?}");
    let now = String::from_utf8(printed.stdout).unwrap();
    let rows = |text: &str| -> BTreeSet<String> {
        let kept = text
            .lines()
            .filter(|l| l.starts_with("| ") || l.starts_with("- "));
        kept.map(str::to_owned).collect()
    };
    let then = fs::read_to_string(folder().join("numbers.md")).unwrap();
    let gone: Vec<String> = rows(&then).difference(&rows(&now)).cloned().collect();
    assert!(rows(&then).len() > 80, "{}", rows(&then).len());
    assert!(gone.is_empty(), "changed or gone: {gone:#?}; {HOW}");
}

#[test]
fn the_golden_data_are_small() {
    let files = fs::read_dir(folder()).unwrap();
    let bytes: u64 = files.map(|f| f.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
}

#[test]
#[ignore = "makes tests/golden/data-0.1 anew: until 0.1.0 is released, when a stored form changes"]
fn make_the_golden_data() {
    let made = make::installation();
    let data = made.server.data_dir();
    assert_complete(&data);
    let tar = Command::new("tar")
        .args([
            "-c",
            "--sort=name",
            "--exclude=*.sock",
            "--exclude=lock",
            "-C",
        ])
        .arg(data.parent().unwrap())
        .arg("data")
        .output()
        .unwrap();
    assert!(tar.status.success(), "{tar:?}");
    let packed = zstd::encode_all(tar.stdout.as_slice(), 19).unwrap();
    fs::create_dir_all(folder()).unwrap();
    fs::write(folder().join("data.tar.zst"), packed).unwrap();
    let text = serde_json::to_string_pretty(&made.expected).unwrap();
    fs::write(folder().join("expected.json"), text + "\n").unwrap();
    let numbers = errata(&data, &["reference", "numbers"]);
    fs::write(folder().join("numbers.md"), numbers.stdout).unwrap();
}
