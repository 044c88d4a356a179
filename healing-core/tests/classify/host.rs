//! A small host to diagnose: shards, each with four partitions, two centroids, two replicas and a maintenance service.

use std::collections::BTreeMap;
use std::time::Duration;

use healing_core::classify::EvidenceClassifier;
use healing_core::diagnosis::Diagnosis;
use healing_core::metrics::{
    JobMetrics, JobPriority, JobState, MemoryMetrics, PartitionMetrics, ReplicaMetrics, SystemMetrics,
};
use healing_core::monitor::{IntegrityMonitor, IntegrityReport, MonitorConfig};
use healing_core::topology::{ContractedGraph, ContractedGraphBuilder, Edge, EdgeKind, NodeRef};
use healing_core::{Amount, Classifier, CollectionId, Observation, Percent, ProblemKind, Timestamp};

/// What is wrong with a host, and what is measured of it.
#[derive(Debug, Clone)]
pub struct Host {
    pub shards: i64,
    /// All capacities are so many times as great.
    pub unit: f64,
    /// The share of its requests that a node fails: a partition on all its edges, others on those that are their business.
    pub failing: BTreeMap<NodeRef, f64>,
    /// The share of searches that fail wherever they go.
    pub failing_searches: f64,
    /// The share of searches in one partition's index that fail.
    pub failing_index: BTreeMap<i64, f64>,
    /// What fails shows as less capacity instead of as errors, and an edge that fails everything is gone.
    pub shrinks: bool,
    pub metrics: SystemMetrics,
}

impl Host {
    /// A host of so many shards that is well, and measures everything.
    pub fn well(shards: i64) -> Self {
        let partition = PartitionMetrics {
            load: Amount::clamped(500.0),
            inserts: None,
            vectors: 1000,
        };
        let replica = ReplicaMetrics {
            lag: Duration::from_millis(200),
        };
        let job = |shard| JobMetrics {
            id: shard,
            job_type: "vacuum".to_owned(),
            priority: JobPriority::Normal,
            state: JobState::Running,
            service: Some(NodeRef::maintenance_dep(shard)),
        };
        let memory = MemoryMetrics {
            used_pct: Percent::clamped(50.0),
            largest_consumers: Vec::new(),
        };
        let metrics = SystemMetrics {
            partitions: (1..=4 * shards).map(|id| (id, partition)).collect(),
            centroid_populations: (1..=2 * shards).map(|id| (id, 2000)).collect(),
            replicas: (1..=2 * shards).map(|id| (id, replica)).collect(),
            jobs: (1..=shards).map(job).collect(),
            maintenance_queue_depth: Some(0),
            memory: Some(memory),
            index_fragmentation: (1..=4 * shards).map(|id| (id, Percent::clamped(8.0))).collect(),
        };
        Self {
            shards,
            unit: 1.0,
            failing: BTreeMap::new(),
            failing_searches: 0.0,
            failing_index: BTreeMap::new(),
            shrinks: false,
            metrics,
        }
    }

    pub fn fails(mut self, node: NodeRef, share: f64) -> Self {
        self.failing.insert(node, share);
        self
    }

    pub fn fails_searches(mut self, share: f64) -> Self {
        self.failing_searches = share;
        self
    }

    pub fn load(mut self, partition: i64, load: f64) -> Self {
        self.metrics.partitions.get_mut(&partition).unwrap().load = Amount::clamped(load);
        self
    }

    pub fn population(mut self, centroid: i64, population: u64) -> Self {
        self.metrics.centroid_populations.insert(centroid, population);
        self
    }

    pub fn lag(mut self, replica: i64, lag: Duration) -> Self {
        self.metrics.replicas.insert(replica, ReplicaMetrics { lag });
        self
    }

    /// So many low-priority jobs at work on a shard.
    pub fn jobs(mut self, shard: i64, count: i64) -> Self {
        self.metrics.jobs.extend((0..count).map(|number| JobMetrics {
            id: 1000 * shard + number,
            job_type: "reindex".to_owned(),
            priority: JobPriority::Low,
            state: JobState::Running,
            service: Some(NodeRef::maintenance_dep(shard)),
        }));
        self
    }

    pub fn memory(mut self, used: f64) -> Self {
        self.metrics.memory.as_mut().unwrap().used_pct = Percent::clamped(used);
        self
    }

    pub fn fragmentation(mut self, index: i64, share: f64) -> Self {
        self.metrics.index_fragmentation.insert(index, Percent::clamped(share));
        self
    }

