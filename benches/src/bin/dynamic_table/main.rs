//! A table of what it costs to keep a minimum cut up to date, beside a fresh solve.

#[cfg(feature = "peers")]
mod peer;
mod row;
mod stream;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use healing_benches::ending::ended;
use healing_benches::families::{Instance, minimum_cut_table};

use crate::row::Row;

/// The largest graphs in the table.
const MOST_NODES: u32 = 10_000;

/// Times 2,000 updates of each graph: a random edge is removed, then put back with 0.5 to 1.5 of its
/// weight; the minimum cut's value is read after each.
#[derive(Debug, Parser)]
#[command(name = "dynamic-table", version)]
struct Arguments {
    /// Draw the graphs from this seed
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Print a JSON array of rows
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    NoGraph(#[from] healing_mincut::GraphError),
    #[error("{instance}: {source}")]
    Refused {
        instance: String,
        source: healing_mincut::UpdateError,
    },
    #[error("{0}: a graph with fewer than two nodes has no cut")]
    NoCut(String),
    #[error("{instance}: after update {update} the value is {kept} as kept, {fresh} as solved anew")]
    Disagreement {
        instance: String,
        update: usize,
        kept: u64,
        fresh: u64,
    },
    #[cfg(feature = "peers")]
    #[error("{instance}: the peer refused: {reason}")]
    Peer { instance: String, reason: String },
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let families = ["operational", "weighted random", "planted"];
    let is_wanted = |instance: &Instance| {
        instance.graph.nodes() <= MOST_NODES && families.iter().any(|family| instance.name.starts_with(family))
    };
    let mut output = std::io::stdout().lock();
    if !arguments.json {
        writeln!(output, "{}", Row::heading())?;
    }
    let mut rows = Vec::new();
    for instance in minimum_cut_table(arguments.seed)?
        .iter()
        .filter(|instance| is_wanted(instance))
    {
        let row = Row::measure(instance)?;
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
