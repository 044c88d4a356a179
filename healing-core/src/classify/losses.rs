//! What the edges of a graph have lost of their healthy capacity.
//!
//! Losses are counted as *damage*, -ln(present / healthy): where several causes hit one edge, each lets its own share of the
//! requests through, so shares multiply and damages add up. That makes causes separable (see [`super::blame`]).

use crate::topology::{ContractedGraph, Edge, EdgeKey, NodeRef};

/// The greatest damage that is told apart: 99.9 % lost. One edge that carries nothing must not outweigh all others.
const MOST_DAMAGE: f64 = 6.9;

/// The losses of one observation, edge by edge, and who is at which edge.
pub(super) struct Losses<'a> {
    graph: &'a ContractedGraph,
    edges: Vec<EdgeLoss>,
    /// The edges at the node at position `n` are `incident[first[n]..first[n + 1]]`.
    first: Vec<usize>,
    incident: Vec<usize>,
}

/// What one edge has lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct EdgeLoss {
    /// The positions of its ends in the graph, as in its key.
    pub(super) ends: [usize; 2],
    /// Its effective capacity when the collection is well.
    pub(super) healthy: f64,
    /// -ln(present / healthy).
    pub(super) damage: f64,
}

impl<'a> Losses<'a> {
    /// The losses in `graph`, where `healthy` knows an edge's effective capacity when the collection is well. For an edge that
    /// it does not know, that is its nominal capacity: what it would carry if nothing failed.
    pub(super) fn of(graph: &'a ContractedGraph, healthy: impl Fn(&EdgeKey) -> Option<f64>) -> Self {
        let position = |node: NodeRef| graph.position(node).unwrap_or(usize::MAX);
        let mut edges = Vec::with_capacity(graph.edges().len());
        // Edges are sorted by their first end, so most of them have that in common with the edge before.
        let mut last = None;
        for edge in graph.edges() {
            let key = edge.key();
            let (a, b) = key.ends();
            let at_a = match last {
                Some((node, at)) if node == a => at,
                _ => position(a),
            };
            last = Some((a, at_a));
            let healthy = healthy(&key).unwrap_or(edge.capacity().get());
            edges.push(EdgeLoss {
                ends: [at_a, position(b)],
                healthy,
                damage: damage(edge, healthy),
            });
        }
        let mut first = vec![0; graph.nodes().len() + 1];
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

    /// In the order of the graph's edges.
    pub(super) fn edges(&self) -> &[EdgeLoss] {
        &self.edges
    }

    /// The numbers of the edges at the node at a position.
    pub(super) fn at(&self, node: usize) -> &[usize] {
        &self.incident[self.first[node]..self.first[node + 1]]
    }
}

fn damage(edge: &Edge, healthy: f64) -> f64 {
    let present = edge.effective_capacity().get();
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
