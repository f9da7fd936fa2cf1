//! Tests that mount file systems of their own.

use std::env;
use std::path::Path;

use crate::image;

/// Set for a test that was started again in its own mount namespace.
const ISOLATED_VARIABLE: &str = "LOG_CORE_TEST_ISOLATED";
/// Set by hand where nobody is root.
const NO_MOUNT_VARIABLE: &str = "ERRATA_TEST_NO_MOUNT";

/// Runs `body` with an empty directory, in a process and a mount namespace of its own: however it ends, no mount is
/// left. `name` is the full name of the test that calls.
pub(crate) fn isolated(name: &str, body: impl FnOnce(&Path)) {
    if env::var_os(ISOLATED_VARIABLE).is_some() {
        let dir = tempfile::tempdir().unwrap();
        body(dir.path());
        return;
    }
    if env::var_os(NO_MOUNT_VARIABLE).is_some_and(|value| value == "1") {
        eprintln!("NOT RUN: {name}, because {NO_MOUNT_VARIABLE} is 1");
        return;
    }
    if let Some(missing) = image::missing() {
        panic!("{name} needs {missing}; to do without it, set {NO_MOUNT_VARIABLE}=1");
    }
    let output = image::isolated()
        .unwrap()
        .args(["--exact", name, "--nocapture"])
        .env(ISOLATED_VARIABLE, "1")
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
