//! Graphs of several of petgraph's kinds.

#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "petgraph")]

use healing_mincut::{Graph, GraphError, minimum_cut};
use petgraph::graph::{DiGraph, UnGraph};
use petgraph::graphmap::UnGraphMap;
use petgraph::stable_graph::StableUnGraph;
use petgraph::visit::EdgeRef;

#[test]
fn every_kind_of_graph_gives_the_same_one() {
    let edges = [(0_u32, 1_u32, 5_u64), (1, 2, 3), (2, 0, 4), (2, 3, 1)];
    let expected = Graph::from_edges(4, edges).unwrap();
    let undirected = UnGraph::<(), u64>::from_edges(edges);
    let directed = DiGraph::<(), u64>::from_edges(edges);
    let map = UnGraphMap::<u32, u64>::from_edges(edges);
    assert_eq!(
        Graph::from_petgraph(&undirected, |edge| *edge.weight()).unwrap().0,
        expected
    );
    assert_eq!(
        Graph::from_petgraph(&directed, |edge| *edge.weight()).unwrap().0,
        expected
    );
    assert_eq!(Graph::from_petgraph(&map, |edge| *edge.weight()).unwrap().0, expected);
}

#[test]
fn nodes_keep_their_identity_where_others_have_been_removed() {
    let mut network = StableUnGraph::<&str, u64>::default();
    let [a, b, gone, c] = ["a", "b", "gone", "c"].map(|name| network.add_node(name));
    for (u, v, weight) in [(a, b, 9), (b, gone, 1), (gone, c, 1), (b, c, 2)] {
        network.add_edge(u, v, weight);
    }
    network.remove_node(gone);
    let (graph, nodes) = Graph::from_petgraph(&network, |edge| *edge.weight()).unwrap();
    assert_eq!(nodes, [a, b, c]);
    let cut = minimum_cut(&graph).unwrap();
    assert_eq!((cut.value(), cut.side()), (2, &[2][..]));
}

#[test]
fn weights_that_are_too_heavy_together_are_refused() {
    let network = UnGraph::<(), u64>::from_edges([(0, 1, u64::MAX), (1, 2, 1)]);
    let refused = Graph::from_petgraph(&network, |edge| *edge.weight());
    assert_eq!(
        refused.unwrap_err(),
        GraphError::TotalWeightOverflow { edge: 1, weight: 1 }
    );
}
