//! The lightest cut between two given nodes.

use crate::error::PairError;
use crate::flow::{Ending, MaximumFlow};
use crate::graph::Graph;
use crate::minimum_cut::MinimumCut;

/// The lightest of the cuts that have `s` on one side and `t` on the other.
///
/// Exact and deterministic. By a maximum flow: Dinic's algorithm, searching from both nodes at once,
/// O(n²m) time at worst and far less in practice, O(n + m) memory. For the cuts between many pairs,
/// build a [`CutTree`](crate::CutTree).
///
/// # Errors
///
/// [`PairError::NodeOutOfRange`] if either is no node of the graph; [`PairError::SameNode`] if they
/// are the same one.
///
/// ```
/// use healing_mincut::{Graph, minimum_st_cut};
///
/// let path = Graph::from_edges(4, [(0, 1, 4), (1, 2, 2), (2, 3, 3)])?;
/// let cut = minimum_st_cut(&path, 0, 3)?;
/// assert_eq!((cut.value(), cut.side()), (2, &[0, 1][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn minimum_st_cut(graph: &Graph, s: u32, t: u32) -> Result<MinimumCut, PairError> {
    PairError::check(graph.nodes(), s, t)?;
    let mut flow = MaximumFlow::new(graph);
    flow.run(s, t, u64::MAX);
    let side = match flow.ending() {
        // All weight there is lies on one edge, between these two.
        Ending::Limit => &[s],
        Ending::SourceClosed | Ending::SinkClosed => flow.side(),
    };
    Ok(MinimumCut::from_members(graph, side))
}
