//! A tree that holds a lightest cut between every two nodes.

use std::fmt;

use crate::error::PairError;
use crate::flow::{Ending, MaximumFlow};
use crate::graph::Graph;
use crate::leaves::Pruned;
use crate::minimum_cut::MinimumCut;

/// The Gomory-Hu tree of a graph: n - 1 cuts, among them a lightest one between any two nodes.
///
/// The nodes of the tree are those of the graph. Without one of its edges the tree falls into two
/// parts: these are the sides of a cut, and the edge carries its value. The lightest edge on the way
/// between two nodes is a minimum cut between them, in values as in sides. (An *equivalent flow
/// tree*, which is easier to build, has the values alone.)
///
/// R. E. Gomory and T. C. Hu, "Multi-terminal network flows" (J. SIAM 9(4), 1961), built as in
/// D. Gusfield, "Very simple methods for all pairs network flow analysis" (SIAM J. Comput. 19(1),
/// 1990): one maximum flow for each node but the first, all on the graph itself. Trees that hang on
/// the rest of the graph need none; a node that only the cut around itself separates from the others
/// costs little more than a look at its surroundings. Takes O(n + m) memory.
///
/// ```
/// use healing_mincut::{CutTree, Graph};
///
/// // A triangle with a tail.
/// let graph = Graph::from_edges(4, [(0, 1, 4), (1, 2, 5), (2, 0, 6), (2, 3, 1)])?;
/// let tree = CutTree::new(&graph);
/// assert_eq!(tree.value(0, 1)?, 9);
/// assert_eq!(tree.minimum_cut(1, 3)?.side(), [3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CutTree<'g> {
    graph: &'g Graph,
    /// The root is its own parent.
    parents: Vec<u32>,
    /// The value of the cut between each node's subtree and the rest; nothing for the root.
    values: Vec<u64>,
    /// The nodes, each subtree in a row, its topmost node first.
    order: Vec<u32>,
    /// Where in the order each subtree begins, and ends.
    subtrees: Vec<(u32, u32)>,
}

impl<'g> CutTree<'g> {
    /// Builds the tree. At most n - 1 maximum flows.
    #[must_use]
    pub fn new(graph: &'g Graph) -> Self {
        let nodes = graph.nodes() as usize;
        let mut parents: Vec<u32> = (0..graph.nodes()).collect();
        let mut values = vec![0; nodes];
        let pruned = Pruned::of(graph);
        for leaf in &pruned.leaves {
            parents[leaf.node as usize] = leaf.neighbour;
            values[leaf.node as usize] = leaf.weight;
        }
        let core = pruned.core_of(graph);
        let (core_parents, core_values) = gusfield(&core);
        for ((&node, parent), value) in pruned.core.iter().zip(core_parents).zip(core_values) {
            parents[node as usize] = pruned.core[parent as usize];
            values[node as usize] = value;
        }
        let (order, subtrees) = in_preorder(&parents);
        Self {
            graph,
            parents,
            values,
            order,
            subtrees,
        }
    }

    /// The value of the lightest cut between two nodes. Takes time in proportion to the tree's depth.
    ///
    /// # Errors
    ///
    /// As [`minimum_st_cut`](crate::minimum_st_cut).
    pub fn value(&self, u: u32, v: u32) -> Result<u64, PairError> {
        Ok(self.values[self.lightest_between(u, v)? as usize])
    }

    /// The lightest cut between two nodes, with its sides and its edges. Takes O(n) time, and O(m log m)
    /// for the edges.
    ///
    /// # Errors
    ///
    /// As [`minimum_st_cut`](crate::minimum_st_cut).
    pub fn minimum_cut(&self, u: u32, v: u32) -> Result<MinimumCut, PairError> {
        let node = self.lightest_between(u, v)?;
        Ok(MinimumCut::from_members(self.graph, self.subtree(node)))
    }

