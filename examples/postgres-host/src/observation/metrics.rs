//! The same facts as metrics.

use std::cmp::Reverse;
use std::time::Duration;

use healing_core::metrics::{JobState, MemoryConsumer, MemoryMetrics, PartitionMetrics, ReplicaMetrics, SystemMetrics};
use healing_core::{Amount, Percent};

use super::facts::Facts;

/// So many of the largest consumers of memory are named.
const LARGEST: usize = 5;

impl Facts {
    pub(super) fn metrics(&self) -> SystemMetrics {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let partitions = self.partitions.iter().map(|(&id, it)| {
            let load = Amount::clamped(it.asked);
            let vectors = count(it.vectors);
            (
                id,
                PartitionMetrics {
                    load,
                    inserts: None,
                    vectors,
                },
            )
        });
        let mut consumers: Vec<MemoryConsumer> = (self.partitions.iter().filter(|(_, it)| it.hot))
            .map(|(id, it)| MemoryConsumer {
                name: format!("partition {id}"),
                bytes: count(it.bytes),
            })
            .collect();
        consumers.sort_by_key(|consumer| Reverse(consumer.bytes));
        consumers.truncate(LARGEST);
        let replicas = self.standbys.iter().map(|standby| {
            let lag = Duration::try_from_secs_f64(standby.lag_seconds).unwrap_or_default();
            (standby.id, ReplicaMetrics { lag })
        });
        let waiting = self.jobs.iter().filter(|job| job.state == JobState::Waiting).count();
        SystemMetrics {
            partitions: partitions.collect(),
            centroid_populations: self
                .populations
                .iter()
                .map(|(&id, &entries)| (id, count(entries)))
                .collect(),
            replicas: replicas.collect(),
            jobs: self.jobs.clone(),
            maintenance_queue_depth: Some(waiting as u64),
            memory: Some(MemoryMetrics {
                used_pct: Percent::clamped(self.memory_used() * 100.0),
                largest_consumers: consumers,
            }),
            index_fragmentation: self.wasted_percent().collect(),
        }
    }
}
