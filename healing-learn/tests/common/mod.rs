//! Outcomes and choices for tests.

#![allow(dead_code, reason = "each test binary uses its share")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod by_lot;

use std::time::Duration;

use healing_core::identity::RemediationId;
use healing_core::learner::{Candidate, Choice};
use healing_core::metrics::SystemMetrics;
use healing_core::monitor::IntegrityState;
use healing_core::storage::{FeedbackScore, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome};
use healing_core::{Amount, CollectionId, Lambda, ProblemClass, ProblemKind, Ratio, Timestamp};
use parking_lot::Mutex;

pub const DAY: Duration = Duration::from_secs(24 * 3600);
pub const KIND: ProblemKind = ProblemKind::HotspotCongestion;

pub fn day(number: i64) -> Timestamp {
    Timestamp::from_second(number * 24 * 3600).unwrap()
}

pub fn hour(number: i64) -> Timestamp {
    Timestamp::from_second(number * 3600).unwrap()
}

pub fn collection(name: &str) -> CollectionId {
    CollectionId::new(name).unwrap()
}

/// An outcome of a remediation of a hotspot in `embeddings` that took a minute.
pub fn outcome(strategy: &str, verified: bool, completed_at: Timestamp) -> OutcomeRecord {
    OutcomeRecord {
        remediation: RemediationId::new(collection("embeddings"), 1),
        tenant: None,
        problem: ProblemClass::HotspotCongestion {
            partition_ids: vec![1],
            load_ratio: Amount::ZERO,
        },
        strategy_name: strategy.to_owned(),
        strategy_params: None,
        started_at: completed_at - Duration::from_secs(60),
        completed_at,
        success: true,
        verified: Some(verified),
        actions_taken: 1,
        improvement_pct: if verified { 50.0 } else { 0.0 },
        error_message: None,
        initial_lambda: Lambda::ZERO,
        final_lambda: None,
        witness_edges: Vec::new(),
        system_metrics: SystemMetrics::default(),
        feedback_score: None,
        predicted_lambda: None,
        rolled_back: !verified,
        disturbances: Vec::new(),
        choice: None,
    }
}

pub fn numbered(number: u64, outcome: OutcomeRecord) -> OutcomeRecord {
    OutcomeRecord {
        remediation: RemediationId::new(outcome.collection().clone(), number),
        ..outcome
    }
}

pub fn treating(collection: CollectionId, outcome: OutcomeRecord) -> OutcomeRecord {
    OutcomeRecord {
        remediation: RemediationId::new(collection, 1),
        ..outcome
    }
}

/// Candidates that differ by their names alone.
pub fn candidates(names: &[&str]) -> Vec<Candidate> {
    let candidate = |name: &&str| Candidate {
        strategy: (*name).to_owned(),
        impact: Ratio::literal(0.2),
        estimated_duration: Duration::from_secs(60),
    };
    names.iter().map(candidate).collect()
}

/// A choice for a hotspot in a collection under stress.
pub fn choice<'a>(collection: &'a CollectionId, at: Timestamp, candidates: &'a [Candidate]) -> Choice<'a> {
    Choice {
        collection,
        kind: &KIND,
        state: IntegrityState::Stress,
        at,
        candidates,
    }
}

/// Numbers in 0..1 that look random (SplitMix64; Steele, Lea and Flood 2014).
pub fn numbers(seed: u64) -> impl FnMut() -> f64 + Send + 'static {
    let mut state = seed.wrapping_mul(0xd1b5_4a32_d192_ed03);
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Keeps outcomes and their feedback in memory.
#[derive(Default)]
pub struct FeedbackStore(Mutex<Vec<OutcomeRecord>>);

impl FeedbackStore {
    pub fn records(&self) -> Vec<OutcomeRecord> {
        self.0.lock().clone()
    }
}

impl OutcomeStore for FeedbackStore {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        let mut records = self.0.lock();
        records.push(outcome.clone());
        Ok(OutcomeId::new(records.len() as u64))
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let after = after.map_or(0, OutcomeId::get);
        let stored = (1..).zip(self.records()).map(|(id, outcome)| StoredOutcome {
            id: OutcomeId::new(id),
            outcome,
        });
        Ok(stored.filter(|stored| stored.id.get() > after).take(limit).collect())
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let stored = self.outcomes(None, usize::MAX)?.into_iter().rev();
        Ok(stored
            .filter(|stored| stored.outcome.completed_at >= since)
            .take(limit)
            .collect())
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        let mut records = self.0.lock();
        let found = records.iter_mut().find(|record| record.remediation == *remediation);
        let record = found.ok_or_else(|| OutcomeError::NoSuchOutcome {
            remediation: remediation.clone(),
        })?;
        let before = record.clone();
        record.feedback_score = Some(score);
        Ok(before)
    }
}
