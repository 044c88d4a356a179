//! A maximum adjacency scan: finds nodes that no cut below the bound can separate.

use crate::contraction::goal::Goal;
use crate::contraction::tie::Tie;
use crate::contraction::waiting::Waiting;
use crate::rows::Rows;

/// A run that is shorter than this is not worth growing on its own.
const SHORTEST_BURST: usize = 32;
/// Nor is one that is only such a share of the nodes scanned before it.
const BURST_SHARE: usize = 2;

/// The order in which nodes were scanned, and what was learnt from it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scan {
    /// The nodes: scanned ones in order, behind them those that are tied strongly enough.
    order: Vec<u32>,
    /// How many nodes of the order are taken, scanned or not.
    taken: usize,
    scanned: usize,
    /// Where in the order each run begins.
    starts: Vec<u32>,
    /// Nodes whose tie grew, but not enough.
    grown: Vec<u32>,
    waiting: Waiting,
    lightest: Option<Prefix>,
}

/// A light cut that was passed: between the first nodes of an order and all others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    pub(crate) value: u64,
    /// How many nodes are on its one side.
    pub(crate) length: usize,
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// No node is left.
    Complete,
    /// The last run is long: it may grow on its own.
    Burst,
    /// What was scanned is cut off from the rest.
    Disconnected,
}

impl Scan {
    /// Makes room for a graph of so many nodes.
    pub(crate) fn reserve(&mut self, nodes: usize) {
        self.order.clear();
        self.order.resize(nodes + 1, 0);
        let room = 4 * nodes + 64;
        if self.grown.len() < room {
            self.grown.resize(room, 0);
        }
    }

    /// The nodes scanned, in order.
    pub(crate) fn scanned(&self) -> &[u32] {
        &self.order[..self.scanned]
    }

    /// The runs: nodes of one run cannot be separated by a cut below the bound.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &[u32]> {
        let ends = self.starts[1..].iter().copied().chain([self.taken as u32]);
        self.starts
            .iter()
            .zip(ends)
            .map(|(&start, end)| &self.order[start as usize..end as usize])
    }

    /// The last run, with the nodes that are to be scanned next.
    pub(crate) fn last_run(&self) -> &[u32] {
        let start = self.starts.last().map_or(0, |&start| start as usize);
        &self.order[start..self.taken]
    }

    /// The lightest cut passed, if it is below the bound and the goal asks for it.
    pub(crate) fn lightest(&self) -> Option<Prefix> {
        self.lightest
    }

    /// Scans from `first` on the nodes that are not marked as taken in `ties` (all of which are 0
    /// otherwise): always one whose tie to those already scanned is strongest, or at least `bound`.
    ///
    /// A node whose tie is at least `bound` when its turn comes cannot be separated by any cut below
    /// `bound` from the one scanned before it: so runs of such nodes come to lie in one cluster.
    /// Nagamochi and Ibaraki, "Computing edge-connectivity in multigraphs and capacitated graphs"
    /// (SIAM J. Discrete Math. 5(1), 1992); that the order among ties of at least `bound` does not
    /// matter, Henzinger, Noe, Schulz and Strash, "Practical minimum cut algorithms" (ALENEX 2018).
    ///
    /// Ends at a burst if `may_burst`.
    pub(crate) fn run<T: Tie, G: Goal>(
        &mut self,
        rows: Rows<'_>,
        first: u32,
        bound: u64,
        may_burst: bool,
        ties: &mut [T],
    ) -> Ending {
        let nodes = rows.nodes();
        self.starts.clear();
        self.starts.push(0);
        self.waiting.reset(bound);
        self.lightest = None;
        let Self {
            order,
            starts,
            grown,
            waiting,
            ..
        } = self;

        let mut bound = bound;
        let mut lightest: Option<Prefix> = None;
        let mut cut = 0_u64;
        let mut grown_count = 0;
        order[0] = first;
        let mut taken = 1;
        let mut scanned = 0;
        let mut run_start = 0;
        let ending = loop {
            let limit = T::from_weight(bound);
            while scanned < taken {
                let node = order[scanned];
                let tie = ties[node as usize];
                ties[node as usize] = tie | T::FOLLOWED;
                scanned += 1;
                let (targets, weights) = rows.arcs_of(node);
                if grown_count + targets.len() > grown.len() {
                    note_grown(waiting, &grown[..grown_count], limit, ties);
                    grown_count = 0;
                    if targets.len() > grown.len() {
                        grown.resize(targets.len(), 0);
                    }
                }
                for (&target, &weight) in targets.iter().zip(weights) {
                    let before = ties[target as usize];
                    let after = before.plus(weight);
                    ties[target as usize] = after;
                    // Without branches: whether an entry counts is decided by the length alone.
                    order[taken] = target;
                    taken += usize::from((before < limit) & (after >= limit));
                    grown[grown_count] = target;
                    grown_count += usize::from(after < limit);
                }
                cut = cut
                    .wrapping_add(rows.degrees[node as usize])
                    .wrapping_sub(tie.to_weight().wrapping_mul(2));
                if G::LOWERS_BOUND && cut < bound && scanned < nodes && lightest.is_none_or(|l| cut < l.value) {
                    lightest = Some(Prefix {
                        value: cut,
                        length: scanned,
                    });
                }
                let run = taken - run_start;
                if may_burst && run >= SHORTEST_BURST && run * BURST_SHARE >= scanned {
                    break;
                }
            }
            if scanned < taken {
                break Ending::Burst;
            }
            note_grown(waiting, &grown[..grown_count], limit, ties);
            grown_count = 0;
            if let Some(prefix) = lightest {
                bound = bound.min(prefix.value);
            }
            if bound == 0 {
                break Ending::Disconnected;
            }
            let limit = T::from_weight(bound);
            let next = loop {
                let Some((key, node)) = waiting.pop() else { break None };
                let tie = ties[node as usize];
                if !tie.is_taken() && (tie == T::from_weight(key) || tie >= limit) {
                    break Some((node, tie));
                }
            };
            let Some((node, tie)) = next else {
                break Ending::Complete;
            };
            if tie < limit {
                run_start = taken;
                starts.push(taken as u32);
            }
            order[taken] = node;
            taken += 1;
        };
        self.taken = taken;
        self.scanned = scanned;
        self.lightest = lightest;
        ending
    }
}

/// Moves the nodes whose ties grew into the queue. Those beyond `limit` are elsewhere: scanned, or
/// to be scanned before any in the queue.
fn note_grown<T: Tie>(waiting: &mut Waiting, grown: &[u32], limit: T, ties: &[T]) {
    for &node in grown {
        let tie = ties[node as usize];
        if tie < limit {
            waiting.push(tie.to_weight(), node);
        }
    }
}
