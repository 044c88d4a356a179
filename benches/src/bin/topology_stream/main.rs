//! Ten million raw edges, contracted into operational nodes as they pass: how long it takes, and in how much memory.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use healing_benches::ending::ended;
use healing_benches::{cpu_time, resident};
use healing_core::topology::{ContractedGraph, EdgeKind, NodeRef, TopologyError};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::Serialize;

/// Contracts a similarity graph of vectors into their partitions: most neighbours of a vector are in its own partition or in
/// the few that are most like it.
#[derive(Debug, Parser)]
#[command(name = "topology-stream", version)]
struct Arguments {
    /// How many raw edges
    #[arg(long, default_value_t = 10_000_000)]
    edges: u32,
    /// How many operational nodes
    #[arg(long, default_value_t = 1000)]
    nodes: u32,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Row {
    raw_edges: u32,
    nodes: usize,
    edges: usize,
    internal_edges: u64,
    /// That the core ran.
    seconds: f64,
    /// Of that, what making up the stream alone takes.
    stream_seconds: f64,
    /// By how much resident memory rose at its peak, until the graph was finished.
    peak_bytes: u64,
    bytes_an_edge: f64,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error("the system does not tell what was used: {0}")]
    NoCount(#[source] std::io::Error),
    #[error("cannot write the result: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write the result as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let row = measure(arguments)?;
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&row)?)?;
    } else {
        writeln!(
            output,
            "{} raw edges into {} nodes and {} edges ({} lay within a node): {:.3} s, of which the stream itself {:.3} s; \
             peak {:.2} MB, {:.0} bytes an edge",
            row.raw_edges,
            row.nodes,
            row.edges,
            row.internal_edges,
            row.seconds,
            row.stream_seconds,
            row.peak_bytes as f64 / 1e6,
            row.bytes_an_edge
        )?;
    }
    output.flush()?;
    Ok(())
}

fn measure(arguments: &Arguments) -> Result<Row, Failure> {
    let began = cpu_time::of_thread().map_err(Failure::NoCount)?;
    let checksum = raw_edges(arguments).fold(0.0, |sum, (one, other, capacity)| {
        sum + capacity + (one.id ^ other.id) as f64
    });
    std::hint::black_box(checksum);
    let stream_seconds = seconds_since(began)?;

    let began = cpu_time::of_thread().map_err(Failure::NoCount)?;
    let (built, peak_bytes) = resident::beyond(|| -> Result<_, TopologyError> {
        let mut builder = ContractedGraph::builder();
        for node in 0..arguments.nodes {
            builder.node(NodeRef::partition(node.into()), 1.0)?;
        }
        for (one, other, capacity) in raw_edges(arguments) {
            builder.raw_edge(EdgeKind::PartitionLink, one, other, capacity)?;
        }
        Ok((builder.build(), builder.internal_edges()))
    })
    .map_err(Failure::NoCount)?;
    let seconds = seconds_since(began)?;
    let (graph, internal_edges) = built?;
    Ok(Row {
        raw_edges: arguments.edges,
        nodes: graph.nodes().len(),
        edges: graph.edges().len(),
        internal_edges,
        seconds,
        stream_seconds,
        peak_bytes,
        bytes_an_edge: peak_bytes as f64 / graph.edges().len().max(1) as f64,
    })
}

fn seconds_since(began: Duration) -> Result<f64, Failure> {
    let now = cpu_time::of_thread().map_err(Failure::NoCount)?;
    Ok(now.saturating_sub(began).as_secs_f64())
}

/// The stream: always the same.
fn raw_edges(arguments: &Arguments) -> impl Iterator<Item = (NodeRef, NodeRef, f64)> {
    let mut rng = Pcg64::seed_from_u64(1);
    let nodes = arguments.nodes.max(1);
    (0..arguments.edges).map(move |_| {
        let one = rng.random_range(0..nodes);
        // Half of the neighbours within, the others in one of sixteen partitions alike.
        let away = rng.random_range(0..32_u32).saturating_sub(15);
        let other = (one + away * away) % nodes;
        let similarity = rng.random_range(0.5..1.0);
        (
            NodeRef::partition(one.into()),
            NodeRef::partition(other.into()),
            similarity,
        )
    })
}
