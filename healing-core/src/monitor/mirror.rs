//! The monitor's own copy of a collection's graph, with its minimum cut and with what each edge carries when all is well.
//!
//! An observation is compared with the copy, and only what changed goes into the cut. The copy is as compact as it can be:
//! nodes are numbered, edges are numbers, and a graph of a thousand nodes takes a few hundred kilobytes.

use std::collections::BTreeSet;

use healing_mincut::{DynamicMinCut, FixedPoint, Graph, GraphError, Update};

use super::baseline::{Healthy, Learned};
use super::integrity_monitor::MonitorError;
use super::learned_health::HealthyEdge;
use super::report::{WeakenedEdge, WitnessEdge};
use super::weak_cuts::PricedCut;
use crate::number::Amount;
use crate::plan::CapacityEffect;
use crate::topology::{ContractedGraph, Edge, EdgeKey, EdgeKind, NodeRef};

/// An edge between two nodes that are still there, but which has not been shown for so many samples in a row, is taken to be
/// gone on purpose: an hour, at a sample every ten seconds.
const FORGOTTEN_AFTER: u16 = 360;

/// An edge with at least this share of its healthy capacity left may just scatter.
const SCATTERED: f64 = 0.98;

/// A total weight below this holds the capacities with less than about 40 bits: they are scaled anew.
const LEAST_TOTAL_WEIGHT: u64 = 1 << 40;

/// All capacities together may be at most this: sums of them, over edges and over samples, fit into single precision.
const LARGEST_TOTAL: f64 = 1e30;

/// At most so many cuts can be priced at once.
pub(super) const MOST_PRICED: usize = u16::BITS as usize;

#[derive(Debug, Clone)]
pub(super) struct Mirror {
    /// As the observation has them.
    nodes: Vec<NodeRef>,
    /// In the order of the observation's edges; some of them it does not show any more.
    edges: Vec<MirroredEdge>,
    /// From capacities to the weights of the cut.
    scale: FixedPoint,
    cut: DynamicMinCut,
    /// Whether healthy capacities are known: an edge that appears is taken to be healthy.
    is_learned: bool,
    /// Counts the times that edges, their capacities, or what is healthy have changed.
    revision: u64,
}

/// An edge, its ends by their numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct MirroredEdge {
    pub(super) a: u32,
    pub(super) b: u32,
    kind: EdgeKind,
    /// For how many samples it has not been shown; `None` while it is.
    missing: Option<u16>,
    /// What it carries now; nothing, while it is not shown.
    pub(super) capacity: f64,
    learned: Learned,
}

const _: () = assert!(size_of::<MirroredEdge>() <= 40, "there are many of them");

/// What a cut is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Price {
    /// Now.
    pub(super) value: f64,
    /// When all is well.
    pub(super) healthy: f64,
}

impl Price {
    pub(super) fn add(&mut self, edge: &MirroredEdge) {
        self.value += edge.capacity;
        self.healthy += edge.healthy();
    }

    /// The share that is left; `None` where it is not known what is healthy, or that is nothing.
    pub(super) fn share_left(self) -> Option<f64> {
        (self.healthy > 0.0).then(|| self.value / self.healthy)
    }
}

impl Mirror {
    /// A copy of a graph about which nothing is known yet.
    pub(super) fn of(graph: &ContractedGraph) -> Result<Self, MonitorError> {
        check_total(capacities(graph))?;
        let nodes: Vec<NodeRef> = graph.nodes().iter().map(|node| node.node).collect();
        let number = |node| number_in(&nodes, node);
        let edges: Vec<MirroredEdge> = graph
            .edges()
            .iter()
            .map(|edge| MirroredEdge::appearing(edge, &number, false))
            .collect();
        let (cut, scale) = cut_of(nodes.len(), &edges)?;
        Ok(Self {
            nodes,
            edges,
            scale,
            cut,
            is_learned: false,
            revision: 0,
        })
    }

