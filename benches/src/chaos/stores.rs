//! The stores as a process reaches them.

use std::sync::Arc;
use std::time::Duration;

use healing_core::Timestamp;
use healing_core::identity::{CollectionId, HolderId, RemediationId};
use healing_core::storage::{
    FeedbackScore, Journal, JournalError, JournalRecord, Lease, LeaseError, LeaseStore, MemoryStorage, OutcomeError,
    OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome, Stream,
};

use super::event::StoreMishap;
use super::link::{Link, MadeUp};
use super::mishaps::{StoreCall, WriteFate};

/// The one store that survives, through one process's link.
pub(super) struct Stores {
    pub(super) link: Arc<Link>,
}

impl Stores {
    /// What becomes of a call, and the store that it goes to.
    fn reach(&self, call: StoreCall) -> Result<MemoryStorage, MadeUp> {
        self.link.reaches_stores()?;
        let simulation = self.link.simulation()?;
        if call.writes() && simulation.is_full() {
            return Err(MadeUp::Full);
        }
        match simulation.store_mishap(call) {
            None => {}
            Some(StoreMishap::OutcomePanics | StoreMishap::LeasePanics) => MadeUp::Store.panic(),
            Some(_) => return Err(MadeUp::Store),
        }
        Ok(simulation.storage().clone())
    }

    fn keep(&self, record: &JournalRecord, acknowledged: bool) -> Result<(), JournalError> {
        let simulation = self.link.simulation().map_err(journal)?;
        simulation.storage().append(record)?;
        simulation.note_record(self.link.pid, record, acknowledged);
        self.link.wrote();
        Ok(())
    }
}

fn journal(error: MadeUp) -> JournalError {
    JournalError::Host(error.boxed())
}

fn outcome(error: MadeUp) -> OutcomeError {
    OutcomeError::Host(error.boxed())
}

fn lease(error: MadeUp) -> LeaseError {
    LeaseError::Host(error.boxed())
}

impl Journal for Stores {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        self.link.reaches_stores().map_err(journal)?;
        let simulation = self.link.simulation().map_err(journal)?;
        if simulation.is_full() {
            return Err(journal(MadeUp::Full));
        }
        match simulation.write_fate() {
            WriteFate::Ordinary => {}
            WriteFate::Dies { kept, down } => {
                if kept {
                    self.keep(record, false)?;
                }
                self.link.die(down);
                return Err(journal(MadeUp::Dead));
            }
            WriteFate::Mishap(StoreMishap::AppendPanics) => MadeUp::Store.panic(),
            WriteFate::Mishap(StoreMishap::AppendUnacknowledged) => {
                self.keep(record, false)?;
                return Err(journal(MadeUp::Store));
            }
            WriteFate::Mishap(StoreMishap::AppendSlow(seconds)) => {
                simulation.pass(Duration::from_secs(seconds.into()));
                self.link.reaches_stores().map_err(journal)?;
            }
            WriteFate::Mishap(_) => return Err(journal(MadeUp::Store)),
        }
        self.keep(record, true)
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        self.reach(StoreCall::Read).map_err(journal)?.read(stream, from, limit)
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        self.reach(StoreCall::Read).map_err(journal)?.newest_checkpoint(stream)
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        self.reach(StoreCall::Prune).map_err(journal)?.prune(stream)
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        self.reach(StoreCall::Read).map_err(journal)?.streams()
    }
}

impl OutcomeStore for Stores {
    fn record(&self, record: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        self.reach(StoreCall::Outcome).map_err(outcome)?.record(record)
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.link.reaches_stores().map_err(outcome)?;
        let simulation = self.link.simulation().map_err(outcome)?;
        simulation.storage().outcomes(after, limit)
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.link.reaches_stores().map_err(outcome)?;
        let simulation = self.link.simulation().map_err(outcome)?;
        simulation.storage().history(since, limit)
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        let storage = self.reach(StoreCall::Outcome).map_err(outcome)?;
        storage.set_feedback(remediation, score)
    }
}

impl LeaseStore for Stores {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        let storage = self.reach(StoreCall::Lease).map_err(lease)?;
        let given = storage.acquire(collection, holder, duration)?;
        self.link.simulation().map_err(lease)?.leased(self.link.pid, &given);
        Ok(given)
    }

    fn renew(&self, held: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        self.reach(StoreCall::Lease).map_err(lease)?.renew(held, duration)
    }

    fn release(&self, held: &Lease) -> Result<(), LeaseError> {
        self.reach(StoreCall::Lease).map_err(lease)?.release(held)
    }
}
