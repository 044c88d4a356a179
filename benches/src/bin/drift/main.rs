//! What the drift warning is worth: how often it comes without a cause, and how long before the state changes.

mod watch;

use std::fmt;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use healing_benches::ending::ended;
use healing_core::identity::InvalidName;
use healing_core::monitor::{DriftConfig, MonitorError};
use healing_core::observation::ObservationError;
use healing_core::topology::TopologyError;
use mock_cluster::{InvalidSeverity, Severity};
use serde::Serialize;

use crate::watch::{Scatter, Watch};

/// Watches simulated clusters that are well, and clusters with a disk that wears out, and reports the warnings.
#[derive(Debug, Parser)]
#[command(name = "drift", version)]
struct Arguments {
    /// How many clusters of each kind
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// For how many hours clusters that are well are watched
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// Over how many minutes the slope is measured; by default as the monitor's configuration has it
    #[arg(long)]
    window: Option<u64>,
    /// Within how many minutes stress must be expected; by default as the monitor's configuration has it
    #[arg(long)]
    horizon: Option<u64>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Table {
    well: Vec<Well>,
    wearing: Vec<Wearing>,
}

/// Clusters without a fault.
#[derive(Debug, Serialize)]
struct Well {
    scatter: &'static str,
    hours: u64,
    warnings: u32,
    /// Transitions away from normal.
    transitions: u32,
}

/// Clusters whose disk wears out.
#[derive(Debug, Serialize)]
struct Wearing {
    scatter: &'static str,
    severity: f64,
    clusters: usize,
    /// Those in which it was warned before the state changed.
    warned: usize,
    /// From the warning to the state's change, minutes; of those that were warned.
    lead_minutes_median: Option<f64>,
    lead_minutes_least: Option<f64>,
    /// From the beginning of the wear to the state's change, minutes.
    until_stress_minutes_median: Option<f64>,
    /// At the time of the warning, how far the time to stress was from what came, relative to that.
    projection_error_median: Option<f64>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Severity(#[from] InvalidSeverity),
    #[error(transparent)]
    Observation(#[from] ObservationError),
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// How fast the disks wear out: 1, 6, 11, 26 and 50 % an hour.
const SEVERITIES: [f64; 5] = [0.0, 0.1, 0.2, 0.5, 1.0];

/// When a disk begins to wear out.
const WEAR_BEGINS: Duration = Duration::from_secs(2 * 3600);

fn main() -> ExitCode {
    ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let defaults = DriftConfig::default();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let drift = DriftConfig {
        window: arguments.window.map_or(defaults.window, minutes),
        horizon: arguments.horizon.map_or(defaults.horizon, minutes),
    };
    let mut table = Table {
        well: Vec::new(),
        wearing: Vec::new(),
    };
    for scatter in Scatter::ALL {
        table.well.push(watch_well(arguments, scatter, drift)?);
    }
    for scatter in [Scatter::Nothing, Scatter::Measurement, Scatter::Swing] {
        for severity in SEVERITIES {
            table.wearing.push(watch_wearing(arguments, scatter, severity, drift)?);
        }
    }
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&table)?)?;
    } else {
        write!(output, "{table}")?;
    }
    output.flush()?;
    Ok(())
}

fn watch_well(arguments: &Arguments, scatter: Scatter, drift: DriftConfig) -> Result<Well, Failure> {
    let mut well = Well {
        scatter: scatter.name(),
        hours: 0,
        warnings: 0,
        transitions: 0,
    };
    let duration = Duration::from_secs(3600 * u64::from(arguments.hours));
    for seed in 1..=arguments.seeds {
        let mut watch = Watch::new(seed, scatter, drift)?;
        let seen = watch.until(duration, false)?;
        well.hours += u64::from(arguments.hours);
        well.warnings += seen.warnings;
        well.transitions += u32::from(seen.left_normal.is_some());
    }
    Ok(well)
}

fn watch_wearing(
    arguments: &Arguments,
    scatter: Scatter,
    severity: f64,
    drift: DriftConfig,
) -> Result<Wearing, Failure> {
    let (mut leads, mut stresses, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 1..=arguments.seeds {
        let mut watch = Watch::new(seed, scatter, drift)?;
        watch.wear_out(seed, Severity::new(severity)?, WEAR_BEGINS);
        // At the slowest, a fifth is lost after twenty hours.
        let seen = watch.until(WEAR_BEGINS + Duration::from_secs(24 * 3600), true)?;
        let Some(stress) = seen.left_normal else { continue };
        stresses.push((stress.saturating_sub(WEAR_BEGINS)).as_secs_f64() / 60.0);
        if let Some((warned, projected)) = seen.last_warning {
            let lead = stress.saturating_sub(warned);
            leads.push(lead.as_secs_f64() / 60.0);
            errors.push((projected.as_secs_f64() / lead.as_secs_f64() - 1.0).abs());
        }
    }
    Ok(Wearing {
        scatter: scatter.name(),
        severity,
        clusters: stresses.len(),
        warned: leads.len(),
        lead_minutes_least: leads.iter().copied().reduce(f64::min),
        lead_minutes_median: median(leads),
        until_stress_minutes_median: median(stresses),
        projection_error_median: median(errors),
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "without a fault")?;
        for row in &self.well {
            writeln!(
                out,
                "  {:<29} {:>4} hours: {} warnings, {} transitions",
                row.scatter, row.hours, row.warnings, row.transitions
            )?;
        }
        writeln!(out, "a disk that wears out")?;
        for row in &self.wearing {
            let shown =
                |value: Option<f64>, unit: f64| value.map_or("-".to_owned(), |value| format!("{:.0}", value * unit));
            writeln!(
                out,
                "  {:<29} severity {:>3}: stress after {:>4} min; warned {} of {}, {:>3} min before (at least {:>3}), \
                 projected to within {} %",
                row.scatter,
                row.severity,
                shown(row.until_stress_minutes_median, 1.0),
                row.warned,
                row.clusters,
                shown(row.lead_minutes_median, 1.0),
                shown(row.lead_minutes_least, 1.0),
                shown(row.projection_error_median, 100.0),
            )?;
        }
        Ok(())
    }
}
