//! The simplest correct programs.

#![allow(dead_code, reason = "each target uses some of the oracles")]

use healing_mincut::{Graph, MinimumCut};

/// Stoer and Wagner, "A simple min-cut algorithm" (J. ACM 44(4), 1997), on an adjacency matrix,
/// O(n^3): the minimum cut's value. The weights add up to at most `u64::MAX`.
pub(crate) fn stoer_wagner_value(nodes: u32, edges: &[(u32, u32, u64)]) -> Option<u64> {
    let n = nodes as usize;
    let mut weight = vec![vec![0_u64; n]; n];
    for &(u, v, w) in edges.iter().filter(|(u, v, _)| u != v) {
        weight[u as usize][v as usize] += w;
        weight[v as usize][u as usize] += w;
    }
    let mut left: Vec<usize> = (0..n).collect();
    let mut lightest = None;
    while left.len() > 1 {
        let mut attached = vec![0_u64; n];
        let mut waiting = left.clone();
        let mut order = Vec::new();
        while let Some(next) = (0..waiting.len()).max_by_key(|&i| attached[waiting[i]]) {
            let node = waiting.swap_remove(next);
            order.push(node);
            for &other in &waiting {
                attached[other] += weight[node][other];
            }
        }
        let (last, before) = (order[order.len() - 1], order[order.len() - 2]);
        lightest = Some(lightest.map_or(attached[last], |so_far: u64| so_far.min(attached[last])));
        left.retain(|&node| node != last);
        for &other in left.iter().filter(|&&other| other != before) {
            let moved = weight[last][other];
            weight[before][other] += moved;
            weight[other][before] += moved;
        }
    }
    lightest
}

/// The side is a proper one, and the witness is all that crosses it.
pub(crate) fn assert_is_cut_of(cut: &MinimumCut, graph: &Graph) {
    let mut inside = vec![false; graph.nodes() as usize];
    for &node in cut.side() {
        inside[node as usize] = true;
    }
    assert!(!cut.side().is_empty() && cut.side().len() * 2 <= inside.len());
    let crosses = |&(u, v, _): &(u32, u32, u64)| inside[u as usize] != inside[v as usize];
    let crossing: Vec<_> = graph.edge_list().filter(crosses).collect();
    let witness: Vec<_> = cut.witness().iter().map(|edge| (edge.u, edge.v, edge.weight)).collect();
    assert_eq!(witness, crossing);
    assert_eq!(cut.value(), crossing.iter().map(|&(_, _, weight)| weight).sum());
}
