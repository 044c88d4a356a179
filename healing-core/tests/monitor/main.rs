//! The monitor through its public interface.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod baselines;
mod following;
mod states;
mod weak_cuts;
mod world;
