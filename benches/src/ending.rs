//! How a benchmark's program ends.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Says what went wrong, if anything did, and how that shows to whoever called the program.
#[must_use]
pub fn ended(done: Result<(), impl Display>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}
