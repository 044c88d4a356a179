//! Copying replicas anew.

use std::fmt;

use healing_core::CollectionId;
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// Which copy of the data a replica holds: counts up with every fresh copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CopyNumber(pub u64);

impl fmt::Display for CopyNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What a replica does with its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CopyState {
    /// It applies the changes of its primary, however slowly.
    Following,
    /// It applies nothing and will not by itself: a gap in the log, a broken slot, damaged data.
    Stalled,
    /// The copy is being made.
    Copying,
}

/// The copy that a replica holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaCopy {
    /// Which one.
    pub number: CopyNumber,
    /// What the replica does with it.
    pub state: CopyState,
}

/// Makes replicas throw their data away and copy it anew. That cannot be undone: the old copy is gone when the new one
/// begins.
pub trait ReplicaCopies: Send + Sync {
    /// The copy that `replica` holds.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the replica does not exist; [`ActuatorError`] when the host fails.
    fn replica_copy(&self, collection: &CollectionId, replica: i64) -> Result<ReplicaCopy, ActuatorError>;

    /// Begins the copy `to` of `replica` if it holds `from` now, in one atomic step. The replica is not read from until
    /// the copy is complete. Begun before: goes on.
    ///
    /// # Errors
    /// [`ActuatorError::Refused`] when it holds neither, or nothing complete would be left to copy from;
    /// [`ActuatorError::NotFound`] when the replica does not exist; [`ActuatorError`] when the host fails.
    fn resync(&self, permit: &Permit<'_>, replica: i64, from: CopyNumber, to: CopyNumber) -> Result<(), ActuatorError>;
}
