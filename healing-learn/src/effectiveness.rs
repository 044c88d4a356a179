//! How well the strategies do (seed, "Learning from Outcomes", effectiveness report).

use std::time::Duration;

use healing_core::identity::RemediationId;
use healing_core::storage::Disturbance;
use healing_core::{Amount, ProblemKind, Ratio, Timestamp};
use serde::{Deserialize, Serialize};

use crate::optional_seconds;

/// How well the strategies do, over everything that was learned. A rate over nothing is absent, not 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EffectivenessReport {
    /// Each strategy that was ever tried, by name.
    pub strategies: Vec<StrategyEffectiveness>,
    /// Each kind of problem that was ever treated, whatever by.
    pub problems: Vec<ProblemEffectiveness>,
    /// The share of all outcomes that succeeded and were verified.
    pub overall_success_rate: Option<Ratio>,
    /// The mean time from the begin of a remediation to its verification, in seconds on the wire.
    #[serde(rename = "avg_time_to_recovery_seconds", default, with = "optional_seconds")]
    pub avg_time_to_recovery: Option<Duration>,
    /// All outcomes together.
    pub overall: Effectiveness,
}

/// How well one strategy does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StrategyEffectiveness {
    /// The strategy.
    pub name: String,
    /// Its weight now; `None` where no outcome counts any more.
    pub weight: Option<Amount>,
    /// Its last ten outcomes, newest first.
    pub recent_outcomes: Vec<RecentOutcome>,
    /// All its outcomes.
    pub overall: Effectiveness,
    /// The same for each kind of problem that it treated.
    pub problems: Vec<ProblemEffectiveness>,
}

/// How well a kind of problem is treated: by one strategy, or by all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProblemEffectiveness {
    /// The kind of problem.
    pub problem: ProblemKind,
    /// The weight of the strategy for this kind, over all collections; `None` where no outcome counts any more, and where all
    /// strategies are meant.
    pub weight: Option<Amount>,
    /// The outcomes.
    pub overall: Effectiveness,
}

/// What came of a number of remediations. Disturbed outcomes are among them: this is what happened, whatever is learned
/// from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Effectiveness {
    /// How many there were.
    pub outcomes: u64,
    /// How many of them something else may have brought about; they count less in weights, or not at all.
    pub disturbed: u64,
    /// The share that succeeded and was verified.
    pub success_rate: Option<Rate>,
    /// The share whose steps were taken back, or were to be.
    pub rollback_rate: Option<Rate>,
    /// The mean time from the begin of a remediation to its verification, of those that were verified; in seconds on the wire.
    #[serde(rename = "avg_time_to_recovery_seconds", default, with = "optional_seconds")]
    pub avg_time_to_recovery: Option<Duration>,
    /// How far the predicted lambda was from the measured one, as a mean share of the greater of the two, over those that
    /// declared effects and stayed in effect. 0 is exact.
    pub prediction_error: Option<Ratio>,
    /// Whether it has been getting better; `None` for fewer than twenty outcomes.
    pub trend: Option<Trend>,
}

/// A share, with the interval it lies in with 95 % confidence (Wilson 1927, "Probable Inference, the Law of Succession, and
/// Statistical Inference").
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rate {
    /// The share.
    pub share: Ratio,
    /// The lower end of the interval.
    pub low: Ratio,
    /// The upper end.
    pub high: Ratio,
}

/// The success rate of the older and of the newer half of the last outcomes, 64 at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Trend {
    /// Of the older half.
    pub earlier: Ratio,
    /// Of the newer half.
    pub later: Ratio,
    /// Whether that differs by more than chance would have it.
    pub direction: Direction,
}

/// Which way a success rate goes: a difference that chance alone brings about less than once in twenty times, by the
/// two-proportion z-test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up.
    Improving,
    /// Neither way, as far as can be told.
    Steady,
    /// Down.
    Worsening,
}

/// One outcome, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// What else may have brought that about.
    pub disturbances: Vec<Disturbance>,
    /// How much it counts in the weights: 0 not at all, 1 in full.
    pub credit: Ratio,
}
