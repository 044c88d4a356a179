//! Building graphs: what adds up, what is left out, what is refused.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod oracle;

use healing_mincut::{Graph, GraphError};
use oracle::small_graphs;
use proptest::prelude::*;

proptest! {
    #[test]
    fn parallel_edges_add_up_and_loops_are_counted((nodes, edges) in small_graphs(8)) {
        let graph = Graph::from_edges(nodes, edges.iter().copied()).unwrap();
        let mut expected = std::collections::BTreeMap::new();
        for &(u, v, weight) in edges.iter().filter(|(u, v, _)| u != v) {
            *expected.entry((u.min(v), u.max(v))).or_insert(0) += weight;
        }
        let expected: Vec<_> = expected.into_iter().map(|((u, v), w)| (u, v, w)).collect();
        prop_assert_eq!(graph.edge_list().collect::<Vec<_>>(), expected);
        let loops = edges.iter().filter(|(u, v, _)| u == v).count();
        prop_assert_eq!(graph.self_loops(), loops);
        for node in 0..nodes {
            let degree: u64 = graph.neighbours(node).map(|(_, weight)| weight).sum();
            prop_assert_eq!(graph.weighted_degree(node), degree);
            prop_assert!(graph.neighbours(node).is_sorted());
        }
    }

    #[test]
    fn the_order_of_the_edges_makes_no_difference((nodes, mut edges) in small_graphs(8)) {
        let graph = Graph::from_edges(nodes, edges.iter().copied()).unwrap();
        edges.reverse();
        let turned = edges.iter().map(|&(u, v, weight)| (v, u, weight));
        prop_assert_eq!(Graph::from_edges(nodes, turned).unwrap(), graph);
    }

    #[test]
    fn a_cut_of_scaled_capacities_is_within_its_stated_error(
        exponent in -900..900_i32,
        capacities in prop::collection::vec(0.0..1.0_f64, 1..200),
    ) {
        let unit = 2.0_f64.powi(exponent);
        let star = capacities.iter().enumerate();
        let edges = star.map(|(leaf, c)| (0, leaf as u32 + 1, c * unit));
        let (graph, scale) = Graph::from_capacities(capacities.len() as u32 + 1, edges).unwrap();
        let exact: f64 = capacities.iter().map(|c| c * unit).sum();
        let held = scale.capacity(graph.weighted_degree(0));
        let error = scale.cut_error(capacities.len()) + exact * 1e-13;
        prop_assert!((held - exact).abs() <= error, "{held} for {exact}, not within {error}");
        if exponent > -900 {
            prop_assert!(scale.cut_error(1) <= exact * 2.0_f64.powi(-60));
        }
    }
}

#[test]
fn a_node_that_is_not_there_is_refused() {
    let error = Graph::from_edges(3, [(0, 1, 1), (1, 3, 1)]).unwrap_err();
    assert_eq!(
        error,
        GraphError::NodeOutOfRange {
            edge: 1,
            node: 3,
            nodes: 3
        }
    );
    assert!(error.to_string().contains("edge 1 names node 3"));
    assert!(Graph::from_edges(0, [(0, 0, 1)]).is_err());
}

#[test]
fn weights_beyond_64_bits_together_are_refused() {
    let edges = [(0, 1, u64::MAX), (1, 1, 5), (1, 2, 1)];
    assert_eq!(
        Graph::from_edges(3, edges),
        Err(GraphError::TotalWeightOverflow { edge: 2, weight: 1 })
    );
}

#[test]
fn capacities_that_are_no_capacities_are_refused() {
    for capacity in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        let refused = Graph::from_capacities(2, [(0, 1, 1.0), (0, 1, capacity)]);
        assert!(matches!(refused, Err(GraphError::InvalidCapacity { edge: 1, .. })));
    }
    let refused = Graph::from_capacities(2, [(0, 1, f64::MAX), (0, 1, f64::MAX)]);
    assert_eq!(refused.unwrap_err(), GraphError::TotalCapacityOverflow);
}

#[test]
fn whole_capacities_are_held_exactly() {
    let capacities = [1.0, 3.0, 1024.0, 4_503_599_627_370_496.0];
    let star = capacities.iter().enumerate();
    let edges = star.map(|(leaf, &c)| (0, leaf as u32 + 1, c));
    let (graph, scale) = Graph::from_capacities(5, edges).unwrap();
    for (leaf, &capacity) in capacities.iter().enumerate() {
        let held = scale.capacity(graph.weighted_degree(leaf as u32 + 1));
        assert_eq!(held.to_bits(), capacity.to_bits());
    }
}

#[test]
fn capacities_of_zero_and_of_the_smallest_numbers_are_allowed() {
    let (graph, _) = Graph::from_capacities(2, [(0, 1, 0.0)]).unwrap();
    assert_eq!(graph.total_weight(), 0);
    let smallest = f64::from_bits(1);
    let (graph, scale) = Graph::from_capacities(2, [(0, 1, smallest), (0, 1, f64::MIN_POSITIVE)]).unwrap();
    assert!(scale.capacity(graph.total_weight()) >= 0.0);
}
