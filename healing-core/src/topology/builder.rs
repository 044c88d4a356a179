//! Builds a contracted graph from a stream of nodes and edges, merging what is parallel as it passes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use foldhash::fast::FixedState;

use super::edge::{Edge, EdgeKey, EdgeKind};
use super::graph::{ContractedGraph, TopologyError};
use super::node::{Node, NodeRef};
use crate::number::Ratio;

/// Takes nodes and edges one by one and holds no more than the finished graph: an edge that is parallel to one it already
/// has (same ends, same kind) is merged into it and gone.
///
/// A host whose raw graph is much finer than its operational one (the similarity graph of its vectors, say) streams the
/// raw edges through [`raw_edge`](Self::raw_edge) with the operational node that each raw end belongs to; the raw graph
/// itself is never held.
#[derive(Debug, Clone, Default)]
pub struct ContractedGraphBuilder {
    /// Looked up for each edge that passes, and sorted when the graph is built.
    nodes: HashMap<NodeRef, Ratio, FixedState>,
    edges: HashMap<EdgeKey, Merged, FixedState>,
    internal_edges: u64,
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

    /// Adds an edge, or adds its capacity to the parallel edge of the same kind. O(1), but for the first of its key.
    ///
    /// # Errors
    /// [`TopologyError::UnknownNode`] when one of its ends was not added before; [`TopologyError::SelfLoop`] when a
    /// deserialised edge has the same node at both ends.
    pub fn edge(&mut self, edge: Edge) -> Result<&mut Self, TopologyError> {
        match self.edges.entry(edge.key()) {
            Entry::Occupied(mut parallel) => parallel.get_mut().add(&edge),
            // The ends of a key that is already there were checked when it came.
            Entry::Vacant(place) => {
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
                place.insert(Merged::One(edge));
            }
        }
        Ok(self)
    }

    /// Adds an edge of the raw, fine-grained graph by the operational nodes that its two ends belong to. One within a
    /// single operational node says nothing about how the nodes hold together: it is counted and left out.
    ///
    /// # Errors
    /// As [`Edge::new`] and [`Self::edge`].
    pub fn raw_edge(
        &mut self,
        kind: EdgeKind,
        one: NodeRef,
        other: NodeRef,
        capacity: f64,
    ) -> Result<&mut Self, TopologyError> {
        if one == other {
            self.internal_edges = self.internal_edges.saturating_add(1);
            return Ok(self);
        }
        self.edge(Edge::new(kind, one, other, capacity)?)
    }

    /// How many raw edges lay within a single operational node.
    #[must_use]
    pub fn internal_edges(&self) -> u64 {
        self.internal_edges
    }

    /// The finished graph. The builder keeps what it has and can go on.
    #[must_use]
    pub fn build(&self) -> ContractedGraph {
        let mut edges: Vec<Edge> = self.edges.values().map(Merged::edge).collect();
        edges.sort_unstable_by_key(Edge::key);
        let mut nodes: Vec<Node> = self
            .nodes
            .iter()
            .map(|(&node, &health)| Node { node, health })
            .collect();
        nodes.sort_unstable_by_key(|node| node.node);
        ContractedGraph::from_sorted(nodes, edges)
    }
}

/// Parallel edges that became one.
#[derive(Debug, Clone)]
enum Merged {
    /// There is only this one so far; it is kept as it came.
    One(Edge),
    Many(Sum),
}

/// The sums over parallel edges. Summed in the order of arrival, so the same stream gives the same bits.
#[derive(Debug, Clone)]
struct Sum {
    key: EdgeKey,
    capacity: f64,
    effective_capacity: f64,
    flow: f64,
    /// Latency in seconds times capacity.
    weighted_latency: f64,
}

impl Merged {
    fn add(&mut self, edge: &Edge) {
        match self {
            Self::One(first) => {
                let mut sum = Sum::of(first);
                sum.add(edge);
                *self = Self::Many(sum);
            }
            Self::Many(sum) => sum.add(edge),
        }
    }

    fn edge(&self) -> Edge {
        match self {
            Self::One(edge) => *edge,
            Self::Many(sum) => sum.edge(),
        }
    }
}

impl Sum {
    fn of(edge: &Edge) -> Self {
        let empty = Self {
            key: edge.key(),
            capacity: 0.0,
            effective_capacity: 0.0,
            flow: 0.0,
            weighted_latency: 0.0,
        };
        let mut sum = empty;
        sum.add(edge);
        sum
    }

    fn add(&mut self, edge: &Edge) {
        let capacity = edge.capacity().get();
        self.capacity += capacity;
        self.effective_capacity += edge.effective_capacity().get();
        self.flow += edge.flow().get();
        self.weighted_latency += edge.latency().as_secs_f64() * capacity;
    }

    fn edge(&self) -> Edge {
        let share = |part: f64| if self.capacity > 0.0 { part / self.capacity } else { 0.0 };
        let latency = Duration::try_from_secs_f64(share(self.weighted_latency)).unwrap_or(Duration::ZERO);
        let error_rate = if self.capacity > 0.0 {
            1.0 - share(self.effective_capacity)
        } else {
            0.0
        };
        Edge::merged(self.key, self.capacity, self.flow, latency, error_rate)
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
    fn raw_edges_are_contracted_as_they_pass_and_those_within_a_node_are_counted() {
        let mut builder = ContractedGraph::builder();
        builder.node(A, 1.0).unwrap().node(B, 1.0).unwrap();
        // Raw vectors 0..1000, each linked to the next; every tenth belongs to B.
        let node_of = |vector: u32| if vector.is_multiple_of(10) { B } else { A };
        for vector in 0..999 {
            builder
                .raw_edge(EdgeKind::PartitionLink, node_of(vector), node_of(vector + 1), 0.5)
                .unwrap();
        }
        let graph = builder.build();
        assert_eq!(graph.edges().len(), 1);
        assert_eq!(graph.edges()[0].capacity().get(), 199.0 * 0.5);
        assert_eq!(builder.internal_edges(), 999 - 199);
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
