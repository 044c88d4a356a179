//! The seed of a cluster: nodes that share many neighbours with one.

use crate::contraction::clusters::FREE;
use crate::contraction::tie::Tie;
use crate::rows::Rows;

/// So many seeds are enough.
const MOST_SEEDS: usize = 256;

/// Fills `seeds` with `hub` and nodes in no cluster that no cut below `bound` separates from it: those
/// to which paths of one and two edges alone carry a flow of `bound`, each edge used once. (Padberg
/// and Rinaldi's test 4, from one node to all others.) `ties` of nodes in no cluster are 0 before and
/// after. Reads at most `most_work` arcs beyond the hub's own; returns how many it read.
pub(crate) fn around<T: Tie>(
    rows: Rows<'_>,
    hub: u32,
    bound: u64,
    cluster_of: &[u32],
    ties: &mut [T],
    seeds: &mut Vec<u32>,
    most_work: usize,
) -> usize {
    seeds.clear();
    seeds.push(hub);
    let limit = T::from_weight(bound);
    let mut work = 0;
    let (neighbours, weights) = rows.arcs_of(hub);
    ties[hub as usize] = T::TAKEN;
    let mut read = 0;
    for (&neighbour, &first) in neighbours.iter().zip(weights) {
        add(ties, limit, neighbour, first, seeds);
    }
    for (&neighbour, &first) in neighbours.iter().zip(weights) {
        let (targets, weights) = rows.arcs_of(neighbour);
        if work + targets.len() > most_work || seeds.len() > MOST_SEEDS {
            break;
        }
        work += targets.len();
        read += 1;
        for (&target, &second) in targets.iter().zip(weights) {
            add(ties, limit, target, first.min(second), seeds);
        }
    }
    let mut clear = |node: u32| {
        if cluster_of[node as usize] == FREE {
            ties[node as usize] = T::default();
        }
    };
    clear(hub);
    for (position, &neighbour) in neighbours.iter().enumerate() {
        clear(neighbour);
        if position < read {
            rows.arcs_of(neighbour).0.iter().copied().for_each(&mut clear);
        }
    }
    work + neighbours.len()
}

#[inline]
fn add<T: Tie>(ties: &mut [T], limit: T, node: u32, weight: u64, seeds: &mut Vec<u32>) {
    let before = ties[node as usize];
    let after = before.plus(weight);
    ties[node as usize] = after;
    if (before < limit) & (after >= limit) {
        seeds.push(node);
    }
}
