//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use mincut_cli::Format;

/// Prints the minimum cut of a graph file: its value, its smaller side, the edges that cross it.
///
/// Or, on request, other cuts. Nodes are numbered as in the file, from 1.
#[derive(Debug, Parser)]
#[command(name = "mincut-cli", version)]
pub(crate) struct Arguments {
    /// The graph: METIS, DIMACS, or an edge list (`u v [weight]` a line, `#` for comments)
    pub(crate) file: PathBuf,

    /// The file's format, if its content does not tell
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,

    /// Replay updates (`u v +w` or `u v -w` a line, nodes as the graph's file counts them, from 1) and
    /// print the minimum cut's value after each
    #[arg(long, value_name = "STREAM")]
    pub(crate) updates: Option<PathBuf>,

    /// Of a replay, print only the last value, a hash of all (FNV-1a, 64 bits, over every value in
    /// decimal digits with a newline after it), and the mean time of an update
    #[arg(long, requires = "updates")]
    pub(crate) quiet: bool,

    /// Print all minimum cuts
    #[arg(long, group = "question")]
    pub(crate) all: bool,

    /// Print the K lightest cuts of the cut tree, lightest first
    #[arg(long, value_name = "K", group = "question", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) weakest: Option<u32>,

    /// Print the lightest cut between the nodes U and V
    #[arg(long, num_args = 2, value_names = ["U", "V"], group = "question")]
    pub(crate) st: Option<Vec<u32>>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The formats' names on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FormatName {
    Metis,
    Dimacs,
    EdgeList,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Metis => Self::Metis,
            FormatName::Dimacs => Self::Dimacs,
            FormatName::EdgeList => Self::EdgeList,
        }
    }
}
