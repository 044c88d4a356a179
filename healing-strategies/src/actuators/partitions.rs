//! Moving vectors between partitions.

use std::fmt;

use healing_core::CollectionId;
use healing_core::number::Amount;
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// The host's number for a vector (a row), unique within its collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VectorId(pub i64);

impl fmt::Display for VectorId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A vector with the load it causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorLoad {
    /// The vector.
    pub vector: VectorId,
    /// Requests a second that touch it.
    pub load: Amount,
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveProgress {
    /// Every vector that was to be moved is at the destination and served from there.
    Complete,
    /// Some are still on their way.
    UnderWay,
}

/// Moves vectors between the partitions of a collection.
pub trait Partitions: Send + Sync {
    /// The vectors of `partition` that cause most load, heaviest first, at most `limit`.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the partition does not exist; [`ActuatorError`] when the host fails.
    fn heaviest_vectors(
        &self,
        collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError>;

    /// The partition that each vector belongs to, in the order asked; `None` for a vector that does not exist (any more).
    /// A vector on its way belongs to its destination.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn locate(&self, collection: &CollectionId, vectors: &[VectorId]) -> Result<Vec<Option<i64>>, ActuatorError>;

    /// Moves those of `vectors` that are in `from` to `to`, and leaves the others where they are. May return before the
    /// move is complete: asked again, it answers how far it is.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when a partition does not exist; [`ActuatorError`] when the destination has no room or the
    /// host fails.
    fn move_vectors(
        &self,
        permit: &Permit<'_>,
        vectors: &[VectorId],
        from: i64,
        to: i64,
    ) -> Result<MoveProgress, ActuatorError>;
}
