//! What can be wrong with the edges a graph is built from, or with the nodes a cut is to separate.

/// Why a [`Graph`](crate::Graph) could not be built.
///
/// Edges are counted from 0 in the order in which the iterator gave them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// An edge names a node that the graph does not have.
    #[error(
        "edge {edge} names node {node}, but the graph has {nodes} nodes: \
         number the nodes from 0 to nodes - 1"
    )]
    NodeOutOfRange {
        /// The edge's position in the input.
        edge: usize,
        /// The node it names.
        node: u64,
        /// How many nodes the graph has.
        nodes: u32,
    },
    /// The weights of all edges together do not fit into 64 bits.
    #[error(
        "the total weight passes the largest 64-bit number at edge {edge} (weight {weight}): \
         scale the weights down"
    )]
    TotalWeightOverflow {
        /// The edge at which the total no longer fitted.
        edge: usize,
        /// Its weight.
        weight: u64,
    },
    /// A capacity is negative, infinite or not a number.
    #[error("edge {edge} has capacity {capacity}: a capacity must be finite and not negative")]
    InvalidCapacity {
        /// The edge's position in the input.
        edge: usize,
        /// The capacity it was given.
        capacity: f64,
    },
    /// The capacities of all edges together are not a finite number.
    #[error("the capacities add up to infinity: scale them down, so that their sum is a finite number")]
    TotalCapacityOverflow,
    /// There are more nodes than a 32-bit number can name.
    #[error(
        "the graph has {nodes} nodes, but at most {} can be numbered: contract it first",
        u32::MAX
    )]
    TooManyNodes {
        /// How many nodes there are.
        nodes: usize,
    },
}

/// Why two nodes have no cut between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// One of them is not in the graph.
    #[error("there is no node {node}: the graph's {nodes} nodes are numbered from 0")]
    NodeOutOfRange {
        /// The node asked for.
        node: u32,
        /// How many nodes the graph has.
        nodes: u32,
    },
    /// They are one node.
    #[error("node {node} cannot be cut off from itself: two different nodes are needed")]
    SameNode {
        /// That node.
        node: u32,
    },
}

impl PairError {
    /// Two different nodes of a graph with so many.
    pub(crate) fn check(nodes: u32, s: u32, t: u32) -> Result<(), Self> {
        for node in [s, t] {
            if node >= nodes {
                return Err(Self::NodeOutOfRange { node, nodes });
            }
        }
        if s == t {
            return Err(Self::SameNode { node: s });
        }
        Ok(())
    }
}
