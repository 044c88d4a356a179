//! Leases: who may act on a collection, and until when.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::HostError;
use crate::identity::{CollectionId, FencingToken, HolderId};

/// Gives the right to act on a collection to one holder at a time.
///
/// What an implementation must guarantee:
///
/// - At most one lease on a collection is in force at any moment, by the store's own clock.
/// - Each lease's token is greater than that of every earlier lease on the same collection, also across restarts of the
///   store.
/// - Where the store's clock was set back to before a lease was granted or last renewed, that lease has ended: waiting for
///   its old end could take hours.
/// - A renewal keeps the token and fails once the lease has run out, was released or has passed to another.
/// - A lease that is in force stays so across a restart of the store.
///
/// `testkit::storage::leases` (feature `testkit`) tells whether one does.
pub trait LeaseStore: Send + Sync {
    /// Takes the lease on `collection` for `duration`.
    ///
    /// # Errors
    /// [`LeaseError::Held`] while someone holds it, also when that is the same holder: a process that restarted under its
    /// old name has no right to what its former self was doing.
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError>;

    /// Extends `lease` to `duration` from now.
    ///
    /// # Errors
    /// [`LeaseError::Lost`] when it has run out or has passed to another.
    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError>;

    /// Gives `lease` back. Giving back what is no longer held does nothing.
    ///
    /// # Errors
    /// [`LeaseError::Host`] when the store fails; the lease then runs out by itself.
    fn release(&self, lease: &Lease) -> Result<(), LeaseError>;
}

/// The right to act on a collection until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// What may be acted on.
    pub collection: CollectionId,
    /// Who may act.
    pub holder: HolderId,
    /// Grows with each lease on the collection.
    pub token: FencingToken,
    /// When it runs out, unless renewed.
    pub expires_at: Timestamp,
}

/// A lease that was not given.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Another holder has it.
    #[error("{holder} holds the lease on {collection} until {until}")]
    Held {
        /// The collection.
        collection: CollectionId,
        /// Who holds it.
        holder: HolderId,
        /// Until when, unless renewed.
        until: Timestamp,
    },
    /// It ran out, or passed to another.
    #[error("the lease on {collection} with token {token} is lost")]
    Lost {
        /// The collection.
        collection: CollectionId,
        /// The lost lease's token.
        token: FencingToken,
    },
    /// The store failed.
    #[error("the lease store failed: {0}")]
    Host(#[source] HostError),
}
