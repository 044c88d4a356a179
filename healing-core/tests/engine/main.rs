//! The loop, through the public interface, on a small world under a virtual clock.

#![allow(clippy::cast_precision_loss, reason = "counts of a handful")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod approval;
mod choices;
mod contracts;
mod crash;
mod cure;
mod disturbances;
mod fence;
mod forged;
mod guards;
mod health;
mod hosts;
mod orders;
mod pair;
mod patience;
mod recovery;
mod schedules;
mod stage;
mod stores;
mod storm;
mod traces;
mod undo;
mod workers;
mod world;
