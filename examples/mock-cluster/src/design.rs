//! The cluster as it was designed: capacities, budgets, costs. [`Size`](crate::Size) says how many of everything there are.

use std::time::Duration;

/// Replicas of each shard at birth.
pub const REPLICAS_PER_SHARD: i64 = 2;

/// Requests a second that a partition can serve.
pub const SERVICE_CAPACITY: f64 = 1000.0;
/// The range of a partition's load at birth, requests a second.
pub const HEALTHY_LOAD: std::ops::Range<f64> = 420.0..580.0;
/// The share of its service capacity that a partition loses while vectors leave or enter it.
pub const COST_OF_MOVING: f64 = 0.05;
/// Vectors that arrive at their new partition in a second, in one move.
pub const MOVED_PER_SECOND: usize = 100;

/// Inserts a second that clients send to a partition; each costs it as much as a request.
pub const INSERTS: f64 = 10.0;
/// Inserts a second and partition that clients make up for once they are no longer held back.
pub const MADE_UP: f64 = 3.125;

/// The share of a partition's service capacity that does not hang on replicas, and what each replica that is read from adds:
/// with the two that a shard is born with, the whole.
pub const SERVED_BY_PRIMARY: f64 = 0.6;
/// See [`SERVED_BY_PRIMARY`].
pub const SERVED_BY_REPLICA: f64 = 0.2;

/// I/O that a shard's maintenance may use, MB a second.
pub const MAINTENANCE_BUDGET: f64 = 100.0;
/// Maintenance jobs that run on a shard at once.
pub const JOB_SLOTS: usize = 8;
/// The longest operation of a job, which it finishes before it pauses, seconds.
pub const LONGEST_OPERATION: u32 = 8;

/// Updates a second that a replica applies.
pub const UPDATES_APPLIED: f64 = 1500.0;
/// A replica this far behind fails half of its reads.
pub const TOLERABLE_LAG: Duration = Duration::from_secs(15);
/// A stalled replica this far behind holds back half of what is shipped to it.
pub const TOLERABLE_BACKLOG: Duration = Duration::from_secs(30);
/// Seconds until a new replica is ready, and the share of their capacity that the shard's partitions lose meanwhile.
pub const PROVISIONING: (u32, f64) = (45, 0.05);
/// Seconds that a fresh copy of a replica takes, and the share of their capacity that the shard's partitions lose meanwhile.
pub const COPYING: (u32, f64) = (60, 0.08);
/// The share of what is shipped to a replica that a fresh copy displaces.
pub const SHIPPING_LOST_TO_COPY: f64 = 0.1;

/// Seconds that building a version of the centroids takes, and the share of every partition's capacity that it costs.
pub const REBUILDING: (u32, f64) = (60, 0.03);

/// Entries of an index, and how many of them are rewritten in a second of compaction.
pub const INDEX_ENTRIES: u64 = 20_000;
/// See [`INDEX_ENTRIES`].
pub const COMPACTED_PER_SECOND: u64 = 5000;
/// The share of its partition's capacity that a compaction costs.
pub const COST_OF_COMPACTION: f64 = 0.15;
/// An index fragmented further than this makes searches run out of time, percent.
pub const TOLERABLE_FRAGMENTATION: f64 = 20.0;

/// Memory that the cluster has for 1,000 vectors of its birth, bytes, and what a vector takes of it.
pub const MEMORY_FOR_1000_VECTORS: u64 = 8 << 20;
/// See [`MEMORY_FOR_1000_VECTORS`].
pub const BYTES_PER_VECTOR: u64 = 4 << 10;
/// Segments of each partition at birth.
pub const SEGMENTS_PER_PARTITION: i64 = 2;
/// Bytes of a segment that go to or come from the cold tier in a second.
pub const TIER_BANDWIDTH: u64 = 2 << 20;
/// The part of memory that a bulk load brings in a second: one of so many.
pub const BULK_LOAD_SECONDS: u64 = 64;
/// The share of memory that the buffers of a bulk load take while nothing of it is held back.
pub const BUFFERS: f64 = 0.08;
/// From this used share of memory on allocations stall.
pub const COMFORTABLE_MEMORY: f64 = 0.85;
/// The share of its partition's capacity that a segment costs in the cold tier: some of its reads wait for it.
pub const COST_OF_COLD_SEGMENT: f64 = 0.01;

/// The share of searches that full memory or an altogether fragmented index makes run out of time.
pub const WORST_STALL: f64 = 0.7;

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

/// Seconds that a request takes which nothing hinders.
pub const LATENCY: f64 = 0.002;
