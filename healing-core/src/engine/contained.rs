//! A host's stores, with a panic turned into an error like any other.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::HostError;
use crate::host_call::contained;
use crate::identity::{CollectionId, HolderId, RemediationId};
use crate::storage::{
    FeedbackScore, Journal, JournalError, JournalRecord, Lease, LeaseError, LeaseStore, OutcomeError, OutcomeId,
    OutcomeRecord, OutcomeStore, StoredOutcome, Stream,
};

/// A store whose panics are errors.
pub(super) struct Contained<S: ?Sized>(pub(super) Arc<S>);

/// Calls the store; `error` makes the error of a panic.
fn call<T, E>(store: impl FnOnce() -> Result<T, E>, error: impl FnOnce(HostError) -> E) -> Result<T, E> {
    contained(store).unwrap_or_else(|panicked| Err(error(Box::new(panicked))))
}

impl Journal for Contained<dyn Journal> {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        call(|| self.0.append(record), JournalError::Host)
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        call(|| self.0.read(stream, from, limit), JournalError::Host)
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        call(|| self.0.newest_checkpoint(stream), JournalError::Host)
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        call(|| self.0.prune(stream), JournalError::Host)
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        call(|| self.0.streams(), JournalError::Host)
    }
}

impl OutcomeStore for Contained<dyn OutcomeStore> {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        call(|| self.0.record(outcome), OutcomeError::Host)
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        call(|| self.0.outcomes(after, limit), OutcomeError::Host)
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        call(|| self.0.history(since, limit), OutcomeError::Host)
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        call(|| self.0.set_feedback(remediation, score), OutcomeError::Host)
    }
}

impl LeaseStore for Contained<dyn LeaseStore> {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        call(|| self.0.acquire(collection, holder, duration), LeaseError::Host)
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        call(|| self.0.renew(lease, duration), LeaseError::Host)
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        call(|| self.0.release(lease), LeaseError::Host)
    }
}
