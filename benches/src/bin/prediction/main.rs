//! What predictions are worth: the lambda that plans should lead to, against the lambda that was measured afterwards.

mod healing;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use healing_benches::ending::ended;
use healing_core::engine::{BuildError, ControlError};
use healing_core::identity::InvalidName;
use healing_core::monitor::MonitorError;
use healing_core::observation::ObservationError;
use healing_core::registry::RegistryError;
use mock_cluster::Scenario;
use serde::Serialize;

use crate::healing::{Kept, heal};

/// Heals the simulated cluster in every scenario, and compares each plan's predicted lambda with what was measured when the
/// plan was to be verified.
#[derive(Debug, Parser)]
#[command(name = "prediction", version)]
struct Arguments {
    /// How many clusters in each scenario
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Print a JSON array of rows
    #[arg(long)]
    json: bool,
}

/// Plans of one strategy.
#[derive(Debug, Serialize)]
struct Row {
    strategy: String,
    plans: usize,
    /// Those that were carried out to their end; the others had reached enough before.
    whole: usize,
    /// Of all, those that declared what they would do to the graph.
    predicted: usize,
    /// Of these, those after which lambda rose or fell as predicted, by more than a hundredth.
    right_direction: usize,
    /// The distance of the predicted lambda from the measured one, relative to the healthy lambda.
    error_median: Option<f64>,
    error_greatest: Option<f64>,
    /// The same with its sign: above 0 where more was promised than came.
    bias_mean: Option<f64>,
    /// The distance of the measured lambda from the one before, relative to that: what saying that nothing changes would be
    /// wrong by.
    change_median: Option<f64>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Healer(#[from] BuildError),
    #[error(transparent)]
    Observation(#[from] ObservationError),
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    #[error(transparent)]
    Order(#[from] ControlError),
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut by_strategy: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
    for scenario in Scenario::ALL {
        for seed in 1..=arguments.seeds {
            for kept in heal(scenario, seed)? {
                by_strategy.entry(kept.strategy.clone()).or_default().push(kept);
            }
        }
    }
    let all = by_strategy.values().flatten().cloned().collect();
    let rows: Vec<Row> = by_strategy
        .into_iter()
        .chain([("all".to_owned(), all)])
        .map(|(strategy, kept)| Row::of(strategy, &kept))
        .collect();
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        writeln!(
            output,
            "{:<22} {:>6} {:>6} {:>9} {:>9} {:>13} {:>14} {:>9} {:>13}",
            "strategy", "plans", "whole", "predicted", "direction", "error, median", "error, at most", "bias", "change"
        )?;
        for row in &rows {
            writeln!(output, "{row}")?;
        }
    }
    output.flush()?;
    Ok(())
}

/// A change by less counts as none.
const NOTABLE: f64 = 0.01;

impl Row {
    fn of(strategy: String, kept: &[Kept]) -> Self {
        let mut errors = Vec::new();
        let mut changes = Vec::new();
        let mut right_direction = 0;
        for plan in kept {
            let Some(predicted) = plan.predicted else { continue };
            let unit = plan.healthy;
            errors.push((predicted - plan.measured) / unit);
            changes.push((plan.measured - plan.before).abs() / unit);
            let sign = |lambda: f64| {
                let change = (lambda - plan.before) / unit;
                i8::from(change > NOTABLE) - i8::from(change < -NOTABLE)
            };
            right_direction += usize::from(sign(predicted) == sign(plan.measured));
        }
        let distances: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
        Self {
            strategy,
            plans: kept.len(),
            whole: kept.iter().filter(|plan| plan.is_whole).count(),
            predicted: errors.len(),
            right_direction,
            error_greatest: distances.iter().copied().reduce(f64::max),
            error_median: median(distances),
            bias_mean: (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64),
            change_median: median(changes),
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0));
        write!(
            out,
            "{:<22} {:>6} {:>6} {:>9} {:>9} {:>13} {:>14} {:>9} {:>13}",
            self.strategy,
            self.plans,
            self.whole,
            self.predicted,
            self.right_direction,
            percent(self.error_median),
            percent(self.error_greatest),
            percent(self.bias_mean),
            percent(self.change_median)
        )
    }
}
