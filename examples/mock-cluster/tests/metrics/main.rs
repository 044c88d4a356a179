//! Metrics over HTTP, and the alerts on them in a real Prometheus.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod alerts;
mod audit;
mod dashboard;
mod exposition;
mod processes;
