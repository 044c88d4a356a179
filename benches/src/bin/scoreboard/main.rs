//! The same incidents under every policy, and what came of them.

mod page;
mod plot;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use healing_benches::ending::ended;
use healing_benches::in_parallel::in_parallel;
use healing_benches::scoreboard::{self, INCIDENTS_OF_A_LIFE, Lived, POLICIES, Score};
use mock_cluster::Scenario;

/// Compares no healing, the seed document's and this project's, by what clusters and their clients have of it.
#[derive(Debug, Parser)]
#[command(name = "scoreboard", version)]
struct Arguments {
    /// Draws the clusters and the incidents
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Incidents, each after a quiet hour
    #[arg(long, default_value_t = 200, value_name = "N")]
    incidents: usize,

    /// Print a JSON array, an object a policy
    #[arg(long)]
    json: bool,

    /// Draw the share of degraded clusters over the time since the fault into this SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    /// Also write the result as a page to look at
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Life(#[from] scoreboard::Failure),
    #[error("cannot write the table: {0}")]
    Unwritable(#[from] std::io::Error),
    #[error("cannot write {file}: {source}")]
    NoFile { file: String, source: std::io::Error },
    #[error("cannot write the table as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    ended(run(&Arguments::parse()))
}

/// What happened under one policy, and what that is worth.
struct Column {
    score: Score,
    lived: Vec<Lived>,
}

/// How one policy did in the incidents of one scenario.
struct ByScenario {
    scenario: Scenario,
    score: Score,
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let columns = compare(arguments)?;
    let scores: Vec<&Score> = columns.iter().map(|column| &column.score).collect();
    if let Some(path) = &arguments.plot {
        write(path, &plot::svg(&scores))?;
    }
    let by_scenario = by_scenario(&columns);
    if let Some(path) = &arguments.report {
        write(path, &page::html(arguments.seed, &scores, &by_scenario))?;
    }
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&scores)?)?;
    } else {
        page::text(&mut output, &scores, &by_scenario)?;
    }
    output.flush()?;
    Ok(())
}

/// Every policy in the same lives.
fn compare(arguments: &Arguments) -> Result<Vec<Column>, scoreboard::Failure> {
    let lives = arguments.incidents.div_ceil(INCIDENTS_OF_A_LIFE);
    let life = |number: usize| -> Result<Vec<Vec<Lived>>, scoreboard::Failure> {
        let left = arguments.incidents - number * INCIDENTS_OF_A_LIFE;
        let seed = seed_of(arguments.seed, number);
        let incidents = scoreboard::draw(seed, left.min(INCIDENTS_OF_A_LIFE));
        POLICIES
            .into_iter()
            .map(|policy| scoreboard::live(seed, &incidents, policy))
            .collect()
    };
    let lives = in_parallel(lives, life)?;
    let lived = |column: usize| lives.iter().flat_map(move |life| &life[column]).cloned().collect();
    let unhealed: Vec<Lived> = lived(0);
    let columns = POLICIES.into_iter().enumerate();
    Ok(columns
        .map(|(column, policy)| {
            let lived: Vec<Lived> = lived(column);
            let score = Score::of(policy, &lived, &unhealed);
            Column { score, lived }
        })
        .collect())
}

fn by_scenario(columns: &[Column]) -> Vec<ByScenario> {
    let Some(unhealed) = columns.first().map(|column| &column.lived) else {
        return Vec::new();
    };
    let of = |scenario: Scenario, lived: &[Lived]| -> Vec<Lived> {
        let all = lived.iter().filter(|it| it.incident.scenario == scenario);
        all.cloned().collect()
    };
    let mut rows = Vec::new();
    for scenario in Scenario::ALL {
        for (column, policy) in columns.iter().zip(POLICIES) {
            let (lived, unhealed) = (of(scenario, &column.lived), of(scenario, unhealed));
            if !lived.is_empty() {
                let score = Score::of(policy, &lived, &unhealed);
                rows.push(ByScenario { scenario, score });
            }
        }
    }
    rows
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let file = path.display().to_string();
    std::fs::write(path, text).map_err(|source| Failure::NoFile { file, source })
}

/// A seed for each life, far apart from those of other lives and other seeds (SplitMix64; Steele, Lea and Flood 2014).
fn seed_of(seed: u64, life: usize) -> u64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (life as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
