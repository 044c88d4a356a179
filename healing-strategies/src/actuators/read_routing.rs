//! Keeping reads off replicas that are behind.

use std::fmt;
use std::time::Duration;

use healing_core::CollectionId;
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ActuatorError;

/// How far a replica may be behind and still be read from: whole milliseconds, so that it reads back exactly as written. Any number of
/// them, for a router may hold any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LagBound(u64);

/// A duration that is too long to be meant as a bound.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the lag bound is {0:?}, expected at most a year")]
#[non_exhaustive]
pub struct InvalidLagBound(pub Duration);

impl LagBound {
    /// The bound of this many milliseconds.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// The bound of this duration, cut to milliseconds.
    ///
    /// # Errors
    /// [`InvalidLagBound`] when it is longer than a year (366 days).
    pub fn new(bound: Duration) -> Result<Self, InvalidLagBound> {
        match u64::try_from(bound.as_millis()) {
            Ok(milliseconds) if bound <= YEAR => Ok(Self(milliseconds)),
            _ => Err(InvalidLagBound(bound)),
        }
    }

    /// The bound as a duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

impl fmt::Display for LagBound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.get())
    }
}

/// Decides which replicas of a collection are read from.
///
/// The bound is a standing rule, which the host's router follows by itself: a replica that is further behind than its
/// bound gets no reads, and gets them again once it has caught up. So nobody has to come back to put it into service.
/// The router keeps at least one source for all data: bounds do not apply to the last one.
pub trait ReadRouting: Send + Sync {
    /// How far `replica` may be behind and still be read from; `None` where it is read from however far it is behind.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the replica does not exist; [`ActuatorError`] when the host fails.
    fn lag_bound(&self, collection: &CollectionId, replica: i64) -> Result<Option<LagBound>, ActuatorError>;

    /// Sets the bound of `replica` to `to` if it is `from` now, in one atomic step.
    ///
    /// # Errors
    /// [`ActuatorError::Refused`] when the present bound is neither; [`ActuatorError::NotFound`] when the replica does not
    /// exist; [`ActuatorError`] when the host fails.
    fn set_lag_bound(
        &self,
        permit: &Permit<'_>,
        replica: i64,
        from: Option<LagBound>,
        to: Option<LagBound>,
    ) -> Result<(), ActuatorError>;
}
