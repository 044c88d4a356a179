//! A store whose writing calls go wrong on order.

use std::time::Duration;

use jiff::Timestamp;

use super::Faults;
use crate::identity::{CollectionId, HolderId, RemediationId};
use crate::storage::{
    FeedbackScore, Journal, JournalError, JournalRecord, Lease, LeaseError, LeaseStore, OutcomeError, OutcomeId,
    OutcomeRecord, OutcomeStore, StoredOutcome, Stream,
};

/// A store whose writing calls go wrong as its [`Faults`] are ordered; what reads goes well. It is whichever of the three
/// stores `S` is.
///
/// ```
/// use std::sync::Arc;
/// use healing_core::VirtualClock;
/// use healing_core::storage::{Journal, MemoryStorage, Stream};
/// use healing_core::testkit::{CallFault, Faults, FaultyStorage};
///
/// let faults = Faults::default();
/// let storage = FaultyStorage::new(MemoryStorage::new(Arc::new(VirtualClock::default())), faults.clone());
/// faults.strike(0, CallFault::Fails);
/// assert!(storage.prune(&Stream::Global).is_err());
/// assert!(storage.streams()?.is_empty());
/// # Ok::<(), healing_core::storage::JournalError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FaultyStorage<S> {
    storage: S,
    faults: Faults,
}

impl<S> FaultyStorage<S> {
    /// The store with these faults.
    #[must_use]
    pub fn new(storage: S, faults: Faults) -> Self {
        Self { storage, faults }
    }
}

impl<S: Journal> Journal for FaultyStorage<S> {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        self.faults
            .call(|| self.storage.append(record), || Some(()), JournalError::Host)
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        self.storage.read(stream, from, limit)
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        self.storage.newest_checkpoint(stream)
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        self.faults
            .call(|| self.storage.prune(stream), || Some(()), JournalError::Host)
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        self.storage.streams()
    }
}

impl<S: OutcomeStore> OutcomeStore for FaultyStorage<S> {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        self.faults
            .call(|| self.storage.record(outcome), || None, OutcomeError::Host)
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.storage.outcomes(after, limit)
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.storage.history(since, limit)
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        let call = || self.storage.set_feedback(remediation, score);
        self.faults.call(call, || None, OutcomeError::Host)
    }
}

impl<S: LeaseStore> LeaseStore for FaultyStorage<S> {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        let call = || self.storage.acquire(collection, holder, duration);
        self.faults.call(call, || None, LeaseError::Host)
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        let call = || self.storage.renew(lease, duration);
        self.faults.call(call, || None, LeaseError::Host)
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        self.faults
            .call(|| self.storage.release(lease), || Some(()), LeaseError::Host)
    }
}
