//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use healing_core::CollectionId;

/// A vector store on PostgreSQL that heals itself.
#[derive(Debug, Parser)]
#[command(
    name = "postgres-host",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    /// Breaks a store and heals it before your eyes: on a server made for that, which is gone afterwards, or in the
    /// database that --database-url names, where it creates a collection `demo`.
    #[arg(long, required = true)]
    pub(crate) demo: bool,

    /// postgresql://user:password@host/database, or key=value pairs.
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<postgres::Config>,

    #[command(subcommand)]
    pub(crate) command: Option<Order>,
}

/// What to do with a database of one's own.
#[derive(Debug, Subcommand)]
pub(crate) enum Order {
    /// Brings the database's schema to this program's version, and makes the operators' functions ready for use.
    Migrate(Target),
    /// Heals collections, and takes operators' orders, until it is killed. Any number may run: one acts on a collection at
    /// a time, and another takes over from one that dies.
    Heal(Heal),
    /// Carries out maintenance jobs until it is killed.
    Maintain(Target),
}

/// Which database.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// postgresql://user:password@host/database, or key=value pairs.
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: postgres::Config,
}

/// What a healer does.
#[derive(Debug, Args)]
pub(crate) struct Heal {
    #[command(flatten)]
    pub(crate) target: Target,

    /// A collection to look after; may be given several times.
    #[arg(long = "collection", value_name = "NAME", required = true)]
    pub(crate) collections: Vec<CollectionId>,

    /// Its name, unique among the healers on this database; by default the machine's and the process's.
    #[arg(long, value_name = "NAME")]
    pub(crate) holder: Option<String>,

    /// A file with the fields of the configuration that differ from the default, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}
