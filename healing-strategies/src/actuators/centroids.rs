//! Rebuilding the centroids of an inverted-file index.

use std::fmt;

use healing_core::CollectionId;
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// A complete set of centroids with its assignments. Versions stand beside each other; one of them is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CentroidVersion(pub u64);

impl fmt::Display for CentroidVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Builds new versions of a collection's centroids and switches between versions.
///
/// A version that is served no longer stands at least until it is discarded or yet another one is served, so that one can go
/// back to it at once. The host may then clear it away: nobody asks for it any more.
pub trait Centroids: Send + Sync {
    /// The version that is served.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn served(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError>;

    /// The greatest version that exists, complete or not.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn newest(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError>;

    /// Whether `version` is complete; `None` when it does not exist.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn is_complete(&self, collection: &CollectionId, version: CentroidVersion) -> Result<Option<bool>, ActuatorError>;

    /// Begins to build `version` beside the served one, re-clustering the named centroids. Begun before: goes on.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host refuses or fails.
    fn rebuild(&self, permit: &Permit<'_>, version: CentroidVersion, centroids: &[i64]) -> Result<(), ActuatorError>;

    /// Serves `to` if `from` is served now, in one atomic step.
    ///
    /// # Errors
    /// [`ActuatorError::Refused`] when neither is served or `to` is not complete; [`ActuatorError`] when the host fails.
    fn switch(&self, permit: &Permit<'_>, from: CentroidVersion, to: CentroidVersion) -> Result<(), ActuatorError>;

    /// Deletes a version that is not served, complete or not; one that does not exist is as good as deleted.
    ///
    /// # Errors
    /// [`ActuatorError::Refused`] when it is served; [`ActuatorError`] when the host fails.
    fn discard(&self, permit: &Permit<'_>, version: CentroidVersion) -> Result<(), ActuatorError>;
}
