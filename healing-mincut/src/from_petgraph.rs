//! Graphs made from petgraph's.

use petgraph::visit::{EdgeRef, IntoEdgeReferences, IntoNodeIdentifiers, NodeIndexable};

use crate::error::GraphError;
use crate::graph::Graph;

impl Graph {
    /// Builds a graph from any of petgraph's, by its visit traits, with a weight for each edge. The
    /// direction of edges is passed over.
    ///
    /// The nodes are numbered in the order in which petgraph lists them; the list is returned, so that
    /// node `i` here is `nodes[i]` there. Takes O(n + m) time.
    ///
    /// # Errors
    ///
    /// [`GraphError::TotalWeightOverflow`] as in [`from_edges`](Self::from_edges);
    /// [`GraphError::TooManyNodes`] if there are more nodes than a `u32` counts;
    /// [`GraphError::NodeOutOfRange`] if an edge has an end that petgraph does not list as a node.
    ///
    /// ```
    /// use healing_mincut::{Graph, minimum_cut};
    /// use petgraph::graph::UnGraph;
    /// use petgraph::visit::EdgeRef;
    ///
    /// let mut network = UnGraph::<&str, u64>::new_undirected();
    /// let [a, b, c] = ["a", "b", "c"].map(|name| network.add_node(name));
    /// network.extend_with_edges([(a, b, 7), (b, c, 2), (c, a, 1)]);
    ///
    /// let (graph, nodes) = Graph::from_petgraph(&network, |edge| *edge.weight())?;
    /// let cut = minimum_cut(&graph).ok_or("no cut")?;
    /// let side: Vec<&str> = cut.side().iter().map(|&node| network[nodes[node as usize]]).collect();
    /// assert_eq!((cut.value(), side), (3, vec!["c"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_petgraph<G>(
        graph: G,
        mut weight: impl FnMut(G::EdgeRef) -> u64,
    ) -> Result<(Self, Vec<G::NodeId>), GraphError>
    where
        G: IntoNodeIdentifiers + IntoEdgeReferences + NodeIndexable,
    {
        let nodes: Vec<G::NodeId> = graph.node_identifiers().collect();
        let count = u32::try_from(nodes.len()).map_err(|_| GraphError::TooManyNodes { nodes: nodes.len() })?;
        // Indices may have gaps, where nodes have been removed.
        let mut number_of = vec![count; graph.node_bound()];
        for (number, &node) in nodes.iter().enumerate() {
            number_of[graph.to_index(node)] = number as u32;
        }
        let number = |node| number_of.get(graph.to_index(node)).copied().unwrap_or(count);
        let edges = graph
            .edge_references()
            .map(|edge| (number(edge.source()), number(edge.target()), weight(edge)));
        Ok((Self::from_edges(count, edges)?, nodes))
    }
}
