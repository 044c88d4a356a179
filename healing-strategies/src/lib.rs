//! Actuator traits by domain, and the built-in remediation strategies on them.
//!
//! A strategy here decides *what* to do and writes it down as data; an actuator, implemented by the host, *does* it. Both
//! are thin, and the healing-core engine owns the loop around them.
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
//! A host registers those whose actuators it has, and puts [`NEED_APPROVAL`] into its
//! [`require_approval_strategies`](healing_core::HealingConfig::require_approval_strategies). [`MemoryHost`] implements every
//! actuator in memory, to try strategies out on:
//!
//! ```
//! use std::sync::Arc;
//! use healing_core::{HealingConfig, StrategyRegistry};
//! use healing_strategies::{EvictColdData, MemoryHost, NEED_APPROVAL, ResyncReplica, ThrottleIngestion};
//!
//! let host = Arc::new(MemoryHost::default());
//! let mut strategies = StrategyRegistry::new();
//! strategies.register(Arc::new(EvictColdData::new(host.clone())))?;
//! strategies.register(Arc::new(ThrottleIngestion::new(host.clone())))?;
//! strategies.register(Arc::new(ResyncReplica::new(host)))?;
//! let config = HealingConfig {
//!     require_approval_strategies: NEED_APPROVAL.map(str::to_owned).to_vec(),
//!     ..HealingConfig::default()
//! };
//! assert!(config.validate().is_ok());
//! # Ok::<(), healing_core::registry::RegistryError>(())
//! ```

pub mod actuators;
mod change;
mod compact_indexes;
mod config;
mod drain_hot_partition;
mod errors;
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
mod throttle_ingestion;
mod vector_move;

pub use compact_indexes::{CompactConfig, CompactIndexes};
pub use config::InvalidConfig;
pub use drain_hot_partition::{DrainConfig, DrainHotPartition};
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
