//! Whether the first thing that a healer tries is right, in a fleet whose collections need different things.
//!
//! Six clusters are simulated, and struck by one hotspot every two hours. In three of them clients ask too often for what is in
//! one partition: moving vectors off it helps, holding back inserts does not. In the other three clients insert too much into
//! one partition: holding that back helps, moving vectors does little, as the inserts follow the partition. To a classifier
//! both are the same kind of problem. Each incident is a cluster of its own, healed by the real engine with the real
//! strategies; what outlives it is what the learner knows and what the journal says.

mod fleet;
mod healing;
mod incident;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use healing_core::storage::OutcomeRecord;
use serde::Serialize;

use crate::fleet::{Fleet, SetupError};
use crate::healing::Choosing;
use crate::incident::{Incident, IncidentError};

/// Compares ways to choose by how often the first choice is verified.
#[derive(Debug, Parser)]
#[command(name = "first-choice", version)]
struct Arguments {
    /// Draws the clusters, the incidents and the lots
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many incidents
    #[arg(long, default_value_t = 300)]
    incidents: usize,

    /// Print a JSON array of rows
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] io::Error),
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the fleet cannot be set up: {0}")]
    Setup(#[from] SetupError),
    #[error("an incident could not be lived through: {0}")]
    Incident(#[from] IncidentError),
}

/// How one way to choose did.
#[derive(Debug, Serialize)]
struct Row {
    choosing: &'static str,
    incidents: usize,
    /// Incidents in which nothing was tried at all.
    untreated: usize,
    /// The share of all first choices that were verified.
    verified: f64,
    /// The share of the last hundred, or of all where there are fewer.
    verified_of_last: f64,
    /// By how much lambda rose on average in the last hundred, percent.
    improvement_of_last_pct: f64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let fleet = Fleet::new(arguments.seed)?;
    let incidents = fleet.incidents(arguments.incidents)?;
    let rows = thread::scope(|scope| {
        let (fleet, incidents) = (&fleet, &incidents);
        let all = Choosing::ALL.map(|choosing| scope.spawn(move || live_through(choosing, fleet, incidents)));
        let rows = all.map(|one| {
            one.join()
                .unwrap_or_else(|panicked| std::panic::resume_unwind(panicked))
        });
        rows.into_iter().collect::<Result<Vec<Row>, IncidentError>>()
    })?;
    let mut output = io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        writeln!(output, "{}", Row::HEADING)?;
        for row in &rows {
            writeln!(output, "{row}")?;
        }
    }
    output.flush()?;
    Ok(())
}

/// The first choice in each incident, by one healer that lives through all of them.
fn live_through(choosing: Choosing, fleet: &Fleet, incidents: &[Incident]) -> Result<Row, IncidentError> {
    let healing = choosing.healing(fleet.seed());
    let mut outcomes = Vec::with_capacity(incidents.len());
    for incident in incidents {
        outcomes.push(incident.first_outcome(&healing, fleet.size())?);
    }
    let last = &outcomes[outcomes.len().saturating_sub(100)..];
    let verified = |outcomes: &[Option<OutcomeRecord>]| {
        let verified = outcomes.iter().flatten().filter(|it| it.verified == Some(true)).count();
        verified as f64 / outcomes.len().max(1) as f64
    };
    let improvement: f64 = last.iter().flatten().map(|outcome| outcome.improvement_pct).sum();
    Ok(Row {
        choosing: choosing.name(),
        incidents: outcomes.len(),
        untreated: outcomes.iter().filter(|outcome| outcome.is_none()).count(),
        verified: verified(&outcomes),
        verified_of_last: verified(last),
        improvement_of_last_pct: improvement / last.len().max(1) as f64,
    })
}

impl Row {
    const HEADING: &str = "choosing              verified   of the last 100   lambda rose by";
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:<22} {:>6.1} % {:>15.1} % {:>14.0} %",
            self.choosing,
            100.0 * self.verified,
            100.0 * self.verified_of_last,
            self.improvement_of_last_pct
        )
    }
}
