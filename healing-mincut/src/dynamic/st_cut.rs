//! The lightest cut between two given nodes of a graph that changes.

use crate::dynamic::DynamicMinCut;
use crate::dynamic::known_cuts::smaller_side;
use crate::dynamic::local_flow::Flow;
use crate::error::PairError;
use crate::minimum_cut::{CutEdge, MinimumCut};

impl DynamicMinCut {
    /// The lightest of the cuts that have `s` on one side and `t` on the other. A flow that is searched
    /// for from both nodes at once tells, as for an edge between them that gets lighter; then the edges
    /// of the cut's smaller side are read.
    ///
    /// # Errors
    ///
    /// As [`minimum_st_cut`](crate::minimum_st_cut).
    pub fn minimum_st_cut(&mut self, s: u32, t: u32) -> Result<MinimumCut, PairError> {
        PairError::check(self.nodes(), s, t)?;
        let lighter = if self.degrees.of(t) < self.degrees.of(s) { t } else { s };
        let limit = self.degrees.of(lighter);
        let mut work = usize::MAX;
        let side = match self.flow.between(&mut self.adjacency, s, t, limit, &mut work) {
            Flow::Cut(_) => smaller_side(self.adjacency.nodes(), self.flow.cut_side()),
            // All that the lighter of the two has edges for can flow.
            Flow::Strong | Flow::Unknown => smaller_side(self.adjacency.nodes(), &[lighter]),
        };
        Ok(self.cut_around(side))
    }

    /// The cut whose smaller side has these nodes, ascending.
    fn cut_around(&self, side: Vec<u32>) -> MinimumCut {
        let mut inside = vec![false; self.adjacency.nodes()];
        for &node in &side {
            inside[node as usize] = true;
        }
        let mut witness = Vec::new();
        for &node in &side {
            let arcs = self.adjacency.arcs_of(node).iter();
            witness.extend(arcs.filter(|arc| !inside[arc.target as usize]).map(|arc| CutEdge {
                u: node.min(arc.target),
                v: node.max(arc.target),
                weight: arc.room,
            }));
        }
        witness.sort_unstable();
        let value = witness.iter().map(|edge| edge.weight).sum();
        MinimumCut::from_parts(value, side, witness)
    }
}
