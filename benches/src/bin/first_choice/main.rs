//! Whether the first thing that a healer tries is right, in a fleet whose collections need different things.
//!
//! Six clusters are simulated, and struck by one hotspot every two hours. In three of them clients ask too often for what is in
//! one partition: moving vectors off it helps, holding back inserts does not. In the other three clients insert too much into
//! one partition: holding that back helps, moving vectors does little, as the inserts follow the partition. To a classifier
//! both are the same kind of problem. Each incident is a cluster of its own, healed by the real engine with the real
//! strategies; what outlives it is what the learner knows and what the journal says.
//!
//! What is wanted of the default policy: of the first choices in the last hundred of 300 incidents at least nine in ten are
//! verified, and more than of the seed formula's. `--check` says whether that holds.

mod fleet;
mod healing;
mod incident;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use healing_benches::ending::ended;
use healing_benches::in_parallel::in_parallel;
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

    /// Fail where the default policy's last first choices are too seldom verified
    #[arg(long)]
    check: bool,
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
    #[error("the default policy's first choices fail too often: {0}")]
    TooSeldom(String),
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
    ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let rows = compare(&Choosing::ALL, arguments.seed, arguments.incidents)?;
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
    let too_seldom = too_seldom(&rows);
    if arguments.check && !too_seldom.is_empty() {
        return Err(Failure::TooSeldom(too_seldom.join("; ")));
    }
    Ok(())
}

/// All ways to choose in the same incidents, in their order.
fn compare(ways: &[Choosing], seed: u64, incidents: usize) -> Result<Vec<Row>, Failure> {
    let fleet = Fleet::new(seed)?;
    let incidents = fleet.incidents(incidents)?;
    let rows = in_parallel(ways.len(), |way| live_through(ways[way], &fleet, &incidents))?;
    Ok(rows)
}

/// The share of the last first choices that must be verified.
const VERIFIED_OF_LAST: f64 = 0.9;

/// Where a way to choose by the default policy is not as good as it must be, in words.
fn too_seldom(rows: &[Row]) -> Vec<String> {
    let original = rows.iter().find(|row| row.choosing == Choosing::Original.name());
    let original = original.map_or(0.0, |row| row.verified_of_last);
    let by_default = [Choosing::Ranked, Choosing::Graduated].map(Choosing::name);
    rows.iter()
        .filter(|row| by_default.contains(&row.choosing))
        .filter(|row| row.verified_of_last < VERIFIED_OF_LAST || row.verified_of_last <= original)
        .map(|row| {
            format!(
                "{}: {:.2} are verified, less than {VERIFIED_OF_LAST} or no more than the seed formula's {original:.2}",
                row.choosing, row.verified_of_last
            )
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_incidents_are_enough_to_choose_better_than_by_the_seeds_formula() {
        let rows = compare(&[Choosing::Ranked, Choosing::Original], 4, 40).unwrap();
        assert!(rows.iter().all(|row| row.untreated == 0), "{rows:?}");
        assert!(rows[0].verified > rows[1].verified, "{rows:?}");
    }
}
