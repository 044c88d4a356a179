//! All minimum cuts, against brute force and against closed forms.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod oracle;

use std::collections::BTreeSet;

use healing_mincut::{Graph, all_minimum_cuts, minimum_cut};
use oracle::{Edges, assert_are_all_minimum_cuts, assert_is_cut_of, small_graphs};
use proptest::prelude::*;

fn graph(nodes: u32, edges: &Edges) -> Graph {
    Graph::from_edges(nodes, edges.iter().copied()).unwrap()
}

fn count(nodes: u32, edges: &Edges) -> u128 {
    all_minimum_cuts(&graph(nodes, edges)).unwrap().count().unwrap()
}

fn cycle(nodes: u32, weight: u64) -> Edges {
    (0..nodes).map(|node| (node, (node + 1) % nodes, weight)).collect()
}

/// Cycles and bridges hung on each other at random, every one of them as light as the others: graphs
/// with as many minimum cuts as can be.
fn cactus_like() -> impl Strategy<Value = (u32, Edges)> {
    let piece = (any::<prop::sample::Index>(), 1..5_u32);
    (
        prop::collection::vec(piece, 1..6),
        prop::collection::vec((0..12_u32, 0..12_u32), 0..3),
    )
        .prop_map(|(pieces, heavy)| {
            let mut nodes = 1_u32;
            let mut edges = Edges::new();
            for (at, length) in pieces {
                if nodes + length > 12 {
                    break;
                }
                let at = at.index(nodes as usize) as u32;
                if length == 1 {
                    edges.push((at, nodes, 2));
                } else {
                    edges.push((at, nodes, 1));
                    edges.extend((1..length).map(|step| (nodes + step - 1, nodes + step, 1)));
                    edges.push((nodes + length - 1, at, 1));
                }
                nodes += length;
            }
            // Contracting a few pairs (all but) makes empty nodes and nested cuts.
            edges.extend(heavy.into_iter().map(|(u, v)| (u % nodes, v % nodes, 9)));
            (nodes, edges)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn of_up_to_twelve_nodes_every_minimum_cut_is_listed_once((nodes, edges) in small_graphs(12)) {
        assert_are_all_minimum_cuts(nodes, &edges);
    }

    #[test]
    fn of_graphs_with_many_minimum_cuts_too((nodes, edges) in cactus_like()) {
        assert_are_all_minimum_cuts(nodes, &edges);
    }

    #[test]
    fn of_sparse_unit_graphs_too(
        (nodes, edges) in (2..=12_u32).prop_flat_map(|nodes| {
            let path = (1..nodes).map(|node| (node - 1, node, 1)).collect::<Edges>();
            let more = prop::collection::vec((0..nodes, 0..nodes, Just(1_u64)), 0..14);
            (Just(nodes), more.prop_map(move |more| [path.clone(), more].concat()))
        })
    ) {
        assert_are_all_minimum_cuts(nodes, &edges);
    }

    #[test]
    fn of_graphs_whose_nodes_all_have_one_weighted_degree_too(
        nodes in 4..=12_u32,
        rounds in prop::collection::vec(Just(()).prop_perturb(|(), mut rng| rng.next_u64()), 1..4),
    ) {
        // Hamiltonian cycles in random order: every node has two edges of each.
        let mut edges = Edges::new();
        for seed in rounds {
            let mut order: Vec<u32> = (0..nodes).collect();
            let mut state = seed | 1;
            for place in (1..order.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                order.swap(place, (state >> 33) as usize % (place + 1));
            }
            edges.extend((0..order.len()).map(|place| (order[place], order[(place + 1) % order.len()], 1)));
        }
        assert_are_all_minimum_cuts(nodes, &edges);
    }
}

#[test]
fn two_cycles_that_share_an_empty_node_do_not_count_their_common_cut_twice() {
    // Four nodes, each pair of opposite ones joined: the pairs (0, 1) and (2, 3) part at one cut.
    assert_are_all_minimum_cuts(4, &[(0, 1, 2), (2, 3, 2), (0, 2, 1), (1, 3, 1), (0, 3, 1), (1, 2, 1)]);
}

#[test]
fn a_cycle_can_be_cut_at_any_two_edges() {
    for nodes in 3..30 {
        let expected = u128::from(nodes) * u128::from(nodes - 1) / 2;
        assert_eq!(count(nodes, &cycle(nodes, 7)), expected);
    }
}

#[test]
fn a_tree_can_be_cut_at_any_of_its_lightest_edges() {
    let tree: Edges = (1..200)
        .map(|node| (node, node / 3, 1 + u64::from(node % 7 == 0)))
        .collect();
    assert_eq!(count(200, &tree), 199 - 28);
}

#[test]
fn a_complete_graph_loses_any_one_node() {
    for nodes in 4..12 {
        let edges: Edges = (0..nodes).flat_map(|u| (0..u).map(move |v| (u, v, 3))).collect();
        assert_eq!(count(nodes, &edges), u128::from(nodes));
    }
}

#[test]
fn a_grid_is_cut_at_its_corners() {
    let edges: Edges = (0..36_u32)
        .flat_map(|node| {
            [
                (node % 6 < 5).then_some((node, node + 1, 1)),
                (node < 30).then_some((node, node + 6, 1)),
            ]
        })
        .flatten()
        .collect();
    assert_eq!(count(36, &edges), 4);
}

#[test]
fn the_pieces_of_a_disconnected_graph_can_be_shared_out_in_any_way() {
    assert_are_all_minimum_cuts(9, &[(0, 1, 2), (2, 3, 1), (3, 4, 0), (5, 6, 3), (6, 7, 3)]);
    assert_eq!(count(129, &Edges::new()), u128::MAX);
    let more = graph(130, &Edges::new());
    let cuts = all_minimum_cuts(&more).unwrap();
    assert_eq!(cuts.count(), None);
    let some: BTreeSet<Vec<u32>> = cuts.iter().take(1000).map(|cut| cut.side().to_vec()).collect();
    assert_eq!(some.len(), 1000);
}

#[test]
fn there_are_no_cuts_below_two_nodes() {
    assert!(all_minimum_cuts(&graph(0, &Edges::new())).is_none());
    assert!(all_minimum_cuts(&graph(1, &Edges::new())).is_none());
}

#[test]
fn the_heaviest_weights_do_not_overflow() {
    assert_eq!(count(2, &vec![(0, 1, u64::MAX)]), 1);
    assert_eq!(count(3, &cycle(3, u64::MAX / 3)), 3);
    assert_eq!(count(12, &cycle(12, u64::MAX / 12)), 66);
    assert_eq!(count(3, &vec![(0, 1, u64::MAX / 2), (1, 2, u64::MAX / 2)]), 2);
}

#[test]
fn nodes_that_are_not_there_are_not_separate() {
    let path = graph(2, &vec![(0, 1, 1)]);
    let cuts = all_minimum_cuts(&path).unwrap();
    assert!(cuts.separate(1, 0) && !cuts.separate(0, 0) && !cuts.separate(0, 2));
}

#[test]
fn larger_graphs_have_the_cuts_that_their_making_says() {
    // A ring of rings of heavy cliques: every ring can be cut at any two of its edges.
    let (rings, length, clique) = (12_u32, 9_u32, 4_u32);
    let ring_nodes = length * clique;
    let mut edges = Edges::new();
    for ring in 0..rings {
        for place in 0..length {
            let base = ring * ring_nodes + place * clique;
            edges.extend((0..clique).flat_map(|u| (0..u).map(move |v| (base + u, base + v, 2))));
            let next = ring * ring_nodes + (place + 1) % length * clique;
            edges.push((base, next + 1, 1));
        }
        edges.push((ring * ring_nodes + 2, (ring + 1) % rings * ring_nodes + 3, 1));
    }
    let per_ring = u128::from(length * (length - 1) / 2);
    let nodes = rings * ring_nodes;
    // The clique that joins a ring to its neighbours is in no cut of that ring alone.
    let expected = u128::from(rings) * per_ring + u128::from(rings * (rings - 1) / 2);
    let graph = graph(nodes, &edges);
    let cuts = all_minimum_cuts(&graph).unwrap();
    assert_eq!((cuts.value(), cuts.count()), (2, Some(expected)));
    let sides: BTreeSet<Vec<u32>> = cuts.iter().map(|cut| cut.side().to_vec()).collect();
    assert_eq!(sides.len() as u128, expected);
    for cut in cuts.iter() {
        assert_eq!(cut.value(), 2);
    }
    assert_is_cut_of(&minimum_cut(&graph).unwrap(), &graph);
}
