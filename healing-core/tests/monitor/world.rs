//! Graphs that a test changes edge by edge, and the observations of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use healing_core::metrics::SystemMetrics;
use healing_core::monitor::{IntegrityMonitor, IntegrityReport, MonitorConfig};
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
use healing_core::{CollectionId, Observation, Timestamp};

/// A collection whose graph is a plain map, with the monitor that watches it.
pub struct World {
    pub nodes: BTreeSet<i64>,
    pub edges: BTreeMap<(i64, i64, EdgeKind), f64>,
    pub now: Timestamp,
    pub monitor: IntegrityMonitor,
}

/// From one sample to the next.
pub const INTERVAL: Duration = Duration::from_secs(10);

impl World {
    pub fn new(config: &MonitorConfig) -> Self {
        Self {
            nodes: BTreeSet::new(),
            edges: BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
            monitor: IntegrityMonitor::new(config),
        }
    }

    /// Sets an edge's capacity; its ends come into being.
    pub fn link(&mut self, one: i64, other: i64, capacity: f64) -> &mut Self {
        self.nodes.extend([one, other]);
        self.edges.insert((one, other, EdgeKind::PartitionLink), capacity);
        self
    }

    pub fn unlink(&mut self, one: i64, other: i64) -> &mut Self {
        self.edges.remove(&(one, other, EdgeKind::PartitionLink));
        self
    }

    /// Joins every two of these nodes.
    pub fn mesh(&mut self, nodes: std::ops::RangeInclusive<i64>, capacity: f64) -> &mut Self {
        for one in nodes.clone() {
            for other in nodes.clone().filter(|&other| other > one) {
                self.link(one, other, capacity);
            }
        }
        self
    }

    pub fn graph(&self) -> ContractedGraph {
        let mut graph = ContractedGraph::builder();
        for &node in &self.nodes {
            graph.node(NodeRef::partition(node), 1.0).unwrap();
        }
        for (&(one, other, kind), &capacity) in &self.edges {
            let (one, other) = (NodeRef::partition(one), NodeRef::partition(other));
            graph.edge(Edge::new(kind, one, other, capacity).unwrap()).unwrap();
        }
        graph.build()
    }

    pub fn observation(&self) -> Observation {
        Observation {
            collection: CollectionId::new("embeddings").unwrap(),
            observed_at: self.now,
            graph: self.graph(),
            metrics: SystemMetrics::default(),
        }
    }

    /// Takes a sample, and lets the time of one go by.
    pub fn sample(&mut self) -> IntegrityReport {
        let report = self.monitor.sample(&self.observation()).unwrap();
        self.now = self.now.checked_add(INTERVAL).unwrap();
        report
    }

    /// Takes so many samples, and returns the last report.
    pub fn samples(&mut self, count: usize) -> IntegrityReport {
        let mut reports = (0..count).map(|_| self.sample());
        reports.by_ref().last().unwrap()
    }
}

pub fn partitions(numbers: impl IntoIterator<Item = i64>) -> Vec<NodeRef> {
    numbers.into_iter().map(NodeRef::partition).collect()
}
