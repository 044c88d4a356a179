//! What follows from what in the simulated cluster.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actuators;
mod cluster;
mod custom_strategy;
mod faults;
mod graph_and_moves;
mod remedies;
mod size;
mod strategies;
