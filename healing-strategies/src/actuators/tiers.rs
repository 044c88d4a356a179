//! Moving data between memory and colder storage.

use healing_core::CollectionId;
use healing_core::permit::Permit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// Where a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tier {
    /// In memory.
    Hot,
    /// In colder storage; it can be loaded again.
    Cold,
    /// In memory, and kept there by somebody's order.
    Pinned,
}

/// A part of a collection that is evicted and loaded as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The host's number for it.
    pub id: i64,
    /// The memory it takes in the hot tier.
    pub bytes: u64,
    /// When it was last read.
    pub last_read_at: Timestamp,
    /// Where it is.
    pub tier: Tier,
}

/// Moves segments between the hot and the cold tier.
pub trait Tiers: Send + Sync {
    /// Every segment, by number.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn segments(&self, collection: &CollectionId) -> Result<Vec<Segment>, ActuatorError>;

    /// The memory that the hot tier shares with everything else, in bytes.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn memory_bytes(&self, collection: &CollectionId) -> Result<u64, ActuatorError>;

    /// Moves a segment to the cold tier. May return before that is complete: until it is, [`Self::segments`]
    /// shows it in the hot tier.
    ///
    /// # Errors
    /// [`ActuatorError::Refused`] when it is pinned; [`ActuatorError::NotFound`] when it does not exist; [`ActuatorError`] when
    /// the host fails.
    fn evict(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError>;

    /// Loads a segment into the hot tier again, or calls its eviction off where that is still under way. May return before
    /// that is complete: [`Self::segments`] tells.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the segment does not exist; [`ActuatorError`] when there is no room or the host
    /// fails.
    fn reload(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError>;
}
