//! Compressed sparse rows, borrowed from a graph or owned by a workspace.

use crate::graph::Graph;

/// A graph as the algorithms read it: node `v` has the arcs `offsets[v]..offsets[v + 1]`.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) offsets: &'a [usize],
    pub(crate) targets: &'a [u32],
    pub(crate) weights: &'a [u64],
    /// The sum of each node's weights.
    pub(crate) degrees: &'a [u64],
}

/// The same, growing.
#[derive(Debug, Default, Clone)]
pub(crate) struct RowBuffer {
    pub(crate) offsets: Vec<usize>,
    pub(crate) targets: Vec<u32>,
    pub(crate) weights: Vec<u64>,
    pub(crate) degrees: Vec<u64>,
}

impl<'a> Rows<'a> {
    pub(crate) fn of_graph(graph: &'a Graph) -> Self {
        Self {
            offsets: graph.arc_offsets(),
            targets: graph.arc_targets(),
            weights: graph.arc_weights(),
            degrees: graph.degrees(),
        }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.degrees.len()
    }

    pub(crate) fn to_graph(self) -> Graph {
        let mut edges = Vec::with_capacity(self.targets.len() / 2);
        let mut total_weight = 0;
        for u in 0..self.nodes() as u32 {
            let (targets, weights) = self.arcs_of(u);
            for (&v, &weight) in targets.iter().zip(weights).filter(|&(&v, _)| u < v) {
                edges.push((u, v, weight));
                total_weight += weight;
            }
        }
        Graph::from_checked_edges(self.nodes(), edges, total_weight, 0)
    }

    /// The targets and the weights of a node's arcs.
    #[inline]
    pub(crate) fn arcs_of(&self, node: u32) -> (&'a [u32], &'a [u64]) {
        let node = node as usize;
        let (begin, end) = (self.offsets[node], self.offsets[node + 1]);
        (&self.targets[begin..end], &self.weights[begin..end])
    }
}

impl RowBuffer {
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows {
            offsets: &self.offsets,
            targets: &self.targets,
            weights: &self.weights,
            degrees: &self.degrees,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.offsets.clear();
        self.offsets.push(0);
        self.targets.clear();
        self.weights.clear();
        self.degrees.clear();
    }

    /// Ends the row whose arcs have been pushed last.
    pub(crate) fn end_row(&mut self) {
        let begin = self.offsets.last().copied().unwrap_or(0);
        self.degrees.push(self.weights[begin..].iter().sum());
        self.offsets.push(self.targets.len());
    }
}
