//! Windows, and a fault that is none of ours; faults of segments are in `tests/it/sigbus.rs`, of the publication page in
//! `tests/crash/cutoff.rs`.
#![allow(clippy::unwrap_used)]

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use super::*;
use crate::io::{LogIo, Open, RealDisk};

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

#[test]
fn a_copy_is_aligned_like_a_mapping() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("segment");
    let bytes: Vec<u8> = (0..200).collect();
    std::fs::write(&path, &bytes).unwrap();
    let readable = Arc::new(AtomicU64::new(199));
    let open = || RealDisk.open(&path, Open::Read).unwrap();
    let mapped = Arc::new(open().map(Arc::clone(&readable)).unwrap());
    let copied = Arc::new(Mapping::copied(open(), readable));
    for start in 0..=210 {
        let (window, copy) = (mapped.window(start).unwrap(), copied.window(start).unwrap());
        assert_eq!(window, copy, "from {start}");
        assert_eq!(window[..], bytes[(start as usize).min(199)..199]);
        // An empty slice may be anywhere.
        if !copy.is_empty() {
            assert_eq!(copy.as_ptr().addr() as u64 % 16, start % 16);
        }
    }
}
