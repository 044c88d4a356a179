//! Compacting fragmented indexes.

use healing_core::CollectionId;
use healing_core::number::Percent;
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// How much of an index one call compacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactionSlice {
    /// Entries to rewrite at most.
    pub entries: u64,
}

/// Compacts indexes slice by slice. Compaction cannot be undone, and never needs to be.
pub trait Indexes: Send + Sync {
    /// The fragmented share of `index`.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the index does not exist; [`ActuatorError`] when the host fails.
    fn fragmentation(&self, collection: &CollectionId, index: i64) -> Result<Percent, ActuatorError>;

    /// Compacts the next slice of `index` and returns the fragmented share that is left. May return before the slice is
    /// complete: while it is under way, a further call begins no other and returns the share as it is.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the index does not exist; [`ActuatorError`] when the host fails.
    fn compact(&self, permit: &Permit<'_>, index: i64, slice: CompactionSlice) -> Result<Percent, ActuatorError>;
}
