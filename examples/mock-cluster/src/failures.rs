//! What every part of the cluster fails at one moment.

use healing_core::topology::{NodeKind, NodeRef};

use crate::by_node::ByNode;
use crate::service::either;
use crate::state::State;

/// The share of its requests that each node fails by itself, found out once for all edges.
pub(crate) struct Failures<'a> {
    state: &'a State,
    of_nodes: ByNode<f64>,
    /// The share of all searches that wait for memory for too long.
    stalling: f64,
}

impl<'a> Failures<'a> {
    pub(crate) fn of(state: &'a State) -> Self {
        let missing = state.maintenance.missing_shares();
        let by_itself = |node: NodeRef| match node.kind {
            NodeKind::Partition => state.failing_at(node.id),
            NodeKind::Centroid => state.centroids.failing_share(node.id),
            NodeKind::ReplicationTarget => state.replication.failing_share(node.id),
            NodeKind::MaintenanceDep => missing.get(&node.id).copied().unwrap_or(0.0),
            _ => 0.0,
        };
        Self {
            state,
            of_nodes: state.nodes().map(|node| (node, by_itself(node))).collect(),
            stalling: state.memory.stalling_share(),
        }
    }

    /// Every node with what it fails, sorted.
    pub(crate) fn of_nodes(&self) -> impl Iterator<Item = (NodeRef, f64)> {
        self.of_nodes.iter()
    }

    pub(crate) fn at(&self, node: NodeRef) -> f64 {
        self.of_nodes.get(node).unwrap_or(0.0)
    }

    /// The share of the searches that come from a centroid to a partition and fail on the way: lists that are too long,
    /// fragmented indexes, stalled allocations, and the partition itself.
    pub(crate) fn on_route(&self, centroid: NodeRef, partition: NodeRef) -> f64 {
        let search = either(self.at(centroid), self.state.indexes.failing_share(partition.id));
        either(either(search, self.stalling), self.at(partition))
    }
}
