//! A table of minimum cut times, beside the physical limit and beside other solvers.

mod measure;
mod row;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use healing_benches::families::{Instance, minimum_cut_table};
use mincut_cli::{Format, parse};

use crate::row::Row;

/// Times healing-mincut: in linear passes over the graph, and beside other solvers.
#[derive(Debug, Parser)]
#[command(name = "mincut-table", version)]
struct Arguments {
    /// Graphs to solve instead of the generated families: METIS, DIMACS or edge lists
    files: Vec<PathBuf>,

    /// Print a JSON array of rows
    #[arg(long)]
    json: bool,

    /// Time rustworkx-core (up to 10,000 nodes) and ruvector-mincut (up to 1,000) too
    #[arg(long)]
    peers: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot read {file}: {source}")]
    Unreadable { file: String, source: std::io::Error },
    #[error("{file}: {source}")]
    Malformed {
        file: String,
        source: mincut_cli::ParseError,
    },
    #[error(transparent)]
    NoGraph(#[from] healing_mincut::GraphError),
    #[error("{0}: a graph with fewer than two nodes has no cut")]
    NoCut(String),
    #[error("{instance}: the solvers disagree: {ours} here, {theirs} by {solver}")]
    Disagreement {
        instance: String,
        ours: u64,
        theirs: u64,
        solver: &'static str,
    },
    #[error("--peers needs the peers built in: add `--features peers` to the cargo command")]
    NoPeers,
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            match failure {
                Failure::NoPeers | Failure::Unreadable { .. } => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.peers && !cfg!(feature = "peers") {
        return Err(Failure::NoPeers);
    }
    let instances = if arguments.files.is_empty() {
        minimum_cut_table()?
    } else {
        arguments.files.iter().map(read).collect::<Result<_, _>>()?
    };
    let mut output = std::io::stdout().lock();
    if !arguments.json {
        writeln!(output, "{}", Row::heading(arguments.peers))?;
    }
    let mut rows = Vec::new();
    for instance in &instances {
        let row = Row::measure(instance, arguments.peers)?;
        if !arguments.json {
            writeln!(output, "{row}")?;
        }
        rows.push(row);
    }
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&rows)?)?;
    }
    output.flush()?;
    Ok(())
}

fn read(path: &PathBuf) -> Result<Instance, Failure> {
    let file = || path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| Failure::Unreadable { file: file(), source })?;
    let graph_file =
        parse(&bytes, Format::detect(&bytes)).map_err(|source| Failure::Malformed { file: file(), source })?;
    Ok(Instance {
        name: file(),
        graph: graph_file.to_graph()?,
    })
}
