//! The few lightest cuts of a cut tree.

use crate::contraction::{EveryLighterCut, Workspace};
use crate::cut_tree::CutTree;
use crate::graph::Graph;
use crate::minimum_cut::MinimumCut;

/// The `k` lightest of the n - 1 cuts of a [`CutTree`], lightest first, no two of which split the
/// graph alike: its weak spots, ranked. All n - 1 of them if there are no more than `k`.
///
/// For each value, they tell apart whatever any cuts up to that value do: if a cut lighter than the
/// last of them separates two nodes, one of them no heavier does. Of cuts of one value, the tree may
/// hold any; the same graph and `k` always give the same.
///
/// Does not build the whole tree. With `k` nodes of weighted degree d or less, the `k` lightest cuts
/// weigh d or less; so whatever no such cut separates is contracted first, in near-linear time, and the
/// tree of what is left takes as many maximum flows as that has nodes (often not many more than `k`).
///
/// ```
/// use healing_mincut::{Graph, weakest_cuts};
///
/// let path = Graph::from_edges(5, [(0, 1, 8), (1, 2, 2), (2, 3, 9), (3, 4, 4)])?;
/// let values: Vec<u64> = weakest_cuts(&path, 3).iter().map(|cut| cut.value()).collect();
/// assert_eq!(values, [2, 4, 8]);
/// # Ok::<(), healing_mincut::GraphError>(())
/// ```
#[must_use]
pub fn weakest_cuts(graph: &Graph, k: usize) -> Vec<MinimumCut> {
    if k == 0 {
        return Vec::new();
    }
    let heaviest = degree_at_rank(graph, k);
    let Some(bound) = heaviest.and_then(|heaviest| heaviest.checked_add(1)) else {
        return CutTree::new(graph).cuts().take(k).collect();
    };
    let kernel = Workspace::default().kernel::<EveryLighterCut>(graph, bound);
    let tree = CutTree::new(&kernel.graph);
    let mut inside = vec![false; kernel.graph.nodes() as usize];
    let cut = |node: u32| {
        inside.fill(false);
        for &member in tree.subtree(node) {
            inside[member as usize] = true;
        }
        let members = kernel.node_of.iter().map(|&node| inside[node as usize]);
        MinimumCut::from_membership(graph, &members.collect::<Vec<bool>>())
    };
    tree.lightest_first().into_iter().take(k).map(cut).collect()
}

/// The `k`-th smallest weighted degree, counted from 1; `None` if only `k` nodes or fewer are there.
fn degree_at_rank(graph: &Graph, k: usize) -> Option<u64> {
    let mut degrees = graph.degrees().to_vec();
    if k >= degrees.len() {
        return None;
    }
    Some(*degrees.select_nth_unstable(k - 1).1)
}
