//! A mapped segment that cannot be read: the process says which byte of which segment, and ends.

use std::env;
use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use log_core::{Log, install_sigbus_handler};

use crate::support::{fill, segment_path, small};

const DIR_VARIABLE: &str = "LOG_CORE_SIGBUS_DIR";
const SIGABRT: i32 = 6;
/// Bytes that are left of the second segment.
const LEFT_BYTES: u64 = 8192;

/// Not a test of its own: the process that dies.
#[test]
#[ignore = "started by the test below"]
fn reader_process() {
    let dir = env::var_os(DIR_VARIABLE).expect("the test names the directory");
    let dir = Path::new(&dir);
    install_sigbus_handler().unwrap();
    let log = Log::open(small(dir)).unwrap();
    // Some 60 of them have room in a segment.
    fill(&log, 1, 101, 1000);
    let reader = log.reader();
    let second = reader.segments()[1].clone();
    assert!(reader.get(1).unwrap().is_some());
    assert!(reader.get(second.base).unwrap().is_some(), "mapped by this");
    let file = OpenOptions::new()
        .write(true)
        .open(segment_path(dir, second.number))
        .unwrap();
    file.set_len(LEFT_BYTES).unwrap();
    let entry = reader.get(second.base + 20);
    panic!("read {entry:?}");
}

#[test]
fn a_segment_that_was_made_shorter_is_named_and_ends_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "sigbus::reader_process"])
        .env(DIR_VARIABLE, dir.path())
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(SIGABRT), "{child:?}");
    let said = String::from_utf8(child.stderr).unwrap();
    let (_, place) = said
        .split_once("SIGBUS: cannot read segment 2 at byte ")
        .expect(&said);
    let (offset, _) = place.split_once(':').unwrap();
    let offset: u64 = offset.parse().unwrap();
    // Where record 20 of the segment is: each takes a little more than its payload.
    assert!((LEFT_BYTES..64 * 1024).contains(&offset), "{said}");
    assert!((20_000..30_000).contains(&(offset - 4096)), "{said}");
}
