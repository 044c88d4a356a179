//! What the cluster shows: its graph and its metrics, read from its state.

use std::time::Duration;

use healing_core::metrics::{JobMetrics, MemoryMetrics, PartitionMetrics, ReplicaMetrics, SystemMetrics};
use healing_core::observation::ObservationError;
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeKind, NodeRef, TopologyError};
use healing_core::{Amount, Clock, CollectionId, Observation, ObservationSource, Percent};

use crate::by_node::ByNode;
use crate::cluster::Cluster;
use crate::design::{
    CENTROID_ROUTE, LATENCY, PARTITION_LINK, PARTITION_MAINTENANCE, REPLICATION, SHARD_MAINTENANCE, SHARD_ROUTE,
};
use crate::failures::Failures;
use crate::service::either;
use crate::state::State;

impl ObservationSource for Cluster {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        if collection != self.collection() {
            return Err(ObservationError::UnknownCollection {
                collection: collection.clone(),
            });
        }
        let mut state = self.state();
        let observed_at = self.clock().now();
        if let Some(observed) = &state.observed {
            return Ok(Observation {
                observed_at,
                ..observed.clone()
            });
        }
        let observation = Observation {
            collection: collection.clone(),
            observed_at,
            graph: state.graph()?,
            metrics: state.metrics(),
        };
        if state.noise.is_rare() {
            state.observed = Some(observation.clone());
        }
        Ok(observation)
    }
}

/// What an edge has of the node at one of its ends.
#[derive(Clone, Copy, Default)]
struct End {
    /// The share that the network around it loses.
    lost: f64,
    /// Requests a second that arrive at it.
    load: f64,
}

impl State {
    pub(crate) fn graph(&self) -> Result<ContractedGraph, TopologyError> {
        let mut graph = ContractedGraph::builder();
        let failures = Failures::of(self);
        for (node, failing) in failures.of_nodes() {
            graph.node(node, 1.0 - failing)?;
        }
        // Found out once a node, and not once an edge.
        let ends = failures.of_nodes().enumerate().map(|(position, (node, _))| {
            let wind = self.network.get(position).copied().unwrap_or(0.0);
            let trouble = self.bad_network.get(&node).copied().unwrap_or(0.0);
            let load = match node.kind {
                NodeKind::Partition => self.load(node.id),
                _ => 0.0,
            };
            let end = End {
                lost: either(wind, trouble),
                load,
            };
            (node, end)
        });
        let ends: ByNode<End> = ends.collect();
        let end = |node: NodeRef| ends.get(node).unwrap_or_default();
        let mut connect = |kind, one: NodeRef, other: NodeRef, capacity: f64, failing: f64| {
            let (of_one, of_other) = (end(one), end(other));
            let passing = (1.0 - failing) * (1.0 - of_one.lost) * (1.0 - of_other.lost) * (1.0 - self.outage);
            let latency = Duration::from_secs_f64(LATENCY / passing.max(0.01));
            let edge = Edge::new(kind, one, other, capacity)?.with_error_rate((1.0 - passing).clamp(0.0, 1.0))?;
            graph
                .edge(edge.with_flow(of_one.load + of_other.load)?.with_latency(latency))
                .map(|_| ())
        };

        for id in 1..=self.size.partitions() {
            let partition = NodeRef::partition(id);
            let failing = failures.at(partition);
            for distance in 1..=3 {
                let other = NodeRef::partition((id - 1 + distance) % self.size.partitions() + 1);
                let failing = either(failing, failures.at(other));
                connect(EdgeKind::PartitionLink, partition, other, PARTITION_LINK, failing)?;
            }
            let shard = NodeRef::shard(self.size.shard_of(id));
            connect(EdgeKind::RoutingLink, partition, shard, SHARD_ROUTE, failing)?;
            let maintenance = NodeRef::maintenance_dep(shard.id);
            let missing = either(failing, failures.at(maintenance));
            connect(
                EdgeKind::Dependency,
                partition,
                maintenance,
                PARTITION_MAINTENANCE,
                missing,
            )?;
        }
        for id in 1..=self.size.centroids() {
            let centroid = NodeRef::centroid(id);
            for partition in self.size.routes_of(id).map(NodeRef::partition) {
                let failing = failures.on_route(centroid, partition);
                connect(EdgeKind::RoutingLink, centroid, partition, CENTROID_ROUTE, failing)?;
            }
        }
        for id in 1..=self.size.shards() {
            let (shard, maintenance) = (NodeRef::shard(id), NodeRef::maintenance_dep(id));
            let missing = failures.at(maintenance);
            connect(EdgeKind::Dependency, shard, maintenance, SHARD_MAINTENANCE, missing)?;
        }
        for id in self.replication.ids() {
            let (shard, replica) = (
                NodeRef::shard(self.size.shard_of_replica(id)),
                NodeRef::replication_target(id),
            );
            connect(EdgeKind::Replication, shard, replica, REPLICATION, failures.at(replica))?;
        }
        Ok(graph.build())
    }

    pub(crate) fn metrics(&self) -> SystemMetrics {
        let partitions = self.partitions.populations().iter().map(|(&id, &vectors)| {
            (
                id,
                PartitionMetrics {
                    load: Amount::clamped(self.load(id)),
                    inserts: Some(Amount::clamped(self.ingestion.accepted(id))),
                    vectors,
                },
            )
        });
        let jobs = self.maintenance.jobs.iter().map(|(&id, job)| JobMetrics {
            id,
            job_type: job.job_type.to_owned(),
            priority: job.priority,
            state: job.state,
            service: Some(NodeRef::maintenance_dep(job.shard)),
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

    /// Every node.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeRef> {
        let partitions = (1..=self.size.partitions()).map(NodeRef::partition);
        let centroids = (1..=self.size.centroids()).map(NodeRef::centroid);
        let shards = (1..=self.size.shards()).flat_map(|id| [NodeRef::shard(id), NodeRef::maintenance_dep(id)]);
        let replicas = self.replication.ids().map(NodeRef::replication_target);
        partitions.chain(centroids).chain(shards).chain(replicas)
    }
}
