//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use mock_cluster::{Policy, Scenario, Severity};

/// Disturbs a simulated vector-database cluster and shows how it is healed.
#[derive(Debug, Clone, Parser)]
#[command(name = "mock-cluster", version)]
pub(crate) struct Arguments {
    /// What happens to the cluster.
    #[arg(long, default_value = "hot-partition", value_name = "NAME", value_parser = scenario_named)]
    pub(crate) scenario: Scenario,

    /// Lists the scenarios and ends.
    #[arg(long)]
    pub(crate) list: bool,

    /// The cluster and its history follow from this number.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Who heals.
    #[arg(long, value_enum, default_value_t = Policy::Default)]
    pub(crate) policy: Policy,

    /// Approves what needs a human's approval: without it, scale_replicas and resync_replica take no part, and whatever
    /// else the engine wants approved waits.
    #[arg(long)]
    pub(crate) approve: bool,

    /// How severe the fault is, 0 to 1; by default the seed decides, between 0.7 and 1.
    #[arg(long, value_name = "SEVERITY", value_parser = severity_of)]
    pub(crate) severity: Option<Severity>,

    /// When the fault strikes, in seconds from the begin of the story.
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub(crate) after: u32,

    /// Also writes the story as a page to look at.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Goes on in real time, tells what happens line by line, and serves its metrics at http://ADDR/metrics.
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["json", "report"])]
    pub(crate) serve: Option<SocketAddr>,

    /// Shows three clusters as they go on, the first of them in the scenario, and lets you step in; off a terminal, tells what
    /// happens line by line until the story's end.
    #[arg(long, conflicts_with_all = ["json", "report", "serve"])]
    pub(crate) watch: bool,

    /// How many simulated seconds pass in a real one, with --serve or --watch.
    #[arg(long, default_value = "1", value_name = "FACTOR")]
    pub(crate) speed: Speed,

    /// Prints one JSON object instead of the story.
    #[arg(long)]
    pub(crate) json: bool,
}

fn scenario_named(name: &str) -> Result<Scenario, String> {
    Scenario::named(name).ok_or_else(|| {
        let names: Vec<_> = Scenario::ALL.into_iter().map(Scenario::name).collect();
        format!("there is no such scenario; there are {}", names.join(", "))
    })
}

fn severity_of(text: &str) -> Result<Severity, String> {
    let severity: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Severity::new(severity).map_err(|error| error.to_string())
}

/// How many simulated seconds pass in a real one, up to 10,000.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speed(f64);

impl Speed {
    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let factor: f64 = text.parse().map_err(|error| format!("{error}"))?;
        if factor > 0.0 && factor <= 10_000.0 {
            Ok(Self(factor))
        } else {
            Err("a number above 0, up to 10000, is needed".to_owned())
        }
    }
}
