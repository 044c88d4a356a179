//! What the host shows the healer: graph and metrics of a collection, now.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::HostError;
use crate::identity::CollectionId;
use crate::metrics::SystemMetrics;
use crate::topology::{ContractedGraph, TopologyError};

/// A collection as it stood at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What was observed.
    pub collection: CollectionId,
    /// When it was so.
    pub observed_at: Timestamp,
    /// Its operational graph.
    pub graph: ContractedGraph,
    /// What was measured beside the graph.
    pub metrics: SystemMetrics,
}

/// Shows the healer what a collection looks like.
///
/// An implementation answers from the present state, not from a queue of events, and returns within the time of a sample;
/// a healer that gets an error tries again at its next sample and does nothing meanwhile.
pub trait ObservationSource: Send + Sync {
    /// Observes `collection` now.
    ///
    /// # Errors
    /// [`ObservationError`] when the host cannot tell at the moment, does not know the collection, or measured something
    /// that is no valid graph.
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError>;
}

/// An observation that could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ObservationError {
    /// The source does not know the collection.
    #[error("the observation source does not know the collection {collection}")]
    UnknownCollection {
        /// The collection asked for.
        collection: CollectionId,
    },
    /// What was measured is no valid graph.
    #[error("the observed graph is invalid: {0}")]
    Topology(#[from] TopologyError),
    /// The host failed.
    #[error("the collection could not be observed: {0}")]
    Host(#[source] HostError),
}
