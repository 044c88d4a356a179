//! Graphs that break solvers that recurse, add up carelessly, or take everything for small.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod oracle;

use healing_mincut::{CutTree, Graph, MinimumCutSolver, all_minimum_cuts, minimum_cut, minimum_st_cut, weakest_cuts};
use oracle::{Edges, assert_is_cut_of};

const MILLION: u32 = 1_000_000;

fn graph(nodes: u32, edges: impl IntoIterator<Item = (u32, u32, u64)>) -> Graph {
    Graph::from_edges(nodes, edges).unwrap()
}

/// Every algorithm on a tree, whose every edge is the lightest cut between its ends.
fn assert_tree_is_cut_right(graph: &Graph, lightest: u64, count: u128) {
    let last = graph.nodes() - 1;
    assert_eq!(minimum_cut(graph).unwrap().value(), lightest);
    let all = all_minimum_cuts(graph).unwrap();
    assert_eq!((all.value(), all.count()), (lightest, Some(count)));
    assert_eq!(all.edges().count() as u128, count);
    assert_eq!(all.iter().take(3).filter(|cut| cut.value() == lightest).count(), 3);
    assert_eq!(minimum_st_cut(graph, 0, last).unwrap().value(), lightest);
    let tree = CutTree::new(graph);
    assert_eq!(tree.value(last, 0), Ok(lightest));
    assert_eq!(tree.minimum_cut(1, last / 2).unwrap().witness().len(), 1);
    let weakest = weakest_cuts(graph, 3);
    assert_eq!(weakest.len(), 3);
    assert!(weakest.iter().all(|cut| cut.value() == lightest));
}

#[test]
fn a_path_of_a_million_nodes() {
    let path = graph(MILLION, (1..MILLION).map(|node| (node - 1, node, 7)));
    assert_tree_is_cut_right(&path, 7, u128::from(MILLION - 1));
}

#[test]
fn a_star_of_a_million_leaves() {
    let star = graph(MILLION + 1, (1..=MILLION).map(|leaf| (0, leaf, 7)));
    assert_tree_is_cut_right(&star, 7, u128::from(MILLION));
}

#[test]
fn a_path_whose_weights_add_up_to_all_that_64_bits_hold() {
    let nodes = 100_001;
    let weight = u64::MAX / u64::from(nodes - 1);
    let path = graph(nodes, (1..nodes).map(|node| (node - 1, node, weight)));
    assert_tree_is_cut_right(&path, weight, u128::from(nodes - 1));
}

#[test]
fn a_cycle_of_a_million_nodes_has_half_a_billion_thousand_minimum_cuts() {
    let cycle = graph(MILLION, (0..MILLION).map(|node| (node, (node + 1) % MILLION, 3)));
    assert_eq!(minimum_cut(&cycle).unwrap().value(), 6);
    let all = all_minimum_cuts(&cycle).unwrap();
    let nodes = u128::from(MILLION);
    assert_eq!(all.count(), Some(nodes * (nodes - 1) / 2));
    assert_eq!(all.edges().count(), cycle.edges());
    assert_eq!(minimum_st_cut(&cycle, 0, MILLION / 2).unwrap().value(), 6);
}

#[test]
fn a_hundred_thousand_nodes_without_an_edge() {
    let nodes = 100_000;
    let lonely = graph(nodes, []);
    assert_eq!(minimum_cut(&lonely).unwrap().value(), 0);
    let all = all_minimum_cuts(&lonely).unwrap();
    assert_eq!((all.value(), all.count()), (0, None));
    assert_eq!(all.iter().take(2).count(), 2);
    assert_eq!(minimum_st_cut(&lonely, 5, 6).unwrap().value(), 0);
    assert_eq!(CutTree::new(&lonely).value(1, nodes - 1), Ok(0));
    assert_eq!(weakest_cuts(&lonely, 2).len(), 2);
}

#[test]
fn weights_that_share_out_all_that_64_bits_hold() {
    for nodes in [3, 4, 9, 24] {
        let pairs: Edges = (0..nodes).flat_map(|u| (0..u).map(move |v| (u, v, 1))).collect();
        let weight = u64::MAX / pairs.len() as u64;
        let whole = graph(nodes, pairs.iter().map(|&(u, v, _)| (u, v, weight)));
        let lightest = weight * u64::from(nodes - 1);
        let cut = minimum_cut(&whole).unwrap();
        assert_is_cut_of(&cut, &whole);
        assert_eq!(cut.value(), lightest);
        assert_eq!(all_minimum_cuts(&whole).unwrap().count(), Some(u128::from(nodes)));
        assert_eq!(minimum_st_cut(&whole, 0, 1).unwrap().value(), lightest);
        assert_eq!(CutTree::new(&whole).value(0, nodes - 1), Ok(lightest));
        let weakest = weakest_cuts(&whole, nodes as usize);
        assert_eq!(weakest.len(), nodes as usize - 1);
        assert!(weakest.iter().all(|cut| cut.value() == lightest));
    }
}

#[test]
fn a_tree_of_cycles_with_a_hundred_thousand_nodes() {
    // Each cycle of four hangs on the one before by a node of it.
    let cycles = 33_000_u32;
    let edges = (0..cycles).flat_map(|cycle| {
        let (top, base) = (if cycle == 0 { 0 } else { 3 * (cycle / 2) + 1 }, 3 * cycle + 1);
        let top = if top == base { 0 } else { top };
        [
            (top, base, 1),
            (base, base + 1, 1),
            (base + 1, base + 2, 1),
            (base + 2, top, 1),
        ]
    });
    let cactus = graph(3 * cycles + 1, edges);
    let all = all_minimum_cuts(&cactus).unwrap();
    assert_eq!((all.value(), all.count()), (2, Some(u128::from(cycles) * 6)));
}

#[test]
fn what_is_printed_for_debugging_is_short_however_large_the_graph_is() {
    let ring = (0..500).map(|node| (node, (node + 1) % 500, 1));
    let graph = Graph::from_edges(500, ring).unwrap();
    let mut solver = MinimumCutSolver::new();
    assert!(solver.minimum_cut(&graph).is_some());
    let tree = CutTree::new(&graph);
    let cuts = all_minimum_cuts(&graph).unwrap();
    for printed in [format!("{solver:?}"), format!("{tree:?}"), format!("{cuts:?}")] {
        assert!(printed.len() < 250, "{printed}");
    }
}
