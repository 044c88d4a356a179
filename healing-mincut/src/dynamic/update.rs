//! What can change in a graph, and why a change may be refused.

/// One change to the weight of one edge. The order of its two ends makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Update {
    /// The edge shall have this weight, whether it was there before or not. Weight 0 leaves an edge
    /// of weight zero.
    SetWeight {
        /// One end.
        u: u32,
        /// The other end.
        v: u32,
        /// The weight from now on.
        weight: u64,
    },
    /// The edge gets this much heavier; it begins to exist if it did not.
    Insert {
        /// One end.
        u: u32,
        /// The other end.
        v: u32,
        /// The weight that is added.
        weight: u64,
    },
    /// The edge gets this much lighter; when nothing of it is left, it is gone.
    Lighten {
        /// One end.
        u: u32,
        /// The other end.
        v: u32,
        /// The weight that is taken off.
        weight: u64,
    },
    /// The edge is gone, whatever its weight was.
    Remove {
        /// One end.
        u: u32,
        /// The other end.
        v: u32,
    },
}

impl Update {
    /// The two ends, as they were given.
    #[must_use]
    pub fn ends(&self) -> (u32, u32) {
        match *self {
            Self::SetWeight { u, v, .. }
            | Self::Insert { u, v, .. }
            | Self::Lighten { u, v, .. }
            | Self::Remove { u, v } => (u, v),
        }
    }
}

/// Why an update was refused. The graph is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The update names a node that the graph does not have.
    #[error("there is no node {node}: the graph's {nodes} nodes are numbered from 0")]
    NodeOutOfRange {
        /// The node it names.
        node: u32,
        /// How many nodes the graph has.
        nodes: u32,
    },
    /// Both ends are the same node: no cut ever crosses such an edge, and none is held.
    #[error("an edge from node {node} to itself: no cut crosses it, leave it out")]
    SelfLoop {
        /// The node.
        node: u32,
    },
    /// The weights of all edges together would no longer fit into 64 bits.
    #[error("with weight {weight} from {u} to {v} the total passes the largest 64-bit number: scale the weights down")]
    TotalWeightOverflow {
        /// One end.
        u: u32,
        /// The other end.
        v: u32,
        /// The weight that was to be set or added.
        weight: u64,
    },
    /// There is no edge to take anything from.
    #[error("there is no edge from {u} to {v}")]
    NoEdge {
        /// One end.
        u: u32,
        /// The other end.
        v: u32,
    },
    /// The edge is lighter than what was to be taken off.
    #[error("the edge from {u} to {v} has weight {weight}: {asked} cannot be taken off it")]
    TooLight {
        /// One end.
        u: u32,
        /// The other end.
        v: u32,
        /// What it weighs.
        weight: u64,
        /// What was to be taken off.
        asked: u64,
    },
}

/// Why a batch of updates was refused. None of them was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("update {position} of the batch: {source}")]
pub struct BatchError {
    /// The first update that was refused, counted from 0.
    pub position: usize,
    /// What was wrong with it, after those before it.
    pub source: UpdateError,
}
