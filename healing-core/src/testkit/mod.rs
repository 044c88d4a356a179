//! What a host tests its own implementations with (feature `testkit`).
//!
//! A suite runs every check it has, whatever the ones before found, and hands back a [`Report`] that says in words what is
//! wrong. Each check begins with nothing that another one left behind. What must never break: a check that cannot fail is
//! no check, so each is itself shown to fail on an implementation that is broken in just that way.
//!
//! - [`storage`]: a journal, an outcome store, a lease store.
//!
//! Host code is called as the engine calls it: a panic of it is a finding, not the end of the suite. What hangs, hangs.

mod report;
pub mod storage;

pub use report::{Finding, Objection, Report, failed, require};
