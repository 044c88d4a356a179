//! Actuator traits by domain, and the built-in remediation strategies on them.
//!
//! **What.** Ten remedies for what goes wrong in sharded, replicated stores. A strategy here decides *what* to do and writes it
//! down as steps; an actuator, implemented by the host, *does* it.
//!
//! **Why.** That a step can be done twice, taken back by somebody else after a crash, and leaves alone what a third changed
//! meanwhile is easily got wrong, and the same for every host. What a host has left to write is the actuator: a few calls that
//! get and set.
//!
//! **How.** A host implements the [`actuators`] it has, registers the strategies on them, and the healing-core engine owns the
//! loop around both.
//!
//! | strategy | treats | actuator | impact | reversible |
//! | --- | --- | --- | --- | --- |
//! | [`PauseMaintenance`] | `maintenance_contention` | [`Jobs`](actuators::Jobs) | 0.1 | yes |
//! | [`RerouteReads`] | `replication_lag` | [`ReadRouting`](actuators::ReadRouting) | 0.15 | yes |
//! | [`ScaleReplicas`] | `hotspot_congestion`, `replication_lag` | [`Replicas`](actuators::Replicas) | 0.2 | yes |
//! | [`EvictColdData`] | `memory_pressure` | [`Tiers`](actuators::Tiers) | 0.25 | yes |
//! | [`RebalancePartitions`] | `hotspot_congestion` | [`Partitions`](actuators::Partitions) | 0.3 | yes |
//! | [`RebuildCentroids`] | `centroid_skew` | [`Centroids`](actuators::Centroids) | 0.4 | yes |
//! | [`ThrottleIngestion`] | `hotspot_congestion`, `memory_pressure` | [`Throttle`](actuators::Throttle) | 0.4 | yes |
//! | [`DrainHotPartition`] | `hotspot_congestion` | [`Partitions`](actuators::Partitions), [`WriteRouting`](actuators::WriteRouting) | 0.45 | yes |
//! | [`CompactIndexes`] | `index_fragmentation` | [`Indexes`](actuators::Indexes) | 0.5 | no |
//! | [`ResyncReplica`] | `replication_lag` | [`ReplicaCopies`](actuators::ReplicaCopies) | 0.5 | no |
//!
//! Those in [`NEED_APPROVAL`] belong into
//! [`require_approval_strategies`](healing_core::HealingConfig::require_approval_strategies), where the default has them.
//! [`MemoryHost`] implements every actuator in memory, to try strategies out on; [`every_strategy`] makes all ten.
//!
//! What must never break: planning touches nothing, doing a step twice is doing it once, and taking a step back restores what
//! was before, however much of it was done, unless someone else changed it meanwhile. That is then a conflict, and left alone.
//! Taking back calls the actuator even where there is nothing to take back, so that what it acts on has seen the greater token
//! and refuses a call of before that is still on its way; and it is believed only once it is seen. An actuator that says that it
//! did something, and reaches nothing, defeats that where nothing shows that it did not: what it acts on then has not seen the
//! token, and a call that was given up may still take effect. A host with a [`Fence`](healing_core::Fence) is not open to that.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! # use healing_core::diagnosis::Diagnosis;
//! # use healing_core::identity::{FencingToken, RemediationId};
//! # use healing_core::monitor::{IntegrityMonitor, MonitorConfig};
//! # use healing_core::permit::{Revocation, StepContext};
//! # use healing_core::strategy::{Case, StepReport};
//! # use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
//! # use healing_core::{CollectionId, Observation, ProblemClass, Ratio, Timestamp, VirtualClock};
//! use healing_core::RemediationStrategy;
//! use healing_strategies::actuators::ReplicaStatus;
//! use healing_strategies::{MemoryHost, ScaleReplicas};
//!
//! # let mut graph = ContractedGraph::builder();
//! # graph.node(NodeRef::shard(1), 1.0)?.node(NodeRef::replication_target(1), 1.0)?;
//! # graph.edge(Edge::new(EdgeKind::Replication, NodeRef::shard(1), NodeRef::replication_target(1), 1.0)?)?;
//! # let collection = CollectionId::new("embeddings")?;
//! # let observation = Observation {
//! #     collection: collection.clone(),
//! #     observed_at: Timestamp::UNIX_EPOCH,
//! #     graph: graph.build(),
//! #     metrics: Default::default(),
//! # };
//! # let report = IntegrityMonitor::new(&MonitorConfig::default()).look(&observation)?;
//! # let problem = ProblemClass::ReplicationLag { replica_ids: vec![1], lag: Duration::from_secs(60) };
//! # let diagnosis = Diagnosis { problem, confidence: Ratio::ONE, evidence: vec![] };
//! # let parameters = Default::default();
//! # let case = Case { observation: &observation, report: &report, diagnosis: &diagnosis, parameters: &parameters };
//! # let (clock, remediation) = (VirtualClock::default(), RemediationId::new(collection, 1));
//! # let token = FencingToken::new(1);
//! # let context = StepContext::new(&remediation, token, Timestamp::MAX, &clock, Revocation::default());
//! let host = Arc::new(MemoryHost::default());
//! host.change(|state| state.replicas = ReplicaStatus { wanted: 5, ready: 5, most: 20 });
//! let strategy = ScaleReplicas::new(host.clone());
//!
//! let plan = strategy.plan(&case)?; // a dry run is the plan itself
//! assert_eq!(plan.summary, "scale from 5 to 8 read replicas");
//! while let StepReport::InProgress { .. } = strategy.execute(&plan.steps[0], &context)? {
//!     host.go_on(); // in production the engine asks again a little later
//! }
//! assert_eq!(host.state().replicas.ready, 8);
//! while let StepReport::InProgress { .. } = strategy.rollback(&plan.steps[0], &context)? {
//!     host.go_on();
//! }
//! assert_eq!(host.state().replicas.ready, 5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod actuators;
mod change;
mod compact_indexes;
mod config;
mod drain_hot_partition;
mod errors;
mod every_strategy;
mod evict_cold_data;
mod handle;
mod memory_host;
mod moves;
mod parameters;
mod pause_maintenance;
mod rebalance_partitions;
mod rebuild_centroids;
mod relief;
mod relieved_loads;
mod reroute_reads;
mod resync_replica;
mod scale_replicas;
mod seconds;
#[cfg(feature = "testkit")]
pub mod testkit;
mod throttle_ingestion;
mod vector_move;

pub use compact_indexes::{CompactConfig, CompactIndexes};
pub use config::InvalidConfig;
pub use drain_hot_partition::{DrainConfig, DrainHotPartition};
pub use every_strategy::every_strategy;
pub use evict_cold_data::{EvictColdData, EvictConfig};
pub use memory_host::{MemoryHost, MemoryState};
pub use pause_maintenance::{PauseConfig, PauseMaintenance};
pub use rebalance_partitions::{RebalanceConfig, RebalancePartitions};
pub use rebuild_centroids::{RebuildCentroids, RebuildConfig};
pub use reroute_reads::{RerouteConfig, RerouteReads};
pub use resync_replica::{ResyncConfig, ResyncReplica};
pub use scale_replicas::{ScaleConfig, ScaleReplicas};
pub use throttle_ingestion::{ThrottleConfig, ThrottleIngestion};

/// The strategies that a human should approve each time: one costs money, the other throws data away.
pub const NEED_APPROVAL: [&str; 2] = ["scale_replicas", "resync_replica"];
