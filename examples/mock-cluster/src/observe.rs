//! What the cluster shows: its graph and its metrics, read from its state.

use std::time::Duration;

use healing_core::metrics::{JobMetrics, MemoryMetrics, PartitionMetrics, ReplicaMetrics, SystemMetrics};
use healing_core::observation::ObservationError;
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeKind, NodeRef, TopologyError};
use healing_core::{Amount, Clock, CollectionId, Observation, ObservationSource, Percent};

use crate::cluster::Cluster;
use crate::design::{
    CENTROID_ROUTE, CENTROIDS, PARTITION_LINK, PARTITION_MAINTENANCE, PARTITIONS, REPLICATION, SHARD_MAINTENANCE,
    SHARD_ROUTE, SHARDS, routes_of, shard_of, shard_of_replica,
};
use crate::service::either;
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
        let nodes = self.nodes();
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
                    self.load(node.id)
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
            for partition in routes_of(id) {
                let failing = self.failing_on_route(id, partition);
                let (centroid, partition) = (NodeRef::centroid(id), NodeRef::partition(partition));
                connect(EdgeKind::RoutingLink, centroid, partition, CENTROID_ROUTE, failing)?;
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
        for id in self.replication.ids() {
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
            NodeKind::Partition => self.failing_at(node.id),
            NodeKind::Centroid => self.centroids.failing_share(node.id),
            NodeKind::ReplicationTarget => self.replication.failing_share(node.id),
            NodeKind::MaintenanceDep => self.maintenance.missing_share(node.id),
            _ => 0.0,
        }
    }

    fn metrics(&self) -> SystemMetrics {
        let partitions = self.partitions.populations().iter().map(|(&id, &vectors)| {
            (
                id,
                PartitionMetrics {
                    load: Amount::clamped(self.load(id)),
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
            centroid_populations: self.centroids.populations(),
            replicas: self
                .replication
                .lags()
                .map(|(id, lag)| (id, ReplicaMetrics { lag }))
                .collect(),
            jobs: jobs.collect(),
            maintenance_queue_depth: Some(self.maintenance.waiting()),
            memory: Some(MemoryMetrics {
                used_pct: Percent::clamped(self.memory.used() * 100.0),
                largest_consumers: self.memory.largest_consumers(),
            }),
            index_fragmentation: self
                .indexes
                .fragmentation()
                .map(|(id, share)| (id, Percent::clamped(share)))
                .collect(),
        }
    }

    /// Every node, sorted. Replicas that are added come last, so that the others keep their place.
    fn nodes(&self) -> Vec<NodeRef> {
        let mut nodes: Vec<NodeRef> = (1..=PARTITIONS).map(NodeRef::partition).collect();
        nodes.extend((1..=CENTROIDS).map(NodeRef::centroid));
        nodes.extend((1..=SHARDS).flat_map(|id| [NodeRef::shard(id), NodeRef::maintenance_dep(id)]));
        nodes.extend(self.replication.ids().map(NodeRef::replication_target));
        nodes.sort_unstable();
        nodes
    }
}
