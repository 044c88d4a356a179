//! How much is lost until a policy knows which strategy works, in worlds that make it hard.
//!
//! Cumulative regret: what was lost against always choosing the best, in expected utility, summed over the incidents; the mean
//! of many worlds, with a 95 % interval. All policies meet the same worlds.
//!
//! What is wanted of the default policy: at most half of the regret of the seed's formula wherever chances of success change,
//! and at most 110 % of that of the best policy wherever they do not. `--check` says whether that holds.
//!
//! # What hangs on how often there are incidents
//!
//! Everything that changes does so in time, and so do things age that were learned: the seed's formula looks back thirty days.
//! `--incidents-per-day` says how many choices there are meanwhile. The default is twelve: something is wrong every two hours,
//! as in a fleet of some dozens of collections that are alike.
//!
//! Drifting chances wander over a third of their whole range in a month. The fewer incidents there are in that time, the less
//! of it can be known by anyone, and the better does a window of thirty days: at four a day it holds 120 incidents, about as
//! many as are worth looking at. What is wanted is therefore reached at twelve a day, where the default policy has 37 to 48 %
//! of the formula's regret (seeds 1, 5551, 7101, 90210 and 424242, 400 or 500 incidents), and missed at four a day, where it
//! has 57 to 64 % (seeds 1, 5551 and 90210). Little more was to be had there: an exact filter that was told the law by which
//! chances wander, and what each success is worth, had 53 to 56 %, by the best of a dozen rules to choose by that were tried
//! on it (quantiles, upper bounds and Whittle's index among them).
//!
//! # What hangs on how many there are
//!
//! Within the first hundred incidents or so all policies are still finding out, and what changes has hardly changed: of the
//! formula's regret the default policy has 67 % where chances drift and 55 % where a strategy breaks over 100 incidents, 80 %
//! and 72 % over 50 (seed 8); 45 % and 32 % over 200 (seed 77), 44 % and 18 % over 1500 (seed 8).

mod contenders;
mod environment;
mod plot;
mod simulation;
mod summary;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use healing_benches::ending::ended;
use healing_benches::in_parallel::in_parallel;
use healing_core::identity::InvalidName;

use crate::contenders::Contender;
use crate::environment::{Environment, World};
use crate::simulation::cumulative_regret;
use crate::summary::Row;

/// Compares ways to learn by their cumulative regret.
#[derive(Debug, Parser)]
#[command(name = "regret", version)]
struct Arguments {
    /// Draws the worlds and the lots
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Incidents in a run
    #[arg(long, default_value_t = 400)]
    rounds: usize,

    /// Runs of each policy in each environment
    #[arg(long, default_value_t = 200)]
    runs: usize,

    /// Incidents on an average day, where they are not sparse
    #[arg(long, default_value_t = 12.0, value_parser = incidents_per_day)]
    incidents_per_day: f64,

    /// Print a JSON array of rows
    #[arg(long)]
    json: bool,

    /// Fail where the default policy loses more than it may
    #[arg(long)]
    check: bool,

    /// Draw the regret over the rounds into this SVG file
    #[arg(long)]
    plot: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write {file}: {source}")]
    NoPlot { file: String, source: std::io::Error },
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("the default policy loses too much: {0}")]
    TooMuch(String),
}

fn main() -> ExitCode {
    ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for environment in Environment::ALL {
        rows.extend(compare(environment, arguments)?);
    }
    if let Some(path) = &arguments.plot {
        let file = path.display().to_string();
        std::fs::write(path, plot::svg(&rows)).map_err(|source| Failure::NoPlot { file, source })?;
    }
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        writeln!(output, "{}", Row::HEADING)?;
        for row in &rows {
            writeln!(output, "{row}")?;
        }
    }
    output.flush()?;
    let too_much = summary::too_much(&rows);
    if arguments.check && !too_much.is_empty() {
        return Err(Failure::TooMuch(too_much.join("; ")));
    }
    Ok(())
}

fn incidents_per_day(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.01..=10_000.0).contains(&number) => Ok(number),
        _ => Err("expected a number from 0.01 to 10000".to_owned()),
    }
}

/// Every policy in the same worlds.
fn compare(environment: Environment, arguments: &Arguments) -> Result<Vec<Row>, InvalidName> {
    let regrets = |run: usize| -> Result<Vec<Vec<f64>>, InvalidName> {
        let seed = seed_of(arguments.seed, run);
        let world = World::new(environment, arguments.rounds, arguments.incidents_per_day, seed);
        let contenders = Contender::ALL.into_iter();
        contenders
            .map(|contender| cumulative_regret(environment, contender, &world, seed))
            .collect()
    };
    let runs = in_parallel(arguments.runs, regrets)?;
    let contenders = Contender::ALL.into_iter().enumerate();
    let rows = contenders.map(|(index, contender)| {
        let of_contender: Vec<Vec<f64>> = runs.iter().map(|run| run[index].clone()).collect();
        Row::new(
            environment.name(),
            environment.is_stationary(),
            contender.name(),
            &of_contender,
        )
    });
    Ok(rows.collect())
}

/// A seed for each run, far apart from those of other runs and other seeds (SplitMix64; Steele, Lea and Flood 2014).
fn seed_of(seed: u64, run: usize) -> u64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (run as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
