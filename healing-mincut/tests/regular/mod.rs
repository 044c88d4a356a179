//! Graphs whose nodes are all as weakly tied to their surroundings as the minimum cut is light.

use crate::oracle::Edges;

/// How many nodes, and the edges between them.
pub(crate) type Made = (u32, Edges);

/// A grid in as many dimensions as there are sides, whose opposite faces are joined.
pub(crate) fn torus(sides: &[u32]) -> Made {
    let nodes: u32 = sides.iter().product();
    let mut edges = Edges::new();
    for node in 0..nodes {
        let mut stride = 1;
        for side in sides {
            let place = node / stride % side;
            edges.push((node, node - place * stride + (place + 1) % side * stride, 1));
            stride *= side;
        }
    }
    (nodes, edges)
}

pub(crate) fn hypercube(dimensions: u32) -> Made {
    let nodes = 1 << dimensions;
    let along = |node: u32| (0..dimensions).map(move |dimension| (node, node ^ (1 << dimension)));
    let edges = (0..nodes).flat_map(along).filter(|(u, v)| u < v);
    (nodes, edges.map(|(u, v)| (u, v, 1)).collect())
}

/// A ring with each node joined to those so many steps on.
pub(crate) fn circulant(nodes: u32, steps: &[u32]) -> Made {
    let edges = (0..nodes).flat_map(|node| steps.iter().map(move |step| (node, (node + step) % nodes, 1)));
    (nodes, edges.collect())
}

pub(crate) fn complete_bipartite(left: u32, right: u32) -> Made {
    let edges = (0..left).flat_map(|u| (0..right).map(move |v| (u, left + v, 1)));
    (left + right, edges.collect())
}

/// Cycles through all nodes in random order, laid on each other.
pub(crate) fn random_cycles(nodes: u32, cycles: usize, seed: u64) -> Made {
    let mut order: Vec<u32> = (0..nodes).collect();
    let mut state = seed;
    let mut edges = Edges::new();
    for _ in 0..cycles {
        shuffle(&mut order, &mut state);
        let next = order.iter().cycle().skip(1);
        edges.extend(order.iter().zip(next).map(|(&u, &v)| (u, v, 1)));
    }
    (nodes, edges)
}

/// A heavy ring, every other node of which has a light spoke to the same one of two hubs.
pub(crate) fn wheel_of_two_hubs(rim: u32) -> Made {
    let mut edges = Edges::new();
    for node in 0..rim {
        edges.push((node, (node + 1) % rim, 1000));
        edges.push((node, rim + node % 2, 1));
    }
    edges.push((rim, rim + 1, u64::from(rim / 4)));
    (rim + 2, edges)
}

/// A heavy ring with light chords.
pub(crate) fn ring_with_chords(nodes: u32, chord: u32) -> Made {
    let ring = (0..nodes).map(|node| (node, (node + 1) % nodes, 1000));
    let chords = (0..nodes).map(|node| (node, (node + chord) % nodes, 1));
    (nodes, ring.chain(chords).collect())
}

/// Two graphs side by side, joined by so many light edges.
pub(crate) fn joined((left, mut edges): Made, (right, others): Made, joints: u32) -> Made {
    edges.extend(others.into_iter().map(|(u, v, weight)| (left + u, left + v, weight)));
    edges.extend((0..joints).map(|joint| (joint * 7 % left, left + joint * 11 % right, 1)));
    (left + right, edges)
}

/// The same graph, its nodes numbered in random order.
pub(crate) fn renumbered((nodes, mut edges): Made, seed: u64) -> Made {
    let mut number_of: Vec<u32> = (0..nodes).collect();
    shuffle(&mut number_of, &mut { seed });
    for (u, v, _) in &mut edges {
        (*u, *v) = (number_of[*u as usize], number_of[*v as usize]);
    }
    (nodes, edges)
}

/// Fisher and Yates, by the numbers of Knuth's MMIX generator.
fn shuffle(numbers: &mut [u32], state: &mut u64) {
    for place in (1..numbers.len()).rev() {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        numbers.swap(place, (*state >> 33) as usize % (place + 1));
    }
}
