//! What a partition can serve, and what it fails.

use crate::design::{
    COST_OF_COLD_SEGMENT, COST_OF_COMPACTION, COST_OF_MOVING, REBUILDING, SERVED_BY_PRIMARY, SERVED_BY_REPLICA,
    SERVICE_CAPACITY,
};
use crate::state::State;

impl State {
    /// Requests a second that arrive for a partition: for its vectors, and inserts.
    pub(crate) fn load(&self, partition: i64) -> f64 {
        self.partitions.load(partition) + self.ingestion.accepted(partition)
    }

    /// The share of its requests that a partition fails: for want of capacity, or for its disk's sake.
    pub(crate) fn failing_at(&self, partition: i64) -> f64 {
        let load = self.load(partition);
        let capacity = self.capacity(partition);
        let overload = if load > capacity { 1.0 - capacity / load } else { 0.0 };
        either(overload, self.disks.failing_share(partition))
    }

    /// Requests a second that a partition can serve. Whatever is done to it meanwhile costs some.
    fn capacity(&self, partition: i64) -> f64 {
        let shard = self.size.shard_of(partition);
        let served = SERVED_BY_PRIMARY + SERVED_BY_REPLICA * self.replication.read_from(shard);
        let mut left = SERVICE_CAPACITY * served * (1.0 - self.replication.cost(shard));
        for (at_work, cost) in [
            (self.partitions.is_moving(partition), COST_OF_MOVING),
            (self.indexes.is_compacting(partition), COST_OF_COMPACTION),
            (self.centroids.is_building(), REBUILDING.1),
        ] {
            if at_work {
                left *= 1.0 - cost;
            }
        }
        left * (1.0 - COST_OF_COLD_SEGMENT * self.memory.cold_segments(partition))
    }
}

/// The share that fails where either of two causes makes it fail.
pub(crate) fn either(one: f64, other: f64) -> f64 {
    1.0 - (1.0 - one) * (1.0 - other)
}
