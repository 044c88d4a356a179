//! Storage that lives as long as the process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::journal::{Journal, JournalBody, JournalError, JournalRecord, Stream};
use super::lease::{Lease, LeaseError, LeaseStore};
use super::outcome::{OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome};
use crate::clock::{Clock, later};
use crate::identity::{CollectionId, FencingToken, HolderId};

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
    journal: BTreeMap<Stream, Vec<JournalRecord>>,
    outcomes: Vec<StoredOutcome>,
    /// The newest lease of each collection, kept after its end for its token.
    leases: BTreeMap<CollectionId, HeldLease>,
}

struct HeldLease {
    lease: Lease,
    released: bool,
}

impl HeldLease {
    fn in_force(&self, now: Timestamp) -> bool {
        !self.released && now < self.lease.expires_at
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
    fn append(
        &self,
        stream: &Stream,
        token: FencingToken,
        at: Timestamp,
        body: JournalBody,
    ) -> Result<JournalRecord, JournalError> {
        let mut contents = self.contents.lock();
        let records = contents.journal.entry(stream.clone()).or_default();
        // Tokens never fall within a stream, so the last record has the greatest.
        if let Some(newest) = records.last().map(|record| record.token)
            && token < newest
        {
            return Err(JournalError::Fenced { token, newest });
        }
        let record = JournalRecord {
            stream: stream.clone(),
            sequence: records.len() as u64,
            at,
            token,
            body,
        };
        records.push(record.clone());
        Ok(record)
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        let contents = self.contents.lock();
        let records = contents.journal.get(stream).map_or(&[][..], Vec::as_slice);
        let start = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(records.iter().skip(start).take(limit).cloned().collect())
    }
}

impl OutcomeStore for MemoryStorage {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        let mut contents = self.contents.lock();
        let id = OutcomeId::new(contents.outcomes.len() as u64);
        contents.outcomes.push(StoredOutcome {
            id,
            outcome: outcome.clone(),
        });
        Ok(id)
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let contents = self.contents.lock();
        let start = contents
            .outcomes
            .partition_point(|stored| after.is_some_and(|after| stored.id <= after));
        Ok(contents.outcomes.iter().skip(start).take(limit).cloned().collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::engine::Remediation;

    fn world() -> (VirtualClock, MemoryStorage, CollectionId) {
        let clock = VirtualClock::default();
        let storage = MemoryStorage::new(Arc::new(clock.clone()));
        (clock, storage, CollectionId::new("embeddings").unwrap())
    }

    fn holder(name: &str) -> HolderId {
        HolderId::new(name).unwrap()
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn one_holder_at_a_time_and_tokens_grow() {
        let (clock, storage, collection) = world();
        let first = storage.acquire(&collection, &holder("a"), MINUTE).unwrap();
        assert!(matches!(
            storage.acquire(&collection, &holder("b"), MINUTE),
            Err(LeaseError::Held { .. })
        ));
        assert!(matches!(
            storage.acquire(&collection, &holder("a"), MINUTE),
            Err(LeaseError::Held { .. })
        ));
        clock.advance(MINUTE);
        let second = storage.acquire(&collection, &holder("b"), MINUTE).unwrap();
        assert!(second.token > first.token);
        assert!(matches!(storage.renew(&first, MINUTE), Err(LeaseError::Lost { .. })));
        storage.release(&first).unwrap();
        assert!(
            storage.renew(&second, MINUTE).is_ok(),
            "a late release of an old lease must not end the new one"
        );
        storage.release(&second).unwrap();
        assert!(storage.acquire(&collection, &holder("a"), MINUTE).unwrap().token > second.token);
    }

    #[test]
    fn a_renewed_lease_outlives_its_first_term_and_an_expired_one_cannot_be_renewed() {
        let (clock, storage, collection) = world();
        let lease = storage.acquire(&collection, &holder("a"), MINUTE).unwrap();
        clock.advance(MINUTE / 2);
        let lease = storage.renew(&lease, MINUTE).unwrap();
        clock.advance(MINUTE / 2);
        assert!(storage.acquire(&collection, &holder("b"), MINUTE).is_err());
        clock.advance(MINUTE / 2);
        assert!(matches!(storage.renew(&lease, MINUTE), Err(LeaseError::Lost { .. })));
    }

    #[test]
    fn the_journal_numbers_each_stream_and_fences_old_tokens() {
        let (clock, storage, collection) = world();
        let stream = Stream::Collection(collection);
        let remediation: Remediation = serde_json::from_value(serde_json::json!({
            "id": "embeddings#1",
            "started_at": clock.now(),
            "diagnosis": {
                "problem": {"problem_class": "unknown", "problem_details": {"witness_summary": ""}},
                "confidence": 0.0,
                "evidence": [],
            },
            "plan": {"strategy": "wait", "summary": "", "steps": []},
            "parameters": {},
            "prediction": null,
            "initial": {
                "lambda": 1.0, "baseline": null, "target": null, "state": "stress", "symptom": null, "witness": [],
                "metrics": {},
            },
            "state": {"state": "planned", "approved_by": null},
        }))
        .unwrap();
        let body = || JournalBody::Remediation(Box::new(remediation.clone()));
        let append = |token| storage.append(&stream, FencingToken::new(token), clock.now(), body());
        assert_eq!(append(1).unwrap().sequence, 0);
        assert_eq!(append(2).unwrap().sequence, 1);
        assert!(matches!(append(1), Err(JournalError::Fenced { .. })));
        assert_eq!(
            storage
                .append(&Stream::Global, FencingToken::new(1), clock.now(), body())
                .unwrap()
                .sequence,
            0
        );
        let sequences = |from, limit| -> Vec<u64> {
            storage
                .read(&stream, from, limit)
                .unwrap()
                .iter()
                .map(|record| record.sequence)
                .collect()
        };
        assert_eq!(sequences(0, 10), [0, 1]);
        assert_eq!(sequences(1, 10), [1]);
        assert_eq!(sequences(0, 1), [0]);
        assert!(sequences(2, 10).is_empty());
    }
}
