//! How a cluster is, from the outside.

use std::collections::BTreeMap;

use healing_core::ObservationSource;
use healing_core::monitor::{IntegrityMonitor, MonitorConfig};
use healing_core::topology::{ContractedGraph, NodeRef};
use mock_cluster::{Clients, Cluster};

use super::HEALTHY;
use super::life::Failure;

/// A cluster at one moment.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// The value of the minimum cut.
    pub(super) lambda: f64,
    pub(super) clients: Clients,
    /// The capacity that holds each node.
    held: BTreeMap<NodeRef, f64>,
}

impl Look {
    /// The cluster now.
    pub(super) fn at(cluster: &Cluster) -> Result<Self, Failure> {
        let observation = cluster.observe(cluster.collection())?;
        let mut monitor = IntegrityMonitor::new(&MonitorConfig::default());
        Ok(Self {
            lambda: monitor.look(&observation)?.lambda.get(),
            clients: cluster.clients(),
            held: held(&observation.graph),
        })
    }

    /// Whether it is worse than a cluster should be that was born so.
    pub(super) fn is_degraded(&self, birth: &Self) -> bool {
        let weak = birth.held.iter().any(|(node, healthy)| {
            let now = self.held.get(node).copied().unwrap_or(0.0);
            now < healthy * HEALTHY
        });
        weak || self.lambda < birth.lambda * HEALTHY
    }
}

fn held(graph: &ContractedGraph) -> BTreeMap<NodeRef, f64> {
    let of = |node: NodeRef| graph.edges_at(node).map(|edge| edge.effective_capacity().get()).sum();
    graph.nodes().iter().map(|node| (node.node, of(node.node))).collect()
}