    /// A collection in which all is well, as it was learned earlier.
    pub(super) fn of_health(healthy: &[HealthyEdge]) -> Result<Self, MonitorError> {
        let ends = healthy.iter().flat_map(|it| <[NodeRef; 2]>::from(it.edge.ends()));
        let nodes: Vec<NodeRef> = ends.collect::<BTreeSet<_>>().into_iter().collect();
        let number = |node| number_in(&nodes, node).unwrap_or(0);
        let mirrored = healthy.iter().map(|it| MirroredEdge {
            a: number(it.edge.ends().0),
            b: number(it.edge.ends().1),
            kind: it.edge.kind(),
            missing: None,
            capacity: it.capacity.get(),
            learned: Learned::Known(Healthy::of(it.capacity.get())),
        });
        let mut edges: Vec<MirroredEdge> = mirrored.collect();
        edges.sort_unstable_by_key(|edge| (edge.a, edge.b, edge.kind));
        edges.dedup_by_key(|edge| (edge.a, edge.b, edge.kind));
        let total: f64 = edges.iter().map(|edge| edge.capacity).sum();
        check_total(total)?;
        let (cut, scale) = cut_of(nodes.len(), &edges)?;
        Ok(Self {
            nodes,
            edges,
            scale,
            cut,
            is_learned: true,
            revision: 0,
        })
    }

    /// Takes over what `graph` shows. On an error nothing was taken over.
    pub(super) fn follow(&mut self, graph: &ContractedGraph) -> Result<(), MonitorError> {
        check_total(capacities(graph))?;
        if self.has_the_nodes_of(graph)
            && let Some(changes) = self.changes_to(graph)
            && self.apply(changes)
        {
            return Ok(());
        }
        *self = self.rebuilt_for(graph)?;
        Ok(())
    }

    /// Gives edges other effective capacities; those that it does not know, it leaves out.
    pub(super) fn expect(&mut self, effects: impl Iterator<Item = CapacityEffect>) -> Result<(), MonitorError> {
        self.revision += 1;
        let mut touched = Vec::new();
        for effect in effects {
            if let Some(position) = self.position(&effect.edge) {
                self.edges[position].capacity = effect.effective_capacity.get();
                touched.push(position);
            }
        }
        let updates: Option<Vec<Update>> = touched.into_iter().map(|position| self.update_of(position)).collect();
        if updates.is_none_or(|updates| self.cut.apply(&updates).is_err()) {
            (self.cut, self.scale) = cut_of(self.nodes.len(), &self.edges)?;
        }
        Ok(())
    }

    pub(super) fn nodes(&self) -> &[NodeRef] {
        &self.nodes
    }

    pub(super) fn edges(&self) -> &[MirroredEdge] {
        &self.edges
    }

    pub(super) fn is_learned(&self) -> bool {
        self.is_learned
    }

    /// A number that stays the same as long as edges, their capacities and what is healthy do.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// The minimum cut.
    pub(super) fn lightest(&self) -> PricedCut {
        let side = self.lightest_side().to_vec();
        let price = self.prices(std::iter::once(side.as_slice())).pop().unwrap_or_default();
        PricedCut { side, price }
    }

    /// The smaller side of the minimum cut.
    pub(super) fn lightest_side(&self) -> &[u32] {
        self.cut.side()
    }

    /// A lightest cut that separates the ends of an edge; `None` where it is the cut around one node.
    pub(super) fn lightest_between_ends(&mut self, edge: usize) -> Option<PricedCut> {
        let MirroredEdge { a, b, .. } = *self.edges.get(edge)?;
        let cut = self.cut.minimum_st_cut(a, b).ok()?;
        if cut.side().len() == 1 {
            return None;
        }
        let price = self.prices(std::iter::once(cut.side())).pop()?;
        Some(PricedCut {
            side: cut.side().to_vec(),
            price,
        })
    }

