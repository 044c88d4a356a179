//! The minimum cut of a changing graph, against a fresh solve after every change.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod dynamic_driver;
mod oracle;

use dynamic_driver::{Call, Pair};
use healing_mincut::{DynamicMinCut, Graph, Update, UpdateError, minimum_st_cut};
use oracle::{Edges, assert_is_cut_of, small_graphs};
use proptest::prelude::*;

/// Updates of a graph of so many nodes; one in some is refused.
fn updates(nodes: u32, heaviest: u64) -> impl Strategy<Value = Update> {
    // Node `nodes` does not exist: rarely asked for.
    let node = move || prop_oneof![40 => 0..nodes, 1 => Just(nodes)];
    (node(), node(), 0..=heaviest, 0..7_u8).prop_map(|(u, v, weight, kind)| match kind {
        0..=1 => Update::SetWeight { u, v, weight },
        2..=3 => Update::Insert { u, v, weight },
        4 => Update::Lighten { u, v, weight },
        _ => Update::Remove { u, v },
    })
}

fn calls(nodes: u32, heaviest: u64) -> impl Strategy<Value = Call> {
    let batch = move || prop::collection::vec(updates(nodes, heaviest), 0..6);
    prop_oneof![
        6 => updates(nodes, heaviest).prop_map(Call::One),
        1 => batch().prop_map(Call::Batch),
        1 => batch().prop_map(Call::WhatIf),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_call_agrees_with_a_fresh_solve(
        ((nodes, edges), calls) in (small_graphs(10), prop_oneof![Just(1_u64), Just(4), Just(1000)])
            .prop_flat_map(|((nodes, edges), heaviest)| {
                (Just((nodes, edges)), prop::collection::vec(calls(nodes, heaviest), 0..40))
            })
    ) {
        let mut pair = Pair::new(nodes, &edges);
        for call in &calls {
            pair.call(call);
        }
        prop_assert_eq!(pair.dynamic.graph().edge_list().collect::<Vec<_>>(),
            pair.model.graph().edge_list().collect::<Vec<_>>());
    }

    #[test]
    fn between_any_two_nodes_the_cut_is_as_light_as_anew_whatever_changed_before(
        ((nodes, edges), calls) in small_graphs(10)
            .prop_flat_map(|(nodes, edges)| (Just((nodes, edges)), prop::collection::vec(calls(nodes, 9), 0..8)))
    ) {
        let mut pair = Pair::new(nodes, &edges);
        for call in &calls {
            pair.call(call);
            pair.dynamic.release_working_memory();
            let graph = pair.model.graph();
            for (s, t) in (0..=nodes).flat_map(|s| (0..=nodes).map(move |t| (s, t))) {
                let (kept, anew) = (pair.dynamic.minimum_st_cut(s, t), minimum_st_cut(&graph, s, t));
                match (kept, anew) {
                    (Ok(kept), Ok(anew)) => {
                        prop_assert_eq!(kept.value(), anew.value());
                        prop_assert_ne!(kept.side().contains(&s), kept.side().contains(&t));
                        assert_is_cut_of(&kept, &graph);
                    }
                    (kept, anew) => prop_assert_eq!(kept, anew),
                }
            }
        }
    }

    #[test]
    fn edges_of_larger_graphs_that_leave_and_return_change_nothing(
        edges in prop::collection::vec((0..40_u32, 0..40_u32, 1..30_u64), 60..160),
        picks in prop::collection::vec((0..160_usize, 0..4_u64), 0..60),
    ) {
        let mut pair = Pair::new(40, &edges);
        for (pick, share) in picks {
            let (u, v, _) = edges[pick % edges.len()];
            let Some(weight) = pair.dynamic.weight(u, v) else { continue };
            pair.call(&Call::One(Update::Remove { u, v }));
            pair.call(&Call::One(Update::Insert { u, v, weight: weight / 2 + weight * share / 4 + 1 }));
        }
    }
}

fn ring(nodes: u32, weight: u64) -> Edges {
    (0..nodes).map(|node| (node, (node + 1) % nodes, weight)).collect()
}

#[test]
fn a_graph_of_one_node_has_no_cut_and_takes_no_edge() {
    let graph = Graph::from_edges(1, []).unwrap();
    let mut dynamic = DynamicMinCut::new(&graph);
    assert_eq!(dynamic.value(), None);
    assert_eq!(dynamic.cut(), None);
    assert!(dynamic.side().is_empty());
    assert_eq!(dynamic.insert(0, 0, 1), Err(UpdateError::SelfLoop { node: 0 }));
    assert_eq!(
        dynamic.insert(0, 1, 1),
        Err(UpdateError::NodeOutOfRange { node: 1, nodes: 1 })
    );
    assert_eq!(dynamic.what_if(&[]), Ok(None));
}

#[test]
fn a_graph_built_edge_by_edge_is_right_all_along() {
    let mut pair = Pair::new(12, &[]);
    for (u, v, weight) in ring(12, 3).into_iter().chain(ring(12, 2)) {
        pair.call(&Call::One(Update::Insert { u, v, weight }));
    }
    for (u, v, _) in ring(12, 1) {
        pair.call(&Call::One(Update::Remove { u, v }));
    }
}

#[test]
fn a_ring_is_cut_at_its_two_lightest_edges_whichever_they_are() {
    let mut pair = Pair::new(30, &ring(30, 10));
    for step in 0..60 {
        let u = (step * 7) % 30;
        let weight = u64::from(step % 9) + 5;
        pair.call(&Call::One(Update::SetWeight {
            u,
            v: (u + 1) % 30,
            weight,
        }));
    }
}

#[test]
fn the_cut_falls_and_rises_with_an_edge_across_it() {
    let mut edges: Edges = (0..5).flat_map(|u| (0..u).map(move |v| (u, v, 10))).collect();
    edges.extend((5..10).flat_map(|u| (5..u).map(move |v| (u, v, 10))));
    edges.push((0, 5, 8));
    let mut pair = Pair::new(10, &edges);
    for weight in [3, 7, 8, 9, 0, 39, 40, 41, 45, 2, 8] {
        pair.call(&Call::One(Update::SetWeight { u: 5, v: 0, weight }));
        assert_eq!(pair.dynamic.value(), Some(weight.min(40)));
    }
}

#[test]
fn a_refused_batch_leaves_everything_as_it_was() {
    let graph = Graph::from_edges(6, ring(6, 5)).unwrap();
    let mut dynamic = DynamicMinCut::new(&graph);
    let before = dynamic.cut().cloned();
    let refused = dynamic.apply(&[
        Update::Remove { u: 0, v: 1 },
        Update::Insert { u: 2, v: 5, weight: 9 },
        Update::Lighten { u: 3, v: 4, weight: 6 },
    ]);
    let refused = refused.unwrap_err();
    assert_eq!(refused.position, 2);
    assert_eq!(
        refused.to_string(),
        "update 2 of the batch: the edge from 3 to 4 has weight 5: 6 cannot be taken off it"
    );
    assert_eq!(dynamic.cut().cloned(), before);
    assert_eq!(dynamic.graph(), graph);
}

#[test]
fn asking_what_if_changes_neither_the_graph_nor_the_cut() {
    let graph = Graph::from_edges(8, ring(8, 5).into_iter().chain(ring(4, 2))).unwrap();
    let mut dynamic = DynamicMinCut::new(&graph);
    let before = dynamic.cut().cloned();
    for (u, v, _) in ring(8, 0) {
        let gone = [Update::Remove { u, v }];
        let heavier = [
            Update::Insert { u, v, weight: 100 },
            Update::Insert {
                u,
                v: (v + 1) % 8,
                weight: 100,
            },
        ];
        assert!(dynamic.what_if(&gone).unwrap() <= dynamic.value());
        assert!(dynamic.what_if(&heavier).unwrap() >= dynamic.value());
        assert_eq!(dynamic.cut().cloned(), before);
    }
    assert_eq!(dynamic.graph(), graph);
}

#[test]
fn the_heaviest_weights_do_not_overflow() {
    let graph = Graph::from_edges(3, ring(3, u64::MAX / 3)).unwrap();
    let mut dynamic = DynamicMinCut::new(&graph);
    assert_eq!(
        dynamic.insert(0, 1, 1),
        Err(UpdateError::TotalWeightOverflow { u: 0, v: 1, weight: 1 })
    );
    assert_eq!(dynamic.remove(1, 2), Ok(u64::MAX / 3));
    assert_eq!(dynamic.value(), Some(u64::MAX / 3));
    dynamic.remove(0, 2).unwrap();
    dynamic.set_weight(0, 1, u64::MAX - 1).unwrap();
    dynamic.insert(1, 2, 1).unwrap();
    assert_eq!(dynamic.value(), Some(1));
    assert_eq!(dynamic.total_weight(), u64::MAX);
    dynamic.lighten(0, 1, u64::MAX - 1).unwrap();
    assert_eq!(dynamic.weight(0, 1), None);
    assert_eq!(dynamic.value(), Some(0));

    let pair = Graph::from_edges(2, [(0, 1, u64::MAX)]).unwrap();
    let mut pair = DynamicMinCut::new(&pair);
    assert_eq!(pair.value(), Some(u64::MAX));
    assert_eq!(pair.lighten(0, 1, 5), Ok(u64::MAX - 5));
    assert_eq!(pair.value(), Some(u64::MAX - 5));
    assert_eq!(pair.side(), [0]);
}

#[test]
fn the_cut_is_not_made_again_where_it_did_not_change() {
    let graph = Graph::from_edges(8, ring(8, 5).into_iter().chain([(0, 1, 9), (1, 2, 9), (0, 2, 9)])).unwrap();
    let mut dynamic = DynamicMinCut::new(&graph);
    let address = dynamic.cut().map(|cut| cut.witness().as_ptr());
    dynamic.insert(0, 1, 3).unwrap();
    dynamic.lighten(1, 2, 3).unwrap();
    assert_eq!(dynamic.cut().map(|cut| cut.witness().as_ptr()), address);
}
