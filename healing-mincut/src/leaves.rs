//! Nodes with one neighbour, taken off a graph again and again.

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
}
