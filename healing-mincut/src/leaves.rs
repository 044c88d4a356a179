//! Nodes with one neighbour, taken off a graph again and again.

use std::borrow::Cow;

use crate::graph::Graph;

/// A node that had one neighbour when it was taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) node: u32,
    pub(crate) neighbour: u32,
    /// The weight of the edge between the two.
    pub(crate) weight: u64,
}

/// A graph without its leaves: of each tree that hangs on the rest, or stands alone, one node is left.
#[derive(Debug, Clone)]
pub(crate) struct Pruned {
    /// Each one after all that hung on it.
    pub(crate) leaves: Vec<Leaf>,
    /// The nodes that are left, ascending.
    pub(crate) core: Vec<u32>,
}

impl Pruned {
    /// Takes O(n + m) time.
    pub(crate) fn of(graph: &Graph) -> Self {
        let nodes = graph.nodes();
        let mut neighbours: Vec<usize> = (0..nodes).map(|node| graph.neighbours(node).len()).collect();
        let mut taken = vec![false; nodes as usize];
        let mut waiting: Vec<u32> = (0..nodes).filter(|&node| neighbours[node as usize] == 1).collect();
        let mut leaves = Vec::new();
        while let Some(node) = waiting.pop() {
            let left = graph
                .neighbours(node)
                .find(|&(neighbour, _)| !taken[neighbour as usize]);
            // The last node of a tree has none.
            let Some((neighbour, weight)) = left else { continue };
            taken[node as usize] = true;
            leaves.push(Leaf {
                node,
                neighbour,
                weight,
            });
            neighbours[neighbour as usize] -= 1;
            if neighbours[neighbour as usize] == 1 {
                waiting.push(neighbour);
            }
        }
        let core = (0..nodes).filter(|&node| !taken[node as usize]).collect();
        Self { leaves, core }
    }

    /// The graph of the nodes that are left, numbered in their order.
    pub(crate) fn core_of<'g>(&self, graph: &'g Graph) -> Cow<'g, Graph> {
        if self.leaves.is_empty() {
            return Cow::Borrowed(graph);
        }
        let mut number_of = vec![u32::MAX; graph.nodes() as usize];
        for (number, &node) in self.core.iter().enumerate() {
            number_of[node as usize] = number as u32;
        }
        let mut total_weight = 0;
        let mut edges = Vec::new();
        for &node in &self.core {
            for (neighbour, weight) in graph.neighbours(node) {
                let (u, v) = (number_of[node as usize], number_of[neighbour as usize]);
                if u < v && v != u32::MAX {
                    edges.push((u, v, weight));
                    total_weight += weight;
                }
            }
        }
        Cow::Owned(Graph::from_checked_edges(self.core.len(), edges, total_weight, 0))
    }
}
