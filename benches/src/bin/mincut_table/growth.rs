//! How the time grows with the graph, within a family.

use std::fmt;

use healing_benches::families::{Instance, growing};
use healing_benches::linear_pass::linear_pass;
use healing_mincut::MinimumCutSolver;
use serde::Serialize;

use crate::Failure;
use crate::measure::median_seconds;

/// One family from its smallest to its largest graph; times are medians.
#[derive(Debug, Serialize)]
pub(crate) struct GrowthRow {
    family: &'static str,
    m: Vec<usize>,
    seconds: Vec<f64>,
    /// How many times as long the largest takes, an edge, as the smallest.
    growth: f64,
    /// The same of one linear pass: what the memory alone accounts for.
    pass_growth: f64,
    /// The growth in passes: the one by the other.
    growth_in_passes: f64,
}

impl GrowthRow {
    /// All families.
    pub(crate) fn measure_all() -> Result<Vec<Self>, Failure> {
        let families = growing()?;
        Ok(families
            .into_iter()
            .map(|(family, graphs)| Self::measure(family, &graphs))
            .collect())
    }

    fn measure(family: &'static str, graphs: &[Instance]) -> Self {
        let mut solver = MinimumCutSolver::new();
        let m: Vec<usize> = graphs.iter().map(|instance| instance.graph.edges()).collect();
        let solve = |instance: &Instance| median_seconds(|| solver.minimum_cut(&instance.graph)).0;
        let seconds: Vec<f64> = graphs.iter().map(solve).collect();
        let pass = |instance: &Instance| median_seconds(|| linear_pass(&instance.graph)).0;
        let passes: Vec<f64> = graphs.iter().map(pass).collect();
        let (growth, pass_growth) = (growth(&m, &seconds), growth(&m, &passes));
        Self {
            family,
            growth,
            pass_growth,
            growth_in_passes: growth / pass_growth,
            m,
            seconds,
        }
    }

    pub(crate) fn heading() -> String {
        format!(
            "{:<20} {:>10} {:>13} {:>10}   {}",
            "family", "growth", "pass growth", "in passes", "edges: nanoseconds an edge"
        )
    }
}

fn growth(m: &[usize], seconds: &[f64]) -> f64 {
    let an_edge = |place: Option<(&usize, &f64)>| place.map_or(f64::NAN, |(&m, &seconds)| seconds / m as f64);
    an_edge(m.last().zip(seconds.last())) / an_edge(m.first().zip(seconds.first()))
}

impl fmt::Display for GrowthRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:<20} {:>9.2}x {:>12.2}x {:>9.2}x  ",
            self.family, self.growth, self.pass_growth, self.growth_in_passes
        )?;
        for (&m, seconds) in self.m.iter().zip(&self.seconds) {
            write!(out, " {m}: {:.1} ", seconds * 1e9 / m as f64)?;
        }
        Ok(())
    }
}
