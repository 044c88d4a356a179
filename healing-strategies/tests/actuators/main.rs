//! The suites for actuators: on the host in memory, and on one that is broken.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broken;
mod stage;
mod suites;
