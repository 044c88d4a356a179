//! The built-in strategies on small in-memory actuators.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod case;
mod pause_maintenance;
mod rebalance_partitions;