    /// What cuts are worth, by their sides; of the first [`MOST_PRICED`].
    pub(super) fn prices<'a>(&self, sides: impl Iterator<Item = &'a [u32]>) -> Vec<Price> {
        let sides: Vec<&[u32]> = sides.take(MOST_PRICED).collect();
        let masks = self.masks(sides.iter().copied());
        let mut prices = vec![Price::default(); sides.len()];
        for edge in &self.edges {
            for cut in crossed(&masks, edge) {
                prices[cut].add(edge);
            }
        }
        prices
    }

    /// The edges across cuts, by their sides; of the first [`MOST_PRICED`]. `graph` is the one that was followed last.
    pub(super) fn witnesses<'a>(
        &self,
        graph: &ContractedGraph,
        sides: impl Iterator<Item = &'a [u32]>,
    ) -> Vec<Vec<WitnessEdge>> {
        let sides: Vec<&[u32]> = sides.take(MOST_PRICED).collect();
        let masks = self.masks(sides.iter().copied());
        let mut witnesses = vec![Vec::new(); sides.len()];
        let shown = self.edges.iter().filter(|edge| edge.missing.is_none());
        for (mirrored, edge) in shown.zip(graph.edges()) {
            for cut in crossed(&masks, mirrored) {
                witnesses[cut].push(WitnessEdge::new(*edge));
            }
        }
        witnesses
    }

    /// The edges that have lost more than they scatter by.
    pub(super) fn weakened(&self) -> Vec<WeakenedEdge> {
        let weakened = self
            .edges
            .iter()
            .filter(|edge| edge.capacity < SCATTERED * edge.healthy());
        let named = |edge: &MirroredEdge| WeakenedEdge {
            edge: self.key(edge),
            value: Amount::clamped(edge.capacity),
            baseline: Amount::clamped(edge.healthy()),
        };
        weakened.map(named).collect()
    }

    /// Takes in a sample of a collection that is well.
    pub(super) fn learn(&mut self) {
        let mut has_changed = false;
        for edge in &mut self.edges {
            let before = edge.healthy();
            edge.learned.sample(edge.capacity);
            has_changed |= edge.healthy() != before;
        }
        self.revision += u64::from(has_changed);
    }

    /// What each edge carries when all is well.
    pub(super) fn healthy_edges(&self) -> Vec<HealthyEdge> {
        let healthy = |edge: &MirroredEdge| HealthyEdge {
            edge: self.key(edge),
            capacity: Amount::clamped(edge.healthy()),
        };
        self.edges.iter().map(healthy).collect()
    }

    /// Begins to learn anew.
    pub(super) fn relearn(&mut self) {
        self.revision += 1;
        self.is_learned = false;
        for edge in &mut self.edges {
            edge.learned = Learned::NOTHING;
        }
        // What is missing was perhaps taken away on purpose.
        self.edges.retain(|edge| edge.missing.is_none());
    }

    /// What was seen so far is healthy.
    pub(super) fn conclude_learning(&mut self) {
        self.revision += 1;
        self.is_learned = true;
        for edge in &mut self.edges {
            edge.learned.conclude(edge.capacity);
        }
    }

    /// A sample is over: counts how long edges have been missing, and forgets those that are gone for good.
    pub(super) fn end_sample(&mut self) {
        let edges = self.edges.len();
        self.edges.retain_mut(|edge| match &mut edge.missing {
            None => true,
            Some(samples) => {
                *samples += 1;
                *samples < FORGOTTEN_AFTER
            }
        });
        self.revision += u64::from(self.edges.len() < edges);
        self.cut.release_working_memory();
    }

    pub(super) fn has_the_nodes_of(&self, graph: &ContractedGraph) -> bool {
        self.nodes.iter().eq(graph.nodes().iter().map(|node| &node.node))
    }

    fn key(&self, edge: &MirroredEdge) -> EdgeKey {
        EdgeKey::new(self.nodes[edge.a as usize], self.nodes[edge.b as usize], edge.kind)
    }

    fn position(&self, key: &EdgeKey) -> Option<usize> {
        self.edges.binary_search_by_key(key, |edge| self.key(edge)).ok()
    }

    /// Gives the edge that the cut has between two nodes the weight of all that are there between them.
    fn update_of(&self, position: usize) -> Option<Update> {
        let MirroredEdge { a: u, b: v, .. } = self.edges[position];
        let first = self.edges.partition_point(|edge| (edge.a, edge.b) < (u, v));
        let parallel = self.edges[first..].iter().take_while(|edge| (edge.a, edge.b) == (u, v));
        let weight = self.scale.weight(parallel.map(|edge| edge.capacity).sum())?;
        Some(Update::SetWeight { u, v, weight })
    }

    /// What differs in `graph`, which has the same nodes; `None` where it has other edges.
    fn changes_to(&self, graph: &ContractedGraph) -> Option<Changes> {
        let mut changes = Changes::default();
        let mut shown = graph.edges().iter().peekable();
        // Edges between the same two nodes lie in a row, and are one edge to the cut.
        for (first, parallel) in rows(&self.edges) {
            let (mut sum, mut changed) = (0.0, false);
            for (offset, edge) in parallel.iter().enumerate() {
                let key = self.key(edge);
                let now = shown
                    .next_if(|shown| shown.key() == key)
                    .map(|shown| shown.effective_capacity().get());
                let capacity = now.unwrap_or(0.0);
                sum += capacity;
                changed |= capacity != edge.capacity;
                if capacity != edge.capacity || now.is_some() != edge.missing.is_none() {
                    changes.edges.push((first + offset, now));
                }
            }
            if changed {
                let (u, v) = (parallel[0].a, parallel[0].b);
                let weight = self.scale.weight(sum)?;
                changes.updates.push(Update::SetWeight { u, v, weight });
            }
        }
        shown.next().is_none().then_some(changes)
    }

    /// Makes the changes, and returns whether the cut can still be found well; if not, some of them may be missing.
    fn apply(&mut self, changes: Changes) -> bool {
        if self.cut.apply(&changes.updates).is_err() {
            return false;
        }
        self.revision += u64::from(!changes.edges.is_empty());
        for (position, now) in changes.edges {
            let edge = &mut self.edges[position];
            edge.capacity = now.unwrap_or(0.0);
            edge.missing = match now {
                Some(_) => None,
                None => edge.missing.or(Some(0)),
            };
        }
        self.cut.total_weight() >= LEAST_TOTAL_WEIGHT || self.edges.iter().all(|edge| edge.capacity == 0.0)
    }

    /// A copy of `graph` with what is known of its edges, and with those of before that should still be there.
    fn rebuilt_for(&self, graph: &ContractedGraph) -> Result<Self, MonitorError> {
        let nodes: Vec<NodeRef> = graph.nodes().iter().map(|node| node.node).collect();
        let number = |node| number_in(&nodes, node);
        let is_known = |edge: &&Edge| self.position(&edge.key()).is_some();
        let appeared: Vec<&Edge> = graph.edges().iter().filter(|edge| !is_known(edge)).collect();
        // Where an edge of the same kind appears at one of its ends as an edge disappears, it has moved.
        let mut moved_ends: Vec<(NodeRef, EdgeKind)> = appeared
            .iter()
            .flat_map(|edge| {
                let (a, b) = edge.key().ends();
                [(a, edge.key().kind()), (b, edge.key().kind())]
            })
            .collect();
        moved_ends.sort_unstable();
        let has_moved = |node, kind| moved_ends.binary_search(&(node, kind)).is_ok();

        let mut edges: Vec<MirroredEdge> = appeared
            .iter()
            .map(|edge| MirroredEdge::appearing(edge, &number, self.is_learned))
            .collect();
        for edge in &self.edges {
            let key = self.key(edge);
            let (Some(a), Some(b)) = (number(key.ends().0), number(key.ends().1)) else {
                continue;
            };
            let now = graph.edge(&key).map(|shown| shown.effective_capacity().get());
            let moves = edge.missing.is_none()
                && [key.ends().0, key.ends().1]
                    .iter()
                    .any(|&end| has_moved(end, edge.kind));
            if now.is_none() && moves {
                continue;
            }
            edges.push(MirroredEdge {
                a,
                b,
                missing: if now.is_some() { None } else { edge.missing.or(Some(0)) },
                capacity: now.unwrap_or(0.0),
                ..*edge
            });
        }
        edges.sort_unstable_by_key(|edge| (edge.a, edge.b, edge.kind));
        let (cut, scale) = cut_of(nodes.len(), &edges)?;
        Ok(Self {
            nodes,
            edges,
            scale,
            cut,
            is_learned: self.is_learned,
            revision: self.revision + 1,
        })
    }

    /// For each node, on which side of each cut it is, by the cuts' sides; of the first [`MOST_PRICED`].
    fn masks<'a>(&self, sides: impl Iterator<Item = &'a [u32]>) -> Vec<u16> {
        let mut masks = vec![0; self.nodes.len()];
        for (cut, side) in sides.take(MOST_PRICED).enumerate() {
            for &node in side {
                masks[node as usize] |= 1 << cut;
            }
        }
        masks
    }
}

