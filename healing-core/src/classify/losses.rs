//! What the edges of a graph have lost of their healthy capacity.
//!
//! Losses are counted as *damage*, -ln(present / healthy): where several causes hit one edge, each lets its own share of the
//! requests through, so shares multiply and damages add up. That makes causes separable (see [`super::blame`]).

use crate::monitor::IntegrityReport;
use crate::topology::{ContractedGraph, EdgeKey, NodeRef};

/// The greatest damage that is told apart: 99.9 % lost. One edge that carries nothing must not outweigh all others.
const MOST_DAMAGE: f64 = 6.9;

/// The losses of one observation, edge by edge, and who is at which edge.
pub(super) struct Losses<'a> {
    graph: &'a ContractedGraph,
    /// Sorted by key; with edges that the graph does not have any more.
    edges: Vec<EdgeLoss>,
    /// The edges at the node at position `n` are `incident[first[n]..first[n + 1]]`.
    first: Vec<usize>,
    incident: Vec<usize>,
}

/// What one edge has lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct EdgeLoss {
    pub(super) key: EdgeKey,
    /// The positions of its ends in the graph, as in its key.
    pub(super) ends: [usize; 2],
    /// Its effective capacity when the collection is well.
    pub(super) healthy: f64,
    /// -ln(present / healthy).
    pub(super) damage: f64,
}

impl<'a> Losses<'a> {
    /// The losses in `graph`, of which `report` is. Until the monitor knows what an edge carries when the collection is well,
    /// that is its nominal capacity: what it would carry if nothing failed.
    pub(super) fn of(graph: &'a ContractedGraph, report: &IntegrityReport) -> Self {
        let is_learned = report.baseline.is_some();
        let mut weakened = report.weakened.iter().filter(|_| is_learned).peekable();
        let mut edges = Vec::with_capacity(graph.edges().len());
        // Edges are sorted by their first end, so most of them have that in common with the edge before.
        let mut last = None;
        let mut ends = |key: &EdgeKey| {
            let (a, b) = key.ends();
            let at_a = match last {
                Some((node, at)) if node == a => at,
                _ => graph.position(a),
            };
            last = Some((a, at_a));
            Some([at_a?, graph.position(b)?])
        };
        let mut add = |key: EdgeKey, healthy: f64, present: f64| {
            // A missing edge of a node that is missing too is nobody's loss.
            if let Some(ends) = ends(&key) {
                edges.push(EdgeLoss {
                    key,
                    ends,
                    healthy,
                    damage: damage(healthy, present),
                });
            }
        };
        for edge in graph.edges() {
            while let Some(missing) = weakened.next_if(|it| it.edge < edge.key()) {
                add(missing.edge, missing.baseline.get(), 0.0);
            }
            let present = edge.effective_capacity().get();
            let healthy = match weakened.next_if(|it| it.edge == edge.key()) {
                Some(it) => it.baseline.get(),
                None if is_learned => present,
                None => edge.capacity().get(),
            };
            add(edge.key(), healthy, present);
        }
        for missing in weakened {
            add(missing.edge, missing.baseline.get(), 0.0);
        }
        let (first, incident) = incidence(graph.nodes().len(), &edges);
        Self {
            graph,
            edges,
            first,
            incident,
        }
    }

    pub(super) fn graph(&self) -> &'a ContractedGraph {
        self.graph
    }

    /// Sorted by key.
    pub(super) fn edges(&self) -> &[EdgeLoss] {
        &self.edges
    }

    /// The number of the edge with this key.
    pub(super) fn number(&self, key: &EdgeKey) -> Option<usize> {
        self.edges.binary_search_by_key(key, |edge| edge.key).ok()
    }

    /// The numbers of the edges at the node at a position.
    pub(super) fn at(&self, node: usize) -> &[usize] {
        &self.incident[self.first[node]..self.first[node + 1]]
    }

    /// The node at a position.
    pub(super) fn node(&self, at: usize) -> NodeRef {
        self.graph.nodes()[at].node
    }
}

/// Which edges are at which node: where each node's begin, and all of them in a row.
fn incidence(nodes: usize, edges: &[EdgeLoss]) -> (Vec<usize>, Vec<usize>) {
    let mut first = vec![0; nodes + 1];
    for end in edges.iter().flat_map(|edge| edge.ends) {
        first[end + 1] += 1;
    }
    for node in 1..first.len() {
        first[node] += first[node - 1];
    }
    let mut next = first.clone();
    let mut incident = vec![0; 2 * edges.len()];
    for (number, edge) in edges.iter().enumerate() {
        for end in edge.ends {
            incident[next[end]] = number;
            next[end] += 1;
        }
    }
    (first, incident)
}

fn damage(healthy: f64, present: f64) -> f64 {
    if present >= healthy {
        return 0.0;
    }
    // A healthy capacity of 0 was answered above, as nothing is less.
    (healthy / present).ln().min(MOST_DAMAGE)
}

/// The share of the healthy capacity that is lost to so much damage.
pub(super) fn share(damage: f64) -> f64 {
    1.0 - (-damage).exp()
}
