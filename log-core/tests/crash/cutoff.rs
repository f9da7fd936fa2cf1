//! A file system that takes no stores into the publication page any more: the writer says so, and ends by itself.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use log_core::{AppendError, CommitError, Log, Ticket, WriterState, install_sigbus_handler};

use crate::image::{Cut, FILE_SYSTEMS, FileSystem, Image};
use crate::separate::with_own_mounts;
use crate::support::{PATIENCE, assert_holds, config, fill, payload, record};

const DIR_VARIABLE: &str = "LOG_CORE_CUT_OFF_DIR";
/// Whether the writer goes on appending.
const LOADED_VARIABLE: &str = "LOG_CORE_CUT_OFF_LOADED";
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
const IMAGE_MEBIBYTES: u64 = 24;
const LENGTH: usize = 1000;
/// Records before the file system ends.
const BEFORE: u64 = 100;

/// Appends until that is refused; the number behind the last durable record.
fn append_until_refused(log: &Log, mut next: u64) -> u64 {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        match log.append(record(payload(next, LENGTH))).map(Ticket::wait) {
            Ok(Ok(_)) => next += 1,
            Ok(Err(CommitError::OutcomeUnknown { .. })) | Err(AppendError::Poisoned { .. }) => {
                return next;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("the disk still takes records");
}

/// Not a test of its own: the writer whose file system ends.
#[test]
#[ignore = "started by the tests below"]
fn writer_process() {
    let dir = env::var_os(DIR_VARIABLE).expect("the tests name the directory");
    install_sigbus_handler().unwrap();
    let open = || Log::open(config(Path::new(&dir), SEGMENT_BYTES)).unwrap();
    let log = open();
    fill(&log, 1, BEFORE, LENGTH);
    log.close().unwrap();
    drop(log);
    // Opened anew it owes no watermark: while idle it touches nothing but the page.
    let log = open();
    let reader = log.reader();
    println!("\nready");
    let mut end = BEFORE;
    if env::var_os(LOADED_VARIABLE).is_some() {
        end = append_until_refused(&log, end);
    }
    // The threads of the process hear of the end, whatever has become of the page.
    let begin = Instant::now();
    while matches!(log.state(), WriterState::Running) {
        assert!(begin.elapsed() < PATIENCE, "not poisoned");
        assert!(!reader.wait_past(end, PATIENCE));
    }
    assert_eq!(reader.durable_end(), end);
    assert!(matches!(
        log.append(record("more")),
        Err(AppendError::Poisoned { .. })
    ));
    println!("\nended at {end}: {:?}", log.state());
    drop((reader, log));
}

/// What the writer said in the end, and how many records the disk holds afterwards.
fn end_of(file_system: FileSystem, dir: &Path, loaded: bool) -> String {
    let mut image = Image::create(dir, file_system, IMAGE_MEBIBYTES).unwrap();
    image.mount("defaults").unwrap();
    let log = image.path().join("log");
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "cutoff::writer_process"])
        .arg("--nocapture")
        .env(DIR_VARIABLE, &log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if loaded {
        command.env(LOADED_VARIABLE, "1");
    }
    let mut writer = command.spawn().unwrap();
    let mut said = BufReader::new(writer.stdout.take().unwrap());
    let mut line = String::new();
    while line != "ready\n" {
        line.clear();
        let count = said.read_line(&mut line).unwrap();
        assert_ne!(count, 0, "{:?}", writer.wait_with_output());
    }
    // Everything is written out before, the page too: the next store into it is a fault that is refused.
    image.switch(Cut::Synced).unwrap().cut().unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let ended = writer.wait_with_output().unwrap();
    assert!(ended.status.success(), "{file_system:?}: {ended:?}\n{rest}");

    image.unmount().unwrap();
    image.mount("defaults").unwrap();
    let log = Log::open(config(&log, SEGMENT_BYTES)).unwrap();
    let (_, end) = rest.split_once("ended at ").expect(&rest);
    let (end, state) = end.split_once(": ").unwrap();
    let end: u64 = end.parse().unwrap();
    // A record whose outcome nobody knows may be there as well.
    let found = log.reader().durable_end();
    assert!((end..=end + 1).contains(&found), "{found}, {end}");
    assert_holds(&log.reader(), 1, found, LENGTH);
    log.close().unwrap();
    drop(log);
    image.unmount().unwrap();
    state.to_owned()
}

#[test]
fn an_idle_writer_finds_its_file_system_gone_and_says_so() {
    with_own_mounts(
        "cutoff::an_idle_writer_finds_its_file_system_gone_and_says_so",
        |dir| {
            // Ext4 takes such stores into its memory after its end, and nobody needs to be told: XFS does not.
            let [_, xfs] = FILE_SYSTEMS;
            let said = end_of(xfs, dir, false);
            assert!(
                said.contains(r#"Poisoned { stage: "publication page""#),
                "{said}"
            );
        },
    );
}

#[test]
fn a_writer_at_work_reports_the_file_system_that_is_gone() {
    with_own_mounts(
        "cutoff::a_writer_at_work_reports_the_file_system_that_is_gone",
        |dir| {
            for file_system in FILE_SYSTEMS {
                let dir = dir.join(file_system.name);
                std::fs::create_dir(&dir).unwrap();
                let said = end_of(file_system, &dir, true);
                assert!(said.contains("Poisoned"), "{file_system:?}: {said}");
            }
        },
    );
}
