//! Cuts between two nodes, the tree of them, and the weakest of all, against brute force.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod oracle;

use healing_mincut::{CutTree, Graph, MinimumCut, PairError, minimum_cut, minimum_st_cut, weakest_cuts};
use oracle::{Edges, all_cuts, assert_is_cut_of, cut_value, small_graphs};
use proptest::prelude::*;

fn graph(nodes: u32, edges: &Edges) -> Graph {
    Graph::from_edges(nodes, edges.iter().copied()).unwrap()
}

/// The values of the lightest cuts between all pairs, by trying all cuts.
fn brute_force_values(nodes: u32, edges: &Edges) -> Vec<Vec<u64>> {
    let n = nodes as usize;
    let mut least = vec![vec![u64::MAX; n]; n];
    for side in all_cuts(nodes) {
        let value = cut_value(edges, side);
        for u in (0..n).filter(|u| side >> u & 1 == 1) {
            for v in (0..n).filter(|v| side >> v & 1 == 0) {
                least[u][v] = least[u][v].min(value);
                least[v][u] = least[u][v];
            }
        }
    }
    least
}

fn assert_separates(cut: &MinimumCut, u: u32, v: u32) {
    assert_ne!(cut.side().contains(&u), cut.side().contains(&v));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn between_any_two_of_up_to_twelve_nodes_no_cut_is_lighter((nodes, edges) in small_graphs(12)) {
        let graph = graph(nodes, &edges);
        let least = brute_force_values(nodes, &edges);
        let tree = CutTree::new(&graph);
        for u in 0..nodes {
            for v in (0..nodes).filter(|&v| v != u) {
                let expected = least[u as usize][v as usize];
                for cut in [minimum_st_cut(&graph, u, v).unwrap(), tree.minimum_cut(u, v).unwrap()] {
                    prop_assert_eq!(cut.value(), expected);
                    assert_separates(&cut, u, v);
                    assert_is_cut_of(&cut, &graph);
                }
                prop_assert_eq!(tree.value(u, v).unwrap(), expected);
            }
        }
    }

    #[test]
    fn the_weakest_cuts_are_the_lightest_of_the_tree((nodes, edges) in small_graphs(12), k in 0..14_usize) {
        let graph = graph(nodes, &edges);
        let least = brute_force_values(nodes, &edges);
        let tree: Vec<MinimumCut> = CutTree::new(&graph).cuts().collect();
        let weakest = weakest_cuts(&graph, k);
        prop_assert_eq!(tree.len(), nodes as usize - 1);
        prop_assert_eq!(weakest.len(), k.min(tree.len()));
        for cuts in [&tree, &weakest] {
            prop_assert!(cuts.is_sorted_by_key(MinimumCut::value));
            for (position, cut) in cuts.iter().enumerate() {
                assert_is_cut_of(cut, &graph);
                prop_assert!(cuts[..position].iter().all(|other| other.side() != cut.side()));
            }
        }
        let values = |cuts: &[MinimumCut]| cuts.iter().map(MinimumCut::value).collect::<Vec<_>>();
        prop_assert_eq!(values(&weakest), values(&tree[..weakest.len()]));
        prop_assert_eq!(weakest.first().map(MinimumCut::value), minimum_cut(&graph).filter(|_| k > 0).map(|cut| cut.value()));
        // Whatever a lighter cut than the last separates, one of the weakest does, at the same value.
        let heaviest = weakest.last().map_or(0, MinimumCut::value);
        for u in 0..nodes {
            for v in 0..u {
                let value = least[u as usize][v as usize];
                if value < heaviest {
                    let separates = |cut: &&MinimumCut| cut.side().contains(&u) != cut.side().contains(&v);
                    prop_assert_eq!(weakest.iter().find(separates).unwrap().value(), value);
                }
            }
        }
    }
}

#[test]
fn a_node_that_is_not_there_or_the_same_one_twice_is_refused() {
    let graph = graph(3, &vec![(0, 1, 1), (1, 2, 1)]);
    let tree = CutTree::new(&graph);
    let absent = PairError::NodeOutOfRange { node: 3, nodes: 3 };
    let same = PairError::SameNode { node: 2 };
    for (u, v, expected) in [(0, 3, absent), (3, 0, absent), (3, 3, absent), (2, 2, same)] {
        assert_eq!(minimum_st_cut(&graph, u, v), Err(expected));
        assert_eq!(tree.minimum_cut(u, v), Err(expected));
        assert_eq!(tree.value(u, v), Err(expected));
    }
    assert!(absent.to_string().contains("no node 3"));
}

#[test]
fn graphs_without_cuts_have_no_weakest() {
    for nodes in [0, 1] {
        let graph = graph(nodes, &Vec::new());
        assert!(weakest_cuts(&graph, 5).is_empty());
        assert_eq!(CutTree::new(&graph).cuts().len(), 0);
    }
}

#[test]
fn the_weakest_cut_between_disconnected_pieces_costs_nothing() {
    let graph = graph(5, &vec![(0, 1, 3), (2, 3, 4), (3, 4, 5)]);
    let values: Vec<_> = weakest_cuts(&graph, 9).iter().map(MinimumCut::value).collect();
    assert_eq!(values, [0, 3, 4, 5]);
    assert_eq!(minimum_st_cut(&graph, 0, 4).unwrap().value(), 0);
}

#[test]
fn flows_as_heavy_as_64_bits_allow_do_not_overflow() {
    let whole = graph(2, &vec![(0, 1, u64::MAX)]);
    assert_eq!(minimum_st_cut(&whole, 1, 0).unwrap().value(), u64::MAX);
    assert_eq!(CutTree::new(&whole).value(0, 1), Ok(u64::MAX));
    assert_eq!(weakest_cuts(&whole, 1)[0].value(), u64::MAX);

    // Flow one way over the heavy edge, and back again by another path.
    let heavy = u64::MAX - 100;
    let graph = graph(4, &vec![(0, 1, 10), (1, 2, heavy), (2, 3, 10), (0, 2, 7), (1, 3, 9)]);
    assert_eq!(minimum_st_cut(&graph, 0, 3).unwrap().value(), 17);
    assert_eq!(minimum_st_cut(&graph, 1, 2).unwrap().value(), heavy + 16);
    assert_eq!(CutTree::new(&graph).value(2, 1), Ok(heavy + 16));
    assert_eq!(weakest_cuts(&graph, 3)[2].value(), heavy + 16);
}
