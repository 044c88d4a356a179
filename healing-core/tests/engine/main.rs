//! The loop, through the public interface, on a small world under a virtual clock.

#![allow(clippy::cast_precision_loss, reason = "counts of a handful")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod approval;
mod cure;
mod guards;
mod orders;
mod recovery;
mod schedules;
mod storm;
mod undo;
mod workers;
mod world;
