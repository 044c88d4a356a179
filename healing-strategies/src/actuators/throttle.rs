//! Holding back writes.

use healing_core::CollectionId;
use healing_core::number::Percent;
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// An operation of clients that can be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// Single inserts.
    Insert,
    /// Inserts in bulk.
    BulkInsert,
}

/// Sets which share of the clients' operations is held back.
pub trait Throttle: Send + Sync {
    /// The share of `operation` that is held back: 0 nothing, 100 everything.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn throttle(&self, collection: &CollectionId, operation: Operation) -> Result<Percent, ActuatorError>;

    /// Holds back this share of `operation` from now on.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn set_throttle(&self, permit: &Permit<'_>, operation: Operation, share: Percent) -> Result<(), ActuatorError>;
}
