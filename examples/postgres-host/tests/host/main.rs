//! The host against a real server, one for the whole run; each test has a database of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod actuators;
mod bloat;
mod failures;
mod healers;
mod learning;
mod migrations;
mod moves;
mod observation;
mod pgvector;
mod sql_interface;
mod storage;
mod suites;
mod world;