impl MirroredEdge {
    /// What it carries when all is well; nothing, while that is not known.
    pub(super) fn healthy(&self) -> f64 {
        self.learned.healthy().unwrap_or(0.0)
    }

    /// An edge that is seen for the first time, between nodes that are there.
    fn appearing(edge: &Edge, number: &impl Fn(NodeRef) -> Option<u32>, is_learned: bool) -> Self {
        let (a, b) = edge.key().ends();
        let capacity = edge.effective_capacity().get();
        Self {
            a: number(a).unwrap_or(0),
            b: number(b).unwrap_or(0),
            kind: edge.key().kind(),
            missing: None,
            capacity,
            learned: if is_learned {
                Learned::Known(Healthy::of(capacity))
            } else {
                Learned::NOTHING
            },
        }
    }
}

/// What is to be changed in a mirror.
#[derive(Debug, Default)]
struct Changes {
    /// By position, with the capacity now: `None` where it is not shown.
    edges: Vec<(usize, Option<f64>)>,
    updates: Vec<Update>,
}

/// The edges between the same two nodes, and the position of the first of them.
fn rows(edges: &[MirroredEdge]) -> impl Iterator<Item = (usize, &[MirroredEdge])> {
    let mut next = 0;
    edges
        .chunk_by(|one, other| (one.a, one.b) == (other.a, other.b))
        .map(move |row| {
            let first = next;
            next += row.len();
            (first, row)
        })
}

