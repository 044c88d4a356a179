//! Lives through many simulated days of faults, and says which contract was broken when.

mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use healing_benches::chaos::schedule::FEWEST_HOURS;
use healing_benches::chaos::shrink::shrink;
use healing_benches::chaos::{FaultKind, Outcome, Schedule, live};
use healing_core::identity::InvalidName;

use crate::report::{BrokenContract, Report};

/// What a simulated second does is small and short-lived.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Simulates the complete loop under faults, a run a seed.
#[derive(Debug, Parser)]
#[command(name = "chaos", version)]
struct Arguments {
    /// The first run's seed; the others follow
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Runs
    #[arg(long, default_value_t = 100)]
    runs: u64,

    /// Simulated hours of a run
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_HOURS)..))]
    hours: u32,

    /// Only this kind of fault, and others named so, beside ordinary problems
    #[arg(long = "fault", value_name = "KIND")]
    faults: Vec<FaultKind>,

    /// Only these events of the schedule, by their position: for the schedule of one run
    #[arg(long, value_delimiter = ',', value_name = "POSITIONS")]
    only: Option<Vec<usize>>,

    /// Print everything that happened in the last run, as far as it is remembered
    #[arg(long)]
    story: bool,

    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("cannot write the report: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write the report as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_violations) => ExitCode::FAILURE,
        Err(failure) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Lives through all runs; the number of broken contracts.
fn run(arguments: &Arguments) -> Result<usize, Failure> {
    let faults: Option<BTreeSet<FaultKind>> =
        (!arguments.faults.is_empty()).then(|| arguments.faults.iter().copied().collect());
    let began = Instant::now();
    let mut report = Report::default();
    let mut counted: BTreeMap<FaultKind, u64> = BTreeMap::new();
    let mut broken = Vec::new();
    for seed in (0..arguments.runs).map(|run| arguments.seed.wrapping_add(run)) {
        let drawn = Schedule::draw(seed, arguments.hours, faults.as_ref());
        let schedule = match &arguments.only {
            Some(kept) => drawn.with_only(kept),
            None => drawn,
        };
        let outcome = live(&schedule)?;
        report.add(&schedule, &outcome);
        for (&kind, &number) in &outcome.faults {
            *counted.entry(kind).or_insert(0) += number;
        }
        if outcome.violation.is_some() || arguments.story {
            broken.push((schedule, outcome));
        }
    }
    report.seconds = began.elapsed().as_secs_f64();
    report.faults = counted
        .into_iter()
        .map(|(kind, number)| (kind.name(), number))
        .collect();
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(output, "{report}")?;
    }
    output.flush()?;
    for (schedule, outcome) in broken.iter().take(MOST_TOLD) {
        tell(schedule, outcome, arguments)?;
    }
    Ok(report.violations.len())
}

/// Failures whose story is told; all are in the report.
const MOST_TOLD: usize = 3;

/// Facts told of a failure.
const TOLD: usize = 80;

/// Tells how a run came to break a contract, and how little of it is needed for that.
fn tell(schedule: &Schedule, outcome: &Outcome, arguments: &Arguments) -> Result<(), Failure> {
    let mut output = std::io::stderr().lock();
    let Some(violation) = &outcome.violation else {
        for line in &outcome.story {
            writeln!(output, "  {line}")?;
        }
        return Ok(());
    };
    let BrokenContract { seed, .. } = BrokenContract::new(schedule.seed, violation);
    writeln!(
        output,
        "\nseed {seed} breaks {}: {}",
        violation.invariant, violation.detail
    )?;
    writeln!(output, "  {}", command(seed, arguments, None))?;
    let shrunk = shrink(schedule, outcome, violation)?;
    writeln!(
        output,
        "\nof {} events {} are enough, found in {} runs:",
        schedule.events.len(),
        shrunk.kept.len(),
        shrunk.runs
    )?;
    for (position, scheduled) in shrunk.kept.iter().zip(&shrunk.schedule.events) {
        writeln!(output, "  {position:4}: {scheduled}")?;
    }
    if arguments.only.is_none() {
        writeln!(output, "  {}", command(seed, arguments, Some(&shrunk.kept)))?;
    }
    let story = &shrunk.outcome.story;
    writeln!(output, "\nwhat happened last then:")?;
    let told = if arguments.story { story.len() } else { TOLD };
    for line in &story[story.len().saturating_sub(told)..] {
        writeln!(output, "  {line}")?;
    }
    if let Some(violation) = &shrunk.outcome.violation {
        writeln!(
            output,
            "  and so {} is broken: {}",
            violation.invariant, violation.detail
        )?;
    }
    Ok(())
}

/// The command that does it again.
fn command(seed: u64, arguments: &Arguments, only: Option<&[usize]>) -> String {
    let mut command = format!(
        "cargo run --release -p healing-benches --bin chaos -- --seed {seed} --runs 1 --hours {}",
        arguments.hours
    );
    for kind in &arguments.faults {
        command.push_str(" --fault ");
        command.push_str(kind.name());
    }
    if let Some(kept) = only.or(arguments.only.as_deref()) {
        let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
        command.push_str(" --only ");
        command.push_str(&kept.join(","));
    }
    command
}
