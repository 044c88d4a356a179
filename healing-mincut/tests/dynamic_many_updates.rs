//! A hundred thousand updates of small graphs, too many for a debug build:
//! `cargo test --release -p healing-mincut --test dynamic_many_updates -- --ignored`.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod dynamic_driver;
mod oracle;

use dynamic_driver::{Call, Pair};
use healing_mincut::Update;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// One of several kinds of graph: rings, clusters, sparse and dense, light and heavy.
fn random_edges(rng: &mut Pcg64, nodes: u32, heaviest: u64) -> Vec<(u32, u32, u64)> {
    let density = [1, 2, 4, 8][rng.random_range(0..4)];
    let clusters = [1, 1, 2, 3][rng.random_range(0..4)];
    let mut edges = Vec::new();
    if rng.random_range(0..2) > 0 {
        let weight = rng.random_range(0..=heaviest);
        edges.extend((0..nodes).map(|node| (node, (node + 1) % nodes, weight)));
    }
    for _ in 0..nodes * density {
        let (u, v) = (rng.random_range(0..nodes), rng.random_range(0..nodes));
        if u % clusters == v % clusters || rng.random_range(0..10) == 0 {
            edges.push((u, v, rng.random_range(0..=heaviest)));
        }
    }
    edges
}

/// Most are about edges that are there, and about few of them.
fn random_update(rng: &mut Pcg64, pair: &Pair, nodes: u32, heaviest: u64) -> Update {
    let edges: Vec<_> = pair.dynamic.graph().edge_list().collect();
    let (mut u, mut v, mut has) = (rng.random_range(0..nodes), rng.random_range(0..nodes), 0);
    if !edges.is_empty() && rng.random_range(0..4) > 0 {
        let few = if rng.random_range(0..2) > 0 { 3 } else { edges.len() };
        (u, v, has) = edges[rng.random_range(0..few.min(edges.len()))];
    }
    let weight = rng.random_range(0..=heaviest);
    match rng.random_range(0..8) {
        0..=1 => Update::SetWeight { u, v, weight },
        2..=3 => Update::Insert { u, v, weight },
        4..=5 => Update::Lighten {
            u,
            v,
            weight: rng.random_range(0..=has),
        },
        _ => Update::Remove { u, v },
    }
}

/// Small changes of the same few edges: losses add up, are made good in part, and cross each other.
fn small_change(rng: &mut Pcg64, pair: &Pair, few: &[(u32, u32)]) -> Update {
    let (u, v) = few[rng.random_range(0..few.len())];
    let weight = rng.random_range(1..3);
    match pair.dynamic.weight(u, v) {
        Some(has) if has >= weight && rng.random_range(0..5) < 3 => Update::Lighten { u, v, weight },
        _ => Update::Insert { u, v, weight },
    }
}

#[test]
#[ignore = "takes long in a debug build"]
fn small_changes_of_a_few_edges_agree_with_fresh_solves() {
    let mut rng = Pcg64::seed_from_u64(12);
    for _ in 0..4_000 {
        let nodes = rng.random_range(4..24);
        // Sparse graphs have many light cuts with many nodes on both sides.
        let mut edges: Vec<_> = (0..nodes)
            .map(|node| (node, (node + 1) % nodes, rng.random_range(3..8)))
            .collect();
        for _ in 0..rng.random_range(0..nodes) {
            let (u, v) = (rng.random_range(0..nodes), rng.random_range(0..nodes));
            edges.push((u, v, rng.random_range(1..5)));
        }
        let mut pair = Pair::new(nodes, &edges);
        let few: Vec<_> = (0..rng.random_range(2..12))
            .map(|_| edges[rng.random_range(0..edges.len())])
            .filter(|(u, v, _)| u != v)
            .map(|(u, v, _)| (u, v))
            .collect();
        if few.is_empty() {
            continue;
        }
        for step in 0..60 {
            let call = if step % 9 == 8 {
                let count = rng.random_range(0..6);
                Call::WhatIf((0..count).map(|_| small_change(&mut rng, &pair, &few)).collect())
            } else {
                Call::One(small_change(&mut rng, &pair, &few))
            };
            pair.call(&call);
        }
    }
}

#[test]
#[ignore = "takes long in a debug build"]
fn a_hundred_thousand_updates_agree_with_fresh_solves() {
    let mut rng = Pcg64::seed_from_u64(11);
    let mut left = 100_000_usize;
    while left > 0 {
        let nodes = if rng.random_range(0..10) == 0 {
            rng.random_range(15..60)
        } else {
            rng.random_range(2..15)
        };
        let heaviest = [1, 2, 5, 100, 1 << 40][rng.random_range(0..5)];
        let edges = random_edges(&mut rng, nodes, heaviest);
        let mut pair = Pair::new(nodes, &edges);
        for _ in 0..rng.random_range(20..200) {
            let kind = rng.random_range(0..10);
            let count = if kind < 8 { 1 } else { rng.random_range(0..8) };
            let mut batch: Vec<_> = (0..count)
                .map(|_| random_update(&mut rng, &pair, nodes, heaviest))
                .collect();
            left = left.saturating_sub(count);
            pair.call(&match kind {
                8 => Call::Batch(batch),
                9 => Call::WhatIf(batch),
                _ => Call::One(batch.remove(0)),
            });
        }
    }
}
