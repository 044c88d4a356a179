//! Stores through their public interface: killed, filled up, damaged, opened twice.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod child;
#[cfg(feature = "redb")]
mod contents;
#[cfg(feature = "redb")]
mod damaged_file;
#[cfg(feature = "redb")]
mod damaged_store;
#[cfg(feature = "redb")]
mod full_disk;
#[cfg(feature = "redb")]
mod killed;
#[cfg(feature = "redb")]
mod million;
mod wire;
#[cfg(feature = "redb")]
#[path = "../engine/world/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the engine's tests use all of it")]
mod world;
