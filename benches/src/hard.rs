//! Graphs on which solvers creep: every node is as weakly tied to its surroundings as the minimum cut is
//! light, so that each step of a contraction proves little; or a lighter cut is far from anything that
//! looks light.

use healing_mincut::{Graph, GraphError};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::families::Instance;

type Edges = Vec<(u32, u32, u64)>;

/// Of a size at which the textbook solver takes seconds at most.
///
/// # Errors
///
/// Never, unless a generator is wrong.
pub fn hard_table(seed: u64) -> Result<Vec<Instance>, GraphError> {
    let mut rng = Pcg64::seed_from_u64(7 + (seed << 8));
    let two_regular = joined(regular(2_000, 10, &mut rng), regular(2_000, 10, &mut rng), 6, &mut rng);
    let two_tori = joined(torus(&[40, 40]), torus(&[50, 50]), 3, &mut rng);
    let two_kinds = joined(hypercube(10), regular(2_000, 6, &mut rng), 5, &mut rng);
    let graphs = [
        ("torus 60 x 60", torus(&[60, 60])),
        ("torus 10 x 360", torus(&[10, 360])),
        ("torus 15 x 15 x 15", torus(&[15, 15, 15])),
        ("torus, shuffled", shuffled(torus(&[60, 60]), &mut rng)),
        ("grid 60 x 60", grid(60)),
        ("hypercube 11", hypercube(11)),
        ("complete 300", complete(300, 1, &mut rng)),
        ("complete 300, weighted", complete(300, 1_000, &mut rng)),
        ("bipartite 250 + 250", bipartite(250, 250)),
        ("4-regular", regular(4_000, 4, &mut rng)),
        ("10-regular", regular(4_000, 10, &mut rng)),
        ("ring of cliques", ring_of_cliques(1_000, 5)),
        ("ring and 100 chords", ring_with_random_chords(10_000, 100, &mut rng)),
        ("circulant 1, 7, 100", circulant(5_000, &[1, 7, 100])),
        ("expander x ring", product(&regular(50, 4, &mut rng), 80)),
        ("caterpillar", caterpillar(3_000, 3)),
        ("barbell, heavy", barbell(100, 300, 1 << 20)),
        ("wheel of two hubs", wheel_of_two_hubs(4_000)),
        ("heavy ring, chords of 3", heavy_ring(4_000, 3)),
        ("heavy ring, chords of 61", heavy_ring(4_000, 61)),
        ("two 10-regular", two_regular),
        ("two tori", two_tori),
        ("hypercube, 6-regular", two_kinds),
    ];
    let instance = |(name, (nodes, edges)): (&str, (u32, Edges))| {
        Ok(Instance {
            name: name.to_owned(),
            graph: Graph::from_edges(nodes, edges)?,
        })
    };
    graphs.into_iter().map(instance).collect()
}

