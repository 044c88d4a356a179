//! One maximum adjacency scan: which nodes certainly lie on one side of every lighter cut?

use crate::contraction::tie::Tie;
use crate::contraction::waiting::Waiting;
use crate::rows::Rows;

/// The order in which nodes were scanned, and what was learnt from it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scan {
    /// The nodes: scanned ones in order, behind them those that are tied strongly enough.
    order: Vec<u32>,
    /// Where in the order each cluster begins.
    starts: Vec<u32>,
    /// Nodes whose tie grew, but not enough.
    grown: Vec<u32>,
    waiting: Waiting,
}

/// The lightest cut between scanned and unscanned nodes that a scan passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    pub(crate) value: u64,
    /// The first so many nodes of the order are its one side.
    pub(crate) length: usize,
}

impl Scan {
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Nagamochi and Ibaraki, "Computing edge-connectivity in multigraphs and capacitated graphs"
    /// (SIAM J. Discrete Math. 5(1), 1992).
    pub(crate) fn run<T: Tie>(&mut self, rows: Rows<'_>, first: u32, bound: u64, ties: &mut Vec<T>) -> Option<Prefix> {
        let nodes = rows.nodes();
        ties.clear();
        ties.resize(nodes, T::default());
        self.order.clear();
        self.order.resize(nodes + 1, 0);
        self.grown.clear();
        self.grown.resize(4 * nodes + 64, 0);
        self.starts.clear();
        self.starts.push(0);
        self.waiting.reset(bound);
        let Self {
            order,
            starts,
            grown,
            waiting,
        } = self;

        let mut bound = bound;
        let mut lightest: Option<Prefix> = None;
        let mut cut = 0_u64;
        let mut grown_count = 0;
        order[0] = first;
        let mut queued = 1;
        let mut scanned = 0;
        loop {
            let limit = T::from_weight(bound);
            while scanned < queued {
                let node = order[scanned];
                let tie = ties[node as usize];
                ties[node as usize] = T::SCANNED;
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
                    // Branchless: whether the entry counts is decided by the length alone.
                    order[queued] = target;
                    queued += usize::from((before < limit) & (after >= limit));
                    grown[grown_count] = target;
                    grown_count += usize::from(after < limit);
                }
                cut = cut
                    .wrapping_add(rows.degrees[node as usize])
                    .wrapping_sub(tie.to_weight().wrapping_mul(2));
                if cut < bound && scanned < nodes && lightest.is_none_or(|l| cut < l.value) {
                    lightest = Some(Prefix {
                        value: cut,
                        length: scanned,
                    });
                }
            }
            if scanned == nodes {
                break;
            }
            note_grown(waiting, &grown[..grown_count], limit, ties);
            grown_count = 0;
            if let Some(prefix) = lightest {
                bound = bound.min(prefix.value);
            }
            if bound == 0 {
                break;
            }
            let limit = T::from_weight(bound);
            let next = loop {
                let Some((key, node)) = waiting.pop() else { break None };
                let tie = ties[node as usize];
                if tie < T::SCANNED && (tie == T::from_weight(key) || tie >= limit) {
                    break Some((node, tie));
                }
            };
            let Some((node, tie)) = next else { break };
            if tie < limit {
                starts.push(queued as u32);
            }
            order[queued] = node;
            queued += 1;
        }
        order.truncate(nodes);
        lightest
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
