//! The graph that cuts are sought in: compact, immutable, undirected.

use std::fmt;

use crate::error::GraphError;

/// A weighted undirected graph in compressed sparse rows.
///
/// Nodes are numbered `0..nodes()`. Every edge is held twice, as an arc from each of its ends; the
/// arcs of a node lie side by side, sorted by target. Parallel edges have been added up into one,
/// self loops (which no cut ever crosses) left out and counted, and the total weight is known to
/// fit into a `u64`, so that no cut's value can overflow. An edge of weight zero stays an edge: it
/// costs a cut nothing, but it is named among the edges that cross it.
///
/// A graph takes 12 bytes an arc and 16 bytes a node.
///
/// ```
/// use healing_mincut::Graph;
///
/// let graph = Graph::from_edges(3, [(0, 1, 5), (1, 0, 2), (1, 2, 1), (2, 2, 9)])?;
/// assert_eq!((graph.nodes(), graph.edges(), graph.self_loops()), (3, 2, 1));
/// assert_eq!(graph.neighbours(1).collect::<Vec<_>>(), [(0, 7), (2, 1)]);
/// assert_eq!(graph.weighted_degree(1), 8);
/// # Ok::<(), healing_mincut::GraphError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Graph {
    /// The arcs of node `v` are `offsets[v]..offsets[v + 1]`.
    offsets: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<u64>,
    degrees: Vec<u64>,
    total_weight: u64,
    self_loops: usize,
    /// All edges have the same weight.
    is_uniform: bool,
}

impl Graph {
    /// Builds a graph with the nodes `0..nodes` from edges `(u, v, weight)`.
    ///
    /// The order of the edges, and of the two ends of each, makes no difference to the graph.
    /// Takes O(n + m) time.
    ///
    /// # Errors
    ///
    /// [`GraphError::NodeOutOfRange`] if an edge names a node that is not below `nodes`;
    /// [`GraphError::TotalWeightOverflow`] if the weights (self loops aside) add up to more than
    /// `u64::MAX`.
    pub fn from_edges(nodes: u32, edges: impl IntoIterator<Item = (u32, u32, u64)>) -> Result<Self, GraphError> {
        let mut total_weight = 0_u64;
        let mut self_loops = 0;
        let mut kept = Vec::new();
        for (edge, (u, v, weight)) in edges.into_iter().enumerate() {
            for node in [u, v] {
                if node >= nodes {
                    return Err(GraphError::NodeOutOfRange {
                        edge,
                        node: u64::from(node),
                        nodes,
                    });
                }
            }
            if u == v {
                self_loops += 1;
                continue;
            }
            total_weight = total_weight
                .checked_add(weight)
                .ok_or(GraphError::TotalWeightOverflow { edge, weight })?;
            kept.push((u, v, weight));
        }
        Ok(Self::from_checked_edges(nodes as usize, kept, total_weight, self_loops))
    }

