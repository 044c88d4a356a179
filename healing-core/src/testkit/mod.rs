//! What a host tests its own implementations with (feature `testkit`).
//!
//! A suite runs every check it has, whatever the ones before found, and hands back a [`Report`] that says in words what is
//! wrong. Each check begins with nothing that another one left behind. What must never break: a check that cannot fail is
//! no check, so each is itself shown to fail on an implementation that is broken in just that way.
//!
//! - [`storage`]: a journal, an outcome store, a lease store.
//! - [`strategy`]: a strategy, on a world in which it has something to do.
//! - The healing-strategies crate has the suites for its actuators, in a `testkit` of its own.
//!
//! Host code is called as the engine calls it: a panic of it is a finding, not the end of the suite. What hangs, hangs.
//!
//! Beside the suites: [`Faults`] let calls go wrong on order, [`FaultyStorage`] is a store whose calls do; time is moved with
//! a [`VirtualClock`](crate::VirtualClock).

mod faults;
mod faulty_storage;
mod report;
pub mod storage;
pub mod strategy;

pub use faults::{CallFault, Faults};
pub use faulty_storage::FaultyStorage;
pub use report::{Finding, Objection, Report, failed, require};
