//! One line of the table.

use std::fmt;

use healing_benches::families::Instance;
use healing_benches::linear_pass::linear_pass;
use healing_benches::textbook;
use healing_mincut::MinimumCutSolver;
use serde::Serialize;

use crate::Failure;
use crate::measure::median_seconds;

/// What was measured on one graph; times are medians.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    instance: String,
    n: u32,
    m: usize,
    lambda: u64,
    seconds: f64,
    pass_seconds: f64,
    passes: f64,
    textbook_seconds: Option<f64>,
}

impl Row {
    pub(crate) fn measure(instance: &Instance, _peers: bool) -> Result<Self, Failure> {
        let Instance { name, graph } = instance;
        let (pass_seconds, _) = median_seconds(|| linear_pass(graph));
        let mut solver = MinimumCutSolver::new();
        let (seconds, cut) = median_seconds(|| solver.minimum_cut(graph));
        let lambda = cut.ok_or_else(|| Failure::NoCut(name.clone()))?.value();
        let (textbook_seconds, textbook) = median_seconds(|| textbook::minimum_cut_value(graph));
        if let Some(theirs) = textbook
            && theirs != lambda
        {
            let instance = name.clone();
            return Err(Failure::Disagreement {
                instance,
                ours: lambda,
                theirs,
                solver: "textbook",
            });
        }
        Ok(Self {
            instance: name.clone(),
            n: graph.nodes(),
            m: graph.edges(),
            lambda,
            seconds,
            pass_seconds,
            passes: seconds / pass_seconds,
            textbook_seconds: textbook.map(|_| textbook_seconds),
        })
    }

    pub(crate) fn heading(_peers: bool) -> String {
        format!(
            "{:<26} {:>7} {:>9} {:>7} {:>10} {:>10} {:>7} {:>10} {:>7}",
            "instance", "n", "m", "lambda", "solve us", "pass us", "passes", "textbook", "ratio"
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instance,
            n,
            m,
            lambda,
            seconds,
            pass_seconds,
            passes,
            ..
        } = self;
        write!(
            out,
            "{instance:<26} {n:>7} {m:>9} {lambda:>7} {:>10.1} {:>10.2} {passes:>7.1}",
            seconds * 1e6,
            pass_seconds * 1e6
        )?;
        if let Some(textbook) = self.textbook_seconds {
            write!(out, " {:>9.1}p {:>6.2}x", textbook / pass_seconds, textbook / seconds)?;
        }
        Ok(())
    }
}