    /// The tree's cuts, lightest first: one less than the graph has nodes, no two of which split it
    /// alike. Of equal ones, those with the smallest sides come first. Each is made as it is asked for,
    /// in O(n) time and O(m log m) for the edges.
    #[must_use]
    pub fn cuts(&self) -> impl ExactSizeIterator<Item = MinimumCut> + '_ {
        let cuts = self.lightest_first();
        cuts.into_iter()
            .map(|node| MinimumCut::from_members(self.graph, self.subtree(node)))
    }

    /// The nodes below which the cuts are, lightest first.
    pub(crate) fn lightest_first(&self) -> Vec<u32> {
        let nodes = self.order.len();
        let mut cuts: Vec<u32> = self.order.iter().skip(1).copied().collect();
        cuts.sort_unstable_by_key(|&node| {
            let size = self.subtree(node).len();
            (self.values[node as usize], size.min(nodes - size), node)
        });
        cuts
    }

    /// A node and all below it: the one side of a cut.
    pub(crate) fn subtree(&self, node: u32) -> &[u32] {
        let (begin, end) = self.subtrees[node as usize];
        &self.order[begin as usize..end as usize]
    }

    /// The node below which the lightest cut between two nodes is.
    fn lightest_between(&self, u: u32, v: u32) -> Result<u32, PairError> {
        PairError::check(self.graph.nodes(), u, v)?;
        let (mut u, mut v) = (u, v);
        let mut lightest = None;
        while u != v {
            // The later of the two in the order is not above the other.
            if self.subtrees[u as usize].0 < self.subtrees[v as usize].0 {
                (u, v) = (v, u);
            }
            let value = self.values[u as usize];
            if lightest.is_none_or(|(least, _)| value < least) {
                lightest = Some((value, u));
            }
            u = self.parents[u as usize];
        }
        // Two different nodes have at least one edge between them.
        Ok(lightest.map_or(u, |(_, node)| node))
    }
}

impl fmt::Debug for CutTree<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CutTree")
            .field("graph", &self.graph)
            .finish_non_exhaustive()
    }
}

/// Gusfield's algorithm: the parent of each node, and the value of the cut below it.
fn gusfield(graph: &Graph) -> (Vec<u32>, Vec<u64>) {
    let nodes = graph.nodes();
    let degree = |node: u32| graph.weighted_degree(node);
    // All flows go to the heaviest node at first: so it is the others that are cut off, the lightest
    // ones first, most often by the cut around them alone.
    let mut order: Vec<u32> = (0..nodes).collect();
    order.sort_unstable_by_key(|&node| (degree(node), node));
    let Some(root) = order.pop() else {
        return (Vec::new(), Vec::new());
    };
    let mut parents = vec![root; nodes as usize];
    let mut values = vec![0_u64; nodes as usize];
    let mut flow = MaximumFlow::new(graph);
    let mut on_sink_side = vec![false; nodes as usize];
    for source in order {
        let sink = parents[source as usize];
        let limit = degree(source).min(degree(sink));
        let value = flow.run(source, sink, limit);
        values[source as usize] = value;
        let (side, holds_source) = match flow.ending() {
            Ending::Limit if limit == degree(source) => (&[source][..], true),
            Ending::Limit => (&[sink][..], false),
            Ending::SourceClosed => (flow.side(), true),
            Ending::SinkClosed => (flow.side(), false),
        };
        // Neighbours of the sink in the tree that are on the source's side are hung on the source.
        let above = parents[sink as usize];
        let above_moves = if holds_source {
            for &node in side {
                if node != source && parents[node as usize] == sink {
                    parents[node as usize] = source;
                }
            }
            above != sink && side.contains(&above)
        } else {
            for &node in side {
                on_sink_side[node as usize] = true;
            }
            for node in 0..nodes {
                let moves = !on_sink_side[node as usize] && node != source && node != sink;
                if moves && parents[node as usize] == sink {
                    parents[node as usize] = source;
                }
            }
            let moves = above != sink && !on_sink_side[above as usize];
            for &node in side {
                on_sink_side[node as usize] = false;
            }
            moves
        };
        if above_moves {
            parents[source as usize] = above;
            parents[sink as usize] = source;
            values[source as usize] = values[sink as usize];
            values[sink as usize] = value;
        }
    }
    (parents, values)
}

/// The nodes of a tree, parents before children and every subtree in a row, and where each subtree
/// begins and ends.
fn in_preorder(parents: &[u32]) -> (Vec<u32>, Vec<(u32, u32)>) {
    let nodes = parents.len();
    let is_root = |node: u32| parents[node as usize] == node;
    let mut first_child = vec![u32::MAX; nodes];
    let mut next_sibling = vec![u32::MAX; nodes];
    let mut waiting = Vec::new();
    for node in (0..nodes as u32).rev() {
        if is_root(node) {
            waiting.push(node);
        } else {
            let parent = parents[node as usize] as usize;
            next_sibling[node as usize] = first_child[parent];
            first_child[parent] = node;
        }
    }
    let mut order = Vec::with_capacity(nodes);
    let mut subtrees = vec![(0, 0); nodes];
    while let Some(node) = waiting.pop() {
        subtrees[node as usize].0 = order.len() as u32;
        order.push(node);
        let mut child = first_child[node as usize];
        while child != u32::MAX {
            waiting.push(child);
            child = next_sibling[child as usize];
        }
    }
    // Backwards, each subtree's end is known before its parent's.
    for &node in order.iter().rev() {
        let subtree = &mut subtrees[node as usize];
        subtree.1 = subtree.1.max(subtree.0 + 1);
        let end = subtree.1;
        let above = &mut subtrees[parents[node as usize] as usize];
        above.1 = above.1.max(end);
    }
    (order, subtrees)
}
