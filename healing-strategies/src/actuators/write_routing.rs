//! Sending new writes elsewhere.

use healing_core::CollectionId;
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// What happens to new writes that would go to a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WriteRoute {
    /// The partition takes them.
    Here,
    /// Other partitions take them.
    Elsewhere,
    /// They are refused, by somebody's order: the partition is closed.
    Closed,
}

/// Routes the new writes of a collection's partitions.
///
/// A write that was accepted before the route changed is not lost, wherever it lands.
pub trait WriteRouting: Send + Sync {
    /// The route of new writes to `partition`.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the partition does not exist; [`ActuatorError`] when the host fails.
    fn write_route(&self, collection: &CollectionId, partition: i64) -> Result<WriteRoute, ActuatorError>;

    /// Routes new writes to `partition` along `to` if they go along `from` now, in one atomic step.
    ///
    /// # Errors
    /// [`ActuatorError::Refused`] when the present route is neither, or no other partition can take the writes;
    /// [`ActuatorError::NotFound`] when the partition does not exist; [`ActuatorError`] when the host fails.
    fn route_writes(
        &self,
        permit: &Permit<'_>,
        partition: i64,
        from: WriteRoute,
        to: WriteRoute,
    ) -> Result<(), ActuatorError>;
}