/// A grid in as many dimensions as there are sides, whose opposite faces are joined.
fn torus(sides: &[u32]) -> (u32, Edges) {
    let nodes: u32 = sides.iter().product();
    let mut edges = Vec::new();
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

fn grid(side: u32) -> (u32, Edges) {
    let along = |node: u32| {
        let (right, down) = (node % side + 1 < side, node + side < side * side);
        [
            right.then_some((node, node + 1, 1)),
            down.then_some((node, node + side, 1)),
        ]
    };
    (side * side, (0..side * side).flat_map(along).flatten().collect())
}

fn hypercube(dimensions: u32) -> (u32, Edges) {
    let nodes = 1 << dimensions;
    let along = |node: u32| (0..dimensions).map(move |dimension| (node, node ^ (1 << dimension), 1));
    (nodes, (0..nodes).flat_map(along).filter(|(u, v, _)| u < v).collect())
}

fn complete(nodes: u32, heaviest: u64, rng: &mut Pcg64) -> (u32, Edges) {
    let pairs = (0..nodes).flat_map(|u| (0..u).map(move |v| (u, v)));
    (
        nodes,
        pairs.map(|(u, v)| (u, v, rng.random_range(1..=heaviest))).collect(),
    )
}

fn bipartite(left: u32, right: u32) -> (u32, Edges) {
    let pairs = (0..left).flat_map(|u| (0..right).map(move |v| (u, left + v, 1)));
    (left + right, pairs.collect())
}

/// Cycles through all nodes in random order, laid on each other.
fn regular(nodes: u32, degree: usize, rng: &mut Pcg64) -> (u32, Edges) {
    let mut order: Vec<u32> = (0..nodes).collect();
    let mut edges = Vec::new();
    for _ in 0..degree / 2 {
        order.shuffle(rng);
        let next = order.iter().cycle().skip(1);
        edges.extend(order.iter().zip(next).map(|(&u, &v)| (u, v, 1)));
    }
    (nodes, edges)
}

/// A ring with each node joined to those so many steps on.
fn circulant(nodes: u32, steps: &[u32]) -> (u32, Edges) {
    let edges = (0..nodes).flat_map(|node| steps.iter().map(move |step| (node, (node + step) % nodes, 1)));
    (nodes, edges.collect())
}

fn ring_of_cliques(cliques: u32, size: u32) -> (u32, Edges) {
    let mut edges = Vec::new();
    for first in (0..cliques).map(|clique| clique * size) {
        edges.extend((0..size).flat_map(|u| (0..u).map(move |v| (first + u, first + v, 1))));
        edges.push((first, (first + size) % (cliques * size) + 1, 1));
    }
    (cliques * size, edges)
}

fn ring_with_random_chords(nodes: u32, chords: usize, rng: &mut Pcg64) -> (u32, Edges) {
    let (_, mut edges) = circulant(nodes, &[1]);
    edges.extend((0..chords).map(|_| (rng.random_range(0..nodes), rng.random_range(0..nodes), 1)));
    (nodes, edges)
}

/// Copies of a graph in a ring, each node joined to the same one of the next copy.
fn product((nodes, edges): &(u32, Edges), copies: u32) -> (u32, Edges) {
    let mut all = Vec::new();
    for first in (0..copies).map(|copy| copy * nodes) {
        let next = (first + nodes) % (copies * nodes);
        all.extend(edges.iter().map(|&(u, v, weight)| (first + u, first + v, weight)));
        all.extend((0..*nodes).map(|node| (first + node, next + node, 1)));
    }
    (copies * nodes, all)
}

/// A path with so many leaves on each of its nodes.
fn caterpillar(path: u32, leaves: u32) -> (u32, Edges) {
    let spine = (1..path).map(|node| (node - 1, node, 5));
    let legs = (0..path).flat_map(|node| (0..leaves).map(move |leaf| (node, path + node * leaves + leaf, 3)));
    (path * (leaves + 1), spine.chain(legs).collect())
}

/// Two heavy cliques at the ends of a path.
fn barbell(size: u32, path: u32, weight: u64) -> (u32, Edges) {
    let mut edges = Vec::new();
    for first in [0, size + path] {
        edges.extend((0..size).flat_map(|u| (0..u).map(move |v| (first + u, first + v, weight))));
    }
    edges.extend((size - 1..size + path).map(|node| (node, node + 1, 3 * weight)));
    (2 * size + path, edges)
}

/// A heavy ring, every other node of which has a light spoke to the same one of two hubs.
fn wheel_of_two_hubs(rim: u32) -> (u32, Edges) {
    let ring = (0..rim).map(|node| (node, (node + 1) % rim, 1_000));
    let spokes = (0..rim).map(|node| (node, rim + node % 2, 1));
    let axle = [(rim, rim + 1, u64::from(rim / 4))];
    (rim + 2, ring.chain(spokes).chain(axle).collect())
}

/// A heavy ring with light chords.
fn heavy_ring(nodes: u32, chord: u32) -> (u32, Edges) {
    let ring = (0..nodes).map(|node| (node, (node + 1) % nodes, 1_000));
    let chords = (0..nodes).map(|node| (node, (node + chord) % nodes, 1));
    (nodes, ring.chain(chords).collect())
}

/// Two graphs, joined by so many edges of weight 1.
fn joined(
    (left, mut edges): (u32, Edges),
    (right, others): (u32, Edges),
    joints: usize,
    rng: &mut Pcg64,
) -> (u32, Edges) {
    edges.extend(others.into_iter().map(|(u, v, weight)| (left + u, left + v, weight)));
    edges.extend((0..joints).map(|_| (rng.random_range(0..left), left + rng.random_range(0..right), 1)));
    (left + right, edges)
}

fn shuffled((nodes, mut edges): (u32, Edges), rng: &mut Pcg64) -> (u32, Edges) {
    let mut number_of: Vec<u32> = (0..nodes).collect();
    number_of.shuffle(rng);
    for (u, v, _) in &mut edges {
        (*u, *v) = (number_of[*u as usize], number_of[*v as usize]);
    }
    (nodes, edges)
}
