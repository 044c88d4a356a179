//! Heals what the HealingStatus objects of a namespace name.

mod arguments;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use healing_core::HealingConfig;
use healing_core::identity::InvalidName;
use kubernetes_host::{ClusterError, Connection, HealingStatus, Host, HostError, Settings};
use tokio::runtime::Runtime;

use crate::arguments::Arguments;

/// What ends the program early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("the configuration {path} cannot be read: {source}")]
    Configuration { path: String, source: io::Error },
    #[error("the configuration {path} is no healing configuration: {source}")]
    ConfigurationText { path: String, source: serde_json::Error },
    #[error("the definition cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    if arguments.print_crd {
        writeln!(
            output,
            "{}",
            serde_json::to_string_pretty(&HealingStatus::definition())?
        )?;
        return Ok(());
    }
    let runtime = Runtime::new()?;
    let connection = runtime.block_on(Connection::from_environment(arguments.namespace.clone()))?;
    let settings = Settings {
        holder: arguments.holder.clone(),
        store: arguments.store.clone(),
        config: config(arguments)?,
    };
    if let Some(object) = &arguments.rehearse {
        writeln!(output, "{}", Host::rehearse(&connection, &settings, &object.parse()?)?)?;
        return Ok(());
    }
    // What the loop does, and what the client to the cluster has to say, is the pod's log.
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_max_level(arguments.log_level)
        .init();
    let host = Host::start(&connection, &settings)?;
    let names: Vec<String> = host
        .healer()
        .with(|healer| healer.collections().map(ToString::to_string).collect());
    writeln!(output, "healing {} in {}", names.join(", "), connection.namespace())?;
    output.flush()?;
    runtime.block_on(told_to_stop())?;
    host.stop();
    Ok(())
}

fn config(arguments: &Arguments) -> Result<HealingConfig, Failure> {
    let Some(path) = &arguments.config else {
        return Ok(HealingConfig::default());
    };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| Failure::Configuration {
        path: shown.clone(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| Failure::ConfigurationText { path: shown, source })
}

/// Waits for an interrupt, or for the signal by which a pod is told to end.
async fn told_to_stop() -> io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
