//! How many collections one process can watch: samples a second on one core, and memory for each collection.

mod fleet;

use std::fmt;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use healing_benches::ending::ended;
use healing_benches::{cpu_time, resident};
use healing_core::identity::InvalidName;
use healing_core::monitor::{IntegrityMonitor, IntegrityState, MonitorConfig, MonitorError};
use healing_core::topology::TopologyError;
use serde::Serialize;

use crate::fleet::Fleet;

/// Watches many collections, each with the operational topology, and changes the same share of the edges of each from sample
/// to sample. Only the monitor is timed: that the host builds an observation is not.
#[derive(Debug, Parser)]
#[command(name = "monitor-capacity", version)]
struct Arguments {
    /// How many collections
    #[arg(long, default_value_t = 10_000)]
    collections: u32,
    /// Nodes of each
    #[arg(long, default_value_t = 1000)]
    nodes: u32,
    /// How many samples of each are timed, after those that the baselines are learned from
    #[arg(long, default_value_t = 3)]
    samples: u32,
    /// By how much an edge that changes is changed: up to this share of its capacity, up or down
    #[arg(long, default_value_t = 0.5)]
    spread: f64,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// So many observations are built, and then taken in.
const BATCH: u32 = 50;

/// What was measured.
#[derive(Debug, Serialize)]
struct Row {
    spread: f64,
    collections: u32,
    nodes: usize,
    edges: usize,
    /// Of each collection, by the process's resident memory.
    kilobytes_each: f64,
    /// A sample, by the clock.
    wall_us: f64,
    /// A sample, by the time that the core ran for it.
    cpu_us: f64,
    /// On one core.
    samples_a_second: f64,
    /// Samples after which some collection was not in its normal state, of those timed.
    not_normal: u32,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    #[error("the system does not tell what was used: {0}")]
    NoCount(#[source] std::io::Error),
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    let row = measure(arguments)?;
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&row)?)?;
    } else {
        writeln!(output, "{row}")?;
    }
    output.flush()?;
    Ok(())
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} collections of {} nodes and {} edges, one edge in twenty changed a sample, by up to {:.0} %:",
            self.collections,
            self.nodes,
            self.edges,
            self.spread * 100.0
        )?;
        writeln!(out, "{:>8.0} samples a second on one core", self.samples_a_second)?;
        writeln!(
            out,
            "{:>8.1} us a sample that the core ran, {:.1} us by the clock",
            self.cpu_us, self.wall_us
        )?;
        writeln!(out, "{:>8.0} kB for each collection", self.kilobytes_each)?;
        write!(
            out,
            "{:>8} samples after which a collection was not in its normal state",
            self.not_normal
        )
    }
}

fn measure(arguments: &Arguments) -> Result<Row, Failure> {
    let fleet = Fleet::new(arguments.nodes, arguments.spread)?;
    let config = MonitorConfig::default();
    let before = resident::now().map_err(Failure::NoCount)?;
    let mut monitors: Vec<IntegrityMonitor> = (0..arguments.collections)
        .map(|_| IntegrityMonitor::new(&config))
        .collect();
    // Baselines: of each edge, and then of the weakest cuts.
    let learning = u32::try_from(2 * config.baseline_samples).unwrap_or(u32::MAX);
    let (mut timed, mut ran, mut timed_samples, mut not_normal) = (Duration::ZERO, Duration::ZERO, 0, 0);
    for sample in 0..learning + arguments.samples {
        for (batch, monitors) in (0..).zip(monitors.chunks_mut(BATCH as usize)) {
            let observations = (batch * BATCH..)
                .zip(monitors.iter())
                .map(|(collection, _)| fleet.observe(collection, sample))
                .collect::<Result<Vec<_>, _>>()?;
            let (began, ran_before) = (Instant::now(), cpu_time::of_thread().map_err(Failure::NoCount)?);
            for (monitor, observation) in monitors.iter_mut().zip(&observations) {
                let report = monitor.sample(observation)?;
                if sample >= learning {
                    timed_samples += 1;
                    not_normal += u32::from(report.state != IntegrityState::Normal);
                }
            }
            if sample >= learning {
                timed += began.elapsed();
                ran += cpu_time::of_thread()
                    .map_err(Failure::NoCount)?
                    .saturating_sub(ran_before);
            }
        }
    }
    let after = resident::now().map_err(Failure::NoCount)?;
    let mean = |time: Duration| time.as_secs_f64() / f64::from(timed_samples.max(1));
    let graph = fleet.observe(0, 0)?.graph;
    Ok(Row {
        spread: arguments.spread,
        collections: arguments.collections,
        nodes: graph.nodes().len(),
        edges: graph.edges().len(),
        kilobytes_each: after.saturating_sub(before) as f64 / 1000.0 / f64::from(arguments.collections),
        wall_us: mean(timed) * 1e6,
        cpu_us: mean(ran) * 1e6,
        samples_a_second: 1.0 / mean(ran),
        not_normal,
    })
}
