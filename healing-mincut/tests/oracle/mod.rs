//! The simplest correct programs, to test the fast ones against, and small random graphs.

#![allow(dead_code, reason = "each test binary uses some of the oracles")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;

use healing_mincut::{CutEdge, Graph, MinimumCut, all_minimum_cuts};
use proptest::prelude::*;

/// Edges `(u, v, weight)`, as `Graph::from_edges` takes them.
pub(crate) type Edges = Vec<(u32, u32, u64)>;

/// The value of the cut whose one side holds the nodes with a bit set in `side`.
pub(crate) fn cut_value(edges: &[(u32, u32, u64)], side: u32) -> u64 {
    let crosses = |&&(u, v, _): &&(u32, u32, u64)| (side >> u) & 1 != (side >> v) & 1;
    edges.iter().filter(crosses).map(|&(_, _, weight)| weight).sum()
}

/// Every cut of up to 20 nodes once, as the bit set of the side without the last node.
pub(crate) fn all_cuts(nodes: u32) -> impl Iterator<Item = u32> {
    1..1_u32 << (nodes.max(1) - 1)
}

/// The minimum cut's value, by trying all cuts.
pub(crate) fn brute_force_value(nodes: u32, edges: &[(u32, u32, u64)]) -> Option<u64> {
    all_cuts(nodes).map(|side| cut_value(edges, side)).min()
}

/// Stoer and Wagner's algorithm on an adjacency matrix, O(n^3): the minimum cut's value.
pub(crate) fn stoer_wagner_value(nodes: u32, edges: &[(u32, u32, u64)]) -> Option<u64> {
    let n = nodes as usize;
    let mut weight = vec![vec![0_u64; n]; n];
    for &(u, v, w) in edges {
        if u != v {
            weight[u as usize][v as usize] += w;
            weight[v as usize][u as usize] += w;
        }
    }
    let mut left: Vec<usize> = (0..n).collect();
    let mut lightest = None;
    while left.len() > 1 {
        let mut attached = vec![0_u64; n];
        let mut waiting = left.clone();
        let mut order = Vec::new();
        while !waiting.is_empty() {
            let next = (0..waiting.len()).max_by_key(|&i| attached[waiting[i]]).unwrap();
            let node = waiting.swap_remove(next);
            order.push(node);
            for &other in &waiting {
                attached[other] += weight[node][other];
            }
        }
        let (last, before) = (order[order.len() - 1], order[order.len() - 2]);
        let value = attached[last];
        lightest = Some(lightest.map_or(value, |so_far: u64| so_far.min(value)));
        left.retain(|&node| node != last);
        for &other in left.iter().filter(|&&other| other != before) {
            let moved = weight[last][other];
            weight[before][other] += moved;
            weight[other][before] += moved;
        }
    }
    lightest
}

/// Checks all that a cut promises: its side, its witness, its value, and that it separates.
pub(crate) fn assert_is_cut_of(cut: &MinimumCut, graph: &Graph) {
    let nodes = graph.nodes() as usize;
    let mut inside = vec![false; nodes];
    for &node in cut.side() {
        inside[node as usize] = true;
    }
    let size = cut.side().len();
    assert!(cut.side().is_sorted_by(|a, b| a < b), "the side ascends");
    assert!(size >= 1 && 2 * size <= nodes, "the smaller side, not empty");
    if 2 * size == nodes {
        assert!(inside[0], "of two equal sides, the one with node 0");
    }
    let crossing: Vec<_> = graph
        .edge_list()
        .filter(|&(u, v, _)| inside[u as usize] != inside[v as usize])
        .map(|(u, v, weight)| CutEdge { u, v, weight })
        .collect();
    assert_eq!(cut.witness(), crossing);
    assert_eq!(cut.value(), crossing.iter().map(|edge| edge.weight).sum::<u64>());

    // Without the witness no walk from the side leaves it.
    let mut reached = vec![false; nodes];
    let mut waiting = vec![cut.side()[0]];
    reached[cut.side()[0] as usize] = true;
    while let Some(node) = waiting.pop() {
        for (next, weight) in graph.neighbours(node) {
            let (u, v) = (node.min(next), node.max(next));
            let removed = cut.witness().contains(&CutEdge { u, v, weight });
            if !removed && !reached[next as usize] {
                reached[next as usize] = true;
                waiting.push(next);
            }
        }
    }
    assert!((0..nodes).all(|node| inside[node] || !reached[node]));
}

/// Graphs of up to `most` nodes: sparse to dense, light to heavy, with parallel edges and loops.
pub(crate) fn small_graphs(most: u32) -> impl Strategy<Value = (u32, Edges)> {
    let weights = prop_oneof![Just(1_u64), Just(3), Just(10), Just(1000)];
    (1..=most, 0..40_usize, weights).prop_flat_map(|(nodes, edges, heaviest)| {
        let edge = (0..nodes, 0..nodes, 0..=heaviest);
        (Just(nodes), prop::collection::vec(edge, 0..=edges))
    })
}

/// Checks that all minimum cuts of up to 20 nodes are listed, each once, and which edges they cross.
pub(crate) fn assert_are_all_minimum_cuts(nodes: u32, edges: &[(u32, u32, u64)]) {
    let graph = Graph::from_edges(nodes, edges.iter().copied()).unwrap();
    let Some(value) = brute_force_value(nodes, edges) else {
        assert!(all_minimum_cuts(&graph).is_none());
        return;
    };
    let expected: BTreeSet<u32> = all_cuts(nodes)
        .filter(|&side| cut_value(edges, side) == value)
        .collect();
    let cuts = all_minimum_cuts(&graph).unwrap();
    assert_eq!(cuts.value(), value, "{edges:?}");
    let mut found = BTreeSet::new();
    for cut in cuts.iter() {
        assert_is_cut_of(&cut, &graph);
        let side = cut.side().iter().fold(0_u32, |side, &node| side | 1 << node);
        // Without the last node, as all cuts are listed.
        let last = 1 << (nodes - 1);
        let side = if side & last == 0 { side } else { !side & (2 * last - 1) };
        assert!(found.insert(side), "twice: {:?} of {nodes}, {edges:?}", cut.side());
    }
    assert_eq!(found, expected, "{nodes}, {edges:?}");
    assert_eq!(cuts.count(), Some(expected.len() as u128));
    let apart = |u: u32, v: u32| expected.iter().any(|side| side >> u & 1 != side >> v & 1);
    for u in 0..nodes {
        for v in 0..nodes {
            assert_eq!(cuts.separate(u, v), apart(u, v));
        }
    }
    let crossing = graph.edge_list().filter(|&(u, v, _)| apart(u, v));
    assert!(cuts.edges().eq(crossing.map(|(u, v, weight)| CutEdge { u, v, weight })));
}
