//! Builds a contracted graph from a stream of nodes and edges, merging what is parallel as it passes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::edge::{Edge, EdgeKey};
use super::graph::{ContractedGraph, TopologyError};
use super::node::{Node, NodeRef};
use crate::number::Ratio;

/// Takes nodes and edges one by one and holds no more than the finished graph: an edge that is parallel to one it already
/// has (same ends, same kind) is merged into it and gone.
#[derive(Debug, Clone, Default)]
pub struct ContractedGraphBuilder {
    nodes: BTreeMap<NodeRef, Ratio>,
    edges: BTreeMap<EdgeKey, Edge>,
}

impl ContractedGraphBuilder {
    /// Adds a node with its health, 0 (dead) to 1 (well). Adding it again replaces the health.
    ///
    /// # Errors
    /// [`TopologyError::InvalidNumber`] when the health is not a number in 0..=1.
    pub fn node(&mut self, node: NodeRef, health: f64) -> Result<&mut Self, TopologyError> {
        let health = Ratio::for_field("health", health).map_err(|source| TopologyError::InvalidNumber {
            place: node.to_string(),
            source,
        })?;
        Ok(self.checked_node(Node { node, health }))
    }

    /// Adds a node whose health was checked before.
    pub(super) fn checked_node(&mut self, node: Node) -> &mut Self {
        self.nodes.insert(node.node, node.health);
        self
    }

    /// Adds an edge, or adds its capacity to the parallel edge of the same kind.
    ///
    /// # Errors
    /// [`TopologyError::UnknownNode`] when one of its ends was not added before; [`TopologyError::SelfLoop`] when a
    /// deserialised edge has the same node at both ends.
    pub fn edge(&mut self, edge: Edge) -> Result<&mut Self, TopologyError> {
        let (a, b) = edge.key().ends();
        if a == b {
            return Err(TopologyError::SelfLoop {
                node: a,
                kind: edge.key().kind(),
            });
        }
        if let Some(node) = [a, b].into_iter().find(|end| !self.nodes.contains_key(end)) {
            return Err(TopologyError::UnknownNode { edge: edge.key(), node });
        }
        match self.edges.entry(edge.key()) {
            Entry::Vacant(place) => {
                place.insert(edge);
            }
            Entry::Occupied(mut parallel) => parallel.get_mut().absorb(&edge),
        }
        Ok(self)
    }

    /// The finished graph. The builder keeps what it has and can go on.
    #[must_use]
    pub fn build(&self) -> ContractedGraph {
        ContractedGraph::from_sorted(
            self.nodes
                .iter()
                .map(|(&node, &health)| Node { node, health })
                .collect(),
            self.edges.values().copied().collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::EdgeKind;

    const A: NodeRef = NodeRef::partition(1);
    const B: NodeRef = NodeRef::partition(2);

    #[test]
    fn parallel_edges_add_their_effective_capacities() {
        let mut builder = ContractedGraph::builder();
        builder.node(A, 1.0).unwrap().node(B, 1.0).unwrap();
        for (capacity, error_rate) in [(10.0, 0.5), (30.0, 0.1), (0.0, 1.0)] {
            let edge = Edge::new(EdgeKind::PartitionLink, A, B, capacity).unwrap();
            builder.edge(edge.with_error_rate(error_rate).unwrap()).unwrap();
        }
        let graph = builder.build();
        assert_eq!(graph.edges().len(), 1);
        assert!((graph.edges()[0].effective_capacity().get() - 32.0).abs() < 1e-9);
        assert_eq!(graph.edges()[0].capacity().get(), 40.0);
    }

    #[test]
    fn edges_of_different_kinds_stay_apart() {
        let mut builder = ContractedGraph::builder();
        builder.node(A, 1.0).unwrap().node(B, 1.0).unwrap();
        builder
            .edge(Edge::new(EdgeKind::PartitionLink, A, B, 1.0).unwrap())
            .unwrap();
        builder
            .edge(Edge::new(EdgeKind::Dependency, B, A, 2.0).unwrap())
            .unwrap();
        let graph = builder.build();
        assert_eq!(graph.edges().len(), 2);
        assert_eq!(
            graph
                .edge(&EdgeKey::new(B, A, EdgeKind::Dependency))
                .unwrap()
                .capacity()
                .get(),
            2.0
        );
    }

    #[test]
    fn what_is_no_graph_is_refused_by_name() {
        let mut builder = ContractedGraph::builder();
        assert!(
            builder
                .node(A, f64::NAN)
                .unwrap_err()
                .to_string()
                .contains("partition:1: health is NaN")
        );
        builder.node(A, 1.0).unwrap();
        let to_nowhere = Edge::new(EdgeKind::Replication, A, B, 1.0).unwrap();
        assert!(matches!(
            builder.edge(to_nowhere),
            Err(TopologyError::UnknownNode { node: B, .. })
        ));
        assert!(matches!(
            Edge::new(EdgeKind::Custom, A, A, 1.0),
            Err(TopologyError::SelfLoop { node: A, .. })
        ));
        assert!(
            Edge::new(EdgeKind::Custom, A, B, -1.0)
                .unwrap_err()
                .to_string()
                .contains("capacity is -1")
        );
        assert!(to_nowhere.with_error_rate(1.5).is_err());
    }

    #[test]
    fn a_graph_survives_json_and_a_broken_one_does_not() {
        let mut builder = ContractedGraph::builder();
        builder.node(A, 0.5).unwrap().node(B, 1.0).unwrap();
        builder
            .edge(
                Edge::new(EdgeKind::RoutingLink, A, B, 3.0)
                    .unwrap()
                    .with_error_rate(0.5)
                    .unwrap(),
            )
            .unwrap();
        let graph = builder.build();
        let json = serde_json::to_string(&graph).unwrap();
        assert_eq!(serde_json::from_str::<ContractedGraph>(&json).unwrap(), graph);
        let broken = json.replace("\"id\":2", "\"id\":1");
        assert!(
            serde_json::from_str::<ContractedGraph>(&broken)
                .unwrap_err()
                .to_string()
                .contains("same node")
        );
    }
}
