//! The monitor through its public interface.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod following;
mod weak_cuts;
mod world;
