//! The minimum cut of a graph that changes: brought up to date, not found anew.
//!
//! [`DynamicMinCut`] knows the value `lambda` of the minimum cut and one side of it. Besides, it keeps
//!
//! * the weighted degree of every node, the least of them first ([`least_degree`]): the cuts around
//!   single nodes;
//! * the values of a few other cuts that are or lately were the lightest ([`known_cuts`]), each node's
//!   side of all of them in one byte, so that an update is priced for all of them in O(1);
//! * a *floor* ([`floor`]): a value below which no cut was when it was proven, and the pairs of nodes
//!   whose edge has been lightened since, with what it has lost. Every cut weighs at least the floor
//!   less the losses of the pairs that it separates.
//!
//! After an update, let `known` be the value of the lightest cut that is known by its own value. It is
//! the minimum unless there is a lighter one, and that can be ruled out, cheapest first:
//!
//! 1. All losses together leave the floor at `known` or above: it is the minimum.
//! 2. `known` is above the floor, which can only be when the lightest cut grew heavier: the graph is
//!    solved anew, and its minimum is the new floor.
//! 3. If `known` is at most the last minimum, a lighter cut has lost weight in this very update: it
//!    separates a pair whose edge just got lighter. If `known` has risen, a lighter cut is below the
//!    floor: it separates some pair that has lost weight since that was proven. For each of these
//!    pairs a flow between its two ends, cut off at `known`, tells ([`local_flow`]): either it reaches
//!    `known`, or it ends at the lightest cut that separates the pair, which then is the lightest
//!    known.
//!
//! So the value is exact after every update. A pair whose flow reached the floor is forgotten: no
//! cut that separates it is below. When too many pairs are left, the floor comes down to the minimum,
//! which needs no pairs. A batch is the same with many edges changed at once. A cut found by a flow or
//! a solve is remembered among those known, so that an edge that leaves and returns brings back the
//! cut there was before without another solve.
//!
//! That a lighter edge can only be felt between its own two ends is how Henzinger, Noe and Schulz
//! handle deletions too, "Practical fully dynamic minimum cut algorithms" (ALENEX 2022); for
//! insertions they keep all minimum cuts as a cactus, where here a few cuts and the floor must do.
//!
//! # What an update costs
//!
//! Finding the edge is O(smaller of the two degrees), the degrees are O(log n), the known cuts O(1).
//! An edge made heavier that does not cross the cut, and one made lighter that crosses it, mostly end
//! there. An edge made lighter elsewhere costs a flow that is searched for from both ends at once: a
//! few hundred arcs in graphs without long detours, all of them in a long ring. Once flows have read,
//! or can be expected to read, a fixed share of all arcs, the graph is solved anew instead: so no
//! update or batch costs more than a constant times a solve, O(n + m) for copying the graph to the
//! solver, and O(degree) for each edge it changes.
//!
//! There is no better worst case, and nothing to amortise it against: an edge across the one lightest
//! cut that grows beyond the floor costs a solve each time, and a stream can consist of those.

mod adjacency;
mod floor;
mod known_cuts;
mod least_degree;
mod local_flow;
mod settle;
mod st_cut;
mod update;
mod what_if;

use std::fmt;
use std::sync::OnceLock;

use crate::contraction::Workspace;
use crate::graph::Graph;
use crate::minimum_cut::{CutEdge, MinimumCut};
use crate::rows::RowBuffer;
use adjacency::{Adjacency, Place};
use floor::Floor;
use known_cuts::{KnownCuts, Slot};
use least_degree::LeastDegree;
use local_flow::LocalFlow;
pub use update::{BatchError, Update, UpdateError};

