//! The built-in strategies on small in-memory actuators.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod case;
mod compact_indexes;
mod drain_hot_partition;
mod evict_cold_data;
mod laws;
mod pause_maintenance;
mod rebalance_partitions;
mod rebuild_centroids;
mod reroute_reads;
mod resync_replica;
mod scale_replicas;
mod throttle_ingestion;
mod worlds;
