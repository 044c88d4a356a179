//! Scaling read replicas.

use healing_core::CollectionId;
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// How many replicas there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// How many were asked for.
    pub wanted: u32,
    /// How many are up and serve reads.
    pub ready: u32,
    /// How many there may be at most.
    pub most: u32,
}

/// Scales the read replicas of a collection.
pub trait Replicas: Send + Sync {
    /// How many replicas there are.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn replicas(&self, collection: &CollectionId) -> Result<ReplicaStatus, ActuatorError>;

    /// Asks for `to` replicas if `from` are wanted now, in one atomic step. They become ready later.
    ///
    /// # Errors
    /// [`ActuatorError::Refused`] when neither number is wanted now, or `to` is more than there may be;
    /// [`ActuatorError`] when the host fails.
    fn scale(&self, permit: &Permit<'_>, from: u32, to: u32) -> Result<(), ActuatorError>;
}
