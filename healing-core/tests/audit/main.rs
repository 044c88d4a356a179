//! Whether tampering with a journal is found, and named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod digests;
mod engine;
mod history;
mod mutations;
mod program;
