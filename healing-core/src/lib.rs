//! The vocabulary, the traits and the loop of a service that heals itself.
//!
//! A host implements a few traits: [`ObservationSource`] shows what its service looks like, a [`RemediationStrategy`]
//! knows how to treat a kind of problem (the healing-strategies crate has built-in ones). The [`Healer`] closes the loop:
//! it watches the minimum cut of the operational graph, reads from the cut's witness edges what is wrong, plans, acts step
//! by step, verifies, undoes what did not help, and hands what came of it to a [`Learner`].
//!
//! Everything decided is data: [`Diagnosis`](diagnosis::Diagnosis), [`Plan`](plan::Plan), [`Remediation`] and
//! [`OutcomeRecord`](storage::OutcomeRecord) are serde values, so a dry run, an audit and a replay are the same thing as
//! the real run, written down.
//!
//! Nothing in here knows the time, rolls dice, prints, reads the environment or starts a thread: time comes from a
//! [`Clock`], and [`Healer::tick`] does what is due and returns.

pub mod audit;
pub mod classify;
mod clock;
pub mod diagnosis;
mod duration_serde;
pub mod engine;
mod fence;
mod host_call;
pub mod identity;
mod keyed_by_number;
pub mod learner;
pub mod metrics;
pub mod monitor;
mod mutex;
pub mod number;
pub mod observation;
pub mod permit;
pub mod plan;
pub mod problem;
pub mod registry;
pub mod storage;
pub mod strategy;
#[cfg(feature = "metrics")]
pub mod telemetry;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod topology;

pub use classify::Classifier;
pub use clock::{Clock, SystemClock, VirtualClock};
pub use engine::{Healer, HealingConfig, Remediation};
pub use fence::Fence;
pub use identity::CollectionId;
pub use jiff::Timestamp;
pub use learner::Learner;
pub use number::{Amount, Lambda, Percent, Ratio};
pub use observation::{Observation, ObservationSource};
pub use problem::{ProblemClass, ProblemKind};
pub use registry::StrategyRegistry;
pub use strategy::RemediationStrategy;

/// An error of the host's own, as its trait implementations hand it in.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;
