//! What can be wrong with the edges a graph is built from.

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
