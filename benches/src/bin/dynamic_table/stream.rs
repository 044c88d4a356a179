//! The updates that are timed.

use healing_mincut::{Graph, Update};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Removes a random edge and puts it back with 0.5 to 1.5 of its weight, again and again; always the
/// same updates for the same graph.
pub(crate) fn removed_and_put_back(graph: &Graph, updates: usize) -> Vec<Update> {
    let mut rng = Pcg64::seed_from_u64(1);
    let mut edges: Vec<_> = graph.edge_list().collect();
    let count = edges.len();
    (0..updates / 2)
        .flat_map(|_| {
            let (u, v, weight) = &mut edges[rng.random_range(0..count)];
            let factor = rng.random_range(0.5..1.5_f64);
            *weight = ((*weight as f64 * factor).round() as u64).max(1);
            let (u, v, weight) = (*u, *v, *weight);
            [Update::Remove { u, v }, Update::Insert { u, v, weight }]
        })
        .collect()
}
