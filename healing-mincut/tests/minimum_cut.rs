//! The minimum cut against brute force, against Stoer-Wagner, and against closed forms.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod oracle;

use healing_mincut::{Graph, minimum_cut};
use oracle::{Edges, assert_is_cut_of, brute_force_value, small_graphs, stoer_wagner_value};
use proptest::prelude::*;

/// Solves, checks the cut itself, and returns its value.
fn checked_value(nodes: u32, edges: &Edges) -> Option<u64> {
    let graph = Graph::from_edges(nodes, edges.iter().copied()).unwrap();
    let cut = minimum_cut(&graph)?;
    assert_is_cut_of(&cut, &graph);
    assert_eq!(Some(&cut), minimum_cut(&graph).as_ref(), "the same cut again");
    Some(cut.value())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_cut_of_up_to_ten_nodes_is_lighter((nodes, edges) in small_graphs(10)) {
        prop_assert_eq!(checked_value(nodes, &edges), brute_force_value(nodes, &edges));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_value_is_that_of_stoer_and_wagner(
        (nodes, edges) in (2..60_u32, 1..100_u64).prop_flat_map(|(nodes, heaviest)| {
            let edge = (0..nodes, 0..nodes, 0..=heaviest);
            (Just(nodes), prop::collection::vec(edge, 0..400))
        })
    ) {
        prop_assert_eq!(checked_value(nodes, &edges), stoer_wagner_value(nodes, &edges));
    }

    #[test]
    fn two_random_halves_on_a_few_light_edges_part_there(
        half in 5..30_u32,
        inner in prop::collection::vec((0..30_u32, 0..30_u32, 1..9_u64), 0..200),
        bridges in prop::collection::vec((0..30_u32, 0..30_u32, 0..3_u64), 0..6),
    ) {
        let mut edges: Edges = Vec::new();
        for (u, v, weight) in inner {
            edges.push((u % half, v % half, weight));
            edges.push((half + v % half, half + u % half, weight));
        }
        edges.extend(bridges.into_iter().map(|(u, v, w)| (u % half, half + v % half, w)));
        prop_assert_eq!(checked_value(2 * half, &edges), stoer_wagner_value(2 * half, &edges));
    }
}

fn cycle(nodes: u32, weight: u64) -> Edges {
    (0..nodes).map(|node| (node, (node + 1) % nodes, weight)).collect()
}

fn complete(nodes: u32, weight: u64) -> Edges {
    (0..nodes).flat_map(|u| (0..u).map(move |v| (u, v, weight))).collect()
}

#[test]
fn nothing_to_cut_below_two_nodes() {
    assert_eq!(checked_value(0, &Vec::new()), None);
    assert_eq!(checked_value(1, &vec![(0, 0, 7)]), None);
}

#[test]
fn a_cycle_is_cut_at_two_edges() {
    for nodes in 3..40 {
        assert_eq!(checked_value(nodes, &cycle(nodes, 5)), Some(10));
    }
}

#[test]
fn a_complete_graph_loses_one_node() {
    for nodes in 2..20 {
        let expected = u64::from(nodes - 1) * 3;
        assert_eq!(checked_value(nodes, &complete(nodes, 3)), Some(expected));
    }
}

#[test]
fn a_hypercube_is_cut_at_as_many_edges_as_it_has_dimensions() {
    for dimensions in 1..9_u32 {
        let nodes = 1 << dimensions;
        let edges: Edges = (0..nodes)
            .flat_map(|u| (0..dimensions).map(move |bit| (u, u ^ (1 << bit), 1)))
            .filter(|&(u, v, _)| u < v)
            .collect();
        assert_eq!(checked_value(nodes, &edges), Some(u64::from(dimensions)));
    }
}

#[test]
fn a_torus_is_cut_round_one_node() {
    for (width, height) in [(3, 3), (4, 7), (12, 12)] {
        let at = |x: u32, y: u32| (x % width) + (y % height) * width;
        let edges: Edges = (0..width * height)
            .map(|node| (node % width, node / width))
            .flat_map(|(x, y)| [(at(x, y), at(x + 1, y), 1), (at(x, y), at(x, y + 1), 1)])
            .collect();
        assert_eq!(checked_value(width * height, &edges), Some(4));
    }
}

#[test]
fn a_barbell_is_cut_at_its_bar() {
    for size in 3..15 {
        let mut edges = complete(size, 2);
        edges.extend(complete(size, 2).iter().map(|&(u, v, w)| (u + size, v + size, w)));
        edges.push((0, size, 1));
        assert_eq!(checked_value(2 * size, &edges), Some(1));
    }
}

#[test]
fn the_pieces_of_a_disconnected_graph_part_for_nothing() {
    let mut edges = complete(4, 9);
    edges.extend(cycle(5, 9).iter().map(|&(u, v, w)| (u + 4, v + 4, w)));
    assert_eq!(checked_value(9, &edges), Some(0));
    assert_eq!(checked_value(10, &edges), Some(0), "with one node on its own besides");
    assert_eq!(checked_value(5, &Vec::new()), Some(0));
    edges.push((0, 4, 0));
    assert_eq!(
        checked_value(9, &edges),
        Some(0),
        "an edge of weight zero holds nothing"
    );
}

#[test]
fn parallel_edges_count_together() {
    let edges = vec![(0, 1, 1), (1, 0, 2), (0, 1, 3), (1, 2, 7), (2, 2, 1)];
    assert_eq!(checked_value(3, &edges), Some(6));
}

#[test]
fn the_heaviest_weights_do_not_overflow() {
    assert_eq!(checked_value(2, &vec![(0, 1, u64::MAX)]), Some(u64::MAX));
    let third = u64::MAX / 3;
    assert_eq!(checked_value(3, &cycle(3, third)), Some(2 * third));
    let share = u64::MAX / 45;
    assert_eq!(checked_value(10, &complete(10, share)), Some(9 * share));
}
