//! A table of minimum cut times, beside the physical limit and beside other solvers.

mod growth;
mod measure;
mod memory;
mod others;
#[cfg(feature = "peers")]
mod peers;
mod row;

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use healing_benches::families::{Instance, minimum_cut_table};
use healing_benches::hard::hard_table;
use mincut_cli::{Format, parse};
use serde::Serialize;

use crate::growth::GrowthRow;
use crate::memory::MemoryRow;
use crate::others::OthersRow;
use crate::row::Row;

/// Times healing-mincut: in linear passes over the graph, and beside other solvers.
#[derive(Debug, Parser)]
#[command(name = "mincut-table", version)]
struct Arguments {
    /// Graphs to solve instead of the generated families: METIS, DIMACS or edge lists
    files: Vec<PathBuf>,

    /// Graphs on which solvers creep instead: tori, hypercubes, regular and complete graphs, heavy rings
    #[arg(long, conflicts_with = "files")]
    hard: bool,

    /// Draw the graphs from this seed: whether what the table shows holds for the families
    #[arg(long, default_value_t = 0, conflicts_with = "files")]
    seed: u64,

    /// Print a JSON array of rows
    #[arg(long)]
    json: bool,

    /// Time rustworkx-core (up to 10,000 nodes) and ruvector-mincut (up to 1,000) too
    #[arg(long)]
    peers: bool,

    /// Time the other algorithms instead: all minimum cuts, the weakest cuts
    #[arg(long, conflicts_with = "peers")]
    others: bool,

    /// Show instead how the time grows from 1e4 to 1e6 edges
    #[arg(long, conflicts_with_all = ["peers", "others", "hard", "seed", "files"])]
    growth: bool,

    /// Show instead how much memory a solve takes at 1e7 edges (Linux only)
    #[arg(long, conflicts_with_all = ["peers", "others", "growth", "hard", "seed", "files"])]
    memory: bool,
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
    #[error("cannot tell how much memory is used: {0}")]
    NoMemoryCount(std::io::Error),
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
    let json = arguments.json;
    if arguments.growth {
        return print(
            json,
            &GrowthRow::heading(),
            GrowthRow::measure_all()?.into_iter().map(Ok),
        );
    }
    if arguments.memory {
        return print(json, "", std::iter::once_with(MemoryRow::measure));
    }
    let instances = if !arguments.files.is_empty() {
        arguments.files.iter().map(read).collect::<Result<_, _>>()?
    } else if arguments.hard {
        hard_table(arguments.seed)?
    } else {
        minimum_cut_table(arguments.seed)?
    };
    if arguments.others {
        return print(json, &OthersRow::heading(), instances.iter().map(OthersRow::measure));
    }
    let rows = instances.iter().map(|instance| Row::measure(instance, arguments.peers));
    print(json, &Row::heading(arguments.peers), rows)
}

/// Each row as soon as it is measured; or, as JSON, all of them at the end.
fn print<R: Display + Serialize>(
    json: bool,
    heading: &str,
    rows: impl Iterator<Item = Result<R, Failure>>,
) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    if json {
        let rows = rows.collect::<Result<Vec<R>, Failure>>()?;
        writeln!(output, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        if !heading.is_empty() {
            writeln!(output, "{heading}")?;
        }
        for row in rows {
            writeln!(output, "{}", row?)?;
        }
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
