//! Tests that run in a process of their own, some of them with file systems of their own.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::image;

/// Set for a test that was started again.
const SEPARATE_VARIABLE: &str = "LOG_CORE_TEST_SEPARATE";
/// Set by hand where nobody is root.
const NO_MOUNT_VARIABLE: &str = "ERRATA_TEST_NO_MOUNT";

/// Runs `body` with an empty directory, in a process of its own. `name` is the full name of the test that calls.
pub(crate) fn in_own_process(name: &str, body: impl FnOnce(&Path)) {
    if env::var_os(SEPARATE_VARIABLE).is_some() {
        let dir = tempfile::tempdir().unwrap();
        body(dir.path());
    } else {
        again(Command::new(env::current_exe().unwrap()), name);
    }
}

/// The same, in a mount namespace of its own as well: however it ends, no mount is left.
pub(crate) fn with_own_mounts(name: &str, body: impl FnOnce(&Path)) {
    if env::var_os(SEPARATE_VARIABLE).is_some() {
        return in_own_process(name, body);
    }
    if env::var_os(NO_MOUNT_VARIABLE).is_some_and(|value| value == "1") {
        eprintln!("NOT RUN: {name}, because {NO_MOUNT_VARIABLE} is 1");
        return;
    }
    if let Some(missing) = image::missing() {
        panic!("{name} needs {missing}; to do without it, set {NO_MOUNT_VARIABLE}=1");
    }
    again(image::isolated().unwrap(), name);
}

/// Starts the test once more, alone, with `program`.
fn again(mut program: Command, name: &str) {
    let output = program
        .args(["--exact", name, "--nocapture"])
        .env(SEPARATE_VARIABLE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{}:\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}
