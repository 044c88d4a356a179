//! One line of the table.

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use healing_benches::families::Instance;
use healing_mincut::{DynamicMinCut, MinimumCutSolver, Update};
use serde::Serialize;

use crate::Failure;
use crate::stream::removed_and_put_back;

/// How many updates are timed.
const UPDATES: usize = 2000;
/// The stream is replayed so many times from the start, and the graph solved so many times: the
/// medians count.
const RUNS: usize = 25;
/// Every so many updates the value is compared with a fresh solve's, in a run that is not timed.
const CHECK_EVERY: usize = 10;

/// What was measured on one graph.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    instance: String,
    n: u32,
    m: usize,
    /// The mean time of an update, in microseconds.
    mean_us: f64,
    /// The time of a fresh solve, in microseconds.
    fresh_us: f64,
    /// The mean time of a deletion by ruvector-mincut, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_us: Option<f64>,
}

impl Row {
    pub(crate) fn measure(instance: &Instance) -> Result<Self, Failure> {
        let Instance { name, graph } = instance;
        let stream = removed_and_put_back(graph, UPDATES);
        check(instance, &stream)?;
        let refused = |source| Failure::Refused {
            instance: name.clone(),
            source,
        };
        let mut means = Vec::new();
        for _ in 0..RUNS {
            let mut dynamic = DynamicMinCut::new(graph);
            let started = Instant::now();
            for update in &stream {
                dynamic.update(update).map_err(refused)?;
                black_box(dynamic.value());
            }
            means.push(started.elapsed().as_secs_f64() * 1e6 / UPDATES as f64);
        }
        let mut solver = MinimumCutSolver::new();
        let mut solves = Vec::new();
        for _ in 0..RUNS {
            let started = Instant::now();
            black_box(solver.minimum_cut(graph));
            solves.push(started.elapsed().as_secs_f64() * 1e6);
        }
        Ok(Self {
            instance: name.clone(),
            n: graph.nodes(),
            m: graph.edges(),
            mean_us: median(means),
            fresh_us: median(solves),
            #[cfg(feature = "peers")]
            peer_us: crate::peer::deletion_us(instance, &stream)?,
            #[cfg(not(feature = "peers"))]
            peer_us: None,
        })
    }

    pub(crate) fn heading() -> String {
        format!(
            "{:<26} {:>7} {:>8} {:>10} {:>10} {:>7} {:>16}",
            "instance", "n", "m", "update us", "solve us", "ratio", "ruvector us"
        )
    }
}

fn check(instance: &Instance, stream: &[Update]) -> Result<(), Failure> {
    let name = || instance.name.clone();
    let mut dynamic = DynamicMinCut::new(&instance.graph);
    let mut solver = MinimumCutSolver::new();
    for (number, update) in stream.iter().enumerate() {
        dynamic.update(update).map_err(|source| Failure::Refused {
            instance: name(),
            source,
        })?;
        // The offset that grows meets removals and insertions alike.
        if !(number + number / CHECK_EVERY).is_multiple_of(CHECK_EVERY) {
            continue;
        }
        let fresh = solver.minimum_cut(&dynamic.graph()).map(|cut| cut.value());
        let (Some(kept), Some(fresh)) = (dynamic.value(), fresh) else {
            return Err(Failure::NoCut(name()));
        };
        if kept != fresh {
            return Err(Failure::Disagreement {
                instance: name(),
                update: number,
                kept,
                fresh,
            });
        }
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instance,
            n,
            m,
            mean_us,
            fresh_us,
            peer_us,
        } = self;
        write!(
            out,
            "{instance:<26} {n:>7} {m:>8} {mean_us:>10.3} {fresh_us:>10.1} {:>6.0}x",
            fresh_us / mean_us
        )?;
        match peer_us {
            Some(peer_us) => write!(out, " {peer_us:>16.0}"),
            None => write!(out, " {:>16}", "-"),
        }
    }
}
