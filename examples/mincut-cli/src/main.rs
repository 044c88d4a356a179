//! Prints the minimum cut of a graph file.

mod arguments;
mod replay;
mod report;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use healing_mincut::{Graph, minimum_cut};
use mincut_cli::{Format, NodeNumbers, parse, parse_updates};

use crate::arguments::Arguments;
use crate::replay::{Impossible, Replay};
use crate::report::Report;

/// What ends the program early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot read {file}: {source}")]
    Unreadable { file: String, source: std::io::Error },
    #[error("{file}: {source}")]
    Malformed {
        file: String,
        source: mincut_cli::ParseError,
    },
    #[error("{file}: {source}")]
    NoGraph {
        file: String,
        source: healing_mincut::GraphError,
    },
    #[error("{file}: {source}")]
    Impossible { file: String, source: Impossible },
    #[error("cannot write the result: {0}")]
    Unwritable(#[from] std::io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough.
        Err(Failure::Unwritable(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            match failure {
                Failure::Unreadable { .. } => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let file = || arguments.file.display().to_string();
    let load_started = Instant::now();
    let bytes = std::fs::read(&arguments.file).map_err(|source| Failure::Unreadable { file: file(), source })?;
    let format = arguments.format.map_or_else(|| Format::detect(&bytes), Format::from);
    let graph_file = parse(&bytes, format).map_err(|source| Failure::Malformed { file: file(), source })?;
    drop(bytes);
    let graph = graph_file
        .to_graph()
        .map_err(|source| Failure::NoGraph { file: file(), source })?;
    let load = load_started.elapsed();
    if let Some(stream) = &arguments.updates {
        return replay(arguments, &graph, &graph_file.numbers, stream);
    }

    let solve_started = Instant::now();
    let cut = minimum_cut(&graph);
    let solve = solve_started.elapsed();

    let report = Report {
        graph: &graph,
        numbers: &graph_file.numbers,
        cut: cut.as_ref(),
        load,
        solve,
    };
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", report.to_json())?;
    } else {
        write!(output, "{report}")?;
    }
    output.flush()?;
    Ok(())
}

fn replay(arguments: &Arguments, graph: &Graph, numbers: &NodeNumbers, stream: &Path) -> Result<(), Failure> {
    let file = || stream.display().to_string();
    let bytes = std::fs::read(stream).map_err(|source| Failure::Unreadable { file: file(), source })?;
    let updates = parse_updates(&bytes, numbers).map_err(|source| Failure::Malformed { file: file(), source })?;
    drop(bytes);
    let replay =
        Replay::run(graph, numbers, &updates).map_err(|source| Failure::Impossible { file: file(), source })?;
    let mut output = std::io::stdout().lock();
    match (arguments.json, arguments.quiet) {
        (true, true) => writeln!(output, "{}", replay.summary_to_json())?,
        (true, false) => writeln!(output, "{}", replay.to_json())?,
        (false, true) => write!(output, "{}", replay.summary())?,
        (false, false) => write!(output, "{}", replay.values())?,
    }
    output.flush()?;
    Ok(())
}
