//! The command line.

use std::path::PathBuf;

use clap::Parser;
use tracing_subscriber::filter::LevelFilter;

/// Heals the services that the HealingStatus objects of a namespace name.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Print the definition of HealingStatus, to be installed with `kubectl apply -f -`, and exit.
    #[arg(long)]
    pub(crate) print_crd: bool,
    /// Show what scaling the service of this HealingStatus would do now, let the server rehearse it, and exit.
    #[arg(long, value_name = "NAME")]
    pub(crate) rehearse: Option<String>,
    /// The namespace; that of the kubeconfig's context or of the service account without it.
    #[arg(long)]
    pub(crate) namespace: Option<String>,
    /// The name under which leases are held; unique among the pods of this program.
    #[arg(long, env = "POD_NAME", default_value = "kubernetes-host")]
    pub(crate) holder: String,
    /// The file that journal and outcomes are kept in; in memory without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// A healing configuration as JSON; fields that it leaves out are the default's.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What is logged to the standard error: error, warn, info, debug, trace or off.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LevelFilter,
}
