//! Classifiers, through their public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod composed;
mod evidence;
mod host;
mod laws;
