//! The other algorithms, beside the minimum cut.

use std::fmt;

use healing_benches::families::Instance;
use healing_mincut::{MinimumCutSolver, all_minimum_cuts, weakest_cuts};
use serde::Serialize;

use crate::Failure;
use crate::measure::median_seconds;

/// A monitor ranks about so many weak spots.
const WEAKEST: usize = 16;

/// What was measured on one graph; times are medians.
#[derive(Debug, Serialize)]
pub(crate) struct OthersRow {
    instance: String,
    n: u32,
    m: usize,
    seconds: f64,
    all_minimum_cuts_seconds: f64,
    minimum_cuts: Option<u64>,
    weakest_16_seconds: f64,
}

impl OthersRow {
    pub(crate) fn measure(instance: &Instance) -> Result<Self, Failure> {
        let Instance { name, graph } = instance;
        let mut solver = MinimumCutSolver::new();
        let (seconds, _) = median_seconds(|| solver.minimum_cut(graph));
        let (all_minimum_cuts_seconds, all) = median_seconds(|| all_minimum_cuts(graph));
        let all = all.ok_or_else(|| Failure::NoCut(name.clone()))?;
        let (weakest_16_seconds, _) = median_seconds(|| weakest_cuts(graph, WEAKEST));
        Ok(Self {
            instance: name.clone(),
            n: graph.nodes(),
            m: graph.edges(),
            seconds,
            all_minimum_cuts_seconds,
            minimum_cuts: all.count().and_then(|count| u64::try_from(count).ok()),
            weakest_16_seconds,
        })
    }

    pub(crate) fn heading() -> String {
        format!(
            "{:<26} {:>7} {:>9} {:>12} {:>12} {:>7} {:>8} {:>14}",
            "instance", "n", "m", "solve ms", "all ms", "ratio", "cuts", "weakest(16) ms"
        )
    }
}

impl fmt::Display for OthersRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:<26} {:>7} {:>9} {:>12.3} {:>12.3} {:>6.1}x {:>8} {:>14.3}",
            self.instance,
            self.n,
            self.m,
            self.seconds * 1e3,
            self.all_minimum_cuts_seconds * 1e3,
            self.all_minimum_cuts_seconds / self.seconds,
            self.minimum_cuts
                .map_or_else(|| "many".to_owned(), |cuts| cuts.to_string()),
            self.weakest_16_seconds * 1e3,
        )
    }
}
