//! Flows prove what ties do not.

use crate::flow::MaximumFlow;
use crate::rows::Rows;

/// Tells by flows whether nodes belong to a cluster, for as long as that is worth its price.
///
/// Ties count the edges into a cluster, or at most the paths of two edges; they prove little in a
/// graph whose nodes are all as weakly tied to their surroundings as the minimum cut is light: a
/// grid, a hypercube, a random regular graph. A flow from a node to the cluster counts all paths,
/// and where the node belongs to the cluster, near ones are mostly enough. But where it does not, a
/// flow may read the whole graph; so all flows together may read what [`Proofs::new`] allows.
pub(crate) struct Proofs<'g> {
    flow: MaximumFlow<'g>,
    /// How many arcs may still be read.
    credit: usize,
    /// By how much that grows with each node that joins.
    price: usize,
    members: usize,
}

/// What a flow from a node to the cluster showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// No cut below the bound separates the two.
    Joins,
    /// The lightest cut that separates the two has this value, below the bound.
    Lighter(u64),
    /// Nothing: the credit is used up.
    None,
}

impl<'g> Proofs<'g> {
    /// For rows whose targets ascend. Flows may read all arcs once, and `price` more for each node that
    /// joins: no more than it costs to contract a node in another way.
    pub(crate) fn new(rows: Rows<'g>, price: usize) -> Self {
        Self {
            flow: MaximumFlow::of_rows(rows),
            credit: rows.targets.len(),
            price,
            members: 0,
        }
    }

    /// All members of the cluster, those it had before first.
    pub(crate) fn note_members(&mut self, members: &[u32]) {
        let new = &members[self.members..];
        for &node in new {
            self.flow.add_sink(node);
        }
        self.members = members.len();
        self.credit = self.credit.saturating_add(new.len().saturating_mul(self.price));
    }

    /// Whether a node that is no member belongs to the cluster.
    pub(crate) fn ask(&mut self, node: u32, bound: u64) -> Proof {
        let before = self.flow.work();
        let value = self.flow.run_to_sinks(node, bound, self.credit);
        self.credit = self.credit.saturating_sub(self.flow.work() - before);
        match value {
            Some(value) if value < bound => Proof::Lighter(value),
            Some(_) => Proof::Joins,
            None => Proof::None,
        }
    }

    /// After [`Proof::Lighter`], the nodes on one side of that cut.
    pub(crate) fn lighter_side(&self) -> &[u32] {
        self.flow.side()
    }
}