    /// Measures nothing beside the graph.
    pub fn without_metrics(mut self) -> Self {
        self.metrics = SystemMetrics::default();
        self
    }

    pub fn observation(&self) -> Observation {
        Observation {
            collection: CollectionId::new("embeddings").unwrap(),
            observed_at: Timestamp::UNIX_EPOCH,
            graph: self.graph(),
            metrics: self.metrics.clone(),
        }
    }

    fn graph(&self) -> ContractedGraph {
        let mut graph = ContractedGraph::builder();
        let (partitions, centroids) = (4 * self.shards, 2 * self.shards);
        let nodes = (1..=partitions)
            .map(NodeRef::partition)
            .chain((1..=centroids).map(NodeRef::centroid))
            .chain((1..=2 * self.shards).map(NodeRef::replication_target))
            .chain((1..=self.shards).flat_map(|shard| [NodeRef::shard(shard), NodeRef::maintenance_dep(shard)]));
        for node in nodes {
            graph.node(node, 1.0).unwrap();
        }
        for id in 1..=partitions {
            let partition = NodeRef::partition(id);
            for distance in 1..=3 {
                let other = NodeRef::partition((id - 1 + distance) % partitions + 1);
                self.connect(&mut graph, EdgeKind::PartitionLink, [partition, other], 12.0, 0.0);
            }
            let shard = (id - 1) / 4 + 1;
            self.connect(
                &mut graph,
                EdgeKind::RoutingLink,
                [partition, NodeRef::shard(shard)],
                30.0,
                0.0,
            );
            self.connect(
                &mut graph,
                EdgeKind::Dependency,
                [partition, NodeRef::maintenance_dep(shard)],
                30.0,
                0.0,
            );
        }
        for id in 1..=centroids {
            for step in 0..6 {
                let partition = (2 * (id - 1) + step) % partitions + 1;
                let index = self.failing_index.get(&partition).copied().unwrap_or(0.0);
                let failing = 1.0 - (1.0 - self.failing_searches) * (1.0 - index);
                let ends = [NodeRef::centroid(id), NodeRef::partition(partition)];
                self.connect(&mut graph, EdgeKind::RoutingLink, ends, 26.0, failing);
            }
        }
        for shard in 1..=self.shards {
            let ends = [NodeRef::shard(shard), NodeRef::maintenance_dep(shard)];
            self.connect(&mut graph, EdgeKind::Dependency, ends, 60.0, 0.0);
            for replica in [2 * shard - 1, 2 * shard] {
                let ends = [NodeRef::shard(shard), NodeRef::replication_target(replica)];
                self.connect(&mut graph, EdgeKind::Replication, ends, 150.0, 0.0);
            }
        }
        graph.build()
    }

    fn connect(
        &self,
        graph: &mut ContractedGraphBuilder,
        kind: EdgeKind,
        ends: [NodeRef; 2],
        capacity: f64,
        failing: f64,
    ) {
        let passing = ends
            .iter()
            .map(|end| 1.0 - self.failing.get(end).copied().unwrap_or(0.0));
        let failing = 1.0 - (1.0 - failing) * passing.product::<f64>();
        let capacity = capacity * self.unit;
        let edge = |capacity| Edge::new(kind, ends[0], ends[1], capacity).unwrap();
        match self.shrinks {
            true if failing >= 1.0 => {}
            true => {
                graph.edge(edge(capacity * (1.0 - failing))).unwrap();
            }
            false => {
                let edge = edge(capacity).with_error_rate(failing.clamp(0.0, 1.0)).unwrap();
                graph.edge(edge).unwrap();
            }
        }
    }

    /// What the monitor says of it after having seen it well, until the state has had time to change.
    pub fn report(&self) -> IntegrityReport {
        let mut monitor = IntegrityMonitor::new(&MonitorConfig::default());
        let well = Self {
            unit: self.unit,
            ..Self::well(self.shards)
        };
        for _ in 0..MonitorConfig::default().baseline_samples {
            monitor.sample(&well.observation()).unwrap();
        }
        let ill = self.observation();
        for _ in 0..2 {
            monitor.sample(&ill).unwrap();
        }
        monitor.sample(&ill).unwrap()
    }

    pub fn diagnosed(&self) -> Vec<Diagnosis> {
        EvidenceClassifier::default().classify(&self.observation(), &self.report())
    }

    /// The kinds that are diagnosed, as ranked.
    pub fn kinds(&self) -> Vec<ProblemKind> {
        self.diagnosed().iter().map(|it| it.problem.kind()).collect()
    }
}
