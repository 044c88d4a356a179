//! Flows prove what ties do not.

use crate::flow::MaximumFlow;
use crate::rows::Rows;

/// A round that contracts a smaller share of the nodes than this is a poor one.
const GOOD_PROGRESS: usize = 4;
/// A round takes about so many passes over all arcs: what the nodes it contracted have cost.
const ROUND_PASSES: usize = 4;

/// How much flows may read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// How many arcs in any case.
    credit: usize,
    /// And how many more for each node that they prove to belong to the cluster.
    price: usize,
}

/// Decides when to seek proofs: after poor rounds, and for no more work than those have taken.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// How many arcs poor rounds have read since proofs last made progress.
    spent: usize,
    /// The same when they last failed.
    failed_at: usize,
}

impl Patience {
    /// Which budget the next round is to have for proofs, if any.
    pub(crate) fn after_round(
        &mut self,
        with_proofs: bool,
        nodes: usize,
        contracted: usize,
        arcs: usize,
    ) -> Option<Budget> {
        let is_poor = contracted * GOOD_PROGRESS < nodes;
        if with_proofs {
            if is_poor {
                self.failed_at = self.spent;
            } else {
                *self = Self::default();
            }
            return None;
        }
        if !is_poor {
            return None;
        }
        let work = ROUND_PASSES * arcs;
        self.spent += work;
        // Doubled after each failure: so all failures together cost no more than the rounds.
        (self.spent >= 2 * self.failed_at).then_some(Budget {
            credit: self.spent,
            price: work / contracted.max(1),
        })
    }
}

/// Tells by flows whether nodes belong to a cluster, for as long as that is worth its price.
///
/// Ties count the edges into a cluster, or at most the paths of two edges; they prove little in a
/// graph whose nodes are all as weakly tied to their surroundings as the minimum cut is light: a
/// grid, a hypercube, a random regular graph. A flow from a node to the cluster counts all paths,
/// and where the node belongs to the cluster, near ones are mostly enough. But where it does not, a
/// flow may read the whole graph; so all flows together have a budget.
pub(crate) struct Proofs<'g> {
    flow: MaximumFlow<'g>,
    /// What is left of it.
    budget: Budget,
    members: usize,
}

/// What was found out about a node that is no member.
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
    /// For rows whose targets ascend.
    pub(crate) fn new(rows: Rows<'g>, budget: Budget) -> Self {
        Self {
            flow: MaximumFlow::of_rows(rows),
            budget,
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
        let Budget { credit, price } = &mut self.budget;
        *credit = credit.saturating_add(new.len().saturating_mul(*price));
    }

    /// Whether a node that is no member belongs to the cluster.
    pub(crate) fn ask(&mut self, node: u32, bound: u64) -> Proof {
        let before = self.flow.work();
        let credit = &mut self.budget.credit;
        let value = self.flow.run_to_sinks(node, bound, *credit);
        *credit = credit.saturating_sub(self.flow.work() - before);
        match value {
            Some(value) if value >= bound => Proof::Joins,
            // What flowed is no more than the cut's value; less, if an edge is so heavy that what could
            // flow back over it passes 64 bits.
            Some(_) => match self.flow.weight_around_source() {
                value if value < bound => Proof::Lighter(value),
                _ => Proof::None,
            },
            None => Proof::None,
        }
    }

    /// After [`Proof::Lighter`], the nodes on one side of that cut.
    pub(crate) fn lighter_side(&self) -> &[u32] {
        self.flow.side()
    }
}
