//! Simulation of the complete loop under every fault there is, years of it in minutes.
//!
//! A run is a function of its [`Schedule`], and a schedule is a function of a seed: a few collections on simulated clusters, one
//! healer or two, operators, and a list of everything that will happen to them. One thread, one virtual clock, no dice but those
//! the schedule was drawn with. The same seed gives the same run to the last bit, which [`Outcome::trace_hash`] shows.
//!
//! # How it is built
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`kind`], [`event`], [`schedule`] | the kinds of fault; what can happen; what will, drawn up front |
//! | `simulation`, `agenda`, `happen` | the world, the order of what is to come, and its coming about |
//! | `process`, `link` | a healer's process, and what comes between it and the world |
//! | `stores`, `hands`, `eyes`, `mishaps` | the traits of the host, implemented on the world through a link, and what lies in wait there |
//! | [`act`] | every way to change a cluster, as data |
//! | [`fact`], [`history`], `chronicle` | what happened, what it adds up to, and the notes |
//! | [`invariants`], [`liveness`] | what must hold at every fact, and what must be true at the end |
//! | [`shrink`] | the shortest schedule that still fails |
//!
//! **A crash in the middle of a tick.** A process dies at a call: from there on none of its calls reaches anything, so the rest
//! of the tick happens to nobody, and the healer is thrown away. A new one begins on the store that is left.
//!
//! **A call that takes time.** Time passes within the call, and the rest of the world goes on in it (`simulation`). A strategy's
//! steps are run by workers, as in production: a step that hangs holds nobody up, and is given up at its deadline. An actuator's
//! call that hangs takes effect later, under the token of its time.
//!
//! **The twin.** Each collection has a twin to which the same problems happen, and which nobody heals.
//!
//! # What is not simulated
//!
//! Races between threads of one process (the workers' hand-over is tested on its own), loss of records that a store has
//! acknowledged, corruption of what a store keeps, two operators at the same healer at once, and hosts whose actuators do not
//! check fencing tokens: those cannot be made safe from the outside.

pub mod act;
mod agenda;
mod chronicle;
pub mod event;
mod eyes;
pub mod fact;
mod hands;
mod happen;
pub mod history;
pub mod invariants;
pub mod kind;
mod link;
pub mod liveness;
mod mishaps;
mod process;
mod run;
pub mod schedule;
pub mod shrink;
mod simulation;
mod stores;

pub use chronicle::Violation;
pub use kind::{FaultKind, UnknownFault};
pub use run::{Outcome, live};
pub use schedule::Schedule;
