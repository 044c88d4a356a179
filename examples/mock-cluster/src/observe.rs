//! What the cluster shows: its graph and its metrics, read from its state.

use std::time::Duration;

use healing_core::metrics::{
    JobMetrics, MemoryConsumer, MemoryMetrics, PartitionMetrics, ReplicaMetrics, SystemMetrics,
};
use healing_core::observation::ObservationError;
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeKind, NodeRef, TopologyError};
use healing_core::{Amount, Clock, CollectionId, Observation, ObservationSource, Percent};

use crate::cluster::Cluster;
use crate::design::{
    BYTES_PER_VECTOR, CENTROID_ROUTE, CENTROIDS, MEMORY, PARTITION_LINK, PARTITION_MAINTENANCE, PARTITIONS,
    REPLICAS_PER_SHARD, REPLICATION, SHARD_MAINTENANCE, SHARD_ROUTE, SHARDS, routes_of, shard_of, shard_of_replica,
};
use crate::state::State;

impl ObservationSource for Cluster {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        if collection != self.collection() {
            return Err(ObservationError::UnknownCollection {
                collection: collection.clone(),
            });
        }
        let state = self.state();
        Ok(Observation {
            collection: collection.clone(),
            observed_at: self.clock().now(),
            graph: state.graph()?,
            metrics: state.metrics(),
        })
    }
}

impl State {
    fn graph(&self) -> Result<ContractedGraph, TopologyError> {
        let mut graph = ContractedGraph::builder();
        let nodes = nodes();
        for &node in &nodes {
            graph.node(node, 1.0 - self.failing_share(node))?;
        }
        let network = |node: NodeRef| {
            let position = nodes
                .binary_search(&node)
                .ok()
                .and_then(|position| self.network.get(position));
            position.copied().unwrap_or(0.0)
        };
        let mut connect = |kind, one: NodeRef, other: NodeRef, capacity: f64, failing: f64| {
            let passing = (1.0 - failing) * (1.0 - network(one)) * (1.0 - network(other));
            let load = |node: NodeRef| {
                if node.kind == NodeKind::Partition {
                    self.partitions.load(node.id)
                } else {
                    0.0
                }
            };
            let latency = Duration::from_secs_f64(0.002 / passing.max(0.01));
            let edge = Edge::new(kind, one, other, capacity)?.with_error_rate((1.0 - passing).clamp(0.0, 1.0))?;
            graph
                .edge(edge.with_flow(load(one) + load(other))?.with_latency(latency))
                .map(|_| ())
        };
        let either = |one: f64, other: f64| 1.0 - (1.0 - one) * (1.0 - other);

        for id in 1..=PARTITIONS {
            let partition = NodeRef::partition(id);
            let failing = self.failing_share(partition);
            for distance in 1..=3 {
                let other = NodeRef::partition((id - 1 + distance) % PARTITIONS + 1);
                let failing = either(failing, self.failing_share(other));
                connect(EdgeKind::PartitionLink, partition, other, PARTITION_LINK, failing)?;
            }
            let shard = shard_of(id);
            connect(
                EdgeKind::RoutingLink,
                partition,
                NodeRef::shard(shard),
                SHARD_ROUTE,
                failing,
            )?;
            let missing = either(failing, self.maintenance.missing_share(shard));
            connect(
                EdgeKind::Dependency,
                partition,
                NodeRef::maintenance_dep(shard),
                PARTITION_MAINTENANCE,
                missing,
            )?;
        }
        for id in 1..=CENTROIDS {
            for partition in routes_of(id).map(NodeRef::partition) {
                let failing = self.failing_share(partition);
                connect(
                    EdgeKind::RoutingLink,
                    NodeRef::centroid(id),
                    partition,
                    CENTROID_ROUTE,
                    failing,
                )?;
            }
        }
        for id in 1..=SHARDS {
            let missing = self.maintenance.missing_share(id);
            connect(
                EdgeKind::Dependency,
                NodeRef::shard(id),
                NodeRef::maintenance_dep(id),
                SHARD_MAINTENANCE,
                missing,
            )?;
        }
        for id in 1..=SHARDS * REPLICAS_PER_SHARD {
            let replica = NodeRef::replication_target(id);
            let failing = self.failing_share(replica);
            connect(
                EdgeKind::Replication,
                NodeRef::shard(shard_of_replica(id)),
                replica,
                REPLICATION,
                failing,
            )?;
        }
        Ok(graph.build())
    }

    /// The share of its requests that a node fails by itself.
    fn failing_share(&self, node: NodeRef) -> f64 {
        match node.kind {
            NodeKind::Partition => self.partitions.failing_share(node.id),
            NodeKind::ReplicationTarget => self.replication.failing_share(node.id),
            NodeKind::MaintenanceDep => self.maintenance.missing_share(node.id),
            _ => 0.0,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a share of memory needs no more than 53 bits")]
    fn metrics(&self) -> SystemMetrics {
        let populations = self.partitions.populations();
        let used = self.partitions.number_of_vectors() as u64 * BYTES_PER_VECTOR;
        let mut largest_consumers: Vec<MemoryConsumer> = populations
            .iter()
            .map(|(id, vectors)| MemoryConsumer {
                name: format!("partition:{id}"),
                bytes: vectors * BYTES_PER_VECTOR,
            })
            .collect();
        largest_consumers.sort_by_key(|consumer| std::cmp::Reverse(consumer.bytes));
        largest_consumers.truncate(5);
        let partitions = populations.into_iter().map(|(id, vectors)| {
            (
                id,
                PartitionMetrics {
                    load: Amount::clamped(self.partitions.load(id)),
                    vectors,
                },
            )
        });
        let jobs = self.maintenance.jobs.iter().map(|(&id, job)| JobMetrics {
            id,
            job_type: job.job_type.to_owned(),
            priority: job.priority,
            state: job.state,
        });
        SystemMetrics {
            partitions: partitions.collect(),
            centroid_populations: self.partitions.centroid_populations(),
            replicas: self
                .replication
                .lags()
                .map(|(id, lag)| (id, ReplicaMetrics { lag }))
                .collect(),
            jobs: jobs.collect(),
            maintenance_queue_depth: Some(self.maintenance.waiting()),
            memory: Some(MemoryMetrics {
                used_pct: Percent::clamped(used as f64 / MEMORY as f64 * 100.0),
                largest_consumers,
            }),
            index_fragmentation: self
                .fragmentation
                .iter()
                .map(|(&id, &share)| (id, Percent::clamped(share)))
                .collect(),
        }
    }
}

/// Every node, sorted.
fn nodes() -> Vec<NodeRef> {
    let mut nodes: Vec<NodeRef> = (1..=PARTITIONS).map(NodeRef::partition).collect();
    nodes.extend((1..=CENTROIDS).map(NodeRef::centroid));
    nodes.extend((1..=SHARDS).flat_map(|id| [NodeRef::shard(id), NodeRef::maintenance_dep(id)]));
    nodes.extend((1..=SHARDS * REPLICAS_PER_SHARD).map(NodeRef::replication_target));
    nodes.sort_unstable();
    nodes
}
