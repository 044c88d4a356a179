//! Heals a vector store on PostgreSQL.

mod arguments;
mod demo;
mod heal;
mod story;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use postgres_host::server::ServerError;
use postgres_host::service::ServiceError;
use postgres_host::{Database, Limits, MaintenanceWorker, PostgresError};

use crate::arguments::{Arguments, Order};

/// What ends the program early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Database(#[from] PostgresError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("the configuration {path} cannot be read: {why}")]
    Config { path: String, why: String },
    #[error("the story cannot be written: {0}")]
    Unwritable(#[from] io::Error),
    #[error("{0}")]
    Demo(String),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough.
        Err(Failure::Unwritable(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        None => demo::run(arguments.database_url),
        Some(Order::Migrate(target)) => {
            let database = Database::new(target.database_url, Limits::default());
            database.migrate()?;
            Ok(database.install_sql_interface()?)
        }
        Some(Order::Heal(order)) => heal::run(order),
        Some(Order::Maintain(target)) => {
            let database = Database::new(target.database_url, Limits::default());
            MaintenanceWorker::new(database).run(|error| complain(&error));
            Ok(())
        }
    }
}

fn complain(error: &dyn std::error::Error) {
    // Nothing is left to do if even this cannot be written.
    let _ = writeln!(io::stderr(), "error: {error}");
}
