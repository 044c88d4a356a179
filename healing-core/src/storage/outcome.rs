//! Outcomes: what came of each remediation (seed, table `healing_outcomes`).

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::HostError;
use crate::identity::{CollectionId, RemediationId, TenantId};
use crate::learner::{Candidate, Choice, Ranked};
use crate::metrics::SystemMetrics;
use crate::monitor::{IntegrityState, WitnessEdge};
use crate::number::{InvalidNumber, Lambda, Ratio};
use crate::problem::ProblemClass;

/// Keeps the outcomes of remediations.
///
/// What an implementation must guarantee:
///
/// - There is one outcome a remediation, also when several healers record it at once.
/// - Identifiers grow in the order in which outcomes can be seen: whoever asks for those after the last one they saw
///   misses none.
/// - What was recorded is there after a restart, and returned unchanged but for its feedback.
///
/// `testkit::storage::outcomes` (feature `testkit`) tells whether one does.
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

    /// Sets the feedback of a remediation's outcome, in place of what was there, and returns the outcome as it was before.
    ///
    /// # Errors
    /// [`OutcomeError::NoSuchOutcome`] when none is recorded for `remediation`; [`OutcomeError::Host`] when the store fails.
    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError>;
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

impl fmt::Display for OutcomeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
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
    /// When the remediation began, to the microsecond.
    pub started_at: Timestamp,
    /// When it ended, to the microsecond.
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
    /// What a human says of it, where one did.
    #[serde(default)]
    pub feedback_score: Option<FeedbackScore>,
    /// Lambda as the plan had predicted it; `None` where it declared no effects.
    #[serde(default)]
    pub predicted_lambda: Option<Lambda>,
    /// Whether its steps were taken back, or were to be.
    #[serde(default)]
    pub rolled_back: bool,
    /// What else may have brought about the verdict. Empty where nothing is known of that kind.
    #[serde(default)]
    pub disturbances: Vec<Disturbance>,
    /// From what it was chosen; `None` where a human had a say in it or the learner did not rank.
    #[serde(default)]
    pub choice: Option<RecordedChoice>,
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

/// What a human says of a remediation: -1 it did harm, 0 neither, 1 it was right (seed, column `feedback_score`).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct FeedbackScore(f64);

impl FeedbackScore {
    /// Checks `score`.
    ///
    /// # Errors
    /// [`InvalidNumber`] when it is NaN or not in -1..=1.
    pub fn new(score: f64) -> Result<Self, InvalidNumber> {
        if (-1.0..=1.0).contains(&score) {
            // Adding zero turns -0.0 into 0.0.
            Ok(Self(score + 0.0))
        } else {
            Err(InvalidNumber {
                field: "feedback_score",
                value: score,
                expected: "a number in -1..=1",
            })
        }
    }

    /// The plain number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for FeedbackScore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl TryFrom<f64> for FeedbackScore {
    type Error = InvalidNumber;

    fn try_from(score: f64) -> Result<Self, InvalidNumber> {
        Self::new(score)
    }
}

impl From<FeedbackScore> for f64 {
    fn from(score: FeedbackScore) -> f64 {
        score.0
    }
}

/// What beside the remediation may have brought about its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Disturbance {
    /// Something else broke between its begin and its verification.
    AnotherFault,
    /// Another remediation was at work on what it was measured by: one of another collection touched a node that this one's
    /// graph has, too. Only of collections that the same healer looks after is that known.
    AnotherRemediation,
    /// Someone else changed what a step was about, and it gave way.
    Conflict,
    /// An operator aborted it.
    Aborted,
    /// Its healer was interrupted and another one took it back.
    Interrupted,
    /// What it did could not be measured.
    NotMeasured,
}

/// A choice as it was made, with the propensities it was made by: what an offline evaluation needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedChoice {
    /// When it was made.
    pub at: Timestamp,
    /// How the collection was.
    pub state: IntegrityState,
    /// What could be chosen, best first as it was ranked then: the first was.
    pub candidates: Vec<RecordedCandidate>,
}

/// A candidate of a recorded choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedCandidate {
    /// The candidate.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// With what probability it was chosen.
    pub propensity: Ratio,
}

impl RecordedChoice {
    /// Records `choice`, which was made by `ranking`.
    #[must_use]
    pub fn new(choice: &Choice<'_>, ranking: &[Ranked<'_>]) -> Self {
        let record = |ranked: &Ranked<'_>| RecordedCandidate {
            candidate: ranked.candidate.clone(),
            propensity: ranked.propensity,
        };
        Self {
            at: choice.at,
            state: choice.state,
            candidates: ranking.iter().map(record).collect(),
        }
    }

    /// With what probability `strategy` was chosen; `None` where it was no candidate.
    #[must_use]
    pub fn propensity(&self, strategy: &str) -> Option<Ratio> {
        let mut candidates = self.candidates.iter();
        let found = candidates.find(|recorded| recorded.candidate.strategy == strategy)?;
        Some(found.propensity)
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
    /// Nothing is recorded of the remediation.
    #[error("no outcome of the remediation {remediation} is recorded")]
    NoSuchOutcome {
        /// The remediation.
        remediation: RemediationId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_is_a_number_from_minus_one_to_one() {
        for score in [-1.0, 0.0, 0.5, 1.0] {
            assert_eq!(FeedbackScore::new(score).map(FeedbackScore::get), Ok(score));
        }
        for score in [-1.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(FeedbackScore::new(score).unwrap_err().field, "feedback_score");
        }
        assert!(serde_json::from_str::<FeedbackScore>("2").is_err());
    }
}
