//! Disturbs the simulated cluster and tells how it was healed.

mod arguments;
mod lines;
mod live;
mod report;
mod run;
mod serve;
mod story;
mod summary;
mod watch;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use mock_cluster::Scenario;

use crate::arguments::Arguments;
use crate::live::LiveError;
use crate::run::Run;
use crate::serve::ServeError;
use crate::watch::WatchError;

/// What ends the program early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("the result cannot be written: {0}")]
    Unwritable(#[from] io::Error),
    #[error(transparent)]
    Watch(#[from] WatchError),
    #[error("the report cannot be written to {path}: {source}")]
    Report { path: String, source: io::Error },
    #[error("the result cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match tell(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough.
        Err(Failure::Unwritable(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn tell(arguments: &Arguments) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    if arguments.list {
        for scenario in Scenario::ALL {
            writeln!(output, "{:24}{}", scenario.name(), scenario.description())?;
        }
        return Ok(());
    }
    if arguments.watch {
        return Ok(watch::watch(arguments, &mut output)?);
    }
    if let Some(address) = arguments.serve {
        return Ok(serve::serve(arguments, address, &mut output)?);
    }
    let run = Run::of(arguments)?;
    if let Some(path) = &arguments.report {
        std::fs::write(path, report::html(&run)).map_err(|source| Failure::Report {
            path: path.display().to_string(),
            source,
        })?;
    }
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&summary::of(&run))?)?;
    } else {
        story::tell(&run, &mut output)?;
    }
    output.flush()?;
    Ok(())
}