/// A graph that changes, and its minimum cut, which is exact after every change.
///
/// The nodes stay the same; edges come, go, and change their weights. The minimum cut's value is at
/// hand after each change. The same graph and the same sequence of calls always give the same cuts;
/// which of several equal ones that is depends on the sequence.
///
/// ```
/// use healing_mincut::{DynamicMinCut, Graph, Update};
///
/// let graph = Graph::from_edges(4, [(0, 1, 4), (1, 2, 2), (2, 3, 4), (3, 0, 1)])?;
/// let mut network = DynamicMinCut::new(&graph);
/// assert_eq!(network.value(), Some(3));
/// assert_eq!(network.side(), [0, 1]);
///
/// network.insert(0, 3, 5)?;
/// assert_eq!(network.value(), Some(6));
///
/// let loss_of_two = [Update::Remove { u: 0, v: 1 }, Update::Remove { u: 1, v: 2 }];
/// assert_eq!(network.what_if(&loss_of_two)?, Some(0));
/// assert_eq!(network.value(), Some(6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DynamicMinCut {
    adjacency: Adjacency,
    degrees: LeastDegree,
    known: KnownCuts,
    floor: Floor,
    flow: LocalFlow,
    /// How many arcs a flow has lately read.
    work_of_a_flow: usize,
    total_weight: u64,
    self_loops: usize,
    value: u64,
    lightest: Lightest,
    /// The lightest cut in full, once it was asked for.
    cut: OnceLock<MinimumCut>,
    workspace: Workspace,
    /// The graph as it was solved last.
    copy: RowBuffer,
}

/// Which cut is the minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lightest {
    /// The one around this node.
    Node(u32),
    /// One of the known cuts.
    Known(Slot),
}

/// A change to one edge, by what its weight is before and after: none if there is no edge.
#[derive(Debug, Clone, Copy)]
struct Change {
    u: u32,
    v: u32,
    place: Option<Place>,
    old: Option<u64>,
    new: Option<u64>,
}

impl DynamicMinCut {
    /// Takes over a graph and finds its minimum cut. O(n + m) and a solve.
    #[must_use]
    pub fn new(graph: &Graph) -> Self {
        let nodes = graph.nodes() as usize;
        let mut dynamic = Self {
            adjacency: Adjacency::of_graph(graph),
            degrees: LeastDegree::new(graph.degrees()),
            known: KnownCuts::new(nodes),
            floor: Floor::default(),
            flow: LocalFlow::new(nodes),
            work_of_a_flow: 0,
            total_weight: graph.total_weight(),
            self_loops: graph.self_loops(),
            value: 0,
            lightest: Lightest::Node(0),
            cut: OnceLock::new(),
            workspace: Workspace::default(),
            copy: RowBuffer::default(),
        };
        if nodes > 1 {
            dynamic.solve();
        }
        dynamic
    }

