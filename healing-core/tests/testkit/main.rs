//! The conformance suites: on the stores of the crate, and on stores that are broken.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod broken;
mod broken_journal;
mod broken_leases;
mod broken_outcomes;
mod broken_strategy;
mod faults;
mod stores;
