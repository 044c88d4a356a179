//! The minimum cuts of other crates.

use healing_mincut::Graph;

use crate::measure::rival_seconds;

/// rustworkx-core takes most of a minute beyond.
const MOST_NODES_OF_RUSTWORKX: u32 = 10_000;
/// ruvector-mincut takes as long, and much memory.
const MOST_NODES_OF_RUVECTOR: u32 = 1_000;

/// How long a peer took, and the value that it found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) seconds: f64,
    pub(crate) value: u64,
}

/// Times `stoer_wagner_min_cut`; `None` on graphs that are too large for it.
pub(crate) fn rustworkx(graph: &Graph) -> Option<Peer> {
    use rustworkx_core::connectivity::stoer_wagner_min_cut;
    use rustworkx_core::petgraph::graph::{NodeIndex, UnGraph};

    if graph.nodes() > MOST_NODES_OF_RUSTWORKX {
        return None;
    }
    let mut theirs = UnGraph::<(), u64>::with_capacity(graph.nodes() as usize, graph.edges());
    for _ in 0..graph.nodes() {
        theirs.add_node(());
    }
    for (u, v, weight) in graph.edge_list() {
        theirs.add_edge(NodeIndex::new(u as usize), NodeIndex::new(v as usize), weight);
    }
    let run = || {
        let cut = stoer_wagner_min_cut(&theirs, |edge| Ok::<u64, std::convert::Infallible>(*edge.weight()));
        cut.ok().flatten().map(|(value, _)| value)
    };
    let (seconds, value) = rival_seconds(run);
    Some(Peer {
        name: "rustworkx-core",
        seconds,
        value: value?,
    })
}

/// Times the building of a `DynamicMinCut`, which solves; `None` on graphs that are too large for it.
pub(crate) fn ruvector(graph: &Graph) -> Option<Peer> {
    use ruvector_mincut::MinCutBuilder;

    if graph.nodes() > MOST_NODES_OF_RUVECTOR {
        return None;
    }
    let edges: Vec<(u64, u64, f64)> = graph
        .edge_list()
        .map(|(u, v, weight)| (u64::from(u), u64::from(v), weight as f64))
        .collect();
    let run = || {
        let theirs = MinCutBuilder::new().exact().with_edges(edges.clone()).build();
        theirs.ok().map(|theirs| theirs.min_cut_value())
    };
    let (seconds, value) = rival_seconds(run);
    Some(Peer {
        name: "ruvector-mincut",
        seconds,
        // Sums of whole numbers that an `f64` holds exactly.
        value: value? as u64,
    })
}
