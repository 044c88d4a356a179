//! This test program again, as a process of its own that runs one test.

#![cfg(feature = "redb")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the child finds what it works on; a child's test does nothing without it.
const WORK: &str = "HEALING_TEST_CHILD";

/// A command that runs the test named `test` on `work`, through a shell that first does `preparation`.
pub fn command(test: &str, work: &Path, preparation: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{preparation} exec \"$0\" \"$@\""))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--include-ignored", "--quiet"])
        .env(WORK, work);
    command
}

/// What a child works on; `None` in a run of all tests.
pub fn work() -> Option<PathBuf> {
    std::env::var_os(WORK).map(PathBuf::from)
}