/// The cuts that an edge crosses.
fn crossed(masks: &[u16], edge: &MirroredEdge) -> impl Iterator<Item = usize> + use<> {
    let mut crossed = masks[edge.a as usize] ^ masks[edge.b as usize];
    std::iter::from_fn(move || {
        (crossed != 0).then(|| {
            let cut = crossed.trailing_zeros() as usize;
            crossed &= crossed - 1;
            cut
        })
    })
}

fn number_in(nodes: &[NodeRef], node: NodeRef) -> Option<u32> {
    let position = nodes.binary_search(&node).ok()?;
    u32::try_from(position).ok()
}

/// The minimum cut of so many nodes, and the scale of its weights.
fn cut_of(nodes: usize, edges: &[MirroredEdge]) -> Result<(DynamicMinCut, FixedPoint), MonitorError> {
    let count = u32::try_from(nodes).map_err(|_| GraphError::TooManyNodes { nodes })?;
    if count < 2 {
        return Err(MonitorError::TooFewNodes { nodes });
    }
    let pairs = rows(edges).map(|(_, row)| {
        let capacity = row.iter().map(|edge| edge.capacity).sum::<f64>();
        (row[0].a, row[0].b, capacity)
    });
    let (graph, scale) = Graph::from_capacities(count, pairs)?;
    Ok((DynamicMinCut::new(&graph), scale))
}

fn capacities(graph: &ContractedGraph) -> f64 {
    graph.edges().iter().map(|edge| edge.effective_capacity().get()).sum()
}

fn check_total(total: f64) -> Result<(), MonitorError> {
    let total = Amount::clamped(total);
    if total.get() > LARGEST_TOTAL {
        return Err(MonitorError::TooMuchCapacity { total });
    }
    Ok(())
}
