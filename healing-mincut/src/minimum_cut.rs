//! The global minimum cut: its value, its smaller side, the edges that cross it.

use std::fmt;

use crate::contraction::Workspace;
use crate::graph::Graph;

/// An edge that crosses a cut; `u` is the smaller of its two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CutEdge {
    /// The smaller end.
    pub u: u32,
    /// The larger end.
    pub v: u32,
    /// The weight, all parallel edges together.
    pub weight: u64,
}

/// A cut of a graph, lightest among some family: of all cuts for [`minimum_cut`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinimumCut {
    value: u64,
    side: Vec<u32>,
    witness: Vec<CutEdge>,
}

impl MinimumCut {
    /// The weight of the edges that cross the cut.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// The nodes of the smaller side, ascending; if both sides are of one size, those of the side
    /// that holds node 0.
    #[must_use]
    pub fn side(&self) -> &[u32] {
        &self.side
    }

    /// The edges between the two sides, ascending. Without them the graph falls apart; their
    /// weights add up to [`value`](Self::value). Edges of weight zero are among them.
    #[must_use]
    pub fn witness(&self) -> &[CutEdge] {
        &self.witness
    }

    /// The parts are what the accessors promise.
    pub(crate) fn from_parts(value: u64, side: Vec<u32>, witness: Vec<CutEdge>) -> Self {
        Self { value, side, witness }
    }

    /// The cut whose one side has these nodes.
    pub(crate) fn from_members(graph: &Graph, members: &[u32]) -> Self {
        let mut inside = vec![false; graph.nodes() as usize];
        for &node in members {
            inside[node as usize] = true;
        }
        Self::from_membership(graph, &inside)
    }

    /// The cut whose one side is where `inside` is true.
    pub(crate) fn from_membership(graph: &Graph, inside: &[bool]) -> Self {
        let size = inside.iter().filter(|&&member| member).count();
        let other = inside.len() - size;
        let kept = size < other || (size == other && inside.first() == Some(&true));
        let mut side = Vec::with_capacity(size.min(other));
        side.extend((0..graph.nodes()).filter(|&node| inside[node as usize] == kept));
        let mut witness = Vec::new();
        for &node in &side {
            for (neighbour, weight) in graph.neighbours(node) {
                if inside[neighbour as usize] != kept {
                    let (u, v) = (node.min(neighbour), node.max(neighbour));
                    witness.push(CutEdge { u, v, weight });
                }
            }
        }
        witness.sort_unstable();
        let value = witness.iter().map(|edge| edge.weight).sum();
        Self { value, side, witness }
    }
}

/// The lightest of all cuts of a graph; `None` if it has fewer than two nodes, and so no cut.
///
/// Exact and deterministic: the same graph always gives the same cut, whichever of several equal
/// ones that is. A graph that is not connected has a cut of value 0, with a whole component (or
/// several) on each side.
///
/// By rounds that contract what no lighter cut can separate: M. Padberg and G. Rinaldi, "An efficient
/// algorithm for the minimum capacity cut problem" (Mathematical Programming 47, 1990); H. Nagamochi,
/// T. Ono and T. Ibaraki, "Implementing an efficient minimum capacity cut algorithm" (Mathematical
/// Programming 67, 1994); where these make little progress, by flows. At most O(n) rounds of
/// O(m + n log n) time each; in practice a few, the first of which takes nearly all the time. Takes
/// O(n + m) memory.
///
/// ```
/// use healing_mincut::{Graph, minimum_cut};
///
/// // Two triangles, joined by one light edge.
/// let graph = Graph::from_edges(
///     6,
///     [(0, 1, 3), (1, 2, 3), (2, 0, 3), (3, 4, 3), (4, 5, 3), (5, 3, 3), (2, 3, 1)],
/// )?;
/// let cut = minimum_cut(&graph).ok_or("no cut")?;
/// assert_eq!(cut.value(), 1);
/// assert_eq!(cut.side(), [0, 1, 2]);
/// assert_eq!((cut.witness()[0].u, cut.witness()[0].v), (2, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn minimum_cut(graph: &Graph) -> Option<MinimumCut> {
    MinimumCutSolver::new().minimum_cut(graph)
}

/// Finds one minimum cut after another in the same memory: what [`minimum_cut`] does, without asking
/// for that memory each time.
#[derive(Default, Clone)]
pub struct MinimumCutSolver {
    workspace: Workspace,
}

impl MinimumCutSolver {
    /// A solver that has not reserved any memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same as [`minimum_cut`].
    #[must_use]
    pub fn minimum_cut(&mut self, graph: &Graph) -> Option<MinimumCut> {
        if graph.nodes() < 2 {
            return None;
        }
        let inside = self.workspace.lightest_side(graph);
        Some(MinimumCut::from_membership(graph, &inside))
    }
}

impl fmt::Debug for MinimumCutSolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MinimumCutSolver").finish_non_exhaustive()
    }
}
