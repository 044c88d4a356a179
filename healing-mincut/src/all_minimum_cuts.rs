//! Every minimum cut, not only the one that a solver meets first.

use std::fmt;

use crate::cactus::{self, Cactus};
use crate::components::Components;
use crate::contraction::{EveryMinimumCut, Workspace};
use crate::graph::Graph;
use crate::minimum_cut::{CutEdge, MinimumCut};

/// All minimum cuts of a graph, in O(n) memory though there may be n(n-1)/2 of them (or, where the
/// graph is not connected, far more): as a cactus.
#[derive(Clone)]
pub struct AllMinimumCuts<'g> {
    graph: &'g Graph,
    value: u64,
    cuts: Cuts,
}

#[derive(Debug, Clone)]
enum Cuts {
    /// Of a connected graph.
    Cactus(Cactus),
    /// Of one that is not: every way to share out its pieces.
    Between(Components),
}

/// All the lightest cuts of a graph; `None` if it has fewer than two nodes, and so no cut.
///
/// Exact and deterministic. What no minimum cut separates is contracted first, as in
/// [`minimum_cut`](crate::minimum_cut()); of what is left the cactus is built as in H. Nagamochi,
/// Y. Nakao and T. Ibaraki, "A fast algorithm for cactus representations of minimum cuts" (2000), with
/// fewer flows than nodes are left. In all a few times what one minimum cut takes, if the graph has few
/// of them; with k nodes left after contracting, O(k) more flows and at worst O(k(n + m)) time for
/// taking pieces apart.
///
/// ```
/// use healing_mincut::{Graph, all_minimum_cuts};
///
/// // A square, with a tail as light as any two of its edges.
/// let graph = Graph::from_edges(5, [(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 0, 1), (3, 4, 2)])?;
/// let cuts = all_minimum_cuts(&graph).ok_or("no cut")?;
/// assert_eq!((cuts.value(), cuts.count()), (2, Some(7)));
/// assert!(cuts.iter().all(|cut| cut.value() == 2));
/// assert!(cuts.separate(0, 1) && cuts.edges().count() == graph.edges());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn all_minimum_cuts(graph: &Graph) -> Option<AllMinimumCuts<'_>> {
    if graph.nodes() < 2 {
        return None;
    }
    let mut workspace = Workspace::default();
    let value = workspace.lightest_value(graph);
    let cuts = match value.checked_add(1) {
        _ if value == 0 => Cuts::Between(Components::of(graph)),
        Some(bound) => {
            let kernel = workspace.kernel::<EveryMinimumCut>(graph, bound);
            Cuts::Cactus(cactus::build(&kernel.graph, &kernel.node_of, value))
        }
        // All weight there is lies on one edge, and there are but two nodes.
        None => {
            let nodes: Vec<u32> = (0..graph.nodes()).collect();
            Cuts::Cactus(cactus::build(graph, &nodes, value))
        }
    };
    Some(AllMinimumCuts { graph, value, cuts })
}

impl<'g> AllMinimumCuts<'g> {
    /// The value of each.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// How many there are: at most n(n-1)/2 if the graph is connected; 2<sup>c-1</sup> - 1 if it falls
    /// into c pieces, and `None` if that is beyond `u128`.
    #[must_use]
    pub fn count(&self) -> Option<u128> {
        match &self.cuts {
            Cuts::Cactus(cactus) => Some(u128::from(cactus.count())),
            Cuts::Between(components) => match components.count - 1 {
                128 => Some(u128::MAX),
                others => 1_u128.checked_shl(others).map(|sides| sides - 1),
            },
        }
    }

    /// Each of them once, always in the same order. A cut is made as it is asked for, in O(n) time and
    /// O(m log m) for its edges.
    pub fn iter(&self) -> impl Iterator<Item = MinimumCut> + '_ {
        let (of_cactus, between) = match &self.cuts {
            Cuts::Cactus(cactus) => (Some(cactus), None),
            Cuts::Between(components) => (None, Some(components)),
        };
        let of_cactus = of_cactus.into_iter().flat_map(Cactus::sides);
        let of_cactus = of_cactus.map(|side| MinimumCut::from_members(self.graph, side));
        let between = between.into_iter().flat_map(|components| {
            let nodes = &components.piece_of;
            let inside = move |side: Vec<bool>| nodes.iter().map(move |&piece| side[piece as usize]).collect();
            components.sides().map(inside)
        });
        let between = between.map(|inside: Vec<bool>| MinimumCut::from_membership(self.graph, &inside));
        of_cactus.chain(between)
    }

    /// Whether any of them has the two nodes on different sides; no node is separate from one that is
    /// not in the graph.
    #[must_use]
    pub fn separate(&self, u: u32, v: u32) -> bool {
        let classes = self.classes();
        match (classes.get(u as usize), classes.get(v as usize)) {
            (Some(u), Some(v)) => u != v,
            _ => false,
        }
    }

    /// The edges that cross any of them, ascending: those whose loss makes some minimum cut lighter, and edges of
    /// weight zero, whose loss makes none.
    pub fn edges(&self) -> impl Iterator<Item = CutEdge> + '_ {
        let classes = self.classes();
        self.graph
            .edge_list()
            .filter(|&(u, v, _)| classes[u as usize] != classes[v as usize])
            .map(|(u, v, weight)| CutEdge { u, v, weight })
    }

    /// Nodes of one class are on one side of every minimum cut.
    fn classes(&self) -> &[u32] {
        match &self.cuts {
            Cuts::Cactus(cactus) => cactus.class_of(),
            Cuts::Between(components) => &components.piece_of,
        }
    }
}

impl fmt::Debug for AllMinimumCuts<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AllMinimumCuts")
            .field("graph", &self.graph)
            .field("value", &self.value)
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
