//! Outcomes: what came of each remediation (seed, table `healing_outcomes`).

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::HostError;
use crate::identity::{CollectionId, RemediationId, TenantId};
use crate::metrics::SystemMetrics;
use crate::monitor::WitnessEdge;
use crate::number::Lambda;
use crate::problem::ProblemClass;

/// Keeps the outcomes of remediations.
///
/// What an implementation must guarantee: there is one outcome a remediation, identifiers grow in the order of the records,
/// and what was recorded is returned unchanged but for its feedback.
pub trait OutcomeStore: Send + Sync {
    /// Keeps `outcome`. One of the same remediation that is there already stays as it is, and its number is returned: a healer
    /// that does not know whether it had recorded an outcome records it again.
    ///
    /// # Errors
    /// [`OutcomeError::Host`] when the store fails.
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError>;

    /// The outcomes recorded after `after` (from the first, with `None`), oldest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`OutcomeError::Host`] when the store fails.
    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError>;

    /// The outcomes of remediations that ended at `since` or later, newest record first, at most `limit` of them.
    ///
    /// # Errors
    /// [`OutcomeError::Host`] when the store fails.
    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError>;
}

/// The number of an outcome in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutcomeId(u64);

impl OutcomeId {
    /// The outcome with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The outcome's number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What came of a remediation: the seed's columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// The remediation.
    pub remediation: RemediationId,
    /// The tenant the collection belongs to, where there are tenants.
    pub tenant: Option<TenantId>,
    /// What was wrong.
    #[serde(flatten)]
    pub problem: ProblemClass,
    /// The strategy that was tried.
    pub strategy_name: String,
    /// Parameters of the operator's order, where there was one.
    pub strategy_params: Option<Value>,
    /// When the remediation began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Timestamp,
    /// Whether every step that was wanted was done.
    pub success: bool,
    /// Whether it was seen to have helped; `None` where it never came to that.
    pub verified: Option<bool>,
    /// Steps that were done, also when they were undone later.
    pub actions_taken: u32,
    /// The change of lambda in percent of the initial lambda; finite, negative when it fell.
    pub improvement_pct: f64,
    /// Why it failed, where it did.
    pub error_message: Option<String>,
    /// Lambda when it began.
    pub initial_lambda: Lambda,
    /// Lambda when it was verified or given up; `None` where it could not be measured.
    pub final_lambda: Option<Lambda>,
    /// The witness edges when it began.
    pub witness_edges: Vec<WitnessEdge>,
    /// The metrics when it began.
    pub system_metrics: SystemMetrics,
}

impl OutcomeRecord {
    /// The collection that was treated.
    #[must_use]
    pub fn collection(&self) -> &CollectionId {
        self.remediation.collection()
    }

    /// How long the remediation took; zero where the clock went backwards.
    #[must_use]
    pub fn duration(&self) -> Duration {
        crate::clock::elapsed(self.started_at, self.completed_at)
    }
}

/// An outcome with the number its store gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredOutcome {
    /// Its number.
    pub id: OutcomeId,
    /// What was recorded.
    #[serde(flatten)]
    pub outcome: OutcomeRecord,
}

/// An outcome store that failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// The store failed.
    #[error("the outcome store failed: {0}")]
    Host(#[source] HostError),
}
