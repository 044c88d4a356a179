//! The cluster as it was designed: sizes, capacities, budgets.

use std::time::Duration;

/// Shards, numbered from 1.
pub const SHARDS: i64 = 4;
/// Partitions, numbered from 1; partition `p` lies on shard `(p - 1) % SHARDS + 1`.
pub const PARTITIONS: i64 = 16;
/// Centroids, numbered from 1.
pub const CENTROIDS: i64 = 6;
/// Replicas of each shard; replica `r` belongs to shard `(r - 1) / REPLICAS_PER_SHARD + 1`.
pub const REPLICAS_PER_SHARD: i64 = 2;
/// Vectors in each partition at birth.
pub const VECTORS_PER_PARTITION: i64 = 1000;

/// Requests a second that a partition can serve.
pub const SERVICE_CAPACITY: f64 = 1000.0;
/// The range of a partition's load at birth, requests a second.
pub const HEALTHY_LOAD: std::ops::Range<f64> = 420.0..580.0;
/// The share of its service capacity that a partition loses while vectors leave or enter it.
pub const COST_OF_MOVING: f64 = 0.05;
/// Vectors that arrive at their new partition in a second, in one move.
pub const MOVED_PER_SECOND: usize = 100;

/// I/O that a shard's maintenance may use, MB a second.
pub const MAINTENANCE_BUDGET: f64 = 100.0;
/// Maintenance jobs that run on a shard at once.
pub const JOB_SLOTS: usize = 8;
/// The longest operation of a job, which it finishes before it pauses, seconds.
pub const LONGEST_OPERATION: u32 = 8;

/// A replica this far behind fails half of its reads.
pub const TOLERABLE_LAG: Duration = Duration::from_secs(15);

/// Memory of the cluster, bytes, and what a vector takes of it.
pub const MEMORY: u64 = 128 << 20;
/// See [`MEMORY`].
pub const BYTES_PER_VECTOR: u64 = 4 << 10;

/// Nominal capacity of a link between two similar partitions; each has six.
pub const PARTITION_LINK: f64 = 12.0;
/// Nominal capacity of a route from a centroid to a partition; each centroid has eight, each partition three.
pub const CENTROID_ROUTE: f64 = 26.0;
/// Nominal capacity of the route from a partition to its shard.
pub const SHARD_ROUTE: f64 = 30.0;
/// Nominal capacity of a partition's dependency on its shard's maintenance.
pub const PARTITION_MAINTENANCE: f64 = 30.0;
/// Nominal capacity of a shard's own dependency on its maintenance.
pub const SHARD_MAINTENANCE: f64 = 90.0;
/// Nominal capacity of the shipping from a shard to a replica.
pub const REPLICATION: f64 = 210.0;

/// The network's failing share, at most.
pub const NETWORK_ERRORS: f64 = 0.01;

/// The shard that carries a partition.
#[must_use]
pub const fn shard_of(partition: i64) -> i64 {
    (partition - 1) % SHARDS + 1
}

/// The shard that a replica belongs to.
#[must_use]
pub const fn shard_of_replica(replica: i64) -> i64 {
    (replica - 1) / REPLICAS_PER_SHARD + 1
}

/// The partitions that a centroid routes to: eight in a row, so that each partition is reached from three centroids.
pub fn routes_of(centroid: i64) -> impl Iterator<Item = i64> {
    let first = (centroid - 1) * 8;
    (first..first + 8).map(|position| position % PARTITIONS + 1)
}
