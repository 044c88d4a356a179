//! The contracted graph itself.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::builder::ContractedGraphBuilder;
use super::edge::{Edge, EdgeKey, EdgeKind};
use super::node::{Node, NodeRef};
use crate::number::InvalidNumber;

/// An observation that is no valid graph.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// An edge leads from a node to itself.
    #[error("the {kind} edge at {node} leads back to the same node; leave such edges out")]
    SelfLoop {
        /// The node.
        node: NodeRef,
        /// The edge's kind.
        kind: EdgeKind,
    },
    /// An edge names a node that the graph does not have.
    #[error("the edge {edge} names {node}, which was not added; add nodes before their edges")]
    UnknownNode {
        /// The edge.
        edge: EdgeKey,
        /// The end that is missing.
        node: NodeRef,
    },
    /// A number of a node or an edge is out of range.
    #[error("{place}: {source}")]
    InvalidNumber {
        /// The node or edge.
        place: String,
        /// What is wrong with the number.
        source: InvalidNumber,
    },
}

/// The operational graph of a collection at one moment: valid, sorted, and a plain value. Clones share its contents.
///
/// ```
/// use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
///
/// let (a, b) = (NodeRef::partition(1), NodeRef::partition(2));
/// let mut graph = ContractedGraph::builder();
/// graph.node(a, 1.0)?.node(b, 0.8)?;
/// graph.edge(Edge::new(EdgeKind::PartitionLink, a, b, 25.0)?)?;
/// graph.edge(Edge::new(EdgeKind::PartitionLink, b, a, 15.0)?)?; // parallel edges add up
/// let graph = graph.build();
/// assert_eq!(graph.edges().len(), 1);
/// assert_eq!(graph.edges()[0].effective_capacity().get(), 40.0);
/// # Ok::<(), healing_core::topology::TopologyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedGraph")]
pub struct ContractedGraph {
    nodes: Arc<Vec<Node>>,
    edges: Arc<Vec<Edge>>,
}

impl ContractedGraph {
    /// Starts an empty graph.
    #[must_use]
    pub fn builder() -> ContractedGraphBuilder {
        ContractedGraphBuilder::default()
    }

    /// The builder's way in: both sorted, every edge between known nodes.
    pub(super) fn from_sorted(nodes: Vec<Node>, edges: Vec<Edge>) -> Self {
        debug_assert!(nodes.is_sorted_by_key(|node| node.node) && edges.is_sorted_by_key(Edge::key));
        Self {
            nodes: Arc::new(nodes),
            edges: Arc::new(edges),
        }
    }

    /// The nodes, sorted by name.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The edges, sorted by key; no two share one.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The edge with this key. O(log m).
    #[must_use]
    pub fn edge(&self, key: &EdgeKey) -> Option<&Edge> {
        let position = self.edges.binary_search_by_key(key, Edge::key).ok()?;
        self.edges.get(position)
    }

    /// The position of `node` in [`Self::nodes`]. O(log n).
    #[must_use]
    pub fn position(&self, node: NodeRef) -> Option<usize> {
        self.nodes.binary_search_by_key(&node, |known| known.node).ok()
    }

    /// The edges with an end at `node`. O(m).
    pub fn edges_at(&self, node: NodeRef) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.key().touches(node))
    }
}

/// What a graph looks like on the wire, before it is checked.
#[derive(Deserialize)]
struct UncheckedGraph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl TryFrom<UncheckedGraph> for ContractedGraph {
    type Error = TopologyError;

    fn try_from(unchecked: UncheckedGraph) -> Result<Self, TopologyError> {
        let mut builder = Self::builder();
        for node in unchecked.nodes {
            builder.checked_node(node);
        }
        for edge in unchecked.edges {
            builder.edge(edge)?;
        }
        Ok(builder.build())
    }
}