    /// The number of nodes.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        // The constructor was given the number as a `u32`.
        self.degrees.len() as u32
    }

    /// The number of edges, parallel ones counted once, self loops not at all.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.targets.len() / 2
    }

    /// How many self loops the input had.
    #[must_use]
    pub fn self_loops(&self) -> usize {
        self.self_loops
    }

    /// The sum of all edge weights.
    #[must_use]
    pub fn total_weight(&self) -> u64 {
        self.total_weight
    }

    /// The sum of the weights of the edges at `node`: the value of the cut that splits it off.
    ///
    /// # Panics
    ///
    /// If `node` is not below [`nodes`](Self::nodes).
    #[must_use]
    pub fn weighted_degree(&self, node: u32) -> u64 {
        self.degrees[node as usize]
    }

    /// The neighbours of `node` in ascending order, each with the weight of the edge to it.
    ///
    /// # Panics
    ///
    /// If `node` is not below [`nodes`](Self::nodes).
    #[must_use]
    pub fn neighbours(&self, node: u32) -> impl ExactSizeIterator<Item = (u32, u64)> + '_ {
        let arcs = self.offsets[node as usize]..self.offsets[node as usize + 1];
        let targets = self.targets[arcs.clone()].iter().copied();
        targets.zip(self.weights[arcs].iter().copied())
    }

    /// Every edge once, as `(u, v, weight)` with `u < v`, in ascending order.
    pub fn edge_list(&self) -> impl Iterator<Item = (u32, u32, u64)> + '_ {
        (0..self.nodes()).flat_map(move |u| {
            self.neighbours(u)
                .filter(move |&(v, _)| u < v)
                .map(move |(v, weight)| (u, v, weight))
        })
    }

    /// The targets of all arcs, node after node.
    #[must_use]
    pub fn arc_targets(&self) -> &[u32] {
        &self.targets
    }

    /// The weights of all arcs, in the order of [`arc_targets`](Self::arc_targets).
    #[must_use]
    pub fn arc_weights(&self) -> &[u64] {
        &self.weights
    }

    /// Where each node's arcs begin, and behind the last node where they end: `nodes() + 1` positions in
    /// [`arc_targets`](Self::arc_targets).
    #[must_use]
    pub fn arc_offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The weighted degree of every node.
    pub(crate) fn degrees(&self) -> &[u64] {
        &self.degrees
    }

    /// Whether all edges have the same weight.
    pub(crate) fn is_uniform(&self) -> bool {
        self.is_uniform
    }

    /// The edges are in range, are no self loops, and their weights add up to `total_weight`.
    pub(crate) fn from_checked_edges(
        nodes: usize,
        edges: Vec<(u32, u32, u64)>,
        total_weight: u64,
        self_loops: usize,
    ) -> Self {
        let mut offsets = vec![0_usize; nodes + 1];
        for &(u, v, _) in &edges {
            offsets[u as usize + 1] += 1;
            offsets[v as usize + 1] += 1;
        }
        for node in 0..nodes {
            offsets[node + 1] += offsets[node];
        }
        let arcs = offsets[nodes];

        // The arcs by source, in the order of the input ...
        let mut free = offsets.clone();
        let mut targets = vec![0_u32; arcs];
        let mut weights = vec![0_u64; arcs];
        for (u, v, weight) in edges {
            for (source, target) in [(u, v), (v, u)] {
                let slot = &mut free[source as usize];
                targets[*slot] = target;
                weights[*slot] = weight;
                *slot += 1;
            }
        }
        // ... and once more, turned round: since every arc has its reverse, this is the same graph,
        // and now each node's targets ascend.
        free.copy_from_slice(&offsets);
        let mut sorted_targets = vec![0_u32; arcs];
        let mut sorted_weights = vec![0_u64; arcs];
        for source in 0..nodes {
            for arc in offsets[source]..offsets[source + 1] {
                let slot = &mut free[targets[arc] as usize];
                sorted_targets[*slot] = source as u32;
                sorted_weights[*slot] = weights[arc];
                *slot += 1;
            }
        }
        drop((targets, weights, free));
        let mut graph = Self {
            offsets,
            targets: sorted_targets,
            weights: sorted_weights,
            degrees: Vec::new(),
            total_weight,
            self_loops,
            is_uniform: false,
        };
        graph.merge_parallel_arcs();
        graph.is_uniform = graph.weights.windows(2).all(|pair| pair[0] == pair[1]);
        graph.degrees = (0..nodes)
            .map(|node| {
                let arcs = graph.offsets[node]..graph.offsets[node + 1];
                graph.weights[arcs].iter().sum()
            })
            .collect();
        graph
    }

    /// Adds up neighbouring arcs with the same target, in place.
    fn merge_parallel_arcs(&mut self) {
        let mut written = 0;
        let mut begin = 0;
        for node in 0..self.offsets.len() - 1 {
            let end = self.offsets[node + 1];
            let row = written;
            for arc in begin..end {
                if written > row && self.targets[written - 1] == self.targets[arc] {
                    self.weights[written - 1] += self.weights[arc];
                } else {
                    self.targets[written] = self.targets[arc];
                    self.weights[written] = self.weights[arc];
                    written += 1;
                }
            }
            begin = end;
            self.offsets[node + 1] = written;
        }
        if written < self.targets.len() {
            self.targets.truncate(written);
            self.weights.truncate(written);
            self.targets.shrink_to_fit();
            self.weights.shrink_to_fit();
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Graph")
            .field("nodes", &self.nodes())
            .field("edges", &self.edges())
            .field("total_weight", &self.total_weight)
            .field("self_loops", &self.self_loops)
            .finish()
    }
}
