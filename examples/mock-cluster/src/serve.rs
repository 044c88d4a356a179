//! The story in real time, with its metrics for Prometheus to read.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use healing_core::telemetry::Telemetry;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder};

use crate::arguments::Arguments;
use crate::lines::in_a_line;
use crate::live::{Live, LiveError, later};

/// What ends serving.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("metrics cannot be served at {address}: {source}")]
    Exporter { address: SocketAddr, source: BuildError },
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves `/metrics` at `address` and lives through the scenario, and on after its end, until the program is stopped.
pub(crate) fn serve(arguments: &Arguments, address: SocketAddr, output: &mut dyn Write) -> Result<(), ServeError> {
    PrometheusBuilder::new()
        .with_http_listener(address)
        .install()
        .map_err(|source| ServeError::Exporter { address, source })?;
    let mut live = Live::begin(arguments, Some(Telemetry::default()))?;
    writeln!(output, "metrics at http://{address}/metrics")?;
    output.flush()?;
    let began = Instant::now();
    loop {
        let passed = began.elapsed().mul_f64(arguments.speed.get());
        while live.wake_at() <= later(live.began_at, passed) {
            for event in live.tick()? {
                if let Some(line) = in_a_line(&event, live.began_at) {
                    writeln!(output, "{line}")?;
                }
            }
            output.flush()?;
        }
        let next = live.wake_at().duration_since(later(live.began_at, passed));
        let next = Duration::try_from(next).unwrap_or_default();
        thread::sleep(next.div_f64(arguments.speed.get()).clamp(SHORTEST, LONGEST));
    }
}

const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(1);
