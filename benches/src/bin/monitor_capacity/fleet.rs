//! Many collections, and what they look like at each sample.

use std::collections::BTreeMap;

use healing_benches::families::operational;
use healing_core::identity::CollectionId;
use healing_core::metrics::SystemMetrics;
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
use healing_core::{Observation, Timestamp};

use crate::Failure;

/// Every so many samples each edge changes: one in twenty in each.
const CHANGES_EVERY: u32 = 20;

/// From one sample to the next, seconds.
const INTERVAL: i64 = 10;

/// The collections are alike, and their edges change in different ways.
pub(crate) struct Fleet {
    name: CollectionId,
    nodes: u32,
    /// Parallel edges added up.
    edges: Vec<(u32, u32, f64)>,
    spread: f64,
}

impl Fleet {
    pub(crate) fn new(nodes: u32, spread: f64) -> Result<Self, Failure> {
        let (nodes, edges) = operational(nodes, 0);
        let mut merged = BTreeMap::new();
        for (u, v, weight) in edges {
            *merged.entry((u.min(v), u.max(v))).or_insert(0) += weight;
        }
        Ok(Self {
            name: CollectionId::new("embeddings")?,
            nodes,
            edges: merged
                .into_iter()
                .map(|((u, v), weight)| (u, v, weight as f64))
                .collect(),
            spread,
        })
    }

    /// What a collection looks like at a sample.
    pub(crate) fn observe(&self, collection: u32, sample: u32) -> Result<Observation, Failure> {
        let mut graph = ContractedGraph::builder();
        for node in 0..self.nodes {
            graph.node(NodeRef::partition(node.into()), 1.0)?;
        }
        for (number, &(u, v, capacity)) in (0..).zip(&self.edges) {
            let (u, v) = (NodeRef::partition(u.into()), NodeRef::partition(v.into()));
            // The sample in which it last changed, counted so that all did before the first.
            let changed = sample + CHANGES_EVERY - (sample + number + collection) % CHANGES_EVERY;
            let factor = 1.0 + self.spread * scattered(collection, number, changed);
            graph.edge(Edge::new(EdgeKind::PartitionLink, u, v, capacity * factor)?)?;
        }
        Ok(Observation {
            collection: self.name.clone(),
            observed_at: Timestamp::from_second(INTERVAL * i64::from(sample)).unwrap_or(Timestamp::MAX),
            graph: graph.build(),
            metrics: SystemMetrics::default(),
        })
    }
}

/// A number in -1..1 that only these three decide (the mixer of SplitMix64).
fn scattered(collection: u32, edge: u32, sample: u32) -> f64 {
    let mut bits = (u64::from(collection) << 40) ^ (u64::from(edge) << 16) ^ u64::from(sample);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
