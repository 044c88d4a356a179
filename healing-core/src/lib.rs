//! The vocabulary, the traits and the loop of a service that heals itself.
//!
//! **What.** A [`Healer`] watches the minimum cut of a service's operational graph, reads from the cut's witness edges what is
//! wrong, plans, acts step by step, verifies, undoes what did not help, and hands what came of it to a [`Learner`]. What it
//! does not know how to treat it diagnoses, and calls a human for.
//!
//! **Why.** A remedy that is applied blindly makes outages worse. Here nothing is touched before it is written down, a healer that
//! was replaced can do nothing more, and what did not help is taken back by whoever is there to do it. What is in
//! the journal in which state is on [`engine`]'s front page.
//!
//! **How.** A host implements [`ObservationSource`], which shows what the service looks like, and brings strategies
//! ([`RemediationStrategy`]; the healing-strategies crate has built-in ones on small actuator traits) and, where more than one process
//! heals, its own [`storage`]. Everything decided is data: [`Diagnosis`](diagnosis::Diagnosis), [`Plan`](plan::Plan),
//! [`Remediation`] and [`OutcomeRecord`](storage::OutcomeRecord) are serde values, so a dry run, an audit and a replay are the same
//! thing as the real run, written down.
//!
//! Nothing in here knows the time, rolls dice, prints, reads the environment or starts a thread it was not given: time comes from
//! a [`Clock`], and [`Healer::tick`] does what is due and returns.
//!
//! ```
//! use std::sync::Arc;
//! use healing_core::engine::EventKind;
//! use healing_core::observation::ObservationError;
//! use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
//! use healing_core::{Clock, CollectionId, Healer, Observation, ObservationSource, VirtualClock};
//!
//! /// Four partitions, each linked to each. From the second minute on, partition 1 fails half of its requests.
//! struct Service(VirtualClock);
//!
//! impl ObservationSource for Service {
//!     fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
//!         let mut graph = ContractedGraph::builder();
//!         let partition = NodeRef::partition;
//!         for id in 1..=4 {
//!             graph.node(partition(id), 1.0)?;
//!             for other in 1..id {
//!                 let failing = if other == 1 && self.0.now().as_second() > 60 { 0.5 } else { 0.0 };
//!                 let link = Edge::new(EdgeKind::PartitionLink, partition(other), partition(id), 10.0)?;
//!                 graph.edge(link.with_error_rate(failing)?)?;
//!             }
//!         }
//!         let (observed_at, graph) = (self.0.now(), graph.build());
//!         Ok(Observation { collection: collection.clone(), observed_at, graph, metrics: Default::default() })
//!     }
//! }
//!
//! let clock = VirtualClock::default(); // SystemClock in production
//! let collection = CollectionId::new("embeddings")?;
//! let service = Arc::new(Service(clock.clone()));
//! let mut healer = Healer::builder(service, Arc::new(clock.clone())).watch(collection.clone()).build()?;
//! let mut for_a_human = Vec::new();
//! while clock.now().as_second() < 300 {
//!     let tick = healer.tick();
//!     for_a_human.extend(tick.events.into_iter().map(|event| event.kind).filter(EventKind::calls_human));
//!     clock.set(tick.wake_at); // in production: sleep until then, or let `SharedHealer::run` do all this
//! }
//! assert_eq!(healer.report(&collection).ok_or("not seen")?.lambda.get(), 15.0); // of 30
//! // What is wrong is known; without a strategy it is somebody else's.
//! assert!(matches!(&for_a_human[..], [EventKind::NoStrategy { problem, .. }] if problem.as_str() == "hotspot_congestion"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `redb`, by default | `storage::RedbStorage`: journal, outcomes and leases in one file |
//! | `ed25519`, by default | `audit::Ed25519Signer`, and `audit::verify`: signed journals |
//! | `metrics`, `tracing` | `telemetry`, and spans and events, each through the facade of its name |
//! | `testkit` | `testkit`: suites for a host's own stores and strategies |

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
