//! What the monitor says of one observation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::drift::Drift;
use super::hysteresis::{IntegrityState, StateChange};
use super::thresholds::ResolvedThresholds;
use crate::identity::CollectionId;
use crate::number::{Amount, Lambda};
use crate::topology::{Edge, EdgeKey, NodeRef};

/// The minimum cut of an observation, the cuts that have lost most, and the state of the collection that follows from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IntegrityReport {
    /// What was observed.
    pub collection: CollectionId,
    /// When it was so.
    pub observed_at: Timestamp,
    /// The value of the minimum cut: the sum of the witness edges' effective capacities.
    pub lambda: Lambda,
    /// What lambda is when the collection is well; `None` until enough was seen to tell.
    pub baseline: Option<Lambda>,
    /// The thresholds in force, in lambda's unit; `None` while they hang on a baseline that is not known yet.
    pub thresholds: Option<ResolvedThresholds>,
    /// The edges across the minimum cut, sorted by key.
    pub witness: Vec<WitnessEdge>,
    /// The nodes on the smaller side of the cut, sorted.
    pub side: Vec<NodeRef>,
    /// Cuts of which no two split the graph alike, those first that have the smallest share left of what they are worth when
    /// the collection is well: a node whose cut is always small does not stand before the cut that fell. Until it is known what
    /// cuts are worth, the lightest first.
    pub weakest: Vec<WeakCut>,
    /// Every edge that has lost some of what it carries when the collection is well, and those that are no longer there; sorted
    /// by key. What an edge scatters by, up to two percent, is no loss. Empty until it is known what edges carry.
    pub weakened: Vec<WeakenedEdge>,
    /// What the state follows from: lambda; or, where some cut has lost a greater share of its worth than the minimum cut of
    /// its own, that share of the baseline.
    pub integrity: Lambda,
    /// The state after this sample.
    pub state: IntegrityState,
    /// The transition that this sample brought, if it brought one.
    pub transition: Option<StateChange>,
    /// Where integrity sinks so that it will soon be below the stress threshold, though it is not yet.
    pub drift: Option<Drift>,
}

impl IntegrityReport {
    /// Whether integrity is below the stress threshold in this very sample, whatever the state: the state also remembers
    /// what was.
    #[must_use]
    pub fn below_stress(&self) -> bool {
        self.thresholds
            .is_some_and(|thresholds| self.integrity < thresholds.stress)
    }

    /// The share of the baseline at which a collection is normal again; `None` while there is no baseline, or it is nothing.
    pub(crate) fn normal_share(&self) -> Option<f64> {
        let (baseline, target) = (self.baseline?.get(), self.thresholds?.target().get());
        (baseline > 0.0).then(|| target / baseline)
    }

    /// What a weakened edge carries when the collection is well; `None` of an edge that has lost nothing.
    pub(crate) fn healthy_capacity(&self, edge: EdgeKey) -> Option<Amount> {
        let place = self.weakened.binary_search_by_key(&edge, |weakened| weakened.edge);
        place.ok().map(|place| self.weakened[place].baseline)
    }
}

/// A cut of the graph, and what it is worth when the collection is well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WeakCut {
    /// The sum of the effective capacities across it.
    pub value: Lambda,
    /// The sum of the healthy capacities of the same edges, and of edges across it that are no longer there; `None` until they
    /// are known.
    pub baseline: Option<Lambda>,
    /// The edges across it, sorted by key.
    pub witness: Vec<WitnessEdge>,
    /// The nodes on its smaller side, sorted: what tells this cut from others, now and later.
    pub side: Vec<NodeRef>,
}

impl WeakCut {
    /// The share that is left of what it is worth when the collection is well: 1 is all, more is possible. `None` where that is
    /// not known, or nothing.
    #[must_use]
    pub fn share_left(&self) -> Option<f64> {
        let baseline = self.baseline?.get();
        (baseline > 0.0).then(|| (self.value.get() / baseline).min(f64::MAX))
    }
}

/// An edge that carries less than when the collection is well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WeakenedEdge {
    /// The edge.
    pub edge: EdgeKey,
    /// Its effective capacity now; 0 where it is no longer there.
    pub value: Amount,
    /// Its effective capacity when the collection is well.
    pub baseline: Amount,
}

/// An edge across a cut.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WitnessEdge(Edge);

impl WitnessEdge {
    /// Marks an edge of the graph as a witness.
    pub(super) fn new(edge: Edge) -> Self {
        Self(edge)
    }

    /// The edge, with its capacity and what is left of it.
    #[must_use]
    pub fn edge(&self) -> &Edge {
        &self.0
    }
}
