//! A hundred thousand random graphs, too many for a debug build:
//! `cargo test --release -p healing-mincut --test many_random_graphs -- --ignored`.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod oracle;

use healing_mincut::{CutTree, Graph, MinimumCut, MinimumCutSolver, minimum_st_cut, weakest_cuts};
use oracle::{Edges, assert_are_all_minimum_cuts, assert_is_cut_of, stoer_wagner_value};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// One of several kinds of graph: sparse, dense, clustered, ring-like, with light and heavy weights.
fn random_graph(rng: &mut Pcg64, most_nodes: u32) -> (u32, Edges) {
    let nodes = rng.random_range(2..=most_nodes);
    let heaviest = [1, 2, 5, 100, 1 << 40][rng.random_range(0..5)];
    let lightest = rng.random_range(0..2);
    let density = [1, 2, 4, 8, 20][rng.random_range(0..5)];
    let clusters = [1, 1, 2, 3, 7][rng.random_range(0..5)];
    let mut edges = Edges::new();
    if rng.random_range(0..3) > 0 {
        let weight = rng.random_range(lightest..=heaviest);
        edges.extend((1..nodes).map(|node| (node - 1, node, weight)));
        edges.push((nodes - 1, 0, weight));
    }
    for _ in 0..rng.random_range(0..=nodes * density) {
        let u = rng.random_range(0..nodes);
        let mut v = rng.random_range(0..nodes);
        if u % clusters != v % clusters && rng.random_range(0..20) > 0 {
            v = v - v % clusters + u % clusters;
            if v >= nodes {
                continue;
            }
        }
        edges.push((u, v, rng.random_range(lightest..=heaviest)));
    }
    (nodes, edges)
}

/// The cut tree, single flows and the weakest cuts say the same.
fn assert_tree_agrees_with_flows(graph: &Graph, rng: &mut Pcg64) {
    let nodes = graph.nodes();
    let tree = CutTree::new(graph);
    for _ in 0..nodes.min(20) {
        let (u, v) = (rng.random_range(0..nodes), rng.random_range(0..nodes));
        if u == v {
            continue;
        }
        let cut = minimum_st_cut(graph, u, v).unwrap();
        assert_is_cut_of(&cut, graph);
        let of_tree = tree.minimum_cut(u, v).unwrap();
        assert_eq!(of_tree.value(), cut.value());
        assert_ne!(of_tree.side().contains(&u), of_tree.side().contains(&v));
    }
    let values = |cuts: &[MinimumCut]| cuts.iter().map(MinimumCut::value).collect::<Vec<_>>();
    let k = rng.random_range(1..=nodes) as usize;
    let expected: Vec<MinimumCut> = tree.cuts().take(k).collect();
    assert_eq!(values(&weakest_cuts(graph, k)), values(&expected));
}

/// All cuts of more nodes take too long to try.
const MOST_NODES_OF_BRUTE_FORCE: u32 = 12;

#[test]
#[ignore = "takes long in a debug build"]
fn a_hundred_thousand_random_graphs_agree_with_stoer_and_wagner() {
    std::thread::scope(|scope| {
        for seed in 0..10 {
            scope.spawn(move || ten_thousand_agree(seed));
        }
    });
}

fn ten_thousand_agree(seed: u64) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut solver = MinimumCutSolver::new();
    for round in 0..10_000 {
        let most_nodes = match round % 50 {
            0 => 160,
            1..5 => 60,
            _ => 14,
        };
        let (nodes, edges) = random_graph(&mut rng, most_nodes);
        let graph = Graph::from_edges(nodes, edges.iter().copied()).unwrap();
        let cut = solver.minimum_cut(&graph).unwrap();
        assert_eq!(
            Some(cut.value()),
            stoer_wagner_value(nodes, &edges),
            "seed {seed}, round {round}: {edges:?}"
        );
        assert_is_cut_of(&cut, &graph);
        if round % 5 == 0 && nodes <= MOST_NODES_OF_BRUTE_FORCE {
            assert_are_all_minimum_cuts(nodes, &edges);
        }
        if round % 10 == 1 {
            assert_tree_agrees_with_flows(&graph, &mut rng);
        }
    }
}
