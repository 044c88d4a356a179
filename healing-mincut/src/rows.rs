//! Compressed sparse rows, borrowed from a graph or owned by a workspace.

use crate::graph::Graph;

/// A graph as the algorithms read it: node `v` has the arcs `offsets[v]..offsets[v + 1]`.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) offsets: &'a [usize],
    pub(crate) targets: &'a [u32],
    pub(crate) weights: &'a [u64],
    /// The sum of each node's weights.
    pub(crate) degrees: &'a [u64],
    /// Which bits of an arc's place count to find its weight: all of them; or, if all weights are the
    /// same, none, so that only those at the front are read, which stay in the cache.
    place_mask: usize,
}

/// The same, growing.
#[derive(Debug, Default, Clone)]
pub(crate) struct RowBuffer {
    pub(crate) offsets: Vec<usize>,
    pub(crate) targets: Vec<u32>,
    pub(crate) weights: Vec<u64>,
    pub(crate) degrees: Vec<u64>,
}

impl<'a> Rows<'a> {
    pub(crate) fn of_graph(graph: &'a Graph) -> Self {
        Self {
            offsets: graph.arc_offsets(),
            targets: graph.arc_targets(),
            weights: graph.arc_weights(),
            degrees: graph.degrees(),
            place_mask: if graph.is_uniform() { 0 } else { usize::MAX },
        }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.degrees.len()
    }

    pub(crate) fn to_graph(self) -> Graph {
        let mut edges = Vec::with_capacity(self.targets.len() / 2);
        let mut total_weight = 0;
        for u in 0..self.nodes() as u32 {
            let (targets, weights) = self.arcs_of(u);
            for (&v, &weight) in targets.iter().zip(weights).filter(|&(&v, _)| u < v) {
                edges.push((u, v, weight));
                total_weight += weight;
            }
        }
        Graph::from_checked_edges(self.nodes(), edges, total_weight, 0)
    }

    /// Reads the beginnings of some nodes' rows, which are soon to be read in full: a processor that
    /// meets these reads one after the other, with nothing to decide between them, waits for all of them
    /// at once.
    #[inline]
    pub(crate) fn touch(&self, nodes: &[u32]) {
        let first_targets = nodes.iter().map(|&node| self.targets.get(self.offsets[node as usize]));
        let sum = first_targets.fold(0_u32, |sum, target| sum.wrapping_add(target.copied().unwrap_or(0)));
        std::hint::black_box(sum);
    }

    /// The targets and the weights of a node's arcs.
    #[inline]
    pub(crate) fn arcs_of(&self, node: u32) -> (&'a [u32], &'a [u64]) {
        let node = node as usize;
        let (begin, end) = (self.offsets[node], self.offsets[node + 1]);
        let place = begin & self.place_mask;
        (&self.targets[begin..end], &self.weights[place..place + (end - begin)])
    }
}

impl RowBuffer {
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows {
            offsets: &self.offsets,
            targets: &self.targets,
            weights: &self.weights,
            degrees: &self.degrees,
            place_mask: usize::MAX,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.offsets.clear();
        self.offsets.push(0);
        self.targets.clear();
        self.weights.clear();
        self.degrees.clear();
    }

    /// The same rows, the targets of each ascending.
    pub(crate) fn fill_sorted(&mut self, rows: Rows<'_>) {
        let arcs = rows.targets.len();
        self.offsets.clear();
        self.offsets.extend_from_slice(rows.offsets);
        self.degrees.clear();
        self.degrees.extend_from_slice(rows.degrees);
        self.targets.resize(arcs, 0);
        self.weights.resize(arcs, 0);
        // The reverses of all arcs, in the order of their sources, are the arcs themselves.
        let mut free = self.offsets.clone();
        for source in 0..rows.nodes() as u32 {
            let (targets, weights) = rows.arcs_of(source);
            for (&target, &weight) in targets.iter().zip(weights) {
                let slot = &mut free[target as usize];
                self.targets[*slot] = source;
                self.weights[*slot] = weight;
                *slot += 1;
            }
        }
    }

    /// Ends the row whose arcs have been pushed last.
    pub(crate) fn end_row(&mut self) {
        let begin = self.offsets.last().copied().unwrap_or(0);
        self.degrees.push(self.weights[begin..].iter().sum());
        self.offsets.push(self.targets.len());
    }
}
