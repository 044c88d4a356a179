//! The same deletions by ruvector-mincut.

use std::hint::black_box;
use std::time::Instant;

use healing_benches::families::Instance;
use healing_mincut::Update;
use ruvector_mincut::MinCutBuilder;

use crate::Failure;

/// Deletions take a large fraction of a second each.
const DELETIONS: usize = 5;
/// And on larger graphs minutes.
const MOST_NODES: u32 = 1000;

/// The mean time of a deletion, the value read after it, in microseconds; edges are put back between
/// deletions, untimed. `None` for graphs that would take too long.
pub(crate) fn deletion_us(instance: &Instance, stream: &[Update]) -> Result<Option<f64>, Failure> {
    let Instance { name, graph } = instance;
    if graph.nodes() > MOST_NODES {
        return Ok(None);
    }
    let refused = |reason: String| Failure::Peer {
        instance: name.clone(),
        reason,
    };
    let edges = graph
        .edge_list()
        .map(|(u, v, weight)| (u64::from(u), u64::from(v), weight as f64))
        .collect();
    let mut peer = MinCutBuilder::new()
        .exact()
        .with_edges(edges)
        .build()
        .map_err(|error| refused(error.to_string()))?;
    let mut seconds = 0.0;
    for pair in stream.chunks_exact(2).take(DELETIONS) {
        let (u, v) = pair[0].ends();
        let (u, v) = (u64::from(u), u64::from(v));
        let started = Instant::now();
        peer.delete_edge(u, v).map_err(|error| refused(error.to_string()))?;
        black_box(peer.min_cut_value());
        seconds += started.elapsed().as_secs_f64();
        if let Update::Insert { weight, .. } = pair[1] {
            peer.insert_edge(u, v, weight as f64)
                .map_err(|error| refused(error.to_string()))?;
        }
    }
    Ok(Some(seconds * 1e6 / DELETIONS as f64))
}
