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
