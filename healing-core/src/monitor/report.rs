//! What the monitor says of one observation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hysteresis::{IntegrityState, StateChange};
use super::thresholds::ResolvedThresholds;
use crate::identity::CollectionId;
use crate::number::Lambda;
use crate::topology::{Edge, NodeRef};

/// The minimum cut of an observation, and the state of the collection that follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The state after this sample.
    pub state: IntegrityState,
    /// The transition that this sample brought, if it brought one.
    pub transition: Option<StateChange>,
}

impl IntegrityReport {
    /// Whether lambda is below the stress threshold in this very sample, whatever the state: the state also remembers
    /// what was.
    #[must_use]
    pub fn below_stress(&self) -> bool {
        self.thresholds
            .is_some_and(|thresholds| self.lambda < thresholds.stress)
    }
}

/// An edge across a minimum cut.
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
