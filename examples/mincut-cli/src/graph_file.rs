//! What a graph file says.

use healing_mincut::{Graph, GraphError};

/// The edges of a graph file, and how its nodes are numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphFile {
    /// Edges `(u, v, weight)` between nodes counted from 0.
    pub edges: Vec<(u32, u32, u64)>,
    /// What the nodes are called.
    pub numbers: NodeNumbers,
}

/// What the nodes of a file are called in what is printed: numbers from 1 on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeNumbers {
    /// Node `i` is called `i + 1`, and there are so many.
    Consecutive(u32),
    /// Node `i` is called by the `i`-th of these numbers, which ascend.
    Listed(Vec<u32>),
}

impl NodeNumbers {
    /// What node `node`, counted from 0, is called.
    #[must_use]
    pub fn number(&self, node: u32) -> u32 {
        match self {
            Self::Consecutive(_) => node + 1,
            Self::Listed(numbers) => numbers[node as usize],
        }
    }

    /// Which node, counted from 0, is called so: `None` if none is.
    #[must_use]
    pub fn node(&self, number: u32) -> Option<u32> {
        match self {
            Self::Consecutive(nodes) => number.checked_sub(1).filter(|node| node < nodes),
            Self::Listed(numbers) => numbers.binary_search(&number).ok().map(|node| node as u32),
        }
    }
}

impl GraphFile {
    /// The number of nodes.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        match &self.numbers {
            NodeNumbers::Consecutive(nodes) => *nodes,
            NodeNumbers::Listed(numbers) => numbers.len() as u32,
        }
    }

    /// The graph that cuts are sought in.
    ///
    /// # Errors
    ///
    /// If the weights add up to more than 64 bits hold.
    pub fn to_graph(&self) -> Result<Graph, GraphError> {
        Graph::from_edges(self.nodes(), self.edges.iter().copied())
    }
}
