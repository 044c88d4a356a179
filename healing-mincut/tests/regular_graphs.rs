//! Graphs in which ties to a cluster prove little, so that solvers creep: here they are large enough
//! for one that does to be noticed.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod oracle;
mod regular;

use healing_mincut::{Graph, MinimumCut, minimum_cut};
use oracle::{assert_are_all_minimum_cuts, assert_is_cut_of, stoer_wagner_value};
use proptest::prelude::*;
use regular::{
    Made, circulant, complete_bipartite, hypercube, joined, random_cycles, renumbered, ring_with_chords, torus,
    wheel_of_two_hubs,
};

fn checked((nodes, edges): Made) -> MinimumCut {
    let graph = Graph::from_edges(nodes, edges).unwrap();
    let cut = minimum_cut(&graph).unwrap();
    assert_is_cut_of(&cut, &graph);
    cut
}

#[test]
fn a_torus_loses_one_node() {
    assert_eq!(checked(torus(&[150, 150])).value(), 4);
    assert_eq!(checked(torus(&[5, 3000])).value(), 4);
    assert_eq!(checked(torus(&[20, 20, 20])).value(), 6);
    assert_eq!(checked(renumbered(torus(&[100, 100]), 1)).value(), 4);
}

#[test]
fn a_hypercube_loses_one_node() {
    assert_eq!(checked(hypercube(12)).value(), 12);
}

#[test]
fn a_ring_with_chords_everywhere_loses_one_node() {
    assert_eq!(checked(circulant(20_000, &[1, 7, 100])).value(), 6);
    assert_eq!(checked(circulant(5000, &[1, 2, 3, 4, 5, 6, 7, 8])).value(), 16);
}

#[test]
fn complete_graphs_lose_one_node() {
    assert_eq!(checked(complete_bipartite(300, 300)).value(), 300);
    assert_eq!(checked(complete_bipartite(7, 5000)).value(), 7);
    assert_eq!(checked(circulant(401, &(1..=200).collect::<Vec<_>>())).value(), 400);
}

#[test]
fn random_regular_graphs_lose_one_node() {
    assert_eq!(checked(random_cycles(20_000, 2, 3)).value(), 4);
    assert_eq!(checked(random_cycles(5_000, 5, 3)).value(), 10);
}

#[test]
fn two_of_them_part_where_they_are_joined() {
    let cut = checked(joined(random_cycles(3000, 3, 1), random_cycles(4000, 3, 2), 5));
    assert_eq!((cut.value(), cut.side().len()), (5, 3000));
    let cut = checked(joined(torus(&[50, 50]), torus(&[60, 60]), 3));
    assert_eq!((cut.value(), cut.side().len()), (3, 2500));
    let cut = checked(renumbered(joined(hypercube(11), torus(&[14, 14, 14]), 5), 9));
    assert_eq!((cut.value(), cut.side().len()), (5, 2048));
}

#[test]
fn ways_that_lead_far_round_a_heavy_ring_are_found() {
    assert_eq!(checked(wheel_of_two_hubs(2000)).value(), 500 + 1000);
    assert_eq!(checked(wheel_of_two_hubs(10_000)).value(), 2001);
    assert_eq!(checked(ring_with_chords(3000, 3)).value(), 2002);
    assert_eq!(checked(ring_with_chords(3000, 61)).value(), 2002);
}

/// Small ones of all kinds, some weights changed and some edges more.
fn small() -> impl Strategy<Value = Made> {
    let side = 3..7_u32;
    let made = prop_oneof![
        prop::collection::vec(side, 1..3).prop_map(|sides| torus(&sides)),
        (2..=5_u32).prop_map(hypercube),
        (5..40_u32, prop::collection::vec(1..5_u32, 1..4)).prop_map(|(nodes, steps)| circulant(nodes, &steps)),
        (2..12_u32, 2..12_u32).prop_map(|(left, right)| complete_bipartite(left, right)),
        (3..40_u32, 1..5_usize, any::<u64>()).prop_map(|(nodes, cycles, seed)| random_cycles(nodes, cycles, seed)),
        (3..30_u32).prop_map(wheel_of_two_hubs),
        (7..40_u32, 2..6_u32).prop_map(|(nodes, chord)| ring_with_chords(nodes, chord)),
    ];
    let pair = (made.clone(), made.clone(), 0..5_u32);
    let made = prop_oneof![
        2 => made,
        1 => pair.prop_map(|(left, right, joints)| joined(left, right, joints)),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), 0..4_u64), 0..4);
    let more = prop::collection::vec((0..80_u32, 0..80_u32, 1..3_u64), 0..4);
    (made, changes, more, any::<u64>()).prop_map(|((nodes, mut edges), changes, more, seed)| {
        for (edge, weight) in changes {
            edge.get_mut(&mut edges).2 = weight;
        }
        edges.extend(more.into_iter().map(|(u, v, weight)| (u % nodes, v % nodes, weight)));
        renumbered((nodes, edges), seed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_value_is_that_of_stoer_and_wagner((nodes, edges) in small()) {
        prop_assert_eq!(Some(checked((nodes, edges.clone())).value()), stoer_wagner_value(nodes, &edges));
    }
}

/// Rings of weights that hardly differ, with a few chords and hubs so light that only ways all round
/// the ring tell which nodes belong together.
fn rings() -> impl Strategy<Value = Made> {
    let chord = (any::<u32>(), any::<u32>(), 1..4_u64);
    (
        prop::collection::vec(990..1010_u64, 25..80),
        prop::collection::vec(chord, 0..40),
        0..3_u32,
        any::<u64>(),
    )
        .prop_map(|(ring, chords, hubs, seed)| {
            let nodes = ring.len() as u32;
            let mut edges: Vec<_> = (0..nodes)
                .zip(&ring)
                .map(|(u, &weight)| (u, (u + 1) % nodes, weight))
                .collect();
            edges.extend(chords.into_iter().map(|(u, v, weight)| (u % nodes, v % nodes, weight)));
            edges.extend(
                (0..nodes)
                    .filter(|_| hubs > 0)
                    .map(|node| (node, nodes + node % hubs.max(1), 60)),
            );
            renumbered((nodes + hubs, edges), seed)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn of_rings_too((nodes, edges) in rings()) {
        prop_assert_eq!(Some(checked((nodes, edges.clone())).value()), stoer_wagner_value(nodes, &edges));
    }
}

#[test]
fn all_minimum_cuts_of_small_ones_are_found() {
    for (nodes, edges) in [
        torus(&[3, 3]),
        torus(&[3, 4]),
        hypercube(3),
        complete_bipartite(4, 4),
        complete_bipartite(3, 6),
        circulant(12, &[1, 3]),
        circulant(11, &[1, 2, 3]),
        circulant(12, &[2, 3]),
        random_cycles(12, 2, 5),
        random_cycles(11, 3, 5),
        wheel_of_two_hubs(9),
        ring_with_chords(12, 5),
    ] {
        assert_are_all_minimum_cuts(nodes, &edges);
    }
}
