//! Storage that lives as long as the process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::journal::{Journal, JournalError, JournalRecord, RecordKind, Stream};
use super::lease::{Lease, LeaseError, LeaseStore};
use super::outcome::{FeedbackScore, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome};
use crate::clock::{Clock, later};
use crate::identity::{CollectionId, FencingToken, HolderId, RemediationId};
use crate::mutex::Mutex;

/// Journal, outcomes and leases in memory: for tests, simulations, and services that may forget when they stop.
///
/// Clones share the same contents, so several healers of one process can work on one store.
#[derive(Clone)]
pub struct MemoryStorage {
    clock: Arc<dyn Clock>,
    contents: Arc<Mutex<Contents>>,
}

#[derive(Default)]
struct Contents {
    journal: BTreeMap<Stream, Kept>,
    outcomes: Vec<StoredOutcome>,
    outcome_of: BTreeMap<RemediationId, OutcomeId>,
    /// The newest lease of each collection, kept after its end for its token.
    leases: BTreeMap<CollectionId, HeldLease>,
}

/// One stream of the journal.
#[derive(Default)]
struct Kept {
    records: VecDeque<JournalRecord>,
    newest_checkpoint: Option<u64>,
}

struct HeldLease {
    lease: Lease,
    granted_at: Timestamp,
    released: bool,
}

impl HeldLease {
    fn in_force(&self, now: Timestamp) -> bool {
        !self.released && self.granted_at <= now && now < self.lease.expires_at
    }
}

impl MemoryStorage {
    /// An empty store whose leases run by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            contents: Arc::default(),
        }
    }
}

impl std::fmt::Debug for MemoryStorage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let contents = self.contents.lock();
        formatter
            .debug_struct("MemoryStorage")
            .field("streams", &contents.journal.len())
            .field("outcomes", &contents.outcomes.len())
            .field("leases", &contents.leases.len())
            .finish_non_exhaustive()
    }
}

impl Journal for MemoryStorage {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        let mut contents = self.contents.lock();
        let last = contents
            .journal
            .get(&record.stream)
            .and_then(|kept| kept.records.back());
        let next = last.map_or(0, |last| last.sequence + 1);
        // Tokens never fall within a stream, so the last record has the greatest.
        if let Some(newest) = last.map(|last| last.token)
            && record.token < newest
        {
            return Err(JournalError::Fenced {
                token: record.token,
                newest,
            });
        }
        if record.sequence != next {
            return Err(JournalError::OutOfSequence {
                stream: record.stream.clone(),
                sequence: record.sequence,
                next,
            });
        }
        // Made only now: a stream whose first record was refused has none.
        let kept = match contents.journal.get_mut(&record.stream) {
            Some(kept) => kept,
            None => contents.journal.entry(record.stream.clone()).or_default(),
        };
        if record.kind == RecordKind::Checkpoint {
            kept.newest_checkpoint = Some(record.sequence);
        }
        kept.records.push_back(record.clone());
        Ok(())
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        let contents = self.contents.lock();
        let Some(kept) = contents.journal.get(stream) else {
            return Ok(Vec::new());
        };
        let start = kept.records.partition_point(|record| record.sequence < from);
        Ok(kept.records.iter().skip(start).take(limit).cloned().collect())
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        Ok(self
            .contents
            .lock()
            .journal
            .get(stream)
            .and_then(|kept| kept.newest_checkpoint))
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        if let Some(kept) = self.contents.lock().journal.get_mut(stream)
            && let Some(checkpoint) = kept.newest_checkpoint
        {
            while kept.records.front().is_some_and(|record| record.sequence < checkpoint) {
                kept.records.pop_front();
            }
        }
        Ok(())
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        Ok(self.contents.lock().journal.keys().cloned().collect())
    }
}

impl OutcomeStore for MemoryStorage {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        let mut contents = self.contents.lock();
        if let Some(&id) = contents.outcome_of.get(&outcome.remediation) {
            return Ok(id);
        }
        let id = OutcomeId::new(contents.outcomes.len() as u64);
        contents.outcomes.push(StoredOutcome {
            id,
            outcome: outcome.clone(),
        });
        contents.outcome_of.insert(outcome.remediation.clone(), id);
        Ok(id)
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let contents = self.contents.lock();
        let start = contents
            .outcomes
            .partition_point(|stored| after.is_some_and(|after| stored.id <= after));
        Ok(contents.outcomes.iter().skip(start).take(limit).cloned().collect())
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let contents = self.contents.lock();
        let ended_since = contents
            .outcomes
            .iter()
            .rev()
            .filter(|stored| stored.outcome.completed_at >= since);
        Ok(ended_since.take(limit).cloned().collect())
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        let mut contents = self.contents.lock();
        let id = contents.outcome_of.get(remediation).copied();
        let position = id.and_then(|id| usize::try_from(id.get()).ok());
        let stored = position.and_then(|position| contents.outcomes.get_mut(position));
        let stored = stored.ok_or_else(|| OutcomeError::NoSuchOutcome {
            remediation: remediation.clone(),
        })?;
        let before = stored.outcome.clone();
        stored.outcome.feedback_score = Some(score);
        Ok(before)
    }
}

impl LeaseStore for MemoryStorage {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        let now = self.clock.now();
        let mut contents = self.contents.lock();
        let newest = contents.leases.get(collection);
        if let Some(held) = newest.filter(|held| held.in_force(now)) {
            let Lease {
                collection,
                holder,
                expires_at: until,
                ..
            } = held.lease.clone();
            return Err(LeaseError::Held {
                collection,
                holder,
                until,
            });
        }
        let token = FencingToken::new(newest.map_or(0, |held| held.lease.token.get()).saturating_add(1));
        let lease = Lease {
            collection: collection.clone(),
            holder: holder.clone(),
            token,
            expires_at: later(now, duration),
        };
        contents.leases.insert(
            collection.clone(),
            HeldLease {
                lease: lease.clone(),
                granted_at: now,
                released: false,
            },
        );
        Ok(lease)
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        let now = self.clock.now();
        let mut contents = self.contents.lock();
        match contents.leases.get_mut(&lease.collection) {
            Some(held) if held.lease.token == lease.token && held.in_force(now) => {
                held.lease.expires_at = later(now, duration);
                held.granted_at = now;
                Ok(held.lease.clone())
            }
            _ => Err(LeaseError::Lost {
                collection: lease.collection.clone(),
                token: lease.token,
            }),
        }
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        let mut contents = self.contents.lock();
        if let Some(held) = contents.leases.get_mut(&lease.collection)
            && held.lease.token == lease.token
        {
            held.released = true;
        }
        Ok(())
    }
}
