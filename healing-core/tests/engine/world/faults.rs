//! What can go wrong with a host's stores.

use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::{CollectionId, HolderId, RemediationId};
use healing_core::storage::{
    FeedbackScore, Journal, JournalError, JournalRecord, Lease, LeaseError, LeaseStore, MemoryStorage, OutcomeError,
    OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome, Stream,
};
use healing_core::{HostError, Timestamp};
use parking_lot::Mutex;

/// What a store does with a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// It refuses.
    Refuses,
    /// It does what it was asked for, and says that it failed.
    DoesAndFails,
    /// It panics.
    Panics,
}

impl Fault {
    /// Makes the call as the fault has it.
    fn strike<T, E>(self, error: impl FnOnce(HostError) -> E, call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        match self {
            Self::None => call(),
            Self::Refuses => Err(error("the disk is gone".into())),
            Self::DoesAndFails => call().and_then(|_done| Err(error("the connection is gone".into()))),
            Self::Panics => std::panic::resume_unwind(Box::new("a store panics")),
        }
    }
}

/// What each part of the storage does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub append: Fault,
    pub read: Fault,
    pub prune: Fault,
    pub outcomes: Fault,
    pub acquire: Fault,
    pub renew: Fault,
    pub release: Fault,
}

impl Faults {
    /// The same everywhere.
    pub fn all(fault: Fault) -> Self {
        Self {
            append: fault,
            read: fault,
            prune: fault,
            outcomes: fault,
            acquire: fault,
            renew: fault,
            release: fault,
        }
    }
}

/// A store in memory that can be made to fail.
#[derive(Clone)]
pub struct FaultyStorage {
    pub inner: MemoryStorage,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    faults: Faults,
    /// So many appends are made; the process that makes the last one dies there.
    appends_left: Option<(usize, LastAppend)>,
    /// What the process was about to write when it died.
    last_words: Option<JournalRecord>,
    /// Happens when the process dies.
    at_death: Option<Box<dyn FnOnce() + Send>>,
    /// Happens right before the next append.
    interjection: Option<Box<dyn FnOnce() + Send>>,
}

/// What becomes of the append that a process dies at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LastAppend {
    /// It is not kept: the process dies before it.
    NotKept,
    /// It is kept and acknowledged: the process dies after it.
    Acknowledged,
    /// It is kept, but the process dies before it knows.
    KeptAndUnacknowledged,
}

impl FaultyStorage {
    pub fn over(inner: &MemoryStorage) -> Self {
        Self {
            inner: inner.clone(),
            state: Arc::default(),
        }
    }

    /// A store whose journal takes no record after so many: the process that used it has died there.
    pub fn dying_after(appends: usize, last: LastAppend, inner: &MemoryStorage) -> Self {
        let storage = Self::over(inner);
        storage.state.lock().appends_left = Some((appends, last));
        storage
    }

    /// Changes what goes wrong from now on.
    pub fn set(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state.lock().faults);
    }

    /// Lets something happen right before the next append.
    pub fn interject(&self, what: impl FnOnce() + Send + 'static) {
        self.state.lock().interjection = Some(Box::new(what));
    }

    /// Lets something happen at the append that the process dies at; from then on every call of it is refused.
    pub fn at_death(&self, what: impl FnOnce() + Send + 'static) {
        self.state.lock().at_death = Some(Box::new(what));
    }

    /// What the process was writing when it died.
    pub fn last_words(&self) -> Option<JournalRecord> {
        self.state.lock().last_words.clone()
    }

    pub fn is_dead(&self) -> bool {
        matches!(self.state.lock().appends_left, Some((0, _)))
    }

    fn fault(&self, of: impl FnOnce(&Faults) -> Fault) -> Fault {
        of(&self.state.lock().faults)
    }

    fn die(&self, last_words: &JournalRecord) {
        let mut state = self.state.lock();
        state.last_words = Some(last_words.clone());
        let at_death = state.at_death.take();
        if at_death.is_some() {
            state.faults = Faults::all(Fault::Refuses);
        }
        drop(state);
        if let Some(at_death) = at_death {
            at_death();
        }
    }

    /// What this append meets with, where the process dies at one.
    fn fate(&self) -> Fault {
        match &mut self.state.lock().appends_left {
            None => Fault::None,
            Some((0, _)) => Fault::Refuses,
            Some((left, last)) => {
                *left -= 1;
                match last {
                    LastAppend::NotKept if *left == 0 => Fault::Refuses,
                    LastAppend::KeptAndUnacknowledged if *left == 0 => Fault::DoesAndFails,
                    _ => Fault::None,
                }
            }
        }
    }
}

impl Journal for FaultyStorage {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        let interjection = self.state.lock().interjection.take();
        if let Some(interjection) = interjection {
            interjection();
        }
        let was_dead = self.is_dead();
        // What is healthy is written beside the story that tests count the records of.
        let fate = match &record.stream {
            Stream::Health(_) if !was_dead => Fault::None,
            _ => self.fate(),
        };
        let fault = self.fault(|faults| faults.append);
        let appended = fate.strike(JournalError::Host, || {
            fault.strike(JournalError::Host, || self.inner.append(record))
        });
        if !was_dead && self.is_dead() {
            self.die(record);
        }
        appended
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        self.fault(|faults| faults.read)
            .strike(JournalError::Host, || self.inner.read(stream, from, limit))
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        self.fault(|faults| faults.read)
            .strike(JournalError::Host, || self.inner.newest_checkpoint(stream))
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        self.fault(|faults| faults.prune)
            .strike(JournalError::Host, || self.inner.prune(stream))
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        self.inner.streams()
    }
}

impl OutcomeStore for FaultyStorage {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        self.fault(|faults| faults.outcomes)
            .strike(OutcomeError::Host, || self.inner.record(outcome))
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.fault(|faults| faults.outcomes)
            .strike(OutcomeError::Host, || self.inner.outcomes(after, limit))
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.fault(|faults| faults.outcomes)
            .strike(OutcomeError::Host, || self.inner.history(since, limit))
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        self.fault(|faults| faults.outcomes)
            .strike(OutcomeError::Host, || self.inner.set_feedback(remediation, score))
    }
}

impl LeaseStore for FaultyStorage {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        self.fault(|faults| faults.acquire)
            .strike(LeaseError::Host, || self.inner.acquire(collection, holder, duration))
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        self.fault(|faults| faults.renew)
            .strike(LeaseError::Host, || self.inner.renew(lease, duration))
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        self.fault(|faults| faults.release)
            .strike(LeaseError::Host, || self.inner.release(lease))
    }
}