    /// The number of nodes.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        // A graph's nodes are counted in 32 bits.
        self.adjacency.nodes() as u32
    }

    /// The number of edges, those of weight zero among them.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.adjacency.edges()
    }

    /// The sum of all edge weights.
    #[must_use]
    pub fn total_weight(&self) -> u64 {
        self.total_weight
    }

    /// The weight of the edge between two nodes: `None` if there is no edge, or no such node. O(degree).
    #[must_use]
    pub fn weight(&self, u: u32, v: u32) -> Option<u64> {
        if u.max(v) >= self.nodes() {
            return None;
        }
        let place = self.adjacency.find(u, v)?;
        Some(self.adjacency.weight(place))
    }

    /// The value of the minimum cut: `None` if there are fewer than two nodes. O(1).
    #[must_use]
    pub fn value(&self) -> Option<u64> {
        (self.nodes() > 1).then_some(self.value)
    }

    /// The nodes on the smaller side of the minimum cut, ascending; if both sides are of one size,
    /// those of the side that holds node 0; none if there are fewer than two nodes. O(1).
    #[must_use]
    pub fn side(&self) -> &[u32] {
        match &self.lightest {
            _ if self.nodes() < 2 => &[],
            // Of two nodes, the side with node 0.
            Lightest::Node(_) if self.nodes() == 2 => &[0],
            Lightest::Node(node) => std::slice::from_ref(node),
            Lightest::Known(slot) => self.known.side(*slot),
        }
    }

    /// The minimum cut with the edges that cross it: `None` if there are fewer than two nodes. O(1),
    /// unless the cut, or an edge across it, changed since it was last asked for; then the edges of
    /// its smaller side are read.
    #[must_use]
    pub fn cut(&self) -> Option<&MinimumCut> {
        (self.nodes() > 1).then(|| self.cut.get_or_init(|| self.cut_in_full()))
    }

    /// Gives back the memory that solves worked in, about half of all: for whoever keeps many graphs. The
    /// next solve asks for it again.
    pub fn release_working_memory(&mut self) {
        self.workspace = Workspace::default();
        self.copy = RowBuffer::default();
    }

    /// The graph as it is now. O(n + m).
    #[must_use]
    pub fn graph(&self) -> Graph {
        let edges = self.adjacency.edge_list().collect();
        Graph::from_checked_edges(self.adjacency.nodes(), edges, self.total_weight, self.self_loops)
    }

    /// Gives an edge a weight, whether it was there before or not, and returns what it had. Weight 0
    /// leaves an edge of weight zero.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NodeOutOfRange`], [`UpdateError::SelfLoop`], [`UpdateError::TotalWeightOverflow`].
    pub fn set_weight(&mut self, u: u32, v: u32, weight: u64) -> Result<Option<u64>, UpdateError> {
        self.update(&Update::SetWeight { u, v, weight })
    }

    /// Adds weight to an edge, which begins to exist if it did not, and returns what it had.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NodeOutOfRange`], [`UpdateError::SelfLoop`], [`UpdateError::TotalWeightOverflow`].
    pub fn insert(&mut self, u: u32, v: u32, weight: u64) -> Result<Option<u64>, UpdateError> {
        self.update(&Update::Insert { u, v, weight })
    }

    /// Takes some weight off an edge, and returns what is left; an edge of which nothing is left is
    /// gone.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NodeOutOfRange`], [`UpdateError::SelfLoop`], [`UpdateError::NoEdge`];
    /// [`UpdateError::TooLight`] if the edge has less.
    pub fn lighten(&mut self, u: u32, v: u32, weight: u64) -> Result<u64, UpdateError> {
        let old = self.update(&Update::Lighten { u, v, weight })?;
        Ok(old.unwrap_or(weight) - weight)
    }

    /// Takes an edge away, and returns its weight.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NodeOutOfRange`], [`UpdateError::SelfLoop`], [`UpdateError::NoEdge`].
    pub fn remove(&mut self, u: u32, v: u32) -> Result<u64, UpdateError> {
        let old = self.update(&Update::Remove { u, v })?;
        Ok(old.unwrap_or(0))
    }

    /// Makes one update, and returns what the edge weighed before: `None` if there was none.
    ///
    /// # Errors
    ///
    /// Those of the method that makes such an update: [`set_weight`](Self::set_weight),
    /// [`insert`](Self::insert), [`lighten`](Self::lighten) or [`remove`](Self::remove).
    pub fn update(&mut self, update: &Update) -> Result<Option<u64>, UpdateError> {
        let change = self.resolve(update)?;
        self.change(change);
        self.settle();
        Ok(change.old)
    }

    /// Applies updates one after the other, all or none; the minimum cut is sought once, after the
    /// last. If so many edges get lighter that looking at each would take longer, that is one fresh
    /// solve.
    ///
    /// # Errors
    ///
    /// [`BatchError`] for the first update that is refused; the graph is as before the batch.
    pub fn apply(&mut self, batch: &[Update]) -> Result<(), BatchError> {
        let before = self.checkpoint();
        match self.change_all(batch) {
            Ok(_) => {
                self.settle();
                self.known.pin(None);
                Ok(())
            }
            Err((changes, error)) => {
                self.restore(&changes, before);
                Err(error)
            }
        }
    }

    /// The value that the minimum cut would have after these updates, none of which is kept: `None`
    /// if there are fewer than two nodes.
    ///
    /// Takes as long as [`apply`](Self::apply), and O(degree) an update more to take them back.
    ///
    /// # Errors
    ///
    /// [`BatchError`] for the first update that would be refused.
    pub fn what_if(&mut self, batch: &[Update]) -> Result<Option<u64>, BatchError> {
        let before = self.checkpoint();
        match self.change_all(batch) {
            Ok(changes) => {
                self.settle();
                let value = self.value();
                self.restore(&changes, before);
                Ok(value)
            }
            Err((changes, error)) => {
                self.restore(&changes, before);
                Err(error)
            }
        }
    }

    /// What an update does to its edge, if it can be done.
    fn resolve(&self, update: &Update) -> Result<Change, UpdateError> {
        let (u, v) = update.ends();
        let nodes = self.nodes();
        if let Some(node) = [u, v].into_iter().find(|&node| node >= nodes) {
            return Err(UpdateError::NodeOutOfRange { node, nodes });
        }
        if u == v {
            return Err(UpdateError::SelfLoop { node: u });
        }
        let place = self.adjacency.find(u, v);
        let old = place.map(|place| self.adjacency.weight(place));
        let others = self.total_weight - old.unwrap_or(0);
        let too_heavy = |weight| UpdateError::TotalWeightOverflow { u, v, weight };
        let new = match *update {
            Update::SetWeight { weight, .. } => Some(weight),
            Update::Insert { weight, .. } => {
                let sum = old.unwrap_or(0).checked_add(weight);
                Some(sum.ok_or_else(|| too_heavy(weight))?)
            }
            Update::Lighten { weight: asked, .. } => {
                let weight = old.ok_or(UpdateError::NoEdge { u, v })?;
                let left = weight.checked_sub(asked);
                let left = left.ok_or(UpdateError::TooLight { u, v, weight, asked })?;
                (left > 0).then_some(left)
            }
            Update::Remove { .. } => {
                old.ok_or(UpdateError::NoEdge { u, v })?;
                None
            }
        };
        if let (Update::SetWeight { weight, .. } | Update::Insert { weight, .. }, Some(new)) = (*update, new) {
            others.checked_add(new).ok_or_else(|| too_heavy(weight))?;
        }
        Ok(Change { u, v, place, old, new })
    }

    /// Does what was resolved, and prices the cuts that are known; the minimum is not sought yet.
    fn change(&mut self, change: Change) {
        let Change { u, v, place, old, new } = change;
        if old == new {
            return;
        }
        self.adjacency.set(u, v, place, new);
        let crosses = match self.lightest {
            Lightest::Node(node) => node == u || node == v,
            Lightest::Known(slot) => self.known.is_crossed(slot, u, v),
        };
        if crosses {
            self.cut.take();
        }
        let (old, new) = (old.unwrap_or(0), new.unwrap_or(0));
        if old == new {
            return;
        }
        for node in [u, v] {
            self.degrees.set(node, self.degrees.of(node) - old + new);
        }
        self.total_weight = self.total_weight - old + new;
        self.known.change(u, v, old, new);
        self.floor.change(u, v, old, new);
    }

    fn cut_in_full(&self) -> MinimumCut {
        let side = self.side().to_vec();
        let mut witness = Vec::new();
        for &node in &side {
            for arc in self.adjacency.arcs_of(node) {
                let is_inside = match self.lightest {
                    Lightest::Node(_) => false,
                    Lightest::Known(slot) => !self.known.is_crossed(slot, node, arc.target),
                };
                if !is_inside {
                    let (u, v) = (node.min(arc.target), node.max(arc.target));
                    witness.push(CutEdge { u, v, weight: arc.room });
                }
            }
        }
        witness.sort_unstable();
        MinimumCut::from_parts(self.value, side, witness)
    }
}

impl fmt::Debug for DynamicMinCut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DynamicMinCut")
            .field("nodes", &self.nodes())
            .field("edges", &self.edges())
            .field("total_weight", &self.total_weight)
            .field("value", &self.value())
            .finish_non_exhaustive()
    }
}
