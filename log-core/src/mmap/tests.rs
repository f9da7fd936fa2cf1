//! A fault that is none of ours; faults of segments are in `tests/it/sigbus.rs`.
#![allow(clippy::unwrap_used)]

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use super::*;

const CHILD_VARIABLE: &str = "LOG_CORE_FOREIGN_FAULT";

/// Not a test of its own: the process that dies.
#[test]
#[ignore = "started by the test below"]
fn foreign_fault() {
    assert!(env::var_os(CHILD_VARIABLE).is_some(), "it ends the process");
    install_sigbus_handler().unwrap();
    install_sigbus_handler().unwrap();
    let file = tempfile::tempfile().unwrap();
    file.set_len(4096).unwrap();
    let raw = MmapOptions::new()
        .len(4096)
        .map_raw_read_only(&file)
        .unwrap();
    file.set_len(0).unwrap();
    // SAFETY: the byte is mapped; that it cannot be read is what the test is about.
    let byte = unsafe { raw.as_ptr().read_volatile() };
    panic!("read {byte}");
}

#[test]
fn a_fault_elsewhere_is_left_to_whoever_handled_it_before() {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "mmap::tests::foreign_fault"])
        .env(CHILD_VARIABLE, "1")
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(libc::SIGBUS), "{child:?}");
    let said = String::from_utf8(child.stderr).unwrap();
    assert!(!said.contains("log-core"), "{said}");
}
