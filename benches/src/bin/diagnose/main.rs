//! How well problems are diagnosed, on labelled incidents of the simulated cluster.

mod calibrate;
mod incident;
mod lived;
mod score;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use healing_benches::ending::ended;
use healing_benches::in_parallel::in_parallel;
use healing_core::Classifier;
use healing_core::classify::{EvidenceClassifier, RuleClassifier};
use healing_core::metrics::SystemMetrics;

use crate::calibrate::Labelled;
use crate::incident::Incident;
use crate::score::{Answer, Score};

/// Lets classifiers diagnose labelled incidents and says how well they do.
#[derive(Debug, Parser)]
#[command(name = "diagnose", version)]
struct Arguments {
    /// Draws the incidents
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many incidents
    #[arg(long, default_value_t = 1000)]
    incidents: usize,

    /// Hides all metrics from the classifiers
    #[arg(long)]
    graph_alone: bool,

    /// Prints a JSON array, one object a classifier
    #[arg(long)]
    json: bool,

    /// Fits the default calibration to these incidents and prints it, instead of scoring
    #[arg(long)]
    calibrate: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Incident(#[from] lived::Failure),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if arguments.calibrate {
        calibrate(&arguments)
    } else {
        score(&arguments)
    };
    ended(done)
}

fn score(arguments: &Arguments) -> Result<(), Failure> {
    let classifiers: [(&str, Arc<dyn Classifier>); 2] = [
        ("default", Arc::new(EvidenceClassifier::default())),
        ("original", Arc::new(RuleClassifier::default())),
    ];
    let asked = in_parallel(arguments.incidents, |number| {
        let incident = Incident::of(arguments.seed, number).map_err(lived::Failure::from)?;
        let mut seen = lived::live_through(&incident)?;
        if arguments.graph_alone {
            seen.observation.metrics = SystemMetrics::default();
        }
        let answers = classifiers
            .iter()
            .map(|(_, classifier)| ask(&**classifier, &seen))
            .collect::<Vec<_>>();
        Ok::<_, lived::Failure>((incident, answers))
    })?;
    let mut scores: Vec<Score> = classifiers.iter().map(|(name, _)| Score::new(name)).collect();
    for (incident, answers) in &asked {
        for (score, answer) in scores.iter_mut().zip(answers) {
            score.count(incident, answer);
        }
    }
    let mut output = std::io::stdout().lock();
    if arguments.json {
        let rows: Vec<_> = scores.iter().map(Score::row).collect();
        writeln!(output, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        for score in &scores {
            writeln!(output, "{score}")?;
        }
    }
    output.flush()?;
    Ok(())
}

/// Fits to the incidents as they are seen with metrics and without.
fn calibrate(arguments: &Arguments) -> Result<(), Failure> {
    let classifier = EvidenceClassifier::default();
    let suspected = in_parallel(arguments.incidents, |number| {
        let incident = Incident::of(arguments.seed, number).map_err(lived::Failure::from)?;
        let mut seen = lived::live_through(&incident)?;
        let mut suspicions = classifier.suspicions(&seen.observation, &seen.report);
        seen.observation.metrics = SystemMetrics::default();
        suspicions.extend(classifier.suspicions(&seen.observation, &seen.report));
        Ok::<_, lived::Failure>((incident, suspicions))
    })?;
    let mut labelled = Labelled::default();
    for (incident, suspicions) in suspected {
        labelled.add(&incident, suspicions);
    }
    let mut output = std::io::stdout().lock();
    writeln!(
        output,
        "// {} suspicions in {} incidents of seed {}",
        labelled.len(),
        arguments.incidents,
        arguments.seed
    )?;
    writeln!(output, "{:#?}", labelled.fit())?;
    output.flush()?;
    Ok(())
}

/// What a classifier says, and how long it takes: the fastest of three, as others share the machine.
fn ask(classifier: &dyn Classifier, seen: &lived::Seen) -> Answer {
    let timed = || {
        let begun = Instant::now();
        let diagnoses = classifier.classify(&seen.observation, &seen.report);
        (begun.elapsed(), diagnoses)
    };
    let (first, diagnoses) = timed();
    let took = (0..2).map(|_| timed().0).fold(first, std::cmp::min);
    Answer {
        diagnoses: diagnoses
            .into_iter()
            .map(|it| (it.problem.kind(), it.confidence.get()))
            .collect(),
        took,
        nodes: seen.observation.graph.nodes().len(),
    }
}
