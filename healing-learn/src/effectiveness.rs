//! How well the strategies do (seed, "Learning from Outcomes", effectiveness report).

use std::time::Duration;

use healing_core::identity::RemediationId;
use healing_core::{Amount, ProblemKind, Ratio, Timestamp};
use serde::{Deserialize, Serialize};

/// How well the strategies do, over everything that was learned. A rate over nothing is absent, not 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectivenessReport {
    /// Each strategy that was ever tried, by name.
    pub strategies: Vec<StrategyEffectiveness>,
    /// The share of all outcomes that succeeded and were verified.
    pub overall_success_rate: Option<Ratio>,
    /// The mean time from the begin of a remediation to its verification.
    pub avg_time_to_recovery: Option<Duration>,
}

/// How well one strategy does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrategyEffectiveness {
    /// The strategy.
    pub name: String,
    /// Its weight now; `None` where no outcome counts any more.
    pub weight: Option<Amount>,
    /// Its last ten outcomes, newest first.
    pub recent_outcomes: Vec<RecentOutcome>,
}

/// One outcome, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecentOutcome {
    /// The remediation.
    pub remediation: RemediationId,
    /// What was treated.
    pub problem: ProblemKind,
    /// When it ended.
    pub completed_at: Timestamp,
    /// Whether it succeeded and was verified.
    pub verified: bool,
    /// The change of lambda in percent.
    pub improvement_pct: f64,
}
