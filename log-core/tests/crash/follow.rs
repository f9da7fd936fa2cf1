//! Readers in other processes: live, across roll, seal, drop, redaction and new writers.

use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use log_core::{Config, Log, OpenError, Reader, Redaction, Sealing};

use crate::support::{assert_holds, config, fill, payload, record, small};

const PATIENCE: Duration = Duration::from_mins(1);
const DIR: &str = "LOG_CORE_FOLLOW_DIR";
const UNTIL: &str = "LOG_CORE_FOLLOW_UNTIL";
const FOLLOWERS: usize = 8;
const LENGTH: usize = 200;

#[test]
fn a_follower_sees_what_is_appended_after_it_opened() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Reader::follow(dir.path()),
        Err(OpenError::Empty { .. })
    ));
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 5, 100);
    let reader = Reader::follow(dir.path()).unwrap();
    assert_holds(&reader, 1, 5, 100);
    assert!(!reader.wait_past(5, Duration::from_millis(1)));
    // Rolls as well.
    fill(&log, 5, 900, 100);
    assert!(reader.wait_past(899, PATIENCE));
    assert_holds(&reader, 1, 900, 100);
    assert!(reader.segments().len() > 1);
    // The next writer.
    log.close().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 900, 910, 100);
    assert!(reader.wait_past(909, PATIENCE));
    assert_holds(&reader, 1, 910, 100);
}

#[test]
fn a_follower_without_a_writer_shows_what_is_proven() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(small(dir.path())).unwrap();
    fill(&log, 1, 5, 100);
    log.close().unwrap();
    let reader = Reader::follow(dir.path()).unwrap();
    assert_holds(&reader, 1, 5, 100);
    let log = Log::open(small(dir.path())).unwrap();
    log.append(record(payload(5, 100))).unwrap().wait().unwrap();
    assert!(reader.wait_past(5, PATIENCE));
    assert_holds(&reader, 1, 6, 100);
}

/// Not a test: one of the followers of the test below.
#[test]
#[ignore = "started by the test of many processes"]
fn child_of_the_follow_test() {
    let dir = PathBuf::from(env::var_os(DIR).unwrap());
    let until: u64 = env::var(UNTIL).unwrap().parse().unwrap();
    let reader = Reader::follow(&dir).unwrap();
    let mut reading = reader.read(1);
    let mut next = 1;
    let deadline = Instant::now() + PATIENCE;
    while next < until {
        assert!(Instant::now() < deadline, "stuck before record {next}");
        reader.wait_past(next, Duration::from_secs(1));
        for entry in reading.by_ref() {
            let entry = entry.unwrap();
            assert_eq!(entry.sequence, next, "dense");
            if entry.redacted {
                assert!(entry.payload.iter().all(|&byte| byte == b'x'));
            } else {
                assert_eq!(entry.payload, payload(next, LENGTH));
            }
            next += 1;
        }
    }
    writeln!(std::io::stdout(), "saw {next}").unwrap();
}

fn follower(dir: &std::path::Path, until: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "follow::child_of_the_follow_test",
            "--ignored",
            "--nocapture",
        ])
        .env(DIR, dir)
        .env(UNTIL, until.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn eight_processes_see_one_dense_sequence_across_every_change() {
    const UNTIL: u64 = 3000;
    let dir = tempfile::tempdir().unwrap();
    let settings = Config {
        sealing: Some(Sealing {
            raw_segments: 1,
            level: 1,
        }),
        ..config(dir.path(), 16 * 1024)
    };
    let mut log = Log::open(settings.clone()).unwrap();
    fill(&log, 1, 2, LENGTH);
    let followers: Vec<_> = (0..FOLLOWERS)
        .map(|_| follower(dir.path(), UNTIL))
        .collect();
    let mut next = 2;
    while next < UNTIL {
        let end = (next + 97).min(UNTIL);
        fill(&log, next, end, LENGTH);
        next = end;
        log.seal_next().unwrap();
        let complete = log
            .reader()
            .segments()
            .iter()
            .rev()
            .find(|one| one.complete)
            .map(|one| one.base);
        if let Some(sequence) = complete {
            log.redact(&[Redaction {
                sequence,
                payload: vec![b'x'; LENGTH].into(),
            }])
            .unwrap();
        }
        if next > UNTIL / 2 && next < UNTIL / 2 + 100 {
            log.close().unwrap();
            log = Log::open(settings.clone()).unwrap();
        }
    }
    for child in followers {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains(&format!("saw {UNTIL}")),
            "{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
